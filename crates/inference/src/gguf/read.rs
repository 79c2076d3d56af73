//! Reads and checks the header of a GGUF file. Memory use is bounded by the header's own length and [`HEADER_BYTES_MAX`].

use std::collections::HashSet;
use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::Path;

use super::{
    ALIGNMENT_DEFAULT, ALIGNMENT_KEY, Array, DIMENSIONS_MAX, GgufError, Header, MAGIC,
    TENSOR_NAME_BYTES_MAX, TensorInfo, TensorKind, VERSION, Value, align,
};

/// Longest header that is read. The largest vocabularies in use take under 20 MiB.
const HEADER_BYTES_MAX: u64 = 128 << 20;
/// Most metadata keys; published models have under 100.
const KEYS_MAX: u64 = 1 << 16;
/// Most tensors; the largest published models have a few thousand.
const TENSORS_MAX: u64 = 1 << 20;
/// Longest key, in bytes, as the format defines it.
const KEY_BYTES_MAX: u64 = 65_535;
/// Largest boundary that makes sense; a page of the largest kind.
const ALIGNMENT_MAX: u64 = 1 << 20;
/// A tensor entry is at least this long: name length, dimensions, type, offset.
const TENSOR_ENTRY_BYTES_MIN: u64 = 24;
/// A metadata entry is at least this long: key length, type, one byte.
const KEY_ENTRY_BYTES_MIN: u64 = 13;

/// Reads the header of the file at `path` and checks that all its tensors lie inside the file.
///
/// # Errors
/// [`GgufError::Io`] when the file cannot be read, [`GgufError::Invalid`] when it breaks the format or is cut short.
pub fn read_header(path: &Path) -> Result<Header, GgufError> {
    let read = || {
        let file = File::open(path)?;
        let metadata = file.metadata()?;
        if !metadata.is_file() {
            return Err(Fault::Invalid("it is not a regular file".to_owned()));
        }
        parse(BufReader::new(file), metadata.len())
    };
    read().map_err(|fault| match fault {
        Fault::Io(source) => GgufError::Io {
            path: path.to_owned(),
            source,
        },
        Fault::Invalid(reason) => GgufError::Invalid {
            path: path.to_owned(),
            reason,
        },
    })
}

/// An error before the path is known.
enum Fault {
    Io(io::Error),
    Invalid(String),
}

impl From<io::Error> for Fault {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

fn invalid<T>(reason: impl Into<String>) -> Result<T, Fault> {
    Err(Fault::Invalid(reason.into()))
}

fn parse(source: impl Read, file_bytes: u64) -> Result<Header, Fault> {
    let mut cursor = Cursor {
        source,
        position: 0,
        end: file_bytes.min(HEADER_BYTES_MAX),
    };
    if cursor.take::<4>("the magic number")? != MAGIC {
        return invalid("it does not begin with the letters GGUF");
    }
    let version = cursor.u32("the version")?;
    if !(2..=VERSION).contains(&version) {
        return invalid(format!(
            "version {version} is not supported, only 2 and 3 are"
        ));
    }
    let tensor_count = cursor.count("tensors", TENSORS_MAX, TENSOR_ENTRY_BYTES_MIN)?;
    let key_count = cursor.count("metadata keys", KEYS_MAX, KEY_ENTRY_BYTES_MIN)?;
    let metadata = read_metadata(&mut cursor, key_count)?;
    let alignment = find_alignment(&metadata)?;
    let mut tensors = Vec::new();
    let mut names = HashSet::new();
    for _ in 0..tensor_count {
        let tensor = read_tensor(&mut cursor, alignment)?;
        if !names.insert(tensor.name.clone()) {
            return invalid(format!("two tensors are named {:?}", tensor.name));
        }
        tensors.push(tensor);
    }
    let data_offset = if tensors.is_empty() {
        cursor.position
    } else {
        align(cursor.position, alignment)
            .ok_or_else(|| Fault::Invalid("its header is too long".to_owned()))?
    };
    check_extent(&tensors, data_offset, file_bytes)?;
    Ok(Header {
        version,
        metadata,
        tensors,
        data_offset,
    })
}

fn read_metadata<R: Read>(
    cursor: &mut Cursor<R>,
    count: u64,
) -> Result<Vec<(String, Value)>, Fault> {
    let mut metadata = Vec::new();
    let mut keys = HashSet::new();
    for _ in 0..count {
        let key = cursor.string("a metadata key", KEY_BYTES_MAX)?;
        if key.is_empty() {
            return invalid("a metadata key is empty");
        }
        if !keys.insert(key.clone()) {
            return invalid(format!("the metadata key {key:?} appears twice"));
        }
        let value = read_value(cursor, &key)?;
        metadata.push((key, value));
    }
    Ok(metadata)
}

fn read_value<R: Read>(cursor: &mut Cursor<R>, key: &str) -> Result<Value, Fault> {
    let kind = cursor.u32(key)?;
    Ok(match kind {
        0 => Value::U8(u8::from_le_bytes(cursor.take(key)?)),
        1 => Value::I8(i8::from_le_bytes(cursor.take(key)?)),
        2 => Value::U16(u16::from_le_bytes(cursor.take(key)?)),
        3 => Value::I16(i16::from_le_bytes(cursor.take(key)?)),
        4 => Value::U32(u32::from_le_bytes(cursor.take(key)?)),
        5 => Value::I32(i32::from_le_bytes(cursor.take(key)?)),
        6 => Value::F32(f32::from_le_bytes(cursor.take(key)?)),
        7 => match cursor.take(key)? {
            [0] => Value::Bool(false),
            [1] => Value::Bool(true),
            [other] => return invalid(format!("{key:?} is a truth value of {other}")),
        },
        8 => Value::String(cursor.string(key, HEADER_BYTES_MAX)?),
        9 => Value::Array(read_array(cursor, key)?),
        10 => Value::U64(u64::from_le_bytes(cursor.take(key)?)),
        11 => Value::I64(i64::from_le_bytes(cursor.take(key)?)),
        12 => Value::F64(f64::from_le_bytes(cursor.take(key)?)),
        other => return invalid(format!("{key:?} has the unknown type {other}")),
    })
}

fn read_array<R: Read>(cursor: &mut Cursor<R>, key: &str) -> Result<Array, Fault> {
    let kind = cursor.u32(key)?;
    // A string costs eight bytes for its length alone.
    let element_bytes: u64 = match kind {
        0 | 1 | 7 => 1,
        2 | 3 => 2,
        4..=6 => 4,
        8 | 10..=12 => 8,
        9 => return invalid(format!("{key:?} is an array of arrays")),
        other => return invalid(format!("{key:?} is an array of the unknown type {other}")),
    };
    let count = cursor.count(key, HEADER_BYTES_MAX, element_bytes)?;
    if kind == 8 {
        return (0..count)
            .map(|_| cursor.string(key, HEADER_BYTES_MAX))
            .collect::<Result<_, _>>()
            .map(Array::Strings);
    }
    let bytes = cursor.bytes(key, count * element_bytes)?;
    Ok(match kind {
        5 => Array::I32(
            bytes
                .as_chunks()
                .0
                .iter()
                .map(|chunk| i32::from_le_bytes(*chunk))
                .collect(),
        ),
        6 => Array::F32(
            bytes
                .as_chunks()
                .0
                .iter()
                .map(|chunk| f32::from_le_bytes(*chunk))
                .collect(),
        ),
        _ => Array::Other { kind, bytes },
    })
}

fn find_alignment(metadata: &[(String, Value)]) -> Result<u64, Fault> {
    match metadata.iter().find(|(key, _)| key == ALIGNMENT_KEY) {
        None => Ok(ALIGNMENT_DEFAULT),
        Some((_, Value::U32(alignment)))
            if alignment.is_power_of_two() && u64::from(*alignment) <= ALIGNMENT_MAX =>
        {
            Ok(u64::from(*alignment))
        }
        Some((_, other)) => invalid(format!(
            "{ALIGNMENT_KEY} is {other:?}, not a power of two up to {ALIGNMENT_MAX}"
        )),
    }
}

fn read_tensor<R: Read>(cursor: &mut Cursor<R>, alignment: u64) -> Result<TensorInfo, Fault> {
    let name = cursor.string("a tensor name", TENSOR_NAME_BYTES_MAX)?;
    let dimensions = cursor.u32(&name)?;
    if dimensions > DIMENSIONS_MAX {
        return invalid(format!(
            "tensor {name:?} has {dimensions} dimensions, more than {DIMENSIONS_MAX}"
        ));
    }
    let shape = (0..dimensions)
        .map(|_| cursor.u64(&name))
        .collect::<Result<Vec<_>, _>>()?;
    let kind_id = cursor.u32(&name)?;
    let offset = cursor.u64(&name)?;
    let Some(kind) = TensorKind::find(kind_id) else {
        return invalid(format!("tensor {name:?} has the unknown type {kind_id}"));
    };
    if shape.contains(&0) {
        return invalid(format!("tensor {name:?} has an empty shape {shape:?}"));
    }
    let Some(size_bytes) = kind.find_size_bytes(&shape) else {
        return invalid(format!(
            "tensor {name:?} of type {} cannot have the shape {shape:?}",
            kind.name
        ));
    };
    if !offset.is_multiple_of(alignment) {
        return invalid(format!(
            "tensor {name:?} begins at {offset}, which is no multiple of {alignment}"
        ));
    }
    Ok(TensorInfo {
        name,
        shape,
        kind,
        offset,
        size_bytes,
    })
}

fn check_extent(tensors: &[TensorInfo], data_offset: u64, file_bytes: u64) -> Result<(), Fault> {
    for tensor in tensors {
        let end = data_offset
            .checked_add(tensor.offset)
            .and_then(|start| start.checked_add(tensor.size_bytes));
        if end.is_none_or(|end| end > file_bytes) {
            return invalid(format!(
                "tensor {:?} reaches beyond the end of the file at {file_bytes} bytes; the file is cut short or damaged",
                tensor.name
            ));
        }
    }
    Ok(())
}

/// A reader that knows how much is left, so that a length in the file is compared with the file before memory is taken.
struct Cursor<R> {
    source: R,
    position: u64,
    end: u64,
}

impl<R: Read> Cursor<R> {
    fn remaining(&self) -> u64 {
        self.end.saturating_sub(self.position)
    }

    fn check_remaining(&self, needed: u64, what: &str) -> Result<(), Fault> {
        if needed > self.remaining() {
            return invalid(format!(
                "{what} needs {needed} bytes at byte {}, but the header ends at byte {}; the file is cut short or damaged",
                self.position, self.end
            ));
        }
        Ok(())
    }

    fn take<const N: usize>(&mut self, what: &str) -> Result<[u8; N], Fault> {
        self.check_remaining(N as u64, what)?;
        let mut bytes = [0; N];
        self.source.read_exact(&mut bytes)?;
        self.position += N as u64;
        Ok(bytes)
    }

    fn u32(&mut self, what: &str) -> Result<u32, Fault> {
        self.take(what).map(u32::from_le_bytes)
    }

    fn u64(&mut self, what: &str) -> Result<u64, Fault> {
        self.take(what).map(u64::from_le_bytes)
    }

    /// A number of things of at least `bytes_each`, refused when they cannot fit in what is left.
    fn count(&mut self, what: &str, most: u64, bytes_each: u64) -> Result<u64, Fault> {
        let count = self.u64(what)?;
        if count > most
            || count
                .checked_mul(bytes_each)
                .is_none_or(|needed| needed > self.remaining())
        {
            return invalid(format!(
                "it claims {count} entries for {what}, more than the file can hold"
            ));
        }
        Ok(count)
    }

    fn bytes(&mut self, what: &str, length: u64) -> Result<Vec<u8>, Fault> {
        self.check_remaining(length, what)?;
        let length_usize = usize::try_from(length)
            .map_err(|_| Fault::Invalid(format!("{what} is too long for this machine")))?;
        let mut bytes = vec![0; length_usize];
        self.source.read_exact(&mut bytes)?;
        self.position += length;
        Ok(bytes)
    }

    fn string(&mut self, what: &str, most: u64) -> Result<String, Fault> {
        let length = self.u64(what)?;
        if length > most {
            return invalid(format!(
                "{what} claims to be {length} bytes long, more than {most}"
            ));
        }
        let bytes = self.bytes(what, length)?;
        String::from_utf8(bytes).or_else(|_| invalid(format!("{what} is not UTF-8")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gguf::{TensorData, write};
    use proptest::prelude::*;

    fn sample() -> Vec<u8> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("sample.gguf");
        let metadata = vec![
            (
                "general.architecture".to_owned(),
                Value::String("bert".to_owned()),
            ),
            ("a.bool".to_owned(), Value::Bool(true)),
            ("a.float".to_owned(), Value::F32(0.5)),
            (
                "a.tokens".to_owned(),
                Value::Array(Array::Strings(vec!["a".to_owned(), "▁b".to_owned()])),
            ),
            ("a.types".to_owned(), Value::Array(Array::I32(vec![1, -3]))),
            (
                "a.bytes".to_owned(),
                Value::Array(Array::Other {
                    kind: 0,
                    bytes: vec![1, 2, 3],
                }),
            ),
            ("a.wide".to_owned(), Value::U64(u64::MAX)),
        ];
        let numbers = [7_u8; 6 * 4];
        let tensors = ["first", "second"].map(|name| TensorData {
            name: name.to_owned(),
            shape: vec![3, 2],
            kind: TensorKind::F32,
            bytes: &numbers,
        });
        write(&path, &metadata, &tensors).unwrap();
        std::fs::read(&path).unwrap()
    }

    fn parse_bytes(bytes: &[u8]) -> Result<Header, String> {
        parse(bytes, bytes.len() as u64).map_err(|fault| match fault {
            Fault::Io(error) => error.to_string(),
            Fault::Invalid(reason) => reason,
        })
    }

    #[test]
    fn what_was_written_is_read() {
        let bytes = sample();
        let header = parse_bytes(&bytes).unwrap();
        assert_eq!(header.version, 3);
        assert_eq!(header.find_text("general.architecture"), Some("bert"));
        assert_eq!(
            header.find("a.types"),
            Some(&Value::Array(Array::I32(vec![1, -3])))
        );
        assert_eq!(header.find_u32("a.float"), None);
        assert_eq!(header.tensors.len(), 2);
        assert_eq!(header.tensors[1].offset, 32);
        assert!(header.data_offset.is_multiple_of(32));
        assert_eq!(
            header.data_offset + 32 + 24,
            bytes.len() as u64 - 8,
            "the last tensor is padded to the boundary"
        );
    }

    #[test]
    fn a_file_cut_anywhere_is_refused() {
        let bytes = sample();
        let needed = parse_bytes(&bytes)
            .map(|header| header.data_offset + 32 + 24)
            .unwrap();
        for length in 0..usize::try_from(needed).unwrap() {
            assert!(
                parse_bytes(&bytes[..length]).is_err(),
                "{length} bytes were accepted"
            );
        }
    }

    #[test]
    fn absurd_counts_are_refused_with_a_sentence() {
        let mut bytes = sample();
        bytes[8..16].copy_from_slice(&u64::MAX.to_le_bytes());
        assert!(parse_bytes(&bytes).unwrap_err().contains("tensors"));
        let mut bytes = sample();
        bytes[16..24].copy_from_slice(&(1_u64 << 40).to_le_bytes());
        assert!(parse_bytes(&bytes).unwrap_err().contains("metadata keys"));
        let mut bytes = sample();
        bytes[24..32].copy_from_slice(&u64::MAX.to_le_bytes());
        assert!(parse_bytes(&bytes).unwrap_err().contains("claims to be"));
        let mut bytes = sample();
        bytes[0] = b'X';
        assert!(parse_bytes(&bytes).unwrap_err().contains("letters GGUF"));
        let mut bytes = sample();
        bytes[4] = 9;
        assert!(parse_bytes(&bytes).unwrap_err().contains("version 9"));
    }

    #[test]
    fn a_folder_and_an_absent_file_are_errors() {
        let folder = tempfile::tempdir().unwrap();
        assert!(matches!(
            read_header(folder.path()),
            Err(GgufError::Invalid { .. })
        ));
        assert!(matches!(
            read_header(&folder.path().join("absent")),
            Err(GgufError::Io { .. })
        ));
    }

    proptest! {
        #[test]
        fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
            let _ = parse_bytes(&bytes);
            let mut headed = b"GGUF\x03\0\0\0".to_vec();
            headed.extend(bytes);
            let _ = parse_bytes(&headed);
        }

        #[test]
        fn no_change_of_a_good_file_panics_or_leads_outside(
            changes in proptest::collection::vec((any::<proptest::sample::Index>(), any::<u8>()), 1..6),
        ) {
            let mut bytes = sample();
            for (index, byte) in changes {
                let at = index.index(bytes.len());
                bytes[at] = byte;
            }
            if let Ok(header) = parse_bytes(&bytes) {
                for tensor in header.tensors {
                    prop_assert!(header.data_offset + tensor.offset + tensor.size_bytes <= bytes.len() as u64);
                }
            }
        }
    }
}
