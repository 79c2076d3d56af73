//! What grammars accept and refuse.

mod documents;
mod matcher;
mod refusals;

use serde_json::{Value, json};

use super::{json_object, json_schema};
use matcher::Matcher;

#[track_caller]
fn check(schema: &Value, accepted: &[&str], refused: &[&str]) {
    let grammar = json_schema(&schema.to_string()).unwrap();
    assert_eq!(
        json_schema(&schema.to_string()).as_ref(),
        Ok(&grammar),
        "a second time"
    );
    let matcher = Matcher::new(&grammar);
    for text in accepted {
        assert!(matcher.accepts(text), "{schema} refuses {text}\n{grammar}");
        serde_json::from_str::<Value>(text).unwrap();
    }
    for text in refused {
        assert!(!matcher.accepts(text), "{schema} accepts {text}\n{grammar}");
    }
}

#[test]
fn any_json_object_is_an_object_with_bounded_white_space() {
    let matcher = Matcher::new(&json_object());
    for text in [
        "{}",
        r#"{"a": [1, -2.5e3, true, null, {"b\u00e4\n": "🦀"}], "": {}}"#,
        "{\n  \"a\": 1\n}",
    ] {
        assert!(matcher.accepts(text), "{text}");
    }
    for text in [
        "[]",
        "1",
        "{\"a\":1,}",
        "{'a':1}",
        "{\"a\":01}",
        "{\"a\":\"\n\"}",
        "{\"a\":\"\\ud800\"}",
        "{  }",
        "{\n                              }",
        "{}  ",
    ] {
        assert!(!matcher.accepts(text), "{text}");
    }
}

#[test]
fn objects_have_their_properties_in_order() {
    let schema = json!({
        "type": "object",
        "properties": {"a": {"type": "integer"}, "b": {"type": "boolean"}, "c": {"type": "null"}},
        "required": ["b"], "additionalProperties": false,
    });
    check(
        &schema,
        &[
            r#"{"b":true}"#,
            r#"{"a":1,"b":true}"#,
            r#"{"b": false, "c": null}"#,
            r#"{"a":1,"b":true,"c":null}"#,
        ],
        &[
            "{}",
            r#"{"a":1}"#,
            r#"{"b":true,"a":1}"#,
            r#"{"b":true,"d":1}"#,
            r#"{"b":1}"#,
            r#"{,"b":true}"#,
        ],
    );
    let optional = json!({"properties": {"a": {"type": "integer"}, "b": {"type": "integer"}}});
    check(
        &optional,
        &["{}", r#"{"a":1}"#, r#"{"b":1}"#, r#"{"a":1,"b":1}"#],
        &[r#"{"b":1,"a":1}"#, r#"{"c":1}"#],
    );
}

#[test]
fn other_properties_have_other_names() {
    let schema = json!({
        "type": "object", "properties": {"name": {"type": "string"}},
        "additionalProperties": {"type": "integer"},
    });
    check(
        &schema,
        &[
            "{}",
            r#"{"name":"x","a":1}"#,
            r#"{"nam":1,"names":2,"":3}"#,
            r#"{"name":"x"}"#,
        ],
        &[
            r#"{"name":1}"#,
            r#"{"a":"x"}"#,
            r#"{"a":1,"name":1}"#,
            r#"{"na\u006de":1}"#,
        ],
    );
    check(&json!({"type": "object"}), &[r#"{"a":[1]}"#, "{}"], &["[]"]);
    let required =
        json!({"type": "object", "required": ["a"], "additionalProperties": {"type": "null"}});
    check(
        &required,
        &[r#"{"a":null,"b":null}"#],
        &["{}", r#"{"a":1}"#],
    );
}

#[test]
fn arrays_have_so_many_items() {
    let schema =
        json!({"type": "array", "items": {"type": "integer"}, "minItems": 2, "maxItems": 3});
    check(
        &schema,
        &["[1,2]", "[1, 2, 3]"],
        &["[]", "[1]", "[1,2,3,4]", "[1,\"2\"]", "[1,2,]"],
    );
    check(&json!({"type": "array", "maxItems": 0}), &["[]"], &["[1]"]);
    check(&json!({"type": "array", "items": false}), &["[]"], &["[1]"]);
    check(
        &json!({"type": "array", "minItems": 1}),
        &["[{}]", "[1,[2]]"],
        &["[]"],
    );
}

#[test]
fn strings_keep_lengths_patterns_and_formats() {
    check(
        &json!({"type": "string", "minLength": 2, "maxLength": 3}),
        &["\"ab\"", "\"äöü\"", "\"a\\n\""],
        &["\"a\"", "\"abcd\"", "ab"],
    );
    for (pattern, accepted, refused) in [
        (
            "^[A-Z]{2}-\\d+$",
            &["AB-1", "XY-123"][..],
            &["A-1", "AB-", "AB-1x"][..],
        ),
        ("b+", &["abc", "b"], &["ac", ""]),
        ("^(?:red|green)$", &["red", "green"], &["blue", "redgreen"]),
        ("^[^a-c]*$", &["xyz", ""], &["xaz"]),
        ("^[\\w.-]+@x$", &["a.b-c@x"], &["@x", "a b@x"]),
        ("^a{2,}b?$", &["aa", "aaaab"], &["a", "aabb"]),
        ("^[!-a]$", &["#", "\\\"", "\\\\", "a"], &["b", " "]),
        ("^.$", &["x"], &["", "xx"]),
    ] {
        let quote = |texts: &[&str]| {
            texts
                .iter()
                .map(|text| format!("\"{text}\""))
                .collect::<Vec<_>>()
        };
        let (accepted, refused) = (quote(accepted), quote(refused));
        check(
            &json!({"type": "string", "pattern": pattern}),
            &accepted.iter().map(String::as_str).collect::<Vec<_>>(),
            &refused.iter().map(String::as_str).collect::<Vec<_>>(),
        );
    }
    for (format, accepted, refused) in [
        ("date", "2024-02-28", "2024-02-30"),
        ("time", "23:59:59Z", "24:00:00Z"),
        (
            "date-time",
            "2024-12-31T00:00:00.5+01:00",
            "2024-13-01T00:00:00Z",
        ),
        ("uuid", "123e4567-e89b-12d3-a456-426614174000", "123e4567"),
        ("ipv4", "192.168.0.255", "192.168.0.256"),
        ("email", "a.b@example.org", "a.b@"),
    ] {
        let accepted = format!("\"{accepted}\"");
        let refused = format!("\"{refused}\"");
        check(
            &json!({"type": "string", "format": format}),
            &[&accepted],
            &[&refused],
        );
    }
}

#[test]
fn integers_keep_their_bounds() {
    for (min, max) in [
        (0, 0),
        (0, 9),
        (1, 10),
        (7, 123),
        (-5, 5),
        (-120, -7),
        (99, 101),
        (0, 999),
        (-1, 0),
        (100, 4321),
    ] {
        let schema = json!({"type": "integer", "minimum": min, "maximum": max});
        let matcher = Matcher::new(&json_schema(&schema.to_string()).unwrap());
        for number in -150..=4500 {
            let is_in = (min..=max).contains(&number);
            assert_eq!(
                matcher.accepts(&number.to_string()),
                is_in,
                "{number} in {min} to {max}"
            );
        }
    }
    check(
        &json!({"type": "integer", "minimum": 12}),
        &["12", "99", "100", "123456789012345"],
        &["11", "-12", "1.5", "012"],
    );
    check(
        &json!({"type": "integer", "exclusiveMaximum": 0}),
        &["-1", "-987"],
        &["0", "1"],
    );
    check(
        &json!({"type": "integer"}),
        &["0", "-7", "42"],
        &["1.0", "1e3", "00"],
    );
}

#[test]
fn numbers_keep_whole_bounds() {
    check(
        &json!({"type": "number", "minimum": 0, "maximum": 1}),
        &["0", "0.5", "0.999", "1", "1.0"],
        &["1.1", "-0.1", "2", "1e1"],
    );
    check(
        &json!({"type": "number", "minimum": -1, "maximum": 10}),
        &["-1", "-1.0", "-0.5", "9.99", "10"],
        &["-1.1", "10.1", "11"],
    );
    check(
        &json!({"type": "number", "maximum": -2}),
        &["-2", "-2.5", "-100"],
        &["-1.9", "0"],
    );
    check(
        &json!({"type": "number"}),
        &["-2.5e-7", "1"],
        &["1.", ".5", "1e999"],
    );
}

#[test]
fn values_are_one_of_a_list() {
    check(
        &json!({"enum": ["a\"b", 1, null, {"x": [true]}]}),
        &[r#""a\"b""#, "1", "null", r#"{"x":[true]}"#],
        &["2", "\"a\"", "{}"],
    );
    check(&json!({"const": "x"}), &["\"x\""], &["\"y\"", "x"]);
    check(
        &json!({"type": "string", "enum": ["a", 1]}),
        &["\"a\""],
        &["1"],
    );
}

#[test]
fn types_can_be_several() {
    check(
        &json!({"type": ["string", "null"], "maxLength": 1}),
        &["\"a\"", "null"],
        &["1", "\"ab\""],
    );
    check(
        &json!({"type": "integer", "nullable": true}),
        &["1", "null"],
        &["\"a\""],
    );
    check(&json!(true), &["1", "[{}]", "\"a\"", "null"], &["", "nul"]);
    check(&json!({"title": "t", "x-own": 1}), &["1", "{}"], &["x"]);
}

#[test]
fn parts_are_combined() {
    let any = json!({"anyOf": [{"type": "integer"}, {"type": "string", "maxLength": 1}]});
    check(&any, &["1", "\"a\""], &["\"ab\"", "1.5", "null"]);
    let shared = json!({
        "type": "object", "properties": {"kind": {"type": "string"}}, "required": ["kind"],
        "oneOf": [
            {"properties": {"kind": {"const": "a"}, "x": {"type": "integer"}}, "required": ["kind", "x"]},
            {"properties": {"kind": {"const": "b"}}, "required": ["kind"]},
        ],
    });
    check(
        &shared,
        &[r#"{"kind":"a","x":1}"#, r#"{"kind":"b"}"#],
        &[r#"{"kind":"a"}"#, r#"{"kind":"c"}"#],
    );
    let all = json!({
        "allOf": [{"$ref": "#/$defs/named"}, {"properties": {"age": {"minimum": 0}}, "required": ["age"]}],
        "properties": {"age": {"type": "integer", "maximum": 9}},
        "$defs": {"named": {"type": "object", "properties": {"name": {"type": "string"}}, "required": ["name"]}},
    });
    check(
        &all,
        &[r#"{"age":7,"name":"x"}"#],
        &[
            r#"{"age":10,"name":"x"}"#,
            r#"{"name":"x"}"#,
            r#"{"age":-1,"name":"x"}"#,
        ],
    );
}

#[test]
fn references_may_recur() {
    let tree = json!({
        "$ref": "#/$defs/tree",
        "$defs": {"tree": {
            "type": "object",
            "properties": {"value": {"type": "integer"}, "within": {"type": "array", "items": {"$ref": "#/$defs/tree"}}},
            "required": ["value"], "additionalProperties": false,
        }},
    });
    check(
        &tree,
        &[
            r#"{"value":1}"#,
            r#"{"value":1,"within":[{"value":2,"within":[]}]}"#,
        ],
        &[r#"{"value":1,"within":[{}]}"#],
    );
    let list = json!({"type": "object", "properties": {"next": {"anyOf": [{"$ref": "#"}, {"type": "null"}]}}, "required": ["next"]});
    check(&list, &[r#"{"next":{"next":null}}"#], &[r#"{"next":{}}"#]);
}
