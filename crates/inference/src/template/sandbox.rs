//! Runs a template: foreign code in a small language. It has no files, no other templates and no clock of its own; its steps,
//! its memory and its output are bounded, and it runs on a stack that the deepest values it can make with them fit on.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::sync::Arc;
use std::thread;

use domain::models::writing::Speaker;
use domain::time::Timestamp;
use minijinja::machinery::{
    CompiledTemplate, Instruction, TemplateConfig, eval, make_string_output,
};
use minijinja::syntax::SyntaxConfig;
use minijinja::value::{Kwargs, Rest, Tuple, Value, ValueKind};
use minijinja::{AutoEscape, Environment, Error, ErrorKind, State, UndefinedBehavior};
use minijinja_contrib::pycompat::unknown_method_callback;

use super::{SpecialTokens, moment};

/// Longest template that is read. Published ones have under 20 KiB.
const SOURCE_BYTES_MAX: usize = 256 * 1024;
/// Steps of a run; every 64 bytes that are made count as one more. Published templates take under 200 for each message.
const FUEL: u64 = 300_000;
/// Nesting of blocks, macros and calls.
const NESTING_MAX: usize = 120;
/// Longest output, marks included.
const OUTPUT_BYTES_MAX: usize = 2 * 1024 * 1024;
/// Stack of a run. Values nested as deep as the steps allow are dropped by recursion; only the pages that are used cost memory.
const STACK_BYTES: usize = 256 * 1024 * 1024;
/// Longest reason that is passed on: templates write some of them.
const REASON_CHARS_MAX: usize = 200;
/// Bytes that are made for one step.
const FUEL_BYTES: u64 = 64;
/// The only template there is.
const NAME: &str = "chat";
/// Name of the filter that adds; no template can write it.
const ADD: &str = "+";
/// Names of the filters that make lists, tuples and maps.
const LIST: &str = "[";
const TUPLE: &str = "(";
const MAP: &str = "{";
/// Most values within a list, tuple or map, one that is in it twice counted twice: writing and comparing them takes as long.
const VALUES_MAX: u64 = 20_000;
/// A filter's number when it is looked up each time.
const UNCACHED: u8 = u8::MAX;
/// Filters of the engine that join lists without counting what they make.
const UNBOUNDED_FILTERS: [(&str, &str); 3] = [
    ("zip", "the filter `zip` is not available to it"),
    ("sum", "the filter `sum` is not available to it"),
    ("chain", "the filter `chain` is not available to it"),
];

/// Why a run has no result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Fault {
    /// It failed, or refuses the conversation; another form of it may do.
    Refused(String),
    /// It is too long or does not end. Another form would take as long.
    Exhausted(String),
}

impl Fault {
    pub(super) fn reason(self) -> String {
        match self {
            Self::Refused(reason) | Self::Exhausted(reason) => reason,
        }
    }
}

/// A compiled template with everything it may use.
#[derive(Debug)]
pub(super) struct Sandbox {
    environment: Environment<'static>,
    syntax: SyntaxConfig,
    source: String,
    tokens: SpecialTokens,
}

impl Sandbox {
    /// Compiles a template.
    ///
    /// # Errors
    /// [`Fault`] when it is too long or does not follow the language.
    pub(super) fn new(source: &str, tokens: SpecialTokens) -> Result<Self, Fault> {
        if source.len() > SOURCE_BYTES_MAX {
            return Err(Fault::Exhausted(format!(
                "it has {} bytes, and at most {SOURCE_BYTES_MAX} are read",
                source.len()
            )));
        }
        let mut environment = Environment::new();
        // The settings of the `transformers` library, for which published templates are written.
        let syntax = SyntaxConfig::builder()
            .trim_blocks(true)
            .lstrip_blocks(true)
            .build()
            .expect("BUG: the usual delimiters are valid");
        environment.set_syntax(syntax.clone());
        environment.set_undefined_behavior(UndefinedBehavior::Lenient);
        environment.set_unknown_method_callback(unknown_method_callback);
        environment.set_fuel(Some(FUEL));
        environment.set_recursion_limit(NESTING_MAX);
        environment.remove_global("debug");
        environment.add_function("raise_exception", raise_exception);
        environment.add_filter("tojson", to_json);
        for (name, reason) in UNBOUNDED_FILTERS {
            environment.add_filter(name, move |_: &Value| -> Result<Value, Error> {
                Err(Error::new(ErrorKind::InvalidOperation, reason))
            });
        }
        environment.add_filter(ADD, add);
        environment.add_filter(LIST, |state: &State<'_, '_>, items: Rest<Value>| {
            weigh(state, &items)?;
            Ok::<_, Error>(Value::from(items.0))
        });
        environment.add_filter(TUPLE, |state: &State<'_, '_>, items: Rest<Value>| {
            weigh(state, &items)?;
            Ok::<_, Error>(Value::from(Tuple::from(items.0)))
        });
        environment.add_filter(MAP, |state: &State<'_, '_>, items: Rest<Value>| {
            weigh(state, &items)?;
            let (pairs, _) = items.as_chunks::<2>();
            let pairs = pairs
                .iter()
                .map(|[key, value]| (key.clone(), value.clone()));
            Ok::<_, Error>(Value::from_pairs(pairs))
        });
        let sandbox = Self {
            environment,
            syntax,
            source: source.to_owned(),
            tokens,
        };
        on_deep_stack(|| sandbox.compile().map(drop))?.map_err(|error| fault(&error))?;
        Ok(sandbox)
    }

    /// The instructions of the template, those that make lists and sums replaced by ones that count what they make.
    fn compile(&self) -> Result<CompiledTemplate<'_>, Error> {
        let config = TemplateConfig {
            syntax_config: self.syntax.clone(),
            default_auto_escape: Arc::new(|_| AutoEscape::None),
        };
        let mut compiled = CompiledTemplate::new(NAME, &self.source, &config)?;
        let mut place = 0;
        while let Some(instruction) = compiled.instructions.get_mut(place) {
            #[expect(
                clippy::wildcard_enum_match_arm,
                reason = "the others, of which there are sixty, stay as they are"
            )]
            let safe = match instruction {
                Instruction::Add => Some((ADD, 2)),
                Instruction::BuildList(Some(count)) => Some((LIST, *count)),
                Instruction::BuildTuple(Some(count)) => Some((TUPLE, *count)),
                Instruction::BuildMap(pairs) => Some((MAP, pairs.saturating_mul(2))),
                _ => None,
            };
            if let Some((name, count)) = safe.filter(|(_, count)| *count > 0) {
                let too_many = || Error::new(ErrorKind::SyntaxError, "a list in it is too long");
                let count = u16::try_from(count).map_err(|_| too_many())?;
                *instruction = Instruction::ApplyFilter(name, Some(count), UNCACHED);
            }
            place += 1;
        }
        Ok(compiled)
    }

    /// What the template writes for these messages.
    pub(super) fn run(
        &self,
        messages: &[(Speaker, String)],
        is_answer_begun: bool,
        now: Option<Timestamp>,
    ) -> Result<String, Fault> {
        let output = on_deep_stack(|| {
            let compiled = self.compile()?;
            let mut output = String::new();
            eval(
                &self.environment,
                &compiled.instructions,
                self.context(messages, is_answer_begun, now),
                &compiled.blocks,
                &mut make_string_output(&mut output),
                AutoEscape::None,
            )?;
            Ok(output)
        })?
        .map_err(|error: Error| fault(&error))?;
        if output.len() > OUTPUT_BYTES_MAX {
            return Err(Fault::Exhausted(format!(
                "it writes more than {OUTPUT_BYTES_MAX} bytes"
            )));
        }
        Ok(output)
    }

    fn context(
        &self,
        messages: &[(Speaker, String)],
        is_answer_begun: bool,
        now: Option<Timestamp>,
    ) -> Value {
        let messages: Value = messages
            .iter()
            .map(|(speaker, text)| {
                Value::from(BTreeMap::from([
                    ("role", Value::from(speaker.name())),
                    ("content", Value::from(text.as_str())),
                ]))
            })
            .collect();
        let token = |token: &Option<String>| Value::from(token.as_deref().unwrap_or_default());
        let none = || Value::from(());
        let strftime_now = Value::from_function(move |format: &str| {
            now.map(|now| moment::format(now, format)).ok_or_else(|| {
                Error::new(ErrorKind::InvalidOperation, "the time is not told to it")
            })
        });
        Value::from(BTreeMap::from([
            ("messages", messages),
            ("add_generation_prompt", Value::from(is_answer_begun)),
            ("tools", none()),
            ("documents", none()),
            ("bos_token", token(&self.tokens.begin)),
            ("eos_token", token(&self.tokens.end)),
            ("unk_token", token(&self.tokens.unknown)),
            ("pad_token", token(&self.tokens.padding)),
            ("strftime_now", strftime_now),
        ]))
    }
}

/// Runs `work` on a thread of its own with a stack of [`STACK_BYTES`].
fn on_deep_stack<T: Send>(work: impl FnOnce() -> T + Send) -> Result<T, Fault> {
    thread::scope(|scope| {
        thread::Builder::new()
            .name("chat-template".to_owned())
            .stack_size(STACK_BYTES)
            .spawn_scoped(scope, work)
            .map_err(|error| Fault::Exhausted(format!("no thread can be started for it: {error}")))?
            .join()
            .map_err(|_| Fault::Refused("it makes the template engine fail".to_owned()))
    })
}

fn fault(error: &Error) -> Fault {
    if error.kind() == ErrorKind::OutOfFuel {
        return Fault::Exhausted(format!(
            "it takes more than {FUEL} steps or too much memory"
        ));
    }
    let text = match error.detail() {
        // What templates say themselves reads well on its own.
        Some(detail) if error.kind() == ErrorKind::InvalidOperation => detail.to_owned(),
        Some(detail) => format!("{}: {detail}", error.kind()),
        None => error.kind().to_string(),
    };
    let text: String = text
        .chars()
        .map(|letter| if letter.is_control() { ' ' } else { letter })
        .take(REASON_CHARS_MAX)
        .collect();
    Fault::Refused(match error.line() {
        Some(line) => format!("{text} (line {line})"),
        None => text,
    })
}

/// Refuses values that hold each other so often that writing or comparing them would not end in a lifetime.
fn weigh(state: &State<'_, '_>, items: &[Value]) -> Result<(), Error> {
    let mut left = VALUES_MAX;
    let mut waiting: Vec<Value> = items.to_vec();
    while let Some(value) = waiting.pop() {
        left = left.checked_sub(1).ok_or_else(|| {
            Error::new(
                ErrorKind::InvalidOperation,
                "it makes lists of too many values",
            )
        })?;
        let is_map = value.kind() == ValueKind::Map;
        if !is_map && !matches!(value.kind(), ValueKind::Seq | ValueKind::Iterable) {
            continue;
        }
        for item in value.try_iter()? {
            if waiting.len() as u64 > left {
                break;
            }
            if is_map {
                waiting.push(value.get_item(&item)?);
            }
            waiting.push(item);
        }
    }
    // Values in values are counted again for each that holds them; this bounds the counting too.
    state.consume_fuel((VALUES_MAX - left) / 4)
}

/// What `+` does. The engine's own adds lists without counting what it makes, so that one that is added to itself some dozens of
/// times takes all memory there is.
fn add(state: &State<'_, '_>, left: &Value, right: &Value) -> Result<Value, Error> {
    let wrong = |reason: &str| Error::new(ErrorKind::InvalidOperation, reason.to_owned());
    if let (Some(left), Some(right)) = (left.as_str(), right.as_str()) {
        let bytes = left.len().saturating_add(right.len());
        state.consume_fuel(bytes as u64 / FUEL_BYTES)?;
        return Ok(Value::from([left, right].concat()));
    }
    if left.is_integer() && right.is_integer() {
        let (left, right) = (i64::try_from(left.clone())?, i64::try_from(right.clone())?);
        return left
            .checked_add(right)
            .map(Value::from)
            .ok_or_else(|| wrong("a sum is too large"));
    }
    if left.kind() == ValueKind::Number && right.kind() == ValueKind::Number {
        return Ok(Value::from(
            f64::try_from(left.clone())? + f64::try_from(right.clone())?,
        ));
    }
    let is_list = |value: &Value| matches!(value.kind(), ValueKind::Seq | ValueKind::Iterable);
    if is_list(left) && is_list(right) {
        let mut items = Vec::new();
        for list in [left, right] {
            for item in list.try_iter()? {
                // As much as a step for each; an endless list ends here.
                state.consume_fuel(1)?;
                items.push(item);
            }
        }
        return Ok(Value::from(items));
    }
    Err(wrong(&format!(
        "{} and {} cannot be added",
        left.kind(),
        right.kind()
    )))
}

fn raise_exception(message: &str) -> Result<Value, Error> {
    Err(Error::new(ErrorKind::InvalidOperation, message.to_owned()))
}

/// JSON as Python's `json.dumps(…, ensure_ascii=False)` writes it.
#[expect(
    clippy::needless_pass_by_value,
    reason = "filters get their options so"
)]
fn to_json(value: &Value, options: Kwargs) -> Result<String, Error> {
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
