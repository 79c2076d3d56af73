//! Conversations with their messages, receipts and full-text index.

use sea_orm::DbBackend;
use sea_orm_migration::prelude::*;

pub(super) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &'static str {
        "m0002_conversations"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.create_table(conversations()).await?;
        manager.create_table(messages()).await?;
        manager.create_table(receipts()).await?;
        for (name, table, columns) in [
            (
                "conversations_owner",
                "conversations",
                &["owner_id", "updated_at"][..],
            ),
            (
                "messages_conversation",
                "messages",
                &["conversation_number", "number"],
            ),
            (
                "receipts_conversation",
                "receipts",
                &["conversation_number"],
            ),
        ] {
            let mut index = Index::create();
            index.name(name).table(table);
            for column in columns {
                index.col(*column);
            }
            manager.create_index(index).await?;
        }
        for table in ["title_words", "message_words"] {
            // Words are kept whole, not stemmed: the last word of a search is matched by its beginning.
            if manager.get_database_backend() == DbBackend::Sqlite {
                let sql = format!(
                    "CREATE VIRTUAL TABLE {table} USING fts5(words, content='', contentless_delete=1, tokenize='unicode61')"
                );
                manager.get_connection().execute_unprepared(&sql).await?;
            } else {
                for sql in [
                    format!(
                        "CREATE TABLE {table} (rowid BIGINT PRIMARY KEY, words TSVECTOR NOT NULL)"
                    ),
                    format!("CREATE INDEX {table}_words ON {table} USING GIN (words)"),
                ] {
                    manager.get_connection().execute_unprepared(&sql).await?;
                }
            }
        }
        Ok(())
    }
}

fn number() -> ColumnDef {
    ColumnDef::new("number")
        .big_integer()
        .not_null()
        .auto_increment()
        .primary_key()
        .take()
}

fn conversations() -> TableCreateStatement {
    Table::create()
        .table("conversations")
        .col(number())
        .col(ColumnDef::new("id").uuid().not_null().unique_key())
        .col(ColumnDef::new("owner_id").uuid().not_null())
        .col(ColumnDef::new("title").text().not_null())
        .col(ColumnDef::new("created_at").big_integer().not_null())
        .col(ColumnDef::new("updated_at").big_integer().not_null())
        .foreign_key(
            ForeignKey::create()
                .name("conversations_owner_account")
                .from("conversations", "owner_id")
                .to("accounts", "id")
                .on_delete(ForeignKeyAction::Cascade),
        )
        .take()
}

fn of_conversation(table: &'static str) -> ForeignKeyCreateStatement {
    ForeignKey::create()
        .name(format!("{table}_of_conversation"))
        .from(table, "conversation_number")
        .to("conversations", "number")
        .on_delete(ForeignKeyAction::Cascade)
        .take()
}

fn messages() -> TableCreateStatement {
    Table::create()
        .table("messages")
        .col(number())
        .col(ColumnDef::new("id").uuid().not_null().unique_key())
        .col(
            ColumnDef::new("conversation_number")
                .big_integer()
                .not_null(),
        )
        .col(ColumnDef::new("kind").text().not_null())
        .col(ColumnDef::new("text").text().not_null())
        .col(ColumnDef::new("question_id").uuid())
        .col(ColumnDef::new("receipt_id").uuid())
        .col(ColumnDef::new("outcome").text())
        .col(ColumnDef::new("brain").text())
        .col(ColumnDef::new("language").text())
        .col(ColumnDef::new("details").text())
        .col(ColumnDef::new("created_at").big_integer().not_null())
        .foreign_key(&mut of_conversation("messages"))
        .take()
}

fn receipts() -> TableCreateStatement {
    Table::create()
        .table("receipts")
        .col(ColumnDef::new("id").uuid().not_null().primary_key())
        .col(
            ColumnDef::new("conversation_number")
                .big_integer()
                .not_null(),
        )
        .col(ColumnDef::new("version").text().not_null())
        .col(ColumnDef::new("encoder").text().not_null())
        .col(ColumnDef::new("steps").text().not_null())
        .col(ColumnDef::new("created_at").big_integer().not_null())
        .foreign_key(&mut of_conversation("receipts"))
        .take()
}
