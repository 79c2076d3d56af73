//! Knowledge items, their vectors and their full text.

use domain::accounts::{AccountStore, Role};
use domain::id::ItemId;
use domain::knowledge::{
    EmbeddedItem, Item, ItemFilter, ItemKind, ItemStatus, KnowledgeCounts, KnowledgeStore, Origin,
    Reader, Revision,
};
use domain::{Conflict, Language, StoreError};
use futures::future::join_all;
use store::Store;
use uuid::Uuid;

use crate::backends::cases;
use crate::samples::{ENCODER, bare, concept, embedded, member, new_account, task};

cases![
    items_are_read_back_as_they_were_written,
    a_known_key_keeps_its_identity,
    a_failing_batch_leaves_nothing,
    drafts_are_seen_by_their_author_alone,
    everything_is_a_change_since_zero,
    changes_come_once_and_in_order,
    vectors_of_encoders_do_not_mix,
    missing_vectors_are_added_once,
    vectors_of_old_content_are_passed_over,
    writers_at_once_get_revisions_of_their_own,
    text_is_found_best_first,
    search_is_narrowed_by_the_filter,
    any_text_can_be_searched_for,
    among_many_items_rare_words_decide,
];

const ALL: ItemFilter = ItemFilter {
    kind: None,
    language: None,
};

async fn write(store: &Store, items: Vec<EmbeddedItem>) {
    store.write_items(ENCODER, items, vec![]).await.unwrap();
}

async fn search(store: &Store, query: &str) -> Vec<ItemId> {
    let found = store
        .search_text(Reader::Public, query, ALL, 10)
        .await
        .unwrap();
    let scores: Vec<f32> = found.iter().map(|(_, score)| *score).collect();
    assert!(scores.is_sorted_by(|a, b| a >= b), "{scores:?}");
    assert!(scores.iter().all(|score| *score >= 0.0), "{scores:?}");
    found.into_iter().map(|(id, _)| id).collect()
}

fn with(item: &Item, vectors: Vec<Vec<f32>>) -> EmbeddedItem {
    EmbeddedItem {
        item: item.clone(),
        vectors,
    }
}

fn unknown() -> ItemId {
    ItemId(Uuid::from_u128(1))
}

async fn items_are_read_back_as_they_were_written(store: Store) {
    let items = [task(1, "reverse", "a[::-1]"), concept(2, "recursion")];
    write(&store, items.iter().cloned().map(bare).collect()).await;
    let ids = [items[1].id, unknown(), items[0].id, items[1].id];
    let read = store.list_items(Reader::Public, &ids).await.unwrap();
    assert_eq!(read, [items[1].clone(), items[0].clone(), items[1].clone()]);
    let fingerprints = store.list_fingerprints(Origin::Library).await.unwrap();
    let pair = |item: &Item| (item.key.clone(), item.fingerprint.clone());
    assert_eq!(fingerprints, [pair(&items[1]), pair(&items[0])]);
    assert_eq!(store.list_fingerprints(Origin::Taught).await, Ok(vec![]));

    let many: Vec<EmbeddedItem> = (10..1300).map(|n| bare(task(n, "many", "x"))).collect();
    let ids: Vec<ItemId> = many.iter().map(|embedded| embedded.item.id).collect();
    let keys: Vec<String> = many
        .iter()
        .map(|embedded| embedded.item.key.clone())
        .collect();
    write(&store, many).await;
    let read = store.list_items(Reader::Public, &ids).await.unwrap();
    assert_eq!(read.iter().map(|item| item.id).collect::<Vec<_>>(), ids);
    store.write_items(ENCODER, vec![], keys).await.unwrap();
    assert_eq!(store.list_items(Reader::Public, &ids).await, Ok(vec![]));
}

async fn a_known_key_keeps_its_identity(store: Store) {
    let first = task(1, "alpha", "a");
    write(&store, vec![embedded(first.clone(), 1.0)]).await;
    let mut second = Item {
        key: first.key.clone(),
        ..task(2, "beta", "b")
    };
    for _ in 0..2 {
        write(&store, vec![embedded(second.clone(), 2.0)]).await;
    }
    let ids = [first.id, second.id];
    second.id = first.id;
    let read = store.list_items(Reader::Public, &ids).await;
    assert_eq!(read, Ok(vec![second]));
    assert!(search(&store, "alpha").await.is_empty());
    assert_eq!(search(&store, "beta").await, [first.id]);
    let changes = store
        .list_vector_changes(ENCODER, Revision(0))
        .await
        .unwrap();
    assert_eq!(changes.added.len(), 3);
    assert!(changes.added.iter().all(|entry| entry.vector[0] == 2.0));
}

async fn a_failing_batch_leaves_nothing(store: Store) {
    write(&store, vec![embedded(task(1, "kept", "x"), 1.0)]).await;
    let before = store.find_revision().await.unwrap();
    let counts = store.count_items(ENCODER).await.unwrap();
    let clash = Item {
        key: "library/python/other".to_owned(),
        ..task(1, "clash", "x")
    };
    let duplicate = StoreError::Conflict(Conflict::DuplicateKey);
    let twice = vec![bare(task(2, "two", "x")), bare(task(2, "again", "x"))];
    let same_id = vec![bare(task(3, "three", "x")), bare(clash)];
    for batch in [twice, same_id] {
        let removed = vec![task(1, "", "").key];
        let result = store.write_items(ENCODER, batch.clone(), vec![]).await;
        assert_eq!(result, Err(duplicate.clone()));
        if batch[0].item.title == "two" {
            let result = store.write_items(ENCODER, batch, removed).await;
            assert_eq!(result, Err(duplicate.clone()));
        }
    }
    let mut ragged = embedded(task(4, "ragged", "x"), 1.0);
    ragged.vectors[1].pop();
    let result = store.write_items(ENCODER, vec![ragged], vec![]).await;
    assert!(matches!(result, Err(StoreError::Corrupt(_))), "{result:?}");

    assert_eq!(store.find_revision().await, Ok(before));
    assert_eq!(store.count_items(ENCODER).await, Ok(counts));
    assert_eq!(search(&store, "two three clash ragged").await, []);
    assert_eq!(search(&store, "kept").await, [task(1, "", "").id]);
}

async fn drafts_are_seen_by_their_author_alone(store: Store) {
    let (author, other) = (member(&store, 1).await, member(&store, 2).await);
    store
        .add_account(new_account(3, Role::Admin), 1)
        .await
        .unwrap();
    let draft = Item {
        owner: Some(author),
        status: ItemStatus::Draft,
        origin: Origin::Taught,
        ..task(1, "zebra", "stripes()")
    };
    write(&store, vec![embedded(draft.clone(), 1.0)]).await;
    let admin = new_account(3, Role::Admin).account.id;
    for (reader, is_visible) in [
        (Reader::Account(author), true),
        (Reader::Account(other), false),
        (Reader::Account(admin), false),
        (Reader::Public, false),
    ] {
        let read = store.list_items(reader, &[draft.id]).await.unwrap();
        assert_eq!(read.len(), usize::from(is_visible), "{reader:?}");
        let found = store.search_text(reader, "zebra", ALL, 5).await.unwrap();
        assert_eq!(found.len(), usize::from(is_visible), "{reader:?}");
    }
    let changes = store
        .list_vector_changes(ENCODER, Revision(0))
        .await
        .unwrap();
    let facets = changes.added[0].facets;
    assert_eq!(
        (facets.owner, facets.status, facets.language),
        (Some(author), ItemStatus::Draft, Some(Language::Python))
    );

    let published = Item {
        status: ItemStatus::Published,
        ..draft
    };
    write(&store, vec![bare(published.clone())]).await;
    let read = store.list_items(Reader::Public, &[published.id]).await;
    assert_eq!(read, Ok(vec![published.clone()]));
    assert_eq!(search(&store, "zebra").await, [published.id]);
}

async fn everything_is_a_change_since_zero(store: Store) {
    let empty = store
        .list_vector_changes(ENCODER, Revision(0))
        .await
        .unwrap();
    assert_eq!((empty.revision, empty.added.len()), (Revision(0), 0));
    let items: Vec<EmbeddedItem> = (1_u8..=9)
        .map(|n| embedded(task(u128::from(n), "t", "x"), f32::from(n)))
        .collect();
    write(&store, items.clone()).await;
    write(&store, vec![embedded(concept(20, "c"), 20.0)]).await;

    let changes = store
        .list_vector_changes(ENCODER, Revision(0))
        .await
        .unwrap();
    assert_eq!(Ok(changes.revision), store.find_revision().await);
    assert_eq!(changes.added.len(), 30);
    for embedded in items {
        let vectors: Vec<Vec<f32>> = changes
            .added
            .iter()
            .filter(|entry| entry.facets.item == embedded.item.id)
            .map(|entry| entry.vector.clone())
            .collect();
        assert_eq!(vectors, embedded.vectors, "exactly as written, in order");
        assert!(changes.removed.contains(&embedded.item.id));
    }
    let of_concept = |item| item == concept(20, "c").id;
    let facets = changes
        .added
        .iter()
        .map(|entry| entry.facets)
        .find(|facets| of_concept(facets.item))
        .unwrap();
    assert_eq!((facets.kind, facets.language), (ItemKind::Concept, None));
}

async fn changes_come_once_and_in_order(store: Store) {
    let (one, two) = (task(1, "one", "x"), task(2, "two", "x"));
    write(
        &store,
        vec![embedded(one.clone(), 1.0), embedded(two.clone(), 2.0)],
    )
    .await;
    let start = store
        .list_vector_changes(ENCODER, Revision(0))
        .await
        .unwrap();
    let none = store
        .list_vector_changes(ENCODER, start.revision)
        .await
        .unwrap();
    assert_eq!(
        (none.revision, none.added, none.removed),
        (start.revision, vec![], vec![])
    );

    write(&store, vec![embedded(two.clone(), 3.0)]).await;
    let changed = store
        .list_vector_changes(ENCODER, start.revision)
        .await
        .unwrap();
    assert!(changed.revision > start.revision);
    assert_eq!(changed.removed, [two.id]);
    assert_eq!(changed.added.len(), 3);
    assert!(changed.added.iter().all(|entry| entry.vector[0] == 3.0));

    for _ in 0..2 {
        store
            .write_items(
                ENCODER,
                vec![],
                vec![one.key.clone(), "no such key".to_owned()],
            )
            .await
            .unwrap();
    }
    let removed = store
        .list_vector_changes(ENCODER, changed.revision)
        .await
        .unwrap();
    assert_eq!((removed.removed, removed.added), (vec![one.id], vec![]));
    assert_eq!(
        store.list_items(Reader::Public, &[one.id]).await,
        Ok(vec![])
    );
    assert!(search(&store, "one").await.is_empty());

    // The same identity comes back after its removal.
    write(&store, vec![embedded(one.clone(), 4.0)]).await;
    let back = store
        .list_vector_changes(ENCODER, removed.revision)
        .await
        .unwrap();
    assert!(back.removed.contains(&one.id));
    assert_eq!(back.added.len(), 3);

    write(&store, vec![bare(one.clone())]).await;
    let bared = store
        .list_vector_changes(ENCODER, back.revision)
        .await
        .unwrap();
    assert_eq!((bared.removed, bared.added), (vec![one.id], vec![]));
}

async fn vectors_of_encoders_do_not_mix(store: Store) {
    let one = task(1, "one", "x");
    write(&store, vec![embedded(one.clone(), 1.0)]).await;
    let other = store
        .list_vector_changes("other@2", Revision(0))
        .await
        .unwrap();
    assert_eq!((other.added, other.removed), (vec![], vec![one.id]));
    let missing = store.list_unembedded("other@2", 9).await.unwrap();
    assert_eq!(missing, std::slice::from_ref(&one));

    let vectors = vec![vec![9.0; 5]];
    store
        .add_vectors("other@2", vec![with(&one, vectors.clone())])
        .await
        .unwrap();
    let other = store
        .list_vector_changes("other@2", Revision(0))
        .await
        .unwrap();
    assert_eq!(other.added[0].vector, vectors[0]);
    let first = store
        .list_vector_changes(ENCODER, Revision(0))
        .await
        .unwrap();
    assert_eq!(first.added.len(), 3);

    // New content leaves no vectors of the old one behind, whatever made them.
    write(&store, vec![embedded(one.clone(), 2.0)]).await;
    let other = store
        .list_vector_changes("other@2", Revision(0))
        .await
        .unwrap();
    assert_eq!(other.added, vec![]);
}

async fn missing_vectors_are_added_once(store: Store) {
    let (one, two) = (task(1, "one", "x"), concept(2, "two"));
    write(&store, vec![bare(one.clone()), bare(two.clone())]).await;
    let counts = |unembedded| KnowledgeCounts {
        tasks: 1,
        concepts: 1,
        unembedded,
    };
    assert_eq!(store.count_items(ENCODER).await, Ok(counts(2)));
    assert_eq!(
        store.list_unembedded(ENCODER, 1).await,
        Ok(vec![one.clone()])
    );
    let before = store.find_revision().await.unwrap();
    for number in [1.0_f32, 2.0] {
        let vectors = vec![
            with(&one, vec![vec![number; 3]]),
            with(&one, vec![vec![7.0; 3]]),
            with(&task(99, "gone", "x"), vec![vec![number; 3]]),
        ];
        store.add_vectors(ENCODER, vectors).await.unwrap();
    }
    let changes = store.list_vector_changes(ENCODER, before).await.unwrap();
    assert_eq!(changes.removed, [one.id]);
    let vectors: Vec<_> = changes
        .added
        .into_iter()
        .map(|entry| entry.vector)
        .collect();
    assert_eq!(vectors, [vec![1.0; 3]], "what was there stays");
    assert_eq!(store.count_items(ENCODER).await, Ok(counts(1)));
    assert_eq!(store.list_unembedded(ENCODER, 9).await, Ok(vec![two]));
    assert_eq!(store.add_vectors(ENCODER, vec![]).await, Ok(()));
}

async fn vectors_of_old_content_are_passed_over(store: Store) {
    let (changed, same) = (task(1, "one", "x"), task(2, "two", "x"));
    write(&store, vec![bare(changed.clone()), bare(same.clone())]).await;
    let listed = store.list_unembedded(ENCODER, 9).await.unwrap();
    assert_eq!(listed, [changed.clone(), same.clone()]);

    let rewritten = Item {
        title: "uno".to_owned(),
        fingerprint: "f".repeat(64),
        ..changed.clone()
    };
    write(&store, vec![bare(rewritten.clone())]).await;
    let before = store.find_revision().await.unwrap();
    let late = listed.iter().map(|item| with(item, vec![vec![1.0; 3]]));
    store.add_vectors(ENCODER, late.collect()).await.unwrap();
    let changes = store.list_vector_changes(ENCODER, before).await.unwrap();
    assert_eq!((changes.removed, changes.added.len()), (vec![same.id], 1));
    let listed = store.list_unembedded(ENCODER, 9).await.unwrap();
    assert_eq!(listed, std::slice::from_ref(&rewritten));

    // The next round has the new content and is taken.
    let again = vec![with(&rewritten, vec![vec![2.0; 3]])];
    store.add_vectors(ENCODER, again).await.unwrap();
    assert_eq!(store.list_unembedded(ENCODER, 9).await, Ok(vec![]));
}

async fn writers_at_once_get_revisions_of_their_own(store: Store) {
    let tries = (1..=12_u8).map(|number| {
        let store = store.clone();
        tokio::spawn(async move {
            let item = embedded(task(u128::from(number), "w", "x"), f32::from(number));
            store.write_items(ENCODER, vec![item], vec![]).await
        })
    });
    for result in join_all(tries).await {
        assert_eq!(result.unwrap(), Ok(()));
    }
    assert_eq!(store.find_revision().await, Ok(Revision(12)));
    for since in 0..=12_i64 {
        let changes = store.list_vector_changes(ENCODER, Revision(since)).await;
        let added = changes.unwrap().added.len();
        assert_eq!(added, 3 * usize::try_from(12 - since).unwrap());
    }
}

async fn text_is_found_best_first(store: Store) {
    let (title, code, neither) = (
        task(1, "merge two dictionaries", "a | b"),
        task(2, "something else", "dictionaries.merge(x)"),
        task(3, "sort numbers", "sorted(numbers)"),
    );
    let plain = |mut item: Item| {
        item.phrasings.clear();
        item.description = "Text.".to_owned();
        bare(item)
    };
    let items = [&title, &code, &neither].map(|item| plain(item.clone()));
    write(&store, items.to_vec()).await;
    assert_eq!(
        search(&store, "How do I merge dictionaries?").await,
        [title.id, code.id]
    );
    assert_eq!(search(&store, "sorting a number").await, [neither.id]);
    assert_eq!(search(&store, "quantum").await, []);
    assert_eq!(search(&store, "").await, []);
    let limited = store.search_text(Reader::Public, "merge", ALL, 1).await;
    assert_eq!(limited.unwrap().len(), 1);
    let none = store.search_text(Reader::Public, "merge", ALL, 0).await;
    assert_eq!(none, Ok(vec![]));

    let mut phrased = task(4, "x", "y");
    phrased.phrasings = vec!["flatten nested sequence".to_owned()];
    write(&store, vec![bare(phrased.clone())]).await;
    assert_eq!(search(&store, "flattening").await, [phrased.id]);
}

async fn search_is_narrowed_by_the_filter(store: Store) {
    let python = task(1, "recursion", "x");
    let mut rust = task(2, "recursion", "x");
    if let domain::knowledge::ItemBody::Task(body) = &mut rust.body {
        body.language = Language::Rust;
    }
    let idea = concept(3, "recursion");
    let items = [&python, &rust, &idea].map(|item| bare(item.clone()));
    write(&store, items.to_vec()).await;
    for (kind, language, expected) in [
        (None, None, vec![python.id, rust.id, idea.id]),
        (Some(ItemKind::Concept), None, vec![idea.id]),
        (Some(ItemKind::Task), None, vec![python.id, rust.id]),
        (None, Some(Language::Rust), vec![rust.id]),
        (Some(ItemKind::Concept), Some(Language::Rust), vec![]),
    ] {
        let filter = ItemFilter { kind, language };
        let found = store
            .search_text(Reader::Public, "recursion", filter, 9)
            .await
            .unwrap();
        let mut ids: Vec<ItemId> = found.into_iter().map(|(id, _)| id).collect();
        ids.sort();
        assert_eq!(ids, expected, "{filter:?}");
    }
}

async fn any_text_can_be_searched_for(store: Store) {
    let item = task(1, "C++ foo-bar", "\"borrow snake_case");
    write(&store, vec![bare(item.clone())]).await;
    for query in [
        "\"borrow",
        "C++",
        "foo-bar",
        "bar-foo",
        "snake",
        "title:foo",
        "foo NOT foo",
        "^foo*",
    ] {
        assert_eq!(search(&store, query).await, [item.id], "{query:?}");
    }
    for query in [
        "*",
        "\"",
        "'",
        "&|!:*",
        "\u{301}\u{200d}",
        "Ж",
        "a\0b",
        "NEAR(",
        "\\",
        "мир 世界 🦀",
    ] {
        assert_eq!(search(&store, query).await, [], "{query:?}");
    }
    let long: String = (0..5000)
        .flat_map(|n| [format!("w{n}"), " ".to_owned()])
        .collect();
    assert_eq!(search(&store, &long).await, []);
    write(&store, vec![bare(task(2, "世界 мир", &long.repeat(20)))]).await;
    assert_eq!(search(&store, "мир").await, [task(2, "", "").id]);
}

/// Six thousand items: `frequent` and `usual` stand in all, `even` in half, `rareN` in four.
async fn among_many_items_rare_words_decide(store: Store) {
    for start in (0..6_000_u128).step_by(2_000) {
        let items = (start..start + 2_000).map(|number| {
            let parity = if number % 2 == 0 { "even" } else { "odd" };
            let mut item = task(number, &format!("frequent usual {parity}"), "x");
            item.description = format!("Text rare{}.", number / 4);
            item.phrasings.clear();
            if number == 3_001 {
                item.title.push_str(" odd odd");
            }
            bare(item)
        });
        write(&store, items.collect()).await;
    }
    let id = |number| task(number, "", "").id;
    let sorted = async |query: &str| {
        let mut found = search(&store, query).await;
        found.sort();
        found
    };
    let of_four = [id(800), id(801), id(802), id(803)];
    for query in ["rare200", "rare200 rare99999"] {
        assert_eq!(sorted(query).await, of_four, "{query}");
    }
    // So few matches of the rare word leave room for words that fit, and are before them.
    let found = search(&store, "frequent usual even rare200").await;
    assert!(
        found.starts_with(&[id(800)]) || found.starts_with(&[id(802)]),
        "{found:?}"
    );
    assert!(of_four.iter().all(|id| found.contains(id)), "{found:?}");

    // Nothing but frequent words still finds a full page, and the same one again.
    for query in ["frequent", "frequent usual", "usual even frequent"] {
        let found = search(&store, query).await;
        assert_eq!(found.len(), 10, "{query}");
        assert_eq!(search(&store, query).await, found, "{query}");
    }
    assert_eq!(
        search(&store, "even odd").await.len(),
        10,
        "not one holds both"
    );
    assert_eq!(search(&store, "absent rare99999").await, []);

    // What is cut is cut among what the filter lets through.
    let mut rust = task(7_000, "frequent usual", "x");
    if let domain::knowledge::ItemBody::Task(body) = &mut rust.body {
        body.language = Language::Rust;
    }
    write(&store, vec![bare(rust.clone())]).await;
    let filter = ItemFilter {
        kind: None,
        language: Some(Language::Rust),
    };
    for query in ["frequent", "usual frequent"] {
        let found = store.search_text(Reader::Public, query, filter, 9).await;
        let ids: Vec<ItemId> = found.unwrap().into_iter().map(|(id, _)| id).collect();
        assert_eq!(ids, [rust.id], "{query}");
    }
}
