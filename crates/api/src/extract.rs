//! Reading requests: JSON bodies, query strings and identifiers in paths. Whatever is wrong with them becomes a problem.

use std::str::FromStr;

use axum::body::Body;
use axum::extract::{FromRequest, FromRequestParts, Path, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Uri, header};
use http_body_util::BodyExt as _;
use serde::de::DeserializeOwned;

use crate::problem::{Kind, Problem};
use crate::state::Shared;

/// Bytes of an over-long body that are read and thrown away, so that the client gets to read the refusal.
const DISCARDED_BYTES_MAX: usize = 8 * 1024 * 1024;

/// A JSON object as the body.
pub(crate) struct Json<T>(pub(crate) T);

impl<T: DeserializeOwned> FromRequest<Shared> for Json<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, shared: &Shared) -> Result<Self, Problem> {
        read_json(request, shared.api.settings.body_bytes_max)
            .await
            .map(Self)
    }
}

/// A JSON object as the body, which may hold a long prompt.
pub(crate) struct LongJson<T>(pub(crate) T);

impl<T: DeserializeOwned> FromRequest<Shared> for LongJson<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, shared: &Shared) -> Result<Self, Problem> {
        read_json(request, shared.api.settings.prompt_bytes_max)
            .await
            .map(Self)
    }
}

async fn read_json<T: DeserializeOwned>(request: Request, bytes_max: usize) -> Result<T, Problem> {
    let has_json = is_json(request.headers());
    let bytes = read_body(request.into_body(), bytes_max).await?;
    if !has_json {
        return Err(Problem::new(
            Kind::UnsupportedMediaType,
            "send JSON, with the header `Content-Type: application/json`",
        ));
    }
    parse_json(&bytes)
}

fn is_json(headers: &HeaderMap) -> bool {
    let media_type = headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let essence = media_type
        .split(';')
        .next()
        .unwrap_or_default()
        .trim()
        .to_ascii_lowercase();
    essence == "application/json"
}

async fn read_body(mut body: Body, bytes_max: usize) -> Result<Vec<u8>, Problem> {
    let mut bytes = Vec::new();
    let mut size = 0;
    while let Some(frame) = body.frame().await {
        let Ok(frame) = frame else {
            return Err(Problem::new(
                Kind::Malformed,
                "the body was cut off or is not valid HTTP; send it again",
            ));
        };
        let Ok(piece) = frame.into_data() else {
            continue;
        };
        size += piece.len();
        if size <= bytes_max {
            bytes.extend_from_slice(&piece);
        } else if size > DISCARDED_BYTES_MAX {
            break;
        }
    }
    if size > bytes_max {
        let detail = format!("the body has more than {bytes_max} bytes; send less at once");
        return Err(Problem::new(Kind::TooLarge, detail));
    }
    Ok(bytes)
}

fn parse_json<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    let malformed = |detail: &str| Problem::new(Kind::Malformed, detail);
    let text = std::str::from_utf8(bytes)
        .map_err(|_| malformed("the body is not UTF-8; encode it as UTF-8"))?;
    let text = text.trim_ascii();
    if text.is_empty() {
        return Err(malformed("the body is empty; send a JSON object"));
    }
    // First the form of the whole text, so that what is said about a field is said of JSON.
    if let Err(error) = serde_json::from_str::<serde::de::IgnoredAny>(text) {
        return Err(malformed(&format!(
            "the body is not JSON: {error}; correct it there"
        )));
    }
    // A structure would also be read from an array of its fields in order, which nobody means.
    if !text.starts_with('{') {
        return Err(Problem::new(
            Kind::Validation,
            "the body is JSON but not an object; send an object such as {\"field\": …}",
        ));
    }
    let mut deserializer = serde_json::Deserializer::from_str(text);
    serde_path_to_error::deserialize(&mut deserializer).map_err(|error| refused(&error))
}

fn refused(error: &serde_path_to_error::Error<serde_json::Error>) -> Problem {
    let field = error.path().to_string();
    let cause = error.inner();
    match cause.classify() {
        serde_json::error::Category::Data => {
            // The place in the text says nothing to whoever made the JSON with a library.
            let message = cause.to_string();
            let message = message.split(" at line ").next().unwrap_or_default();
            let field = if field == "." { String::new() } else { field };
            Problem::invalid(field, say_what_to_do(message))
        }
        serde_json::error::Category::Syntax
        | serde_json::error::Category::Eof
        | serde_json::error::Category::Io => Problem::new(
            Kind::Malformed,
            format!("the body is not JSON: {cause}; correct it there"),
        ),
    }
}

/// What `serde` says of a field, with its names of types put into words.
fn say_what_to_do(message: &str) -> String {
    let Some((found, expected)) = message.split_once(", expected ") else {
        return message.to_owned();
    };
    match expected {
        "u8" | "u16" | "u32" | "u64" => format!("{found}; use a whole number that is not negative"),
        "f32" | "f64" => format!("{found}; use a number"),
        "a string" => format!("{found}; use text in quotation marks"),
        "a boolean" => format!("{found}; use true or false"),
        choices => format!("{found}; use {choices}"),
    }
}

/// The parameters after the question mark.
pub(crate) struct Query<T>(pub(crate) T);

impl<T: DeserializeOwned> FromRequestParts<Shared> for Query<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &Shared) -> Result<Self, Problem> {
        if !is_utf8_when_decoded(&parts.uri) {
            return Err(Problem::new(
                Kind::Malformed,
                "the address holds bytes that are not UTF-8; encode it as UTF-8",
            ));
        }
        match axum::extract::Query::<T>::try_from_uri(&parts.uri) {
            Ok(axum::extract::Query(value)) => Ok(Self(value)),
            Err(rejection) => {
                let cause = std::error::Error::source(&rejection)
                    .map(ToString::to_string)
                    .unwrap_or_default();
                let (field, message) = cause.split_once(": ").unwrap_or(("", &cause));
                Err(Problem::invalid(field, say_what_to_do(message)))
            }
        }
    }
}

/// Whether the query string, percent-decoded, is UTF-8. The decoder used later would put U+FFFD in place of what is not.
fn is_utf8_when_decoded(uri: &Uri) -> bool {
    let mut decoded = Vec::new();
    let mut rest = uri.query().unwrap_or_default().as_bytes();
    while let [byte, tail @ ..] = rest {
        let escaped = if *byte == b'%' { hex_byte(tail) } else { None };
        decoded.push(escaped.unwrap_or(*byte));
        rest = if escaped.is_some() {
            tail.get(2..).unwrap_or_default()
        } else {
            tail
        };
    }
    std::str::from_utf8(&decoded).is_ok()
}

/// The byte that the first two characters write in hexadecimal.
fn hex_byte(text: &[u8]) -> Option<u8> {
    let digit = |at: usize| char::from(*text.get(at)?).to_digit(16);
    u8::try_from(digit(0)? * 16 + digit(1)?).ok()
}

/// The identifier in the path. Text that is no identifier names nothing, so the answer is 404 as well.
pub(crate) struct Id<T>(pub(crate) T);

impl<T: FromStr> FromRequestParts<Shared> for Id<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, shared: &Shared) -> Result<Self, Problem> {
        let text = Path::<String>::from_request_parts(parts, shared).await;
        let id = text.ok().and_then(|Path(text)| text.parse().ok());
        id.map(Self).ok_or_else(|| Problem::not_found("entry"))
    }
}

/// The rest of the path, decoded; slashes belong to it.
pub(crate) struct Rest(pub(crate) String);

impl FromRequestParts<Shared> for Rest {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, shared: &Shared) -> Result<Self, Problem> {
        let text = Path::<String>::from_request_parts(parts, shared).await;
        text.map(|Path(text)| Self(text))
            .map_err(|_| Problem::not_found("entry"))
    }
}

#[cfg(test)]
mod tests {
    use super::say_what_to_do;

    #[test]
    fn a_refusal_says_what_to_do_in_words() {
        let check = |message, expected| assert_eq!(say_what_to_do(message), expected);
        check(
            "invalid value: integer `-1`, expected u32",
            "invalid value: integer `-1`; use a whole number that is not negative",
        );
        check(
            "unknown field `foo`, expected one of `prompt`, `language`",
            "unknown field `foo`; use one of `prompt`, `language`",
        );
        check("missing field `prompt`", "missing field `prompt`");
    }
}
