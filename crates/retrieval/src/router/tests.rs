//! The router with an encoder that knows words only, and with none.

use super::*;
use crate::testing::{BagOfWords, NoEncoder};
use proptest::prelude::*;

fn block<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap()
        .block_on(future)
}

fn semantic() -> SemanticRouter {
    let embedder = Arc::new(BagOfWords::default());
    SemanticRouter::with_weights(embedder, weights_of("bag-of-words"))
}

/// The shipped weights for words, and vectors that change nothing.
fn weights_of(encoder: &str) -> RouterWeights {
    let shipped = include_str!("weights.csv").lines().skip(1 + ROUTE_ROWS);
    let words: Vec<&str> = shipped.take(ROUTE_ROWS).collect();
    let nothing = vec!["0"; 256].join(",");
    let directions = vec![nothing.as_str(); ROUTE_ROWS];
    let lines = [&[encoder], words.as_slice(), words.as_slice(), &directions].concat();
    RouterWeights::parse(&lines.join("\n")).unwrap()
}

fn lexical() -> SemanticRouter {
    SemanticRouter::new(Arc::new(NoEncoder))
}

fn route(router: &SemanticRouter, message: &str, history: &[&str]) -> RouteDecision {
    let history: Vec<String> = history.iter().map(|&text| text.to_owned()).collect();
    block(router.route(message, &history))
}

#[test]
fn without_an_encoder_words_decide() {
    let router = lexical();
    let decision = route(&router, "write a function that parses json", &[]);
    assert_eq!(
        (decision.intent, decision.rung),
        (Intent::Generate, RouteRung::Lexical)
    );
    assert_eq!(
        route(&router, "explain what a pointer is", &[]).intent,
        Intent::Explain
    );
    assert_eq!(route(&router, "hello", &[]).intent, Intent::None);
    assert!(!block(router.warm_up()));
}

#[test]
fn with_an_encoder_meaning_decides() {
    let router = semantic();
    assert!(block(router.warm_up()));
    let decision = route(&router, "write a function that parses json", &[]);
    assert_eq!(
        (decision.intent, decision.rung),
        (Intent::Generate, RouteRung::Semantic)
    );
}

#[test]
fn an_encoder_that_the_weights_were_not_made_for_is_not_asked() {
    let encoder = Arc::new(BagOfWords::default());
    let router = SemanticRouter::new(Arc::clone(&encoder) as Arc<dyn Embedder>);
    assert!(!block(router.warm_up()));
    let decision = route(&router, "write a function that parses json", &[]);
    assert_eq!(
        (decision.intent, decision.rung),
        (Intent::Generate, RouteRung::Lexical)
    );
    assert_eq!(encoder.texts_embedded(), 0);
}

#[test]
fn a_follow_up_leans_on_what_was_said() {
    for router in [semantic(), lexical()] {
        let asked = "write a function that reverses a list in python";
        let intent = |message, history: &[&str]| route(&router, message, history).intent;
        assert_eq!(intent("and in rust?", &[asked]), Intent::Generate);
        assert_eq!(
            intent("shorter please", &[asked, "and in rust?"]),
            Intent::Generate
        );
        assert_eq!(intent("why?", &[asked]), Intent::Explain);
        assert_eq!(
            intent("shorter please", &["explain what a closure is"]),
            Intent::Explain
        );
    }
}

#[test]
fn a_message_that_stands_alone_is_not_moved_by_history() {
    let router = semantic();
    let alone = route(&router, "explain how a hash map works", &[]);
    assert_eq!(
        route(&router, "explain how a hash map works", &["write a parser"]),
        alone
    );
}

#[test]
fn code_alone_is_explained() {
    assert_eq!(
        route(&semantic(), "```python\nprint(1)\n```", &[]).intent,
        Intent::Explain
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn any_message_gets_probabilities_and_the_same_ones_again(message in ".{0,200}", earlier in ".{0,60}") {
        for router in [semantic(), lexical()] {
            let decision = route(&router, &message, &[&earlier]);
            prop_assert!((decision.scores.iter().sum::<f32>() - 1.0).abs() < 1e-4);
            prop_assert!(decision.scores.iter().all(|score| (0.0..=1.0).contains(score)));
            prop_assert_eq!(route(&router, &message, &[&earlier]), decision);
        }
    }
}
