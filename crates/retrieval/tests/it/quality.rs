//! What the words alone must reach on the questions for development, with the library as it is; the encoder's figures are in
//! `docs/reference/quality.md`.

use std::sync::Arc;

use async_trait::async_trait;
use domain::embedding::{EmbedError, Embedder, Encoded};
use domain::id::ItemId;
use domain::knowledge::{
    EmbeddedItem, Item, ItemFilter, ItemKind, ItemStatus, KnowledgeStore, Origin, Reader,
};
use domain::retrieval::{Query, Retriever, Verdict};
use domain::routing::{Intent, IntentRouter};
use domain::time::Timestamp;
use retrieval::hybrid::HybridRetriever;
use retrieval::router::SemanticRouter;
use retrieval::terms::find_language;
use serde_json::Value;
use store::Store;
use uuid::Uuid;

struct NoEncoder;

#[async_trait]
impl Embedder for NoEncoder {
    fn encoder(&self) -> &'static str {
        "none"
    }

    async fn encode(&self, _: &[String]) -> Result<Vec<Encoded>, EmbedError> {
        Err(EmbedError::Missing("left out on purpose".into()))
    }
}

fn questions() -> Vec<Value> {
    include_str!("../data/dev.jsonl")
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

fn intent(question: &Value) -> Intent {
    match question["intent"].as_str() {
        Some("generate") => Intent::Generate,
        Some("explain") => Intent::Explain,
        _ => Intent::None,
    }
}

async fn library() -> HybridRetriever {
    let items = app::knowledge::read_library().unwrap().into_iter().zip(1..);
    let embedded = items.map(|(draft, number)| EmbeddedItem {
        item: Item {
            id: ItemId(Uuid::from_u128(number)),
            key: draft.key,
            origin: Origin::Library,
            title: draft.title,
            description: draft.description,
            phrasings: draft.phrasings,
            body: draft.body,
            owner: None,
            status: ItemStatus::Published,
            fingerprint: draft.fingerprint,
            updated_at: Timestamp::from_millis(0),
        },
        vectors: Vec::new(),
    });
    let store = Store::open_in_memory().await.unwrap();
    store
        .write_items("none", embedded.collect(), Vec::new())
        .await
        .unwrap();
    HybridRetriever::new(Arc::new(store), Arc::new(NoEncoder))
}

#[tokio::test]
async fn words_alone_find_most_and_claim_little_that_is_not_there() {
    let retriever = library().await;
    let (mut asked, mut found_first, mut not_there, mut false_known) = (0, 0, 0, 0);
    for question in questions() {
        let kind = match intent(&question) {
            Intent::Generate => ItemKind::Task,
            Intent::Explain => ItemKind::Concept,
            Intent::None => continue,
        };
        let text = question["text"].as_str().unwrap();
        let language = find_language(text).filter(|_| kind == ItemKind::Task);
        let filter = ItemFilter {
            kind: Some(kind),
            language,
        };
        let query = Query {
            text: text.into(),
            filter,
            limit: 5,
        };
        let found = retriever.retrieve(Reader::Public, &query).await.unwrap();
        let expected = question["expected"].to_string();
        if expected.contains("library/") {
            asked += 1;
            let best = found.hits.first().map_or("-", |hit| hit.item.key.as_str());
            found_first += u32::from(expected.contains(&format!("\"{best}\"")));
        } else if question["expected"].is_null() {
            not_there += 1;
            false_known += u32::from(found.verdict == Verdict::Known);
        }
    }
    assert!(found_first * 100 >= asked * 65, "{found_first} of {asked}");
    assert!(
        false_known * 100 <= not_there * 5,
        "{false_known} of {not_there}"
    );
}

#[tokio::test]
async fn words_alone_route_most_messages() {
    let router = SemanticRouter::new(Arc::new(NoEncoder));
    let (mut asked, mut right) = (0, 0);
    for question in questions() {
        let decision = router.route(question["text"].as_str().unwrap(), &[]).await;
        asked += 1;
        right += u32::from(decision.intent == intent(&question));
    }
    assert!(right * 100 >= asked * 80, "{right} of {asked}");
}
