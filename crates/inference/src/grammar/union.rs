//! Schemas made of others: merged (`allOf`), one of several (`anyOf`, `oneOf`), and lists of values (`enum`, `const`).

use super::SchemaError;
use super::json::{Json, find};
use super::keywords::{Kind, kinds, unsupported};
use super::objects::required_names;

/// Most alternatives that two lists of alternatives are multiplied to.
const ALTERNATIVES_MAX: usize = 64;

type Pairs = Vec<(String, Json)>;

/// A schema whose values are those that both describe.
pub(super) fn merge(
    left: &[(String, Json)],
    right: &[(String, Json)],
    at: &str,
) -> Result<Pairs, SchemaError> {
    let mut merged: Pairs = left.to_vec();
    let mut right: Pairs = right.to_vec();
    restrict_properties(&mut merged, &mut right, at)?;
    for (keyword, value) in right {
        match merged.iter_mut().find(|(name, _)| *name == keyword) {
            None => merged.push((keyword, value)),
            Some((_, present)) => {
                let both = merge_values(&keyword, present, &value, at)?;
                *present = both;
            }
        }
    }
    Ok(merged)
}

/// What one schema says about additional properties holds for the properties that only the other one names.
fn restrict_properties(left: &mut Pairs, right: &mut Pairs, at: &str) -> Result<(), SchemaError> {
    let names = |schema: &Pairs| -> Vec<String> {
        match find(schema, "properties") {
            Some(Json::Object(listed)) => listed.iter().map(|(name, _)| name.clone()).collect(),
            _ => Vec::new(),
        }
    };
    let (left_names, right_names) = (names(left), names(right));
    let sides = [
        (&*left, right_names.clone(), &left_names),
        (&*right, left_names.clone(), &right_names),
    ];
    let mut limits: Vec<(bool, String, Json)> = Vec::new();
    for (place, (schema, others, own)) in sides.into_iter().enumerate() {
        let Some(additional) = find(schema, "additionalProperties") else {
            continue;
        };
        for name in others.into_iter().filter(|name| !own.contains(name)) {
            match additional {
                Json::Bool(true) => {}
                Json::Bool(false) => {
                    let reason =
                        format!("another part of the same schema has the property {name:?}");
                    return Err(unsupported("additionalProperties", at, &reason));
                }
                Json::Null
                | Json::Number(_)
                | Json::String(_)
                | Json::Array(_)
                | Json::Object(_) => limits.push((place == 0, name, additional.clone())),
            }
        }
    }
    for (is_of_right, name, limit) in limits {
        let side = if is_of_right { &mut *right } else { &mut *left };
        for (keyword, value) in side.iter_mut() {
            if let (true, Json::Object(listed)) = (keyword == "properties", value) {
                for (_, schema) in listed.iter_mut().filter(|(listed, _)| *listed == name) {
                    *schema = all_of(schema.clone(), limit.clone());
                }
            }
        }
    }
    Ok(())
}

fn all_of(left: Json, right: Json) -> Json {
    Json::Object(vec![("allOf".to_owned(), Json::Array(vec![left, right]))])
}

fn merge_values(keyword: &str, left: &Json, right: &Json, at: &str) -> Result<Json, SchemaError> {
    if left.is_same(right) {
        return Ok(left.clone());
    }
    let refused = || unsupported(keyword, at, "two parts of the same schema differ in it");
    Ok(match (keyword, left, right) {
        ("title" | "description" | "default" | "examples" | "$comment" | "$schema" | "$id", ..) => {
            left.clone()
        }
        ("$defs" | "definitions", ..) => left.clone(),
        (
            "minimum" | "exclusiveMinimum" | "minLength" | "minItems" | "minProperties",
            Json::Number(low),
            Json::Number(high),
        ) => {
            let is_less = low.as_f64() < high.as_f64();
            Json::Number(if is_less { high } else { low }.clone())
        }
        (
            "maximum" | "exclusiveMaximum" | "maxLength" | "maxItems" | "maxProperties",
            Json::Number(low),
            Json::Number(high),
        ) => {
            let is_less = low.as_f64() < high.as_f64();
            Json::Number(if is_less { low } else { high }.clone())
        }
        (_, Json::Array(left), Json::Array(right)) if keyword != "type" => {
            merge_lists(keyword, left, right, at)?
        }
        ("properties", Json::Object(left), Json::Object(right)) => {
            let mut both = left.clone();
            for (name, schema) in right {
                match both.iter_mut().find(|(known, _)| known == name) {
                    Some((_, present)) => *present = all_of(present.clone(), schema.clone()),
                    None => both.push((name.clone(), schema.clone())),
                }
            }
            Json::Object(both)
        }
        ("additionalProperties" | "items" | "unevaluatedProperties", Json::Bool(true), other)
        | ("additionalProperties" | "items" | "unevaluatedProperties", other, Json::Bool(true)) => {
            other.clone()
        }
        ("additionalProperties" | "items" | "unevaluatedProperties", Json::Bool(false), _)
        | ("additionalProperties" | "items" | "unevaluatedProperties", _, Json::Bool(false)) => {
            Json::Bool(false)
        }
        ("additionalProperties" | "items", left, right) => all_of(left.clone(), right.clone()),
        ("nullable" | "uniqueItems", Json::Bool(left), Json::Bool(right)) => {
            Json::Bool(if keyword == "nullable" {
                *left && *right
            } else {
                *left || *right
            })
        }
        ("type", left, right) => common_types(left, right).ok_or_else(refused)?,
        _ => return Err(refused()),
    })
}

fn merge_lists(
    keyword: &str,
    left: &[Json],
    right: &[Json],
    at: &str,
) -> Result<Json, SchemaError> {
    Ok(match keyword {
        "required" | "allOf" => Json::Array(left.iter().chain(right).cloned().collect()),
        "enum" => Json::Array(
            left.iter()
                .filter(|value| right.iter().any(|other| other.is_same(value)))
                .cloned()
                .collect(),
        ),
        "anyOf" if left.len() * right.len() > ALTERNATIVES_MAX => {
            return Err(unsupported(keyword, at, "there are too many alternatives"));
        }
        "anyOf" => {
            let pairs = left.iter().flat_map(|left| {
                right
                    .iter()
                    .map(move |right| all_of(left.clone(), right.clone()))
            });
            Json::Array(pairs.collect())
        }
        "examples" => Json::Array(left.to_vec()),
        _ => {
            let reason = "two parts of the same schema differ in it";
            return Err(unsupported(keyword, at, reason));
        }
    })
}

/// The types that are in both; `None` when there are none.
fn common_types(left: &Json, right: &Json) -> Option<Json> {
    let (left, right) = (type_names(left), type_names(right));
    let mut both: Vec<Json> = Vec::new();
    for name in &left {
        for other in &right {
            let common = match (*name, *other) {
                (name, other) if name == other => name,
                ("integer", "number") | ("number", "integer") => "integer",
                _ => continue,
            };
            let common = Json::String(common.to_owned());
            if !both.contains(&common) {
                both.push(common);
            }
        }
    }
    (!both.is_empty()).then_some(Json::Array(both))
}

fn type_names(value: &Json) -> Vec<&str> {
    match value {
        Json::Array(names) => names.iter().filter_map(Json::text).collect(),
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) | Json::Object(_) => {
            value.text().into_iter().collect()
        }
    }
}

/// The values that a schema lists, where it does.
pub(super) fn listed(
    schema: &[(String, Json)],
    at: &str,
) -> Result<Option<Vec<Json>>, SchemaError> {
    let values = match (find(schema, "const"), find(schema, "enum")) {
        (None, None) => return Ok(None),
        (Some(value), None) => vec![value.clone()],
        (None, Some(Json::Array(values))) => values.clone(),
        (Some(value), Some(Json::Array(values))) => values
            .iter()
            .filter(|other| other.is_same(value))
            .cloned()
            .collect(),
        (_, Some(_)) => return Err(unsupported("enum", at, "it is no list")),
    };
    let kinds = kinds(schema, at)?;
    let values = values
        .into_iter()
        .filter(|value| kinds.iter().any(|kind| kind.has(value)))
        .collect();
    Ok(Some(values))
}

/// Whether no value can be of both schemas, as far as it can be told.
pub(super) fn are_apart(
    left: &[(String, Json)],
    right: &[(String, Json)],
    at: &str,
) -> Result<bool, SchemaError> {
    let (left_values, right_values) = (listed(left, at)?, listed(right, at)?);
    let (left_kinds, right_kinds) = (kinds(left, at)?, kinds(right, at)?);
    Ok(match (left_values, right_values) {
        (Some(left), Some(right)) => !left
            .iter()
            .any(|value| right.iter().any(|other| other.is_same(value))),
        (Some(values), None) => !values
            .iter()
            .any(|value| right_kinds.iter().any(|kind| kind.has(value))),
        (None, Some(values)) => !values
            .iter()
            .any(|value| left_kinds.iter().any(|kind| kind.has(value))),
        (None, None) => {
            let overlap = left_kinds
                .iter()
                .any(|kind| right_kinds.iter().any(|other| kind.overlaps(*other)));
            let are_objects = left_kinds == [Kind::Object] && right_kinds == [Kind::Object];
            !overlap || (are_objects && are_told_apart(left, right, at)?)
        }
    })
}

/// Whether a property that both require has different values in both.
fn are_told_apart(
    left: &[(String, Json)],
    right: &[(String, Json)],
    at: &str,
) -> Result<bool, SchemaError> {
    let right_required = required_names(right, at)?;
    for name in required_names(left, at)? {
        if !right_required.contains(&name) {
            continue;
        }
        let values = |schema: &[(String, Json)]| -> Result<Option<Vec<Json>>, SchemaError> {
            match find(schema, "properties").and_then(|properties| properties.find(name)) {
                Some(Json::Object(property)) => listed(property, at),
                _ => Ok(None),
            }
        };
        if let (Some(left), Some(right)) = (values(left)?, values(right)?)
            && !left
                .iter()
                .any(|value| right.iter().any(|other| other.is_same(value)))
        {
            return Ok(true);
        }
    }
    Ok(false)
}
