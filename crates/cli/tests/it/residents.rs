//! The models that a running server holds in memory, from the command line: a real server, real engines, tiny models.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::process::Stdio;
use std::sync::{Arc, Mutex};

use crate::program::{Client, Home, PASSWORD, Ran, Server, finish};

/// A home with a model of a few thousand random weights, an administrator and a developer, and its server.
fn start() -> (Home, Server) {
    let home = Home::new();
    let folder = home.path().join("no-models/language/tiny");
    std::fs::create_dir_all(&folder).unwrap();
    let family = testmodels::Family::DeepseekCoder;
    let file = folder.join("model.gguf");
    testmodels::write_random(family, testmodels::Size::Tiny, 1, &file).unwrap();
    home.create_user("admin", "ada").done();
    home.create_user("developer", "bob").done();
    let server = Server::start(&home);
    // From here on the settings say where it listens, as they do for a server on a fixed port.
    let settings = format!("listen = \"{}\"\n", server.address);
    std::fs::write(home.data().join("codegenie.toml"), settings).unwrap();
    (home, server)
}

/// Runs a command with these variables.
fn run(home: &Home, args: &[&str], variables: &[(&str, &str)]) -> Ran {
    let mut command = home.command(args);
    command.envs(variables.iter().copied());
    finish(command.stdin(Stdio::piped()), "")
}

const ADA: [(&str, &str); 2] = [
    ("CODEGENIE_EMAIL", "ada@example.org"),
    ("CODEGENIE_PASSWORD", PASSWORD),
];
const BOB: [(&str, &str); 2] = [
    ("CODEGENIE_EMAIL", "bob@example.org"),
    ("CODEGENIE_PASSWORD", PASSWORD),
];

/// How a command is refused.
#[track_caller]
fn refused(ran: Ran, sentence: &str) {
    let ran = ran.failed();
    assert!(ran.err.contains(sentence), "{ran:?}");
    assert!(!format!("{ran:?}").contains(PASSWORD), "{ran:?}");
}

#[test]
fn a_model_is_loaded_pinned_shown_and_unloaded() {
    let (home, _server) = start();
    let models = |words: &[&str]| run(&home, &[&["models"], words].concat(), &ADA);
    let empty = models(&["ps"]).done();
    assert!(
        empty.out.starts_with("no language model is in memory")
            && empty.out.contains("0 kB of ")
            && empty.out.ends_with(" used\n"),
        "{empty:?}"
    );
    for _ in 0..2 {
        let loaded = models(&["load", "tiny"]).done();
        assert_eq!(loaded.out, "the model `tiny` is in memory\n");
    }
    let shown = models(&["ps"]).done();
    let row = shown
        .out
        .lines()
        .find(|line| line.starts_with("tiny"))
        .unwrap();
    let cells: Vec<&str> = row.split_whitespace().collect();
    assert_eq!(cells[..3], ["tiny", "ready", "no"], "{shown:?}");
    assert!(row.ends_with(" min"), "{shown:?}");

    for _ in 0..2 {
        models(&["pin", "tiny"]).done();
    }
    let ledger = models(&["ps", "--json"]).done().json();
    assert_eq!(ledger["residents"][0]["pinned"], true, "{ledger}");
    let pinned = models(&["ps"]).done();
    assert!(pinned.out.contains(" never\n"), "{pinned:?}");
    models(&["unpin", "tiny"]).done();

    models(&["unload", "tiny"]).done();
    for act in ["unload", "pin", "unpin"] {
        refused(models(&[act, "tiny"]), "the model `tiny` is not in memory");
    }
    let ledger = models(&["ps", "--json"]).done().json();
    assert_eq!(ledger["residents"], serde_json::json!([]));
}

#[test]
fn who_may_not_is_told_so_in_the_words_of_the_server() {
    let (home, _server) = start();
    let load = ["models", "load", "tiny"];
    let wrong = [ADA[0], ("CODEGENIE_PASSWORD", "Difference engine 1822")];
    refused(run(&home, &load, &wrong), "password");
    refused(run(&home, &load, &BOB), "your role does not allow this");
    refused(
        run(&home, &["models", "load", "phi-2"], &ADA),
        "there is no model `phi-2`",
    );
    refused(run(&home, &load, &[]), "give --email");
    // Nobody types here, and a password is never an argument.
    let asked = run(&home, &["models", "ps", "--email", "ada@example.org"], &[]);
    refused(asked, "set CODEGENIE_PASSWORD");
    run(&home, &["models", "ps", "--password", PASSWORD], &[]).refused_as_usage();
}

#[test]
fn a_token_may_look_but_not_change() {
    let (home, _server) = start();
    let made = home.run(&[
        "users",
        "token",
        "--email",
        "ada@example.org",
        "--name",
        "ps",
        "--json",
    ]);
    let made = made.done().json();
    let token = [("CODEGENIE_TOKEN", made["token"].as_str().unwrap())];
    let shown = run(&home, &["models", "ps", "--json"], &token).done();
    assert!(shown.json()["budget_bytes"].as_u64() > Some(0), "{shown:?}");
    let load = run(&home, &["models", "load", "tiny"], &token);
    refused(load, "takes no API token");
    // What a developer may see, a developer who signs in may see, too; what is typed goes before the token.
    let words = ["models", "ps", "--email", "bob@example.org"];
    run(&home, &words, &[token[0], BOB[1]]).done();
    let forged = [("CODEGENIE_TOKEN", "cg_forged")];
    run(&home, &["models", "ps"], &forged).failed();
    let listed = run(&home, &["config"], &[token[0], ADA[1]]).done();
    assert!(
        !listed.out.contains(token[0].1) && !listed.out.contains(PASSWORD),
        "{listed:?}"
    );
}

#[test]
fn without_a_server_the_address_and_what_to_do_are_told() {
    let home = Home::new();
    let free = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", free.local_addr().unwrap());
    drop(free);
    let nobody = run(&home, &["models", "ps", "--server", &address], &ADA);
    refused(nobody, &format!("no server answers at {address}"));
    let unencrypted = ["models", "ps", "--server", "http://genie.example.org"];
    refused(run(&home, &unencrypted, &ADA), "--plain-http");
    let nonsense = ["models", "ps", "--server", "genie"];
    refused(run(&home, &nonsense, &ADA), "is not the address");
}

#[test]
fn what_is_no_codegenie_server_is_told() {
    let home = Home::new();
    let other = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", other.local_addr().unwrap());
    let answering = std::thread::spawn(move || {
        let (mut connection, _) = other.accept().unwrap();
        let mut request = [0; 4096];
        let count = connection.read(&mut request).unwrap();
        connection
            .write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello")
            .unwrap();
        String::from_utf8_lossy(&request[..count]).into_owned()
    });
    let ran = run(&home, &["models", "ps", "--server", &address], &ADA);
    refused(ran, "is it a CodeGenie server?");
    // It is found out before the password is sent.
    let request = answering.join().unwrap();
    assert!(!request.contains(PASSWORD), "{request}");
}

/// Passes everything on to a server and keeps what clients say; gives the address to speak to.
fn listen_in(server: &Server) -> (String, Arc<Mutex<Vec<u8>>>) {
    let heard = Arc::new(Mutex::new(Vec::new()));
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let (to, kept) = (server.address.clone(), heard.clone());
    std::thread::spawn(move || {
        for client in listener.incoming().map_while(Result::ok) {
            let server = TcpStream::connect(&to).unwrap();
            let (mut answers, mut back) =
                (server.try_clone().unwrap(), client.try_clone().unwrap());
            std::thread::spawn(move || std::io::copy(&mut answers, &mut back));
            let kept = kept.clone();
            std::thread::spawn(move || pass_on(client, server, &kept));
        }
    });
    (address, heard)
}

fn pass_on(mut client: TcpStream, mut server: TcpStream, kept: &Mutex<Vec<u8>>) {
    let mut piece = [0; 4096];
    while let Ok(count @ 1..) = client.read(&mut piece) {
        kept.lock().unwrap().extend_from_slice(&piece[..count]);
        if server.write_all(&piece[..count]).is_err() {
            return;
        }
    }
    // The server closes when the client has.
    let _ = server.shutdown(Shutdown::Write);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_session_is_ended_whatever_came_of_the_request() {
    let (home, server) = start();
    for words in [
        &["models", "ps"][..],
        &["models", "load", "tiny"],
        &["models", "load", "phi-2"],
    ] {
        let (address, heard) = listen_in(&server);
        run(&home, &[words, &["--server", &address]].concat(), &ADA);
        let heard = String::from_utf8_lossy(&heard.lock().unwrap()).into_owned();
        assert!(heard.contains("POST /api/v1/auth/login "), "{heard}");
        let bearer = heard.lines().find_map(|line| {
            let line = line.trim_end();
            line.strip_prefix("authorization: Bearer ")
        });
        let client = Client::with_token(&server, bearer.unwrap());
        let (status, answer) = client.get("/api/v1/models/ledger").await.unwrap();
        assert_eq!(status, 401, "{words:?}: {answer}");
    }
}
