//! What language models wrote for an answer, beside its receipt, so that it can be written again.

use sea_orm_migration::prelude::*;

pub(super) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &'static str {
        "m0006_writings"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let column = ColumnDef::new("writings").text().take();
        let table = Table::alter().table("receipts").add_column(column).take();
        manager.alter_table(table).await
    }
}
