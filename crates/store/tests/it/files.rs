//! What only a file can show: it keeps everything, two handles share it, and what cannot be opened is refused.

use domain::store::Pulse;
use std::path::Path;

use domain::StoreError;
use domain::accounts::{AccountStore, Role};
use domain::conversations::ConversationStore;
use domain::knowledge::{KnowledgeStore, Reader, Revision};
use futures::future::join_all;
use store::{OpenError, Store};

use crate::samples::{ENCODER, conversation, embedded, member, new_account, page, task, turn};

async fn open(path: &Path) -> Store {
    Store::open_sqlite(path).await.unwrap()
}

#[tokio::test]
async fn everything_is_kept_when_opened_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("deep/er/store.db");
    let first = open(&path).await;
    assert_eq!(first.backend(), "sqlite");
    first.ping().await.unwrap();
    let owner = member(&first, 1).await;
    let turn = turn(1, conversation(1), Some("Kept"));
    first.append_turn(owner, turn).await.unwrap();
    let item = embedded(task(1, "kept", "x"), 1.0);
    first
        .write_items(ENCODER, vec![item], vec![])
        .await
        .unwrap();
    first.clone().close().await;
    let closed = first.ping().await;
    assert!(
        matches!(closed, Err(StoreError::Unavailable(_))),
        "{closed:?}"
    );

    for _ in 0..2 {
        let again = Store::open_url(&format!("sqlite://{}", path.display()))
            .await
            .unwrap();
        assert!(again.find_account(owner).await.unwrap().is_some());
        let found = again
            .list_conversations(owner, "kept answer", page(9, 0))
            .await;
        assert_eq!(found.unwrap().total, 1);
        let changes = again
            .list_vector_changes(ENCODER, Revision(0))
            .await
            .unwrap();
        assert_eq!((changes.revision, changes.added.len()), (Revision(1), 3));
        again.close().await;
    }
}

#[cfg(unix)]
#[tokio::test]
async fn a_new_file_is_its_owners_alone() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("new/store.db");
    let store = open(&path).await;
    member(&store, 1).await;
    for (name, mode) in [("", 0o700), ("store.db", 0o600), ("store.db-wal", 0o600)] {
        let metadata = std::fs::metadata(folder.path().join("new").join(name)).unwrap();
        assert_eq!(metadata.permissions().mode() & 0o777, mode, "{name:?}");
    }
    store.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_handles_write_to_one_file_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    let opened = join_all((0..4).map(|_| Store::open_sqlite(&path))).await;
    let stores: Vec<Store> = opened.into_iter().map(Result::unwrap).collect();
    let writers = (1..=40_u32).map(|number| {
        let store = stores[number as usize % stores.len()].clone();
        tokio::spawn(async move { store.add_account(new_account(number, Role::User), 1).await })
    });
    for result in join_all(writers).await {
        assert_eq!(result.unwrap(), Ok(()));
    }
    for store in &stores {
        assert_eq!(store.list_accounts("", page(1, 0)).await.unwrap().total, 40);
    }
    let item = task(1, "shared", "x");
    let write = vec![embedded(item.clone(), 1.0)];
    stores[0].write_items(ENCODER, write, vec![]).await.unwrap();
    assert_eq!(stores[1].find_revision().await, Ok(Revision(1)));
    let seen = stores[2].list_items(Reader::Public, &[item.id]).await;
    assert_eq!(seen.unwrap().len(), 1);
    for store in stores {
        store.close().await;
    }
}

#[tokio::test]
async fn what_cannot_be_opened_is_refused_with_the_reason() {
    let folder = tempfile::tempdir().unwrap();
    let rubbish = folder.path().join("rubbish.db");
    std::fs::write(
        &rubbish,
        "this is not a database, and long enough to be read as one. ".repeat(99),
    )
    .unwrap();
    let refused = Store::open_sqlite(&rubbish).await.unwrap_err();
    assert!(matches!(refused, OpenError::Connect { .. }), "{refused:?}");
    let kept = std::fs::read_to_string(&rubbish).unwrap();
    assert!(kept.starts_with("this is not"), "the file was changed");

    let inside_a_file = rubbish.join("store.db");
    let refused = Store::open_sqlite(&inside_a_file).await.unwrap_err();
    assert!(matches!(refused, OpenError::Create { .. }), "{refused:?}");

    for url in [
        "mysql://user:secret@host/db",
        "store.db",
        "",
        "sqlite:",
        "sqlite://",
    ] {
        let refused = Store::open_url(url).await.unwrap_err();
        assert!(
            matches!(refused, OpenError::UnknownScheme { .. }),
            "{url}: {refused:?}"
        );
        assert!(!refused.to_string().contains("secret"));
    }
    let refused = Store::open_url("postgres://user:secret@localhost:1/db")
        .await
        .unwrap_err();
    assert!(matches!(refused, OpenError::Connect { .. }), "{refused:?}");
    assert!(!refused.to_string().contains("secret"));
}

#[tokio::test]
async fn a_database_of_a_newer_version_is_left_alone() {
    use sea_orm::ConnectionTrait;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    open(&path).await.close().await;
    let url = format!("sqlite://{}", path.display());
    let connection = sea_orm::Database::connect(url).await.unwrap();
    connection
        .execute_unprepared("INSERT INTO seaql_migrations VALUES ('m9999_later', 0)")
        .await
        .unwrap();
    connection.close().await.unwrap();
    let refused = Store::open_sqlite(&path).await.unwrap_err();
    assert!(matches!(refused, OpenError::Migrate(_)), "{refused:?}");
}

#[tokio::test]
async fn an_unreadable_row_is_named() {
    use sea_orm::ConnectionTrait;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    let store = open(&path).await;
    let owner = member(&store, 1).await;
    let item = task(1, "broken", "x");
    let write = vec![embedded(item.clone(), 1.0)];
    store.write_items(ENCODER, write, vec![]).await.unwrap();
    let first = turn(1, conversation(1), Some("T"));
    store.append_turn(owner, first).await.unwrap();
    let url = format!("sqlite://{}", path.display());
    let connection = sea_orm::Database::connect(url).await.unwrap();
    for sql in [
        "UPDATE accounts SET role = 'emperor'",
        "UPDATE items SET body = '{'",
        "UPDATE item_vectors SET numbers = x'00'",
        "UPDATE messages SET brain = 'HAL' WHERE kind = 'answer'",
    ] {
        connection.execute_unprepared(sql).await.unwrap();
    }
    let errors = [
        store.find_account(owner).await.unwrap_err(),
        store
            .list_items(Reader::Public, &[item.id])
            .await
            .unwrap_err(),
        store
            .list_vector_changes(ENCODER, Revision(0))
            .await
            .unwrap_err(),
        store
            .list_recent_messages(owner, conversation(1), 9)
            .await
            .unwrap_err(),
    ];
    for (error, part) in errors.iter().zip(["emperor", "item", "1 bytes", "HAL"]) {
        assert!(
            matches!(error, StoreError::Corrupt(text) if text.contains(part)),
            "{error:?}"
        );
    }
    connection.close().await.unwrap();
    store.close().await;
}
