//! API tokens.

use sea_orm_migration::prelude::*;

pub(super) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &'static str {
        "m0005_api_tokens"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.create_table(api_tokens()).await?;
        let by_hash = Index::create()
            .name("api_tokens_hash")
            .table("api_tokens")
            .col("hash")
            .unique()
            .take();
        manager.create_index(by_hash).await?;
        let by_account = Index::create()
            .name("api_tokens_account_id")
            .table("api_tokens")
            .col("account_id")
            .take();
        manager.create_index(by_account).await
    }
}

fn api_tokens() -> TableCreateStatement {
    Table::create()
        .table("api_tokens")
        .col(ColumnDef::new("id").uuid().not_null().primary_key())
        .col(ColumnDef::new("account_id").uuid().not_null())
        .col(ColumnDef::new("name").text().not_null())
        .col(ColumnDef::new("hash").text().not_null())
        .col(ColumnDef::new("created_at").big_integer().not_null())
        .col(ColumnDef::new("expires_at").big_integer())
        .col(ColumnDef::new("last_used_at").big_integer())
        .foreign_key(
            ForeignKey::create()
                .name("api_tokens_account")
                .from("api_tokens", "account_id")
                .to("accounts", "id")
                .on_delete(ForeignKeyAction::Cascade),
        )
        .take()
}
