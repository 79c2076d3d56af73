//! Registering, signing in and out, the first administrator, and administration of accounts.

use app::accounts::SESSION_SECONDS;
use axum::Json as JsonAnswer;
use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{AppendHeaders, IntoResponse};
use domain::accounts::Password;
use domain::id::AccountId;

use super::Answered;
use crate::access::Caller;
use crate::extract::{Id, Json, Query};
use crate::problem::Problem;
use crate::state::Shared;
use crate::token::SESSION_COOKIE;
use crate::wire::accounts::{
    LoginRequest, LoginResponse, RegisterRequest, SetUpRequest, UpdateUserRequest, UserList,
    UserResponse,
};
use crate::wire::page::ListParams;

/// Create an account.
#[utoipa::path(
    post, path = "/api/v1/auth/register", tag = "accounts", request_body = RegisterRequest,
    responses(
        (status = CREATED, body = UserResponse, description = "The account; sign in next."),
        (status = FORBIDDEN),
        (status = CONFLICT),
    )
)]
pub(crate) async fn register(
    State(shared): State<Shared>,
    Json(request): Json<RegisterRequest>,
) -> Answered<(StatusCode, JsonAnswer<UserResponse>)> {
    let account = shared.api.accounts.register(request.into()).await?;
    Ok((StatusCode::CREATED, JsonAnswer(account.into())))
}

/// Sign in.
///
/// Answers with an access token, and sets it as a cookie for browsers too.
#[utoipa::path(
    post, path = "/api/v1/auth/login", tag = "accounts", request_body = LoginRequest,
    responses(
        (status = OK, body = LoginResponse, description = "The session."),
        (status = UNAUTHORIZED),
    )
)]
pub(crate) async fn log_in(
    State(shared): State<Shared>,
    Json(request): Json<LoginRequest>,
) -> Answered<impl IntoResponse> {
    let password = Password::typed(request.password.0);
    let (account, session) = shared
        .api
        .accounts
        .log_in(&request.email.0, &password)
        .await?;
    let token = shared.api.token_key.issue(&account, &session);
    let cookie = session_cookie(&shared, &token, SESSION_SECONDS);
    Ok((
        AppendHeaders([(header::SET_COOKIE, cookie)]),
        JsonAnswer(LoginResponse::new(token, account)),
    ))
}

/// Create the first administrator.
///
/// Needs the one-time token of the link that the server prints while there is no administrator.
#[utoipa::path(
    post, path = "/api/v1/auth/setup", tag = "accounts", request_body = SetUpRequest,
    responses(
        (status = CREATED, body = UserResponse, description = "The administrator; sign in next."),
        (status = FORBIDDEN),
        (status = CONFLICT),
    )
)]
pub(crate) async fn set_up(
    State(shared): State<Shared>,
    Json(request): Json<SetUpRequest>,
) -> Answered<(StatusCode, JsonAnswer<UserResponse>)> {
    let (token, registration) = request.into_parts();
    let account = shared
        .api
        .accounts
        .create_first_admin(&token, registration)
        .await?;
    Ok((StatusCode::CREATED, JsonAnswer(account.into())))
}

/// Sign out; the session's tokens stop working at once.
#[utoipa::path(
    post, path = "/api/v1/auth/logout", tag = "accounts",
    responses((status = NO_CONTENT, description = "Signed out."))
)]
pub(crate) async fn log_out(
    State(shared): State<Shared>,
    caller: Caller,
) -> Answered<impl IntoResponse> {
    shared.api.accounts.log_out(&caller.0).await?;
    Ok((
        StatusCode::NO_CONTENT,
        AppendHeaders([(header::SET_COOKIE, session_cookie(&shared, "", 0))]),
    ))
}

/// Who is signed in.
#[utoipa::path(
    get, path = "/api/v1/auth/me", tag = "accounts",
    responses((status = OK, body = UserResponse, description = "Your account."))
)]
pub(crate) async fn find_me(caller: Caller) -> JsonAnswer<UserResponse> {
    JsonAnswer(caller.0.account.into())
}

/// List accounts.
#[utoipa::path(
    get, path = "/api/v1/admin/users", tag = "administration", params(ListParams),
    responses((status = OK, body = UserList, description = "Accounts whose address or name contains the search, oldest first."))
)]
pub(crate) async fn list_users(
    State(shared): State<Shared>,
    caller: Caller,
    Query(params): Query<ListParams>,
) -> Answered<JsonAnswer<UserList>> {
    let page = shared
        .api
        .accounts
        .list_accounts(&caller.0, params.search(), params.page()?)
        .await?;
    Ok(JsonAnswer(page.into()))
}

/// Change an account's role or state; it holds from the account's next request on.
#[utoipa::path(
    patch, path = "/api/v1/admin/users/{id}", tag = "administration", request_body = UpdateUserRequest,
    params(("id" = uuid::Uuid, Path, description = "The account.")),
    responses(
        (status = OK, body = UserResponse, description = "The account as it is now."),
        (status = NOT_FOUND),
        (status = CONFLICT),
    )
)]
pub(crate) async fn update_user(
    State(shared): State<Shared>,
    caller: Caller,
    Id(id): Id<AccountId>,
    Json(request): Json<UpdateUserRequest>,
) -> Answered<JsonAnswer<UserResponse>> {
    if request.role.is_none() && request.active.is_none() {
        return Err(Problem::invalid("role", "give `role`, `active`, or both"));
    }
    let role = request.role.map(|role| role.0);
    let account = shared
        .api
        .accounts
        .update_account(&caller.0, id, role, request.active)
        .await?;
    Ok(JsonAnswer(account.into()))
}

/// The cookie that carries `token`, unreadable to scripts and sent to this site alone.
fn session_cookie(shared: &Shared, token: &str, max_age_s: i64) -> HeaderValue {
    let secure = if shared.api.settings.cookies_secure {
        "; Secure"
    } else {
        ""
    };
    let cookie = format!(
        "{SESSION_COOKIE}={token}; HttpOnly; SameSite=Strict; Path=/; Max-Age={max_age_s}{secure}"
    );
    HeaderValue::try_from(cookie).expect("BUG: a JWT is base64url and dots")
}
