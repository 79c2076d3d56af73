//! Counts of the checks of stored answers. Reads three columns of `messages`, never what anybody wrote.

use std::collections::BTreeMap;

use async_trait::async_trait;
use sea_orm::{ConnectionTrait, Statement};

use domain::ask::CheckResult;
use domain::quality::{CheckCounts, QualityStore, Tally};
use domain::{StoreError, Timestamp};

use crate::Store;
use crate::dialect::Dialect;
use crate::error::{corrupt, store_error};

const DAY_MS: i64 = 24 * 60 * 60 * 1000;

/// One row per day, brain and pair of results. A day is a whole number of days since 1970; sums come back as text-free integers
/// on both databases because they are cast.
const COUNT: &str = "SELECT created_at / 86400000 AS day, brain, syntax, execution, COUNT(*) AS answers, \
    CAST(SUM(attempts) AS BIGINT) AS attempts FROM messages \
    WHERE kind = 'answer' AND syntax IS NOT NULL AND created_at >= {from} AND created_at < {to} \
    GROUP BY 1, 2, 3, 4";

#[async_trait]
impl QualityStore for Store {
    async fn count_checks(
        &self,
        from: Timestamp,
        to: Timestamp,
    ) -> Result<Vec<CheckCounts>, StoreError> {
        let places = match Dialect::of(&self.read) {
            Dialect::Sqlite => ["?1", "?2"],
            Dialect::Postgres => ["$1", "$2"],
        };
        let sql = COUNT
            .replace("{from}", places[0])
            .replace("{to}", places[1]);
        let statement = Statement::from_sql_and_values(
            self.read.get_database_backend(),
            sql,
            [from.millis().into(), to.millis().into()],
        );
        let rows = self
            .read
            .query_all_raw(statement)
            .await
            .map_err(store_error)?;
        let mut counts = BTreeMap::new();
        for row in rows {
            let row = read_row(&row).map_err(store_error)?;
            add(&mut counts, row)?;
        }
        let mut counts: Vec<CheckCounts> = counts.into_values().collect();
        // The map orders by day, then brain; the newest day comes first.
        counts.sort_by_key(|count| std::cmp::Reverse(count.day));
        Ok(counts)
    }
}

struct Row {
    day: i64,
    brain: Option<String>,
    syntax: String,
    execution: Option<String>,
    answers: i64,
    attempts: Option<i64>,
}

fn read_row(row: &sea_orm::QueryResult) -> Result<Row, sea_orm::DbErr> {
    Ok(Row {
        day: row.try_get("", "day")?,
        brain: row.try_get("", "brain")?,
        syntax: row.try_get("", "syntax")?,
        execution: row.try_get("", "execution")?,
        answers: row.try_get("", "answers")?,
        attempts: row.try_get("", "attempts")?,
    })
}

fn add(counts: &mut BTreeMap<(i64, String), CheckCounts>, row: Row) -> Result<(), StoreError> {
    let brain = row.brain.unwrap_or_default();
    let day = Timestamp::from_millis(row.day.saturating_mul(DAY_MS));
    let damaged = |reason: String| corrupt("message", format!("of {brain}"), reason);
    let check = |name: &str| {
        name.parse::<CheckResult>()
            .map_err(|error| damaged(error.to_string()))
    };
    let syntax = check(&row.syntax)?;
    let execution = check(&row.execution.unwrap_or_default())?;
    let known = brain
        .parse()
        .map_err(|error: domain::ask::UnknownChoice| damaged(error.to_string()))?;
    let answers = u64::try_from(row.answers).unwrap_or(0);
    let count = counts
        .entry((row.day, brain))
        .or_insert_with(|| CheckCounts {
            day,
            brain: known,
            answers: 0,
            syntax: Tally::default(),
            execution: Tally::default(),
            attempts: 0,
        });
    count.answers = count.answers.saturating_add(answers);
    count.syntax.add(syntax, answers);
    count.execution.add(execution, answers);
    let attempts = u64::try_from(row.attempts.unwrap_or(0)).unwrap_or(0);
    count.attempts = count.attempts.saturating_add(attempts);
    Ok(())
}
