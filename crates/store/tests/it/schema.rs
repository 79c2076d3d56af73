//! Both databases get the same tables; only the full-text tables are made in each one's own way.

use domain::store::Pulse;
use std::collections::BTreeMap;

use sea_orm::{ConnectionTrait, Database, DatabaseConnection, DbBackend, Statement};
use store::Store;

use crate::postgres::Cluster;

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
