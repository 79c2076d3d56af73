//! Accounts and sessions. The rules about administrators hold under concurrent changes: SQLite has one
//! writer, and on PostgreSQL every such change takes the same lock first.

use async_trait::async_trait;
use sea_orm::sea_query::{Expr, ExprTrait, LikeExpr};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, Condition, ConnectionTrait, DatabaseTransaction, DbErr,
    EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect, SqlErr,
};

use domain::accounts::{
    Account, AccountChange, AccountStore, Email, NewAccount, PasswordHash, Role, Session, Username,
};
use domain::id::{AccountId, SessionId};
use domain::{Conflict, Page, PageRequest, StoreError, Timestamp};

use crate::Store;
use crate::dialect::Dialect;
use crate::entities::{account, session};
use crate::error::{corrupt, store_error};
use crate::tokens::remove_tokens_of;
use crate::words::storable;

/// Any number; it only has to differ from the other locks of this crate.
const ADMIN_LOCK: &str = "SELECT pg_advisory_xact_lock(6031769420002)";

#[async_trait]
impl AccountStore for Store {
    async fn add_account(&self, new: NewAccount, admin_limit: u32) -> Result<(), StoreError> {
        let transaction = self.begin_account_change().await?;
        let is_admin = new.account.role == Role::Admin && new.account.active;
        insert_account(&transaction, new).await?;
        if is_admin && count_active_admins(&transaction).await? > u64::from(admin_limit) {
            return refuse(transaction, Conflict::AdminLimit).await;
        }
        transaction.commit().await.map_err(store_error)
    }

    async fn add_first_admin(&self, new: NewAccount) -> Result<(), StoreError> {
        let transaction = self.begin_account_change().await?;
        let admins = account::Entity::find()
            .filter(account::Column::Role.eq(Role::Admin.name()))
            .count(&transaction)
            .await
            .map_err(store_error)?;
        if admins > 0 {
            return refuse(transaction, Conflict::AdminExists).await;
        }
        insert_account(&transaction, new).await?;
        transaction.commit().await.map_err(store_error)
    }

    async fn find_account(&self, id: AccountId) -> Result<Option<Account>, StoreError> {
        account::Entity::find_by_id(id.0)
            .one(&self.read)
            .await
            .map_err(store_error)?
            .as_ref()
            .map(read_account)
            .transpose()
    }

    async fn find_credentials(
        &self,
        email: &Email,
    ) -> Result<Option<(Account, PasswordHash)>, StoreError> {
        let row = account::Entity::find()
            .filter(account::Column::Email.eq(storable(email.as_str())))
            .one(&self.read)
            .await
            .map_err(store_error)?;
        row.map(|mut row| {
            let hash = PasswordHash(std::mem::take(&mut row.password_hash));
            Ok((read_account(&row)?, hash))
        })
        .transpose()
    }

    async fn list_accounts(
        &self,
        search: &str,
        page: PageRequest,
    ) -> Result<Page<Account>, StoreError> {
        let mut select = account::Entity::find();
        if !search.is_empty() {
            let pattern = contains_pattern(&storable(search).to_lowercase());
            let is_like = |column: account::Column| {
                Expr::col(column).like(LikeExpr::new(pattern.clone()).escape('\\'))
            };
            select = select.filter(
                Condition::any()
                    .add(is_like(account::Column::Email))
                    .add(is_like(account::Column::UsernameKey)),
            );
        }
        let total = select
            .clone()
            .count(&self.read)
            .await
            .map_err(store_error)?;
        let rows = select
            .order_by_asc(account::Column::CreatedAt)
            .order_by_asc(account::Column::Id)
            .limit(u64::from(page.limit()))
            .offset(u64::from(page.offset()))
            .all(&self.read)
            .await
            .map_err(store_error)?
            .iter()
            .map(read_account)
            .collect::<Result<_, _>>()?;
        Ok(Page { rows, total })
    }

    async fn update_account(
        &self,
        id: AccountId,
        change: AccountChange,
    ) -> Result<Option<Account>, StoreError> {
        let transaction = self.begin_account_change().await?;
        let Some(row) = account::Entity::find_by_id(id.0)
            .one(&transaction)
            .await
            .map_err(store_error)?
        else {
            return Ok(None);
        };
        let before = read_account(&row)?;
        let after = Account {
            role: change.role.unwrap_or(before.role),
            active: change.active.unwrap_or(before.active),
            ..before.clone()
        };
        account::Entity::update_many()
            .col_expr(account::Column::Role, Expr::value(after.role.name()))
            .col_expr(account::Column::Active, Expr::value(after.active))
            .filter(account::Column::Id.eq(id.0))
            .exec(&transaction)
            .await
            .map_err(store_error)?;
        if !after.active {
            remove_sessions_of(&transaction, id).await?;
        }
        let is_admin = |account: &Account| account.active && account.role == Role::Admin;
        let admins = count_active_admins(&transaction).await?;
        if is_admin(&before) && !is_admin(&after) && admins == 0 {
            return refuse(transaction, Conflict::LastAdmin).await;
        }
        if !is_admin(&before) && is_admin(&after) && admins > u64::from(change.admin_limit) {
            return refuse(transaction, Conflict::AdminLimit).await;
        }
        transaction.commit().await.map_err(store_error)?;
        Ok(Some(after))
    }

    async fn update_password(
        &self,
        id: AccountId,
        hash: PasswordHash,
        end_sessions: bool,
    ) -> Result<(), StoreError> {
        let transaction = self.begin().await?;
        account::Entity::update_many()
            .col_expr(account::Column::PasswordHash, Expr::value(hash.0))
            .filter(account::Column::Id.eq(id.0))
            .exec(&transaction)
            .await
            .map_err(store_error)?;
        if end_sessions {
            remove_sessions_of(&transaction, id).await?;
            remove_tokens_of(&transaction, id).await?;
        }
        transaction.commit().await.map_err(store_error)
    }

    async fn count_admins(&self) -> Result<u32, StoreError> {
        let count = count_active_admins(&self.read).await?;
        Ok(u32::try_from(count).unwrap_or(u32::MAX))
    }

    async fn add_session(&self, session: Session) -> Result<(), StoreError> {
        let transaction = self.begin().await?;
        session::Entity::delete_many()
            .filter(session::Column::ExpiresAt.lt(session.created_at.millis()))
            .exec(&transaction)
            .await
            .map_err(store_error)?;
        let row = session::ActiveModel {
            id: Set(session.id.0),
            account_id: Set(session.account.0),
            created_at: Set(session.created_at.millis()),
            expires_at: Set(session.expires_at.millis()),
        };
        session::Entity::insert(row)
            .exec_without_returning(&transaction)
            .await
            .map_err(store_error)?;
        transaction.commit().await.map_err(store_error)
    }

    async fn find_session(&self, id: SessionId) -> Result<Option<(Session, Account)>, StoreError> {
        let Some(row) = session::Entity::find_by_id(id.0)
            .one(&self.read)
            .await
            .map_err(store_error)?
        else {
            return Ok(None);
        };
        let session = Session {
            id,
            account: AccountId(row.account_id),
            created_at: Timestamp::from_millis(row.created_at),
            expires_at: Timestamp::from_millis(row.expires_at),
        };
        let account = self.find_account(session.account).await?;
        Ok(account.map(|account| (session, account)))
    }

    async fn remove_session(&self, id: SessionId) -> Result<bool, StoreError> {
        let removed = session::Entity::delete_by_id(id.0)
            .exec(&self.write)
            .await
            .map_err(store_error)?;
        Ok(removed.rows_affected > 0)
    }
}

impl Store {
    async fn begin_account_change(&self) -> Result<DatabaseTransaction, StoreError> {
        let transaction = self.begin().await?;
        if Dialect::of(&transaction) == Dialect::Postgres {
            transaction
                .execute_unprepared(ADMIN_LOCK)
                .await
                .map_err(store_error)?;
        }
        Ok(transaction)
    }
}

async fn insert_account(
    transaction: &DatabaseTransaction,
    new: NewAccount,
) -> Result<(), StoreError> {
    let NewAccount {
        account,
        password_hash,
    } = new;
    let row = account::ActiveModel {
        id: Set(account.id.0),
        email: Set(storable(account.email.as_str())),
        username: Set(account.username.as_str().to_owned()),
        username_key: Set(account.username.as_str().to_lowercase()),
        role: Set(account.role.name().to_owned()),
        active: Set(account.active),
        password_hash: Set(password_hash.0),
        created_at: Set(account.created_at.millis()),
    };
    account::Entity::insert(row)
        .exec_without_returning(transaction)
        .await
        .map_err(taken)?;
    Ok(())
}

/// Both databases name the unique index or its columns in the message.
fn taken(error: DbErr) -> StoreError {
    match error.sql_err() {
        Some(SqlErr::UniqueConstraintViolation(message)) if message.contains("username_key") => {
            StoreError::Conflict(Conflict::UsernameTaken)
        }
        Some(SqlErr::UniqueConstraintViolation(message)) if message.contains("email") => {
            StoreError::Conflict(Conflict::EmailTaken)
        }
        Some(_) | None => store_error(error),
    }
}

/// Rolls back before answering, so that the next caller finds the write lock free.
pub(crate) async fn refuse<T>(
    transaction: DatabaseTransaction,
    why: Conflict,
) -> Result<T, StoreError> {
    transaction.rollback().await.map_err(store_error)?;
    Err(StoreError::Conflict(why))
}

async fn count_active_admins(connection: &impl ConnectionTrait) -> Result<u64, StoreError> {
    account::Entity::find()
        .filter(account::Column::Role.eq(Role::Admin.name()))
        .filter(account::Column::Active.eq(true))
        .count(connection)
        .await
        .map_err(store_error)
}

async fn remove_sessions_of(
    transaction: &DatabaseTransaction,
    account: AccountId,
) -> Result<(), StoreError> {
    session::Entity::delete_many()
        .filter(session::Column::AccountId.eq(account.0))
        .exec(transaction)
        .await
        .map_err(store_error)?;
    Ok(())
}

fn contains_pattern(text: &str) -> String {
    let mut pattern = String::from("%");
    for c in text.chars() {
        if matches!(c, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(c);
    }
    pattern.push('%');
    pattern
}

fn read_account(row: &account::Model) -> Result<Account, StoreError> {
    let corrupt = |reason: String| corrupt("account", row.id, reason);
    Ok(Account {
        id: AccountId(row.id),
        email: Email::parse(&row.email).map_err(|error| corrupt(error.to_string()))?,
        username: Username::parse(&row.username).map_err(|error| corrupt(error.to_string()))?,
        role: row
            .role
            .parse()
            .map_err(|error: domain::accounts::UnknownRole| corrupt(error.to_string()))?,
        active: row.active,
        created_at: Timestamp::from_millis(row.created_at),
    })
}
