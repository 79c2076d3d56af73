//! What happens around every request: security headers, a log line and counters, a time limit, and an answer to panics.

use std::any::Any;
use std::fmt::Write as _;
use std::time::Instant;

use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use tracing::Instrument as _;

use crate::problem::Problem;
use crate::state::Shared;

/// Sent with every answer.
const SECURITY_HEADERS: [(&str, &str); 7] = [
    (
        "content-security-policy",
        "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; object-src 'none'; \
         base-uri 'none'; frame-ancestors 'none'; form-action 'self'",
    ),
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "DENY"),
    ("referrer-policy", "no-referrer"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
    (
        "permissions-policy",
        "camera=(), microphone=(), geolocation=(), payment=(), usb=()",
    ),
];

/// Routes that a language model may have to answer.
const SLOW_ROUTES: [&str; 9] = [
    "/generate",
    "/explain",
    "/api/v1/ask",
    "/api/v1/receipts/{id}/replay",
    "/api/v1/models/{name}/load",
    "/api/v1/models/{name}/unload",
    "/v1/chat/completions",
    "/v1/completions",
    "/v1/embeddings",
];
/// Takes files as long as the disk allows; it is their silence that is limited.
const UPLOAD_ROUTE: &str = "/api/v1/models/{name}/weights";

/// Adds the security headers, and forbids storing any answer that does not say otherwise.
pub(crate) async fn secure(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    for (name, value) in SECURITY_HEADERS {
        headers.insert(
            HeaderName::from_static(name),
            HeaderValue::from_static(value),
        );
    }
    if !headers.contains_key(header::CACHE_CONTROL) {
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    response
}

/// Gives the request an identifier, logs one line when its answer begins, and counts it. Never sees a body, and never
/// logs an address as it was asked for, since people write secrets into those.
pub(crate) async fn observe(
    State(shared): State<Shared>,
    request: Request,
    next: Next,
) -> Response {
    let began = Instant::now();
    let id = new_request_id(&shared);
    let method = request.method().clone();
    let route = request.extensions().get::<MatchedPath>().cloned();
    let route = route.as_ref().map_or("web", MatchedPath::as_str);
    let span = tracing::info_span!("request", id, %method, route);
    let mut response = next.run(request).instrument(span.clone()).await;

    let status = response.status().as_u16();
    let duration = began.elapsed();
    let duration_us = u64::try_from(duration.as_micros()).unwrap_or(u64::MAX);
    span.in_scope(|| tracing::info!(status, duration_us, "answered"));
    shared.traffic.count(&method, route, status, duration);
    if let Ok(id) = HeaderValue::try_from(id) {
        response.headers_mut().insert("x-request-id", id);
    }
    response
}

fn new_request_id(shared: &Shared) -> String {
    let mut bytes = [0_u8; 8];
    shared.api.entropy.fill(&mut bytes);
    bytes
        .iter()
        .fold(String::with_capacity(16), |mut id, byte| {
            let _ = write!(id, "{byte:02x}");
            id
        })
}

/// Stops a request whose answer does not begin in time; an event stream has begun with its first event.
pub(crate) async fn limit_time(
    State(shared): State<Shared>,
    request: Request,
    next: Next,
) -> Response {
    let route = request.extensions().get::<MatchedPath>();
    let is_slow = route.is_some_and(|route| SLOW_ROUTES.contains(&route.as_str()));
    if route.is_some_and(|route| route.as_str() == UPLOAD_ROUTE) {
        return next.run(request).await;
    }
    let settings = &shared.api.settings;
    let limit = if is_slow {
        settings.answer_timeout
    } else {
        settings.request_timeout
    };
    match tokio::time::timeout(limit, next.run(request)).await {
        Ok(response) => response,
        Err(_) => Problem::timed_out().into_response(),
    }
}

/// Gives refusals of the OpenAI-compatible API the shape that its clients read, wherever they come from.
pub(crate) async fn shape_refusals(request: Request, next: Next) -> Response {
    let is_openai = request.uri().path().starts_with("/v1/");
    let response = next.run(request).await;
    match response.extensions().get::<Problem>() {
        Some(problem) if is_openai => problem.to_openai_response(response.headers()),
        Some(_) | None => response,
    }
}

/// The answer when a handler panicked. The panic's text may quote a user, so the answer does not.
#[expect(
    clippy::needless_pass_by_value,
    reason = "the layer gives the panic away"
)]
pub(crate) fn answer_panic(panic: Box<dyn Any + Send + 'static>) -> Response {
    let text = panic
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| panic.downcast_ref::<&str>().copied());
    tracing::error!(panic = text.unwrap_or("not text"), "a handler panicked");
    let mut response = Problem::internal().into_response();
    // The state of a half-read connection is not to be trusted.
    let headers: &mut HeaderMap = response.headers_mut();
    headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
    response
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::Router;
    use axum::body::Body;
    use axum::routing::get;
    use http_body_util::BodyExt as _;
    use tower::ServiceExt as _;
    use tower_http::catch_panic::CatchPanicLayer;

    #[tokio::test]
    async fn a_panic_is_answered_without_its_text() {
        async fn fail() -> &'static str {
            panic!("the password is hunter2")
        }
        let router = Router::new()
            .route("/", get(fail))
            .layer(CatchPanicLayer::custom(answer_panic));
        let response = router.oneshot(Request::new(Body::empty())).await.unwrap();
        assert_eq!(response.status().as_u16(), 500);
        assert_eq!(
            response.headers()["content-type"],
            "application/problem+json"
        );
        let body = response.into_body().collect().await.unwrap().to_bytes();
        let body = String::from_utf8(body.to_vec()).unwrap();
        assert!(
            body.contains("/problems/internal") && !body.contains("hunter2"),
            "{body}"
        );
    }
}
