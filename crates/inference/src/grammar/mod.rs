//! Grammars (GBNF, the language of llama.cpp) that keep a model to a form: any JSON object, or what a JSON Schema describes
//! (draft 2020-12, <https://json-schema.org/draft/2020-12>). Everything that such a grammar derives is valid; a schema that asks
//! for more than a grammar can keep is refused, keyword by keyword. Objects are written with their properties in the schema's
//! order and, unless the schema asks for others by name, with no others.

mod expression;
mod formats;
mod json;
mod keywords;
mod numbers;
mod objects;
mod pattern;
mod schema;
mod strings;
#[cfg(test)]
mod tests;
mod union;

use expression::{Expression, Rules};
use json::Json;
use schema::Translator;

/// Longest schema that is read, bytes.
const SCHEMA_BYTES_MAX: usize = 64 * 1024;
/// Name of the rule that derives the whole text, as llama.cpp expects it.
const ROOT: &str = "root";

/// A JSON Schema cannot be kept to.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum SchemaError {
    /// It is not JSON, or too large.
    #[error("the JSON Schema cannot be read: {0}")]
    Unreadable(String),
    /// A part of it cannot be kept.
    #[error(
        "the JSON Schema cannot be kept at `{keyword}` in `#{pointer}`: {reason}; leave it out or write it another way"
    )]
    Unsupported {
        /// The keyword.
        keyword: String,
        /// JSON Pointer (RFC 6901) to the schema that has it.
        pointer: String,
        /// Why not.
        reason: String,
    },
}

/// The grammar of any JSON object.
pub(crate) fn json_object() -> String {
    let mut rules = Rules::default();
    let object = strings::any_object(&mut rules);
    print(rules, object)
}

/// The grammar of the JSON texts that a schema describes.
///
/// # Errors
/// [`SchemaError`] when the schema is no JSON, too large, uses a keyword that cannot be kept, or has no finite instance.
pub(crate) fn json_schema(schema: &str) -> Result<String, SchemaError> {
    if schema.len() > SCHEMA_BYTES_MAX {
        return Err(SchemaError::Unreadable(format!(
            "it has {} bytes, and at most {SCHEMA_BYTES_MAX} are read",
            schema.len()
        )));
    }
    let document: Json = serde_json::from_str(schema)
        .map_err(|error| SchemaError::Unreadable(format!("it is not JSON: {error}")))?;
    let mut translator = Translator::new(&document);
    let root = translator.translate_root()?;
    let rules = translator.into_rules();
    rules
        .check(&root)
        .map_err(|reason| SchemaError::Unsupported {
            keyword: "$ref".to_owned(),
            pointer: String::new(),
            reason,
        })?;
    Ok(print(rules, root))
}

fn print(mut rules: Rules, root: Expression) -> String {
    rules.name(ROOT, root);
    rules.to_string()
}
