//! Safetensors files: where each tensor lies in which file. Headers are checked against the files before anything is believed.

use std::collections::{BTreeSet, HashMap};
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;
use std::path::Path;

use serde::Deserialize;
use serde_json::Value as Json;

use super::{ConvertError, invalid, read_if_there};

/// Longest header; that of a model of a thousand tensors has 100 KB.
const HEADER_BYTES_MAX: u64 = 32 << 20;
/// Most parts of a model.
const FILES_MAX: usize = 1024;

/// How a stored number is written down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Number {
    F32,
    F16,
    Bf16,
}

impl Number {
    const fn bytes(self) -> u64 {
        match self {
            Self::F32 => 4,
            Self::F16 | Self::Bf16 => 2,
        }
    }
}

/// A tensor in one of the files.
#[derive(Debug)]
pub(super) struct Stored<'a> {
    file: &'a File,
    start: u64,
    pub(super) kind: Number,
    /// Slowest dimension first.
    pub(super) shape: Vec<u64>,
}

impl Stored<'_> {
    pub(super) fn size_bytes(&self) -> u64 {
        // Checked against the file when the header was read.
        self.shape.iter().product::<u64>() * self.kind.bytes()
    }

    /// `length` bytes from `at`, counted from the first of the tensor.
    pub(super) fn read(&self, at: u64, length: u64) -> io::Result<Vec<u8>> {
        let mut bytes = vec![0; usize::try_from(length).map_err(io::Error::other)?];
        self.file.read_exact_at(&mut bytes, self.start + at)?;
        Ok(bytes)
    }
}

/// All files of a model.
#[derive(Debug)]
pub(super) struct Weights {
    files: Vec<File>,
    places: HashMap<String, (usize, Place)>,
}

/// Where a tensor lies in its file.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Place {
    start: u64,
    kind: Number,
    shape: Vec<u64>,
}

impl Weights {
    /// Opens the files of the model in `folder`.
    pub(super) fn open(folder: &Path) -> Result<Self, ConvertError> {
        let single = folder.join("model.safetensors");
        let index_path = folder.join("model.safetensors.index.json");
        let names = if single.is_file() {
            vec!["model.safetensors".to_owned()]
        } else if let Some(index) = read_if_there(&index_path)? {
            let names = list_files(&index).map_err(invalid(&index_path))?;
            check_there(folder, &names).map_err(invalid(folder))?;
            names
        } else {
            return Err(invalid(folder)(missing(folder)));
        };
        Self::open_files(folder, &names)
    }

    /// Opens files of `folder` by name.
    pub(super) fn open_files(folder: &Path, names: &[String]) -> Result<Self, ConvertError> {
        let mut weights = Self {
            files: Vec::new(),
            places: HashMap::new(),
        };
        for name in names {
            let path = folder.join(name);
            let io = |source| ConvertError::Io {
                path: path.clone(),
                source,
            };
            let file = File::open(&path).map_err(io)?;
            let size = file.metadata().map_err(io)?.len();
            let mut length = [0; 8];
            file.read_exact_at(&mut length, 0).map_err(io)?;
            let length = u64::from_le_bytes(length);
            if length > HEADER_BYTES_MAX || length > size.saturating_sub(8) {
                return Err(invalid(&path)(format!(
                    "its header claims {length} bytes, more than the file or a header can have"
                )));
            }
            let mut header = vec![0; usize::try_from(length).unwrap_or(0)];
            file.read_exact_at(&mut header, 8).map_err(io)?;
            let places = parse_header(&header, size - 8 - length).map_err(invalid(&path))?;
            for (tensor, mut place) in places {
                place.start += 8 + length;
                let index = weights.files.len();
                if weights
                    .places
                    .insert(tensor.clone(), (index, place))
                    .is_some()
                {
                    return Err(invalid(&path)(format!("tensor {tensor:?} is stored twice")));
                }
            }
            weights.files.push(file);
        }
        Ok(weights)
    }

    /// The tensor of this name.
    pub(super) fn find(&self, name: &str) -> Option<Stored<'_>> {
        let (file, place) = self.places.get(name)?;
        Some(Stored {
            file: self.files.get(*file)?,
            start: place.start,
            kind: place.kind,
            shape: place.shape.clone(),
        })
    }

    /// The names of all tensors, in order.
    pub(super) fn names(&self) -> BTreeSet<&str> {
        self.places.keys().map(String::as_str).collect()
    }
}

fn missing(folder: &Path) -> String {
    let is_pickle = |name: &str| folder.join(name).exists();
    let pickle = [
        "pytorch_model.bin",
        "pytorch_model.bin.index.json",
        "consolidated.00.pth",
    ];
    if pickle.into_iter().any(is_pickle) {
        "its weights are in a format that can run code when it is read, so they are not opened; get the safetensors of the model"
            .to_owned()
    } else {
        "there is neither model.safetensors nor model.safetensors.index.json in it".to_owned()
    }
}

/// Refuses a model of which parts were not fetched.
fn check_there(folder: &Path, names: &[String]) -> Result<(), String> {
    let is_missing = |name: &&String| !folder.join(name).is_file();
    let missing: Vec<&str> = names
        .iter()
        .filter(is_missing)
        .map(String::as_str)
        .collect();
    match missing.as_slice() {
        [] => Ok(()),
        [first, ..] => Err(format!(
            "{} of its {} parts are missing, such as {first}; get the whole model",
            missing.len(),
            names.len()
        )),
    }
}

/// The files that an index names, each once. Names with folders are refused.
fn list_files(index: &[u8]) -> Result<Vec<String>, String> {
    #[derive(Deserialize)]
    struct Index {
        weight_map: HashMap<String, String>,
    }
    let index: Index = serde_json::from_slice(index).map_err(|error| error.to_string())?;
    let names: BTreeSet<String> = index.weight_map.into_values().collect();
    if names.is_empty() || names.len() > FILES_MAX {
        return Err(format!(
            "it names {} files, not between 1 and {FILES_MAX}",
            names.len()
        ));
    }
    let is_plain = |name: &&String| {
        name.ends_with(".safetensors")
            && !name.contains(['/', '\\', '\0'])
            && !name.starts_with('.')
    };
    match names.iter().find(|name| !is_plain(name)) {
        Some(name) => Err(format!("it names {name:?}, which is no safetensors file")),
        None => Ok(names.into_iter().collect()),
    }
}

/// The tensors that a header describes, all within `data_bytes`; types that no weights have are refused.
fn parse_header(header: &[u8], data_bytes: u64) -> Result<Vec<(String, Place)>, String> {
    #[derive(Deserialize)]
    struct Entry {
        dtype: String,
        shape: Vec<u64>,
        data_offsets: (u64, u64),
    }
    let entries: serde_json::Map<String, Json> =
        serde_json::from_slice(header).map_err(|error| format!("its header: {error}"))?;
    let mut places = Vec::new();
    for (name, entry) in entries {
        if name == "__metadata__" {
            continue;
        }
        let entry: Entry =
            serde_json::from_value(entry).map_err(|error| format!("tensor {name:?}: {error}"))?;
        let kind = match entry.dtype.as_str() {
            "F32" => Number::F32,
            "F16" => Number::F16,
            "BF16" => Number::Bf16,
            // Such as masks and positions, which are not weights.
            "BOOL" | "U8" | "I8" | "I16" | "I32" | "I64" => continue,
            other => {
                return Err(format!(
                    "tensor {name:?} is stored as {other}; F32, F16 and BF16 can be converted"
                ));
            }
        };
        let size = entry
            .shape
            .iter()
            .try_fold(kind.bytes(), |size, &length| size.checked_mul(length));
        let (start, end) = entry.data_offsets;
        if size.is_none() || end.checked_sub(start) != size || end > data_bytes {
            return Err(format!(
                "tensor {name:?} of shape {:?} cannot lie at {start} to {end} of {data_bytes} bytes",
                entry.shape
            ));
        }
        places.push((
            name,
            Place {
                start,
                kind,
                shape: entry.shape,
            },
        ));
    }
    Ok(places)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_header_that_leads_outside_is_refused() {
        let entry = |dtype: &str, shape: &str, offsets: &str| {
            format!(
                r#"{{"__metadata__": {{}}, "t": {{"dtype": "{dtype}", "shape": {shape}, "data_offsets": {offsets}}}}}"#
            )
        };
        let parse = |header: String| parse_header(header.as_bytes(), 100);
        let good = parse(entry("F16", "[5, 10]", "[0, 100]")).unwrap();
        assert_eq!(good[0].1.shape, [5, 10]);
        assert!(parse(entry("I64", "[1]", "[0, 8]")).unwrap().is_empty());
        for bad in [
            entry("F16", "[5, 10]", "[1, 101]"),
            entry("F16", "[5, 10]", "[0, 99]"),
            entry("F16", "[5, 10]", "[100, 0]"),
            entry("F16", "[18446744073709551615, 3]", "[0, 100]"),
            entry("F8_E4M3", "[100]", "[0, 100]"),
            entry("F16", "[-1]", "[0, 100]"),
            "[]".to_owned(),
            "{".to_owned(),
        ] {
            assert!(parse(bad.clone()).is_err(), "{bad}");
        }
    }

    #[test]
    fn an_index_names_files_of_the_folder_only() {
        let list =
            |name: &str| list_files(format!(r#"{{"weight_map": {{"t": "{name}"}}}}"#).as_bytes());
        assert_eq!(list("a.safetensors").unwrap(), ["a.safetensors"]);
        for name in [
            "../a.safetensors",
            "/a.safetensors",
            "a.bin",
            ".safetensors",
            "",
        ] {
            assert!(list(name).is_err(), "{name}");
        }
        assert!(list_files(br#"{"weight_map": {}}"#).is_err());
    }

    proptest! {
        #[test]
        fn no_header_panics(bytes in proptest::collection::vec(any::<u8>(), 0..200), data_bytes: u64) {
            let _ = parse_header(&bytes, data_bytes);
            let _ = list_files(&bytes);
        }
    }
}
