//! Texts for the benchmarks: items made of the words of the library with their real frequencies, and the questions that
//! were written for developing.

use std::path::Path;

use anyhow::Context as _;
use domain::Timestamp;
use domain::id::ItemId;
use domain::knowledge::{Item, ItemBody, ItemStatus, Origin, TaskBody};
use domain::language::Language;
use uuid::Uuid;

use super::vectors::Random;

/// Identities of the items count up from here.
const FIRST_ID: u128 = 0x0193_0000_0000_7000_8000_0000_0000_0000;
/// Invented words, which make the long tail that a real text has.
const RARE_WORDS: usize = 30_000;
/// One word in so many is an invented one.
const RARE_EVERY: usize = 7;
/// Languages take turns, so a fourth of the items is Python.
const LANGUAGES: [Language; 4] = [
    Language::Python,
    Language::JavaScript,
    Language::Cpp,
    Language::Rust,
];

/// Words and questions.
pub(crate) struct Corpus {
    prose: Vec<String>,
    code: Vec<String>,
    rare: Vec<String>,
    questions: Vec<String>,
}

impl Corpus {
    /// Reads the library and the questions of the repository.
    pub(crate) fn read(repository: &Path) -> anyhow::Result<Self> {
        let mut corpus = Self {
            prose: Vec::new(),
            code: Vec::new(),
            rare: (0..RARE_WORDS).map(rare_word).collect(),
            questions: read_questions(&repository.join("crates/retrieval/tests/data/dev.jsonl"))?,
        };
        let tasks = repository.join("library/tasks");
        let mut folders = sorted_entries(&tasks)?;
        folders.retain(|folder| folder.is_dir());
        for folder in folders {
            for file in sorted_entries(&folder)? {
                corpus.take_words(&std::fs::read_to_string(file)?);
            }
        }
        let found = corpus.prose.len().min(corpus.code.len());
        anyhow::ensure!(found > 1000, "the library has only {found} words");
        Ok(corpus)
    }

    /// The item number `at`, always the same.
    pub(crate) fn item(&self, at: usize) -> Item {
        let number = u64::try_from(at).expect("BUG: usize is at most 64 bits");
        let mut random = Random::new(number ^ 0x51ed_2701);
        Item {
            id: item_id(at),
            key: format!("bench/{at}"),
            origin: Origin::Taught,
            title: self.text(&mut random, &self.prose, 5),
            description: self.text(&mut random, &self.prose, 30),
            phrasings: vec![self.text(&mut random, &self.prose, 8)],
            body: ItemBody::Task(TaskBody {
                language: LANGUAGES[at % LANGUAGES.len()],
                code: self.text(&mut random, &self.code, 25),
                tests: None,
                entry_point: None,
                verified: false,
            }),
            owner: None,
            status: ItemStatus::Published,
            fingerprint: format!("{at:064x}"),
            updated_at: Timestamp::from_millis(0),
        }
    }

    /// A question, the same for the same number; `round` tells apart those asked before.
    pub(crate) fn question(&self, at: usize) -> String {
        let question = &self.questions[at % self.questions.len()];
        match at / self.questions.len() {
            0 => question.clone(),
            round => format!("{question} ({round})"),
        }
    }

    /// The words of prose, in their order.
    pub(crate) fn prose(&self) -> &[String] {
        &self.prose
    }

    /// How many questions there are before they come again with a number.
    pub(crate) fn questions(&self) -> usize {
        self.questions.len()
    }

    fn text(&self, random: &mut Random, words: &[String], count: usize) -> String {
        let mut text = String::new();
        for _ in 0..count {
            let from = if random.below(RARE_EVERY) == 0 {
                &self.rare
            } else {
                words
            };
            text.push_str(&from[random.below(from.len())]);
            text.push(' ');
        }
        text.pop();
        text
    }

    /// Adds the words of a task: what is fenced is code, the rest prose.
    fn take_words(&mut self, text: &str) {
        let mut is_code = false;
        for line in text.lines() {
            if line.starts_with("```") {
                is_code = !is_code;
                continue;
            }
            let words = line
                .split(|c: char| !c.is_alphanumeric())
                .filter(|word| !word.is_empty());
            let list = if is_code {
                &mut self.code
            } else {
                &mut self.prose
            };
            list.extend(words.map(str::to_lowercase));
        }
    }
}

/// The identity of item number `at`.
pub(crate) fn item_id(at: usize) -> ItemId {
    let number = u64::try_from(at).expect("BUG: usize is at most 64 bits");
    ItemId(Uuid::from_u128(FIRST_ID + u128::from(number)))
}

/// The number of an item made here; `None` for others.
pub(crate) fn item_number(id: ItemId) -> Option<usize> {
    let number = id.0.as_u128().checked_sub(FIRST_ID)?;
    usize::try_from(number)
        .ok()
        .filter(|number| *number < usize::MAX / 2)
}

fn read_questions(path: &Path) -> anyhow::Result<Vec<String>> {
    let text =
        std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    let questions: Vec<String> = text
        .lines()
        .map(|line| {
            let line: serde_json::Value = serde_json::from_str(line)?;
            let question = line.get("text").and_then(|text| text.as_str());
            question.map(str::to_owned).context("a line has no text")
        })
        .collect::<anyhow::Result<_>>()
        .with_context(|| format!("cannot read {}", path.display()))?;
    anyhow::ensure!(!questions.is_empty(), "{} is empty", path.display());
    Ok(questions)
}

fn sorted_entries(folder: &Path) -> anyhow::Result<Vec<std::path::PathBuf>> {
    let entries =
        std::fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))?;
    let mut paths = Vec::new();
    for entry in entries {
        paths.push(entry?.path());
    }
    paths.sort();
    Ok(paths)
}

/// A word of four syllables that no language has.
fn rare_word(number: usize) -> String {
    const SYLLABLES: [&str; 16] = [
        "ba", "ko", "zu", "mi", "re", "ta", "vo", "lu", "ni", "pe", "sa", "do", "gu", "wi", "xe",
        "fa",
    ];
    let mut word = String::new();
    let mut rest = number;
    for _ in 0..4 {
        word.push_str(SYLLABLES[rest % SYLLABLES.len()]);
        rest /= SYLLABLES.len();
    }
    word
}

#[cfg(test)]
mod tests {
    use super::*;

    fn corpus() -> Corpus {
        Corpus::read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("..")).unwrap()
    }

    #[test]
    fn items_are_the_same_every_time_and_have_an_identity_that_reads_back() {
        let corpus = corpus();
        assert_eq!(corpus.item(42), corpus.item(42));
        assert_ne!(corpus.item(42).description, corpus.item(43).description);
        assert_eq!(item_number(corpus.item(42).id), Some(42));
        assert_eq!(item_number(ItemId(Uuid::from_u128(1))), None);
    }

    #[test]
    fn a_question_is_never_asked_twice() {
        let corpus = corpus();
        let count = corpus.questions() * 3;
        let asked: std::collections::HashSet<String> =
            (0..count).map(|at| corpus.question(at)).collect();
        assert_eq!(asked.len(), count);
    }

    #[test]
    fn rare_words_differ() {
        let words: std::collections::HashSet<String> = (0..RARE_WORDS).map(rare_word).collect();
        assert_eq!(words.len(), RARE_WORDS);
    }
}
