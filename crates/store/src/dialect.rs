//! Which of the two databases a connection speaks to, for the few statements that differ.

use sea_orm::{ConnectionTrait, DbBackend};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dialect {
    Sqlite,
    Postgres,
}

impl Dialect {
    pub(crate) fn of(connection: &impl ConnectionTrait) -> Self {
        if connection.get_database_backend() == DbBackend::Postgres {
            Self::Postgres
        } else {
            Self::Sqlite
        }
    }
}
