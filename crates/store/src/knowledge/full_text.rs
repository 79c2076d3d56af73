//! Full text of items: FTS5 with BM25 on SQLite, a weighted `tsvector` on PostgreSQL. A title weighs most, then
//! description and phrasings, then code.

use sea_orm::{ConnectionTrait, DatabaseConnection, DatabaseTransaction, Statement, Value};
use uuid::Uuid;

use domain::StoreError;
use domain::id::ItemId;
use domain::knowledge::{Item, ItemBody, ItemFilter, ItemStatus, Reader};

use super::execute;
use super::rows::{kind_name, status_name};
use super::word_choice::{MATCHES_MAX, WordChoice, choose};
use crate::dialect::Dialect;
use crate::error::store_error;
use crate::words::{indexed_words, telling_words};

/// Words of a query that are looked up; further ones are ignored.
const WORDS_MAX: usize = 24;

pub(super) async fn search(
    connection: &DatabaseConnection,
    reader: Reader,
    query: &str,
    filter: ItemFilter,
    limit: u32,
) -> Result<Vec<(ItemId, f32)>, StoreError> {
    let words = telling_words(query, WORDS_MAX);
    if words.is_empty() || limit == 0 {
        return Ok(Vec::new());
    }
    let Some(WordChoice { expression, is_cut }) = choose(connection, &words).await? else {
        return Ok(Vec::new());
    };
    let mut values: Vec<Value> = vec![expression.into(), status_name(ItemStatus::Published).into()];
    let mut condition = "i.status = $2".to_owned();
    if let Reader::Account(account) = reader {
        values.push(account.0.into());
        condition = format!("({condition} OR i.owner_id = ${})", values.len());
    }
    if let Some(kind) = filter.kind {
        values.push(kind_name(kind).into());
        condition = format!("{condition} AND i.kind = ${}", values.len());
    }
    if let Some(language) = filter.language {
        values.push(language.name().into());
        condition = format!("{condition} AND i.language = ${}", values.len());
    }
    let dialect = Dialect::of(connection);
    let sql = if is_cut {
        cut_search(dialect, &condition, limit)
    } else {
        whole_search(dialect, &condition, limit)
    };
    connection
        .query_all_raw(Statement::from_sql_and_values(
            connection.get_database_backend(),
            sql,
            values,
        ))
        .await
        .map_err(store_error)?
        .iter()
        .map(|row| {
            let id: Uuid = row.try_get_by_index(0).map_err(store_error)?;
            let score: f64 = row.try_get_by_index(1).map_err(store_error)?;
            #[expect(
                clippy::cast_possible_truncation,
                reason = "a rank only orders results; single precision is enough"
            )]
            Ok((ItemId(id), score as f32))
        })
        .collect()
}

/// Ranks everything that matches.
fn whole_search(dialect: Dialect, condition: &str, limit: u32) -> String {
    match dialect {
        // Ordering by `rank` alone lets FTS5 sort and the join stop at the limit; CROSS JOIN keeps that order of tables.
        Dialect::Sqlite => format!(
            "SELECT i.id, -item_words.rank AS score FROM item_words CROSS JOIN items i \
             WHERE item_words MATCH $1 AND i.number = item_words.rowid AND {condition} \
             ORDER BY item_words.rank LIMIT {limit}"
        ),
        // The planner cannot know how few rows match. So that it neither reads all of `items` to join them nor ranks twice,
        // the matches come first (MATERIALIZED) and the items after, one by one (OFFSET 0).
        Dialect::Postgres => format!(
            "WITH matched AS MATERIALIZED (SELECT w.rowid, ts_rank(w.words, q)::float8 AS score \
             FROM to_tsquery('english', $1) q JOIN item_words w ON w.words @@ q) \
             SELECT i.id, matched.score FROM matched CROSS JOIN LATERAL \
             (SELECT i.id FROM items i WHERE i.number = matched.rowid AND {condition} OFFSET 0) i \
             ORDER BY matched.score DESC, matched.rowid LIMIT {limit}"
        ),
    }
}

/// Ranks [`MATCHES_MAX`] of what matches: of words so frequent, many items match about as well.
fn cut_search(dialect: Dialect, condition: &str, limit: u32) -> String {
    match dialect {
        Dialect::Sqlite => format!(
            "SELECT id, score FROM (SELECT i.id AS id, -item_words.rank AS score \
             FROM item_words CROSS JOIN items i \
             WHERE item_words MATCH $1 AND i.number = item_words.rowid AND {condition} \
             LIMIT {MATCHES_MAX}) ORDER BY score DESC LIMIT {limit}"
        ),
        Dialect::Postgres => format!(
            "SELECT c.id, ts_rank(c.words, q)::float8 AS score \
             FROM to_tsquery('english', $1) q, (SELECT i.id, i.number, w.words \
             FROM item_words w CROSS JOIN LATERAL \
             (SELECT i.id, i.number FROM items i WHERE i.number = w.rowid AND {condition} OFFSET 0) i \
             WHERE w.words @@ to_tsquery('english', $1) LIMIT {MATCHES_MAX}) c \
             ORDER BY score DESC, c.number LIMIT {limit}"
        ),
    }
}

pub(super) async fn add(
    transaction: &DatabaseTransaction,
    number: i64,
    item: &Item,
) -> Result<(), StoreError> {
    let code = match &item.body {
        ItemBody::Task(task) => task.code.as_str(),
        ItemBody::Concept(_) => "",
    };
    let sql = match Dialect::of(transaction) {
        Dialect::Sqlite => {
            "INSERT INTO item_words (rowid, title, description, phrasings, code) \
             VALUES ($1, $2, $3, $4, $5)"
        }
        Dialect::Postgres => {
            "INSERT INTO item_words (rowid, words) VALUES ($1, \
             setweight(to_tsvector('english', $2), 'A') || setweight(to_tsvector('english', $3), 'B') || \
             setweight(to_tsvector('english', $4), 'B') || setweight(to_tsvector('english', $5), 'D'))"
        }
    };
    let values = vec![
        number.into(),
        indexed_words(&item.title).into(),
        indexed_words(&item.description).into(),
        indexed_words(&item.phrasings.join("\n")).into(),
        indexed_words(code).into(),
    ];
    execute(transaction, sql, values).await
}

pub(super) async fn remove(
    transaction: &DatabaseTransaction,
    number: i64,
) -> Result<(), StoreError> {
    let sql = "DELETE FROM item_words WHERE rowid = $1";
    execute(transaction, sql, vec![number.into()]).await
}
