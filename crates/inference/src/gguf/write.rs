//! Writes a whole GGUF file, or none: it grows under another name, is flushed to the disk, and is renamed at the end.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use super::{
    ALIGNMENT_DEFAULT, ALIGNMENT_KEY, Array, DIMENSIONS_MAX, GgufError, MAGIC,
    TENSOR_NAME_BYTES_MAX, TensorKind, VERSION, Value, align,
};

/// A tensor to be written.
#[derive(Debug, Clone)]
pub struct TensorData<'a> {
    /// At most 63 bytes.
    pub name: String,
    /// Lengths, fastest dimension first.
    pub shape: Vec<u64>,
    /// How `bytes` stores the numbers.
    pub kind: TensorKind,
    /// The numbers, little-endian, as long as shape and kind say.
    pub bytes: &'a [u8],
}

/// A tensor whose numbers are given later.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TensorPlan {
    /// At most 63 bytes.
    pub name: String,
    /// Lengths, fastest dimension first.
    pub shape: Vec<u64>,
    /// How its numbers are stored.
    pub kind: TensorKind,
}

/// Writes `metadata` and `tensors` to `path`, replacing what is there. Two calls for one path at one time are the caller's
/// mistake.
///
/// # Errors
/// [`GgufError::Invalid`] when a name, shape or length breaks the format, [`GgufError::Io`] when the disk refuses; `path` is
/// untouched then.
pub fn write(
    path: &Path,
    metadata: &[(String, Value)],
    tensors: &[TensorData<'_>],
) -> Result<(), GgufError> {
    for tensor in tensors {
        check_length(tensor).map_err(|reason| GgufError::Invalid {
            path: path.to_owned(),
            reason,
        })?;
    }
    let plans: Vec<_> = tensors
        .iter()
        .map(|tensor| TensorPlan {
            name: tensor.name.clone(),
            shape: tensor.shape.clone(),
            kind: tensor.kind,
        })
        .collect();
    write_streamed(path, metadata, &plans, &mut |index, out| {
        out.write_all(tensors[index].bytes)
    })
}

/// Like [`write()`], for tensors that need not be in memory together: `fill` is called once for each of `plans`, with its index, in
/// order, and writes exactly as many bytes as its shape and kind say.
///
/// # Errors
/// Those of [`write()`]; [`GgufError::Io`] also when `fill` fails or writes another number of bytes.
pub fn write_streamed(
    path: &Path,
    metadata: &[(String, Value)],
    plans: &[TensorPlan],
    fill: &mut dyn FnMut(usize, &mut dyn Write) -> io::Result<()>,
) -> Result<(), GgufError> {
    for plan in plans {
        check_plan(plan).map_err(|reason| GgufError::Invalid {
            path: path.to_owned(),
            reason,
        })?;
    }
    if metadata.iter().any(|(key, _)| key == ALIGNMENT_KEY) {
        let reason = format!("{ALIGNMENT_KEY} is fixed at {ALIGNMENT_DEFAULT} when writing");
        return Err(GgufError::Invalid {
            path: path.to_owned(),
            reason,
        });
    }
    let partial = partial_path(path);
    write_file(&partial, metadata, plans, fill)
        .and_then(|()| fs::rename(&partial, path))
        .and_then(|()| sync_folder(path))
        .map_err(|source| {
            // The error that matters is the first one; a partial file that stays is overwritten by the next attempt.
            let _ = fs::remove_file(&partial);
            GgufError::Io {
                path: path.to_owned(),
                source,
            }
        })
}

fn partial_path(path: &Path) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".partial");
    path.with_file_name(name)
}

/// Makes the rename itself last through a power cut.
fn sync_folder(path: &Path) -> io::Result<()> {
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
}

fn check_length(tensor: &TensorData<'_>) -> Result<(), String> {
    if tensor.kind.find_size_bytes(&tensor.shape) != Some(tensor.bytes.len() as u64) {
        return Err(format!(
            "tensor {:?} of shape {:?} and type {} has {} bytes",
            tensor.name,
            tensor.shape,
            tensor.kind.name,
            tensor.bytes.len()
        ));
    }
    Ok(())
}

fn check_plan(plan: &TensorPlan) -> Result<(), String> {
    if plan.name.len() as u64 > TENSOR_NAME_BYTES_MAX {
        return Err(format!(
            "the tensor name {:?} is longer than {TENSOR_NAME_BYTES_MAX} bytes",
            plan.name
        ));
    }
    if plan.shape.len() > DIMENSIONS_MAX as usize {
        return Err(format!(
            "tensor {:?} has more than {DIMENSIONS_MAX} dimensions",
            plan.name
        ));
    }
    if plan.kind.find_size_bytes(&plan.shape).is_none() {
        return Err(format!(
            "tensor {:?} of type {} cannot have the shape {:?}",
            plan.name, plan.kind.name, plan.shape
        ));
    }
    Ok(())
}

fn write_file(
    path: &Path,
    metadata: &[(String, Value)],
    plans: &[TensorPlan],
    fill: &mut dyn FnMut(usize, &mut dyn Write) -> io::Result<()>,
) -> io::Result<()> {
    let mut out = Counted {
        inner: BufWriter::new(File::create(path)?),
        written: 0,
    };
    out.write_all(&MAGIC)?;
    out.write_all(&VERSION.to_le_bytes())?;
    out.write_all(&(plans.len() as u64).to_le_bytes())?;
    out.write_all(&(metadata.len() as u64).to_le_bytes())?;
    for (key, value) in metadata {
        write_string(&mut out, key)?;
        write_value(&mut out, value)?;
    }
    let mut offset = 0_u64;
    let sizes: Vec<u64> = plans
        .iter()
        .map(|plan| plan.kind.find_size_bytes(&plan.shape))
        .collect::<Option<_>>()
        .expect("BUG: the shapes were checked");
    for (plan, size) in plans.iter().zip(&sizes) {
        write_string(&mut out, &plan.name)?;
        let dimensions = u32::try_from(plan.shape.len()).expect("BUG: the shape was checked");
        out.write_all(&dimensions.to_le_bytes())?;
        for length in &plan.shape {
            out.write_all(&length.to_le_bytes())?;
        }
        out.write_all(&plan.kind.id.to_le_bytes())?;
        out.write_all(&offset.to_le_bytes())?;
        offset = offset
            .checked_add(*size)
            .and_then(|end| align(end, ALIGNMENT_DEFAULT))
            .ok_or_else(|| io::Error::other("the tensors are larger than any file"))?;
    }
    out.pad()?;
    for (index, (plan, size)) in plans.iter().zip(&sizes).enumerate() {
        let start = out.written;
        fill(index, &mut out)?;
        let given = out.written - start;
        if given != *size {
            return Err(io::Error::other(format!(
                "tensor {:?} was given {given} bytes, not {size}",
                plan.name
            )));
        }
        out.pad()?;
    }
    out.inner
        .into_inner()
        .map_err(io::IntoInnerError::into_error)?
        .sync_all()
}

fn write_value(out: &mut impl Write, value: &Value) -> io::Result<()> {
    let kind: u32 = match value {
        Value::U8(_) => 0,
        Value::I8(_) => 1,
        Value::U16(_) => 2,
        Value::I16(_) => 3,
        Value::U32(_) => 4,
        Value::I32(_) => 5,
        Value::F32(_) => 6,
        Value::Bool(_) => 7,
        Value::String(_) => 8,
        Value::Array(_) => 9,
        Value::U64(_) => 10,
        Value::I64(_) => 11,
        Value::F64(_) => 12,
    };
    out.write_all(&kind.to_le_bytes())?;
    match value {
        Value::U8(number) => out.write_all(&number.to_le_bytes()),
        Value::I8(number) => out.write_all(&number.to_le_bytes()),
        Value::U16(number) => out.write_all(&number.to_le_bytes()),
        Value::I16(number) => out.write_all(&number.to_le_bytes()),
        Value::U32(number) => out.write_all(&number.to_le_bytes()),
        Value::I32(number) => out.write_all(&number.to_le_bytes()),
        Value::F32(number) => out.write_all(&number.to_le_bytes()),
        Value::Bool(truth) => out.write_all(&[u8::from(*truth)]),
        Value::String(text) => write_string(out, text),
        Value::Array(array) => write_array(out, array),
        Value::U64(number) => out.write_all(&number.to_le_bytes()),
        Value::I64(number) => out.write_all(&number.to_le_bytes()),
        Value::F64(number) => out.write_all(&number.to_le_bytes()),
    }
}

fn write_array(out: &mut impl Write, array: &Array) -> io::Result<()> {
    let mut head = |kind: u32, count: usize| {
        out.write_all(&kind.to_le_bytes())?;
        out.write_all(&(count as u64).to_le_bytes())
    };
    match array {
        Array::Strings(texts) => {
            head(8, texts.len())?;
            texts.iter().try_for_each(|text| write_string(out, text))
        }
        Array::I32(numbers) => {
            head(5, numbers.len())?;
            numbers
                .iter()
                .try_for_each(|number| out.write_all(&number.to_le_bytes()))
        }
        Array::F32(numbers) => {
            head(6, numbers.len())?;
            numbers
                .iter()
                .try_for_each(|number| out.write_all(&number.to_le_bytes()))
        }
        Array::Other { kind, bytes } => {
            let element_bytes = match kind {
                0 | 1 | 7 => 1,
                2 | 3 => 2,
                4 => 4,
                10..=12 => 8,
                other => {
                    return Err(io::Error::other(format!(
                        "arrays of type {other} are not written this way"
                    )));
                }
            };
            if !bytes.len().is_multiple_of(element_bytes) {
                return Err(io::Error::other(format!(
                    "{} bytes are no whole number of type {kind}",
                    bytes.len()
                )));
            }
            head(*kind, bytes.len() / element_bytes)?;
            out.write_all(bytes)
        }
    }
}

fn write_string(out: &mut impl Write, text: &str) -> io::Result<()> {
    out.write_all(&(text.len() as u64).to_le_bytes())?;
    out.write_all(text.as_bytes())
}

/// A writer that knows how far it is, for padding.
struct Counted<W> {
    inner: W,
    written: u64,
}

impl<W: Write> Counted<W> {
    fn pad(&mut self) -> io::Result<()> {
        const ZEROS: [u8; 32] = [0; 32];
        let target = align(self.written, ALIGNMENT_DEFAULT)
            .ok_or_else(|| io::Error::other("the file is too long"))?;
        let missing = usize::try_from(target - self.written)
            .expect("BUG: padding is shorter than the alignment");
        self.write_all(&ZEROS[..missing])
    }
}

impl<W: Write> Write for Counted<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = self.inner.write(bytes)?;
        self.written += count as u64;
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrong_length_is_refused_and_the_old_file_stays() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("model.gguf");
        write(&path, &[], &[]).unwrap();
        let before = fs::read(&path).unwrap();
        let tensor = TensorData {
            name: "t".to_owned(),
            shape: vec![2],
            kind: TensorKind::F32,
            bytes: &[0; 4],
        };
        let error = write(&path, &[], &[tensor]).unwrap_err();
        assert!(error.to_string().contains("has 4 bytes"), "{error}");
        assert_eq!(fs::read(&path).unwrap(), before);
        assert_eq!(
            fs::read_dir(folder.path()).unwrap().count(),
            1,
            "no partial file stays"
        );
    }

    #[test]
    fn a_streamed_tensor_of_another_length_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("model.gguf");
        let plan = TensorPlan {
            name: "t".to_owned(),
            shape: vec![2],
            kind: TensorKind::F32,
        };
        let fill_with = |count: usize| {
            write_streamed(&path, &[], std::slice::from_ref(&plan), &mut |_, out| {
                out.write_all(&vec![1; count])
            })
        };
        assert!(fill_with(7).unwrap_err().to_string().contains("7 bytes"));
        assert!(fill_with(9).is_err());
        assert!(!path.exists());
        fill_with(8).unwrap();
        let header = crate::gguf::read_header(&path).unwrap();
        assert_eq!(header.tensors[0].size_bytes, 8);
    }

    #[test]
    fn an_unwritable_place_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        assert!(matches!(
            write(&folder.path().join("absent/model.gguf"), &[], &[]),
            Err(GgufError::Io { .. })
        ));
    }
}
