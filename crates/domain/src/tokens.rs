//! API tokens: long-lived secrets with which programs act for an account. Sessions are in [`crate::accounts`].

use std::fmt;

use async_trait::async_trait;

use crate::accounts::Account;
use crate::id::{AccountId, TokenId};
use crate::store::StoreError;
use crate::time::Timestamp;

/// What every secret begins with, so that people and scanners of sources know one when they see it.
pub const SECRET_PREFIX: &str = "cg_";

/// Characters after the prefix: 32 bytes in base64url without padding (RFC 4648 §5).
pub const SECRET_CHARACTERS: usize = 43;

/// The name an account gave to a token: 1 to 64 characters without control characters, white space around it removed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenName(String);

/// The text is no name for a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("use 1 to 64 characters in one line, such as `laptop`")]
pub struct InvalidTokenName;

impl TokenName {
    /// Checks a name.
    pub fn parse(text: &str) -> Result<Self, InvalidTokenName> {
        let name = text.trim();
        if (1..=64).contains(&name.chars().count()) && !name.chars().any(char::is_control) {
            Ok(Self(name.to_owned()))
        } else {
            Err(InvalidTokenName)
        }
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The secret itself: [`SECRET_PREFIX`] and [`SECRET_CHARACTERS`] characters. Told once, never stored, never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct TokenSecret(String);

impl TokenSecret {
    /// The text, if it has the form of a secret; whether it is one that holds is for the store to say.
    pub fn parse(text: &str) -> Option<Self> {
        let rest = text.strip_prefix(SECRET_PREFIX)?;
        let letters_are_valid = rest
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
        (rest.len() == SECRET_CHARACTERS && letters_are_valid).then(|| Self(text.to_owned()))
    }

    /// The characters, for hashing and for telling them once.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for TokenSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenSecret(…)")
    }
}

/// SHA-256 of a secret. The secret has 256 random bits, so a fast hash keeps it, and looking it up by its hash tells
/// nothing by the time it takes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct TokenHash(pub [u8; 32]);

impl fmt::Debug for TokenHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenHash(…)")
    }
}

/// What is known of a token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiToken {
    /// Identity.
    pub id: TokenId,
    /// For whom it acts.
    pub account: AccountId,
    /// What its account calls it.
    pub name: TokenName,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it ends by itself, if it does.
    pub expires_at: Option<Timestamp>,
    /// When it was last used, to about a minute.
    pub last_used_at: Option<Timestamp>,
}

impl ApiToken {
    /// Whether it has not ended by `now`.
    pub fn is_running(&self, now: Timestamp) -> bool {
        self.expires_at.is_none_or(|end| end > now)
    }
}

/// The store of API tokens.
#[async_trait]
pub trait TokenStore: Send + Sync {
    /// Adds a token and forgets those of its account that had ended when it was made. Fails with `TokenLimit` when
    /// `limit` others are left, even under concurrent calls.
    async fn add_token(
        &self,
        token: ApiToken,
        hash: TokenHash,
        limit: u32,
    ) -> Result<(), StoreError>;

    /// The token whose secret has this hash and its account, whatever their state; the caller decides whether they are good.
    async fn find_token(&self, hash: TokenHash) -> Result<Option<(ApiToken, Account)>, StoreError>;

    /// The tokens of an account, oldest first.
    async fn list_tokens(&self, account: AccountId) -> Result<Vec<ApiToken>, StoreError>;

    /// Notes that a token was used.
    async fn update_token_use(&self, id: TokenId, at: Timestamp) -> Result<(), StoreError>;

    /// Removes a token of an account; `false` when the account has no such token.
    async fn remove_token(&self, account: AccountId, id: TokenId) -> Result<bool, StoreError>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_one_short_line() {
        assert_eq!(
            TokenName::parse(" my laptop ").unwrap().as_str(),
            "my laptop"
        );
        assert!(TokenName::parse(&"ä".repeat(64)).is_ok());
        for text in ["", "  ", "a\nb", "a\0", &"x".repeat(65)] {
            assert_eq!(TokenName::parse(text), Err(InvalidTokenName), "{text:?}");
        }
    }

    #[test]
    fn a_secret_has_one_form_and_does_not_print() {
        let text = format!("cg_{}", "aB3-_".repeat(9).split_at(43).0);
        let secret = TokenSecret::parse(&text).unwrap();
        assert_eq!(secret.reveal(), text);
        assert_eq!(format!("{secret:?}"), "TokenSecret(…)");
        assert_eq!(format!("{:?}", TokenHash([7; 32])), "TokenHash(…)");
        for wrong in [
            "",
            "cg_",
            &text.to_uppercase(),
            &format!("{text}a"),
            &text.replace('3', "+"),
            &text.replace('3', "é"),
        ] {
            assert!(TokenSecret::parse(wrong).is_none(), "{wrong}");
        }
    }

    #[test]
    fn a_token_runs_until_the_moment_it_ends() {
        let at = Timestamp::from_millis;
        let token = |expires_at| ApiToken {
            id: TokenId(uuid::Uuid::nil()),
            account: AccountId(uuid::Uuid::nil()),
            name: TokenName::parse("x").unwrap(),
            created_at: at(0),
            expires_at,
            last_used_at: None,
        };
        assert!(token(None).is_running(at(i64::MAX)));
        assert!(token(Some(at(10))).is_running(at(9)));
        assert!(!token(Some(at(10))).is_running(at(10)));
    }
}
