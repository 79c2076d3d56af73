//! What values weigh. A template can build in few steps what takes a lifetime to write, compare or hash: a text in a list that is
//! in itself ten thousand times. So values are weighed to their depth before anything walks them, and the weight costs steps.

use std::borrow::Cow;

use minijinja::formatting::{FormatStyle, format};
use minijinja::value::{Kwargs, Rest, StringInput, Value, ValueKind, ValueOrKwargs};
use minijinja::{
    Environment, Error, ErrorKind, Output, State, escape_formatter, filters, functions,
};
use minijinja_contrib::pycompat::unknown_method_callback;

/// Most values within a list, tuple or map, one that is in it twice counted twice: writing and comparing them takes as long.
const VALUES_MAX: u64 = 20_000;
/// Most bytes of the texts within a value, counted in the same way.
const TEXT_BYTES_MAX: u64 = 1024 * 1024;
/// Bytes that are made or walked for one step.
const STEP_BYTES: u64 = 64;
/// Values that are walked for one step.
const STEP_VALUES: u64 = 4;
/// Longest a text can be padded to, and most digits of a number.
const WIDTH_MAX: u64 = 4096;
/// Bytes for which the longest number and the punctuation of a value are counted.
const NUMBER_BYTES: u64 = 400;
/// How much longer a text may become when it is written with its escapes.
const ESCAPED: u64 = 8;
/// Longest form of a date.
const DATE_FORM_BYTES_MAX: usize = 256;

/// Names of the filters that weigh; no template can write them. [`CHECK`] and [`HOLD`] weigh one value, [`KEEP`] one that a
/// namespace is to hold, [`ARGUMENTS`] all that a filter or test gets, [`EACH`] the same for one that applies another to each item.
pub(super) const CHECK: &str = "?";
pub(super) const HOLD: &str = "[";
pub(super) const KEEP: &str = "=";
pub(super) const ARGUMENTS: &str = "(";
pub(super) const EACH: &str = "*";
/// Name of the filter that adds.
pub(super) const ADD: &str = "+";

/// What a value weighs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Weight {
    values: u64,
    bytes: u64,
}

impl Weight {
    fn steps(self) -> u64 {
        self.values / STEP_VALUES + self.bytes / STEP_BYTES
    }
}

/// Adds the filters that weigh, and puts weighing ones in place of those of the engine that do not count what they make.
pub(super) fn install(environment: &mut Environment<'_>) {
    environment.add_filter(CHECK, |state: &State<'_, '_>, value: &Value| {
        charge(state, [value]).map(|_| value.clone())
    });
    environment.add_filter(HOLD, hold);
    environment.add_filter(KEEP, keep);
    environment.add_filter(
        ARGUMENTS,
        |state: &State<'_, '_>, items: Rest<ValueOrKwargs>| {
            charge(state, items.iter().map(|item| &**item))?;
            Ok::<_, Error>(last_first(items))
        },
    );
    environment.add_filter(EACH, |state: &State<'_, '_>, items: Rest<ValueOrKwargs>| {
        let mut items_rest = items.iter().map(|item| &**item);
        let first = items_rest.next();
        let length = first.and_then(Value::len);
        let length = length.map_or(VALUES_MAX, |length| length as u64);
        let rest = charge(state, items_rest)?;
        charge(state, first)?;
        state.consume_fuel(rest.steps().saturating_mul(length))?;
        Ok::<_, Error>(last_first(items))
    });
    environment.add_filter(ADD, add);
    environment.add_filter("format", format_printf);
    environment.add_filter(
        "trim",
        |state: &State<'_, '_>, value: StringInput<'_>, letters: Option<Cow<'_, str>>| {
            charge_trim(state, value.as_str(), letters.as_deref())?;
            Ok::<_, Error>(filters::trim(value, letters))
        },
    );
    environment.add_function(
        "dict",
        |state: &State<'_, '_>, value: Option<Value>, pairs: Kwargs| {
            let dict = functions::dict(value, pairs)?;
            charge(state, [&dict]).map(|_| dict)
        },
    );
    environment.add_function(
        "namespace",
        |state: &State<'_, '_>, defaults: Option<ValueOrKwargs>| {
            charge(state, defaults.as_deref())?;
            functions::namespace(defaults)
        },
    );
    environment.set_unknown_method_callback(call_method);
    environment.set_formatter(write);
}

/// Refuses a form of a date that is too long to be one.
pub(super) fn check_date_form(form: &str) -> Result<(), Error> {
    if form.len() > DATE_FORM_BYTES_MAX {
        return Err(wrong(format!(
            "the form of a date has {} bytes; at most {DATE_FORM_BYTES_MAX} are taken",
            form.len()
        )));
    }
    Ok(())
}

/// Weighs values and takes the steps that it costs to walk them.
fn charge<'a>(
    state: &State<'_, '_>,
    values: impl IntoIterator<Item = &'a Value>,
) -> Result<Weight, Error> {
    let weight = weigh(values.into_iter().cloned().collect())?;
    state.consume_fuel(weight.steps())?;
    Ok(weight)
}

/// Refuses values that hold each other so often that writing or comparing them would not end in a lifetime.
fn weigh(mut waiting: Vec<Value>) -> Result<Weight, Error> {
    let mut weight = Weight::default();
    let too_heavy = || wrong("it makes lists of too many values".to_owned());
    while let Some(value) = waiting.pop() {
        weight.values += 1;
        if weight.values > VALUES_MAX {
            return Err(too_heavy());
        }
        if let Some(text) = value.as_str() {
            weight.bytes += text.len() as u64;
            if weight.bytes > TEXT_BYTES_MAX {
                return Err(wrong(format!(
                    "it makes texts of more than {TEXT_BYTES_MAX} bytes"
                )));
            }
            continue;
        }
        let is_map = value.kind() == ValueKind::Map;
        if !is_map && !is_list(&value) {
            continue;
        }
        for item in value.try_iter()? {
            if waiting.len() as u64 > VALUES_MAX {
                return Err(too_heavy());
            }
            if is_map {
                waiting.push(value.get_item(&item)?);
            }
            waiting.push(item);
        }
    }
    Ok(weight)
}

/// A weighed value; one that makes its items anew each time it is asked becomes a list. Otherwise slices of slices of slices
/// would take as long for each item as there are of them.
fn hold(state: &State<'_, '_>, value: &Value) -> Result<Value, Error> {
    charge(state, [value])?;
    if value.kind() == ValueKind::Iterable {
        return Ok(Value::from(value.try_iter()?.collect::<Vec<Value>>()));
    }
    Ok(value.clone())
}

/// A value for a namespace to hold. What could hold the namespace in turn is refused: such a ring would never be given back.
fn keep(state: &State<'_, '_>, value: &Value) -> Result<Value, Error> {
    let held = hold(state, value)?;
    let mut waiting = vec![held.clone()];
    while let Some(value) = waiting.pop() {
        let Some(object) = value.as_object() else {
            continue;
        };
        let name = object.type_name();
        if value.kind() == ValueKind::Iterable
            || name.ends_with("::Namespace")
            || name.ends_with("::Loop")
        {
            return Err(wrong(
                "it puts a namespace, a loop or an unfinished list into a namespace".to_owned(),
            ));
        }
        let is_map = value.kind() == ValueKind::Map;
        if is_map || is_list(&value) {
            for item in value.try_iter()? {
                if is_map {
                    waiting.push(value.get_item(&item)?);
                }
                waiting.push(item);
            }
        }
    }
    Ok(held)
}

/// The values in the order in which `UnpackList` puts them back on the stack.
fn last_first(items: Rest<ValueOrKwargs>) -> Value {
    let items: Vec<Value> = items.0.into_iter().rev().map(Value::from).collect();
    Value::from(items)
}

fn is_list(value: &Value) -> bool {
    matches!(value.kind(), ValueKind::Seq | ValueKind::Iterable)
}

fn wrong(reason: String) -> Error {
    Error::new(ErrorKind::InvalidOperation, reason)
}

/// What `+` does. The engine's own adds lists without counting what it makes, so that one that is added to itself some dozens of
/// times takes all memory there is.
fn add(state: &State<'_, '_>, left: &Value, right: &Value) -> Result<Value, Error> {
    if let (Some(left), Some(right)) = (left.as_str(), right.as_str()) {
        let bytes = left.len().saturating_add(right.len());
        state.consume_fuel(bytes as u64 / STEP_BYTES)?;
        return Ok(Value::from([left, right].concat()));
    }
    if left.is_integer() && right.is_integer() {
        let (left, right) = (i64::try_from(left.clone())?, i64::try_from(right.clone())?);
        return left
            .checked_add(right)
            .map(Value::from)
            .ok_or_else(|| wrong("a sum is too large".to_owned()));
    }
    if left.kind() == ValueKind::Number && right.kind() == ValueKind::Number {
        return Ok(Value::from(
            f64::try_from(left.clone())? + f64::try_from(right.clone())?,
        ));
    }
    if is_list(left) && is_list(right) {
        charge(state, [left, right])?;
        let items = left.try_iter()?.chain(right.try_iter()?);
        return Ok(Value::from(items.collect::<Vec<Value>>()));
    }
    Err(wrong(format!(
        "{} and {} cannot be added",
        left.kind(),
        right.kind()
    )))
}

/// Writes a value out, weighed.
fn write(output: &mut Output<'_>, state: &mut State<'_, '_>, value: &Value) -> Result<(), Error> {
    charge(state, [value])?;
    escape_formatter(output, state, value)
}

/// Python's methods of texts, lists and maps.
fn call_method(
    state: &mut State<'_, '_>,
    value: &Value,
    method: &str,
    arguments: &[Value],
) -> Result<Value, Error> {
    charge(state, arguments)?;
    if let Some(text) = value.as_str() {
        match method {
            "format" => charge_format(state, FormatStyle::StrFormat, text, arguments)?,
            "strip" | "lstrip" | "rstrip" => {
                charge_trim(state, text, arguments.first().and_then(Value::as_str))?;
            }
            // Every letter can become a value of its own.
            "split" | "splitlines" => {
                state.consume_fuel(text.len() as u64 / (STEP_BYTES / 8))?;
            }
            _ => {}
        }
    } else if value.kind() == ValueKind::Seq {
        charge(state, [value])?;
    }
    unknown_method_callback(state, value, method, arguments)
}

/// The filter `format`.
fn format_printf(
    state: &State<'_, '_>,
    text: &str,
    arguments: Rest<ValueOrKwargs>,
) -> Result<String, Error> {
    let arguments: Vec<Value> = arguments.0.into_iter().map(Value::from).collect();
    charge_format(state, FormatStyle::Printf, text, &arguments)?;
    format(FormatStyle::Printf, text, &arguments)
}

/// Takes the steps for the longest text that a form can become, before it becomes it.
fn charge_format(
    state: &State<'_, '_>,
    style: FormatStyle,
    text: &str,
    arguments: &[Value],
) -> Result<(), Error> {
    let (fields, padding) = match style {
        FormatStyle::Printf => measure(text, '%', |rest| {
            let rest = rest
                .split_once(')')
                .filter(|_| rest.starts_with('('))
                .map_or(rest, |(_, rest)| rest);
            rest.split(|letter: char| !" -+#.0123456789".contains(letter))
                .next()
        }),
        FormatStyle::StrFormat => measure(text, '{', |rest| {
            let (field, _) = rest.split_once('}')?;
            field.split_once(':').map(|(_, form)| form)
        }),
    }?;
    let weight = charge(state, arguments)?;
    let field = weight.bytes.saturating_mul(ESCAPED) + weight.values.saturating_mul(NUMBER_BYTES);
    let bytes = fields
        .saturating_mul(field)
        // A letter that fills has up to four bytes; digits may get separators.
        .saturating_add(padding.saturating_mul(ESCAPED))
        .saturating_add(text.len() as u64);
    state.consume_fuel(bytes / STEP_BYTES)
}

/// The number of fields of a form, and the sum of their widths and precisions.
fn measure<'a>(
    text: &'a str,
    mark: char,
    form_of: impl Fn(&'a str) -> Option<&'a str>,
) -> Result<(u64, u64), Error> {
    let (mut fields, mut padding) = (0_u64, 0_u64);
    for (place, _) in text.match_indices(mark) {
        fields += 1;
        let rest = text.get(place + mark.len_utf8()..).unwrap_or_default();
        let numbers = form_of(rest)
            .unwrap_or_default()
            .split(|letter: char| !letter.is_ascii_digit())
            .filter(|digits| !digits.is_empty());
        for digits in numbers {
            let width = digits.parse().unwrap_or(u64::MAX);
            if width > WIDTH_MAX {
                return Err(wrong(format!(
                    "it pads a text to {digits} letters; at most {WIDTH_MAX} are written"
                )));
            }
            padding = padding.saturating_add(width);
        }
    }
    Ok((fields, padding))
}

/// Every letter of a text may be compared with every letter that is to be taken away.
fn charge_trim(state: &State<'_, '_>, text: &str, letters: Option<&str>) -> Result<(), Error> {
    let letters = letters.map_or(1, str::len) as u64;
    state.consume_fuel((text.len() as u64).saturating_mul(letters) / STEP_BYTES)
}
