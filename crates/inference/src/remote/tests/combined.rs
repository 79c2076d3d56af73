//! Models of this machine and of servers as one list.

use std::sync::Arc;

use async_trait::async_trait;
use domain::models::ModelName;
use domain::models::writing::{Writer, Writing, WritingError, WritingEvent, WritingRequest};

use super::server::{Server, good};
use super::{request, settings, writer};
use crate::remote::CombinedWriter;

/// A machine with one model, which fails or writes its name.
struct Local {
    is_failing: bool,
}

struct Said(Vec<Result<WritingEvent, WritingError>>);

#[async_trait]
impl Writing for Said {
    async fn next(&mut self) -> Option<Result<WritingEvent, WritingError>> {
        self.0.pop()
    }
}

#[async_trait]
impl Writer for Local {
    async fn write(&self, request: WritingRequest) -> Result<Box<dyn Writing>, WritingError> {
        let failed = WritingError::Failed {
            model: request.model.clone(),
            reason: "it died".to_owned(),
        };
        let text = WritingEvent::Text {
            text: "local".to_owned(),
            tokens: Vec::new(),
        };
        Ok(Box::new(Said(if self.is_failing {
            vec![Err(failed)]
        } else {
            vec![Err(failed), Ok(text)]
        })))
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
    let combined = |is_failing, fail_over: &[(&str, &str)]| {
        let name = |text: &str| text.parse::<ModelName>().unwrap();
        let fail_over = fail_over
            .iter()
            .map(|(local, remote)| (name(local), name(remote)));
        CombinedWriter::new(
            Arc::new(Local { is_failing }),
            Arc::clone(&remote),
            fail_over.collect(),
        )
    };
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
    let plain = combined(false, &[]);
    assert_eq!(first(&plain, "phi-2").await.unwrap(), "local");
    assert_eq!(first(&plain, "gpu/m").await.unwrap(), "remote");
    let names: Vec<String> = plain
        .list_names()
        .await
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(names, ["gpu/m", "phi-2"]);
    assert_eq!(
        plain.count_tokens(&"phi-2".parse().unwrap(), "x").await,
        Some(1)
    );
    assert_eq!(
        plain.count_tokens(&"gpu/m".parse().unwrap(), "x").await,
        None
    );

    assert!(
        first(&combined(true, &[]), "phi-2").await.is_err(),
        "only when it is configured"
    );
    let mended = combined(true, &[("phi-2", "gpu/m")]);
    assert_eq!(first(&mended, "phi-2").await.unwrap(), "remote");
    assert!(first(&mended, "other").await.is_err());
    let well = combined(false, &[("phi-2", "gpu/m")]);
    let (text, end) = read_until_error(&well).await;
    assert_eq!(text, "local");
    assert!(end, "what was begun is not begun again elsewhere");
}

async fn read_until_error(writer: &CombinedWriter) -> (String, bool) {
    let mut writing = writer.write(request("phi-2")).await.unwrap();
    let mut text = String::new();
    while let Some(event) = writing.next().await {
        match event {
            Ok(WritingEvent::Text { text: more, .. }) => text += &more,
            Ok(_) => {}
            Err(_) => return (text, true),
        }
    }
    (text, false)
}
