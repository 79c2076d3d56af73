//! Conversations, messages and receipts.

use domain::conversations::{ConversationStore, MessageBody};
use domain::id::{AccountId, ConversationId, MessageId, ReceiptId};
use domain::{Conflict, StoreError};
use futures::future::join_all;
use store::Store;
use uuid::Uuid;

use crate::backends::cases;
use crate::samples::{at, conversation, member, page, turn};

cases![
    a_turn_is_read_back_as_it_was_added,
    a_conversation_is_its_owners_alone,
    nothing_is_written_to_what_does_not_exist,
    a_turn_replaces_another,
    conversations_are_found_by_words,
    any_text_can_be_searched_for,
    conversations_and_messages_are_paged,
    a_conversation_is_renamed,
    a_removed_conversation_leaves_nothing,
    turns_added_at_once_are_all_kept,
    text_a_database_cannot_hold_is_mended,
];

async fn texts(store: &Store, owner: AccountId, id: ConversationId) -> Vec<String> {
    store
        .list_recent_messages(owner, id, 100)
        .await
        .unwrap()
        .into_iter()
        .map(|message| match message.body {
            MessageBody::Question { text } => text,
            MessageBody::Answer(answer) => answer.markdown,
        })
        .collect()
}

async fn found(store: &Store, owner: AccountId, search: &str) -> Vec<String> {
    let found = store
        .list_conversations(owner, search, page(50, 0))
        .await
        .unwrap();
    assert_eq!(found.total, found.rows.len() as u64);
    found.rows.into_iter().map(|row| row.title).collect()
}

async fn a_turn_is_read_back_as_it_was_added(store: Store) {
    let owner = member(&store, 1).await;
    let turn = turn(1, conversation(1), Some("First"));
    assert_eq!(store.append_turn(owner, turn.clone()).await, Ok(true));

    let stored = store.find_conversation(owner, turn.conversation).await;
    let stored = stored.unwrap().unwrap();
    assert_eq!((stored.owner, stored.title.as_str()), (owner, "First"));
    assert_eq!((stored.created_at, stored.updated_at), (turn.at, turn.at));

    let messages = store
        .list_messages(owner, turn.conversation, page(10, 0))
        .await
        .unwrap()
        .unwrap();
    let [question, answer] = messages.rows.as_slice() else {
        panic!("{messages:?}");
    };
    assert_eq!((question.id, question.receipt), (turn.question_id, None));
    let text = turn.question.clone();
    assert_eq!(question.body, MessageBody::Question { text });
    assert_eq!(
        (answer.id, answer.receipt, answer.created_at),
        (turn.answer_id, Some(turn.receipt.id), turn.at)
    );
    assert_eq!(answer.body, MessageBody::Answer(Box::new(turn.answer)));
    let receipt = store.find_receipt(owner, turn.receipt.id).await;
    assert_eq!(receipt, Ok(Some(turn.receipt)));
}

async fn a_conversation_is_its_owners_alone(store: Store) {
    let (owner, other) = (member(&store, 1).await, member(&store, 2).await);
    let first = turn(1, conversation(1), Some("Secret plan"));
    store.append_turn(owner, first.clone()).await.unwrap();
    let id = first.conversation;

    assert_eq!(store.find_conversation(other, id).await, Ok(None));
    assert_eq!(store.list_messages(other, id, page(9, 0)).await, Ok(None));
    assert_eq!(store.list_recent_messages(other, id, 9).await, Ok(vec![]));
    assert_eq!(store.find_receipt(other, first.receipt.id).await, Ok(None));
    assert!(found(&store, other, "").await.is_empty());
    assert!(found(&store, other, "secret question").await.is_empty());
    let renamed = store.rename_conversation(other, id, "Mine", at(9)).await;
    assert_eq!(renamed, Ok(None));
    assert_eq!(store.remove_conversation(other, id).await, Ok(false));
    let intruding = turn(2, id, None);
    assert_eq!(store.append_turn(other, intruding.clone()).await, Ok(false));
    let mut replacing = turn(3, conversation(2), Some("Own"));
    replacing.replaces = Some(first.answer_id);
    assert_eq!(store.append_turn(other, replacing).await, Ok(false));
    let stolen = turn(4, id, Some("Taken over"));
    assert_eq!(
        store.append_turn(other, stolen).await,
        Err(StoreError::Conflict(Conflict::DuplicateKey))
    );

    assert!(found(&store, other, "").await.is_empty());
    assert_eq!(texts(&store, owner, id).await, ["question 1", "answer 1"]);
    assert_eq!(found(&store, owner, "").await, ["Secret plan"]);
    let refused = store.find_receipt(other, intruding.receipt.id).await;
    assert_eq!(refused, Ok(None));
}

async fn nothing_is_written_to_what_does_not_exist(store: Store) {
    let owner = member(&store, 1).await;
    let orphan = turn(1, conversation(1), None);
    assert_eq!(store.append_turn(owner, orphan).await, Ok(false));
    let mut replacing = turn(2, conversation(2), Some("New"));
    replacing.replaces = Some(MessageId(Uuid::from_u128(1)));
    assert_eq!(store.append_turn(owner, replacing.clone()).await, Ok(false));
    assert!(found(&store, owner, "").await.is_empty());
    let receipt = store.find_receipt(owner, replacing.receipt.id).await;
    assert_eq!(receipt, Ok(None));
    let unknown = ReceiptId(Uuid::from_u128(5));
    assert_eq!(store.find_receipt(owner, unknown).await, Ok(None));
    assert_eq!(
        store.remove_conversation(owner, conversation(1)).await,
        Ok(false)
    );
}

async fn a_turn_replaces_another(store: Store) {
    let owner = member(&store, 1).await;
    let id = conversation(1);
    let mut first = turn(1, id, Some("Talk"));
    first.question = "about zebras".to_owned();
    store.append_turn(owner, first.clone()).await.unwrap();
    store.append_turn(owner, turn(2, id, None)).await.unwrap();
    let before = texts(&store, owner, id).await;

    let mut again = turn(3, id, None);
    again.replaces = Some(first.question_id);
    assert_eq!(store.append_turn(owner, again.clone()).await, Ok(false));
    assert_eq!(texts(&store, owner, id).await, before);

    again.replaces = Some(first.answer_id);
    assert_eq!(store.append_turn(owner, again.clone()).await, Ok(true));
    assert_eq!(
        texts(&store, owner, id).await,
        ["question 2", "answer 2", "question 3", "answer 3"]
    );
    assert_eq!(store.find_receipt(owner, first.receipt.id).await, Ok(None));
    assert!(found(&store, owner, "zebras").await.is_empty());

    let mut repeated = turn(4, id, None);
    repeated.replaces = Some(first.answer_id);
    assert_eq!(store.append_turn(owner, repeated).await, Ok(false));
    assert_eq!(texts(&store, owner, id).await.len(), 4);
}

async fn conversations_are_found_by_words(store: Store) {
    let owner = member(&store, 1).await;
    for (number, title, question, answer) in [
        (1, "Lists", "reverse a list", "use `reversed`"),
        (2, "Borrowing", "what is the borrow checker", "it checks"),
        (3, "Größe", "как перевернуть список", "мир"),
    ] {
        let mut turn = turn(number, conversation(number), Some(title));
        turn.question = question.to_owned();
        turn.answer.markdown = answer.to_owned();
        store.append_turn(owner, turn).await.unwrap();
    }
    let second = turn(4, conversation(2), None);
    store.append_turn(owner, second).await.unwrap();

    assert_eq!(
        found(&store, owner, "").await,
        ["Borrowing", "Größe", "Lists"],
        "latest first"
    );
    assert_eq!(found(&store, owner, "REVERSE list").await, ["Lists"]);
    assert_eq!(found(&store, owner, "reverse borrow").await, [""; 0]);
    assert_eq!(
        found(&store, owner, "borrowing 4 checker").await,
        ["Borrowing"],
        "words may stand in the title and in different messages"
    );
    assert_eq!(found(&store, owner, "the borr").await, ["Borrowing"]);
    assert_eq!(found(&store, owner, "borr the").await, [""; 0]);
    assert_eq!(found(&store, owner, "переверн").await, ["Größe"]);
    assert_eq!(found(&store, owner, "GRÖSSE").await, [""; 0]);
    assert_eq!(found(&store, owner, "größe").await, ["Größe"]);
}

async fn any_text_can_be_searched_for(store: Store) {
    let owner = member(&store, 1).await;
    let mut first = turn(1, conversation(1), Some("C++ foo-bar"));
    first.question = "\"borrow NEAR(x)".to_owned();
    store.append_turn(owner, first).await.unwrap();
    for search in [
        "\"borrow",
        "C++",
        "foo-bar",
        "foo AND bar",
        "title:foo",
        "NEAR(x)",
        "*",
        "!& | (",
    ] {
        let found = found(&store, owner, search).await;
        let has_unknown_word = search.contains("AND") || search.contains("title");
        assert_eq!(found.is_empty(), has_unknown_word, "{search:?}");
    }
    for search in [
        "\u{1f980}\u{200d}\u{301}",
        "İstanbul \u{fffd}",
        "ﷺ",
        "a\0b",
        "'; DROP TABLE messages; --",
        "x\\",
    ] {
        found(&store, owner, search).await;
    }
    let long = "word ".repeat(5000) + &"y".repeat(5000);
    assert!(found(&store, owner, &long).await.is_empty());
}

async fn conversations_and_messages_are_paged(store: Store) {
    let owner = member(&store, 1).await;
    for number in 1..=5 {
        let title = format!("T{number}");
        let turn = turn(number, conversation(number), Some(&title));
        store.append_turn(owner, turn).await.unwrap();
    }
    for number in 6..=8 {
        let turn = turn(number, conversation(1), None);
        store.append_turn(owner, turn).await.unwrap();
    }
    let second = store
        .list_conversations(owner, "question", page(2, 2))
        .await;
    let second = second.unwrap();
    let titles: Vec<_> = second.rows.iter().map(|row| row.title.as_str()).collect();
    assert_eq!((second.total, titles), (5, vec!["T4", "T3"]));

    let messages = store
        .list_messages(owner, conversation(1), page(3, 2))
        .await
        .unwrap()
        .unwrap();
    let ids: Vec<_> = messages.rows.iter().map(|message| message.id).collect();
    let (six, seven) = (
        turn(6, conversation(1), None),
        turn(7, conversation(1), None),
    );
    assert_eq!(
        (messages.total, ids),
        (8, vec![six.question_id, six.answer_id, seven.question_id])
    );
    let recent = store.list_recent_messages(owner, conversation(1), 2).await;
    let recent: Vec<_> = recent.unwrap().iter().map(|message| message.id).collect();
    let eight = turn(8, conversation(1), None);
    assert_eq!(recent, [eight.question_id, eight.answer_id]);
}

async fn a_conversation_is_renamed(store: Store) {
    let owner = member(&store, 1).await;
    let id = conversation(1);
    let first = turn(1, id, Some("Apples"));
    store.append_turn(owner, first).await.unwrap();
    for _ in 0..2 {
        let renamed = store
            .rename_conversation(owner, id, "Pears", at(5000))
            .await;
        let renamed = renamed.unwrap().unwrap();
        assert_eq!(
            (
                renamed.title.as_str(),
                renamed.updated_at,
                renamed.created_at
            ),
            ("Pears", at(5000), at(1000))
        );
    }
    assert_eq!(found(&store, owner, "pears").await, ["Pears"]);
    assert!(found(&store, owner, "apples").await.is_empty());
    let missing = store
        .rename_conversation(owner, conversation(2), "X", at(1))
        .await;
    assert_eq!(missing, Ok(None));
}

async fn a_removed_conversation_leaves_nothing(store: Store) {
    let owner = member(&store, 1).await;
    let first = turn(1, conversation(1), Some("Gone"));
    store.append_turn(owner, first.clone()).await.unwrap();
    let kept = turn(2, conversation(2), Some("Kept"));
    store.append_turn(owner, kept).await.unwrap();
    let id = first.conversation;
    assert_eq!(store.remove_conversation(owner, id).await, Ok(true));
    assert_eq!(store.remove_conversation(owner, id).await, Ok(false));
    assert_eq!(store.find_conversation(owner, id).await, Ok(None));
    assert_eq!(store.list_messages(owner, id, page(9, 0)).await, Ok(None));
    assert_eq!(store.find_receipt(owner, first.receipt.id).await, Ok(None));
    assert_eq!(found(&store, owner, "question").await, ["Kept"]);
    // Its identities are free again.
    assert_eq!(store.append_turn(owner, first).await, Ok(true));
    assert_eq!(found(&store, owner, "gone question").await, ["Gone"]);
}

async fn turns_added_at_once_are_all_kept(store: Store) {
    let owner = member(&store, 1).await;
    let id = conversation(1);
    store
        .append_turn(owner, turn(1, id, Some("Busy")))
        .await
        .unwrap();
    let tries = (2..=17).map(|number| {
        let store = store.clone();
        tokio::spawn(async move { store.append_turn(owner, turn(number, id, None)).await })
    });
    for result in join_all(tries).await {
        assert_eq!(result.unwrap(), Ok(true));
    }
    let texts = texts(&store, owner, id).await;
    assert_eq!(texts.len(), 34);
    for pair in texts.chunks(2) {
        let number = pair[0].strip_prefix("question ").unwrap();
        assert_eq!(pair[1], format!("answer {number}"), "turns are mixed up");
    }
}

async fn text_a_database_cannot_hold_is_mended(store: Store) {
    let owner = member(&store, 1).await;
    let mut odd = turn(1, conversation(1), Some("a\0b"));
    odd.answer.markdown = "nul \0 byte".to_owned();
    odd.answer.reason = "kept \0 whole".to_owned();
    odd.answer.ai_confidence = f32::NAN;
    assert_eq!(store.append_turn(owner, odd).await, Ok(true));
    let messages = store.list_recent_messages(owner, conversation(1), 1).await;
    let messages = messages.unwrap();
    let MessageBody::Answer(answer) = &messages[0].body else {
        panic!("{messages:?}");
    };
    assert_eq!(answer.markdown, "nul \u{fffd} byte");
    assert_eq!(answer.reason, "kept \0 whole");
    assert_eq!(answer.ai_confidence.to_bits(), 0);
}
