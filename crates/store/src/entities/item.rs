//! A task or a concept.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "items")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub number: i64,
    pub id: Uuid,
    pub key: String,
    pub origin: String,
    pub kind: String,
    pub language: Option<String>,
    pub status: String,
    pub owner_id: Option<Uuid>,
    /// The revision that wrote it.
    pub revision: i64,
    pub fingerprint: String,
    pub updated_at: i64,
    pub title: String,
    pub description: String,
    pub phrasings: String,
    pub body: String,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
