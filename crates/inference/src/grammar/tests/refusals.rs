//! Schemas that are refused, and grammars as llama.cpp reads them.

use serde_json::{Value, json};

use crate::grammar::{SchemaError, json_object, json_schema};

#[track_caller]
fn refusal(schema: &str) -> (String, String) {
    match json_schema(schema).unwrap_err() {
        SchemaError::Unsupported {
            keyword, pointer, ..
        } => (keyword, pointer),
        SchemaError::Unreadable(reason) => ("unreadable".to_owned(), reason),
    }
}

#[test]
#[expect(clippy::too_many_lines, reason = "a line or two for each keyword")]
fn what_cannot_be_kept_is_refused_by_name_and_place() {
    for (schema, keyword, pointer) in [
        (json!({"not": {}}), "not", ""),
        (
            json!({"properties": {"a/b": {"type": "array", "uniqueItems": true}}}),
            "uniqueItems",
            "/properties/a~1b",
        ),
        (
            json!({"type": "array", "items": {"if": {}}}),
            "if",
            "/items",
        ),
        (
            json!({"type": "array", "prefixItems": []}),
            "prefixItems",
            "",
        ),
        (json!({"patternProperties": {}}), "patternProperties", ""),
        (json!({"type": "number", "multipleOf": 2}), "multipleOf", ""),
        (
            json!({"type": "integer", "multipleOf": 2}),
            "multipleOf",
            "",
        ),
        (json!({"type": "number", "minimum": 0.5}), "minimum", ""),
        (
            json!({"type": "integer", "minimum": 2, "maximum": 1}),
            "maximum",
            "",
        ),
        (json!({"type": "string", "format": "uri"}), "format", ""),
        (json!({"type": "string", "pattern": "(?=a)"}), "pattern", ""),
        (json!({"type": "string", "pattern": "a**"}), "pattern", ""),
        (json!({"type": "string", "pattern": "("}), "pattern", ""),
        (json!({"type": "string", "pattern": "\\b"}), "pattern", ""),
        (
            json!({"type": "string", "pattern": "a", "maxLength": 2}),
            "pattern",
            "",
        ),
        (
            json!({"type": "string", "maxLength": 100_000}),
            "maxLength",
            "",
        ),
        (
            json!({"type": "array", "maxItems": 100_000}),
            "maxItems",
            "",
        ),
        (json!({"type": "thing"}), "type", ""),
        (json!({"enum": []}), "enum", ""),
        (json!({"const": "a", "minLength": 3}), "minLength", ""),
        (
            json!({"anyOf": [{"type": "string"}, {"contains": 1}]}),
            "contains",
            "/anyOf/1",
        ),
        (
            json!({"oneOf": [{"type": "integer"}, {"type": "number"}]}),
            "oneOf",
            "",
        ),
        (
            json!({"allOf": [{"type": "integer"}, {"type": "string"}]}),
            "type",
            "",
        ),
        (
            json!({"allOf": [{"pattern": "a"}, {"pattern": "b"}]}),
            "pattern",
            "",
        ),
        (
            json!({"allOf": [{"properties": {"a": true}, "additionalProperties": false}, {"properties": {"b": true}}]}),
            "additionalProperties",
            "",
        ),
        (json!({"$ref": "http://example.org/x"}), "$ref", ""),
        (json!({"$ref": "#/$defs/none"}), "$ref", ""),
        (json!({"$ref": "#"}), "$ref", ""),
        (
            json!({"anyOf": [{"$ref": "#"}, {"type": "null"}]}),
            "$ref",
            "",
        ),
        (
            json!({"properties": {"a": {"$ref": "#"}}, "required": ["a"]}),
            "$ref",
            "",
        ),
        (json!({"allOf": [{"$ref": "#"}]}), "$ref", ""),
        (
            json!({"properties": {}, "required": ["a"], "additionalProperties": false}),
            "required",
            "",
        ),
        (
            json!({"type": "object", "minProperties": 1}),
            "minProperties",
            "",
        ),
        (
            json!({"items": false, "type": "array", "minItems": 1}),
            "false",
            "/items",
        ),
        (json!({"properties": {"a": 1}}), "schema", "/properties/a"),
        (json!(false), "false", ""),
    ] {
        let text = schema.to_string();
        assert_eq!(
            refusal(&text),
            (keyword.to_owned(), pointer.to_owned()),
            "{text}"
        );
        assert!(
            json_schema(&text)
                .unwrap_err()
                .to_string()
                .contains(keyword)
        );
    }
    for text in [
        "",
        "{",
        "{\"type\":\"string\",\"type\":\"null\"}",
        &"[".repeat(1000),
        &" ".repeat(70_000),
    ] {
        assert_eq!(refusal(text).0, "unreadable");
    }
}

#[test]
fn schemas_that_grow_are_refused_quickly() {
    let wide = json!({"type": "array", "maxItems": 1900, "items": {"type": "string", "pattern": "^(?:a{1900}){1900}$"}});
    assert_eq!(refusal(&wide.to_string()).0, "$ref");
    let branches: Vec<Value> = (0..40).map(|number| json!({"const": number})).collect();
    let product = json!({"allOf": [{"anyOf": branches}, {"anyOf": branches[1..]}]});
    assert_eq!(refusal(&product.to_string()).0, "anyOf");
    let double = json!({"$ref": "#/$defs/0", "$defs": (0..40).map(|number| {
        let next = format!("#/$defs/{}", number + 1);
        (number.to_string(), json!({"anyOf": [{"allOf": [{"$ref": next}]}, {"allOf": [{"$ref": next}]}]}))
    }).collect::<serde_json::Map<_, _>>()});
    assert_eq!(refusal(&double.to_string()).0, "$ref");
}

#[test]
fn llama_cpp_reads_the_grammars() {
    use llama_cpp_2::llama_backend::LlamaBackend;
    use llama_cpp_2::model::LlamaModel;
    use llama_cpp_2::model::params::LlamaModelParams;
    use llama_cpp_2::sampling::LlamaSampler;

    #[expect(
        clippy::disallowed_methods,
        reason = "only the caller knows where the models of a test run are"
    )]
    let folder = std::env::var("CODEGENIE_MODELS_DIR").map_or_else(
        |_| std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../models"),
        std::path::PathBuf::from,
    );
    let path = crate::find_or_prepare_model(&folder).expect(
        "this test needs the embedding model: run `scripts/fetch-embedding-model.sh models`",
    );
    let mut backend = LlamaBackend::init().unwrap();
    backend.void_logs();
    let params = LlamaModelParams::default().with_vocab_only(true);
    let model = LlamaModel::load_from_file(&backend, &path, &params).unwrap();
    let schemas = [
        json!({"type": "object", "properties": {"a\"b": {"type": "integer", "minimum": -7, "maximum": 1234}}, "additionalProperties": {"type": "number"}}),
        json!({"type": "array", "items": {"type": "string", "minLength": 1, "maxLength": 1999}, "maxItems": 1999}),
        json!({"type": "string", "pattern": "[^\"a-z\\]]{2,5}|\\.x"}),
        json!({"enum": ["ä\n\"\\\u{1}", 1.5, [null]]}),
        json!({"$ref": "#/$defs/t", "$defs": {"t": {"type": "array", "items": {"$ref": "#/$defs/t"}}}}),
        json!({"type": "string", "format": "date-time"}),
        json!({"type": "string", "format": "email"}),
        json!(true),
    ];
    let grammars = schemas
        .iter()
        .map(|schema| json_schema(&schema.to_string()).unwrap())
        .chain([json_object()]);
    for grammar in grammars {
        assert!(
            LlamaSampler::grammar(&model, &grammar, "root").is_ok(),
            "{grammar}"
        );
    }
    assert!(LlamaSampler::grammar(&model, "root ::= (", "root").is_err());
}
