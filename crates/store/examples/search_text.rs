//! Measures full-text search over 100,000 items made of the words of the library with their real frequencies and a long
//! tail of invented ones, asked with the questions written for developing: on an SQLite file, and with `postgres` as the
//! argument on a PostgreSQL server of its own.
#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a measuring program prints, and stops at the first error"
)]

use std::path::Path;
use std::time::{Duration, Instant};

use domain::id::{AccountId, ItemId};
use domain::knowledge::{
    EmbeddedItem, Item, ItemBody, ItemFilter, ItemKind, ItemStatus, KnowledgeStore, Origin, Reader,
    TaskBody,
};
use domain::{Language, Timestamp};
use store::Store;
use uuid::Uuid;

#[path = "../../testkit/src/postgres.rs"]
#[expect(unreachable_pub, reason = "public, and used in full, in its own crate")]
mod postgres;

const ITEMS: u64 = 100_000;
const BATCH: u64 = 5_000;
/// One word in so many is an invented one.
const INVENTED_EVERY: u64 = 7;
const INVENTED: u64 = 30_000;
const ENCODER: &str = "none@1";
const LANGUAGES: [Language; 4] = [
    Language::Python,
    Language::JavaScript,
    Language::Cpp,
    Language::Rust,
];
/// Somebody who has written nothing, so that every row is looked at for whether it is visible.
const READER: Reader = Reader::Account(AccountId(Uuid::from_u128(7)));

#[tokio::main]
async fn main() {
    let repository = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let corpus = Corpus::read(&repository);
    if std::env::args().nth(1).as_deref() == Some("postgres") {
        let cluster = postgres::Cluster::start();
        let store = Store::open_url(&cluster.create_database()).await.unwrap();
        fill(&store, &corpus).await;
        measure(&store, &corpus).await;
        store.close().await;
    } else {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store.db");
        let store = Store::open_sqlite(&path).await.unwrap();
        fill(&store, &corpus).await;
        store.close().await;
        let store = Store::open_sqlite(&path).await.unwrap();
        measure(&store, &corpus).await;
        store.close().await;
    }
}

async fn fill(store: &Store, corpus: &Corpus) {
    let began = Instant::now();
    for start in (0..ITEMS).step_by(usize::try_from(BATCH).unwrap()) {
        let batch = (start..start + BATCH).map(|n| corpus.item(n)).collect();
        store.write_items(ENCODER, batch, vec![]).await.unwrap();
    }
    println!("{ITEMS} items written in {:.1?}", began.elapsed());
}

async fn measure(store: &Store, corpus: &Corpus) {
    let all = ItemFilter::default();
    let rust = ItemFilter {
        kind: Some(ItemKind::Task),
        language: Some(Language::Rust),
    };
    let concepts = ItemFilter {
        kind: Some(ItemKind::Concept),
        language: None,
    };
    for (name, filter) in [
        ("everything, first time", all),
        ("everything", all),
        ("tasks in Rust", rust),
        ("concepts, of which there are none", concepts),
    ] {
        let mut times = Vec::new();
        let mut found = 0;
        for question in &corpus.questions {
            let began = Instant::now();
            let items = store.search_text(READER, question, filter, 20).await;
            times.push((began.elapsed(), question));
            found += items.unwrap().len();
        }
        times.sort();
        let at = |percent: usize| times[times.len() * percent / 100].0;
        let (slowest, question) = times.last().unwrap();
        println!(
            "{name}: {} questions found {found} items, p50 {} · p95 {} · p99 {} · max {} ms (`{question}`)",
            times.len(),
            millis(at(50)),
            millis(at(95)),
            millis(at(99)),
            millis(*slowest),
        );
    }
}

fn millis(time: Duration) -> String {
    format!("{:.2}", time.as_secs_f64() * 1000.0)
}

struct Corpus {
    prose: Vec<String>,
    code: Vec<String>,
    questions: Vec<String>,
}

impl Corpus {
    fn read(repository: &Path) -> Self {
        let mut corpus = Self {
            prose: Vec::new(),
            code: Vec::new(),
            questions: Vec::new(),
        };
        for folder in list(&repository.join("library/tasks")) {
            for file in list(&folder) {
                corpus.take_words(&std::fs::read_to_string(file).unwrap());
            }
        }
        let questions = repository.join("crates/retrieval/tests/data/dev.jsonl");
        for line in std::fs::read_to_string(questions).unwrap().lines() {
            let line: serde_json::Value = serde_json::from_str(line).unwrap();
            corpus
                .questions
                .push(line["text"].as_str().unwrap().to_owned());
        }
        corpus
    }

    /// Adds the words of a task: what is fenced is code, the rest prose.
    fn take_words(&mut self, text: &str) {
        let mut is_code = false;
        for line in text.lines() {
            if line.starts_with("```") {
                is_code = !is_code;
                continue;
            }
            let words = line
                .split(|c: char| !c.is_alphanumeric())
                .filter(|word| !word.is_empty())
                .map(str::to_lowercase);
            if is_code {
                self.code.extend(words);
            } else {
                self.prose.extend(words);
            }
        }
    }

    fn item(&self, number: u64) -> EmbeddedItem {
        let mut random = Random(number.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let language = LANGUAGES[usize::try_from(number % 4).unwrap()];
        let item = Item {
            id: ItemId(Uuid::from_u128(u128::from(number) << 64 | 7)),
            key: format!("bench/{number}"),
            origin: Origin::Taught,
            title: random.text(&self.prose, 5),
            description: random.text(&self.prose, 30),
            phrasings: vec![random.text(&self.prose, 8)],
            body: ItemBody::Task(TaskBody {
                language,
                code: random.text(&self.code, 25),
                tests: None,
                entry_point: None,
                verified: true,
            }),
            owner: None,
            status: ItemStatus::Published,
            fingerprint: format!("{number:064x}"),
            updated_at: Timestamp::from_millis(0),
        };
        EmbeddedItem {
            item,
            vectors: vec![],
        }
    }
}

fn list(folder: &Path) -> Vec<std::path::PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap();
    let mut paths: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths
}

struct Random(u64);

impl Random {
    fn below(&mut self, end: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % end
    }

    fn text(&mut self, words: &[String], count: usize) -> String {
        let mut text = Vec::new();
        for _ in 0..count {
            if self.below(INVENTED_EVERY) == 0 {
                text.push(format!("invented{}", self.below(INVENTED)));
            } else {
                let at = self.below(u64::try_from(words.len()).unwrap());
                text.push(words[usize::try_from(at).unwrap()].clone());
            }
        }
        text.join(" ")
    }
}
