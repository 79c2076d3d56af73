//! Conversations, messages and receipts. Every statement names the owner, directly or by the number of
//! a conversation that was looked up by its owner in the same call.

mod rows;
mod search;
mod writings;

use async_trait::async_trait;
use sea_orm::sea_query::Expr;
use sea_orm::{
    ActiveValue::{NotSet, Set},
    ColumnTrait, ConnectionTrait, DatabaseTransaction, EntityTrait, PaginatorTrait, QueryFilter,
    QueryOrder, QuerySelect, Statement,
};

use domain::ask::Receipt;
use domain::conversations::{Conversation, ConversationStore, Message, Turn};
use domain::id::{AccountId, ConversationId, MessageId, ReceiptId};
use domain::{Page, PageRequest, StoreError, Timestamp};

use crate::Store;
use crate::entities::{conversation, message, receipt};
use crate::error::store_error;
use crate::words::storable;
use rows::{
    ANSWER, QUESTION, answer_row, question_row, read_conversation, read_message, read_receipt,
    receipt_row,
};

#[async_trait]
impl ConversationStore for Store {
    async fn append_turn(&self, owner: AccountId, turn: Turn) -> Result<bool, StoreError> {
        let transaction = self.begin().await?;
        let Some(number) = open_conversation(&transaction, owner, &turn).await? else {
            transaction.rollback().await.map_err(store_error)?;
            return Ok(false);
        };
        if let Some(replaced) = turn.replaces
            && !remove_answer(&transaction, number, replaced).await?
        {
            transaction.rollback().await.map_err(store_error)?;
            return Ok(false);
        }
        let receipt = receipt_row(number, &turn.receipt)?;
        receipt::Entity::insert(receipt)
            .exec_without_returning(&transaction)
            .await
            .map_err(store_error)?;
        let question = question_row(number, &turn);
        insert_message(&transaction, question, &turn.question).await?;
        let answer = answer_row(number, &turn)?;
        insert_message(&transaction, answer, &turn.answer.markdown).await?;
        transaction.commit().await.map_err(store_error)?;
        Ok(true)
    }

    async fn list_conversations(
        &self,
        owner: AccountId,
        search: &str,
        page: PageRequest,
    ) -> Result<Page<Conversation>, StoreError> {
        search::list(&self.read, owner, search, page).await
    }

    async fn find_conversation(
        &self,
        owner: AccountId,
        id: ConversationId,
    ) -> Result<Option<Conversation>, StoreError> {
        let row = find_row(&self.read, owner, id).await?;
        Ok(row.map(read_conversation))
    }

    async fn rename_conversation(
        &self,
        owner: AccountId,
        id: ConversationId,
        title: &str,
        at: Timestamp,
    ) -> Result<Option<Conversation>, StoreError> {
        let transaction = self.begin().await?;
        let title = storable(title);
        let changed = conversation::Entity::update_many()
            .col_expr(conversation::Column::Title, Expr::value(title.as_str()))
            .col_expr(conversation::Column::UpdatedAt, Expr::value(at.millis()))
            .filter(conversation::Column::Id.eq(id.0))
            .filter(conversation::Column::OwnerId.eq(owner.0))
            .exec(&transaction)
            .await
            .map_err(store_error)?;
        let row = find_row(&transaction, owner, id).await?;
        if let Some(row) = row.as_ref().filter(|_| changed.rows_affected > 0) {
            search::remove_words(&transaction, search::TITLES, row.number).await?;
            search::add_words(&transaction, search::TITLES, row.number, &title).await?;
        }
        transaction.commit().await.map_err(store_error)?;
        Ok(row.map(read_conversation))
    }

    async fn remove_conversation(
        &self,
        owner: AccountId,
        id: ConversationId,
    ) -> Result<bool, StoreError> {
        let transaction = self.begin().await?;
        let Some(row) = find_row(&transaction, owner, id).await? else {
            transaction.rollback().await.map_err(store_error)?;
            return Ok(false);
        };
        search::remove_words(&transaction, search::TITLES, row.number).await?;
        search::remove_all_message_words(&transaction, row.number).await?;
        let removed = conversation::Entity::delete_by_id(row.number)
            .exec(&transaction)
            .await
            .map_err(store_error)?;
        transaction.commit().await.map_err(store_error)?;
        Ok(removed.rows_affected > 0)
    }

    async fn list_messages(
        &self,
        owner: AccountId,
        id: ConversationId,
        page: PageRequest,
    ) -> Result<Option<Page<Message>>, StoreError> {
        let Some(row) = find_row(&self.read, owner, id).await? else {
            return Ok(None);
        };
        let select =
            message::Entity::find().filter(message::Column::ConversationNumber.eq(row.number));
        let total = select
            .clone()
            .count(&self.read)
            .await
            .map_err(store_error)?;
        let rows = select
            .order_by_asc(message::Column::Number)
            .limit(u64::from(page.limit()))
            .offset(u64::from(page.offset()))
            .all(&self.read)
            .await
            .map_err(store_error)?
            .into_iter()
            .map(|message| read_message(id, message))
            .collect::<Result<_, _>>()?;
        Ok(Some(Page { rows, total }))
    }

    async fn list_recent_messages(
        &self,
        owner: AccountId,
        id: ConversationId,
        count: u32,
    ) -> Result<Vec<Message>, StoreError> {
        let Some(row) = find_row(&self.read, owner, id).await? else {
            return Ok(Vec::new());
        };
        let mut rows = message::Entity::find()
            .filter(message::Column::ConversationNumber.eq(row.number))
            .order_by_desc(message::Column::Number)
            .limit(u64::from(count))
            .all(&self.read)
            .await
            .map_err(store_error)?;
        rows.reverse();
        rows.into_iter()
            .map(|message| read_message(id, message))
            .collect()
    }

    async fn find_receipt(
        &self,
        owner: AccountId,
        id: ReceiptId,
    ) -> Result<Option<Receipt>, StoreError> {
        let Some(row) = receipt::Entity::find_by_id(id.0)
            .one(&self.read)
            .await
            .map_err(store_error)?
        else {
            return Ok(None);
        };
        let is_owned = conversation::Entity::find_by_id(row.conversation_number)
            .filter(conversation::Column::OwnerId.eq(owner.0))
            .one(&self.read)
            .await
            .map_err(store_error)?
            .is_some();
        if is_owned {
            read_receipt(row).map(Some)
        } else {
            Ok(None)
        }
    }
}

async fn find_row(
    connection: &impl ConnectionTrait,
    owner: AccountId,
    id: ConversationId,
) -> Result<Option<conversation::Model>, StoreError> {
    conversation::Entity::find()
        .filter(conversation::Column::Id.eq(id.0))
        .filter(conversation::Column::OwnerId.eq(owner.0))
        .one(connection)
        .await
        .map_err(store_error)
}

/// The number of the turn's conversation, made when the turn brings a title; `None` when `owner` has no such one.
/// The row stays locked to the end of the transaction, so that the turns of a conversation keep their order.
async fn open_conversation(
    transaction: &DatabaseTransaction,
    owner: AccountId,
    turn: &Turn,
) -> Result<Option<i64>, StoreError> {
    if let Some(title) = &turn.title {
        let title = storable(title);
        let row = conversation::ActiveModel {
            number: NotSet,
            id: Set(turn.conversation.0),
            owner_id: Set(owner.0),
            title: Set(title.clone()),
            created_at: Set(turn.at.millis()),
            updated_at: Set(turn.at.millis()),
        };
        let inserted = conversation::Entity::insert(row)
            .exec(transaction)
            .await
            .map_err(store_error)?;
        let number = inserted.last_insert_id;
        search::add_words(transaction, search::TITLES, number, &title).await?;
        return Ok(Some(number));
    }
    conversation::Entity::update_many()
        .col_expr(
            conversation::Column::UpdatedAt,
            Expr::value(turn.at.millis()),
        )
        .filter(conversation::Column::Id.eq(turn.conversation.0))
        .filter(conversation::Column::OwnerId.eq(owner.0))
        .exec(transaction)
        .await
        .map_err(store_error)?;
    let row = find_row(transaction, owner, turn.conversation).await?;
    Ok(row.map(|row| row.number))
}

async fn insert_message(
    transaction: &DatabaseTransaction,
    row: message::ActiveModel,
    text: &str,
) -> Result<(), StoreError> {
    let inserted = message::Entity::insert(row)
        .exec(transaction)
        .await
        .map_err(store_error)?;
    search::add_words(transaction, search::MESSAGES, inserted.last_insert_id, text).await
}

/// Removes an answer with its question and receipt; `false` when the conversation has no such answer.
async fn remove_answer(
    transaction: &DatabaseTransaction,
    conversation_number: i64,
    id: MessageId,
) -> Result<bool, StoreError> {
    let of_conversation = || {
        message::Entity::find().filter(message::Column::ConversationNumber.eq(conversation_number))
    };
    let Some(answer) = of_conversation()
        .filter(message::Column::Id.eq(id.0))
        .filter(message::Column::Kind.eq(ANSWER))
        .one(transaction)
        .await
        .map_err(store_error)?
    else {
        return Ok(false);
    };
    let mut numbers = vec![answer.number];
    if let Some(question_id) = answer.question_id {
        let question = of_conversation()
            .filter(message::Column::Id.eq(question_id))
            .filter(message::Column::Kind.eq(QUESTION))
            .one(transaction)
            .await
            .map_err(store_error)?;
        numbers.extend(question.map(|row| row.number));
    }
    for number in numbers {
        search::remove_words(transaction, search::MESSAGES, number).await?;
        message::Entity::delete_by_id(number)
            .exec(transaction)
            .await
            .map_err(store_error)?;
    }
    if let Some(receipt_id) = answer.receipt_id {
        receipt::Entity::delete_by_id(receipt_id)
            .exec(transaction)
            .await
            .map_err(store_error)?;
    }
    Ok(true)
}

/// A statement of one of the full-text tables, which SeaORM's entities do not know.
async fn execute(
    connection: &impl ConnectionTrait,
    sql: String,
    values: Vec<sea_orm::Value>,
) -> Result<(), StoreError> {
    let backend = connection.get_database_backend();
    connection
        .execute_raw(Statement::from_sql_and_values(backend, sql, values))
        .await
        .map_err(store_error)?;
    Ok(())
}
