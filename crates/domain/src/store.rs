//! What can go wrong in any store, reduced to the cases a caller can act on.

use async_trait::async_trait;

/// Tells whether the database answers.
#[async_trait]
pub trait Pulse: Send + Sync {
    /// Asks the database something trivial.
    async fn ping(&self) -> Result<(), StoreError>;
}

/// A store could not do what was asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// The change contradicts what is stored; nothing was written.
    #[error("{0}")]
    Conflict(Conflict),
    /// The database could not be reached or stayed locked; nothing was written and a later try may work.
    #[error("the database is unavailable: {0}")]
    Unavailable(String),
    /// A stored row cannot be read; the text names the table, the row and the reason.
    #[error("the database holds a row that cannot be read: {0}")]
    Corrupt(String),
}

/// Which stored fact a change contradicts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Conflict {
    /// Another account has this e-mail address.
    #[error("an account with this e-mail address exists already")]
    EmailTaken,
    /// Another account has this user name.
    #[error("this user name is taken")]
    UsernameTaken,
    /// There is an administrator already, so the first one cannot be created.
    #[error("an administrator exists already")]
    AdminExists,
    /// The configured number of administrators is reached.
    #[error("the highest number of administrators is reached")]
    AdminLimit,
    /// The change would leave no active administrator.
    #[error("this is the last active administrator")]
    LastAdmin,
    /// The account has as many API tokens as it may have.
    #[error("the highest number of API tokens of an account is reached")]
    TokenLimit,
    /// A row with this key exists already.
    #[error("an entry with this key exists already")]
    DuplicateKey,
}
