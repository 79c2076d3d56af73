//! Tables as rows of plain values. They never leave this crate; each port's file turns them into nouns of the domain.
#![expect(
    unreachable_pub,
    reason = "the entity derive of SeaORM needs public models; this module is private"
)]

pub mod account;
pub mod api_token;
pub mod conversation;
pub mod item;
pub mod item_vector;
pub mod message;
pub mod receipt;
pub mod session;
