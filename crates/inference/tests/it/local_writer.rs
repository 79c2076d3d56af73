//! Models of this machine under a planner: real engines on tiny models that are switched, killed, stopped, pinned and unloaded.

use std::num::{NonZeroU32, NonZeroUsize};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use domain::models::catalogue::ModelCatalogue as _;
use domain::models::residence::{Ledger, Residence as _, ResidentState};
use domain::models::writing::{
    ChatMessage, FinishReason, Finished, Prompt, Sampling, Shape, Speaker, Writer as _, Writing,
    WritingError, WritingEvent, WritingRequest,
};
use domain::{Clock, Timestamp};
use inference::engine::GpuLayers;
use inference::gguf::Value;
use inference::{LocalWriter, LocalWriterConfig, WriterLimits};

use crate::catalogue::{Patience, catalogue, name};
use crate::{ENGINE, PATIENCE, send_signal, tiny};

/// Tokens of the tiny models' context.
const CONTEXT_TOKENS: u32 = 4096;

struct Noon;

impl Clock for Noon {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(1_700_000_000_000)
    }
}

/// A folder with tiny models `a` and `b`, and what writes with them.
struct House {
    writer: Arc<LocalWriter>,
    _folder: tempfile::TempDir,
}

pub(crate) fn config() -> LocalWriterConfig {
    LocalWriterConfig {
        program: ENGINE.into(),
        args: Vec::new(),
        budget_bytes: 1 << 30,
        context_tokens: NonZeroU32::new(CONTEXT_TOKENS).unwrap(),
        parallel_max: NonZeroU32::new(4).unwrap(),
        threads: NonZeroUsize::MIN,
        gpu_layers: GpuLayers::Most(0),
        limits: WriterLimits {
            silence: PATIENCE,
            start: PATIENCE,
            ..WriterLimits::default()
        },
    }
}

/// A model whose texts may be long.
fn write_model(path: &Path, seed: u64, changed: &[(&str, Value)]) {
    let mut metadata = tiny::metadata();
    let changes = changed.iter().map(|(key, value)| (*key, value.clone()));
    let context = ("llama.context_length", Value::U32(CONTEXT_TOKENS));
    for (key, value) in changes.chain([context]) {
        for (known, old) in &mut metadata {
            if known == key {
                *old = value.clone();
            }
        }
    }
    tiny::write_model_with(path, &metadata, seed);
}

async fn house(config: LocalWriterConfig) -> House {
    let folder = tempfile::tempdir().unwrap();
    let models = catalogue(folder.path());
    for (seed, model) in ["a", "b"].into_iter().enumerate() {
        let path = folder.path().join(format!("{model}.gguf"));
        write_model(&path, seed as u64, &[]);
        models
            .import(path, name(model), &Patience::endless())
            .await
            .unwrap();
    }
    let writer = LocalWriter::new(config, Arc::new(models), Arc::new(Noon));
    House {
        writer: Arc::new(writer),
        _folder: folder,
    }
}

pub(crate) fn request(model: &str, text: &str, max_new_tokens: u32) -> WritingRequest {
    WritingRequest {
        model: name(model),
        adapter: None,
        prompt: Prompt::Text(text.to_owned()),
        sampling: Sampling {
            max_new_tokens,
            ..Sampling::default()
        },
        shape: Shape::Free,
        owner: "somebody".to_owned(),
        is_lookup: false,
        logprobs: None,
    }
}

/// What came of a request, with its text.
pub(crate) async fn read(
    mut writing: Box<dyn Writing>,
) -> Result<(Finished, String), WritingError> {
    let mut text = String::new();
    let read = async {
        while let Some(event) = writing.next().await {
            match event? {
                WritingEvent::Waiting { .. } | WritingEvent::Started { .. } => {}
                WritingEvent::Text { text: piece, .. } => text.push_str(&piece),
                WritingEvent::Finished(finished) => return Ok((*finished, text)),
            }
        }
        panic!("it ended without an end");
    };
    tokio::time::timeout(PATIENCE, read)
        .await
        .expect("it hangs")
}

/// Reads until the first piece of text.
async fn read_first(writing: &mut Box<dyn Writing>) {
    loop {
        let event = tokio::time::timeout(PATIENCE, writing.next()).await;
        if let WritingEvent::Text { .. } = event.expect("it hangs").unwrap().unwrap() {
            return;
        }
    }
}

impl House {
    async fn write(&self, request: WritingRequest) -> Result<(Finished, String), WritingError> {
        read(self.writer.write(request).await?).await
    }

    async fn pid(&self, model: &str) -> u32 {
        self.resident(model).await.unwrap().pid.unwrap()
    }

    async fn resident(&self, model: &str) -> Option<domain::models::residence::Resident> {
        let residents = self.writer.ledger().await.residents;
        residents
            .into_iter()
            .find(|resident| resident.model == name(model))
    }

    /// Gives other tasks their turn until the ledger says so.
    async fn wait_until(&self, is_done: impl Fn(&Ledger) -> bool) {
        let begin = Instant::now();
        while !is_done(&self.writer.ledger().await) {
            assert!(begin.elapsed() < PATIENCE, "waited in vain");
            tokio::task::yield_now().await;
        }
    }

    /// The memory of one model as the tests load it.
    async fn one_model_bytes(&self) -> u64 {
        self.writer.load(&name("a")).await.unwrap();
        self.writer.ledger().await.used_bytes
    }
}

/// A house where only one model has room.
async fn small_house(limits: WriterLimits) -> House {
    let bytes = house(config()).await.one_model_bytes().await;
    house(LocalWriterConfig {
        budget_bytes: bytes,
        limits,
        ..config()
    })
    .await
}

#[tokio::test]
async fn a_text_is_written_step_by_step_and_the_same_again() {
    let house = house(config()).await;
    let mut writing = house
        .writer
        .write(request("a", "Once upon a time", 20))
        .await
        .unwrap();
    let mut kinds = Vec::new();
    let mut text = String::new();
    let mut finished = None;
    while let Some(event) = writing.next().await {
        kinds.push(match event.unwrap() {
            WritingEvent::Waiting {
                position,
                is_loading,
                estimate_ms,
            } => {
                assert!(is_loading && position == 0 && estimate_ms.is_some());
                'w'
            }
            WritingEvent::Started { prompt_tokens, .. } => {
                assert!(prompt_tokens > 10, "a token for each byte: {prompt_tokens}");
                's'
            }
            WritingEvent::Text { text: piece, .. } => {
                text.push_str(&piece);
                't'
            }
            WritingEvent::Finished(last) => {
                finished = Some(last);
                'f'
            }
        });
    }
    kinds.dedup();
    let kinds: String = kinds.into_iter().collect();
    assert!(kinds == "wstf" || kinds == "wsf", "{kinds}");
    let finished = finished.unwrap();
    assert!(finished.new_tokens <= 20);
    assert!(finished.weights.is_some() && finished.template.is_none());
    assert!(finished.waiting_us > 0);
    let again = house.write(request("a", "Once upon a time", 20)).await;
    assert_eq!(again.unwrap().1, text);
    let counters = house.writer.counters();
    assert_eq!(
        (counters.requests, counters.finished, counters.loads),
        (2, 2, 1)
    );
    let sums = counters.models[&name("a")];
    assert_eq!(sums.new_tokens, u64::from(finished.new_tokens) * 2);
}

#[tokio::test]
async fn a_chat_is_written_out_in_the_models_template() {
    let house = house(config()).await;
    let mut chat = request("a", "", 4);
    chat.prompt = Prompt::Chat(vec![ChatMessage {
        speaker: Speaker::User,
        text: "hello".to_owned(),
    }]);
    let (finished, _) = house.write(chat).await.unwrap();
    assert!(finished.template.is_some());
    assert!(finished.prompt_tokens > 5);
}

#[tokio::test]
async fn what_was_computed_for_one_owner_is_not_used_for_another() {
    let house = house(config()).await;
    let asked_by = |owner: &str| WritingRequest {
        owner: owner.to_owned(),
        ..request("a", &"a long history ".repeat(20), 3)
    };
    let reused = async |owner| house.write(asked_by(owner)).await.unwrap().0.reused_tokens;
    assert_eq!(reused("one").await, 0);
    assert!(reused("one").await > 100);
    assert_eq!(reused("another").await, 0);
}

#[tokio::test]
async fn a_text_keeps_to_a_json_schema() {
    let house = house(config()).await;
    let mut asked = request("a", "Is it?", 40);
    let schema =
        r#"{"type": "object", "properties": {"is": {"type": "boolean"}}, "required": ["is"]}"#;
    asked.shape = Shape::JsonSchema(schema.to_owned());
    let (finished, text) = house.write(asked.clone()).await.unwrap();
    assert_eq!(finished.reason, FinishReason::Stop);
    let value: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert!(value["is"].is_boolean(), "{text}");
    // Words that end an answer in the template may stand in the JSON.
    let mut chat = asked.clone();
    chat.prompt = Prompt::Chat(vec![ChatMessage {
        speaker: Speaker::User,
        text: "hello".to_owned(),
    }]);
    chat.shape = Shape::JsonSchema(r####"{"const": "### User: me"}"####.to_owned());
    let (_, text) = house.write(chat).await.unwrap();
    assert_eq!(text, r####""### User: me""####);
    asked.shape = Shape::JsonSchema("{".to_owned());
    let error = house.write(asked).await.unwrap_err();
    assert!(matches!(error, WritingError::Refused(_)), "{error}");
}

#[tokio::test]
async fn two_models_share_the_memory_of_one_with_few_switches() {
    let house = small_house(config().limits).await;
    let mut tasks = Vec::new();
    for round in 0..24 {
        let model = ["a", "b"][round % 2];
        let writing = house
            .writer
            .write(request(model, &format!("round {round}"), 20));
        tasks.push(tokio::spawn(read(writing.await.unwrap())));
    }
    for task in tasks {
        task.await.unwrap().unwrap();
    }
    let counters = house.writer.counters();
    assert_eq!(counters.finished, 24);
    assert!(counters.loads <= 4, "{counters:?}");
    let ledger = house.writer.ledger().await;
    assert!(ledger.used_bytes <= ledger.budget_bytes);
    assert_eq!(ledger.residents.len(), 1);
}

#[tokio::test]
async fn a_kill_before_the_first_word_goes_unnoticed() {
    let house = house(config()).await;
    let expected = house.write(request("a", "again", 20)).await.unwrap().1;
    let pid = house.pid("a").await;
    // A stopped engine takes the request and cannot answer it before it is killed.
    send_signal("-STOP", pid);
    let writing = house.writer.write(request("a", "again", 20)).await.unwrap();
    house
        .wait_until(|ledger| {
            ledger
                .residents
                .iter()
                .any(|resident| resident.running == 1)
        })
        .await;
    send_signal("-KILL", pid);
    assert_eq!(read(writing).await.unwrap().1, expected);
    assert_ne!(house.pid("a").await, pid);
    let counters = house.writer.counters();
    assert_eq!((counters.retried, counters.engine_deaths), (1, 1));
}

#[tokio::test]
async fn a_kill_in_mid_text_is_told_and_the_next_request_works() {
    let house = house(config()).await;
    let mut writing = house
        .writer
        .write(request("a", "a long story", 4000))
        .await
        .unwrap();
    read_first(&mut writing).await;
    send_signal("-KILL", house.pid("a").await);
    let error = read(writing).await.unwrap_err();
    let WritingError::Failed { model, reason } = &error else {
        panic!("{error}");
    };
    assert_eq!(*model, name("a"));
    assert!(reason.contains("its engine ended (signal: 9"), "{reason}");
    assert!(house.write(request("a", "and another", 5)).await.is_ok());
}

#[tokio::test]
async fn kills_under_load_leave_nobody_hanging() {
    let house = house(config()).await;
    let mut tasks = Vec::new();
    for round in 0..30 {
        let model = ["a", "b"][round % 2];
        let writing = house.writer.write(request(model, &format!("{round}"), 60));
        tasks.push(tokio::spawn(read(writing.await.unwrap())));
        if round % 10 == 9 {
            house
                .wait_until(|ledger| {
                    let mut residents = ledger.residents.iter();
                    residents.any(|resident| resident.state == ResidentState::Ready)
                        || ledger.waiting.is_empty()
                })
                .await;
            for resident in house.writer.ledger().await.residents {
                send_signal("-KILL", resident.pid.unwrap());
            }
        }
    }
    for task in tasks {
        match task.await.unwrap() {
            Ok(_) | Err(WritingError::Failed { .. }) => {}
            Err(other) => panic!("{other}"),
        }
    }
    for model in ["a", "b"] {
        assert!(house.write(request(model, "after", 5)).await.is_ok());
    }
    house
        .wait_until(|ledger| {
            ledger
                .residents
                .iter()
                .all(|resident| resident.running == 0)
        })
        .await;
}

#[tokio::test]
async fn an_engine_that_hangs_is_replaced() {
    let mut config = config();
    config.limits.silence = Duration::from_secs(3);
    let house = house(config).await;
    house.writer.load(&name("a")).await.unwrap();
    send_signal("-STOP", house.pid("a").await);
    assert!(house.write(request("a", "hello", 3)).await.is_ok());
    let counters = house.writer.counters();
    assert_eq!((counters.loads, counters.engine_deaths), (2, 1));
}

#[tokio::test]
async fn a_second_death_over_one_request_is_told() {
    let mut config = config();
    // No engine is as fast as this, least of all with much to read.
    config.limits.silence = Duration::ZERO;
    let house = house(config).await;
    let long = "hello ".repeat(200);
    let error = house.write(request("a", &long, 3)).await.unwrap_err();
    assert!(
        matches!(&error, WritingError::Failed { reason, .. } if reason.contains("said nothing for 0ns")),
        "{error}"
    );
    let counters = house.writer.counters();
    assert_eq!((counters.engine_deaths, counters.retried), (2, 1));
}

#[tokio::test]
async fn a_reader_who_leaves_frees_his_place_at_once() {
    let house = house(LocalWriterConfig {
        parallel_max: NonZeroU32::MIN,
        ..config()
    })
    .await;
    let mut long = house
        .writer
        .write(request("a", "a long story", 4000))
        .await
        .unwrap();
    read_first(&mut long).await;
    let waiting = house.writer.write(request("a", "short", 3)).await.unwrap();
    drop(long);
    let (finished, _) = read(waiting).await.unwrap();
    assert!(finished.new_tokens <= 3);
    let counters = house.writer.counters();
    assert_eq!((counters.left, counters.finished), (1, 1));
    // One who leaves before his turn is forgotten, too.
    send_signal("-STOP", house.pid("a").await);
    let first = house.writer.write(request("a", "x", 3)).await.unwrap();
    let second = house.writer.write(request("a", "y", 3)).await.unwrap();
    drop(second);
    house.wait_until(|ledger| ledger.waiting.is_empty()).await;
    send_signal("-CONT", house.pid("a").await);
    assert!(read(first).await.is_ok());
}

#[tokio::test]
async fn a_reader_who_does_not_read_holds_nobody_up() {
    let house = house(config()).await;
    let unread = house
        .writer
        .write(request("a", "a long story", 500))
        .await
        .unwrap();
    for round in 0..3 {
        let asked = request("a", &format!("{round}"), 5);
        assert!(house.write(asked).await.is_ok());
    }
    house
        .wait_until(|ledger| {
            ledger
                .residents
                .iter()
                .all(|resident| resident.running == 0)
        })
        .await;
    assert!(read(unread).await.is_ok());
}

fn exists(pid: u32) -> bool {
    PathBuf::from(format!("/proc/{pid}")).exists()
}

#[tokio::test]
async fn unloading_gives_the_memory_back_and_finishes_what_was_begun() {
    let house = house(config()).await;
    assert_eq!(house.writer.unload(&name("a")).await, Ok(false));
    let mut writing = house
        .writer
        .write(request("a", "a long story", 300))
        .await
        .unwrap();
    read_first(&mut writing).await;
    let pid = house.pid("a").await;
    assert_eq!(house.writer.unload(&name("a")).await, Ok(true));
    #[cfg(target_os = "linux")]
    assert!(!exists(pid), "neither a process nor a zombie may stay");
    assert!(read(writing).await.is_ok(), "what was begun is finished");
    let ledger = house.writer.ledger().await;
    assert_eq!((ledger.used_bytes, ledger.residents.len()), (0, 0));
    assert!(house.write(request("a", "again", 3)).await.is_ok());
    assert_eq!(house.writer.counters().loads, 2);
}

#[tokio::test]
async fn a_pinned_model_makes_no_room() {
    let house = small_house(config().limits).await;
    assert_eq!(house.writer.pin(&name("a"), true).await, Ok(false));
    house.writer.load(&name("a")).await.unwrap();
    assert_eq!(house.writer.pin(&name("a"), true).await, Ok(true));
    assert!(house.resident("a").await.unwrap().is_pinned);
    let error = house.write(request("b", "hello", 3)).await.unwrap_err();
    assert!(
        matches!(&error, WritingError::NoMemory { model, .. } if *model == name("b")),
        "{error}"
    );
    assert_eq!(house.writer.pin(&name("a"), false).await, Ok(true));
    assert!(house.write(request("b", "hello", 3)).await.is_ok());
    assert!(house.resident("a").await.is_none());
}

#[tokio::test]
async fn a_model_gets_less_context_and_fewer_places_before_it_is_refused() {
    let with_budget = |budget_bytes| LocalWriterConfig {
        budget_bytes,
        ..config()
    };
    let bytes = house(with_budget(1 << 30)).await.one_model_bytes().await;
    let parallel = async |budget_bytes| {
        let house = house(with_budget(budget_bytes)).await;
        house.writer.load(&name("a")).await?;
        let resident = house.resident("a").await.unwrap();
        Ok::<_, WritingError>((resident.context_tokens, resident.parallel_max))
    };
    assert_eq!(parallel(bytes).await, Ok((CONTEXT_TOKENS, 4)));
    assert_eq!(parallel(bytes - 1).await, Ok((CONTEXT_TOKENS, 2)));
    // And with one place already: half the context, which the smallest prompts with sources need.
    let one = LocalWriterConfig {
        parallel_max: NonZeroU32::MIN,
        ..config()
    };
    let bytes = house(one.clone()).await.one_model_bytes().await;
    let shorter = house(LocalWriterConfig {
        budget_bytes: bytes - 1,
        ..one
    })
    .await;
    shorter.writer.load(&name("a")).await.unwrap();
    let resident = shorter.resident("a").await.unwrap();
    assert_eq!((resident.context_tokens, resident.parallel_max), (2048, 1));
    assert!(matches!(
        parallel(1000).await,
        Err(WritingError::NoMemory {
            budget_bytes: 1000,
            ..
        })
    ));
}

#[tokio::test]
async fn what_cannot_be_loaded_is_told_and_others_work() {
    let folder = tempfile::tempdir().unwrap();
    let models = catalogue(folder.path());
    let good = folder.path().join("good.gguf");
    write_model(&good, 1, &[]);
    models
        .import(good.clone(), name("good"), &Patience::endless())
        .await
        .unwrap();
    models
        .import(good, name("bad"), &Patience::endless())
        .await
        .unwrap();
    // Put there by hand, past the trial of an import: nothing that the catalogue looks at, but llama.cpp knows no such tokeniser.
    let bad = folder.path().join("language/bad/model.gguf");
    let tokeniser = Value::String("nonsense".to_owned());
    write_model(&bad, 2, &[("tokenizer.ggml.model", tokeniser)]);
    let writer = LocalWriter::new(config(), Arc::new(models), Arc::new(Noon));
    let here = folder.path().to_str().unwrap();
    let fails = async || {
        let error = match writer.write(request("bad", "hello", 3)).await {
            Err(error) => error,
            Ok(writing) => read(writing).await.unwrap_err(),
        };
        assert!(
            matches!(&error, WritingError::Failed { model, reason } if *model == name("bad") && !reason.is_empty()),
            "{error}"
        );
        // Users read this, and where the server keeps its files is not theirs to know.
        let told = error.to_string();
        assert!(!told.contains(here) && !told.contains(".gguf"), "{told}");
        told
    };
    for _ in 0..2 {
        assert!(fails().await.contains("its file cannot be loaded"));
    }
    std::fs::write(&bad, b"GGUF is how it begins, but not how it goes on").unwrap();
    for _ in 0..2 {
        assert!(fails().await.contains("codegenie models list"));
    }
    write_model(&bad, 2, &[]);
    let odd = writer
        .write(request("No-Model-Of-This-Machine", "a", 3))
        .await;
    assert!(matches!(odd.err(), Some(WritingError::UnknownModel(_))));
    let unknown = writer.write(request("nobody", "hello", 3)).await.err();
    assert_eq!(unknown, Some(WritingError::UnknownModel(name("nobody"))));
    let writing = writer.write(request("good", "hello", 3)).await.unwrap();
    assert!(read(writing).await.is_ok());
    assert_eq!(writer.list_names().await, [name("bad"), name("good")]);
}

#[tokio::test]
async fn an_engine_that_cannot_start_is_tried_a_few_times_and_told() {
    for program in ["/nonexistent/program", "/bin/false"] {
        let house = house(LocalWriterConfig {
            program: program.into(),
            ..config()
        })
        .await;
        let error = house.write(request("a", "hello", 3)).await.unwrap_err();
        assert!(matches!(error, WritingError::Failed { .. }), "{error}");
        assert!(!error.to_string().contains(program), "{error}");
        assert_eq!(house.writer.counters().loads, 4);
        let error = house.write(request("a", "hello", 3)).await.unwrap_err();
        assert!(
            error.to_string().contains("the next attempt is in"),
            "{error}"
        );
    }
}

#[tokio::test]
async fn requests_that_cannot_be_done_are_refused_in_words() {
    let house = house(config()).await;
    let refused = async |change: fn(&mut WritingRequest)| {
        let mut request = request("a", "hello", 3);
        change(&mut request);
        house.writer.write(request).await.err().unwrap().to_string()
    };
    for (change, words) in [
        (
            (|request| request.sampling.temperature = f32::NAN) as fn(&mut WritingRequest),
            "temperature is NaN",
        ),
        (|request| request.sampling.max_new_tokens = 0, "give 1 to"),
        (
            |request| request.sampling.stop = vec![String::new()],
            "is empty",
        ),
        (|request| request.logprobs = Some(21), "at most 20"),
        (
            |request| request.prompt = Prompt::Text("x".repeat(2 << 20)),
            "shorten it",
        ),
        (
            |request| request.adapter = "ghost".parse().ok(),
            "has no adapter `ghost`",
        ),
    ] {
        let said = refused(change).await;
        assert!(said.contains(words), "{said}");
    }
    // What only the engine can tell.
    let error = house.write(request("a", &"word ".repeat(2000), 3)).await;
    assert!(
        matches!(
            error,
            Err(WritingError::TooLong {
                context_tokens: CONTEXT_TOKENS,
                ..
            })
        ),
        "{error:?}"
    );
    assert_eq!(house.writer.counters().failed, 1);
}

#[tokio::test]
async fn a_full_queue_refuses() {
    let mut config = config();
    config.limits.waiting_max = 0;
    let house = house(config).await;
    let error = house.writer.write(request("a", "hello", 3)).await.err();
    assert_eq!(error, Some(WritingError::Busy(0)));
}

#[tokio::test]
async fn long_prompts_fill_the_queue_sooner() {
    let house = house(LocalWriterConfig {
        parallel_max: NonZeroU32::MIN,
        ..config()
    })
    .await;
    house.writer.load(&name("a")).await.unwrap();
    let pid = house.pid("a").await;
    send_signal("-STOP", pid);
    let long = "x".repeat(1 << 20);
    let mut taken = Vec::new();
    let error = loop {
        match house.writer.write(request("a", &long, 3)).await {
            Ok(writing) => taken.push(writing),
            Err(error) => break error,
        }
    };
    assert_eq!((taken.len(), error), (64, WritingError::Busy(63)));
    drop(taken);
    send_signal("-CONT", pid);
    assert!(house.write(request("a", "short", 3)).await.is_ok());
}

#[tokio::test]
async fn an_idle_model_leaves() {
    let mut config = config();
    config.limits.keep_alive = Duration::ZERO;
    let house = house(config).await;
    assert!(house.write(request("a", "hello", 3)).await.is_ok());
    house.wait_until(|ledger| ledger.residents.is_empty()).await;
}

#[tokio::test]
async fn tokens_are_counted_by_a_model_in_memory_alone() {
    let house = house(config()).await;
    assert_eq!(house.writer.count_tokens(&name("a"), "hello").await, None);
    house.writer.load(&name("a")).await.unwrap();
    let count = house.writer.count_tokens(&name("a"), "hello").await;
    assert!(count.is_some_and(|count| count >= 5), "{count:?}");
}

#[tokio::test]
async fn closing_ends_every_process_and_every_text() {
    let house = house(config()).await;
    let mut begun = house
        .writer
        .write(request("a", "a long story", 4000))
        .await
        .unwrap();
    read_first(&mut begun).await;
    let pid = house.pid("a").await;
    house.writer.close().await;
    assert_eq!(read(begun).await.err(), Some(WritingError::Closing));
    #[cfg(target_os = "linux")]
    assert!(!exists(pid));
    let refused = house.writer.write(request("a", "more", 3)).await.err();
    assert_eq!(refused, Some(WritingError::Closing));
    house.writer.close().await;
    assert_eq!(house.writer.ledger().await, Ledger::default());
}

#[tokio::test]
async fn adapters_are_loaded_with_their_model_and_named_by_requests() {
    let folder = tempfile::tempdir().unwrap();
    let models = Arc::new(catalogue(folder.path()));
    let path = folder.path().join("a.gguf");
    write_model(&path, 1, &[]);
    let imported = models.import(path, name("a"), &Patience::endless()).await;
    imported.unwrap();
    let writer = LocalWriter::new(config(), models.clone(), Arc::new(Noon));
    let plain = request("a", "hello", 10);
    let adapted = WritingRequest {
        adapter: "terse".parse().ok(),
        ..plain.clone()
    };
    let error = writer.write(adapted.clone()).await.err();
    assert!(
        matches!(error, Some(WritingError::UnknownAdapter { .. })),
        "{error:?}"
    );
    let before = read(writer.write(plain.clone()).await.unwrap()).await;
    let path = folder.path().join("terse.gguf");
    tiny::write_adapter(&path, "llama");
    let adapter = "terse".parse().unwrap();
    models
        .import_adapter(path, &name("a"), adapter)
        .await
        .unwrap();
    // The engine that runs knows nothing of it and is replaced.
    let other = writer.write(adapted.clone()).await.unwrap();
    let other = read(other).await.unwrap();
    let ledger = writer.ledger().await;
    assert_eq!(ledger.residents[0].adapters.len(), 1);
    assert!(ledger.residents[0].memory.adapters > 0);
    let after = read(writer.write(plain).await.unwrap()).await;
    let probability = |finished: Finished| finished.mean_probability.unwrap();
    let [before, after] = [before, after].map(|read| probability(read.unwrap().0));
    assert!((before - after).abs() < 1e-6, "{before} {after}");
    let other = probability(other.0);
    assert!((before - other).abs() > 1e-6, "{before} {other}");
    assert_eq!(writer.counters().loads, 2);
    // Nor does it know that the file is another.
    let path = folder.path().join("terser.gguf");
    tiny::write_adapter_with(&path, "llama", 2);
    let adapter = "terse".parse().unwrap();
    models
        .import_adapter(path, &name("a"), adapter)
        .await
        .unwrap();
    let replaced = read(writer.write(adapted).await.unwrap()).await.unwrap();
    let replaced = probability(replaced.0);
    assert!((replaced - other).abs() > 1e-6, "{replaced} {other}");
    assert_eq!(writer.counters().loads, 3);
}

#[tokio::test]
async fn a_model_that_is_removed_finishes_what_it_began_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let models = Arc::new(catalogue(folder.path()));
    let path = folder.path().join("own.gguf");
    write_model(&path, 1, &[]);
    let import = async || {
        models
            .import(path.clone(), name("a"), &Patience::endless())
            .await
            .unwrap()
    };
    import().await;
    let alone = LocalWriterConfig {
        parallel_max: NonZeroU32::MIN,
        ..config()
    };
    let writer = LocalWriter::new(alone, models.clone(), Arc::new(Noon));
    let long = request("a", "a long story", 300);
    let mut begun = writer.write(long).await.unwrap();
    read_first(&mut begun).await;
    let waiting = writer.write(request("a", "short", 3)).await.unwrap();
    models.remove(&name("a")).await.unwrap();
    assert_eq!(writer.unload(&name("a")).await, Ok(true));
    assert!(read(begun).await.is_ok());
    let unknown = WritingError::UnknownModel(name("a"));
    assert_eq!(read(waiting).await.unwrap_err(), unknown);
    assert!(writer.ledger().await.residents.is_empty());
    import().await;
    let again = writer.write(request("a", "short", 3)).await.unwrap();
    assert!(read(again).await.is_ok());
}

#[tokio::test]
async fn a_model_whose_file_was_replaced_is_loaded_anew() {
    let folder = tempfile::tempdir().unwrap();
    let models = Arc::new(catalogue(folder.path()));
    let import = async |seed| {
        let path = folder.path().join(format!("{seed}.gguf"));
        write_model(&path, seed, &[]);
        models
            .import(path, name("a"), &Patience::endless())
            .await
            .unwrap()
            .weights
    };
    let first = import(1).await;
    let writer = LocalWriter::new(config(), models.clone(), Arc::new(Noon));
    let ask = async || {
        let writing = writer.write(request("a", "hello", 3)).await.unwrap();
        read(writing).await.unwrap().0
    };
    assert_eq!(ask().await.weights, Some(first));
    models.remove(&name("a")).await.unwrap();
    let second = import(2).await;
    assert_ne!(first, second);
    assert_eq!(ask().await.weights, Some(second));
    assert_eq!(writer.counters().loads, 2);
    let reason = ask().await.reason;
    assert!(matches!(reason, FinishReason::Stop | FinishReason::Length));
}
