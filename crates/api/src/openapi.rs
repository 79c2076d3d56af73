//! The description of the API (OpenAPI 3.1). Handlers describe what is their own; what follows from the kind of a route
//! (who may call it, whether it has a body) is added here, so that no refusal goes undocumented.

use std::sync::OnceLock;

use axum::http::Method;
use utoipa::openapi::path::{Operation, ParameterIn};
use utoipa::openapi::security::{
    ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme,
};
use utoipa::openapi::{Components, tag::TagBuilder};
use utoipa::openapi::{
    ContentBuilder, InfoBuilder, LicenseBuilder, OpenApi, PathItem, Ref, RefOr, Response,
    ResponseBuilder,
};
use utoipa::{PartialSchema as _, ToSchema};

use crate::access::{Access, find_rule};
use crate::problem::{CONTENT_TYPE, Problem};
use crate::router::documented_routes;
use crate::token::SESSION_COOKIE;
use crate::wire::events::ProgressEvent;
use crate::wire::openai::error::OpenAiError;

const TAGS: [(&str, &str); 11] = [
    ("accounts", "Registering, signing in and out."),
    (
        "tokens",
        "API tokens, with which programs act for an account.",
    ),
    (
        "administration",
        "Accounts, the sandbox and the quality of answers, for administrators.",
    ),
    ("ask", "Generating and explaining."),
    (
        "openai",
        "The OpenAI-compatible API, for programs that know it: set their base address to `/v1` and their key to an API token. \
         Unknown fields are ignored, as OpenAI's servers do.",
    ),
    ("conversations", "What you asked and what was answered."),
    ("knowledge", "What is known, and teaching."),
    (
        "models",
        "Language models: which there are, which are in memory, fetching and removing them.",
    ),
    ("analysis", "Reading code without running it."),
    ("sandbox", "Running programs that nobody trusts."),
    ("system", "The state of this instance."),
];

/// Refusals by status: name in the document and meaning.
const PROBLEMS: [(&str, &str, &str); 11] = [
    (
        "400",
        "BadRequest",
        "The request cannot be read: broken JSON, or text that is not UTF-8.",
    ),
    (
        "401",
        "Unauthorized",
        "You are not signed in, or the e-mail address or the password is wrong.",
    ),
    (
        "403",
        "Forbidden",
        "Your role does not allow this, an API token does not, or the request came from a page of another site.",
    ),
    (
        "404",
        "NotFound",
        "There is no such thing, or it is not yours.",
    ),
    ("409", "Conflict", "This contradicts what is stored."),
    ("413", "TooLarge", "The body is too large."),
    (
        "415",
        "UnsupportedMediaType",
        "The body is not of the media type that this address takes.",
    ),
    (
        "422",
        "Validation",
        "A field was refused; `errors` names it.",
    ),
    (
        "429",
        "TooManyRequests",
        "Too many attempts from your address, or too much of the kind is waiting or running already; `Retry-After` says how long \
         to wait.",
    ),
    ("500", "Internal", "The server failed."),
    (
        "503",
        "Unavailable",
        "The database does not answer now, or the request took too long; `Retry-After` says when to try again.",
    ),
];

/// Refusals of the OpenAI-compatible API by status: name in the document and meaning.
const OPENAI_ERRORS: [(&str, &str, &str); 9] = [
    (
        "400",
        "OpenAiBadRequest",
        "A field was refused; `param` names it. `context_length_exceeded`: the prompt does not fit.",
    ),
    (
        "401",
        "OpenAiUnauthorized",
        "The token is missing, wrong, ended or revoked.",
    ),
    (
        "403",
        "OpenAiForbidden",
        "Your role does not allow this, or the request came from a page of another site.",
    ),
    ("404", "OpenAiNotFound", "There is no such model."),
    ("413", "OpenAiTooLarge", "The body is too large."),
    (
        "415",
        "OpenAiUnsupportedMediaType",
        "The body is not `application/json`.",
    ),
    (
        "429",
        "OpenAiTooManyRequests",
        "Too many requests wait for a language model; `Retry-After` says how long to wait.",
    ),
    ("500", "OpenAiInternal", "The server failed."),
    (
        "503",
        "OpenAiUnavailable",
        "The model failed or has no memory, or the request took too long.",
    ),
];

/// A piece of a chat's answer and the end of the stream.
const PIECES_EXAMPLE: &str = "data: {\"object\":\"chat.completion.chunk\",\"choices\":[{\"delta\":{\"content\":\"A list \"}, …}], …}\n\n\
    data: [DONE]\n\n";

/// The beginning and the end of an answer as events.
const EVENTS_EXAMPLE: &str = "event: route\ndata: {\"intent\":\"explain\", …}\n\nevent: sources\ndata: {\"sources\":[…]}\n\n\
    event: token\ndata: {\"text\":\"A list \"}\n\nevent: check\ndata: {\"syntax\":\"passed\", …}\n\n\
    event: done\ndata: {\"answer\":\"A list …\", …}\n\n";

/// The description of the API.
pub fn document() -> OpenApi {
    let mut document = documented_routes().into_openapi();
    document.info = InfoBuilder::new()
        .title("CodeGenie")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some(
            "Generates and explains code, knows what it does not know, and can be taught.",
        ))
        .license(Some(
            LicenseBuilder::new()
                .name("MIT OR Apache-2.0")
                .identifier(Some("MIT OR Apache-2.0"))
                .build(),
        ))
        .build();
    let tags = TAGS.iter().map(|(name, about)| {
        TagBuilder::new()
            .name(*name)
            .description(Some(*about))
            .build()
    });
    document.tags = Some(tags.collect());
    describe_components(document.components.get_or_insert_default());
    for (path, item) in &mut document.paths.paths {
        for (method, operation) in operations_of(item) {
            complete(&method, path, operation);
        }
    }
    name_rest_parameters(&mut document);
    document
}

/// The router marks a parameter that takes the rest of the path by a star, which is no part of its name here.
fn name_rest_parameters(document: &mut OpenApi) {
    let paths = std::mem::take(&mut document.paths.paths);
    document.paths.paths = paths
        .into_iter()
        .map(|(path, item)| (path.replace("{*", "{"), item))
        .collect();
}

/// The description as indented JSON with a final line break; the same text every time.
pub fn render() -> &'static str {
    static TEXT: OnceLock<String> = OnceLock::new();
    TEXT.get_or_init(|| {
        let text = document()
            .to_pretty_json()
            .expect("BUG: a description of strings and numbers always serialises");
        text + "\n"
    })
}

fn describe_components(components: &mut Components) {
    let mut referenced = vec![(Problem::name().into_owned(), Problem::schema())];
    Problem::schemas(&mut referenced);
    referenced.push((OpenAiError::name().into_owned(), OpenAiError::schema()));
    OpenAiError::schemas(&mut referenced);
    // Events are not bodies of their own, so no operation refers to what is in them.
    referenced.push((ProgressEvent::name().into_owned(), ProgressEvent::schema()));
    ProgressEvent::schemas(&mut referenced);
    components.schemas.extend(referenced);
    for (_, name, meaning) in PROBLEMS {
        components
            .responses
            .insert(name.to_owned(), problem_response(meaning).into());
    }
    for (_, name, meaning) in OPENAI_ERRORS {
        let content = ContentBuilder::new()
            .schema(Some(Ref::from_schema_name("OpenAiError")))
            .build();
        let response = ResponseBuilder::new()
            .description(meaning)
            .content("application/json", content)
            .build();
        components
            .responses
            .insert(name.to_owned(), response.into());
    }
    let bearer = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .bearer_format("JWT")
        .description(Some("The access token from `/api/v1/auth/login`."));
    let cookie = ApiKeyValue::with_description(
        SESSION_COOKIE,
        "Set by `/api/v1/auth/login`; requests that change something must come from a page of this server.",
    );
    components.security_schemes.insert(
        "bearer".to_owned(),
        SecurityScheme::Http(bearer.build()).into(),
    );
    let api_token = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .description(Some(
            "An API token from `/api/v1/tokens`, for programs; it manages neither accounts, tokens nor models.",
        ));
    components.security_schemes.insert(
        "api_token".to_owned(),
        SecurityScheme::Http(api_token.build()).into(),
    );
    components.security_schemes.insert(
        "cookie".to_owned(),
        SecurityScheme::ApiKey(ApiKey::Cookie(cookie)).into(),
    );
}

fn problem_response(meaning: &str) -> Response {
    let content = ContentBuilder::new()
        .schema(Some(Ref::from_schema_name("Problem")))
        .build();
    ResponseBuilder::new()
        .description(meaning)
        .content(CONTENT_TYPE, content)
        .build()
}

fn operations_of(item: &mut PathItem) -> impl Iterator<Item = (Method, &mut Operation)> {
    [
        (Method::GET, item.get.as_mut()),
        (Method::POST, item.post.as_mut()),
        (Method::PUT, item.put.as_mut()),
        (Method::PATCH, item.patch.as_mut()),
        (Method::DELETE, item.delete.as_mut()),
    ]
    .into_iter()
    .filter_map(|(method, operation)| Some((method, operation?)))
}

/// OpenAPI 3.1 has no schema for the events of a stream, and one for the whole text would be wrong; an example says more.
fn describe_streams(example: &str, operation: &mut Operation) {
    let stream = ContentBuilder::new().example(Some(example.into())).build();
    for response in operation.responses.responses.values_mut() {
        if let RefOr::T(response) = response
            && let Some(content) = response.content.get_mut("text/event-stream")
        {
            *content = RefOr::T(stream.clone());
        }
    }
}

fn any_of(schemes: &[&str]) -> Vec<SecurityRequirement> {
    let requirements = schemes
        .iter()
        .map(|name| SecurityRequirement::new(*name, Vec::<String>::new()));
    requirements.collect()
}

/// Adds the security and the refusals that follow from the kind of the route.
fn complete(method: &Method, path: &str, operation: &mut Operation) {
    let is_openai = path.starts_with("/v1/");
    let (refusals, example): (&[_], _) = if is_openai {
        (&OPENAI_ERRORS, PIECES_EXAMPLE)
    } else {
        (&PROBLEMS, EVENTS_EXAMPLE)
    };
    describe_streams(example, operation);
    let mut statuses = vec!["500", "503"];
    match find_rule(method, path) {
        Some(Access::Needs(_)) => {
            operation.security = Some(any_of(&["bearer", "cookie", "api_token"]));
            statuses.extend(["401", "403"]);
        }
        Some(Access::NeedsSession(_)) => {
            operation.security = Some(any_of(&["bearer", "cookie"]));
            statuses.extend(["401", "403"]);
        }
        Some(Access::Limited) => {
            operation.security = Some(Vec::new());
            statuses.push("429");
        }
        Some(Access::Open) | None => operation.security = Some(Vec::new()),
    }
    if operation.request_body.is_some() {
        statuses.extend(["400", "413", "415", "422"]);
    }
    let has_query = operation.parameters.iter().flatten().any(|parameter| {
        matches!(parameter, RefOr::T(parameter) if parameter.parameter_in == ParameterIn::Query)
    });
    if has_query {
        statuses.extend(["400", "422"]);
    }
    let own: Vec<String> = operation.responses.responses.keys().cloned().collect();
    for status in statuses.into_iter().map(str::to_owned).chain(own) {
        if let Some((_, name, _)) = refusals.iter().find(|(listed, ..)| *listed == status) {
            operation
                .responses
                .responses
                .insert(status, Ref::from_response_name(*name).into());
        }
    }
}
