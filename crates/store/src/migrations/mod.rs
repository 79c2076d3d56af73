//! The tables, as numbered steps. A step that has been released is never changed; a new one is added.
#![expect(
    elided_lifetimes_in_paths,
    reason = "the trait is declared so, and its implementations must match"
)]

mod m0001_accounts;
mod m0002_conversations;
mod m0003_knowledge;
mod m0004_checks;
mod m0005_api_tokens;
mod m0006_writings;

use sea_orm::{ConnectionTrait, DatabaseConnection};
use sea_orm_migration::prelude::{MigrationTrait, MigratorTrait};

use crate::dialect::Dialect;
use crate::open::{OpenError, begin_write};

struct Migrator;

impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            Box::new(m0001_accounts::Migration),
            Box::new(m0002_conversations::Migration),
            Box::new(m0003_knowledge::Migration),
            Box::new(m0004_checks::Migration),
            Box::new(m0005_api_tokens::Migration),
            Box::new(m0006_writings::Migration),
        ]
    }
}

/// Any number; it only has to be the same in every process that opens the database.
const MIGRATION_LOCK: &str = "SELECT pg_advisory_xact_lock(6031769420001)";

/// Applies the missing steps, all or none; two processes that open a database at once do not disturb each other.
pub(crate) async fn run(connection: &DatabaseConnection) -> Result<(), OpenError> {
    let refused = |error: sea_orm::DbErr| OpenError::Migrate(error.to_string());
    let pending = Migrator::get_pending_migrations_read_only(connection)
        .await
        .map_err(refused)?;
    if pending.is_empty() {
        return Ok(());
    }
    let transaction = begin_write(connection).await.map_err(refused)?;
    if Dialect::of(&transaction) == Dialect::Postgres {
        transaction
            .execute_unprepared(MIGRATION_LOCK)
            .await
            .map_err(refused)?;
    }
    Migrator::up(&transaction, None).await.map_err(refused)?;
    transaction.commit().await.map_err(refused)
}
