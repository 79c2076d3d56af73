//! How many items a word stands in, as PostgreSQL's planner believes. Counting there visits every row, but the statistics
//! of a `tsvector` column hold its most common words; they are gathered by (auto-)`ANALYZE`.

use sea_orm::{ConnectionTrait, DatabaseConnection, Statement, Value};

use domain::StoreError;

use crate::dialect::Dialect;
use crate::error::store_error;

/// The estimate for each of `words`, which are terms in the query language of the database; `None` where there is none, which
/// is so for rare words, before the first `ANALYZE`, and always on SQLite.
pub(super) async fn list_estimates(
    connection: &DatabaseConnection,
    words: &[String],
) -> Result<Vec<Option<i64>>, StoreError> {
    let mut estimates = vec![None; words.len()];
    if words.is_empty() || Dialect::of(connection) == Dialect::Sqlite {
        return Ok(estimates);
    }
    let asked: Vec<String> = (0..words.len())
        .map(|at| format!("({at}, to_tsquery('english', ${})::text)", at + 1))
        .collect();
    // The words of a query are letters and digits, so a lexeme in quotes is what its query reads as.
    let sql = format!(
        "WITH asked (place, lexeme) AS MATERIALIZED (VALUES {}), common AS MATERIALIZED ( \
         SELECT '''' || e.lexeme || '''' AS lexeme, (e.frequency * c.reltuples)::bigint AS items \
         FROM pg_class c \
         JOIN pg_stats s ON s.schemaname = c.relnamespace::regnamespace::text AND s.tablename = c.relname \
         CROSS JOIN LATERAL unnest(s.most_common_elems::text::text[], s.most_common_elem_freqs) e (lexeme, frequency) \
         WHERE c.oid = 'item_words'::regclass AND s.attname = 'words' AND e.lexeme IS NOT NULL) \
         SELECT asked.place, common.items FROM asked JOIN common ON common.lexeme = asked.lexeme",
        asked.join(", ")
    );
    let rows = connection
        .query_all_raw(Statement::from_sql_and_values(
            connection.get_database_backend(),
            sql,
            words.iter().map(Value::from),
        ))
        .await
        .map_err(store_error)?;
    for row in rows {
        let place: i32 = row.try_get_by_index(0).map_err(store_error)?;
        let items: i64 = row.try_get_by_index(1).map_err(store_error)?;
        if let Some(estimate) = usize::try_from(place)
            .ok()
            .and_then(|at| estimates.get_mut(at))
        {
            *estimate = Some(items);
        }
    }
    Ok(estimates)
}
