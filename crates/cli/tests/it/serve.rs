//! `codegenie serve`: starting, refusing to start, and stopping.

use serde_json::json;

use crate::program::{Client, Home, PASSWORD, Server};

#[tokio::test(flavor = "multi_thread")]
async fn the_first_start_prints_a_link_that_makes_one_administrator() {
    let home = Home::new();
    let server = Server::start(&home);
    let line = server.wait_for_out("create the first admin: ");
    let start = format!(
        "create the first admin: http://{}/setup#token=",
        server.address
    );
    let token = line
        .strip_prefix(&start)
        .unwrap_or_else(|| panic!("{line}"));
    let client = Client::of(&server);
    assert_eq!(client.get("/health/ready").await.unwrap().0, 200);

    let body = |name: &str| json!({"token": token, "email": format!("{name}@example.org"), "username": name, "password": PASSWORD});
    let (status, answer) = client
        .post("/api/v1/auth/setup", &body("ada"))
        .await
        .unwrap();
    assert!(matches!(status, 200 | 201), "{status} {answer}");
    let (again, answer) = client
        .post("/api/v1/auth/setup", &body("bob"))
        .await
        .unwrap();
    assert!(again >= 400, "{answer}");
    server.kill();

    let server = Server::start(&home);
    server.terminate();
    assert_eq!(server.wait(), Some(0));
    let listed = home.run(&["users", "list", "--json"]).done().json();
    assert_eq!(listed.as_array().unwrap().len(), 1);
}

#[test]
fn with_an_administrator_there_is_no_link() {
    let home = Home::new();
    home.create_user("admin", "ada").done();
    let mut child = home
        .command(&["serve", "--listen", "127.0.0.1:0"])
        .spawn()
        .unwrap();
    let mut reader = std::io::BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    std::io::BufRead::read_line(&mut reader, &mut line).unwrap();
    let sent = std::process::Command::new("kill")
        .args(["-TERM", &child.id().to_string()])
        .status()
        .unwrap();
    assert!(sent.success());
    let rest = crate::program::read_all(reader);
    assert!(child.wait().unwrap().success());
    assert!(line.starts_with("listening on http://127.0.0.1:"), "{line}");
    assert_eq!(rest, "");
}

#[test]
fn nobody_listens_beyond_this_machine_without_an_administrator() {
    let home = Home::new();
    for address in ["0.0.0.0:0", "[::]:0"] {
        let ran = home.run(&["serve", "--listen", address]).failed();
        assert!(
            ran.err.contains("only once an administrator exists")
                && ran.err.contains("users create --admin"),
            "{ran:?}"
        );
        assert_eq!(ran.out, "");
    }
    home.create_user("admin", "ada").done();
    let server = Server::start_with(home.command(&["serve", "--listen", "0.0.0.0:0"]));
    assert!(server.address.starts_with("0.0.0.0:"));
}

#[test]
fn a_second_server_on_the_same_port_is_told_so() {
    let home = Home::new();
    let server = Server::start(&home);
    let ran = home.run(&["serve", "--listen", &server.address]).failed();
    assert_eq!(
        ran.err,
        format!(
            "error: cannot listen on {}: another program uses this port; stop it or choose another with --listen 127.0.0.1:PORT\n",
            server.address
        )
    );
    assert!(
        home.run(&["serve", "--listen", "here"])
            .failed()
            .err
            .contains("`here` is not an address")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signal_ends_the_server_in_order() {
    let home = Home::new();
    home.create_user("user", "ada").done();
    let server = Server::start(&home);
    let client = Client::signed_in(&server, "ada").await;
    let (status, answer) = client
        .post("/generate", &json!({"prompt": "reverse a string"}))
        .await
        .unwrap();
    assert_eq!(status, 200, "{answer}");
    server.terminate();
    server.wait_for_err("stopping: ");
    assert_eq!(server.wait(), Some(0));
    // The write-ahead log is folded into the database when the last connection closes in order.
    assert!(!home.data().join("codegenie.db-wal").exists());
}

#[test]
fn the_library_is_indexed_beside_the_requests_and_only_once() {
    let home = Home::new();
    let server = Server::start(&home);
    server.wait_for_err("searching by words alone: ");
    server.terminate();
    assert_eq!(server.wait(), Some(0));
    let found = home.run(&["doctor", "--json"]).json();
    let library = found
        .as_array()
        .unwrap()
        .iter()
        .find(|row| row["name"] == "library")
        .unwrap()
        .clone();
    assert_eq!(library["ok"], true, "{library}");
    let server = Server::start(&home);
    server.wait_for_err("searching by words alone: ");
    server.kill();
    let again = home.run(&["doctor", "--json"]).json();
    assert!(again.as_array().unwrap().contains(&library), "{again}");
}
