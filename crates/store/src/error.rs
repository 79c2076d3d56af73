//! Turns what the driver says into the few cases a caller can act on.

use sea_orm::{DbErr, RuntimeErr, SqlErr, SqlxError};

use domain::{Conflict, StoreError};

/// The general rule; unique keys with a meaning of their own are told apart by their table.
#[expect(
    clippy::needless_pass_by_value,
    reason = "it is given to `map_err` all over this crate"
)]
pub(crate) fn store_error(error: DbErr) -> StoreError {
    match error.sql_err() {
        Some(SqlErr::UniqueConstraintViolation(_)) => {
            return StoreError::Conflict(Conflict::DuplicateKey);
        }
        Some(SqlErr::ForeignKeyConstraintViolation(reason)) => {
            return StoreError::Corrupt(format!("a row refers to one that is not there: {reason}"));
        }
        Some(_) | None => {}
    }
    let is_about_a_row = if let DbErr::Exec(RuntimeErr::SqlxError(source))
    | DbErr::Query(RuntimeErr::SqlxError(source)) = &error
    {
        is_undecodable(source)
    } else {
        matches!(
            error,
            DbErr::Type(_) | DbErr::Json(_) | DbErr::TryIntoErr { .. } | DbErr::ConvertFromU64(_)
        )
    };
    if is_about_a_row {
        StoreError::Corrupt(error.to_string())
    } else {
        StoreError::Unavailable(error.to_string())
    }
}

/// A row cannot be read; `table` and `row` say which one.
pub(crate) fn corrupt(
    table: &str,
    row: impl std::fmt::Display,
    reason: impl std::fmt::Display,
) -> StoreError {
    StoreError::Corrupt(format!("{table} {row}: {reason}"))
}

/// Primary result codes `SQLITE_CORRUPT` and `SQLITE_NOTADB`.
const SQLITE_CORRUPT: i32 = 11;
const SQLITE_NOTADB: i32 = 26;

fn is_undecodable(error: &SqlxError) -> bool {
    if let SqlxError::Database(database) = error {
        let code = database.code().unwrap_or_default();
        // SQLSTATE class XX is PostgreSQL's own internal error and data corruption.
        return code.starts_with("XX")
            || code
                .parse::<i32>()
                .is_ok_and(|code| matches!(code & 0xff, SQLITE_CORRUPT | SQLITE_NOTADB))
                && !is_sqlstate(&code);
    }
    matches!(
        error,
        SqlxError::ColumnDecode { .. } | SqlxError::Decode(_) | SqlxError::ColumnNotFound(_)
    )
}

/// SQLSTATE codes have five characters; SQLite's extended codes have four at most.
fn is_sqlstate(code: &str) -> bool {
    code.len() == 5
}
