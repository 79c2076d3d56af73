//! Small made-up accounts, turns and items.

use domain::accounts::{Account, AccountStore, Email, NewAccount, PasswordHash, Role, Username};
use domain::ask::{
    Answer, Brain, CheckResult, Checks, Outcome, Receipt, ReceiptStep, Source, Topic, WrittenText,
};
use domain::conversations::Turn;
use domain::id::{AccountId, ConversationId, ItemId, MessageId, ReceiptId};
use domain::knowledge::{ConceptBody, EmbeddedItem, Item, ItemBody, ItemStatus, Origin, TaskBody};
use domain::models::Digest;
use domain::models::writing::{
    ChatMessage, FinishReason, Finished, Prompt, Sampling, Shape, Speaker, WritingRequest,
};
use domain::{Language, PageRequest, Timestamp};
use store::Store;
use uuid::Uuid;

pub(crate) const ENCODER: &str = "tiny@1";

pub(crate) fn at(millis: i64) -> Timestamp {
    Timestamp::from_millis(millis)
}

pub(crate) fn page(limit: u32, offset: u32) -> PageRequest {
    PageRequest::new(limit, offset).unwrap()
}

pub(crate) fn new_account(number: u32, role: Role) -> NewAccount {
    NewAccount {
        account: Account {
            id: AccountId(Uuid::from_u128(u128::from(number))),
            email: Email::parse(&format!("person{number}@example.org")).unwrap(),
            username: Username::parse(&format!("Person{number}")).unwrap(),
            role,
            active: true,
            created_at: at(i64::from(number)),
        },
        password_hash: PasswordHash(format!("hash of {number}")),
    }
}

/// An account that is stored.
pub(crate) async fn member(store: &Store, number: u32) -> AccountId {
    let new = new_account(number, Role::User);
    let id = new.account.id;
    store.add_account(new, 5).await.unwrap();
    id
}

pub(crate) fn conversation(number: u128) -> ConversationId {
    ConversationId(Uuid::from_u128(0xc000 + number))
}

/// A turn of one question and its answer; everything about it follows from its number.
pub(crate) fn turn(number: u128, conversation: ConversationId, title: Option<&str>) -> Turn {
    let id = |kind: u128| Uuid::from_u128(kind * 0x1_0000 + number);
    let millis = i64::try_from(number).unwrap() * 1000;
    Turn {
        conversation,
        title: title.map(str::to_owned),
        question_id: MessageId(id(1)),
        question: format!("question {number}"),
        answer_id: MessageId(id(2)),
        answer: Answer {
            markdown: format!("answer {number}"),
            code: Some("print(1)\n".to_owned()),
            language: Some(Language::Python),
            outcome: Outcome::Confirm,
            brain: Brain::Model("tiny-1".parse().unwrap()),
            reason: "it was asked".to_owned(),
            ai_confidence: 0.3,
            sources: vec![Source {
                item: ItemId(id(4)),
                key: "library/python/one".to_owned(),
                title: "One".to_owned(),
                score: 0.7,
                language: None,
            }],
            checks: Checks {
                syntax: CheckResult::Passed,
                execution: CheckResult::NotApplicable,
                notes: vec!["it parses".to_owned()],
                tests_passed: 2,
                tests_total: 3,
                attempts: 1,
                duration_us: 12_345,
            },
        },
        receipt: Receipt {
            id: ReceiptId(id(3)),
            version: "0.1.0".to_owned(),
            encoder: ENCODER.to_owned(),
            steps: vec![ReceiptStep {
                name: "understand".to_owned(),
                duration_us: 17,
                facts: vec![("intent".to_owned(), "generate".to_owned())],
            }],
            writings: vec![written_text()],
            created_at: at(millis),
        },
        replaces: None,
        at: at(millis),
    }
}

fn written_text() -> WrittenText {
    let message = |speaker, text: &str| ChatMessage {
        speaker,
        text: text.to_owned(),
    };
    WrittenText {
        request: WritingRequest {
            model: "tiny-1".parse().unwrap(),
            adapter: Some("ds-code".parse().unwrap()),
            prompt: Prompt::Chat(vec![
                message(Speaker::System, "be brief"),
                message(Speaker::User, "print one"),
            ]),
            sampling: Sampling {
                seed: u64::MAX,
                stop: vec!["\n\n".to_owned()],
                ..Sampling::default()
            },
            shape: Shape::Free,
            owner: "ada".to_owned(),
            is_lookup: true,
            logprobs: None,
        },
        text: "print(1)".to_owned(),
        finished: Some(Finished {
            reason: FinishReason::Stop,
            prompt_tokens: 9,
            reused_tokens: 4,
            new_tokens: 3,
            drafted_tokens: 2,
            accepted_tokens: 1,
            mean_probability: Some(0.75),
            weights: Some(Digest([7; 32])),
            template: None,
            waiting_us: 1,
            prompt_us: 2,
            writing_us: 3,
        }),
        is_shown: true,
    }
}

pub(crate) fn task(number: u128, title: &str, code: &str) -> Item {
    Item {
        id: ItemId(Uuid::from_u128(0xa000 + number)),
        key: format!("library/python/{number}"),
        origin: Origin::Library,
        title: title.to_owned(),
        description: format!("Does the thing called {title}."),
        phrasings: vec![format!("I need {title}")],
        body: ItemBody::Task(TaskBody {
            language: Language::Python,
            code: code.to_owned(),
            tests: Some("assert True".to_owned()),
            entry_point: None,
            verified: true,
        }),
        owner: None,
        status: ItemStatus::Published,
        fingerprint: format!("{number:064x}"),
        updated_at: at(7),
    }
}

pub(crate) fn concept(number: u128, title: &str) -> Item {
    Item {
        key: format!("library/concepts/{number}"),
        body: ItemBody::Concept(ConceptBody {
            topic: Topic::DataScience,
            beginner: "simple".to_owned(),
            technical: "exact".to_owned(),
            step_by_step: "1. first".to_owned(),
            see_also: vec!["library/concepts/2".to_owned()],
        }),
        ..task(number, title, "")
    }
}

/// The item with one vector for each of its texts, all made from `seed`.
pub(crate) fn embedded(item: Item, seed: f32) -> EmbeddedItem {
    let vectors = item
        .embedded_texts()
        .iter()
        .map(|_| vec![seed, -0.5, f32::MIN_POSITIVE])
        .collect();
    EmbeddedItem { item, vectors }
}

pub(crate) fn bare(item: Item) -> EmbeddedItem {
    EmbeddedItem {
        item,
        vectors: Vec::new(),
    }
}
