//! Knowledge items with their vectors, their full-text index, and the count of changes.

use sea_orm::DbBackend;
use sea_orm_migration::prelude::*;

pub(super) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &'static str {
        "m0003_knowledge"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.create_table(items()).await?;
        manager.create_table(item_vectors()).await?;
        manager.create_table(item_tombstones()).await?;
        manager
            .create_table(
                Table::create()
                    .table("knowledge_revision")
                    .col(ColumnDef::new("revision").big_integer().not_null())
                    .take(),
            )
            .await?;
        let indexes: [(&str, &str, bool, &[&str]); 4] = [
            // Everything a vector search must know of an item, so that loading all vectors never reads the
            // wide rows of `items`.
            (
                "items_facets",
                "items",
                false,
                &[
                    "revision", "number", "id", "kind", "language", "status", "owner_id",
                ],
            ),
            ("items_origin", "items", false, &["origin"]),
            (
                "item_vectors_item",
                "item_vectors",
                true,
                &["item_number", "encoder"],
            ),
            (
                "item_tombstones_revision",
                "item_tombstones",
                false,
                &["revision"],
            ),
        ];
        for (name, table, unique, columns) in indexes {
            let mut index = Index::create();
            index.name(name).table(table);
            if unique {
                index.unique();
            }
            for column in columns {
                index.col((*column).to_owned());
            }
            manager.create_index(index).await?;
        }
        let connection = manager.get_connection();
        connection
            .execute_unprepared("INSERT INTO knowledge_revision (revision) VALUES (0)")
            .await?;
        let words: &[&str] = if manager.get_database_backend() == DbBackend::Sqlite {
            &[
                "CREATE VIRTUAL TABLE item_words USING fts5(title, description, phrasings, code, content='', contentless_delete=1, tokenize='porter unicode61')",
                "INSERT INTO item_words(item_words, rank) VALUES ('rank', 'bm25(8.0, 4.0, 4.0, 1.0)')",
            ]
        } else {
            &[
                "CREATE TABLE item_words (rowid BIGINT PRIMARY KEY, words TSVECTOR NOT NULL)",
                "CREATE INDEX item_words_words ON item_words USING GIN (words)",
            ]
        };
        for sql in words {
            connection.execute_unprepared(sql).await?;
        }
        Ok(())
    }
}

fn items() -> TableCreateStatement {
    Table::create()
        .table("items")
        .col(
            ColumnDef::new("number")
                .big_integer()
                .not_null()
                .auto_increment()
                .primary_key(),
        )
        .col(ColumnDef::new("id").uuid().not_null().unique_key())
        .col(ColumnDef::new("key").text().not_null().unique_key())
        .col(ColumnDef::new("origin").text().not_null())
        .col(ColumnDef::new("kind").text().not_null())
        .col(ColumnDef::new("language").text())
        .col(ColumnDef::new("status").text().not_null())
        .col(ColumnDef::new("owner_id").uuid())
        .col(ColumnDef::new("revision").big_integer().not_null())
        .col(ColumnDef::new("fingerprint").text().not_null())
        .col(ColumnDef::new("updated_at").big_integer().not_null())
        .col(ColumnDef::new("title").text().not_null())
        .col(ColumnDef::new("description").text().not_null())
        .col(ColumnDef::new("phrasings").text().not_null())
        .col(ColumnDef::new("body").text().not_null())
        .foreign_key(
            ForeignKey::create()
                .name("items_owner_account")
                .from("items", "owner_id")
                .to("accounts", "id")
                .on_delete(ForeignKeyAction::Restrict),
        )
        .take()
}

fn item_vectors() -> TableCreateStatement {
    Table::create()
        .table("item_vectors")
        .col(
            ColumnDef::new("number")
                .big_integer()
                .not_null()
                .auto_increment()
                .primary_key(),
        )
        .col(ColumnDef::new("item_number").big_integer().not_null())
        .col(ColumnDef::new("encoder").text().not_null())
        .col(ColumnDef::new("dimensions").integer().not_null())
        .col(ColumnDef::new("numbers").blob().not_null())
        .foreign_key(
            ForeignKey::create()
                .name("item_vectors_of_item")
                .from("item_vectors", "item_number")
                .to("items", "number")
                .on_delete(ForeignKeyAction::Cascade),
        )
        .take()
}

fn item_tombstones() -> TableCreateStatement {
    Table::create()
        .table("item_tombstones")
        .col(ColumnDef::new("item_id").uuid().not_null().primary_key())
        .col(ColumnDef::new("revision").big_integer().not_null())
        .take()
}
