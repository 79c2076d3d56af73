//! Fifty power cuts: the server is killed at random moments while clients write, and nothing it acknowledged may be gone.

use std::collections::HashSet;
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};

use crate::program::{Client, Home, Server, finish};

const ROUNDS: u32 = 50;
/// Longest time from the first acknowledged write to the cut, microseconds.
const CUT_AFTER_US_MAX: u64 = 60_000;
/// Seed of the moments; any will do, this one makes a failure repeatable.
const SEED: u64 = 0x5eed_c0de_9e11_1e55;

/// What the server said it has stored.
#[derive(Default)]
struct Acknowledged {
    accounts: HashSet<String>,
    /// Conversation and message.
    answers: HashSet<(String, String)>,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_acknowledged_is_lost_when_the_server_is_killed() {
    let home = Home::new();
    home.create_user("user", "writer").done();
    let acknowledged = Arc::new(Mutex::new(Acknowledged::default()));
    let mut random = SEED;
    let mut writer: Option<Client> = None;
    for round in 0..ROUNDS {
        let server = start(&home);
        // A session outlives the cut as well, so only the first round signs in.
        let client = match &writer {
            Some(client) => client.at(&server),
            None => Client::signed_in(&server, "writer").await,
        };
        verify_answers(&client, &acknowledged, round).await;
        let cut_after = Duration::from_micros(next(&mut random) % CUT_AFTER_US_MAX);
        write_until_cut(server, &client, round, cut_after, &acknowledged).await;
        writer = Some(client);
        verify_accounts(&home, &acknowledged, round);
    }
    let server = start(&home);
    verify_answers(&writer.unwrap().at(&server), &acknowledged, ROUNDS).await;
    let acknowledged = acknowledged.lock().unwrap();
    assert!(
        acknowledged.accounts.len() >= 25,
        "{} accounts",
        acknowledged.accounts.len()
    );
    assert!(
        acknowledged.answers.len() >= 50,
        "{} answers",
        acknowledged.answers.len()
    );
}

fn start(home: &Home) -> Server {
    Server::start_with(command(home, &["serve", "--listen", "127.0.0.1:0"]))
}

/// Without the sandbox, whose self-test would take most of the time.
fn command(home: &Home, args: &[&str]) -> Command {
    let mut command = home.command(args);
    command.env("CODEGENIE_SANDBOX", "off");
    command
}

/// Two clients write; from the first acknowledged write on, the cut comes after `cut_after`.
async fn write_until_cut(
    server: Server,
    client: &Client,
    round: u32,
    cut_after: Duration,
    acknowledged: &Arc<Mutex<Acknowledged>>,
) {
    let (first, mut begun) = tokio::sync::mpsc::channel(1);
    let registering = tokio::spawn(register(
        Client::of(&server),
        round,
        acknowledged.clone(),
        first.clone(),
    ));
    let asking = tokio::spawn(ask(client.clone(), acknowledged.clone(), first));
    begun
        .recv()
        .await
        .expect("a client ended before anything was stored");
    // Writing never ends by itself, so this waits for exactly the time until the cut.
    let _ = tokio::time::timeout(cut_after, std::future::pending::<()>()).await;
    server.kill();
    registering.await.unwrap();
    asking.await.unwrap();
}

/// Registers accounts until the connection breaks.
async fn register(
    client: Client,
    round: u32,
    acknowledged: Arc<Mutex<Acknowledged>>,
    first: tokio::sync::mpsc::Sender<()>,
) {
    for n in 0.. {
        let Ok((status, answer)) = client.register(&format!("r{round}-n{n}")).await else {
            return;
        };
        // At the limit of attempts the other client goes on writing.
        if status == 429 {
            return;
        }
        assert_eq!(status, 201, "{answer}");
        acknowledged
            .lock()
            .unwrap()
            .accounts
            .insert(text(&answer["user"]["id"]));
        let _ = first.try_send(());
    }
}

/// Asks, every third time in the conversation before, until the connection breaks.
async fn ask(
    client: Client,
    acknowledged: Arc<Mutex<Acknowledged>>,
    first: tokio::sync::mpsc::Sender<()>,
) {
    let mut conversation = None;
    for n in 0.. {
        let mut body = json!({"message": format!("reverse a string, attempt {n}")});
        if let Some(id) = conversation.take().filter(|_| n % 3 != 0) {
            body["conversation_id"] = id;
        }
        let Ok((status, answer)) = client.post("/api/v1/ask", &body).await else {
            return;
        };
        assert_eq!(status, 200, "{answer}");
        let stored = (
            text(&answer["conversation_id"]),
            text(&answer["message_id"]),
        );
        conversation = Some(answer["conversation_id"].clone());
        acknowledged.lock().unwrap().answers.insert(stored);
        let _ = first.try_send(());
    }
}

/// Every acknowledged answer is in its conversation, each beside its question.
async fn verify_answers(client: &Client, acknowledged: &Mutex<Acknowledged>, round: u32) {
    let answers = acknowledged.lock().unwrap().answers.clone();
    let conversations: HashSet<&String> = answers
        .iter()
        .map(|(conversation, _)| conversation)
        .collect();
    // All of them at the end and now and then; the latest, which are the endangered ones, each time.
    let mut conversations: Vec<_> = conversations.into_iter().collect();
    conversations.sort_unstable();
    let every = round == ROUNDS || round.is_multiple_of(10);
    let checked = if every {
        &conversations[..]
    } else {
        &conversations[conversations.len().saturating_sub(10)..]
    };
    for conversation in checked {
        let path = format!("/api/v1/conversations/{conversation}/messages?limit=200");
        let (status, page) = client.get(&path).await.unwrap();
        assert_eq!(
            status, 200,
            "round {round}: conversation {conversation} is gone: {page}"
        );
        let messages = page["messages"]
            .as_array()
            .unwrap_or_else(|| panic!("{page}"));
        assert_eq!(messages.len() % 2, 0, "round {round}: half a turn: {page}");
        let ids: HashSet<String> = messages
            .iter()
            .map(|message| text(&message["id"]))
            .collect();
        for (_, message) in answers.iter().filter(|(of, _)| of == *conversation) {
            assert!(
                ids.contains(message),
                "round {round}: answer {message} is gone: {page}"
            );
        }
    }
}

/// Every acknowledged account is there, and the database is whole.
fn verify_accounts(home: &Home, acknowledged: &Mutex<Acknowledged>, round: u32) {
    let listed = home.run(&["users", "list", "--json"]).done().json();
    let ids: HashSet<String> = listed
        .as_array()
        .unwrap()
        .iter()
        .map(|user| text(&user["id"]))
        .collect();
    let lost: Vec<String> = acknowledged
        .lock()
        .unwrap()
        .accounts
        .difference(&ids)
        .cloned()
        .collect();
    assert_eq!(lost, Vec::<String>::new(), "round {round}");
    let found = finish(
        command(home, &["doctor", "--json"]).stdin(Stdio::piped()),
        "",
    )
    .json();
    let is_whole = found
        .as_array()
        .unwrap()
        .iter()
        .any(|row| row["name"] == "database" && row["ok"] == true);
    assert!(is_whole, "round {round}: {found}");
}

fn text(value: &Value) -> String {
    value
        .as_str()
        .unwrap_or_else(|| panic!("{value}"))
        .to_owned()
}

/// The next number of xorshift64* (Vigna 2016, ACM TOMS 42(4)).
fn next(state: &mut u64) -> u64 {
    *state ^= *state >> 12;
    *state ^= *state << 25;
    *state ^= *state >> 27;
    state.wrapping_mul(0x2545_f491_4f6c_dd1d)
}
