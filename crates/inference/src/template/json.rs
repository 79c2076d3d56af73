//! The filter `tojson`, as Python writes JSON.

use std::io::{self, Write};

use minijinja::value::{Kwargs, Value};
use minijinja::{Error, ErrorKind};

use super::sandbox::OUTPUT_BYTES_MAX;

/// JSON as Python's `json.dumps(…, ensure_ascii=False)` writes it.
#[expect(
    clippy::needless_pass_by_value,
    reason = "filters get their options so"
)]
pub(super) fn to_json(value: &Value, options: Kwargs) -> Result<String, Error> {
    let indent: Option<usize> = options.get("indent")?;
    // Python's other options change nothing for values of templates.
    for name in ["ensure_ascii", "sort_keys", "separators"] {
        options.get::<Option<Value>>(name)?;
    }
    options.assert_all_used()?;
    let written = match indent {
        None => write_json(value, PythonJson),
        Some(width) => {
            let indent = " ".repeat(width.min(16));
            write_json(
                value,
                serde_json::ser::PrettyFormatter::with_indent(indent.as_bytes()),
            )
        }
    };
    written.map_err(|error| {
        Error::new(
            ErrorKind::BadSerialization,
            format!("a value is no JSON: {error}"),
        )
    })
}

fn write_json(value: &Value, form: impl serde_json::ser::Formatter) -> io::Result<String> {
    let mut output = Output::default();
    let mut serializer = serde_json::Serializer::with_formatter(&mut output, form);
    serde::Serialize::serialize(value, &mut serializer)?;
    String::from_utf8(output.0).map_err(io::Error::other)
}

/// A space after `,` and `:`, on one line.
struct PythonJson;

impl serde_json::ser::Formatter for PythonJson {
    fn begin_array_value<W: ?Sized + Write>(
        &mut self,
        writer: &mut W,
        is_first: bool,
    ) -> io::Result<()> {
        writer.write_all(if is_first { b"" } else { b", " })
    }

    fn begin_object_key<W: ?Sized + Write>(
        &mut self,
        writer: &mut W,
        is_first: bool,
    ) -> io::Result<()> {
        writer.write_all(if is_first { b"" } else { b", " })
    }

    fn begin_object_value<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        writer.write_all(b": ")
    }
}

/// Takes [`OUTPUT_BYTES_MAX`] bytes and no more.
#[derive(Default)]
struct Output(Vec<u8>);

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.0.len() + bytes.len() > OUTPUT_BYTES_MAX {
            return Err(io::Error::other("the output is too long"));
        }
        self.0.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
