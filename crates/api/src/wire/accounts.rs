//! Accounts on the wire: registering, signing in, administration.

use app::accounts::{Registration, SESSION_SECONDS};
use domain::Page;
use domain::accounts::{Account, Password, Role};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::fields::{PlainField, rfc3339};
use super::names::{Name, OwnRole, OwnRoleName, RoleName};

/// Most bytes of an address, a name or a password that are read; the rules behind are stricter.
const CREDENTIAL_BYTES_MAX: usize = 1024;

type Credential = PlainField<CREDENTIAL_BYTES_MAX>;

/// A new account.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "email": "ada@example.org", "username": "ada", "password": "Analytical engine 1843", "role": "developer"
}))]
pub(crate) struct RegisterRequest {
    /// Address to sign in with.
    #[schema(value_type = String, max_length = 254, pattern = r"^[^\u0000]*$")]
    email: Credential,
    /// Name shown to others: 3 to 32 letters, digits, dots, dashes or underscores.
    #[schema(value_type = String, min_length = 3, max_length = 32, pattern = r"^[A-Za-z0-9][A-Za-z0-9._\-]{2,31}$")]
    username: Credential,
    /// 10 to 128 characters of at least two kinds.
    #[schema(value_type = String, format = Password, min_length = 10, max_length = 128, pattern = r"^[^\u0000]*$")]
    password: Credential,
    /// `user` when left out.
    role: Option<OwnRoleName>,
}

impl From<RegisterRequest> for Registration {
    fn from(request: RegisterRequest) -> Self {
        Self {
            email: request.email.0,
            username: request.username.0,
            password: Password::typed(request.password.0),
            role: request.role.map_or(Role::User, |Name(OwnRole(role))| role),
        }
    }
}

/// The first administrator.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "token": "5f0c…", "email": "grace@example.org", "username": "grace", "password": "Nanosecond wire 1944"
}))]
pub(crate) struct SetUpRequest {
    /// The one-time token of the set-up link that the server printed when it started.
    #[schema(value_type = String, min_length = 1, max_length = 256, pattern = r"^[^\u0000]*$")]
    token: Credential,
    /// Address to sign in with.
    #[schema(value_type = String, max_length = 254, pattern = r"^[^\u0000]*$")]
    email: Credential,
    /// Name shown to others: 3 to 32 letters, digits, dots, dashes or underscores.
    #[schema(value_type = String, min_length = 3, max_length = 32, pattern = r"^[A-Za-z0-9][A-Za-z0-9._\-]{2,31}$")]
    username: Credential,
    /// 10 to 128 characters of at least two kinds.
    #[schema(value_type = String, format = Password, min_length = 10, max_length = 128, pattern = r"^[^\u0000]*$")]
    password: Credential,
}

impl SetUpRequest {
    /// The token, and the account it is for.
    pub(crate) fn into_parts(self) -> (String, Registration) {
        let registration = Registration {
            email: self.email.0,
            username: self.username.0,
            password: Password::typed(self.password.0),
            role: Role::Admin,
        };
        (self.token.0, registration)
    }
}

/// Proof of who you are.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"email": "ada@example.org", "password": "Analytical engine 1843"}))]
pub(crate) struct LoginRequest {
    /// Address of the account.
    #[schema(value_type = String, max_length = 1024, pattern = r"^[^\u0000]*$")]
    pub(crate) email: Credential,
    /// Its password.
    #[schema(value_type = String, format = Password, max_length = 1024, pattern = r"^[^\u0000]*$")]
    pub(crate) password: Credential,
}

/// An account.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({
    "id": "0198a0c4-5f5e-7c3e-9d53-0c6f3b1f2a11", "email": "ada@example.org", "username": "ada", "role": "developer",
    "active": true, "created_at": "2026-11-20T10:15:30.000Z"
}))]
pub(crate) struct User {
    /// Identity; never changes.
    id: Uuid,
    /// Address to sign in with.
    email: String,
    /// Name shown to others.
    username: String,
    /// What the account may do.
    role: RoleName,
    /// Whether it may sign in.
    active: bool,
    /// When it was created.
    #[schema(format = DateTime)]
    created_at: String,
}

impl From<Account> for User {
    fn from(account: Account) -> Self {
        Self {
            id: account.id.0,
            email: account.email.as_str().to_owned(),
            username: account.username.as_str().to_owned(),
            role: Name(account.role),
            active: account.active,
            created_at: rfc3339(account.created_at),
        }
    }
}

/// One account.
#[derive(Serialize, ToSchema)]
pub(crate) struct UserResponse {
    /// The account.
    user: User,
}

impl From<Account> for UserResponse {
    fn from(account: Account) -> Self {
        Self {
            user: account.into(),
        }
    }
}

/// A session.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({
    "access_token": "eyJ0eXAiOiJKV1QiLCJhbGciOiJIUzI1NiJ9.…", "token_type": "Bearer", "expires_in": 7200,
    "user": {
        "id": "0198a0c4-5f5e-7c3e-9d53-0c6f3b1f2a11", "email": "ada@example.org", "username": "ada", "role": "developer",
        "active": true, "created_at": "2026-11-20T10:15:30.000Z"
    }
}))]
pub(crate) struct LoginResponse {
    /// Send it as `Authorization: Bearer …`. Browsers get it as a cookie too.
    access_token: String,
    /// Always `Bearer`.
    token_type: &'static str,
    /// Seconds until it ends by itself.
    expires_in: i64,
    /// Whose session it is.
    user: User,
}

impl LoginResponse {
    pub(crate) fn new(access_token: String, account: Account) -> Self {
        Self {
            access_token,
            token_type: "Bearer",
            expires_in: SESSION_SECONDS,
            user: account.into(),
        }
    }
}

/// Accounts.
#[derive(Serialize, ToSchema)]
pub(crate) struct UserList {
    /// This piece of the list, oldest first.
    users: Vec<User>,
    /// Accounts in the whole list.
    total: u64,
}

impl From<Page<Account>> for UserList {
    fn from(page: Page<Account>) -> Self {
        Self {
            users: page.rows.into_iter().map(User::from).collect(),
            total: page.total,
        }
    }
}

/// A change to an account; what is left out stays as it is.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"role": "developer"}), min_properties = 1)]
pub(crate) struct UpdateUserRequest {
    /// The new role; holds from the next request on.
    pub(crate) role: Option<RoleName>,
    /// Whether the account may sign in; `false` also ends its sessions.
    pub(crate) active: Option<bool>,
}
