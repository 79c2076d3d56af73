//! Walks through a schema and makes a rule for each part of it.

use std::collections::BTreeMap;

use super::expression::{Expression, REPETITIONS_MAX, Rules};
use super::json::{Json, find};
use super::keywords::{
    CONSTRAINTS, Kind, check_keywords, count, integer_range, kinds, number_range, unsupported,
};
use super::numbers;
use super::{SchemaError, formats, objects, pattern, strings, union};

/// Schemas within schemas at most, references included.
const DEPTH_MAX: usize = 48;
/// Schemas that are visited at most; merging may visit one many times.
const VISITS_MAX: usize = 20_000;

/// Makes rules of a document's schemas.
pub(super) struct Translator<'a> {
    document: &'a Json,
    pub(super) rules: Rules,
    /// Rules of schemas that are referred to, by their place in the document.
    named: BTreeMap<String, String>,
    depth: usize,
    visits: usize,
}

impl<'a> Translator<'a> {
    pub(super) fn new(document: &'a Json) -> Self {
        Self {
            document,
            rules: Rules::default(),
            named: BTreeMap::new(),
            depth: 0,
            visits: 0,
        }
    }

    pub(super) fn into_rules(self) -> Rules {
        self.rules
    }

    pub(super) fn translate_root(&mut self) -> Result<Expression, SchemaError> {
        let root = self.translate(self.document, "")?;
        if self.rules.is_too_long() {
            return Err(unsupported("$ref", "", "the grammar would be too long"));
        }
        Ok(root)
    }

    /// The values of a schema; `at` is its place.
    pub(super) fn translate(&mut self, schema: &Json, at: &str) -> Result<Expression, SchemaError> {
        self.visits += 1;
        if self.depth >= DEPTH_MAX || self.visits > VISITS_MAX {
            return Err(unsupported(
                "$ref",
                at,
                "schemas are nested too deep, or too many",
            ));
        }
        self.depth += 1;
        let expression =
            match schema {
                Json::Bool(true) => Ok(strings::any_value(&mut self.rules)),
                Json::Object(pairs) => self.translate_pairs(pairs, at),
                Json::Bool(false) => Err(unsupported("false", at, "it allows no value at all")),
                Json::Null | Json::Number(_) | Json::String(_) | Json::Array(_) => Err(
                    unsupported("schema", at, "a schema is an object or a truth value"),
                ),
            };
        self.depth -= 1;
        expression
    }

    fn translate_pairs(
        &mut self,
        schema: &[(String, Json)],
        at: &str,
    ) -> Result<Expression, SchemaError> {
        check_keywords(schema, at)?;
        if let Some(target) = find(schema, "$ref") {
            let is_alone = !schema
                .iter()
                .any(|(keyword, _)| keyword != "$ref" && CONSTRAINTS.contains(&keyword.as_str()));
            if is_alone {
                return self.reference(target, at);
            }
            let resolved = self.resolve(schema, at)?;
            return self.translate(&Json::Object(resolved), at);
        }
        if find(schema, "allOf").is_some() {
            let merged = self.merge_all(schema, at)?;
            return self.translate(&Json::Object(merged), at);
        }
        for keyword in ["anyOf", "oneOf"] {
            if let Some(branches) = find(schema, keyword) {
                return self.alternatives(schema, keyword, branches, at);
            }
        }
        if let Some(values) = union::listed(schema, at)? {
            return literals(schema, &values, at);
        }
        let kinds = kinds(schema, at)?;
        let mut ways = Vec::new();
        for kind in kinds {
            ways.push(self.of_kind(kind, schema, at)?);
        }
        Ok(match ways.len() {
            1 => ways.remove(0),
            _ => Expression::Choice(ways),
        })
    }

    fn of_kind(
        &mut self,
        kind: Kind,
        schema: &[(String, Json)],
        at: &str,
    ) -> Result<Expression, SchemaError> {
        match kind {
            Kind::Null => Ok(Expression::literal("null")),
            Kind::Boolean => Ok(Expression::Choice(vec![
                Expression::literal("true"),
                Expression::literal("false"),
            ])),
            Kind::Integer => {
                let range = integer_range(schema, at)?;
                numbers::integer(range)
                    .ok_or_else(|| unsupported("maximum", at, "no integer is in its bounds"))
            }
            Kind::Number => {
                let range = number_range(schema, at)?;
                numbers::number(range)
                    .ok_or_else(|| unsupported("maximum", at, "no number is in its bounds"))
            }
            Kind::String => self.string(schema, at),
            Kind::Array => objects::array(self, schema, at),
            Kind::Object => objects::object(self, schema, at),
        }
    }

    fn string(&mut self, schema: &[(String, Json)], at: &str) -> Result<Expression, SchemaError> {
        let min = count(schema, "minLength", at)?;
        let max = count(schema, "maxLength", at)?;
        let form = ["pattern", "format"]
            .into_iter()
            .find_map(|keyword| find(schema, keyword).map(|value| (keyword, value)));
        let Some((keyword, value)) = form else {
            let (min, most) = (min.unwrap_or(0), max.unwrap_or(REPETITIONS_MAX));
            if min > most || min > REPETITIONS_MAX || most > REPETITIONS_MAX {
                let reason = format!(
                    "lengths go from `minLength` to `maxLength`, and at most to {REPETITIONS_MAX}"
                );
                return Err(unsupported("maxLength", at, &reason));
            }
            return Ok(match (min, max) {
                (0, None) => strings::any_string(&mut self.rules),
                (min, max) => strings::string(&mut self.rules, min, max),
            });
        };
        let has_both = find(schema, "pattern").is_some() && find(schema, "format").is_some();
        if has_both || min.is_some() || max.is_some() {
            let reason = "a length, a pattern and a format cannot be kept together; write the length into the pattern";
            return Err(unsupported(keyword, at, reason));
        }
        let text = value
            .text()
            .ok_or_else(|| unsupported(keyword, at, "it is no text"))?;
        let contents = if keyword == "pattern" {
            pattern::contents(text).map_err(|reason| unsupported(keyword, at, &reason))?
        } else {
            formats::format(text).ok_or_else(|| {
                let reason = "only date, time, date-time, uuid, ipv4 and email can be kept";
                unsupported(keyword, at, reason)
            })?
        };
        Ok(strings::quoted(contents))
    }

    /// The rule of a schema elsewhere in the document.
    fn reference(&mut self, target: &Json, at: &str) -> Result<Expression, SchemaError> {
        let place = pointer_of(target, at)?;
        if let Some(name) = self.named.get(&place) {
            return Ok(Expression::rule(name));
        }
        let schema = self.find_schema(&place, at)?;
        let name = self.rules.reserve("ref");
        self.named.insert(place.clone(), name.clone());
        let expression = self.translate(schema, &place)?;
        self.rules.name(&name, expression);
        Ok(Expression::Rule(name))
    }

    fn find_schema(&self, place: &str, at: &str) -> Result<&'a Json, SchemaError> {
        let mut schema = self.document;
        for part in place.split('/').skip(1) {
            let part = part.replace("~1", "/").replace("~0", "~");
            let next = match schema {
                Json::Array(items) => part
                    .parse::<usize>()
                    .ok()
                    .and_then(|place| items.get(place)),
                Json::Object(pairs) => find(pairs, &part),
                Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => None,
            };
            schema =
                next.ok_or_else(|| unsupported("$ref", at, "there is nothing where it points"))?;
        }
        Ok(schema)
    }

    /// A schema with the one it refers to merged in.
    fn resolve(
        &self,
        schema: &[(String, Json)],
        at: &str,
    ) -> Result<Vec<(String, Json)>, SchemaError> {
        let mut schema = schema.to_vec();
        for _ in 0..DEPTH_MAX {
            let Some(place) = schema.iter().position(|(keyword, _)| keyword == "$ref") else {
                return Ok(schema);
            };
            let (_, target) = schema.remove(place);
            match self.find_schema(&pointer_of(&target, at)?, at)? {
                Json::Object(pairs) => schema = union::merge(&schema, pairs, at)?,
                Json::Bool(true) => {}
                Json::Bool(false)
                | Json::Null
                | Json::Number(_)
                | Json::String(_)
                | Json::Array(_) => {
                    return Err(unsupported(
                        "$ref",
                        at,
                        "it points to no schema that can be merged",
                    ));
                }
            }
        }
        Err(unsupported("$ref", at, "it refers to itself"))
    }

    fn branch(&self, branch: &Json, at: &str) -> Result<Vec<(String, Json)>, SchemaError> {
        match branch {
            Json::Bool(true) => Ok(Vec::new()),
            Json::Object(pairs) => {
                check_keywords(pairs, at)?;
                self.resolve(pairs, at)
            }
            Json::Bool(false) | Json::Null | Json::Number(_) | Json::String(_) | Json::Array(_) => {
                Err(unsupported(
                    "schema",
                    at,
                    "a part is no schema that allows a value",
                ))
            }
        }
    }

    fn merge_all(
        &self,
        schema: &[(String, Json)],
        at: &str,
    ) -> Result<Vec<(String, Json)>, SchemaError> {
        let Some(Json::Array(parts)) = find(schema, "allOf") else {
            return Err(unsupported("allOf", at, "it is no list"));
        };
        let mut merged: Vec<(String, Json)> = schema
            .iter()
            .filter(|(keyword, _)| keyword != "allOf")
            .cloned()
            .collect();
        for (place, part) in parts.iter().enumerate() {
            let part = self.branch(part, &format!("{at}/allOf/{place}"))?;
            merged = union::merge(&merged, &part, at)?;
        }
        Ok(merged)
    }

    fn alternatives(
        &mut self,
        schema: &[(String, Json)],
        keyword: &str,
        branches: &Json,
        at: &str,
    ) -> Result<Expression, SchemaError> {
        let Json::Array(branches) = branches else {
            return Err(unsupported(keyword, at, "it is no list"));
        };
        let siblings: Vec<(String, Json)> = schema
            .iter()
            .filter(|(name, _)| name != keyword)
            .cloned()
            .collect();
        let is_alone = !siblings
            .iter()
            .any(|(name, _)| CONSTRAINTS.contains(&name.as_str()));
        let mut resolved = Vec::new();
        for (place, branch) in branches.iter().enumerate() {
            let at = format!("{at}/{keyword}/{place}");
            resolved.push(self.branch(branch, &at)?);
        }
        if keyword == "oneOf" {
            for (place, left) in resolved.iter().enumerate() {
                for right in resolved.iter().skip(place + 1) {
                    if !union::are_apart(left, right, at)? {
                        let reason = "a value might fit two of its parts; use `anyOf`";
                        return Err(unsupported(keyword, at, reason));
                    }
                }
            }
        }
        let mut ways = Vec::new();
        for (place, (branch, resolved)) in branches.iter().zip(resolved).enumerate() {
            let at = format!("{at}/{keyword}/{place}");
            let way = if is_alone {
                self.translate(branch, &at)?
            } else {
                let merged = union::merge(&siblings, &resolved, &at)?;
                self.translate(&Json::Object(merged), &at)?
            };
            ways.push(self.rules.add("way", way));
        }
        if ways.is_empty() {
            return Err(unsupported(keyword, at, "it has no parts"));
        }
        Ok(Expression::Choice(ways))
    }
}

/// The values of a list that are of the types allowed.
fn literals(
    schema: &[(String, Json)],
    values: &[Json],
    at: &str,
) -> Result<Expression, SchemaError> {
    let other = schema
        .iter()
        .map(|(keyword, _)| keyword.as_str())
        .find(|keyword| {
            CONSTRAINTS.contains(keyword)
                && !matches!(*keyword, "enum" | "const" | "type" | "nullable")
        });
    if let Some(keyword) = other {
        let reason =
            "it cannot be kept beside `enum` or `const`; list only the values that it allows";
        return Err(unsupported(keyword, at, reason));
    }
    if values.is_empty() {
        return Err(unsupported("enum", at, "it allows no value"));
    }
    Ok(Expression::Choice(
        values
            .iter()
            .map(|value| Expression::Literal(value.to_string()))
            .collect(),
    ))
}

/// The place that a reference names.
fn pointer_of(target: &Json, at: &str) -> Result<String, SchemaError> {
    let refused = || {
        unsupported(
            "$ref",
            at,
            "only places in the same document, such as `#/$defs/name`, can be kept",
        )
    };
    let pointer = target
        .text()
        .and_then(|text| text.strip_prefix('#'))
        .ok_or_else(refused)?;
    let is_place = pointer.is_empty() || pointer.starts_with('/');
    if !is_place || pointer.contains('%') {
        return Err(refused());
    }
    Ok(pointer.to_owned())
}
