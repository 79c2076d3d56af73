//! Engines that die or hang, callers that leave, and the end of the embedder.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use domain::embedding::{EmbedError, Embedder as _};
use inference::SupervisedEmbedder;

use crate::{config, embedder, model, send_signal, texts, wait_until};

fn long_list(count: usize) -> Vec<String> {
    (0..count)
        .map(|number| {
            format!(
                "{number} {}",
                "a list is sorted before it is searched ".repeat(40)
            )
        })
        .collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_kill_in_mid_request_goes_unnoticed() {
    let embedder = Arc::new(embedder());
    let asked = texts(&["first", "second", "third"]);
    let expected = embedder.embed(&asked).await.unwrap();
    let pid = embedder.status().pid.unwrap();
    // A stopped engine takes the question and cannot answer it before it is killed.
    send_signal("-STOP", pid);
    let call = tokio::spawn({
        let (embedder, asked) = (Arc::clone(&embedder), asked.clone());
        async move { embedder.embed(&asked).await }
    });
    wait_until(|| embedder.status().is_busy).await;
    send_signal("-KILL", pid);
    assert_eq!(call.await.unwrap().unwrap(), expected);
    let status = embedder.status();
    assert_eq!(status.starts, 2);
    assert_ne!(status.pid, Some(pid));
}

#[tokio::test]
async fn a_kill_between_requests_goes_unnoticed_again_and_again() {
    let embedder = embedder();
    for round in 1..=4 {
        // A new text each time; the last ones are remembered.
        let vectors = embedder
            .embed(&texts(&[&format!("round {round}")]))
            .await
            .unwrap();
        assert_eq!(vectors[0].len(), 384);
        assert_eq!(embedder.status().starts, round);
        send_signal("-KILL", embedder.status().pid.unwrap());
    }
}

#[tokio::test]
async fn an_engine_that_hangs_is_replaced() {
    let mut config = config(&model());
    config.limits.answer = Duration::from_secs(3);
    let embedder = SupervisedEmbedder::new(config).unwrap();
    embedder.start().await.unwrap();
    send_signal("-STOP", embedder.status().pid.unwrap());
    assert_eq!(embedder.embed(&texts(&["hello"])).await.unwrap().len(), 1);
    assert_eq!(embedder.status().starts, 2);
}

#[tokio::test]
async fn two_deaths_over_one_request_are_reported_and_the_next_request_works() {
    let mut config = config(&model());
    config.limits.answer = Duration::from_millis(1);
    let embedder = SupervisedEmbedder::new(config).unwrap();
    let error = embedder.embed(&long_list(16)).await.unwrap_err();
    assert!(
        matches!(&error, EmbedError::Failed(reason) if reason.contains("did not answer within 1ms")),
        "{error}"
    );
    assert_eq!(embedder.status().starts, 2);
    embedder.start().await.unwrap();
    assert_eq!(embedder.status().starts, 3);
}

#[tokio::test]
async fn an_engine_that_cannot_start_is_reported_every_time() {
    for program in ["/nonexistent/program", "/bin/false"] {
        let mut config = config(&model());
        config.program = PathBuf::from(program);
        let embedder = SupervisedEmbedder::new(config).unwrap();
        for _ in 0..8 {
            let error = embedder.embed(&texts(&["a"])).await.unwrap_err();
            assert!(matches!(error, EmbedError::Failed(_)), "{error}");
        }
        let error = embedder.embed(&texts(&["a"])).await.unwrap_err();
        assert!(
            error.to_string().contains("the next attempt is in"),
            "{error}"
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_question_does_not_wait_for_an_import() {
    let embedder = Arc::new(embedder());
    let import = tokio::spawn({
        let embedder = Arc::clone(&embedder);
        async move { embedder.embed(&long_list(300)).await }
    });
    wait_until(|| embedder.status().is_busy).await;
    assert_eq!(
        embedder.embed(&texts(&["a question"])).await.unwrap().len(),
        1
    );
    assert!(!import.is_finished());
    // A caller who leaves takes the rest of the work along.
    import.abort();
    assert!(import.await.unwrap_err().is_cancelled());
    wait_until(|| !embedder.status().is_busy).await;
    assert_eq!(embedder.status().waiting, 0);
}

#[tokio::test]
async fn a_full_queue_refuses() {
    let mut config = config(&model());
    config.limits.waiting_max = 0;
    let embedder = SupervisedEmbedder::new(config).unwrap();
    let error = embedder.embed(&texts(&["a"])).await.unwrap_err();
    assert!(error.to_string().contains("try again later"), "{error}");
}

#[tokio::test]
async fn a_text_asked_twice_is_remembered() {
    let embedder = embedder();
    let first = embedder.embed(&texts(&["twice"])).await.unwrap();
    send_signal("-KILL", embedder.status().pid.unwrap());
    assert_eq!(embedder.embed(&texts(&["twice"])).await.unwrap(), first);
    assert_eq!(embedder.status().starts, 1);
}

#[cfg(target_os = "linux")]
fn exists(pid: u32) -> bool {
    std::path::Path::new("/proc").join(pid.to_string()).exists()
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_dropped_embedder_leaves_no_process_behind() {
    let embedder = embedder();
    embedder.start().await.unwrap();
    let pid = embedder.status().pid.unwrap();
    assert!(exists(pid));
    drop(embedder);
    assert!(!exists(pid), "neither a process nor a zombie may stay");
}

#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_embedder_can_be_dropped_while_its_engine_hangs() {
    let embedder = Arc::new(embedder());
    embedder.start().await.unwrap();
    let pid = embedder.status().pid.unwrap();
    send_signal("-STOP", pid);
    let call = tokio::spawn({
        let embedder = Arc::clone(&embedder);
        async move { embedder.embed(&texts(&["a"])).await }
    });
    wait_until(|| embedder.status().is_busy).await;
    call.abort();
    assert!(call.await.unwrap_err().is_cancelled());
    drop(embedder);
    assert!(!exists(pid));
}
