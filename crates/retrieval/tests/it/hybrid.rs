//! Searching a real SQLite store: what is written is found at once, by whom it may be, by meaning or by words alone.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use domain::Language;
use domain::accounts::{Account, AccountStore, Email, NewAccount, PasswordHash, Role, Username};
use domain::ask::Topic;
use domain::embedding::{EmbedError, Embedder, Encoded};
use domain::id::{AccountId, ItemId};
use domain::knowledge::{
    ConceptBody, EmbeddedItem, Item, ItemBody, ItemFilter, ItemStatus, KnowledgeStore, Origin,
    Reader, TaskBody,
};
use domain::retrieval::{Query, Retrieval, Retriever, SearchRung, Verdict};
use domain::time::Timestamp;
use retrieval::hybrid::HybridRetriever;
use retrieval::terms::find_terms;
use store::Store;
use uuid::Uuid;

const AUTHOR: AccountId = AccountId(Uuid::from_u128(1));
const STRANGER: AccountId = AccountId(Uuid::from_u128(2));

/// Texts that share terms are near each other; can be made to fail.
#[derive(Default)]
struct Words {
    fails: AtomicBool,
}

#[async_trait]
impl Embedder for Words {
    fn encoder(&self) -> &'static str {
        "words"
    }

    async fn encode(&self, texts: &[String]) -> Result<Vec<Encoded>, EmbedError> {
        if self.fails.load(Ordering::SeqCst) {
            return Err(EmbedError::Failed("the engine has gone".into()));
        }
        let encode = |text: &String| Encoded {
            vector: vector(text),
            tokens: 0,
        };
        Ok(texts.iter().map(encode).collect())
    }
}

fn vector(text: &str) -> Vec<f32> {
    let mut vector = vec![0.0; 128];
    vector[127] = 0.05;
    for term in find_terms(text) {
        let place = term
            .text
            .bytes()
            .fold(7_usize, |sum, byte| sum * 31 % 127 + usize::from(byte))
            % 127;
        vector[place] += term.weight;
    }
    let length = vector.iter().map(|x| x * x).sum::<f32>().sqrt();
    vector.iter().map(|x| x / length).collect()
}

fn task(number: u128, title: &str, language: Language) -> Item {
    Item {
        id: ItemId(Uuid::from_u128(number)),
        key: format!("taught/{number}"),
        origin: Origin::Taught,
        title: title.into(),
        description: format!("{title}."),
        phrasings: Vec::new(),
        body: ItemBody::Task(TaskBody {
            language,
            code: format!("# {title}"),
            tests: None,
            entry_point: None,
            verified: false,
        }),
        owner: None,
        status: ItemStatus::Published,
        fingerprint: format!("{number}"),
        updated_at: Timestamp::from_millis(0),
    }
}

fn concept(number: u128, title: &str) -> Item {
    Item {
        body: ItemBody::Concept(ConceptBody {
            topic: Topic::Other,
            beginner: title.into(),
            technical: title.into(),
            step_by_step: title.into(),
            see_also: Vec::new(),
        }),
        ..task(number, title, Language::Python)
    }
}

struct World {
    store: Arc<Store>,
    words: Arc<Words>,
    retriever: HybridRetriever,
}

impl World {
    async fn new(items: Vec<Item>) -> Self {
        let store = Arc::new(Store::open_in_memory().await.unwrap());
        let words = Arc::new(Words::default());
        let retriever = HybridRetriever::new(
            Arc::clone(&store) as Arc<dyn KnowledgeStore>,
            Arc::clone(&words) as Arc<dyn Embedder>,
        );
        let world = Self {
            store,
            words,
            retriever,
        };
        world.write(items, &[]).await;
        world
    }

    async fn write(&self, items: Vec<Item>, removed: &[&str]) {
        let embedded = items
            .into_iter()
            .map(|item| {
                let vectors = item
                    .embedded_texts()
                    .iter()
                    .map(|text| vector(text))
                    .collect();
                EmbeddedItem { item, vectors }
            })
            .collect();
        let removed = removed.iter().map(|&key| key.to_owned()).collect();
        self.store
            .write_items("words", embedded, removed)
            .await
            .unwrap();
    }

    async fn ask(&self, reader: Reader, text: &str, filter: ItemFilter) -> Retrieval {
        let query = Query {
            text: text.into(),
            filter,
            limit: 5,
        };
        self.retriever.retrieve(reader, &query).await.unwrap()
    }

    async fn add_author(&self) {
        let account = Account {
            id: AUTHOR,
            email: Email::parse("ada@example.org").unwrap(),
            username: Username::parse("ada").unwrap(),
            role: Role::Developer,
            active: true,
            created_at: Timestamp::from_millis(0),
        };
        let password_hash = PasswordHash("never checked here".into());
        let new = NewAccount {
            account,
            password_hash,
        };
        self.store.add_account(new, 1).await.unwrap();
    }

    async fn best(&self, text: &str) -> Option<String> {
        let found = self.ask(Reader::Public, text, ItemFilter::default()).await;
        found.hits.first().map(|hit| hit.item.title.clone())
    }
}

fn library() -> Vec<Item> {
    vec![
        task(1, "Rotate a list by k places", Language::Python),
        task(2, "Binary search in sorted values", Language::Python),
        task(3, "Binary search in sorted values", Language::Rust),
        concept(4, "Recursion"),
        task(5, "Count vowels of a sentence", Language::JavaScript),
    ]
}

#[tokio::test]
async fn what_is_asked_for_is_found_and_known() {
    let world = World::new(library()).await;
    let found = world
        .ask(
            Reader::Public,
            "please rotate a list by k places",
            ItemFilter::default(),
        )
        .await;
    assert_eq!(
        (found.verdict, found.rung),
        (Verdict::Known, SearchRung::Hybrid)
    );
    assert_eq!(found.hits[0].item.title, "Rotate a list by k places");
    assert!(found.hits[0].cosine.unwrap() > 0.9);
    assert!(
        found
            .hits
            .iter()
            .all(|hit| (0.0..=1.0).contains(&hit.score))
    );
    assert!(found.hits.is_sorted_by(|a, b| a.score >= b.score));
}

#[tokio::test]
async fn what_is_not_there_is_unknown() {
    let world = World::new(library()).await;
    for text in ["kubernetes operator restarting pods", "zzz", "", "?!"] {
        let found = world.ask(Reader::Public, text, ItemFilter::default()).await;
        assert_eq!(found.verdict, Verdict::Unknown, "{text:?}");
    }
    let empty = World::new(Vec::new()).await;
    let found = empty
        .ask(Reader::Public, "rotate a list", ItemFilter::default())
        .await;
    assert_eq!((found.verdict, found.hits.len()), (Verdict::Unknown, 0));
}

#[tokio::test]
async fn without_an_encoder_words_alone_decide_and_later_meaning_again() {
    let world = World::new(library()).await;
    world.words.fails.store(true, Ordering::SeqCst);
    let found = world
        .ask(
            Reader::Public,
            "rotate a list by k places",
            ItemFilter::default(),
        )
        .await;
    assert_eq!(found.rung, SearchRung::Lexical);
    assert_eq!(found.hits[0].item.title, "Rotate a list by k places");
    assert_eq!(found.hits[0].cosine, None);
    world.words.fails.store(false, Ordering::SeqCst);
    let found = world
        .ask(
            Reader::Public,
            "rotate a list by k places",
            ItemFilter::default(),
        )
        .await;
    assert_eq!(found.rung, SearchRung::Hybrid);
}

#[tokio::test]
async fn a_change_of_knowledge_is_seen_by_the_next_question() {
    let world = World::new(library()).await;
    assert_eq!(world.retriever.refresh().await.unwrap(), 10);
    world
        .write(
            vec![task(9, "Serialise a quaternion", Language::Python)],
            &[],
        )
        .await;
    assert_eq!(
        world.best("serialise a quaternion").await.as_deref(),
        Some("Serialise a quaternion")
    );
    assert_eq!(world.retriever.refresh().await.unwrap(), 12);
    assert_eq!(world.retriever.refresh().await.unwrap(), 12);
    world.write(Vec::new(), &["taught/9"]).await;
    assert_ne!(
        world.best("serialise a quaternion").await.as_deref(),
        Some("Serialise a quaternion")
    );
    assert_eq!(world.retriever.refresh().await.unwrap(), 10);
}

#[tokio::test]
async fn a_draft_is_found_by_its_author_alone_in_both_rungs() {
    let draft = Item {
        owner: Some(AUTHOR),
        status: ItemStatus::Draft,
        ..task(7, "Secret handshake protocol", Language::Python)
    };
    let world = World::new(library()).await;
    world.add_author().await;
    world.write(vec![draft], &[]).await;
    for fails in [false, true] {
        world.words.fails.store(fails, Ordering::SeqCst);
        let found = async |reader| {
            let found = world
                .ask(reader, "secret handshake protocol", ItemFilter::default())
                .await;
            found
                .hits
                .iter()
                .any(|hit| hit.item.title == "Secret handshake protocol")
        };
        assert!(found(Reader::Account(AUTHOR)).await);
        assert!(!found(Reader::Account(STRANGER)).await);
        assert!(!found(Reader::Public).await);
    }
}

#[tokio::test]
async fn a_filter_holds_for_every_hit_in_both_rungs() {
    let world = World::new(library()).await;
    let rust = ItemFilter {
        language: Some(Language::Rust),
        ..ItemFilter::default()
    };
    for fails in [false, true] {
        world.words.fails.store(fails, Ordering::SeqCst);
        let found = world
            .ask(Reader::Public, "binary search in sorted values", rust)
            .await;
        assert_eq!(found.hits.len(), 1);
        assert_eq!(found.hits[0].item.language(), Some(Language::Rust));
    }
}

#[tokio::test]
async fn the_language_that_is_named_comes_first_and_another_is_not_taken_unasked() {
    let world = World::new(library()).await;
    let found = world
        .ask(
            Reader::Public,
            "binary search in sorted values in rust",
            ItemFilter::default(),
        )
        .await;
    assert_eq!(found.hits[0].item.language(), Some(Language::Rust));
    let found = world
        .ask(
            Reader::Public,
            "count vowels of a sentence in go",
            ItemFilter::default(),
        )
        .await;
    assert_eq!(found.verdict, Verdict::Confirm);
}

#[tokio::test]
async fn items_without_vectors_are_found_by_words() {
    let world = World::new(library()).await;
    let item = task(8, "Parse an ephemeris table", Language::Python);
    let embedded = vec![EmbeddedItem {
        item,
        vectors: Vec::new(),
    }];
    world
        .store
        .write_items("words", embedded, Vec::new())
        .await
        .unwrap();
    assert_eq!(
        world.best("parse an ephemeris table").await.as_deref(),
        Some("Parse an ephemeris table")
    );
}
