//! Knowledge items. Every write happens in one transaction that first raises the revision; on PostgreSQL
//! that row's lock also puts writers in a queue, so revisions become visible in their order.

mod full_text;
mod rows;
mod vectors;
mod word_choice;
mod word_estimate;

use std::collections::{HashMap, HashSet};

use async_trait::async_trait;
use sea_orm::sea_query::Expr;
use sea_orm::{
    ActiveValue::NotSet, ColumnTrait, Condition, ConnectionTrait, DatabaseTransaction, EntityTrait,
    PaginatorTrait, QueryFilter, QueryOrder, QuerySelect, Statement, Value,
};
use uuid::Uuid;

use domain::id::ItemId;
use domain::knowledge::{
    EmbeddedItem, Item, ItemFilter, ItemKind, ItemStatus, KnowledgeCounts, KnowledgeStore, Origin,
    Reader, Revision, VectorChanges,
};
use domain::{Conflict, StoreError};

use crate::Store;
use crate::entities::{item, item_vector};
use crate::error::store_error;
use crate::words::storable;
use rows::{item_row, kind_name, origin_name, read_item, status_name};
pub(crate) use vectors::ROWS_AHEAD;

/// Identities or keys looked up by one statement.
const LOOKUP_MAX: usize = 500;

#[async_trait]
impl KnowledgeStore for Store {
    async fn list_fingerprints(&self, origin: Origin) -> Result<Vec<(String, String)>, StoreError> {
        item::Entity::find()
            .select_only()
            .column(item::Column::Key)
            .column(item::Column::Fingerprint)
            .filter(item::Column::Origin.eq(origin_name(origin)))
            .order_by_asc(item::Column::Key)
            .into_tuple()
            .all(&self.read)
            .await
            .map_err(store_error)
    }

    async fn write_items(
        &self,
        encoder: &str,
        items: Vec<EmbeddedItem>,
        removed_keys: Vec<String>,
    ) -> Result<(), StoreError> {
        if items.is_empty() && removed_keys.is_empty() {
            return Ok(());
        }
        let mut keys = HashSet::new();
        if !items.iter().all(|embedded| keys.insert(&embedded.item.key)) {
            return Err(StoreError::Conflict(Conflict::DuplicateKey));
        }
        let transaction = self.begin().await?;
        let revision = raise_revision(&transaction).await?;
        remove_items(&transaction, removed_keys, revision).await?;
        let keys = items.iter().map(|embedded| storable(&embedded.item.key));
        let known: HashMap<String, (i64, Uuid)> = find_by_keys(&transaction, keys.collect())
            .await?
            .into_iter()
            .map(|(number, id, key)| (key, (number, id)))
            .collect();
        for embedded in &items {
            let known = known.get(&storable(&embedded.item.key)).copied();
            write_item(&transaction, encoder, embedded, known, revision).await?;
        }
        transaction.commit().await.map_err(store_error)
    }

    async fn list_items(&self, reader: Reader, ids: &[ItemId]) -> Result<Vec<Item>, StoreError> {
        let mut found = HashMap::new();
        for some in ids.chunks(LOOKUP_MAX) {
            let rows = item::Entity::find()
                .filter(item::Column::Id.is_in(some.iter().map(|id| id.0)))
                .filter(visible_to(reader))
                .all(&self.read)
                .await
                .map_err(store_error)?;
            for row in rows {
                found.insert(ItemId(row.id), read_item(row)?);
            }
        }
        Ok(ids.iter().filter_map(|id| found.get(id).cloned()).collect())
    }

    async fn search_text(
        &self,
        reader: Reader,
        query: &str,
        filter: ItemFilter,
        limit: u32,
    ) -> Result<Vec<(ItemId, f32)>, StoreError> {
        full_text::search(&self.read, reader, query, filter, limit).await
    }

    async fn find_revision(&self) -> Result<Revision, StoreError> {
        find_revision(&self.read).await.map(Revision)
    }

    async fn list_vector_changes(
        &self,
        encoder: &str,
        since: Revision,
    ) -> Result<VectorChanges, StoreError> {
        vectors::list_changes(&self.read, encoder, since).await
    }

    async fn list_unembedded(&self, encoder: &str, limit: u32) -> Result<Vec<Item>, StoreError> {
        item::Entity::find()
            .filter(vectors::lacks_vectors(encoder))
            .order_by_asc(item::Column::Number)
            .limit(u64::from(limit))
            .all(&self.read)
            .await
            .map_err(store_error)?
            .into_iter()
            .map(read_item)
            .collect()
    }

    async fn add_vectors(
        &self,
        encoder: &str,
        embedded: Vec<EmbeddedItem>,
    ) -> Result<(), StoreError> {
        if embedded.is_empty() {
            return Ok(());
        }
        let transaction = self.begin().await?;
        let revision = raise_revision(&transaction).await?;
        for some in embedded.chunks(LOOKUP_MAX) {
            let mut missing = find_missing(&transaction, encoder, some).await?;
            let mut written = Vec::new();
            for EmbeddedItem { item, vectors } in some {
                // Taken out, so that an item named twice gets its first vectors only.
                let as_stored = (item.id.0, storable(&item.fingerprint));
                let Some(number) = missing.remove(&as_stored) else {
                    continue;
                };
                vectors::add(&transaction, encoder, (item.id, number), vectors).await?;
                written.push(number);
            }
            item::Entity::update_many()
                .col_expr(item::Column::Revision, Expr::value(revision))
                .filter(item::Column::Number.is_in(written))
                .exec(&transaction)
                .await
                .map_err(store_error)?;
        }
        transaction.commit().await.map_err(store_error)
    }

    async fn count_items(&self, encoder: &str) -> Result<KnowledgeCounts, StoreError> {
        let count = async |condition: Condition| {
            item::Entity::find()
                .filter(condition)
                .count(&self.read)
                .await
                .map_err(store_error)
        };
        let of_kind = |kind: ItemKind| Condition::all().add(item::Column::Kind.eq(kind_name(kind)));
        Ok(KnowledgeCounts {
            tasks: count(of_kind(ItemKind::Task)).await?,
            concepts: count(of_kind(ItemKind::Concept)).await?,
            unembedded: count(vectors::lacks_vectors(encoder)).await?,
        })
    }
}

/// The condition of [`Reader::may_see`].
fn visible_to(reader: Reader) -> Condition {
    let published = item::Column::Status.eq(status_name(ItemStatus::Published));
    match reader {
        Reader::Public => Condition::any().add(published),
        Reader::Account(account) => Condition::any()
            .add(published)
            .add(item::Column::OwnerId.eq(account.0)),
    }
}

async fn find_revision(connection: &impl ConnectionTrait) -> Result<i64, StoreError> {
    let backend = connection.get_database_backend();
    let statement = Statement::from_string(
        backend,
        "SELECT revision FROM knowledge_revision".to_owned(),
    );
    connection
        .query_one_raw(statement)
        .await
        .map_err(store_error)?
        .ok_or_else(|| StoreError::Corrupt("knowledge_revision: its one row is missing".into()))?
        .try_get_by_index(0)
        .map_err(store_error)
}

async fn raise_revision(transaction: &DatabaseTransaction) -> Result<i64, StoreError> {
    transaction
        .execute_unprepared("UPDATE knowledge_revision SET revision = revision + 1")
        .await
        .map_err(store_error)?;
    find_revision(transaction).await
}

/// Number by identity and fingerprint, as stored, of those of `embedded` that have no vectors of `encoder`.
async fn find_missing(
    transaction: &DatabaseTransaction,
    encoder: &str,
    embedded: &[EmbeddedItem],
) -> Result<HashMap<(Uuid, String), i64>, StoreError> {
    let ids = embedded.iter().map(|embedded| embedded.item.id.0);
    let rows: Vec<(Uuid, String, i64)> = item::Entity::find()
        .select_only()
        .column(item::Column::Id)
        .column(item::Column::Fingerprint)
        .column(item::Column::Number)
        .filter(item::Column::Id.is_in(ids))
        .filter(vectors::lacks_vectors(encoder))
        .into_tuple()
        .all(transaction)
        .await
        .map_err(store_error)?;
    let missing = rows
        .into_iter()
        .map(|(id, fingerprint, number)| ((id, fingerprint), number));
    Ok(missing.collect())
}

/// Number, identity and key of the items that have one of these keys.
async fn find_by_keys(
    transaction: &DatabaseTransaction,
    keys: Vec<String>,
) -> Result<Vec<(i64, Uuid, String)>, StoreError> {
    let mut found = Vec::new();
    for some in keys.chunks(LOOKUP_MAX) {
        let rows: Vec<(i64, Uuid, String)> = item::Entity::find()
            .select_only()
            .column(item::Column::Number)
            .column(item::Column::Id)
            .column(item::Column::Key)
            .filter(item::Column::Key.is_in(some.iter().map(String::as_str)))
            .into_tuple()
            .all(transaction)
            .await
            .map_err(store_error)?;
        found.extend(rows);
    }
    Ok(found)
}

async fn remove_items(
    transaction: &DatabaseTransaction,
    keys: Vec<String>,
    revision: i64,
) -> Result<(), StoreError> {
    let keys = keys.iter().map(|key| storable(key)).collect();
    for (number, id, _) in find_by_keys(transaction, keys).await? {
        full_text::remove(transaction, number).await?;
        item::Entity::delete_by_id(number)
            .exec(transaction)
            .await
            .map_err(store_error)?;
        execute(
            transaction,
            "INSERT INTO item_tombstones (item_id, revision) VALUES ($1, $2) \
             ON CONFLICT (item_id) DO UPDATE SET revision = excluded.revision",
            vec![id.into(), revision.into()],
        )
        .await?;
    }
    Ok(())
}

/// `known` is the number and identity of the item that has this key already.
async fn write_item(
    transaction: &DatabaseTransaction,
    encoder: &str,
    embedded: &EmbeddedItem,
    known: Option<(i64, Uuid)>,
    revision: i64,
) -> Result<(), StoreError> {
    let mut row = item_row(&embedded.item, revision)?;
    let (number, id) = if let Some((number, id)) = known {
        row.id = NotSet;
        item::Entity::update_many()
            .set(row)
            .filter(item::Column::Number.eq(number))
            .exec(transaction)
            .await
            .map_err(store_error)?;
        // Vectors of every encoder: they were made from the content that is now replaced.
        item_vector::Entity::delete_many()
            .filter(item_vector::Column::ItemNumber.eq(number))
            .exec(transaction)
            .await
            .map_err(store_error)?;
        full_text::remove(transaction, number).await?;
        (number, ItemId(id))
    } else {
        let inserted = item::Entity::insert(row)
            .exec(transaction)
            .await
            .map_err(store_error)?;
        (inserted.last_insert_id, embedded.item.id)
    };
    full_text::add(transaction, number, &embedded.item).await?;
    vectors::add(transaction, encoder, (id, number), &embedded.vectors).await
}

async fn execute(
    transaction: &DatabaseTransaction,
    sql: &str,
    values: Vec<Value>,
) -> Result<(), StoreError> {
    let backend = transaction.get_database_backend();
    transaction
        .execute_raw(Statement::from_sql_and_values(backend, sql, values))
        .await
        .map_err(store_error)?;
    Ok(())
}
