//! API tokens: made and revoked by people who signed in, sent by their programs.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::accounts::{Principal, Proof};
use domain::id::{Entropy, TokenId};
use domain::tokens::{
    ApiToken, InvalidTokenName, SECRET_PREFIX, TokenHash, TokenName, TokenSecret, TokenStore,
};
use domain::{Clock, Conflict, StoreError};
use sha2::{Digest, Sha256};

use crate::{Forbidden, require_session};

/// Tokens an account may have at a time.
pub const TOKENS_MAX: u32 = 20;

/// Longest life of a token that ends by itself, days.
pub const DAYS_MAX: u32 = 3650;

/// The use of a token is noted again only after so long, so that busy programs do not write a row with each request.
const USE_NOTED_EVERY_SECONDS: i64 = 60;

const DAY_SECONDS: i64 = 24 * 60 * 60;

/// Why a token was not made or revoked.
#[derive(Debug, thiserror::Error)]
pub enum TokenError {
    /// The name was refused.
    #[error("name: {0}")]
    Name(#[from] InvalidTokenName),
    /// The life wanted is none.
    #[error(
        "expires_in_days: {0} is out of range; use 1 to {DAYS_MAX}, or leave it out for a token that does not end"
    )]
    Days(u32),
    /// The account has as many as it may.
    #[error("you have {TOKENS_MAX} API tokens already; revoke one that is not used any more")]
    TooMany,
    /// No such token.
    #[error("you have no such API token")]
    NotFound,
    /// The caller may not.
    #[error(transparent)]
    Forbidden(#[from] Forbidden),
    /// The store failed.
    #[error(transparent)]
    Store(StoreError),
}

impl From<StoreError> for TokenError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Conflict(Conflict::TokenLimit) => Self::TooMany,
            StoreError::Conflict(_) | StoreError::Unavailable(_) | StoreError::Corrupt(_) => {
                Self::Store(error)
            }
        }
    }
}

/// API tokens.
pub struct TokenService {
    store: Arc<dyn TokenStore>,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
}

impl TokenService {
    /// A service over `store`.
    pub fn new(
        store: Arc<dyn TokenStore>,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
    ) -> Self {
        Self {
            store,
            clock,
            entropy,
        }
    }

    /// Makes a token that acts for `principal`'s account; it ends after `days`, or never. The secret is told here and never again.
    pub async fn create(
        &self,
        principal: &Principal,
        name: &str,
        days: Option<u32>,
    ) -> Result<(ApiToken, TokenSecret), TokenError> {
        require_session(principal)?;
        let name = TokenName::parse(name)?;
        if let Some(days) = days.filter(|days| !(1..=DAYS_MAX).contains(days)) {
            return Err(TokenError::Days(days));
        }
        let now = self.clock.now();
        let token = ApiToken {
            id: TokenId::new(now, self.entropy.as_ref()),
            account: principal.account.id,
            name,
            created_at: now,
            expires_at: days.map(|days| now.plus_seconds(i64::from(days) * DAY_SECONDS)),
            last_used_at: None,
        };
        let secret = self.make_secret();
        self.store
            .add_token(token.clone(), hash(&secret), TOKENS_MAX)
            .await?;
        Ok((token, secret))
    }

    /// The tokens of `principal`'s account, oldest first.
    pub async fn list(&self, principal: &Principal) -> Result<Vec<ApiToken>, TokenError> {
        require_session(principal)?;
        Ok(self.store.list_tokens(principal.account.id).await?)
    }

    /// Revokes a token of `principal`'s account; it stops working at once.
    pub async fn revoke(&self, principal: &Principal, id: TokenId) -> Result<(), TokenError> {
        require_session(principal)?;
        if self.store.remove_token(principal.account.id, id).await? {
            Ok(())
        } else {
            Err(TokenError::NotFound)
        }
    }

    /// For whom the program acts that sent this secret, if token and account are good at this moment.
    pub async fn authenticate(
        &self,
        secret: &TokenSecret,
    ) -> Result<Option<Principal>, StoreError> {
        let now = self.clock.now();
        let found = self.store.find_token(hash(secret)).await?;
        let Some((token, account)) =
            found.filter(|(token, account)| token.is_running(now) && account.active)
        else {
            return Ok(None);
        };
        let is_noted = token
            .last_used_at
            .is_some_and(|used| used.plus_seconds(USE_NOTED_EVERY_SECONDS) > now);
        if !is_noted && let Err(error) = self.store.update_token_use(token.id, now).await {
            // What the program came for does not depend on it.
            tracing::warn!(%error, "the use of an API token was not noted");
        }
        Ok(Some(Principal {
            account,
            proof: Proof::Token(token.id),
        }))
    }

    fn make_secret(&self) -> TokenSecret {
        let mut bytes = [0_u8; 32];
        self.entropy.fill(&mut bytes);
        let text = format!("{SECRET_PREFIX}{}", URL_SAFE_NO_PAD.encode(bytes));
        TokenSecret::parse(&text)
            .expect("BUG: 32 bytes are 43 characters of base64url without padding")
    }
}

fn hash(secret: &TokenSecret) -> TokenHash {
    TokenHash(Sha256::digest(secret.reveal().as_bytes()).into())
}
