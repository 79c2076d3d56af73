//! `codegenie users`: created, refused, repeated.

use serde_json::json;

use crate::program::{Client, Home, PASSWORD, Server};

#[test]
fn an_account_is_created_and_listed() {
    let home = Home::new();
    let words = [
        "users",
        "create",
        "--admin",
        "--email",
        "Ada@Example.org",
        "--username",
        "ada",
        "--password-stdin",
    ];
    let ran = home.run_with(&words, &format!("{PASSWORD}\n")).done();
    assert_eq!(ran.out, "created the admin ada <ada@example.org>\n");
    home.create_user("student", "bob").done();

    let listed = home.run(&["users", "list", "--json"]).done().json();
    let brief: Vec<_> = listed
        .as_array()
        .unwrap()
        .iter()
        .map(|user| {
            json!([
                user["email"],
                user["username"],
                user["role"],
                user["active"]
            ])
        })
        .collect();
    assert_eq!(
        brief,
        [
            json!(["ada@example.org", "ada", "admin", true]),
            json!(["bob@example.org", "bob", "student", true])
        ]
    );

    let table = home.run(&["users", "list"]).done().out;
    assert_eq!(table.lines().count(), 3, "{table}");
    assert!(
        table.contains("bob@example.org  bob") && !table.contains('\u{1b}'),
        "{table}"
    );
}

#[test]
fn nobody_yet_says_how_to_begin() {
    let home = Home::new();
    assert!(
        home.run(&["users", "list"])
            .done()
            .out
            .contains("users create --admin")
    );
    assert_eq!(
        home.run(&["users", "list", "--json"]).done().json(),
        json!([])
    );
}

#[test]
fn a_second_account_of_the_same_address_is_refused() {
    let home = Home::new();
    home.create_user("user", "ada").done();
    let again = home.create_user("user", "ada").failed();
    assert_eq!(
        again.err,
        "error: this e-mail address or user name is taken; choose another or sign in\n"
    );
}

#[test]
fn wrong_fields_are_refused_with_what_to_do() {
    let home = Home::new();
    let create = |email: &str, name: &str, password: &str| {
        home.run_with(
            &[
                "users",
                "create",
                "--email",
                email,
                "--username",
                name,
                "--password-stdin",
            ],
            password,
        )
        .failed()
        .err
    };
    assert!(create("ada", "ada", PASSWORD).contains("email: write an e-mail address"));
    assert!(create("ada@example.org", "a", PASSWORD).contains("username: use 3 to 32"));
    assert!(create("ada@example.org", "ada", "short1").contains("password: use at least 10"));
    assert!(create("ada@example.org", "ada", "\n").contains("the password is empty"));
    assert!(create("ada@example.org", "ada", "").contains("the password is empty"));
    assert_eq!(
        home.run(&["users", "list", "--json"]).done().json(),
        json!([])
    );
}

#[test]
fn without_a_terminal_the_password_is_not_asked_for() {
    let home = Home::new();
    let ran = home
        .run(&[
            "users",
            "create",
            "--email",
            "a@example.org",
            "--username",
            "ada",
        ])
        .failed();
    assert!(ran.err.contains("--password-stdin"), "{ran:?}");
}

#[test]
fn the_number_of_administrators_is_bounded_and_the_last_one_stays() {
    let home = Home::new();
    home.create_user("admin", "ada").done();
    let alone = home
        .run(&[
            "users",
            "role",
            "--email",
            "ada@example.org",
            "--role",
            "user",
        ])
        .failed();
    assert!(alone.err.contains("last active administrator"), "{alone:?}");
    home.create_user("admin", "bob").done();
    let third = home.create_user("admin", "cyd").failed();
    assert!(
        third.err.contains("highest number of administrators"),
        "{third:?}"
    );
    let ran = home
        .run(&[
            "users",
            "role",
            "--email",
            "ada@example.org",
            "--role",
            "student",
        ])
        .done();
    assert_eq!(ran.out, "ada@example.org is now student\n");
    let nobody = home
        .run(&[
            "users",
            "role",
            "--email",
            "x@example.org",
            "--role",
            "user",
        ])
        .failed();
    assert!(nobody.err.contains("no such account"), "{nobody:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_password_ends_the_sessions_of_a_running_server() {
    let home = Home::new();
    home.create_user("user", "ada").done();
    let server = Server::start(&home);
    let client = Client::signed_in(&server, "ada").await;
    assert_eq!(client.get("/api/v1/auth/me").await.unwrap().0, 200);

    let words = [
        "users",
        "reset-password",
        "--email",
        "ada@example.org",
        "--password-stdin",
    ];
    let ran = home.run_with(&words, "Difference engine 1822\n").done();
    assert!(ran.out.contains("signed out everywhere"), "{ran:?}");
    assert_eq!(client.get("/api/v1/auth/me").await.unwrap().0, 401);
    let body = json!({"email": "ada@example.org", "password": "Difference engine 1822"});
    assert_eq!(
        Client::of(&server)
            .post("/api/v1/auth/login", &body)
            .await
            .unwrap()
            .0,
        200
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_is_printed_for_a_script_and_holds_at_a_running_server() {
    let home = Home::new();
    home.create_user("user", "ada").done();
    let words = [
        "users",
        "token",
        "--email",
        "ada@example.org",
        "--name",
        "editor",
    ];
    let plain = home.run(&words).done().out;
    let secret = plain.trim_end();
    assert!(
        secret.starts_with("cg_") && secret.len() == 46 && plain.lines().count() == 1,
        "{plain}"
    );
    let told = [&words[..], &["--expires-in-days", "7", "--json"]].concat();
    let told = home.run(&told).done().json();
    assert_eq!(told["name"], "editor");
    assert!(told["expires_at"].is_string(), "{told}");
    assert_ne!(told["token"], secret);

    let server = Server::start(&home);
    for (token, status) in [
        (secret, 200),
        (told["token"].as_str().unwrap(), 200),
        ("cg_rubbish", 401),
    ] {
        let client = Client::with_token(&server, token);
        let answer = client.get("/api/v1/conversations").await.unwrap();
        assert_eq!(answer.0, status, "{answer:?}");
    }
}

#[test]
fn a_token_for_nobody_or_without_a_name_is_refused() {
    let home = Home::new();
    home.create_user("user", "ada").done();
    let token = |email: &str, name: &str| {
        let ran = home.run(&["users", "token", "--email", email, "--name", name]);
        ran.failed().err
    };
    assert!(token("bob@example.org", "x").contains("no such account"));
    assert!(token("ada@example.org", " ").contains("name: use 1 to 64 characters"));
}
