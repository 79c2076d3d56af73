//! Who may call which route: one table, and the guard that enforces it before a body is read.
//!
//! A route that is missing from the table answers 500 and fails a test, so none is open by accident.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use app::{require, require_session};
use axum::extract::{ConnectInfo, FromRequestParts, MatchedPath, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, Uri, header};
use axum::middleware::Next;
use axum::response::Response;
use domain::accounts::{Permission, Principal};
use domain::tokens::TokenSecret;

use crate::problem::{Kind, Problem};
use crate::state::Shared;
use crate::token::SESSION_COOKIE;

/// Who may call a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Access {
    /// Anybody.
    Open,
    /// Anybody, but only so many times from one address.
    Limited,
    /// Whoever is signed in, or sends an API token, and has this permission.
    Needs(Permission),
    /// Whoever is signed in and has this permission; programs with an API token are refused. For what manages accounts,
    /// tokens and models, so that a token that leaks can neither make another nor lock its owner out.
    NeedsSession(Permission),
}

use Access::{Limited, Needs, NeedsSession, Open};
use Permission::{Ask, ManageModels, ManageOwnData, ManageUsers, SeeQuality, Teach};

/// Every route with who may call it.
pub(crate) const RULES: &[(Method, &str, Access)] = &[
    (Method::POST, "/api/v1/auth/register", Limited),
    (Method::POST, "/api/v1/auth/login", Limited),
    (Method::POST, "/api/v1/auth/setup", Limited),
    (
        Method::POST,
        "/api/v1/auth/logout",
        NeedsSession(ManageOwnData),
    ),
    (Method::GET, "/api/v1/auth/me", NeedsSession(ManageOwnData)),
    (
        Method::GET,
        "/api/v1/admin/users",
        NeedsSession(ManageUsers),
    ),
    (
        Method::PATCH,
        "/api/v1/admin/users/{id}",
        NeedsSession(ManageUsers),
    ),
    (Method::GET, "/api/v1/tokens", NeedsSession(ManageOwnData)),
    (Method::POST, "/api/v1/tokens", NeedsSession(ManageOwnData)),
    (
        Method::DELETE,
        "/api/v1/tokens/{id}",
        NeedsSession(ManageOwnData),
    ),
    (Method::POST, "/generate", Needs(Ask)),
    (Method::POST, "/explain", Needs(Ask)),
    (Method::POST, "/api/v1/ask", Needs(Ask)),
    (Method::POST, "/api/v1/route", Needs(Ask)),
    (Method::GET, "/api/v1/conversations", Needs(ManageOwnData)),
    (
        Method::GET,
        "/api/v1/conversations/{id}",
        Needs(ManageOwnData),
    ),
    (
        Method::PATCH,
        "/api/v1/conversations/{id}",
        Needs(ManageOwnData),
    ),
    (
        Method::DELETE,
        "/api/v1/conversations/{id}",
        Needs(ManageOwnData),
    ),
    (
        Method::GET,
        "/api/v1/conversations/{id}/messages",
        Needs(ManageOwnData),
    ),
    (Method::GET, "/api/v1/receipts/{id}", Needs(ManageOwnData)),
    (Method::POST, "/api/v1/receipts/{id}/replay", Needs(Ask)),
    (Method::GET, "/api/v1/knowledge/search", Needs(Ask)),
    (Method::POST, "/api/v1/knowledge/tasks", Needs(Teach)),
    (Method::POST, "/api/v1/analysis", Needs(Ask)),
    (Method::POST, "/api/v1/sandbox/run", Needs(Ask)),
    (
        Method::GET,
        "/api/v1/admin/sandbox",
        NeedsSession(ManageUsers),
    ),
    (
        Method::GET,
        "/api/v1/admin/quality",
        NeedsSession(SeeQuality),
    ),
    (Method::GET, "/api/v1/models", Needs(Ask)),
    (Method::GET, "/api/v1/models/ledger", Needs(Ask)),
    (
        Method::POST,
        "/api/v1/models/pull",
        NeedsSession(ManageModels),
    ),
    (
        Method::POST,
        "/api/v1/models/{name}/quantise",
        NeedsSession(ManageModels),
    ),
    (
        Method::PUT,
        "/api/v1/models/{name}/weights",
        NeedsSession(ManageModels),
    ),
    (Method::GET, "/api/v1/models/jobs", Needs(ManageModels)),
    (Method::GET, "/api/v1/models/jobs/{id}", Needs(ManageModels)),
    (
        Method::DELETE,
        "/api/v1/models/jobs/{id}",
        NeedsSession(ManageModels),
    ),
    (
        Method::POST,
        "/api/v1/models/{name}/load",
        NeedsSession(ManageModels),
    ),
    (
        Method::POST,
        "/api/v1/models/{name}/unload",
        NeedsSession(ManageModels),
    ),
    (
        Method::PUT,
        "/api/v1/models/{name}/pin",
        NeedsSession(ManageModels),
    ),
    (
        Method::DELETE,
        "/api/v1/models/{name}",
        NeedsSession(ManageModels),
    ),
    (Method::GET, "/api/v1/system/status", Needs(Ask)),
    (Method::POST, "/v1/chat/completions", Needs(Ask)),
    (Method::POST, "/v1/completions", Needs(Ask)),
    (Method::POST, "/v1/embeddings", Needs(Ask)),
    (Method::GET, "/v1/models", Needs(Ask)),
    (Method::GET, "/v1/models/{*id}", Needs(Ask)),
    (Method::GET, "/health/live", Open),
    (Method::GET, "/health/ready", Open),
    (Method::GET, "/metrics", Needs(ManageUsers)),
    (Method::GET, "/openapi.json", Open),
];

/// Who may call `method` on the route `path`; `None` when there is no rule.
pub(crate) fn find_rule(method: &Method, path: &str) -> Option<Access> {
    let method = if method == Method::HEAD {
        &Method::GET
    } else {
        method
    };
    let rule = RULES
        .iter()
        .find(|(rule_method, rule_path, _)| rule_method == method && *rule_path == path);
    rule.map(|(_, _, access)| *access)
}

/// Whoever calls, proved by the guard.
#[derive(Debug, Clone)]
pub(crate) struct Caller(pub(crate) Principal);

impl FromRequestParts<Shared> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &Shared) -> Result<Self, Problem> {
        // Absent only when the rule says that the route is open.
        parts
            .extensions
            .get::<Self>()
            .cloned()
            .ok_or_else(unauthenticated)
    }
}

/// Lets a request pass when the rule of its route allows it.
pub(crate) async fn guard(
    State(shared): State<Shared>,
    path: MatchedPath,
    request: Request,
    next: Next,
) -> Result<Response, Problem> {
    let (mut parts, body) = request.into_parts();
    match find_rule(&parts.method, path.as_str()) {
        None => {
            tracing::error!(route = path.as_str(), "the route has no access rule");
            return Err(Problem::internal());
        }
        Some(Open) => {}
        Some(Limited) => {
            let address = address_of(&parts);
            let allowed = shared.sign_ins.take(address, shared.api.clock.now());
            allowed.map_err(Problem::too_many_requests)?;
        }
        Some(Needs(permission)) => {
            let principal = identify(&shared, &parts).await?;
            require(&principal, permission)?;
            parts.extensions.insert(Caller(principal));
        }
        Some(NeedsSession(permission)) => {
            let principal = identify(&shared, &parts).await?;
            require_session(&principal)?;
            require(&principal, permission)?;
            parts.extensions.insert(Caller(principal));
        }
    }
    Ok(next.run(Request::from_parts(parts, body)).await)
}

fn address_of(parts: &Parts) -> IpAddr {
    let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>();
    // Without connection information all callers count as one, which is strict but safe.
    peer.map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |ConnectInfo(peer)| {
        peer.ip()
    })
}

/// Who sends this request: by API token or access token in the header, or by cookie.
async fn identify(shared: &Shared, parts: &Parts) -> Result<Principal, Problem> {
    let headers = &parts.headers;
    let token = if let Some(value) = headers.get(header::AUTHORIZATION) {
        let value = value.to_str().ok();
        let token = value.and_then(bearer_token).ok_or_else(unauthenticated)?;
        if let Some(secret) = TokenSecret::parse(token) {
            let principal = shared.api.tokens.authenticate(&secret).await?;
            return principal.ok_or_else(unauthenticated);
        }
        token
    } else {
        let token = cookie_token(headers).ok_or_else(unauthenticated)?;
        if !parts.method.is_safe() && !is_same_origin(shared, headers, &parts.uri) {
            return Err(cross_origin());
        }
        token
    };
    let (account, session) = shared
        .api
        .token_key
        .read(token, shared.api.clock.now())
        .ok_or_else(unauthenticated)?;
    let principal = shared.api.accounts.authenticate(session).await?;
    principal
        .filter(|principal| principal.account.id == account)
        .ok_or_else(unauthenticated)
}

fn unauthenticated() -> Problem {
    Problem::new(
        Kind::Unauthenticated,
        "sign in first: send the access token from /api/v1/auth/login, or an API token, as `Authorization: Bearer …`; access \
         tokens end after two hours and when you sign out, API tokens on their day and when they are revoked",
    )
}

fn cross_origin() -> Problem {
    Problem::new(
        Kind::CrossOrigin,
        "this request came from a page of another site; use the pages of this server or an access token",
    )
}

fn bearer_token(value: &str) -> Option<&str> {
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

fn cookie_token(headers: &HeaderMap) -> Option<&str> {
    let cookies = headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok());
    let mut pairs = cookies
        .flat_map(|cookies| cookies.split(';'))
        .filter_map(|pair| pair.trim().split_once('='));
    pairs
        .find(|(name, _)| *name == SESSION_COOKIE)
        .map(|(_, value)| value)
}

/// Whether the browser says that a page of this server sent the request. Silence is not enough: every
/// browser in use sends one of the two headers with a request that can change something.
fn is_same_origin(shared: &Shared, headers: &HeaderMap, uri: &Uri) -> bool {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let origin = text("origin");
    if origin.is_some_and(|origin| shared.api.settings.allowed_origins.contains(origin)) {
        return true;
    }
    if let Some(site) = text("sec-fetch-site") {
        return site == "same-origin";
    }
    let host = text("host").or_else(|| uri.authority().map(axum::http::uri::Authority::as_str));
    let origin_host = origin
        .and_then(|origin| origin.split_once("://"))
        .map(|(_, host)| host);
    matches!((origin_host, host), (Some(origin), Some(host)) if origin.eq_ignore_ascii_case(host))
}
