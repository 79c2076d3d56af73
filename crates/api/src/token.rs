//! Access tokens: JWT (RFC 7519) signed with HS256. A token only names a session; whether that
//! session is good, and what its account may do, is read from the store at every request.

use std::fmt;

use domain::Timestamp;
use domain::accounts::{Account, Session};
use domain::id::{AccountId, SessionId};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde::{Deserialize, Serialize};

/// Name of the cookie that carries the access token of a browser.
pub const SESSION_COOKIE: &str = "codegenie_session";

/// Longest token that is looked at, bytes; ours have some 330.
const TOKEN_BYTES_MAX: usize = 2048;

/// The secret that signs access tokens; never printed.
#[derive(Clone)]
pub struct TokenKey {
    sign: EncodingKey,
    verify: DecodingKey,
}

/// A key was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WeakKey;

impl fmt::Display for WeakKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "the token key is weak: it needs {} random bytes; remove its file to have a new one made",
            TokenKey::BYTES_MIN
        )
    }
}

impl std::error::Error for WeakKey {}

impl fmt::Debug for TokenKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenKey(…)")
    }
}

impl TokenKey {
    /// Fewest bytes of a key: the output size of SHA-256 (RFC 7518 §3.2).
    pub const BYTES_MIN: usize = 32;

    /// A key of these random bytes. Refuses short keys and ones that are plainly not random.
    pub fn new(bytes: &[u8]) -> Result<Self, WeakKey> {
        let different = bytes
            .iter()
            .collect::<std::collections::BTreeSet<_>>()
            .len();
        // 32 random bytes have fewer than 16 different values once in 10^19 keys; `changeme…` and zeros have fewer.
        if bytes.len() < Self::BYTES_MIN || different < 16 {
            return Err(WeakKey);
        }
        Ok(Self {
            sign: EncodingKey::from_secret(bytes),
            verify: DecodingKey::from_secret(bytes),
        })
    }

    /// The token of a session.
    pub(crate) fn issue(&self, account: &Account, session: &Session) -> String {
        let claims = Claims {
            sub: account.id.to_string(),
            role: account.role.name().to_owned(),
            exp: session.expires_at.seconds(),
            iat: session.created_at.seconds(),
            sid: session.id.to_string(),
        };
        jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims, &self.sign)
            .expect("BUG: five plain claims always serialise and HMAC takes any key")
    }

    /// The account and session a token names; `None` when it is malformed, signed otherwise, or expired.
    pub(crate) fn read(&self, token: &str, now: Timestamp) -> Option<(AccountId, SessionId)> {
        if token.len() > TOKEN_BYTES_MAX {
            return None;
        }
        let mut validation = Validation::new(Algorithm::HS256);
        // The library would ask the system clock; the claim is compared below, without leeway.
        validation.validate_exp = false;
        validation.set_required_spec_claims(&["exp", "sub"]);
        let claims = jsonwebtoken::decode::<Claims>(token, &self.verify, &validation)
            .ok()?
            .claims;
        if claims.exp <= now.seconds() {
            return None;
        }
        Some((claims.sub.parse().ok()?, claims.sid.parse().ok()?))
    }
}

/// What a token says. The role is for the client to show; the server never reads it.
#[derive(Debug, Serialize, Deserialize)]
struct Claims {
    sub: String,
    role: String,
    exp: i64,
    iat: i64,
    sid: String,
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::accounts::{Email, Role, Username};

    struct Counting;
    impl domain::Entropy for Counting {
        fn fill(&self, bytes: &mut [u8]) {
            bytes.iter_mut().zip(1..).for_each(|(byte, n)| *byte = n);
        }
    }

    fn key(first: u8) -> TokenKey {
        TokenKey::new(&(first..first + 32).collect::<Vec<_>>()).unwrap()
    }

    fn signed_in() -> (Account, Session) {
        let now = Timestamp::from_millis(1_000_000);
        let account = Account {
            id: AccountId::new(now, &Counting),
            email: Email::parse("ada@example.org").unwrap(),
            username: Username::parse("ada").unwrap(),
            role: Role::Student,
            active: true,
            created_at: now,
        };
        let session = Session {
            id: SessionId::new(now, &Counting),
            account: account.id,
            created_at: now,
            expires_at: now.plus_seconds(7200),
        };
        (account, session)
    }

    #[test]
    fn a_token_names_its_session_until_the_second_it_expires() {
        let (account, session) = signed_in();
        let token = key(1).issue(&account, &session);
        let read = |seconds| key(1).read(&token, session.created_at.plus_seconds(seconds));
        assert_eq!(read(7199), Some((account.id, session.id)));
        assert_eq!(read(7200), None);
    }

    #[test]
    fn tokens_of_another_key_or_algorithm_are_refused() {
        let (account, session) = signed_in();
        let now = session.created_at;
        assert_eq!(key(2).read(&key(1).issue(&account, &session), now), None);
        let claims = Claims {
            sub: account.id.to_string(),
            role: "admin".into(),
            exp: now.plus_seconds(60).seconds(),
            iat: now.seconds(),
            sid: session.id.to_string(),
        };
        let stronger =
            jsonwebtoken::encode(&Header::new(Algorithm::HS512), &claims, &key(1).sign).unwrap();
        assert_eq!(key(1).read(&stronger, now), None);
        // {"alg":"none","typ":"JWT"} with the same claims and no signature.
        let payload = stronger.split('.').nth(1).unwrap();
        let unsigned = format!("eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0.{payload}.");
        assert_eq!(key(1).read(&unsigned, now), None);
        for rubbish in ["", "a.b.c", "....", &"x".repeat(5000)] {
            assert_eq!(key(1).read(rubbish, now), None);
        }
    }

    #[test]
    fn weak_keys_are_refused_and_keys_do_not_print() {
        assert_eq!(TokenKey::new(&[0; 64]).unwrap_err(), WeakKey);
        assert_eq!(
            TokenKey::new(&(0..31).collect::<Vec<_>>()).unwrap_err(),
            WeakKey
        );
        assert_eq!(
            TokenKey::new(b"changeme-changeme-changeme-changeme").unwrap_err(),
            WeakKey
        );
        assert_eq!(format!("{:?}", key(9)), "TokenKey(…)");
    }
}
