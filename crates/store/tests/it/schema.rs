//! Both databases get the same tables; only the full-text tables are made in each one's own way.

use std::collections::BTreeMap;

use domain::conversations::{ConversationStore, MessageBody};
use domain::id::AccountId;
use domain::quality::QualityStore;
use domain::store::Pulse;

use sea_orm::{ConnectionTrait, Database, DatabaseConnection, DbBackend, Statement};
use store::Store;

use crate::postgres::Cluster;
use crate::samples::{at, conversation, member, turn};

/// Takes a database back to before checks were counted, with an answer as it was stored then.
const BEFORE_CHECKS: [&str; 7] = [
    // Steps are undone from the last one back.
    "ALTER TABLE receipts DROP COLUMN writings",
    "DROP TABLE api_tokens",
    "DROP INDEX messages_created",
    "ALTER TABLE messages DROP COLUMN syntax",
    "ALTER TABLE messages DROP COLUMN execution",
    "ALTER TABLE messages DROP COLUMN attempts",
    "DELETE FROM seaql_migrations WHERE version >= 'm0004'",
];

type Tables = BTreeMap<String, Vec<String>>;

const FULL_TEXT: [&str; 3] = ["item_words", "message_words", "title_words"];

async fn list_columns(connection: &DatabaseConnection, sql: &str) -> Tables {
    let statement = Statement::from_string(connection.get_database_backend(), sql.to_owned());
    let mut tables = Tables::new();
    for row in connection.query_all_raw(statement).await.unwrap() {
        let table: String = row.try_get_by_index(0).unwrap();
        let column: String = row.try_get_by_index(1).unwrap();
        tables.entry(table).or_default().push(column);
    }
    tables
}

#[tokio::test(flavor = "multi_thread")]
async fn the_tables_are_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    Store::open_sqlite(&path).await.unwrap().close().await;
    let url = format!("sqlite://{}", path.display());
    let sqlite = Database::connect(url).await.unwrap();
    let mut on_sqlite = list_columns(
        &sqlite,
        "SELECT t.name, c.name FROM pragma_table_list t JOIN pragma_table_info(t.name) c \
         WHERE t.type IN ('table', 'virtual') AND t.name NOT LIKE 'sqlite_%' ORDER BY 1, c.cid",
    )
    .await;

    let cluster = Cluster::start();
    let url = cluster.create_database();
    // Two servers that start at once migrate once.
    let (one, two) = futures::join!(Store::open_url(&url), Store::open_url(&url));
    let (one, two) = (one.unwrap(), two.unwrap());
    assert_eq!(one.backend(), "postgresql");
    one.ping().await.unwrap();
    let postgres = Database::connect(&url).await.unwrap();
    assert_eq!(postgres.get_database_backend(), DbBackend::Postgres);
    let mut on_postgres = list_columns(
        &postgres,
        "SELECT table_name::text, column_name::text FROM information_schema.columns \
         WHERE table_schema = 'public' ORDER BY table_name, ordinal_position",
    )
    .await;
    for table in FULL_TEXT {
        assert!(on_sqlite.remove(table).is_some(), "{table}");
        assert!(on_postgres.remove(table).is_some(), "{table}");
    }
    assert!(on_sqlite.contains_key("accounts"), "{on_sqlite:?}");
    assert_eq!(on_sqlite, on_postgres);

    postgres.close().await.unwrap();
    sqlite.close().await.unwrap();
    for store in [one, two] {
        store.close().await;
    }
}

async fn go_back(url: &str, strip: &str) {
    let database = Database::connect(url).await.unwrap();
    database
        .execute_unprepared(&format!(
            "UPDATE messages SET details = {strip} WHERE kind = 'answer'"
        ))
        .await
        .unwrap();
    for sql in BEFORE_CHECKS {
        database.execute_unprepared(sql).await.unwrap();
    }
    database.close().await.unwrap();
}

async fn add_answers(store: Store) {
    let owner = member(&store, 1).await;
    let mut told = turn(2, conversation(1), None);
    told.answer.code = None;
    for turn in [turn(1, conversation(1), Some("Old")), told] {
        assert_eq!(store.append_turn(owner, turn).await, Ok(true));
    }
    store.close().await;
}

/// Older answers read back, and those with code are counted as tried once.
async fn expect_counted(store: Store) {
    let counts = store.count_checks(at(0), at(86_400_000)).await.unwrap();
    let [count] = counts.as_slice() else {
        panic!("{counts:?}");
    };
    assert_eq!((count.answers, count.attempts), (1, 1));
    assert_eq!(
        (count.syntax.passed, count.execution.not_applicable),
        (1, 1)
    );
    let owner = AccountId(uuid::Uuid::from_u128(1));
    let messages = store
        .list_recent_messages(owner, conversation(1), 10)
        .await
        .unwrap();
    assert!(
        messages.iter().all(|message| match &message.body {
            MessageBody::Question { .. } => true,
            MessageBody::Answer(answer) => answer.checks.attempts == 0,
        }),
        "{messages:?}"
    );
    store.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_from_before_checks_were_counted_are_counted() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    add_answers(Store::open_sqlite(&path).await.unwrap()).await;
    let url = format!("sqlite://{}", path.display());
    let strip =
        "json_remove(details, '$.tests_passed', '$.tests_total', '$.attempts', '$.duration_us')";
    go_back(&url, strip).await;
    expect_counted(Store::open_sqlite(&path).await.unwrap()).await;

    let cluster = Cluster::start();
    let url = cluster.create_database();
    add_answers(Store::open_url(&url).await.unwrap()).await;
    let strip =
        "(details::jsonb - 'tests_passed' - 'tests_total' - 'attempts' - 'duration_us')::text";
    go_back(&url, strip).await;
    expect_counted(Store::open_url(&url).await.unwrap()).await;
}
