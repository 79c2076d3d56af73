//! Finding conversations by the words of their titles and messages, and keeping those words indexed.
//! Each word may stand in a different message; the last one is matched by its beginning.

use std::fmt::Write as _;

use sea_orm::{
    ConnectionTrait, DatabaseConnection, DatabaseTransaction, FromQueryResult, Statement, Value,
};

use domain::conversations::Conversation;
use domain::id::AccountId;
use domain::{Page, PageRequest, StoreError};

use super::execute;
use super::rows::read_conversation;
use crate::dialect::Dialect;
use crate::entities::conversation;
use crate::error::store_error;
use crate::words::{indexed_words, query_words};

/// Words of a search that are looked up; further ones are ignored.
const WORDS_MAX: usize = 12;

/// The full-text table of titles; its `rowid` is the number of a conversation.
pub(super) const TITLES: &str = "title_words";
/// The full-text table of messages; its `rowid` is the number of a message.
pub(super) const MESSAGES: &str = "message_words";

pub(super) async fn list(
    connection: &DatabaseConnection,
    owner: AccountId,
    search: &str,
    page: PageRequest,
) -> Result<Page<Conversation>, StoreError> {
    let backend = connection.get_database_backend();
    let dialect = Dialect::of(connection);
    let words = query_words(search, WORDS_MAX);
    let mut values: Vec<Value> = vec![owner.0.into()];
    let mut condition = "c.owner_id = $1".to_owned();
    for (index, word) in words.iter().enumerate() {
        let is_last = index + 1 == words.len();
        values.push(word_query(dialect, word, is_last).into());
        condition.push_str(&contains_word(dialect, values.len()));
    }
    let count = Statement::from_sql_and_values(
        backend,
        format!("SELECT COUNT(*) AS total FROM conversations c WHERE {condition}"),
        values.clone(),
    );
    let total: i64 = match connection.query_one_raw(count).await.map_err(store_error)? {
        Some(row) => row.try_get("", "total").map_err(store_error)?,
        None => 0,
    };
    let rows = Statement::from_sql_and_values(
        backend,
        format!(
            "SELECT c.* FROM conversations c WHERE {condition} \
             ORDER BY c.updated_at DESC, c.number DESC LIMIT {} OFFSET {}",
            page.limit(),
            page.offset()
        ),
        values,
    );
    let rows = connection
        .query_all_raw(rows)
        .await
        .map_err(store_error)?
        .iter()
        .map(|row| {
            conversation::Model::from_query_result(row, "")
                .map(read_conversation)
                .map_err(store_error)
        })
        .collect::<Result<_, _>>()?;
    Ok(Page {
        rows,
        total: total.unsigned_abs(),
    })
}

/// Words are letters and digits only, so quoting them is enough on either database.
fn word_query(dialect: Dialect, word: &str, by_beginning: bool) -> String {
    match (dialect, by_beginning) {
        (Dialect::Postgres, true) => format!("'{word}':*"),
        (Dialect::Postgres, false) => format!("'{word}'"),
        (Dialect::Sqlite, true) => format!("\"{word}\" *"),
        (Dialect::Sqlite, false) => format!("\"{word}\""),
    }
}

fn contains_word(dialect: Dialect, parameter: usize) -> String {
    let matches = |table: &str| match dialect {
        Dialect::Postgres => {
            format!("{table}.words @@ to_tsquery('simple', ${parameter})")
        }
        Dialect::Sqlite => format!("{table} MATCH ${parameter}"),
    };
    let mut sql = String::new();
    write!(
        sql,
        " AND c.number IN (SELECT {TITLES}.rowid FROM {TITLES} WHERE {} UNION \
         SELECT m.conversation_number FROM {MESSAGES} JOIN messages m \
         ON m.number = {MESSAGES}.rowid WHERE {})",
        matches(TITLES),
        matches(MESSAGES)
    )
    .expect("BUG: writing to a string cannot fail");
    sql
}

pub(super) async fn add_words(
    transaction: &DatabaseTransaction,
    table: &'static str,
    number: i64,
    text: &str,
) -> Result<(), StoreError> {
    let words = match Dialect::of(transaction) {
        Dialect::Postgres => "to_tsvector('simple', $2)",
        Dialect::Sqlite => "$2",
    };
    let sql = format!("INSERT INTO {table} (rowid, words) VALUES ($1, {words})");
    let values = vec![number.into(), indexed_words(text).into()];
    execute(transaction, sql, values).await
}

pub(super) async fn remove_words(
    transaction: &DatabaseTransaction,
    table: &'static str,
    number: i64,
) -> Result<(), StoreError> {
    let sql = format!("DELETE FROM {table} WHERE rowid = $1");
    execute(transaction, sql, vec![number.into()]).await
}

pub(super) async fn remove_all_message_words(
    transaction: &DatabaseTransaction,
    conversation_number: i64,
) -> Result<(), StoreError> {
    let sql = format!(
        "DELETE FROM {MESSAGES} WHERE rowid IN \
         (SELECT number FROM messages WHERE conversation_number = $1)"
    );
    execute(transaction, sql, vec![conversation_number.into()]).await
}
