//! A question or an answer.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "messages")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub number: i64,
    pub id: Uuid,
    pub conversation_number: i64,
    /// `question` or `answer`; the columns that may be null belong to answers.
    pub kind: String,
    pub text: String,
    pub question_id: Option<Uuid>,
    pub receipt_id: Option<Uuid>,
    pub outcome: Option<String>,
    pub brain: Option<String>,
    pub language: Option<String>,
    pub details: Option<String>,
    pub created_at: i64,
    /// Results of an answer's checks by name, and drafts tried; null when it has no code. They repeat what `details` holds, to be counted.
    pub syntax: Option<String>,
    pub execution: Option<String>,
    pub attempts: Option<i64>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
