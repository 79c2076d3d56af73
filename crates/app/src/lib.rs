//! The use cases of CodeGenie, one file per capability.
//!
//! The only place that combines ports. Sees neither HTTP nor SQL; every protected act takes the
//! [`domain::accounts::Principal`] it is done for.

pub mod accounts;
pub mod ask;
pub mod completions;
pub mod conversations;
pub mod judge;
pub mod knowledge;
pub mod models;
pub mod quality;
pub mod sandbox;
pub mod system;
pub mod tokens;

mod blocking;
mod literal;

use domain::accounts::{Permission, Principal, Proof};

/// The caller may not do this.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Forbidden {
    /// Their role does not allow it.
    #[error("your role does not allow this; ask an administrator")]
    Role,
    /// They sent an API token, and this is for people who signed in.
    #[error(
        "an API token does not allow this; sign in and do it with the access token or in the web app"
    )]
    Token,
}

/// Passes when the principal's role has the permission.
pub fn require(principal: &Principal, permission: Permission) -> Result<(), Forbidden> {
    if principal.account.role.may(permission) {
        Ok(())
    } else {
        Err(Forbidden::Role)
    }
}

/// Passes when the principal signed in or sits at the machine, and did not send an API token.
pub fn require_session(principal: &Principal) -> Result<(), Forbidden> {
    match principal.proof {
        Proof::Session(_) | Proof::Machine => Ok(()),
        Proof::Token(_) => Err(Forbidden::Token),
    }
}
