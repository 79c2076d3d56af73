//! What is remembered of a model beside its file: `model.json`. People may edit or damage it, so everything read is checked, and
//! what cannot be used is computed again.

use domain::models::{AdapterName, Digest};
use serde::{Deserialize, Serialize};

/// Longest manifest that is read.
pub(crate) const MANIFEST_BYTES_MAX: usize = 1 << 20;
/// Number of this format.
const FORMAT: u32 = 1;
/// Longest text of a field that is kept.
const TEXT_BYTES_MAX: usize = 512;

/// What is remembered of a model.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Manifest {
    format: u32,
    /// The weights.
    pub(crate) weights: FileRecord,
    pub(crate) architecture: String,
    pub(crate) quantisation: String,
    pub(crate) parameters: u64,
    pub(crate) context_tokens: u32,
    pub(crate) has_template: bool,
    pub(crate) licence: Option<String>,
    pub(crate) source: String,
    /// Milliseconds since 1970.
    pub(crate) added_at_ms: i64,
    pub(crate) adapters: Vec<AdapterRecord>,
}

/// A file, and what tells that it is still the same.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct FileRecord {
    /// SHA-256 in hexadecimal.
    sha256: String,
    #[serde(flatten)]
    pub(crate) stamp: Stamp,
}

/// What changes when a file is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Stamp {
    pub(crate) size_bytes: u64,
    /// Nanoseconds since 1970.
    pub(crate) modified_ns: u64,
}

/// An adapter of a model.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct AdapterRecord {
    pub(crate) name: String,
    pub(crate) file: FileRecord,
    pub(crate) source: String,
    /// Milliseconds since 1970.
    pub(crate) added_at_ms: i64,
}

impl FileRecord {
    pub(crate) fn new(digest: Digest, stamp: Stamp) -> Self {
        Self {
            sha256: digest.to_string(),
            stamp,
        }
    }

    /// The digest; `None` when somebody damaged it.
    pub(crate) fn digest(&self) -> Option<Digest> {
        self.sha256.parse().ok()
    }
}

impl Manifest {
    /// What a file's own header says, with where it came from.
    pub(crate) fn new(
        description: super::check::Description,
        weights: FileRecord,
        origin: Origin,
    ) -> Self {
        Self {
            format: FORMAT,
            weights,
            architecture: description.architecture,
            quantisation: description.quantisation,
            parameters: description.parameters,
            context_tokens: description.context_tokens,
            has_template: description.has_template,
            licence: origin.licence.or(description.licence).map(shorten),
            source: shorten(origin.source),
            added_at_ms: origin.added_at_ms,
            adapters: Vec::new(),
        }
    }

    /// Reads a manifest; `None` when it is none, is of another format, or says what cannot be.
    pub(crate) fn parse(bytes: &[u8]) -> Option<Self> {
        if bytes.len() > MANIFEST_BYTES_MAX {
            return None;
        }
        let manifest: Self = serde_json::from_slice(bytes).ok()?;
        let texts = [
            Some(&manifest.architecture),
            Some(&manifest.quantisation),
            Some(&manifest.source),
            manifest.licence.as_ref(),
        ];
        let are_short = texts
            .iter()
            .flatten()
            .all(|text| text.len() <= TEXT_BYTES_MAX);
        let are_adapters_sound = manifest.adapters.iter().all(|adapter| {
            adapter.name.parse::<AdapterName>().is_ok() && adapter.file.digest().is_some()
        });
        let is_sound = manifest.format == FORMAT
            && manifest.weights.digest().is_some()
            && are_short
            && are_adapters_sound;
        is_sound.then_some(manifest)
    }

    /// The manifest as it is written to its file.
    pub(crate) fn render(&self) -> Vec<u8> {
        let mut text = serde_json::to_vec_pretty(self)
            .expect("BUG: a manifest of texts and numbers always serialises");
        text.push(b'\n');
        text
    }
}

/// Where a model came from.
#[derive(Debug, Clone)]
pub(crate) struct Origin {
    pub(crate) source: String,
    /// Licence, where its publisher names one.
    pub(crate) licence: Option<String>,
    /// Milliseconds since 1970.
    pub(crate) added_at_ms: i64,
}

fn shorten(mut text: String) -> String {
    text.truncate(text.floor_char_boundary(TEXT_BYTES_MAX));
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue::check::{describe_model, tests::sample};
    use proptest::prelude::*;

    fn manifest() -> Manifest {
        let stamp = Stamp {
            size_bytes: 7,
            modified_ns: 9,
        };
        let origin = Origin {
            source: "é".repeat(400),
            licence: None,
            added_at_ms: 5,
        };
        let record = FileRecord::new(Digest([7; 32]), stamp);
        let mut manifest =
            Manifest::new(describe_model(&sample()).unwrap(), record.clone(), origin);
        manifest.adapters.push(AdapterRecord {
            name: "own".to_owned(),
            file: record,
            source: "import".to_owned(),
            added_at_ms: 6,
        });
        manifest
    }

    #[test]
    fn what_was_written_is_read() {
        let written = manifest();
        assert_eq!(Manifest::parse(&written.render()), Some(written.clone()));
        assert_eq!(written.licence.as_deref(), Some("mit"));
        assert!(written.source.len() <= TEXT_BYTES_MAX);
    }

    #[test]
    fn what_cannot_be_is_not_believed() {
        let text = String::from_utf8(manifest().render()).unwrap();
        for (right, wrong) in [
            ("\"format\": 1", "\"format\": 2"),
            ("0707", "07zz"),
            ("\"own\"", "\"../own\""),
            ("\"parameters\": 56", "\"parameters\": -1"),
            ("{", "["),
        ] {
            assert!(text.contains(right), "{text}");
            let changed = text.replacen(right, wrong, 1);
            assert_eq!(Manifest::parse(changed.as_bytes()), None, "{wrong}");
        }
        assert_eq!(Manifest::parse(b""), None);
        assert_eq!(Manifest::parse(&vec![b' '; MANIFEST_BYTES_MAX + 1]), None);
    }

    proptest! {
        #[test]
        fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = Manifest::parse(&bytes);
        }
    }
}
