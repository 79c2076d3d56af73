//! Models of this machine and of servers as one list.

use std::sync::Arc;

use async_trait::async_trait;
use domain::models::ModelName;
use domain::models::writing::{Writer, Writing, WritingError, WritingEvent, WritingRequest};

use super::server::{Server, good};
use super::{request, settings, writer};
use crate::remote::CombinedWriter;

/// A machine with one model, which writes its name.
struct Local;

struct Said(Vec<Result<WritingEvent, WritingError>>);

#[async_trait]
impl Writing for Said {
    async fn next(&mut self) -> Option<Result<WritingEvent, WritingError>> {
        self.0.pop()
    }
}

#[async_trait]
impl Writer for Local {
    async fn write(&self, _: WritingRequest) -> Result<Box<dyn Writing>, WritingError> {
        let text = WritingEvent::Text {
            text: "local".to_owned(),
            tokens: Vec::new(),
        };
        Ok(Box::new(Said(vec![Ok(text)])))
    }

    async fn list_names(&self) -> Vec<ModelName> {
        vec!["phi-2".parse().unwrap()]
    }

    async fn count_tokens(&self, _model: &ModelName, _text: &str) -> Option<u32> {
        Some(1)
    }
}

#[tokio::test]
async fn local_and_remote_models_are_one_list() {
    let server = Server::start(good("remote")).await;
    let remote = Arc::new(writer(vec![settings("gpu", server.port)]));
    let combined = CombinedWriter::new(Arc::new(Local), Arc::clone(&remote));
    let first = async |writer: &CombinedWriter, model: &str| {
        let mut writing = writer.write(request(model)).await.unwrap();
        loop {
            match writing.next().await.unwrap() {
                Ok(WritingEvent::Text { text, .. }) => return Ok(text),
                Ok(_) => {}
                Err(error) => return Err(error),
            }
        }
    };
    assert_eq!(first(&combined, "phi-2").await.unwrap(), "local");
    assert_eq!(first(&combined, "gpu/m").await.unwrap(), "remote");
    let names: Vec<String> = combined
        .list_names()
        .await
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(names, ["gpu/m", "phi-2"]);
    assert_eq!(
        combined.count_tokens(&"phi-2".parse().unwrap(), "x").await,
        Some(1)
    );
    assert_eq!(
        combined.count_tokens(&"gpu/m".parse().unwrap(), "x").await,
        None
    );
}
