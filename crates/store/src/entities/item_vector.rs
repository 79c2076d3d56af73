//! All vectors of one item by one encoder.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "item_vectors")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub number: i64,
    pub item_number: i64,
    pub encoder: String,
    pub dimensions: i32,
    /// The vectors one after the other, as little-endian `f32`.
    pub numbers: Vec<u8>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
