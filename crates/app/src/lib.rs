//! The use cases of CodeGenie, one file per capability.
//!
//! The only place that combines ports. Sees neither HTTP nor SQL; every protected act takes the
//! [`domain::accounts::Principal`] it is done for.

pub mod accounts;
pub mod ask;
pub mod conversations;
pub mod judge;
pub mod knowledge;
pub mod quality;
pub mod sandbox;
pub mod system;

mod blocking;
mod literal;

use domain::accounts::{Permission, Principal};

/// The caller's role does not allow this.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("your role does not allow this; ask an administrator")]
pub struct Forbidden;

/// Passes when the principal's role has the permission.
pub fn require(principal: &Principal, permission: Permission) -> Result<(), Forbidden> {
    if principal.account.role.may(permission) {
        Ok(())
    } else {
        Err(Forbidden)
    }
}
