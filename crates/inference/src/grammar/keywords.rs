//! What a schema may say, and what single keywords mean.

use super::SchemaError;
use super::json::{Json, find};
use super::numbers::Range;

/// Says nothing about values.
const ANNOTATIONS: [&str; 17] = [
    "title",
    "description",
    "default",
    "examples",
    "example",
    "deprecated",
    "readOnly",
    "writeOnly",
    "contentMediaType",
    "contentEncoding",
    "$schema",
    "$id",
    "$comment",
    "$defs",
    "definitions",
    "$anchor",
    "$vocabulary",
];
/// Can be kept, at least in part.
pub(super) const CONSTRAINTS: [&str; 29] = [
    "$ref",
    "allOf",
    "anyOf",
    "oneOf",
    "const",
    "enum",
    "type",
    "nullable",
    "properties",
    "required",
    "additionalProperties",
    "unevaluatedProperties",
    "minProperties",
    "maxProperties",
    "items",
    "minItems",
    "maxItems",
    "uniqueItems",
    "minLength",
    "maxLength",
    "pattern",
    "format",
    "minimum",
    "maximum",
    "exclusiveMinimum",
    "exclusiveMaximum",
    "multipleOf",
    "dependentRequired",
    "dependencies",
];

/// The JSON types, with integers apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Null,
    Boolean,
    Integer,
    Number,
    String,
    Array,
    Object,
}

impl Kind {
    const ALL: [(&'static str, Self); 7] = [
        ("null", Self::Null),
        ("boolean", Self::Boolean),
        ("integer", Self::Integer),
        ("number", Self::Number),
        ("string", Self::String),
        ("array", Self::Array),
        ("object", Self::Object),
    ];

    pub(super) fn has(self, value: &Json) -> bool {
        match (self, value) {
            (Self::Null, Json::Null)
            | (Self::Boolean, Json::Bool(_))
            | (Self::Number, Json::Number(_))
            | (Self::String, Json::String(_))
            | (Self::Array, Json::Array(_))
            | (Self::Object, Json::Object(_)) => true,
            (Self::Integer, Json::Number(number)) => {
                number.as_f64().is_some_and(|number| number.fract() == 0.0)
            }
            _ => false,
        }
    }

    pub(super) fn overlaps(self, other: Self) -> bool {
        self == other
            || matches!(
                (self, other),
                (Self::Integer, Self::Number) | (Self::Number, Self::Integer)
            )
    }
}

/// The types a schema allows: those it names, or those that its keywords are about, or all.
pub(super) fn kinds(schema: &[(String, Json)], at: &str) -> Result<Vec<Kind>, SchemaError> {
    let find_kind = |name: &Json| {
        Kind::ALL
            .into_iter()
            .find(|(known, _)| Some(*known) == name.text())
            .map(|(_, kind)| kind)
            .ok_or_else(|| unsupported("type", at, "it names a type that JSON does not have"))
    };
    let mut kinds = match find(schema, "type") {
        Some(Json::Array(names)) => names.iter().map(find_kind).collect::<Result<Vec<_>, _>>()?,
        Some(name) => vec![find_kind(name)?],
        None => inferred(schema),
    };
    if find(schema, "nullable") == Some(&Json::Bool(true)) && !kinds.contains(&Kind::Null) {
        kinds.push(Kind::Null);
    }
    Ok(kinds)
}

fn inferred(schema: &[(String, Json)]) -> Vec<Kind> {
    let has = |keywords: &[&str]| {
        keywords
            .iter()
            .any(|keyword| find(schema, keyword).is_some())
    };
    let mut kinds = Vec::new();
    if has(&[
        "properties",
        "required",
        "additionalProperties",
        "minProperties",
        "maxProperties",
    ]) {
        kinds.push(Kind::Object);
    }
    if has(&["items", "minItems", "maxItems", "uniqueItems"]) {
        kinds.push(Kind::Array);
    }
    if has(&["minLength", "maxLength", "pattern", "format"]) {
        kinds.push(Kind::String);
    }
    if has(&[
        "minimum",
        "maximum",
        "exclusiveMinimum",
        "exclusiveMaximum",
        "multipleOf",
    ]) {
        kinds.push(Kind::Number);
    }
    if kinds.is_empty() {
        let all = [
            Kind::Null,
            Kind::Boolean,
            Kind::Number,
            Kind::String,
            Kind::Array,
            Kind::Object,
        ];
        kinds.extend(all);
    }
    kinds
}

/// A refusal.
pub(super) fn unsupported(keyword: &str, at: &str, reason: &str) -> SchemaError {
    let short = |text: &str| text.chars().take(200).collect::<String>();
    SchemaError::Unsupported {
        keyword: short(keyword),
        pointer: short(at),
        reason: reason.to_owned(),
    }
}

/// The number under a keyword that counts something.
pub(super) fn count(
    schema: &[(String, Json)],
    keyword: &str,
    at: &str,
) -> Result<Option<usize>, SchemaError> {
    let Some(value) = find(schema, keyword) else {
        return Ok(None);
    };
    let number = match value {
        Json::Number(number) => number.as_u64(),
        Json::Null | Json::Bool(_) | Json::String(_) | Json::Array(_) | Json::Object(_) => None,
    };
    number
        .and_then(|number| usize::try_from(number).ok())
        .map(Some)
        .ok_or_else(|| unsupported(keyword, at, "it is no whole number from 0 on"))
}

/// Refuses what is not known: it might ask for something.
///
/// # Errors
/// [`SchemaError::Unsupported`] with the first such keyword.
pub(super) fn check_keywords(schema: &[(String, Json)], at: &str) -> Result<(), SchemaError> {
    for (keyword, value) in schema {
        let name = keyword.as_str();
        if name.starts_with("x-") || ANNOTATIONS.contains(&name) {
            continue;
        }
        let is_harmless = match name {
            "dependentRequired" | "dependencies" => *value == Json::Object(Vec::new()),
            // Properties that are not named are not written.
            "unevaluatedProperties" => matches!(value, Json::Bool(_)),
            _ => CONSTRAINTS.contains(&name),
        };
        if !is_harmless {
            return Err(unsupported(name, at, "a grammar cannot keep it"));
        }
    }
    Ok(())
}

/// Bounds that are whole numbers.
fn bound(schema: &[(String, Json)], keyword: &str, at: &str) -> Result<Option<i64>, SchemaError> {
    let Some(value) = find(schema, keyword) else {
        return Ok(None);
    };
    let Json::Number(number) = value else {
        return Err(unsupported(keyword, at, "it is no number"));
    };
    whole(number).map(Some).ok_or_else(|| {
        unsupported(
            keyword,
            at,
            "only whole bounds of up to 15 digits can be kept",
        )
    })
}

#[expect(clippy::cast_possible_truncation, reason = "the bounds are checked")]
fn whole(number: &serde_json::Number) -> Option<i64> {
    /// Beyond them there are no exact numbers.
    const LIMIT: f64 = 1e15;
    let value = number.as_f64()?;
    (value.fract() == 0.0 && value.abs() < LIMIT).then_some(value as i64)
}

/// The bounds of integers.
pub(super) fn integer_range(schema: &[(String, Json)], at: &str) -> Result<Range, SchemaError> {
    let step = find(schema, "multipleOf");
    if step.is_some_and(|step| !step.is_same(&Json::Number(1.into()))) {
        return Err(unsupported("multipleOf", at, "a grammar cannot divide"));
    }
    let above = bound(schema, "exclusiveMinimum", at)?.map(|bound| bound + 1);
    let below = bound(schema, "exclusiveMaximum", at)?.map(|bound| bound - 1);
    Ok(Range {
        min: bound(schema, "minimum", at)?.max(above),
        max: match (bound(schema, "maximum", at)?, below) {
            (Some(left), Some(right)) => Some(left.min(right)),
            (left, right) => left.or(right),
        },
    })
}

/// The bounds of numbers.
pub(super) fn number_range(schema: &[(String, Json)], at: &str) -> Result<Range, SchemaError> {
    for keyword in ["exclusiveMinimum", "exclusiveMaximum", "multipleOf"] {
        if find(schema, keyword).is_some() {
            let reason =
                "it cannot be kept for numbers that are not integers; use `minimum` and `maximum`";
            return Err(unsupported(keyword, at, reason));
        }
    }
    Ok(Range {
        min: bound(schema, "minimum", at)?,
        max: bound(schema, "maximum", at)?,
    })
}
