//! Every route × {anonymous, user, student, developer, administrator, deactivated}, from one table.

use domain::accounts::Role;
use reqwest::Method;
use testkit::server::{Person, TestServer, read};

/// Who may call a route.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Who {
    Anybody,
    SignedIn,
    Teachers,
    Administrators,
}

use Who::{Administrators, Anybody, SignedIn, Teachers};

const ROUTES: [(&str, &str, Who); 49] = [
    ("POST", "/api/v1/auth/register", Anybody),
    ("POST", "/api/v1/auth/login", Anybody),
    ("POST", "/api/v1/auth/setup", Anybody),
    ("POST", "/api/v1/auth/logout", SignedIn),
    ("GET", "/api/v1/auth/me", SignedIn),
    ("GET", "/api/v1/admin/users", Administrators),
    ("PATCH", "/api/v1/admin/users/{id}", Administrators),
    ("GET", "/api/v1/tokens", SignedIn),
    ("POST", "/api/v1/tokens", SignedIn),
    ("DELETE", "/api/v1/tokens/{id}", SignedIn),
    ("POST", "/generate", SignedIn),
    ("POST", "/explain", SignedIn),
    ("POST", "/api/v1/ask", SignedIn),
    ("POST", "/api/v1/route", SignedIn),
    ("GET", "/api/v1/knowledge/search", SignedIn),
    ("POST", "/api/v1/knowledge/tasks", Teachers),
    ("POST", "/api/v1/analysis", SignedIn),
    ("POST", "/api/v1/sandbox/run", SignedIn),
    ("GET", "/api/v1/admin/sandbox", Administrators),
    ("GET", "/api/v1/admin/quality", Administrators),
    ("GET", "/api/v1/models", SignedIn),
    ("GET", "/api/v1/models/ledger", SignedIn),
    ("POST", "/api/v1/models/pull", Administrators),
    ("POST", "/api/v1/models/{name}/quantise", Administrators),
    ("PUT", "/api/v1/models/{name}/weights", Administrators),
    ("GET", "/api/v1/models/jobs", Administrators),
    ("GET", "/api/v1/models/jobs/{id}", Administrators),
    ("DELETE", "/api/v1/models/jobs/{id}", Administrators),
    ("POST", "/api/v1/models/{name}/load", Administrators),
    ("POST", "/api/v1/models/{name}/unload", Administrators),
    ("PUT", "/api/v1/models/{name}/pin", Administrators),
    ("DELETE", "/api/v1/models/{name}", Administrators),
    ("GET", "/api/v1/conversations", SignedIn),
    ("GET", "/api/v1/conversations/{id}", SignedIn),
    ("PATCH", "/api/v1/conversations/{id}", SignedIn),
    ("DELETE", "/api/v1/conversations/{id}", SignedIn),
    ("GET", "/api/v1/conversations/{id}/messages", SignedIn),
    ("GET", "/api/v1/receipts/{id}", SignedIn),
    ("POST", "/api/v1/receipts/{id}/replay", SignedIn),
    ("GET", "/api/v1/system/status", SignedIn),
    ("POST", "/v1/chat/completions", SignedIn),
    ("POST", "/v1/completions", SignedIn),
    ("POST", "/v1/embeddings", SignedIn),
    ("GET", "/v1/models", SignedIn),
    ("GET", "/v1/models/{id}", SignedIn),
    ("GET", "/health/live", Anybody),
    ("GET", "/health/ready", Anybody),
    ("GET", "/metrics", Administrators),
    ("GET", "/openapi.json", Anybody),
];

/// What only people who signed in may do: managing accounts, tokens and models.
fn is_for_people(method: &str, path: &str) -> bool {
    let is_under = |part: &str| path.starts_with(&format!("/api/v1/{part}"));
    is_under("auth")
        || is_under("admin")
        || is_under("tokens")
        || (is_under("models") && method != "GET")
}

fn may(who: Who, role: Role) -> bool {
    match who {
        Anybody | SignedIn => true,
        Teachers => role != Role::User,
        Administrators => role == Role::Admin,
    }
}

/// Calls a route with an empty object as the body, which every handler refuses or ignores, so nothing changes.
async fn call(server: &TestServer, method: &str, path: &str, person: Option<&Person>) -> u16 {
    let path = path
        .replace("{id}", "0198a0c4-5f5e-7c3e-9d53-0c6f3b1f2a11")
        .replace("{name}", "absent");
    let mut request = server.request(Method::from_bytes(method.as_bytes()).unwrap(), &path);
    if matches!(method, "POST" | "PATCH" | "PUT") {
        request = request.json(&serde_json::json!({}));
    }
    if let Some(person) = person {
        request = request.bearer_auth(&person.token);
    }
    read(request).await.0
}

#[test]
fn the_table_has_every_documented_route() {
    let document = serde_json::to_value(api::openapi()).unwrap();
    let mut documented = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for method in item.as_object().unwrap().keys() {
            documented.push((method.to_uppercase(), path.clone()));
        }
    }
    let mut listed: Vec<_> = ROUTES
        .iter()
        .map(|(method, path, _)| ((*method).to_owned(), (*path).to_owned()))
        .collect();
    documented.sort();
    listed.sort();
    assert_eq!(documented, listed);
    for (method, path, who) in ROUTES {
        let operation = &document["paths"][path][method.to_lowercase()];
        let wants_proof = !operation["security"].as_array().unwrap().is_empty();
        assert_eq!(wants_proof, who != Anybody, "{method} {path}");
        let schemes = operation["security"].as_array().unwrap();
        let takes_tokens = schemes
            .iter()
            .any(|scheme| scheme.get("api_token").is_some());
        assert_eq!(
            takes_tokens,
            who != Anybody && !is_for_people(method, path),
            "{method} {path}"
        );
    }
}

#[tokio::test]
async fn nobody_gets_past_a_protected_route_without_signing_in() {
    let server = TestServer::start().await;
    for (method, path, who) in ROUTES {
        let status = call(&server, method, path, None).await;
        let refused_for_identity = path != "/api/v1/auth/login" && status == 401;
        assert_eq!(
            refused_for_identity,
            who != Anybody,
            "{method} {path} gave {status}"
        );
    }
}

#[tokio::test]
async fn every_role_gets_what_is_its_and_nothing_else() {
    let server = TestServer::start().await;
    for role in Role::ALL {
        let person = server.sign_in_as(role).await;
        for (method, path, who) in ROUTES {
            // Signing out would end the session that the other calls use.
            let own_session = if path.ends_with("/logout") {
                Some(server.sign_in(&person.email).await)
            } else {
                None
            };
            let status = call(
                &server,
                method,
                path,
                Some(own_session.as_ref().unwrap_or(&person)),
            )
            .await;
            assert_ne!(status, 401, "{role} {method} {path}");
            assert_eq!(
                status == 403,
                !may(who, role),
                "{role} {method} {path} gave {status}"
            );
            assert!(status < 500, "{role} {method} {path} gave {status}");
        }
    }
}

#[tokio::test]
async fn a_token_gets_what_its_role_may_but_manages_nothing() {
    let server = TestServer::start().await;
    for role in Role::ALL {
        let person = server.sign_in_as(role).await;
        let program = server.token_of(&person).await;
        for (method, path, who) in ROUTES {
            let status = call(&server, method, path, Some(&program)).await;
            let expected = may(who, role) && (who == Anybody || !is_for_people(method, path));
            let is_login = path == "/api/v1/auth/login";
            assert!(status != 401 || is_login, "{role} {method} {path}");
            assert_eq!(
                status != 403,
                expected,
                "{role} {method} {path} gave {status}"
            );
            assert!(status < 500, "{role} {method} {path} gave {status}");
        }
        // The person goes on as before.
        assert_eq!(server.get(&person, "/api/v1/auth/me").await.0, 200);
    }
}

#[tokio::test]
async fn a_deactivated_account_is_nobody() {
    let server = TestServer::start().await;
    let admin = server.sign_in_as(Role::Admin).await;
    let person = server.sign_in_as(Role::Developer).await;
    let program = server.token_of(&person).await;
    let change = server
        .request_as(
            &admin,
            Method::PATCH,
            &format!("/api/v1/admin/users/{}", person.id),
        )
        .json(&serde_json::json!({"active": false}));
    assert_eq!(read(change).await.0, 200);
    for (method, path, who) in ROUTES {
        if who != Anybody {
            for caller in [&person, &program] {
                let status = call(&server, method, path, Some(caller)).await;
                assert_eq!(status, 401, "{method} {path}");
            }
        }
    }
}

#[tokio::test]
async fn identity_is_asked_for_before_the_body_is_read() {
    let server = TestServer::start().await;
    let request = server
        .request(Method::POST, "/generate")
        .body("{ this is not JSON");
    assert_eq!(read(request).await.0, 401);
}
