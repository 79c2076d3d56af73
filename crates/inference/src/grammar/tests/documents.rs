//! Random schemas with documents of theirs.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::matcher::Matcher;
use crate::grammar::json_schema;

/// A schema together with documents of it.
#[derive(Debug, Clone)]
enum Form {
    Integer(i64, u8),
    Text(u8, u8),
    Truth,
    Choice(Vec<String>),
    List(Box<Form>, u8, u8),
    Record(Vec<(Form, bool)>),
    Either(Vec<Form>),
}

impl Form {
    fn schema(&self) -> Value {
        match self {
            Self::Integer(low, width) => {
                json!({"type": "integer", "minimum": low, "maximum": low + i64::from(*width)})
            }
            Self::Text(min, more) => {
                json!({"type": "string", "minLength": min, "maxLength": min + more})
            }
            Self::Truth => json!({"type": "boolean"}),
            Self::Choice(values) => json!({"enum": values}),
            Self::List(item, min, more) => {
                json!({"type": "array", "items": item.schema(), "minItems": min, "maxItems": min + more})
            }
            Self::Record(members) => {
                let name = |place: usize| format!("p{place}");
                let properties: serde_json::Map<_, _> = members
                    .iter()
                    .enumerate()
                    .map(|(place, (form, _))| (name(place), form.schema()))
                    .collect();
                let required: Vec<String> = (0..members.len())
                    .filter(|place| members[*place].1)
                    .map(name)
                    .collect();
                json!({"type": "object", "properties": properties, "required": required, "additionalProperties": false})
            }
            Self::Either(forms) => {
                json!({"anyOf": forms.iter().map(Self::schema).collect::<Vec<_>>()})
            }
        }
    }

    /// A document; `bytes` decide which.
    fn document(&self, bytes: &mut dyn Iterator<Item = u8>) -> Value {
        let mut pick = |count: usize| usize::from(bytes.next().unwrap_or(0)) % count;
        match self {
            Self::Integer(low, width) => {
                json!(low + i64::try_from(pick(usize::from(*width) + 1)).unwrap())
            }
            Self::Text(min, more) => {
                let count = usize::from(*min) + pick(usize::from(*more) + 1);
                let letters = ['a', '"', '\\', '\n', 'ä', '🦀', '\u{1}', '/'];
                json!(
                    (0..count)
                        .map(|_| letters[pick(letters.len())])
                        .collect::<String>()
                )
            }
            Self::Truth => json!(pick(2) == 0),
            Self::Choice(values) => json!(values[pick(values.len())]),
            Self::List(item, min, more) => {
                let count = usize::from(*min) + pick(usize::from(*more) + 1);
                json!((0..count).map(|_| item.document(bytes)).collect::<Vec<_>>())
            }
            Self::Record(members) => {
                let mut document = serde_json::Map::new();
                for (place, (form, is_required)) in members.iter().enumerate() {
                    if *is_required || bytes.next().unwrap_or(0).is_multiple_of(2) {
                        document.insert(format!("p{place}"), form.document(bytes));
                    }
                }
                Value::Object(document)
            }
            Self::Either(forms) => {
                let chosen = pick(forms.len());
                forms[chosen].document(bytes)
            }
        }
    }
}

fn any_form() -> impl Strategy<Value = Form> {
    let leaf = prop_oneof![
        (-2000_i64..2000, any::<u8>()).prop_map(|(low, width)| Form::Integer(low, width)),
        (0..4_u8, 0..4_u8).prop_map(|(min, more)| Form::Text(min, more)),
        Just(Form::Truth),
        proptest::collection::vec("[a-c\"\\\\ä\n]{0,3}", 1..4).prop_map(Form::Choice),
    ];
    leaf.prop_recursive(3, 24, 4, |inner| {
        prop_oneof![
            (inner.clone(), 0..3_u8, 0..3_u8).prop_map(|(item, min, more)| Form::List(
                Box::new(item),
                min,
                more
            )),
            proptest::collection::vec((inner.clone(), any::<bool>()), 0..5).prop_map(Form::Record),
            proptest::collection::vec(inner, 1..4).prop_map(Form::Either),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(128) })]

    #[test]
    fn documents_of_a_schema_are_accepted(form in any_form(), bytes in proptest::collection::vec(any::<u8>(), 0..64)) {
        let schema = form.schema().to_string();
        let matcher = Matcher::new(&json_schema(&schema).unwrap());
        let document = form.document(&mut bytes.into_iter());
        let written = document.to_string();
        prop_assert!(matcher.accepts(&written), "{} refuses {}", schema, written);
        let damaged = format!("{written}x");
        prop_assert!(!matcher.accepts(&damaged));
    }

    #[test]
    fn no_schema_is_too_strange(text in "\\PC{0,80}") {
        if let Err(error) = json_schema(&text) {
            prop_assert!(!error.to_string().is_empty());
        }
    }
}
