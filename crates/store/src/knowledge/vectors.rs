//! Vectors of items: one row holds all vectors of one item by one encoder, so that loading every vector at
//! start-up reads few rows, and reads them on several connections.

use futures::{StreamExt, TryStreamExt, future};
use sea_orm::sea_query::{Expr, ExprTrait, Query};
use sea_orm::sqlx::Row;
use sea_orm::{
    ActiveValue::{NotSet, Set},
    Condition, ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbErr, EntityTrait,
    QueryResult, RuntimeErr, SqlxError, Statement, StreamTrait,
};
use uuid::Uuid;

use domain::StoreError;
use domain::id::{AccountId, ItemId};
use domain::knowledge::{Revision, VectorChanges, VectorEntry, VectorFacets};

use super::rows::{read_kind, read_status};
use crate::entities::{item, item_vector};
use crate::error::{corrupt, store_error};

/// Rows a reading connection fetches ahead of the decoder; with few, the two threads wait for each other at every row.
pub(crate) const ROWS_AHEAD: usize = 512;
/// Parts that everything is read in at once.
const PARTS: i64 = 2;
const BYTES_PER_NUMBER: usize = size_of::<f32>();

/// Items without vectors of `encoder`.
pub(super) fn lacks_vectors(encoder: &str) -> Condition {
    let vectors = Query::select()
        .expr(Expr::value(1))
        .from(item_vector::Entity)
        .and_where(
            Expr::col((item_vector::Entity, item_vector::Column::ItemNumber))
                .equals((item::Entity, item::Column::Number)),
        )
        .and_where(
            Expr::col((item_vector::Entity, item_vector::Column::Encoder)).eq(encoder.to_owned()),
        )
        .take();
    Condition::all().add(Expr::exists(vectors).not())
}

/// Adds the vectors of an item that has none of this encoder; nothing for an empty list.
pub(super) async fn add(
    transaction: &DatabaseTransaction,
    encoder: &str,
    (id, item_number): (ItemId, i64),
    vectors: &[Vec<f32>],
) -> Result<(), StoreError> {
    let Some(first) = vectors.first() else {
        return Ok(());
    };
    let dimensions = i32::try_from(first.len()).unwrap_or(0);
    if dimensions == 0 || vectors.iter().any(|vector| vector.len() != first.len()) {
        return Err(corrupt(
            "item_vectors of item",
            id,
            "its vectors are empty or differ in length",
        ));
    }
    let numbers = vectors
        .iter()
        .flatten()
        .flat_map(|number| number.to_le_bytes())
        .collect();
    let row = item_vector::ActiveModel {
        number: NotSet,
        item_number: Set(item_number),
        encoder: Set(encoder.to_owned()),
        dimensions: Set(dimensions),
        numbers: Set(numbers),
    };
    item_vector::Entity::insert(row)
        .exec_without_returning(transaction)
        .await
        .map_err(store_error)?;
    Ok(())
}

/// The revision is read first: what is written while the rows are read may be in the answer already, and is in
/// the next one again, because its revision is higher.
pub(super) async fn list_changes(
    connection: &DatabaseConnection,
    encoder: &str,
    since: Revision,
) -> Result<VectorChanges, StoreError> {
    let revision = super::find_revision(connection).await?;
    let parts = future::try_join_all(
        split_numbers(connection, since)
            .await?
            .into_iter()
            .map(|range| read_part(connection, encoder, since, range)),
    )
    .await?;
    let mut changes = VectorChanges {
        revision: Revision(revision),
        removed: list_tombstones(connection, since).await?,
        added: Vec::new(),
    };
    for (written, added) in parts {
        changes.removed.extend(written);
        changes.added.extend(added);
    }
    Ok(changes)
}

/// Ranges of item numbers, first exclusive and last inclusive, that are worth reading side by side.
async fn split_numbers(
    connection: &DatabaseConnection,
    since: Revision,
) -> Result<Vec<(i64, i64)>, StoreError> {
    if since > Revision(0) {
        return Ok(vec![(i64::MIN, i64::MAX)]);
    }
    let sql = "SELECT COALESCE(MAX(number), 0) FROM items".to_owned();
    let statement = Statement::from_string(connection.get_database_backend(), sql);
    let row = connection
        .query_one_raw(statement)
        .await
        .map_err(store_error)?;
    let last: i64 = row
        .map_or(Ok(0), |row| row.try_get_by_index(0))
        .map_err(store_error)?;
    let cuts: Vec<i64> = (1..PARTS).map(|part| last / PARTS * part).collect();
    let starts = std::iter::once(i64::MIN).chain(cuts.clone());
    let ends = cuts.into_iter().chain(std::iter::once(i64::MAX));
    Ok(starts.zip(ends).collect())
}

type Part = (Vec<ItemId>, Vec<VectorEntry>);

async fn read_part(
    connection: &DatabaseConnection,
    encoder: &str,
    since: Revision,
    (after, to): (i64, i64),
) -> Result<Part, StoreError> {
    // The plus signs keep SQLite on the index `items_facets`, which holds all that is needed of `items`.
    let statement = Statement::from_sql_and_values(
        connection.get_database_backend(),
        "SELECT i.id, i.kind, i.language, i.status, i.owner_id, v.dimensions, v.numbers \
         FROM items i LEFT JOIN item_vectors v ON v.item_number = i.number AND v.encoder = $1 \
         WHERE i.revision > $2 AND +i.number > $3 AND +i.number <= $4",
        [encoder.into(), since.0.into(), after.into(), to.into()],
    );
    let mut rows = connection
        .stream_raw(statement)
        .await
        .map_err(store_error)?;
    let mut written = Vec::new();
    let mut added = Vec::new();
    while let Some(row) = rows.next().await {
        let row = row.map_err(store_error)?;
        written.push(read_row(&row, &mut added)?);
    }
    Ok((written, added))
}

async fn list_tombstones(
    connection: &DatabaseConnection,
    since: Revision,
) -> Result<Vec<ItemId>, StoreError> {
    let statement = Statement::from_sql_and_values(
        connection.get_database_backend(),
        "SELECT item_id FROM item_tombstones WHERE revision > $1",
        [since.0.into()],
    );
    connection
        .stream_raw(statement)
        .await
        .map_err(store_error)?
        .and_then(|row| future::ready(row.try_get_by_index::<Uuid>(0)))
        .map_ok(ItemId)
        .map_err(store_error)
        .try_collect()
        .await
}

/// The item of the row; its vectors, when it has any, are added to `entries`.
fn read_row(row: &QueryResult, entries: &mut Vec<VectorEntry>) -> Result<ItemId, StoreError> {
    let id = ItemId(row.try_get_by_index(0).map_err(store_error)?);
    let corrupt = |reason: String| corrupt("item_vectors of item", id, reason);
    let Some(dimensions) = row
        .try_get_by_index::<Option<i32>>(5)
        .map_err(store_error)?
    else {
        return Ok(id);
    };
    let kind: String = row.try_get_by_index(1).map_err(store_error)?;
    let language: Option<String> = row.try_get_by_index(2).map_err(store_error)?;
    let status: String = row.try_get_by_index(3).map_err(store_error)?;
    let owner: Option<Uuid> = row.try_get_by_index(4).map_err(store_error)?;
    let facets = VectorFacets {
        item: id,
        kind: read_kind(&kind).map_err(corrupt)?,
        language: language
            .map(|name| name.parse())
            .transpose()
            .map_err(|error: domain::language::UnknownLanguage| corrupt(error.to_string()))?,
        owner: owner.map(AccountId),
        status: read_status(&status).map_err(corrupt)?,
    };
    let numbers = bytes(row, 6).map_err(store_error)?;
    let size = usize::try_from(dimensions).unwrap_or(0) * BYTES_PER_NUMBER;
    if size == 0 || numbers.is_empty() || !numbers.len().is_multiple_of(size) {
        return Err(corrupt(format!(
            "{} bytes are not vectors of {dimensions} dimensions",
            numbers.len()
        )));
    }
    entries.extend(numbers.chunks_exact(size).map(|vector| {
        let numbers = vector.as_chunks::<BYTES_PER_NUMBER>().0;
        VectorEntry {
            facets,
            vector: numbers.iter().map(|n| f32::from_le_bytes(*n)).collect(),
        }
    }));
    Ok(id)
}

/// The bytes of a column without a copy, which SeaORM's own accessors would make.
fn bytes(row: &QueryResult, index: usize) -> Result<&[u8], DbErr> {
    let bytes = if let Some(row) = row.try_as_sqlite_row() {
        row.try_get(index)
    } else if let Some(row) = row.try_as_pg_row() {
        row.try_get(index)
    } else {
        Err(SqlxError::ColumnNotFound("numbers".into()))
    };
    bytes.map_err(|error| DbErr::Query(RuntimeErr::SqlxError(error.into())))
}
