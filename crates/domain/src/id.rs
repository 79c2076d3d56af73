//! Identifiers: one newtype per noun over a time-ordered UUID (RFC 9562, version 7).

use std::fmt;
use std::str::FromStr;

use uuid::Uuid;

use crate::time::Timestamp;

/// A source of random bytes. Passed in, so that tests are repeatable.
pub trait Entropy: Send + Sync {
    /// Fills `bytes` with random bytes; in production they come from the operating system.
    fn fill(&self, bytes: &mut [u8]);
}

/// Makes a version-7 UUID from a moment and ten random bytes.
pub fn time_ordered(now: Timestamp, entropy: &dyn Entropy) -> Uuid {
    let mut random = [0_u8; 10];
    entropy.fill(&mut random);
    uuid::Builder::from_unix_timestamp_millis(now.millis().unsigned_abs(), &random).into_uuid()
}

/// The text is not a UUID.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not an identifier; expected a UUID such as 0198a0c4-5f5e-7c3e-9d53-0c6f3b1f2a11")]
pub struct InvalidId(pub String);

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident;)+) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(pub Uuid);

        impl $name {
            /// Makes a new identifier, ordered by `now`.
            pub fn new(now: Timestamp, entropy: &dyn Entropy) -> Self {
                Self(time_ordered(now, entropy))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({})", stringify!($name), self.0)
            }
        }

        impl FromStr for $name {
            type Err = InvalidId;

            fn from_str(text: &str) -> Result<Self, InvalidId> {
                Uuid::parse_str(text).map(Self).map_err(|_| InvalidId(text.chars().take(80).collect()))
            }
        }
    )+};
}

ids! {
    /// Identifies an account.
    AccountId;
    /// Identifies a signed-in session; it is the `sid` claim of an access token.
    SessionId;
    /// Identifies an API token; it is no secret.
    TokenId;
    /// Identifies a conversation.
    ConversationId;
    /// Identifies one message of a conversation.
    MessageId;
    /// Identifies an answer receipt.
    ReceiptId;
    /// Identifies a knowledge item (a task or a concept).
    ItemId;
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Fixed(u8);
    impl Entropy for Fixed {
        fn fill(&self, bytes: &mut [u8]) {
            bytes.fill(self.0);
        }
    }

    #[test]
    fn later_ids_sort_after_earlier_ones() {
        let early = ItemId::new(Timestamp::from_millis(1_000), &Fixed(255));
        let late = ItemId::new(Timestamp::from_millis(1_001), &Fixed(0));
        assert!(early < late);
        assert_eq!(late.0.get_version_num(), 7);
    }

    #[test]
    fn an_id_reads_back_and_rubbish_is_refused() {
        let id = AccountId::new(Timestamp::from_millis(5), &Fixed(7));
        assert_eq!(id.to_string().parse::<AccountId>(), Ok(id));
        assert_eq!("nope".parse::<AccountId>(), Err(InvalidId("nope".into())));
    }
}
