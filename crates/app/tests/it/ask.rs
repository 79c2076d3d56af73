//! Questions end to end, without a language model and without an encoder.

use app::ask::{AskError, Asker};
use app::knowledge::{KnowledgeError, Lesson};
use domain::accounts::Role;
use domain::ask::{AskEvent, Brain, CheckResult, Mode, Outcome, Question, Style};
use domain::conversations::MessageBody;
use domain::{Language, PageRequest};
use tokio::sync::mpsc;

use crate::instance::{Instance, question};

#[tokio::test]
async fn known_code_is_given_with_its_sources_checks_and_receipt() {
    let instance = Instance::new().await;
    let ada = instance.sign_in("ada", Role::User).await;
    let (sender, mut receiver) = mpsc::channel(1000);
    let asked = question("write a python function that merges overlapping intervals");
    let answered = instance
        .ask
        .ask(Asker::Account(&ada), asked, Some(&sender))
        .await
        .unwrap();
    drop(sender);

    let answer = &answered.answer;
    assert_eq!(
        (answer.outcome, &answer.brain, answer.ai_confidence),
        (Outcome::Answered, &Brain::Library, 0.0)
    );
    assert_eq!(answer.sources[0].key, "library/python/merge-intervals");
    assert_eq!(
        (answer.checks.syntax, answer.checks.execution),
        (CheckResult::Passed, CheckResult::Verified)
    );
    assert!(
        answer
            .code
            .as_ref()
            .unwrap()
            .contains("def merge_intervals")
    );
    let steps: Vec<_> = answered
        .receipt
        .steps
        .iter()
        .map(|step| step.name.as_str())
        .collect();
    assert_eq!(
        steps,
        [
            "understand",
            "recall",
            "route",
            "retrieve",
            "decide",
            "generate",
            "clean",
            "check"
        ]
    );

    let mut streamed = String::new();
    let mut kinds = Vec::new();
    while let Some(event) = receiver.recv().await {
        let kind = match event {
            AskEvent::Route(_) => "route",
            AskEvent::Sources(_) => "sources",
            AskEvent::Token(text) => {
                streamed.push_str(&text);
                "token"
            }
            AskEvent::Check(_) => "check",
            AskEvent::Progress(_) => "progress",
            AskEvent::Done(_) => "done",
        };
        if kinds.last() != Some(&kind) {
            kinds.push(kind);
        }
    }
    assert_eq!(kinds, ["route", "sources", "token", "check", "done"]);
    assert_eq!(streamed, answer.markdown);
}

#[tokio::test]
async fn code_in_another_language_than_asked_for_is_offered_as_such() {
    let instance = Instance::new().await;
    let ada = instance.sign_in("ada", Role::User).await;
    let asked = Question {
        language: Some(Language::Go),
        ..question("write a function that merges overlapping intervals")
    };
    let answer = instance.answer(&ada, asked).await.answer;
    assert_eq!(
        (answer.outcome, answer.language),
        (Outcome::Confirm, Some(Language::Python))
    );
    assert!(
        answer.markdown.contains("do not know this in Go"),
        "{}",
        answer.markdown
    );
}

#[tokio::test]
async fn a_name_asked_for_is_given_and_the_renaming_is_told() {
    let instance = Instance::new().await;
    let ada = instance.sign_in("ada", Role::User).await;
    let asked =
        question("write a python function called join_ranges that merges overlapping intervals");
    let answer = instance.answer(&ada, asked).await.answer;
    let code = answer.code.unwrap();
    assert!(
        code.contains("def join_ranges(") && !code.contains("merge_intervals("),
        "{code}"
    );
    assert!(
        answer
            .checks
            .notes
            .iter()
            .any(|note| note.contains("renamed")),
        "{:?}",
        answer.checks.notes
    );
}

#[tokio::test]
async fn an_idea_is_told_in_the_style_asked_for() {
    let instance = Instance::new().await;
    let ada = instance.sign_in("ada", Role::User).await;
    let mut tellings = Vec::new();
    for style in Style::ALL {
        let answer = instance
            .answer(
                &ada,
                Question {
                    style,
                    ..question("explain recursion")
                },
            )
            .await
            .answer;
        assert_eq!(
            (answer.outcome, answer.brain),
            (Outcome::Answered, Brain::Library)
        );
        assert_eq!(answer.sources[0].key, "library/concepts/recursion");
        tellings.push(answer.markdown);
    }
    tellings.dedup();
    assert_eq!(tellings.len(), 3);
}

#[tokio::test]
async fn pasted_code_is_explained_with_and_without_a_fence() {
    let instance = Instance::new().await;
    let ada = instance.sign_in("ada", Role::User).await;
    let code = "def total(prices):\n    result = 0\n    for price in prices:\n        result += price\n    return result\n";
    for text in [
        format!("what does this do?\n\n{code}"),
        format!("```python\n{code}```"),
        code.to_owned(),
    ] {
        let answer = instance.answer(&ada, question(&text)).await.answer;
        assert_eq!(
            (&answer.brain, answer.language),
            (&Brain::Analysis, Some(Language::Python)),
            "{text}"
        );
        assert!(
            answer.markdown.contains("total") && answer.markdown.contains("prices"),
            "{}",
            answer.markdown
        );
    }
}

#[tokio::test]
async fn what_is_not_known_is_said_and_then_taught() {
    let instance = Instance::new().await;
    let ada = instance.sign_in("ada", Role::Student).await;
    let bob = instance.sign_in("bob", Role::Student).await;
    let ask = || {
        question("write a python function that computes the flux capacitance of a gizmo manifold")
    };
    let answer = instance.answer(&ada, ask()).await.answer;
    assert_eq!(
        (answer.outcome, &answer.brain, &answer.code),
        (Outcome::Unknown, &Brain::None, &None)
    );
    assert!(answer.markdown.contains("teach me"));

    let lesson = |implementation: &str| Lesson {
        description: "Compute the flux capacitance of a gizmo manifold.".into(),
        implementation: implementation.into(),
        language: Language::Python,
        tests: None,
    };
    let refused = instance.knowledge.teach(&ada, lesson("def flux(:\n")).await;
    assert!(matches!(refused, Err(KnowledgeError::Syntax(_))));
    instance
        .knowledge
        .teach(
            &ada,
            lesson("def flux_capacitance(gizmo):\n    return gizmo * 88\n"),
        )
        .await
        .unwrap();

    let answer = instance.answer(&ada, ask()).await.answer;
    assert_eq!(answer.outcome, Outcome::Answered);
    assert!(answer.code.unwrap().contains("flux_capacitance"));
    assert_eq!(answer.checks.execution, CheckResult::Unavailable);
    let answer = instance.answer(&bob, ask()).await.answer;
    assert_eq!(
        answer.outcome,
        Outcome::Unknown,
        "a draft is its author's alone"
    );
}

#[tokio::test]
async fn a_plain_user_may_not_teach() {
    let instance = Instance::new().await;
    let ada = instance.sign_in("ada", Role::User).await;
    let lesson = Lesson {
        description: "Add one.".into(),
        implementation: "def f(x): return x + 1".into(),
        language: Language::Python,
        tests: None,
    };
    assert!(matches!(
        instance.knowledge.teach(&ada, lesson).await,
        Err(KnowledgeError::Forbidden(_))
    ));
}

#[tokio::test]
async fn a_follow_up_uses_the_conversation_and_a_new_question_does_not() {
    let instance = Instance::new().await;
    let ada = instance.sign_in("ada", Role::User).await;
    let first = instance
        .answer(
            &ada,
            question("write a python function that merges overlapping intervals"),
        )
        .await;
    let conversation = Some(first.stored.unwrap().conversation);
    let explained = Question {
        conversation,
        ..question("explain it line by line")
    };
    let answer = instance.answer(&ada, explained).await.answer;
    assert_eq!(answer.brain, Brain::Analysis);
    assert!(answer.markdown.contains("intervals"), "{}", answer.markdown);
    let other = Question {
        conversation,
        ..question("explain recursion")
    };
    assert_eq!(
        instance.answer(&ada, other).await.answer.sources[0].key,
        "library/concepts/recursion"
    );
}

#[tokio::test]
async fn a_conversation_belongs_to_its_owner() {
    let instance = Instance::new().await;
    let ada = instance.sign_in("ada", Role::User).await;
    let eve = instance.sign_in("eve", Role::Admin).await;
    let stored = instance
        .answer(&ada, question("explain recursion"))
        .await
        .stored
        .unwrap();
    let intrusion = Question {
        conversation: Some(stored.conversation),
        ..question("explain closures")
    };
    let refused = instance
        .ask
        .ask(Asker::Account(&eve), intrusion, None)
        .await;
    assert!(matches!(refused, Err(AskError::UnknownConversation)));
    assert!(
        instance
            .conversations
            .get(&eve, stored.conversation)
            .await
            .is_err()
    );
}

#[tokio::test]
async fn an_answer_asked_again_takes_the_place_of_the_old_one() {
    let instance = Instance::new().await;
    let ada = instance.sign_in("ada", Role::User).await;
    let first = instance
        .answer(&ada, question("explain recursion"))
        .await
        .stored
        .unwrap();
    let again = Question {
        conversation: Some(first.conversation),
        replaces: Some(first.message),
        ..question("explain closures")
    };
    let second = instance.answer(&ada, again.clone()).await.stored.unwrap();
    let page = PageRequest::default();
    let messages = instance
        .conversations
        .list_messages(&ada, first.conversation, page)
        .await
        .unwrap();
    assert_eq!(messages.total, 2);
    assert!(
        matches!(&messages.rows[0].body, MessageBody::Question { text } if text == "explain closures")
    );
    assert_eq!(messages.rows[1].id, second.message);
    let refused = instance.ask.ask(Asker::Account(&ada), again, None).await;
    assert!(
        matches!(refused, Err(AskError::UnknownConversation)),
        "the first answer is gone"
    );
}

#[tokio::test]
async fn when_the_asker_leaves_nothing_is_stored() {
    let instance = Instance::new().await;
    let ada = instance.sign_in("ada", Role::User).await;
    let (sender, receiver) = mpsc::channel(1);
    drop(receiver);
    let refused = instance
        .ask
        .ask(
            Asker::Account(&ada),
            question("explain recursion"),
            Some(&sender),
        )
        .await;
    assert!(matches!(refused, Err(AskError::Cancelled)));
    let listed = instance
        .conversations
        .list(&ada, "", PageRequest::default())
        .await
        .unwrap();
    assert_eq!(listed.total, 0);
}

#[tokio::test]
async fn talk_that_asks_for_nothing_is_answered_with_what_is_possible() {
    let instance = Instance::new().await;
    let ada = instance.sign_in("ada", Role::User).await;
    let answer = instance
        .answer(&ada, question("hello there, lovely weather"))
        .await
        .answer;
    assert_eq!(
        (answer.outcome, answer.brain),
        (Outcome::Unknown, Brain::None)
    );
    let forced = Question {
        mode: Mode::Explain,
        ..question("recursion")
    };
    assert_eq!(
        instance.answer(&ada, forced).await.answer.outcome,
        Outcome::Answered
    );
}
