//! The embedded web app: its files, and its one page for every address that is not a file.

use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use rust_embed::{EmbeddedFile, RustEmbed};

use crate::problem::Problem;

/// What `make web` built, or the placeholder of `build.rs`. A debug build reads the folder while it runs.
#[derive(RustEmbed)]
#[folder = "../../web/build"]
struct Files;

/// Files below here have a digest in their name and never change.
const IMMUTABLE: &str = "_app/immutable/";

/// First parts of addresses that belong to the API, where a page in place of an error would mislead programs.
const API_PREFIXES: [&str; 3] = ["api/", "health/", "v1/"];

/// Addresses of the app's pages: they give the page to whoever asks, `curl` included.
const PAGES: [&str; 8] = [
    "", "admin", "ask", "docs", "profile", "register", "setup", "sign-in",
];

/// Answers every request that no route takes.
pub(crate) async fn serve(method: Method, uri: Uri, headers: HeaderMap) -> Response {
    let path = uri.path().trim_start_matches('/');
    let is_api = API_PREFIXES
        .iter()
        .any(|prefix| path.starts_with(prefix) || format!("{path}/") == *prefix);
    if is_api || !matches!(method, Method::GET | Method::HEAD) {
        return Problem::unknown_path().into_response();
    }
    if !path.is_empty()
        && !path.contains("..")
        && let Some(file) = Files::get(path)
    {
        return send(path, &file, &headers);
    }
    // A missing script or picture must not be answered with a page.
    let is_page = PAGES.contains(&path) || accepts_page(&headers);
    if !is_page || path.starts_with("_app/") {
        return Problem::unknown_path().into_response();
    }
    match Files::get("index.html") {
        Some(page) => send("index.html", &page, &headers),
        None => Problem::unknown_path().into_response(),
    }
}

fn accepts_page(headers: &HeaderMap) -> bool {
    let mut accepted = headers
        .get_all(header::ACCEPT)
        .iter()
        .filter_map(|value| value.to_str().ok());
    accepted.any(|value| value.contains("text/html"))
}

fn send(path: &str, file: &EmbeddedFile, headers: &HeaderMap) -> Response {
    let cache = if path.starts_with(IMMUTABLE) {
        "public, max-age=31536000, immutable"
    } else {
        "no-cache"
    };
    // Weak, because the compressed answer is not the same bytes.
    let etag = file
        .metadata
        .sha256_hash()
        .iter()
        .take(12)
        .fold("W/\"".to_owned(), |text, byte| format!("{text}{byte:02x}"));
    let etag = format!("{etag}\"");
    let known = headers
        .get(header::IF_NONE_MATCH)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let is_known = known
        .split(',')
        .any(|tag| tag.trim() == etag || tag.trim() == "*");
    let kind = mime_guess::from_path(path).first_or_octet_stream();
    let kind = if kind.type_() == "text" {
        format!("{kind}; charset=utf-8")
    } else {
        kind.to_string()
    };
    let (status, body) = if is_known {
        (StatusCode::NOT_MODIFIED, Body::empty())
    } else {
        (StatusCode::OK, Body::from(file.data.to_vec()))
    };
    let mut response = (status, [(header::CACHE_CONTROL, cache)], body).into_response();
    let headers = response.headers_mut();
    headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    for (name, value) in [(header::ETAG, etag), (header::CONTENT_TYPE, kind)] {
        if let Ok(value) = HeaderValue::try_from(value) {
            headers.insert(name, value);
        }
    }
    response
}
