//! The results of an answer's checks in columns of their own, so that they can be counted.

use sea_orm::DbBackend;
use sea_orm_migration::prelude::*;

pub(super) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &'static str {
        "m0004_checks"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for column in [
            ColumnDef::new("syntax").text().take(),
            ColumnDef::new("execution").text().take(),
            ColumnDef::new("attempts").big_integer().take(),
        ] {
            // SQLite adds one column a statement.
            let table = Table::alter().table("messages").add_column(column).take();
            manager.alter_table(table).await?;
        }
        let index = Index::create()
            .name("messages_created")
            .table("messages")
            .col("created_at")
            .take();
        manager.create_index(index).await?;
        // Answers from before were tried once, and their results stand in their details.
        let sql = if manager.get_database_backend() == DbBackend::Sqlite {
            "UPDATE messages SET syntax = json_extract(details, '$.syntax'), execution = json_extract(details, '$.execution'), \
             attempts = 1 WHERE kind = 'answer' AND json_type(details, '$.code') = 'text'"
        } else {
            "UPDATE messages SET syntax = details::json->>'syntax', execution = details::json->>'execution', attempts = 1 \
             WHERE kind = 'answer' AND json_typeof(details::json->'code') = 'string'"
        };
        manager.get_connection().execute_unprepared(sql).await?;
        Ok(())
    }
}
