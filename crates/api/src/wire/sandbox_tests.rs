//! The tests of a run as they are given: one field that takes text, a `check` function, doctests, or pairs of input and
//! output. What a text of tests means is decided in `app`.

use std::fmt;

use app::sandbox::{SandboxError, read_tests};
use domain::Language;
use domain::sandbox::{IoCase, PROGRAM_BYTES_MAX, TESTS_MAX, Tests};
use serde::de::value::MapAccessDeserializer;
use serde::de::{Error as _, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use utoipa::openapi::schema::{
    AdditionalProperties, ArrayBuilder, Object, ObjectBuilder, OneOfBuilder, Schema, Type,
};

use super::fields::{PlainField, TextField};

/// Most bytes of the name of the function under test.
const ENTRY_POINT_BYTES_MAX: usize = 200;

/// What to give, for whoever gave something else.
const CHOICES: &str = "give statements such as \"assert f(2) == 4\" as text, {\"check\": …, \"entry_point\": …}, \
    {\"doctests\": true}, or a list of {\"stdin\": …, \"stdout\": …}";

/// Tests as they are given.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum GivenTests {
    /// Text whose kind is told by what it holds.
    Text(String),
    /// A function `check` with the function it is called with.
    Check { code: String, entry_point: String },
    /// Tests that need no reading.
    Read(Tests),
}

impl GivenTests {
    /// The tests for `code`.
    pub(crate) fn into_tests(self, language: Language, code: &str) -> Result<Tests, SandboxError> {
        match self {
            Self::Text(text) => read_tests(language, code, &text, None),
            Self::Check {
                code: check,
                entry_point,
            } => match read_tests(language, code, &check, Some(&entry_point))? {
                tests @ Tests::Check { .. } => Ok(tests),
                Tests::Asserts(_) | Tests::Doctests | Tests::Io(_) => Err(SandboxError::Invalid {
                    field: "tests",
                    reason: "define no function `check`; write one, or give the statements as text"
                        .to_owned(),
                }),
            },
            Self::Read(tests) => Ok(tests),
        }
    }
}

impl<'de> Deserialize<'de> for GivenTests {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TestsVisitor)
    }
}

struct TestsVisitor;

impl<'de> Visitor<'de> for TestsVisitor {
    type Value = GivenTests;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(CHOICES)
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<GivenTests, E> {
        let text = TextField::<PROGRAM_BYTES_MAX>::deserialize(
            serde::de::value::StrDeserializer::new(text),
        )?;
        Ok(GivenTests::Text(text.0.into_string()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<GivenTests, A::Error> {
        let mut cases = Vec::new();
        while let Some(Case { stdin, stdout }) = list.next_element()? {
            if cases.len() == TESTS_MAX {
                return Err(A::Error::custom(format_args!(
                    "there are more than {TESTS_MAX} cases; give fewer at once"
                )));
            }
            cases.push(IoCase {
                stdin: stdin.0,
                stdout: stdout.0,
            });
        }
        if cases.is_empty() {
            return Err(A::Error::custom(
                "the list is empty; give at least one case",
            ));
        }
        Ok(GivenTests::Read(Tests::Io(cases)))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<GivenTests, A::Error> {
        let named = NamedTests::deserialize(MapAccessDeserializer::new(map))?;
        match named {
            NamedTests {
                check: Some(check),
                entry_point: Some(entry_point),
                doctests: None,
            } => Ok(GivenTests::Check {
                code: check.0.into_string(),
                entry_point: entry_point.0.into_string(),
            }),
            NamedTests {
                check: None,
                entry_point: None,
                doctests: Some(true),
            } => Ok(GivenTests::Read(Tests::Doctests)),
            NamedTests { .. } => Err(A::Error::custom(CHOICES)),
        }
    }
}

/// Tests whose kind is told by their fields.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NamedTests {
    check: Option<TextField<PROGRAM_BYTES_MAX>>,
    entry_point: Option<TextField<ENTRY_POINT_BYTES_MAX>>,
    doctests: Option<bool>,
}

/// One pair of input and output.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    #[serde(default)]
    stdin: PlainField<PROGRAM_BYTES_MAX>,
    stdout: PlainField<PROGRAM_BYTES_MAX>,
}

/// The four forms, and null.
pub(super) fn tests_schema() -> Schema {
    let check = closed_object()
        .property(
            "check",
            text(PROGRAM_BYTES_MAX, "Code that defines `check(candidate)`."),
        )
        .required("check")
        .property(
            "entry_point",
            text(
                ENTRY_POINT_BYTES_MAX,
                "The function that `check` is called with.",
            ),
        )
        .required("entry_point");
    let doctests = closed_object()
        .property(
            "doctests",
            ObjectBuilder::new()
                .schema_type(Type::Boolean)
                .enum_values(Some([true]))
                .description(Some("Always true.")),
        )
        .required("doctests");
    let case = closed_object()
        .property("stdin", plain_text("What the program reads."))
        .property(
            "stdout",
            plain_text("What it must print; white space at ends of lines does not count."),
        )
        .required("stdout");
    let cases = ArrayBuilder::new()
        .items(case)
        .min_items(Some(1))
        .max_items(Some(TESTS_MAX));
    OneOfBuilder::new()
        .item(ObjectBuilder::new().schema_type(Type::Null))
        .item(text(
            PROGRAM_BYTES_MAX,
            "A `check(candidate)` function, `>>>` examples, or statements that fail when something is wrong.",
        ))
        .item(check.description(Some("A function `check(candidate)` and the function it is called with.")))
        .item(doctests.description(Some("The examples in the program's own docstrings.")))
        .item(cases.description(Some("What the program prints for what it reads.")))
        .description(Some("What the program is measured by."))
        .into()
}

fn closed_object() -> ObjectBuilder {
    ObjectBuilder::new()
        .schema_type(Type::Object)
        .additional_properties(Some(AdditionalProperties::<Schema>::FreeForm(false)))
}

fn text(bytes_max: usize, about: &str) -> Object {
    ObjectBuilder::new()
        .schema_type(Type::String)
        .min_length(Some(1))
        .max_length(Some(bytes_max))
        .pattern(Some(r"^[^\u0000]*[^\s\u0000][^\u0000]*$"))
        .description(Some(about))
        .build()
}

fn plain_text(about: &str) -> Object {
    ObjectBuilder::new()
        .schema_type(Type::String)
        .max_length(Some(PROGRAM_BYTES_MAX))
        .pattern(Some(r"^[^\u0000]*$"))
        .description(Some(about))
        .build()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn read(value: serde_json::Value) -> Result<GivenTests, String> {
        serde_json::from_value(value).map_err(|error| error.to_string())
    }

    #[test]
    fn each_form_is_read() {
        let text = read(json!("assert f(1) == 2"));
        assert_eq!(text, Ok(GivenTests::Text("assert f(1) == 2".to_owned())));
        let check = read(json!({"check": "def check(c): pass", "entry_point": "f"}));
        assert!(matches!(check, Ok(GivenTests::Check { .. })), "{check:?}");
        assert_eq!(
            read(json!({"doctests": true})),
            Ok(GivenTests::Read(Tests::Doctests))
        );
        let cases = read(json!([{"stdin": "1", "stdout": "2"}, {"stdout": ""}]));
        assert!(
            matches!(&cases, Ok(GivenTests::Read(Tests::Io(cases))) if cases.len() == 2),
            "{cases:?}"
        );
    }

    #[test]
    fn what_is_called_check_must_define_it() {
        let given = |check: &str| GivenTests::Check {
            code: check.to_owned(),
            entry_point: "f".to_owned(),
        };
        let code = "def f(x):\n    return x\n";
        let check = "def check(candidate):\n    assert candidate(1) == 1\n";
        let read = given(check).into_tests(Language::Python, code);
        assert!(matches!(read, Ok(Tests::Check { .. })), "{read:?}");
        let refused = given("assert f(1) == 1").into_tests(Language::Python, code);
        assert!(
            matches!(refused, Err(SandboxError::Invalid { field: "tests", .. })),
            "{refused:?}"
        );
    }

    #[test]
    fn what_is_none_of_them_is_refused_with_what_to_do() {
        let long = vec![json!({"stdout": ""}); TESTS_MAX + 1];
        for (value, hint) in [
            (json!(1), "give statements"),
            (json!(true), "give statements"),
            (json!(" "), "write something"),
            (json!([]), "at least one"),
            (json!({}), "give statements"),
            (json!({"doctests": false}), "give statements"),
            (json!({"check": "x"}), "give statements"),
            (
                json!({"check": "x", "entry_point": "f", "doctests": true}),
                "give statements",
            ),
            (json!({"cheque": "x"}), "unknown field"),
            (json!([{"stdin": "x"}]), "missing field"),
            (json!(long), "more than 200"),
        ] {
            let refused = read(value.clone()).unwrap_err();
            assert!(refused.contains(hint), "{value}: {refused}");
        }
    }
}
