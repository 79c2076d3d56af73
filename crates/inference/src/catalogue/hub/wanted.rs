//! What a request for a model means: which repository, which of its files, and which name the model gets here.

use domain::models::catalogue::{CatalogueError, PullRequest};
use domain::models::{Digest, ModelName};

/// Longest name of a repository or a file in it.
const NAME_BYTES_MAX: usize = 200;
/// Files that an error lists at most.
const CHOICES_MAX: usize = 24;
/// How the file is stored that is taken when none is named.
const USUAL_KIND: &str = "q4_k_m";
/// The models this product knows by name: the name, a repository with GGUF files of it, and the file where its name does not
/// tell how it is stored.
const KNOWN: [(&str, &str, Option<&str>); 5] = [
    ("gemma-2b-it", "lmstudio-ai/gemma-2b-it-GGUF", None),
    (
        "deepseek-coder-1.3b-instruct",
        "TheBloke/deepseek-coder-1.3b-instruct-GGUF",
        None,
    ),
    ("phi-2", "TheBloke/phi-2-GGUF", None),
    (
        "phi-3-mini-4k-instruct",
        "microsoft/Phi-3-mini-4k-instruct-gguf",
        Some("Phi-3-mini-4k-instruct-q4.gguf"),
    ),
    (
        "mistral-7b-instruct",
        "TheBloke/Mistral-7B-Instruct-v0.2-GGUF",
        None,
    ),
];

/// A request that was understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Wanted {
    pub(super) repository: String,
    file: Option<String>,
    pub(super) name: Option<ModelName>,
}

/// A file of a repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct RemoteFile {
    pub(super) path: String,
    pub(super) size_bytes: u64,
    /// SHA-256 in hexadecimal, where the hub tells it.
    pub(super) sha256: Option<String>,
}

impl Wanted {
    /// Understands a request.
    ///
    /// # Errors
    /// [`CatalogueError::Invalid`] when the repository or the file cannot be a name on the hub.
    pub(super) fn read(request: &PullRequest) -> Result<Self, CatalogueError> {
        let asked = request.repository.as_str();
        let known = KNOWN.iter().find(|(name, repository, _)| {
            name.eq_ignore_ascii_case(asked) || repository.eq_ignore_ascii_case(asked)
        });
        let mut wanted = Self {
            repository: asked.to_owned(),
            file: request.file.clone(),
            name: request.name.clone(),
        };
        if let Some((name, repository, file)) = known {
            (*repository).clone_into(&mut wanted.repository);
            if wanted.file.is_none() {
                wanted.file = file.map(str::to_owned);
                wanted.name = wanted.name.or_else(|| name.parse().ok());
            }
        } else if !is_repository(asked) {
            let names: Vec<&str> = KNOWN.iter().map(|(name, ..)| *name).collect();
            return Err(CatalogueError::Invalid(format!(
                "`{}` is no model to fetch; name a repository such as TheBloke/phi-2-GGUF, or one of {}",
                shorten(asked),
                names.join(", ")
            )));
        }
        if let Some(file) = &wanted.file
            && !is_gguf_path(file)
        {
            return Err(CatalogueError::Invalid(format!(
                "`{}` is no file to fetch; name a GGUF file of the repository, such as phi-2.Q4_K_M.gguf",
                shorten(file)
            )));
        }
        Ok(wanted)
    }

    /// The file that is meant.
    ///
    /// # Errors
    /// [`CatalogueError::Hub`] when it is not there, [`CatalogueError::Invalid`] when several could be meant.
    pub(super) fn choose(&self, files: &[RemoteFile]) -> Result<RemoteFile, CatalogueError> {
        let repository = &self.repository;
        if let Some(wanted) = &self.file {
            let found = files.iter().find(|file| file.path == *wanted).cloned();
            return found.ok_or_else(|| {
                let text = format!("the repository {repository} has no file `{wanted}`");
                CatalogueError::Hub(format!("{text}; {}", list_choices(files)))
            });
        }
        let mut whole: Vec<&RemoteFile> =
            files.iter().filter(|file| is_whole(&file.path)).collect();
        if whole.len() > 1 {
            let usual = |file: &&RemoteFile| file.path.to_lowercase().contains(USUAL_KIND);
            let of_usual_kind: Vec<_> = whole.iter().copied().filter(usual).collect();
            if !of_usual_kind.is_empty() {
                whole = of_usual_kind;
            }
        }
        match whole.as_slice() {
            [only] => Ok((*only).clone()),
            [] => Err(CatalogueError::Hub(format!(
                "the repository {repository} has no GGUF file of a whole model; look for a repository of the same model with GGUF \
                 in its name"
            ))),
            [..] => Err(CatalogueError::Invalid(format!(
                "the repository {repository} has several models; name one of its files: {}",
                list_choices(files)
            ))),
        }
    }
}

impl RemoteFile {
    /// The checksum that the hub tells.
    pub(super) fn checksum(&self, repository: &str) -> Result<Digest, CatalogueError> {
        let digest = self.sha256.as_deref().and_then(|text| text.parse().ok());
        digest.ok_or_else(|| {
            CatalogueError::Hub(format!(
                "the hub tells no checksum of {} in {repository}, so it cannot be checked; fetch it by other means and import it \
                 with `codegenie models import`",
                self.path
            ))
        })
    }
}

/// The name that a model gets here after the name of its file.
///
/// # Errors
/// [`CatalogueError::Invalid`] when nothing of it can be part of a name.
pub(super) fn name_after(path: &str) -> Result<ModelName, CatalogueError> {
    let file = path.rsplit('/').next().unwrap_or(path);
    let stem = file.get(..file.len().saturating_sub(".gguf".len()));
    let letters = stem.unwrap_or_default().chars().map(|letter| {
        let letter = letter.to_ascii_lowercase();
        let is_kept =
            letter.is_ascii_lowercase() || letter.is_ascii_digit() || "._-".contains(letter);
        if is_kept { letter } else { '-' }
    });
    let name: String = letters
        .skip_while(|letter| !letter.is_ascii_alphanumeric())
        .take(64)
        .collect();
    name.replace("..", ".").parse().map_err(|_| {
        CatalogueError::Invalid(format!(
            "no name can be made of `{}`; give the model one with --name",
            shorten(file)
        ))
    })
}

/// `owner/name`, each of letters, digits, `.`, `_` and `-`.
fn is_repository(text: &str) -> bool {
    let parts: Vec<&str> = text.split('/').collect();
    matches!(parts.as_slice(), [owner, name] if is_part(owner) && is_part(name))
        && text.len() <= NAME_BYTES_MAX
}

fn is_gguf_path(text: &str) -> bool {
    text.len() <= NAME_BYTES_MAX && is_gguf(text) && text.split('/').all(is_part)
}

fn is_gguf(path: &str) -> bool {
    let ending = std::path::Path::new(path).extension();
    ending.is_some_and(|ending| ending.eq_ignore_ascii_case("gguf"))
}

fn is_part(text: &str) -> bool {
    !text.is_empty()
        && !text.starts_with('.')
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"._-+ ".contains(&byte))
}

/// Whether the file is a GGUF file of a whole model, by its name: no part of one, and nothing that belongs to another.
fn is_whole(path: &str) -> bool {
    let file = path.rsplit('/').next().unwrap_or(path).to_lowercase();
    is_gguf(&file) && !file.contains("mmproj") && !file.contains("-of-")
}

fn list_choices(files: &[RemoteFile]) -> String {
    let choices: Vec<String> = files
        .iter()
        .filter(|file| is_whole(&file.path))
        .take(CHOICES_MAX)
        .map(|file| format!("{} ({} MB)", file.path, file.size_bytes / 1_000_000))
        .collect();
    if choices.is_empty() {
        "it has no GGUF file of a whole model".to_owned()
    } else {
        format!("it has {}", choices.join(", "))
    }
}

fn shorten(text: &str) -> &str {
    text.get(..text.floor_char_boundary(80)).unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(repository: &str, file: Option<&str>) -> PullRequest {
        PullRequest {
            repository: repository.to_owned(),
            file: file.map(str::to_owned),
            name: None,
        }
    }

    fn files(paths: &[&str]) -> Vec<RemoteFile> {
        let file = |path: &&str| RemoteFile {
            path: (*path).to_owned(),
            size_bytes: 2_000_000,
            sha256: None,
        };
        paths.iter().map(file).collect()
    }

    #[test]
    fn the_models_of_the_product_are_known_by_name() {
        for task in domain::models::ModelTask::ALL {
            for name in domain::models::TaskSettings::usual(task).models {
                let wanted = Wanted::read(&request(name.as_str(), None)).unwrap();
                assert!(is_repository(&wanted.repository), "{name}");
                assert_eq!(wanted.name, Some(name));
            }
        }
        let by_repository = Wanted::read(&request("thebloke/phi-2-gguf", None)).unwrap();
        assert_eq!(by_repository.name, "phi-2".parse().ok());
        // Another file of it is another model.
        let other = Wanted::read(&request("phi-2", Some("phi-2.Q8_0.gguf"))).unwrap();
        assert_eq!(
            (other.name, other.repository.as_str()),
            (None, "TheBloke/phi-2-GGUF")
        );
    }

    #[test]
    fn what_is_no_repository_or_file_is_refused() {
        for text in [
            "",
            "a",
            "a/b/c",
            "../x",
            "a/..",
            "a/b?c",
            "/a/b",
            "https://x/y",
            "a /",
        ] {
            let refused = Wanted::read(&request(text, None)).unwrap_err().to_string();
            assert!(refused.contains("name a repository"), "{text:?}: {refused}");
        }
        for file in [
            "x",
            "../x.gguf",
            "/x.gguf",
            "a//x.gguf",
            "x.gguf?y",
            "x.safetensors",
        ] {
            let refused = Wanted::read(&request("a/b", Some(file)))
                .unwrap_err()
                .to_string();
            assert!(refused.contains("name a GGUF file"), "{file:?}: {refused}");
        }
        assert!(Wanted::read(&request("a/b", Some("sub/x.Q4_K_M.gguf"))).is_ok());
    }

    #[test]
    fn without_a_name_the_usual_kind_or_the_only_file_is_taken() {
        let any = Wanted::read(&request("a/b", None)).unwrap();
        let choose = |paths: &[&str]| any.choose(&files(paths)).map(|file| file.path);
        assert_eq!(choose(&["README.md", "x.F16.gguf"]).unwrap(), "x.F16.gguf");
        assert_eq!(
            choose(&["x.Q8_0.gguf", "x.q4_k_m.gguf", "mmproj-x-q4_k_m.gguf"]).unwrap(),
            "x.q4_k_m.gguf"
        );
        let several = choose(&["x.Q8_0.gguf", "x.Q5_0.gguf"])
            .unwrap_err()
            .to_string();
        assert!(
            several.contains("x.Q8_0.gguf (2 MB), x.Q5_0.gguf"),
            "{several}"
        );
        let none = choose(&["x-Q4_K_M-00001-of-00002.gguf"])
            .unwrap_err()
            .to_string();
        assert!(none.contains("no GGUF file of a whole model"), "{none}");
        let absent = Wanted::read(&request("a/b", Some("y.gguf"))).unwrap();
        let absent = absent.choose(&files(&["x.gguf"])).unwrap_err().to_string();
        assert!(
            absent.contains("has no file `y.gguf`; it has x.gguf"),
            "{absent}"
        );
    }

    #[test]
    fn a_model_is_named_after_its_file() {
        for (path, expected) in [
            ("phi-2.Q4_K_M.gguf", "phi-2.q4_k_m"),
            ("sub/My Model+1.gguf", "my-model-1"),
            ("__x..y.gguf", "x.y"),
        ] {
            assert_eq!(name_after(path).unwrap().as_str(), expected);
        }
        assert!(name_after("....gguf").is_err());
    }
}
