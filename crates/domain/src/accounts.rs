//! Accounts, roles, sessions, and who may do what.

use std::fmt;
use std::str::FromStr;

use async_trait::async_trait;

use crate::id::{AccountId, SessionId, TokenId};
use crate::page::{Page, PageRequest};
use crate::store::StoreError;
use crate::time::Timestamp;

/// What an account may do, from the most to the least.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Role {
    /// Runs this instance: users, settings, models.
    Admin,
    /// Builds with the API; may teach and review knowledge.
    Developer,
    /// Learns; may teach drafts.
    Student,
    /// Asks.
    User,
}

/// The text names no role.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a role; use one of admin, developer, student, user")]
pub struct UnknownRole(pub String);

impl Role {
    /// Every role.
    pub const ALL: [Self; 4] = [Self::Admin, Self::Developer, Self::Student, Self::User];

    /// The name in the API and the database.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Admin => "admin",
            Self::Developer => "developer",
            Self::Student => "student",
            Self::User => "user",
        }
    }

    /// Whether this role may do `permission`.
    pub const fn may(self, permission: Permission) -> bool {
        match permission {
            Permission::Ask | Permission::ManageOwnData => true,
            Permission::Teach => !matches!(self, Self::User),
            Permission::ManageUsers | Permission::SeeQuality | Permission::ManageModels => {
                matches!(self, Self::Admin)
            }
        }
    }
}

impl FromStr for Role {
    type Err = UnknownRole;

    fn from_str(text: &str) -> Result<Self, UnknownRole> {
        Self::ALL
            .into_iter()
            .find(|role| role.name() == text)
            .ok_or_else(|| UnknownRole(text.chars().take(40).collect()))
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Something a route lets a caller do. Every route names exactly one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Permission {
    /// Ask, explain, search, analyse.
    Ask,
    /// Read and change one's own account and conversations.
    ManageOwnData,
    /// Add knowledge, as a draft of one's own.
    Teach,
    /// List accounts and change their role or state.
    ManageUsers,
    /// See how well answers did: counts of everybody's checks, without a word of theirs.
    SeeQuality,
    /// Fetch, load and remove language models.
    ManageModels,
}

/// An e-mail address: trimmed, lower-cased, one `@`, at most 254 bytes (RFC 5321 §4.5.3.1.3).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Email(String);

/// A user name: 3 to 32 letters, digits, `.`, `_` or `-`, starting with a letter or digit.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Username(String);

/// A password as typed; never stored, never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct Password(String);

/// A field of a registration was refused; the text says what to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidField {
    /// Not an e-mail address.
    #[error("write an e-mail address such as ada@example.org, at most 254 characters")]
    Email,
    /// Not a user name.
    #[error(
        "use 3 to 32 letters, digits, dots, dashes or underscores, starting with a letter or digit"
    )]
    Username,
    /// Too short.
    #[error("use at least 10 characters")]
    PasswordShort,
    /// Too long.
    #[error("use at most 128 characters")]
    PasswordLong,
    /// Only one kind of character, or a very common password.
    #[error(
        "mix at least two kinds of character (small, capital, digit, other) and avoid well-known passwords"
    )]
    PasswordWeak,
    /// Repeats the e-mail address or the user name.
    #[error("do not repeat your e-mail address or user name in the password")]
    PasswordRepeatsName,
}

impl Email {
    /// Checks and normalises an address.
    pub fn parse(text: &str) -> Result<Self, InvalidField> {
        let address = text.trim().to_lowercase();
        let (local, host) = address.split_once('@').ok_or(InvalidField::Email)?;
        let host_is_valid = host.contains('.') || host == "localhost";
        let labels_are_valid = host.split('.').all(|label| {
            !label.is_empty() && label.chars().all(|c| c.is_alphanumeric() || c == '-')
        });
        let local_is_valid = !local.is_empty()
            && local.len() <= 64
            && local
                .chars()
                .all(|c| !c.is_whitespace() && !c.is_control() && !"@<>()[]\\,;:\"".contains(c));
        if address.len() <= 254 && host_is_valid && labels_are_valid && local_is_valid {
            Ok(Self(address))
        } else {
            Err(InvalidField::Email)
        }
    }

    /// The address.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Username {
    /// Checks a user name; it keeps its case, but two names that differ only in case are the same.
    pub fn parse(text: &str) -> Result<Self, InvalidField> {
        let name = text.trim();
        let first_is_valid = name
            .chars()
            .next()
            .is_some_and(|c| c.is_ascii_alphanumeric());
        let all_are_valid = name
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "._-".contains(c));
        if first_is_valid && all_are_valid && (3..=32).contains(&name.len()) {
            Ok(Self(name.to_owned()))
        } else {
            Err(InvalidField::Username)
        }
    }

    /// The name as its owner wrote it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Passwords that satisfy the rules of form and are still the first to be tried.
const COMMON_PASSWORDS: [&str; 12] = [
    "password1!",
    "password12",
    "password123",
    "password1234",
    "qwerty12345",
    "1q2w3e4r5t",
    "iloveyou123",
    "welcome123",
    "letmein123",
    "admin12345",
    "administrator1",
    "changeme123",
];

impl Password {
    /// Checks a new password against the account it is for.
    pub fn new_for(text: &str, email: &Email, username: &Username) -> Result<Self, InvalidField> {
        let length = text.chars().count();
        if length < 10 {
            return Err(InvalidField::PasswordShort);
        }
        if length > 128 {
            return Err(InvalidField::PasswordLong);
        }
        let lower = text.to_lowercase();
        let kinds = [
            text.chars().any(char::is_lowercase),
            text.chars().any(char::is_uppercase),
            text.chars().any(|c| c.is_ascii_digit()),
            text.chars().any(|c| !c.is_alphanumeric()),
        ];
        if kinds.into_iter().filter(|found| *found).count() < 2
            || COMMON_PASSWORDS.contains(&lower.as_str())
        {
            return Err(InvalidField::PasswordWeak);
        }
        let local = email.as_str().split('@').next().unwrap_or_default();
        let repeats = |name: &str| name.len() >= 4 && lower.contains(&name.to_lowercase());
        if repeats(local) || repeats(username.as_str()) {
            return Err(InvalidField::PasswordRepeatsName);
        }
        Ok(Self(text.to_owned()))
    }

    /// A password typed to sign in: any text, since the rules may have been different when it was chosen.
    pub fn typed(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The characters, for hashing only.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(…)")
    }
}

/// A slow hash in PHC string format; secret, so never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct PasswordHash(pub String);

impl fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PasswordHash(…)")
    }
}

/// A person's account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// Identity; never changes.
    pub id: AccountId,
    /// Address to sign in with; unique.
    pub email: Email,
    /// Name shown to others; unique without regard to case.
    pub username: Username,
    /// What the account may do.
    pub role: Role,
    /// Whether it may sign in.
    pub active: bool,
    /// When it was created.
    pub created_at: Timestamp,
}

/// An account to be created.
#[derive(Debug, Clone)]
pub struct NewAccount {
    /// The account.
    pub account: Account,
    /// Its password, hashed.
    pub password_hash: PasswordHash,
}

/// A signed-in session. An access token is only as good as this row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// Identity; in the token.
    pub id: SessionId,
    /// Whose session.
    pub account: AccountId,
    /// When it began.
    pub created_at: Timestamp,
    /// When it ends by itself.
    pub expires_at: Timestamp,
}

/// Somebody who proved who they are: the argument every protected act takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Principal {
    /// The account, as stored at this moment.
    pub account: Account,
    /// What proves it.
    pub proof: Proof,
}

/// What proves who somebody is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Proof {
    /// They signed in.
    Session(SessionId),
    /// A program of theirs sent an API token; it may not manage accounts, tokens or models.
    Token(TokenId),
    /// They sit at the machine, and so could read the database anyway.
    Machine,
}

/// The store of accounts and sessions.
#[async_trait]
pub trait AccountStore: Send + Sync {
    /// Adds an account. Fails with `EmailTaken`, `UsernameTaken`, or `AdminLimit` when it is an administrator and there are
    /// `admin_limit` active ones.
    async fn add_account(&self, new: NewAccount, admin_limit: u32) -> Result<(), StoreError>;

    /// Adds the first administrator. Fails with `AdminExists` when there is any administrator, even under concurrent calls.
    async fn add_first_admin(&self, new: NewAccount) -> Result<(), StoreError>;

    /// The account with this identity.
    async fn find_account(&self, id: AccountId) -> Result<Option<Account>, StoreError>;

    /// The account with this e-mail address and its password hash.
    async fn find_credentials(
        &self,
        email: &Email,
    ) -> Result<Option<(Account, PasswordHash)>, StoreError>;

    /// Accounts whose e-mail address or user name contains `search` (all when empty), oldest first.
    async fn list_accounts(
        &self,
        search: &str,
        page: PageRequest,
    ) -> Result<Page<Account>, StoreError>;

    /// Changes role and state; `None` when there is no such account. Fails with `LastAdmin` or `AdminLimit`. Deactivation
    /// also ends the account's sessions.
    async fn update_account(
        &self,
        id: AccountId,
        change: AccountChange,
    ) -> Result<Option<Account>, StoreError>;

    /// Replaces the password hash; with `end_sessions`, signs the account out everywhere and removes its API tokens in the
    /// same transaction.
    async fn update_password(
        &self,
        id: AccountId,
        hash: PasswordHash,
        end_sessions: bool,
    ) -> Result<(), StoreError>;

    /// Number of active administrators.
    async fn count_admins(&self) -> Result<u32, StoreError>;

    /// Adds a session and forgets sessions that expired before it began.
    async fn add_session(&self, session: Session) -> Result<(), StoreError>;

    /// The session and its account, whatever their state; the caller decides whether they are good.
    async fn find_session(&self, id: SessionId) -> Result<Option<(Session, Account)>, StoreError>;

    /// Ends a session; `false` when there was none.
    async fn remove_session(&self, id: SessionId) -> Result<bool, StoreError>;
}

/// A change to an account by an administrator; `None` leaves a field as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AccountChange {
    /// The new role.
    pub role: Option<Role>,
    /// The new state.
    pub active: Option<bool>,
    /// Active administrators allowed at most.
    pub admin_limit: u32,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn password(text: &str) -> Result<Password, InvalidField> {
        Password::new_for(
            text,
            &Email::parse("grace@example.org").unwrap(),
            &Username::parse("hopper").unwrap(),
        )
    }

    #[test]
    fn an_address_is_normalised() {
        assert_eq!(
            Email::parse(" Ada@Example.ORG ").unwrap().as_str(),
            "ada@example.org"
        );
    }

    #[test]
    fn malformed_addresses_are_refused() {
        for text in [
            "",
            "ada",
            "@x.org",
            "a@",
            "a b@x.org",
            "a@x..org",
            "a@nodot",
            "a@b@c.org",
            "a@x.org\r\nBcc: b@y.org",
        ] {
            assert_eq!(Email::parse(text), Err(InvalidField::Email), "{text:?}");
        }
    }

    #[test]
    fn user_names_keep_to_their_alphabet() {
        assert!(Username::parse("ada.l-1_x").is_ok());
        for text in ["ab", ".ada", "ada lovelace", "a<b>", "ädä"] {
            assert_eq!(
                Username::parse(text),
                Err(InvalidField::Username),
                "{text:?}"
            );
        }
    }

    #[test]
    fn passwords_are_long_mixed_and_not_the_name() {
        assert!(password("correct horse 9").is_ok());
        assert_eq!(password("short1!"), Err(InvalidField::PasswordShort));
        assert_eq!(password(&"aA1".repeat(50)), Err(InvalidField::PasswordLong));
        assert_eq!(password("aaaaaaaaaaaa"), Err(InvalidField::PasswordWeak));
        assert_eq!(password("Password123"), Err(InvalidField::PasswordWeak));
        assert_eq!(
            password("myHopper-2024"),
            Err(InvalidField::PasswordRepeatsName)
        );
    }

    #[test]
    fn secrets_do_not_print() {
        assert_eq!(format!("{:?}", Password::typed("hunter2")), "Password(…)");
        assert_eq!(format!("{:?}", PasswordHash("x".into())), "PasswordHash(…)");
    }

    #[test]
    fn only_an_administrator_manages_users() {
        let who = |permission| {
            Role::ALL
                .into_iter()
                .filter(|role| role.may(permission))
                .collect::<Vec<_>>()
        };
        assert_eq!(who(Permission::ManageUsers), [Role::Admin]);
        assert_eq!(who(Permission::SeeQuality), [Role::Admin]);
        assert_eq!(who(Permission::ManageModels), [Role::Admin]);
        assert_eq!(
            who(Permission::Teach),
            [Role::Admin, Role::Developer, Role::Student]
        );
        assert_eq!(who(Permission::Ask).len(), 4);
    }
}
