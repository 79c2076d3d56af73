//! API tokens. The limit of an account holds under concurrent calls: SQLite has one writer, and on PostgreSQL adding locks
//! the row of the account first.

use std::fmt::Write as _;

use async_trait::async_trait;
use sea_orm::sea_query::Expr;
use sea_orm::{
    ActiveValue::Set, ColumnTrait, DatabaseTransaction, EntityTrait, PaginatorTrait, QueryFilter,
    QueryOrder, QuerySelect,
};

use domain::accounts::{Account, AccountStore};
use domain::id::{AccountId, TokenId};
use domain::tokens::{ApiToken, TokenHash, TokenName, TokenStore};
use domain::{Conflict, StoreError, Timestamp};

use crate::Store;
use crate::accounts::refuse;
use crate::entities::{account, api_token};
use crate::error::{corrupt, store_error};
use crate::words::storable;

#[async_trait]
impl TokenStore for Store {
    async fn add_token(
        &self,
        token: ApiToken,
        hash: TokenHash,
        limit: u32,
    ) -> Result<(), StoreError> {
        let transaction = self.begin().await?;
        account::Entity::find_by_id(token.account.0)
            .lock_exclusive()
            .one(&transaction)
            .await
            .map_err(store_error)?;
        api_token::Entity::delete_many()
            .filter(api_token::Column::AccountId.eq(token.account.0))
            .filter(api_token::Column::ExpiresAt.lte(token.created_at.millis()))
            .exec(&transaction)
            .await
            .map_err(store_error)?;
        let others = api_token::Entity::find()
            .filter(api_token::Column::AccountId.eq(token.account.0))
            .count(&transaction)
            .await
            .map_err(store_error)?;
        if others >= u64::from(limit) {
            return refuse(transaction, Conflict::TokenLimit).await;
        }
        let row = api_token::ActiveModel {
            id: Set(token.id.0),
            account_id: Set(token.account.0),
            name: Set(storable(token.name.as_str())),
            hash: Set(hex(hash)),
            created_at: Set(token.created_at.millis()),
            expires_at: Set(token.expires_at.map(Timestamp::millis)),
            last_used_at: Set(token.last_used_at.map(Timestamp::millis)),
        };
        api_token::Entity::insert(row)
            .exec_without_returning(&transaction)
            .await
            .map_err(store_error)?;
        transaction.commit().await.map_err(store_error)
    }

    async fn find_token(&self, hash: TokenHash) -> Result<Option<(ApiToken, Account)>, StoreError> {
        let Some(row) = api_token::Entity::find()
            .filter(api_token::Column::Hash.eq(hex(hash)))
            .one(&self.read)
            .await
            .map_err(store_error)?
        else {
            return Ok(None);
        };
        let token = read_token(&row)?;
        let account = self.find_account(token.account).await?;
        Ok(account.map(|account| (token, account)))
    }

    async fn list_tokens(&self, account: AccountId) -> Result<Vec<ApiToken>, StoreError> {
        let rows = api_token::Entity::find()
            .filter(api_token::Column::AccountId.eq(account.0))
            .order_by_asc(api_token::Column::CreatedAt)
            .order_by_asc(api_token::Column::Id)
            .all(&self.read)
            .await
            .map_err(store_error)?;
        rows.iter().map(read_token).collect()
    }

    async fn update_token_use(&self, id: TokenId, at: Timestamp) -> Result<(), StoreError> {
        api_token::Entity::update_many()
            .col_expr(api_token::Column::LastUsedAt, Expr::value(at.millis()))
            .filter(api_token::Column::Id.eq(id.0))
            .exec(&self.write)
            .await
            .map_err(store_error)?;
        Ok(())
    }

    async fn remove_token(&self, account: AccountId, id: TokenId) -> Result<bool, StoreError> {
        let removed = api_token::Entity::delete_by_id(id.0)
            .filter(api_token::Column::AccountId.eq(account.0))
            .exec(&self.write)
            .await
            .map_err(store_error)?;
        Ok(removed.rows_affected > 0)
    }
}

pub(crate) async fn remove_tokens_of(
    transaction: &DatabaseTransaction,
    account: AccountId,
) -> Result<(), StoreError> {
    api_token::Entity::delete_many()
        .filter(api_token::Column::AccountId.eq(account.0))
        .exec(transaction)
        .await
        .map_err(store_error)?;
    Ok(())
}

fn hex(hash: TokenHash) -> String {
    hash.0
        .iter()
        .fold(String::with_capacity(64), |mut text, byte| {
            let _ = write!(text, "{byte:02x}");
            text
        })
}

fn read_token(row: &api_token::Model) -> Result<ApiToken, StoreError> {
    Ok(ApiToken {
        id: TokenId(row.id),
        account: AccountId(row.account_id),
        name: TokenName::parse(&row.name)
            .map_err(|error| corrupt("API token", row.id, error.to_string()))?,
        created_at: Timestamp::from_millis(row.created_at),
        expires_at: row.expires_at.map(Timestamp::from_millis),
        last_used_at: row.last_used_at.map(Timestamp::from_millis),
    })
}
