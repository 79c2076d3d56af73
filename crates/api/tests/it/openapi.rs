//! The description of the API: committed, complete, and served.

use std::path::Path;

use reqwest::Method;
use serde_json::Value;
use testkit::server::{TestServer, read};

#[test]
#[expect(
    clippy::disallowed_methods,
    reason = "the variable asks for the file to be written anew"
)]
fn the_committed_description_is_the_present_one() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/reference/openapi.json");
    if std::env::var("UPDATE").is_ok() {
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(&file, api::render_openapi()).unwrap();
    }
    let committed = std::fs::read_to_string(&file).unwrap_or_default();
    let hint =
        "run `UPDATE=1 cargo nextest run -p api openapi` and commit docs/reference/openapi.json";
    assert!(committed == api::render_openapi(), "{hint}");
}

#[test]
fn every_operation_is_described_with_its_refusals() {
    let document = serde_json::to_value(api::openapi()).unwrap();
    assert_eq!(document["openapi"], "3.1.0");
    let mut names = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let about = format!("{method} {path}");
            assert!(
                !operation["summary"].as_str().unwrap().is_empty(),
                "{about}"
            );
            assert_eq!(operation["tags"].as_array().unwrap().len(), 1, "{about}");
            names.push(operation["operationId"].as_str().unwrap().to_owned());
            let responses = operation["responses"].as_object().unwrap();
            let is_openai = path.starts_with("/v1/");
            let (media_type, schema) = if is_openai {
                ("application/json", "#/components/schemas/OpenAiError")
            } else {
                ("application/problem+json", "#/components/schemas/Problem")
            };
            let mut wanted = vec!["500", "503"];
            if operation.get("requestBody").is_some() {
                assert_eq!(operation["requestBody"]["required"], true, "{about}");
                wanted.extend(["400", "413", "415"]);
                if !is_openai {
                    wanted.push("422");
                }
            }
            if !operation["security"].as_array().unwrap().is_empty() {
                wanted.extend(["401", "403"]);
            }
            if path.contains("{id}") || path.contains("{name}") {
                wanted.push("404");
            }
            for status in wanted {
                assert!(responses.contains_key(status), "{about} lacks {status}");
            }
            for (status, response) in responses {
                if status.starts_with(['4', '5']) {
                    let target = response["$ref"].as_str().unwrap().trim_start_matches('#');
                    let content = &document.pointer(target).unwrap()["content"][media_type];
                    assert_eq!(content["schema"]["$ref"], schema, "{about} {status}");
                }
            }
        }
    }
    let count = names.len();
    names.sort();
    names.dedup();
    assert_eq!(names.len(), count, "operation names are unique");
}

#[test]
fn requests_have_examples_and_refuse_unknown_fields() {
    let document = serde_json::to_value(api::openapi()).unwrap();
    for (name, schema) in document["components"]["schemas"].as_object().unwrap() {
        if name.ends_with("Request") {
            assert!(schema["example"].is_object(), "{name} has no example");
            // Others defined these, and their clients send more than they say.
            let is_lenient = [
                "ChatCompletionRequest",
                "CompletionRequest",
                "EmbeddingRequest",
            ];
            let is_lenient = is_lenient.contains(&name.as_str());
            let refuses = schema["additionalProperties"] == Value::Bool(false);
            assert_eq!(refuses, !is_lenient, "{name}");
        }
    }
}

#[test]
fn every_reference_leads_somewhere() {
    fn walk(document: &Value, node: &Value) {
        if let Some(target) = node.get("$ref").and_then(Value::as_str) {
            assert!(
                document.pointer(target.trim_start_matches('#')).is_some(),
                "{target}"
            );
        }
        match node {
            Value::Array(items) => items.iter().for_each(|item| walk(document, item)),
            Value::Object(fields) => fields.values().for_each(|item| walk(document, item)),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }
    let document = serde_json::to_value(api::openapi()).unwrap();
    walk(&document, &document);
}

#[tokio::test]
async fn the_server_serves_it() {
    let server = TestServer::start().await;
    let (status, document) = read(server.request(Method::GET, "/openapi.json")).await;
    assert_eq!(
        (status, document),
        (200, serde_json::to_value(api::openapi()).unwrap())
    );
}
