//! Objects and arrays of schemas.

use std::collections::BTreeMap;

use super::SchemaError;
use super::expression::{Expression, REPETITIONS_MAX, code};
use super::json::{Json, find};
use super::keywords::{count, unsupported};
use super::schema::Translator;
use super::strings;

/// The objects of a schema.
pub(super) fn object(
    translator: &mut Translator<'_>,
    schema: &[(String, Json)],
    at: &str,
) -> Result<Expression, SchemaError> {
    let (properties, extra) = read_properties(schema, at)?;
    check_counts(schema, &properties, extra.is_some(), at)?;
    if properties.is_empty() && extra == Some(Json::Bool(true)) {
        return Ok(strings::any_object(&mut translator.rules));
    }
    let ws = strings::space(&mut translator.rules);
    let mut pairs = Vec::new();
    for property in &properties {
        let at = format!("{at}/properties/{}", escape_pointer(&property.name));
        let value = translator.translate(&property.schema, &at)?;
        let key = format!("{}:", Json::String(property.name.clone()));
        let pair = Expression::Sequence(vec![
            Expression::Literal(key),
            ws.clone(),
            value,
            ws.clone(),
        ]);
        pairs.push((translator.rules.add("pair", pair), property.is_required));
    }
    let extra = match extra {
        None => None,
        Some(schema) => {
            let at = format!("{at}/additionalProperties");
            let value = translator.translate(&schema, &at)?;
            let names: Vec<&str> = properties
                .iter()
                .map(|property| property.name.as_str())
                .collect();
            let key = strings::quoted(other_key(&names));
            let pair = Expression::Sequence(vec![
                key,
                Expression::literal(":"),
                ws.clone(),
                value,
                ws.clone(),
            ]);
            Some(translator.rules.add("other", pair))
        }
    };
    let inside = members(translator, &ws, &pairs, extra);
    Ok(strings::braced("{", &ws, inside, "}"))
}

/// Properties in order, each of which may be left out unless it is required, and then any number of others.
fn members(
    translator: &mut Translator<'_>,
    ws: &Expression,
    pairs: &[(Expression, bool)],
    extra: Option<Expression>,
) -> Expression {
    let comma =
        |pair: Expression| Expression::Sequence(vec![Expression::literal(","), ws.clone(), pair]);
    // What may follow the pair at a place, from the last to the first.
    let mut rest = match &extra {
        None => Expression::empty(),
        Some(extra) => comma(extra.clone()).repeat(0, None),
    };
    let mut firsts = Vec::new();
    if let Some(extra) = extra {
        firsts.push(Expression::Sequence(vec![extra, rest.clone()]));
    }
    let mut may_be_empty = true;
    for (pair, is_required) in pairs.iter().rev() {
        if *is_required {
            firsts.clear();
            may_be_empty = false;
        }
        firsts.push(Expression::Sequence(vec![pair.clone(), rest.clone()]));
        let next = comma(pair.clone());
        let next = if *is_required { next } else { next.optional() };
        rest = translator
            .rules
            .add("rest", Expression::Sequence(vec![next, rest]));
    }
    firsts.reverse();
    let filled = Expression::Choice(firsts);
    if may_be_empty {
        filled.optional()
    } else {
        filled
    }
}

struct Property {
    name: String,
    schema: Json,
    is_required: bool,
}

/// The properties, and the schema of others where there may be any.
fn read_properties(
    schema: &[(String, Json)],
    at: &str,
) -> Result<(Vec<Property>, Option<Json>), SchemaError> {
    let listed: &[(String, Json)] = match find(schema, "properties") {
        None => &[],
        Some(Json::Object(listed)) => listed,
        Some(_) => return Err(unsupported("properties", at, "it is no object")),
    };
    let additional = find(schema, "additionalProperties");
    let extra = match additional {
        None if listed.is_empty() => Some(Json::Bool(true)),
        None | Some(Json::Bool(false)) => None,
        Some(schema) => Some(schema.clone()),
    };
    let mut properties: Vec<Property> = listed
        .iter()
        .map(|(name, schema)| Property {
            name: name.clone(),
            schema: schema.clone(),
            is_required: false,
        })
        .collect();
    for name in required_names(schema, at)? {
        match properties.iter_mut().find(|property| property.name == name) {
            Some(property) => property.is_required = true,
            None if additional == Some(&Json::Bool(false)) => {
                let reason = format!("{name:?} is required and not allowed");
                return Err(unsupported("required", at, &reason));
            }
            None => properties.push(Property {
                name: name.to_owned(),
                schema: additional.cloned().unwrap_or(Json::Bool(true)),
                is_required: true,
            }),
        }
    }
    Ok((properties, extra))
}

/// The names under `required`.
pub(super) fn required_names<'a>(
    schema: &'a [(String, Json)],
    at: &str,
) -> Result<Vec<&'a str>, SchemaError> {
    let refused = || unsupported("required", at, "it is no list of names");
    match find(schema, "required") {
        None => Ok(Vec::new()),
        Some(Json::Array(names)) => names
            .iter()
            .map(|name| name.text().ok_or_else(refused))
            .collect(),
        Some(_) => Err(refused()),
    }
}

fn check_counts(
    schema: &[(String, Json)],
    properties: &[Property],
    has_extra: bool,
    at: &str,
) -> Result<(), SchemaError> {
    let required = properties
        .iter()
        .filter(|property| property.is_required)
        .count();
    if count(schema, "minProperties", at)?.is_some_and(|min| min > required) {
        let reason = "more properties than the required ones cannot be demanded";
        return Err(unsupported("minProperties", at, reason));
    }
    let is_open = |max: usize| has_extra || max < properties.len();
    if count(schema, "maxProperties", at)?.is_some_and(is_open) {
        let reason = "properties cannot be counted";
        return Err(unsupported("maxProperties", at, reason));
    }
    Ok(())
}

/// The inside of a string that is none of these names. Escapes are left out, so that a name cannot be written another way.
fn other_key(names: &[&str]) -> Expression {
    let any = || strings::plain().repeat(0, None);
    if names.is_empty() {
        return any();
    }
    let mut next: BTreeMap<char, Vec<&str>> = BTreeMap::new();
    for name in names {
        let mut letters = name.chars();
        if let Some(letter) = letters.next() {
            next.entry(letter).or_default().push(letters.as_str());
        }
    }
    let mut ways = Vec::new();
    let mut taken = String::new();
    for (letter, rest) in next {
        let is_plain = !letter.is_control() && letter != '"' && letter != '\\';
        if is_plain {
            taken.push_str(&code(letter));
            ways.push(Expression::Sequence(vec![
                Expression::Literal(letter.to_string()),
                other_key(&rest),
            ]));
        }
    }
    let other = Expression::Class(format!("[^{}{taken}]", strings::NOT_PLAIN));
    ways.push(Expression::Sequence(vec![other, any()]));
    if !names.contains(&"") {
        ways.push(Expression::empty());
    }
    Expression::Choice(ways)
}

/// The arrays of a schema.
pub(super) fn array(
    translator: &mut Translator<'_>,
    schema: &[(String, Json)],
    at: &str,
) -> Result<Expression, SchemaError> {
    let min = count(schema, "minItems", at)?.unwrap_or(0);
    let max = count(schema, "maxItems", at)?;
    if min > max.unwrap_or(usize::MAX) {
        return Err(unsupported("maxItems", at, "it is less than `minItems`"));
    }
    for (keyword, count) in [("minItems", Some(min)), ("maxItems", max)] {
        if count.is_some_and(|count| count > REPETITIONS_MAX) {
            let reason = format!("at most {REPETITIONS_MAX} items can be counted");
            return Err(unsupported(keyword, at, &reason));
        }
    }
    if find(schema, "uniqueItems").is_some_and(|value| *value != Json::Bool(false)) {
        return Err(unsupported("uniqueItems", at, "items cannot be compared"));
    }
    let ws = strings::space(&mut translator.rules);
    let item = match find(schema, "items") {
        None => strings::any_value(&mut translator.rules),
        Some(Json::Bool(false)) if min == 0 => {
            return Ok(strings::braced("[", &ws, Expression::empty(), "]"));
        }
        Some(items) => {
            let item = translator.translate(items, &format!("{at}/items"))?;
            translator.rules.add("item", item)
        }
    };
    let item = Expression::Sequence(vec![item, ws.clone()]);
    let item = translator.rules.add("item", item);
    let items = strings::list(&mut translator.rules, item, min, max);
    Ok(strings::braced("[", &ws, items, "]"))
}

/// A name as a part of a JSON Pointer.
pub(super) fn escape_pointer(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}
