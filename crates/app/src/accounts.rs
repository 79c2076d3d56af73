//! Accounts: registering, signing in and out, the first administrator, and administration.

mod password;

use std::sync::{Arc, Mutex};

use domain::accounts::{
    Account, AccountChange, AccountStore, Email, InvalidField, NewAccount, Password, Permission,
    Principal, Proof, Role, Session, Username,
};
use domain::id::{AccountId, Entropy, SessionId};
use domain::{Clock, Conflict, Page, PageRequest, StoreError};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use crate::{Forbidden, require, require_session};
use password::PasswordHashing;

/// How long a session lasts, seconds.
pub const SESSION_SECONDS: i64 = 2 * 60 * 60;

/// What an instance decides about accounts.
#[derive(Debug, Clone, Copy)]
pub struct AccountSettings {
    /// Active administrators allowed at most.
    pub admin_limit: u32,
    /// Whether anybody may register.
    pub registration_open: bool,
}

impl Default for AccountSettings {
    fn default() -> Self {
        Self {
            admin_limit: 2,
            registration_open: true,
        }
    }
}

/// Why an account was not created, changed or signed in to.
#[derive(Debug, thiserror::Error)]
pub enum AccountError {
    /// A field was refused.
    #[error("{field}: {reason}")]
    Invalid {
        /// Name of the field in the API.
        field: &'static str,
        /// Why.
        reason: InvalidField,
    },
    /// Registration is closed on this instance.
    #[error("registration is closed on this instance; ask an administrator for an account")]
    RegistrationClosed,
    /// Nobody registers as an administrator.
    #[error("nobody registers as an administrator; choose developer, student or user")]
    AdminNotForRegistration,
    /// The address or the name belongs to another account.
    #[error("this e-mail address or user name is taken; choose another or sign in")]
    Taken,
    /// Wrong address, wrong password, or an account that is not active: which of them is not told.
    #[error("the e-mail address or the password is wrong")]
    WrongCredentials,
    /// The set-up link is not valid, or was used.
    #[error("this set-up link is not valid any more; restart the server for a new one")]
    SetupLink,
    /// No such account.
    #[error("there is no such account")]
    NotFound,
    /// A rule about administrators.
    #[error("{0}")]
    Administrators(Conflict),
    /// The caller may not.
    #[error(transparent)]
    Forbidden(#[from] Forbidden),
    /// The operating system gave no random bytes for a salt.
    #[error(
        "the password could not be hashed: the operating system gave no random bytes; try again"
    )]
    Hashing,
    /// The store failed.
    #[error(transparent)]
    Store(StoreError),
}

impl From<StoreError> for AccountError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Conflict(Conflict::EmailTaken | Conflict::UsernameTaken) => Self::Taken,
            StoreError::Conflict(
                conflict @ (Conflict::AdminExists
                | Conflict::AdminLimit
                | Conflict::LastAdmin
                | Conflict::TokenLimit
                | Conflict::DuplicateKey),
            ) => Self::Administrators(conflict),
            StoreError::Unavailable(_) | StoreError::Corrupt(_) => Self::Store(error),
        }
    }
}

/// The fields of a new account, as typed.
#[derive(Debug, Clone)]
pub struct Registration {
    /// E-mail address.
    pub email: String,
    /// User name.
    pub username: String,
    /// Password.
    pub password: Password,
    /// Role.
    pub role: Role,
}

/// Accounts and sessions.
pub struct AccountService {
    store: Arc<dyn AccountStore>,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    settings: AccountSettings,
    hashing: PasswordHashing,
    /// SHA-256 of the one-time set-up token, while there is one.
    setup: Mutex<Option<[u8; 32]>>,
}

impl AccountService {
    /// A service over `store`.
    pub fn new(
        store: Arc<dyn AccountStore>,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
        settings: AccountSettings,
    ) -> Self {
        Self {
            store,
            clock,
            entropy,
            settings,
            hashing: PasswordHashing::new(),
            setup: Mutex::new(None),
        }
    }

    /// Creates an account that its owner asked for.
    pub async fn register(&self, registration: Registration) -> Result<Account, AccountError> {
        if !self.settings.registration_open {
            return Err(AccountError::RegistrationClosed);
        }
        if registration.role == Role::Admin {
            return Err(AccountError::AdminNotForRegistration);
        }
        let new = self.prepare(registration).await?;
        let account = new.account.clone();
        self.store
            .add_account(new, self.settings.admin_limit)
            .await?;
        Ok(account)
    }

    /// Creates an account of any role, for whoever sits at the machine.
    pub async fn create_locally(
        &self,
        registration: Registration,
    ) -> Result<Account, AccountError> {
        let new = self.prepare(registration).await?;
        let account = new.account.clone();
        self.store
            .add_account(new, self.settings.admin_limit)
            .await?;
        Ok(account)
    }

    /// Makes the one-time set-up token when there is no administrator yet; an earlier token stops working.
    pub async fn issue_setup_token(&self) -> Result<Option<String>, AccountError> {
        if self.store.count_admins().await? > 0 {
            return Ok(None);
        }
        let mut bytes = [0_u8; 32];
        self.entropy.fill(&mut bytes);
        let token = hex(&bytes);
        *self.lock_setup() = Some(Sha256::digest(token.as_bytes()).into());
        Ok(Some(token))
    }

    /// Creates the first administrator with the one-time token.
    pub async fn create_first_admin(
        &self,
        token: &str,
        registration: Registration,
    ) -> Result<Account, AccountError> {
        if !self.is_setup_token(token) {
            return Err(AccountError::SetupLink);
        }
        let new = self
            .prepare(Registration {
                role: Role::Admin,
                ..registration
            })
            .await?;
        let account = new.account.clone();
        self.store.add_first_admin(new).await?;
        *self.lock_setup() = None;
        Ok(account)
    }

    /// Whether there is an active administrator.
    pub async fn has_admin(&self) -> Result<bool, AccountError> {
        Ok(self.store.count_admins().await? > 0)
    }

    /// Signs in. Takes as long and answers the same whether the account is unknown, inactive, or the password is wrong.
    pub async fn log_in(
        &self,
        email: &str,
        password: &Password,
    ) -> Result<(Account, Session), AccountError> {
        let found = match Email::parse(email) {
            Ok(email) => self.store.find_credentials(&email).await?,
            Err(_) => None,
        };
        let (account, hash) = found.unzip();
        let is_right = self.hashing.verify(password, hash).await;
        let account = account
            .filter(|account| is_right && account.active)
            .ok_or(AccountError::WrongCredentials)?;
        let now = self.clock.now();
        let session = Session {
            id: SessionId::new(now, self.entropy.as_ref()),
            account: account.id,
            created_at: now,
            expires_at: now.plus_seconds(SESSION_SECONDS),
        };
        self.store.add_session(session.clone()).await?;
        Ok((account, session))
    }

    /// Whoever holds this session, if it is good at this moment.
    pub async fn authenticate(
        &self,
        session: SessionId,
    ) -> Result<Option<Principal>, AccountError> {
        let found = self.store.find_session(session).await?;
        let now = self.clock.now();
        Ok(found
            .filter(|(session, account)| session.expires_at > now && account.active)
            .map(|(session, account)| Principal {
                account,
                proof: Proof::Session(session.id),
            }))
    }

    /// Signs out: the session's tokens stop working at once.
    pub async fn log_out(&self, principal: &Principal) -> Result<(), AccountError> {
        match principal.proof {
            Proof::Session(session) => {
                self.store.remove_session(session).await?;
                Ok(())
            }
            // There is no session to end.
            Proof::Machine => Ok(()),
            Proof::Token(_) => Err(Forbidden::Token.into()),
        }
    }

    /// Lists accounts for an administrator.
    pub async fn list_accounts(
        &self,
        principal: &Principal,
        search: &str,
        page: PageRequest,
    ) -> Result<Page<Account>, AccountError> {
        require_session(principal)?;
        require(principal, Permission::ManageUsers)?;
        Ok(self.store.list_accounts(search, page).await?)
    }

    /// Changes an account's role or state for an administrator; it holds from the next request on.
    pub async fn update_account(
        &self,
        principal: &Principal,
        id: AccountId,
        role: Option<Role>,
        active: Option<bool>,
    ) -> Result<Account, AccountError> {
        require_session(principal)?;
        require(principal, Permission::ManageUsers)?;
        let change = AccountChange {
            role,
            active,
            admin_limit: self.settings.admin_limit,
        };
        self.store
            .update_account(id, change)
            .await?
            .ok_or(AccountError::NotFound)
    }

    /// Sets an account's role, for whoever sits at the machine.
    pub async fn update_role_locally(
        &self,
        email: &str,
        role: Role,
    ) -> Result<Account, AccountError> {
        let account = self.find_by_email(email).await?;
        let change = AccountChange {
            role: Some(role),
            active: None,
            admin_limit: self.settings.admin_limit,
        };
        self.store
            .update_account(account.id, change)
            .await?
            .ok_or(AccountError::NotFound)
    }

    /// Acts as an active account without signing in, for whoever sits at the machine.
    pub async fn act_locally_as(&self, email: &str) -> Result<Principal, AccountError> {
        let account = self.find_by_email(email).await?;
        if !account.active {
            return Err(AccountError::NotFound);
        }
        Ok(Principal {
            account,
            proof: Proof::Machine,
        })
    }

    /// Lists accounts, for whoever sits at the machine.
    pub async fn list_accounts_locally(
        &self,
        page: PageRequest,
    ) -> Result<Page<Account>, AccountError> {
        Ok(self.store.list_accounts("", page).await?)
    }

    /// Sets a new password, for whoever sits at the machine, and signs the account out everywhere.
    pub async fn reset_password_locally(
        &self,
        email: &str,
        password: &str,
    ) -> Result<Account, AccountError> {
        let account = self.find_by_email(email).await?;
        let password =
            Password::new_for(password, &account.email, &account.username).map_err(|reason| {
                AccountError::Invalid {
                    field: "password",
                    reason,
                }
            })?;
        let hash = self
            .hashing
            .hash(&password)
            .await
            .ok_or(AccountError::Hashing)?;
        self.store.update_password(account.id, hash, true).await?;
        Ok(account)
    }

    async fn find_by_email(&self, email: &str) -> Result<Account, AccountError> {
        let email = Email::parse(email).map_err(|reason| AccountError::Invalid {
            field: "email",
            reason,
        })?;
        let found = self.store.find_credentials(&email).await?;
        found
            .map(|(account, _)| account)
            .ok_or(AccountError::NotFound)
    }

    async fn prepare(&self, registration: Registration) -> Result<NewAccount, AccountError> {
        let invalid = |field| move |reason| AccountError::Invalid { field, reason };
        let email = Email::parse(&registration.email).map_err(invalid("email"))?;
        let username = Username::parse(&registration.username).map_err(invalid("username"))?;
        let password = Password::new_for(registration.password.reveal(), &email, &username)
            .map_err(invalid("password"))?;
        let password_hash = self
            .hashing
            .hash(&password)
            .await
            .ok_or(AccountError::Hashing)?;
        let now = self.clock.now();
        let id = AccountId::new(now, self.entropy.as_ref());
        let account = Account {
            id,
            email,
            username,
            role: registration.role,
            active: true,
            created_at: now,
        };
        Ok(NewAccount {
            account,
            password_hash,
        })
    }

    fn is_setup_token(&self, token: &str) -> bool {
        let given: [u8; 32] = Sha256::digest(token.as_bytes()).into();
        self.lock_setup()
            .is_some_and(|wanted| bool::from(wanted.ct_eq(&given)))
    }

    fn lock_setup(&self) -> std::sync::MutexGuard<'_, Option<[u8; 32]>> {
        self.setup
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes
        .iter()
        .fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
            let _ = write!(text, "{byte:02x}");
            text
        })
}
