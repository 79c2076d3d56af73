//! Reads the library's files (format: `library/README.md`) into knowledge items.

use domain::Language;
use domain::ask::Topic;
use domain::knowledge::{ConceptBody, ItemBody, TaskBody};
use rust_embed::RustEmbed;
use serde::Deserialize;

use super::draft::{Draft, fingerprint};

/// Changes when the reading below changes, so that an older database is brought up to date.
const FORMAT: &str = "library-1";

#[derive(RustEmbed)]
#[folder = "../../library"]
#[include = "tasks/*/*.md"]
#[include = "concepts/*.md"]
struct Files;

/// A library file could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("library file `{path}`: {reason}")]
pub struct LibraryError {
    /// Path below `library/`.
    pub path: String,
    /// What is wrong with it.
    pub reason: String,
}

/// Every item of the embedded library, ordered by key.
pub fn read_library() -> Result<Vec<Draft>, LibraryError> {
    let mut paths: Vec<_> = Files::iter().collect();
    paths.sort();
    paths
        .iter()
        .map(|path| {
            let failed = |reason: String| LibraryError {
                path: path.to_string(),
                reason,
            };
            let file = Files::get(path).ok_or_else(|| failed("has gone".into()))?;
            let text =
                std::str::from_utf8(&file.data).map_err(|_| failed("is not UTF-8".into()))?;
            parse_file(path, text).map_err(failed)
        })
        .collect()
}

fn parse_file(path: &str, text: &str) -> Result<Draft, String> {
    let parts: Vec<_> = path.trim_end_matches(".md").split('/').collect();
    match parts[..] {
        ["tasks", language, slug] => {
            let language = language
                .parse::<Language>()
                .map_err(|error| error.to_string())?;
            parse_task(language, slug, text)
        }
        ["concepts", slug] => parse_concept(slug, text),
        _ => Err("lies outside tasks/<language>/ and concepts/".into()),
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TaskHead {
    title: String,
    entry_point: String,
    #[serde(rename = "level")]
    _level: Level,
    #[serde(rename = "tags")]
    _tags: Vec<String>,
    phrasings: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ConceptHead {
    title: String,
    topic: TopicName,
    #[serde(rename = "level")]
    _level: Level,
    #[serde(rename = "tags")]
    _tags: Vec<String>,
    #[serde(default)]
    aliases: Vec<String>,
    phrasings: Vec<String>,
    #[serde(default)]
    see_also: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Level {
    Easy,
    Medium,
    Hard,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
enum TopicName {
    Programming,
    DataScience,
}

fn parse_task(language: Language, slug: &str, text: &str) -> Result<Draft, String> {
    let (head, body) = split_front_matter(text)?;
    let head: TaskHead = toml::from_str(head).map_err(|error| error.to_string())?;
    let code = fenced(section(body, "Code")?, "Code")?;
    let tests = fenced(section(body, "Tests")?, "Tests")?;
    let tests = match section(body, "Setup") {
        Ok(setup) => format!(
            "{}\n-- expected rows, tab-separated:\n{tests}",
            fenced(setup, "Setup")?
        ),
        Err(_) => tests,
    };
    Ok(Draft {
        key: format!("library/{}/{slug}", language.name()),
        title: head.title,
        description: introduction(body),
        phrasings: head.phrasings,
        fingerprint: fingerprint(&[FORMAT, text]),
        body: ItemBody::Task(TaskBody {
            language,
            code,
            tests: Some(tests),
            entry_point: Some(head.entry_point),
            verified: true,
        }),
    })
}

fn parse_concept(slug: &str, text: &str) -> Result<Draft, String> {
    let (head, body) = split_front_matter(text)?;
    let head: ConceptHead = toml::from_str(head).map_err(|error| error.to_string())?;
    let telling = |name| section(body, name).map(|text| text.trim().to_owned());
    Ok(Draft {
        key: format!("library/concepts/{slug}"),
        title: head.title,
        description: introduction(body),
        phrasings: head.phrasings.into_iter().chain(head.aliases).collect(),
        fingerprint: fingerprint(&[FORMAT, text]),
        body: ItemBody::Concept(ConceptBody {
            topic: match head.topic {
                TopicName::Programming => Topic::Other,
                TopicName::DataScience => Topic::DataScience,
            },
            beginner: telling("Beginner")?,
            technical: telling("Technical")?,
            step_by_step: telling("Step by step")?,
            see_also: head
                .see_also
                .into_iter()
                .map(|slug| format!("library/concepts/{slug}"))
                .collect(),
        }),
    })
}

fn split_front_matter(text: &str) -> Result<(&str, &str), String> {
    text.strip_prefix("+++\n")
        .and_then(|rest| rest.split_once("\n+++\n"))
        .ok_or_else(|| "has no front matter between two lines of +++".to_owned())
}

/// The paragraph before the first heading.
fn introduction(body: &str) -> String {
    let text = body.split("\n## ").next().unwrap_or_default();
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The text below `## name`, up to the next heading of that level outside code.
fn section<'text>(body: &'text str, name: &str) -> Result<&'text str, String> {
    let heading = format!("## {name}");
    let mut start = None;
    let mut is_code = false;
    let mut offset = 0;
    for line in body.split_inclusive('\n') {
        if line.starts_with("```") {
            is_code = !is_code;
        }
        if !is_code && line.starts_with("## ") {
            if let Some(start) = start {
                return Ok(body.get(start..offset).unwrap_or_default());
            }
            if line.trim_end() == heading {
                start = Some(offset + line.len());
            }
        }
        offset += line.len();
    }
    let start = start.ok_or_else(|| format!("has no section `{heading}`"))?;
    Ok(body.get(start..).unwrap_or_default())
}

/// The content of the first fenced block.
fn fenced(section: &str, name: &str) -> Result<String, String> {
    let mut lines = section.lines().skip_while(|line| !line.starts_with("```"));
    lines
        .next()
        .ok_or_else(|| format!("section `{name}` has no code block"))?;
    let code: Vec<_> = lines.take_while(|line| !line.starts_with("```")).collect();
    Ok(code.join("\n") + "\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    const TASK: &str = "+++\ntitle = \"Double\"\nentry_point = \"double\"\nlevel = \"easy\"\ntags = []\n\
        phrasings = [\"double a number\"]\n+++\n\nGives twice\nthe number.\n\n## Code\n\n```python\n## not a heading\ndef double(x):\n    \
        return x * 2\n```\n\n## Tests\n\n```python\nassert double(2) == 4\n```\n";

    #[test]
    fn a_task_file_becomes_an_item() {
        let draft = parse_file("tasks/python/double.md", TASK).unwrap();
        assert_eq!(draft.key, "library/python/double");
        assert_eq!(draft.description, "Gives twice the number.");
        let ItemBody::Task(task) = draft.body else {
            panic!("not a task")
        };
        assert_eq!(
            task.code,
            "## not a heading\ndef double(x):\n    return x * 2\n"
        );
        assert_eq!(task.tests.as_deref(), Some("assert double(2) == 4\n"));
    }

    #[test]
    fn a_broken_file_is_refused_with_the_reason() {
        assert_eq!(
            parse_file("tasks/python/x.md", "hello").unwrap_err(),
            "has no front matter between two lines of +++"
        );
        let no_tests = TASK.replace("## Tests", "## Other");
        assert_eq!(
            parse_file("tasks/python/x.md", &no_tests).unwrap_err(),
            "has no section `## Tests`"
        );
        assert!(
            parse_file("tasks/klingon/x.md", TASK)
                .unwrap_err()
                .contains("klingon")
        );
    }

    #[test]
    fn the_shipped_library_reads_whole_and_without_repeated_names() {
        let drafts = read_library().unwrap();
        let tasks = drafts
            .iter()
            .filter(|draft| matches!(draft.body, ItemBody::Task(_)))
            .count();
        assert!(tasks >= 80, "{tasks} tasks");
        assert!(
            drafts.len() - tasks >= 40,
            "{} concepts",
            drafts.len() - tasks
        );
        let keys: std::collections::HashSet<_> = drafts.iter().map(|draft| &draft.key).collect();
        assert_eq!(keys.len(), drafts.len());
        for draft in &drafts {
            if let ItemBody::Concept(concept) = &draft.body {
                let missing: Vec<_> = concept
                    .see_also
                    .iter()
                    .filter(|key| !keys.contains(key))
                    .collect();
                assert!(missing.is_empty(), "{}: see_also {missing:?}", draft.key);
            }
        }
    }
}
