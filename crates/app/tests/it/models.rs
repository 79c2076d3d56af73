//! Questions that a language model answers: when it is asked, what it is given, how what it says is held to the code, and what follows
//! when it fails.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use app::ask::{AskError, Asker, ModelMapping};
use app::sandbox::NoSandbox;
use domain::Language;
use domain::accounts::{Principal, Role};
use domain::ask::{Answered, AskEvent, AskStage, Brain, CheckResult, Outcome, Question};
use domain::models::writing::{Prompt, WritingError, WritingRequest};
use domain::sandbox::{Judgement, RunStatus, Sandbox, Tests};
use tokio::sync::mpsc;

use crate::instance::{Instance, question};
use crate::scripted::{Scripted, failed, passed, text_of};
use crate::scripted_writer::{Line, ScriptedWriter};

const GIZMO: &str =
    "write a python function that computes the flux capacitance of a gizmo manifold";
const KNOWN: &str = "write a python function that merges overlapping intervals";
const TOTAL: &str = "def total(prices):\n    result = 0\n    for price in prices:\n        result += price\n    return result\n";

fn says(text: &str) -> Line {
    Line::Says(text.to_owned())
}

fn code(body: &str) -> String {
    format!("Here it is:\n\n```python\n{body}```\n\nIt multiplies.\n")
}

async fn instance(
    sandbox: Arc<dyn Sandbox>,
    play: impl Fn(&WritingRequest, usize) -> Line + Send + Sync + 'static,
) -> (Instance, Principal, Arc<ScriptedWriter>) {
    let writer = Arc::new(ScriptedWriter::new(&["phi-2"], play));
    let instance = Instance::with_writer(sandbox, writer.clone()).await;
    let ada = instance.sign_in("ada", Role::Developer).await;
    (instance, ada, writer)
}

async fn without_sandbox(
    play: impl Fn(&WritingRequest, usize) -> Line + Send + Sync + 'static,
) -> (Instance, Principal, Arc<ScriptedWriter>) {
    instance(Arc::new(NoSandbox::new("left out in these tests")), play).await
}

fn judging(
    verdict: impl Fn(&str, &Tests) -> Judgement + Send + Sync + 'static,
) -> Arc<dyn Sandbox> {
    Arc::new(Scripted::new(move |program, tests| {
        verdict(&program.code, tests)
    }))
}

/// Asks, and gives the answer with what was told on the way.
async fn listen(
    instance: &Instance,
    ada: &Principal,
    question: Question,
) -> (Answered, String, Vec<AskStage>) {
    let (sender, mut receiver) = mpsc::channel(10_000);
    let answered = instance
        .ask
        .ask(Asker::Account(ada), question, Some(&sender))
        .await
        .unwrap();
    drop(sender);
    let (mut text, mut stages) = (String::new(), Vec::new());
    while let Some(event) = receiver.recv().await {
        match event {
            AskEvent::Token(piece) => text.push_str(&piece),
            AskEvent::Progress(progress) => stages.push(progress.stage),
            AskEvent::Route(_) | AskEvent::Sources(_) | AskEvent::Check(_) | AskEvent::Done(_) => {}
        }
    }
    (answered, text, stages)
}

fn with_model(text: &str) -> Question {
    Question {
        model: Some("phi-2".parse().unwrap()),
        ..question(text)
    }
}

#[tokio::test]
async fn what_is_not_known_is_written_by_the_model_and_says_everything_about_it() {
    let (instance, ada, writer) =
        without_sandbox(|_, _| says(&code("def flux(gizmo):\n    return gizmo * 88\n"))).await;
    let asked = Question {
        seed: Some(7),
        temperature: Some(0.5),
        max_new_tokens: Some(99),
        ..question(GIZMO)
    };
    let (answered, told, stages) = listen(&instance, &ada, asked).await;
    let answer = &answered.answer;
    assert_eq!(answer.brain.to_string(), "MODEL:phi-2");
    assert_eq!(
        (answer.outcome, answer.checks.syntax, answer.language),
        (
            Outcome::Answered,
            CheckResult::Passed,
            Some(Language::Python)
        )
    );
    assert_eq!(
        answer.code.as_deref(),
        Some("def flux(gizmo):\n    return gizmo * 88\n")
    );
    assert!((answer.ai_confidence - 0.75).abs() < 1e-6);
    assert!(answer.reason.contains("phi-2"), "{}", answer.reason);
    assert_eq!(told, answer.markdown, "code is told after its checks");
    assert_eq!(stages.first(), Some(&AskStage::Loading));
    for stage in [AskStage::Reading, AskStage::Writing, AskStage::Checking] {
        assert!(stages.contains(&stage), "{stages:?}");
    }

    let asked = writer.asked.lock().unwrap().clone();
    let sampling = &asked[0].sampling;
    assert_eq!((sampling.seed, sampling.max_new_tokens), (7, 99));
    assert!((sampling.temperature - 0.5).abs() < 1e-6);
    assert_eq!(asked[0].owner, ada.account.id.to_string());

    let stored = instance
        .conversations
        .get_receipt(&ada, answered.receipt.id)
        .await
        .unwrap();
    assert_eq!(stored, answered.receipt);
    let [text] = stored.writings.as_slice() else {
        panic!("{:?}", stored.writings);
    };
    assert!(text.is_shown);
    assert_eq!(text.request, asked[0]);
    let generate = &stored.steps[5];
    for name in [
        "text 1 model",
        "text 1 seed",
        "text 1 weights_sha256",
        "text 1 template_sha256",
        "text 1 prompt_sha256",
        "text 1 new_tokens",
    ] {
        assert!(
            generate.facts.iter().any(|(fact, _)| fact == name),
            "{name}: {:?}",
            generate.facts
        );
    }
}

#[tokio::test]
async fn known_code_goes_first_unless_the_model_was_chosen_or_more_was_asked() {
    let merge = "def merge_intervals(intervals):\n    return sorted(intervals)\n";
    let sandbox = || judging(|_, _| passed(3));
    let (instance, ada, writer) = instance(sandbox(), move |_, _| says(&code(merge))).await;
    let answer = instance.answer(&ada, question(KNOWN)).await.answer;
    assert_eq!(answer.brain, Brain::Library);
    assert!(writer.asked.lock().unwrap().is_empty());

    let answer = instance.answer(&ada, with_model(KNOWN)).await.answer;
    assert_eq!(answer.brain.to_string(), "MODEL:phi-2");
    assert_eq!(answer.sources[0].key, "library/python/merge-intervals");
    let prompt = writer.prompt(0);
    assert!(
        prompt.contains("Known code, “Merge overlapping intervals”")
            && prompt.contains("merged[-1] = "),
        "{prompt}"
    );
    assert!(
        answer.checks.notes.join(" ").contains("Its 3 tests pass"),
        "the tests of the known task were run: {:?}",
        answer.checks.notes
    );

    let more = question(&format!("{KNOWN} without sorting, recursively"));
    let answer = instance.answer(&ada, more).await.answer;
    assert_eq!(answer.brain.to_string(), "MODEL:phi-2");
}

#[tokio::test]
async fn code_that_fails_goes_back_with_the_error_until_it_passes() {
    let sandbox = judging(|code, _| {
        if code.contains("* 88") {
            passed(1)
        } else {
            failed("87 is not 88")
        }
    });
    let (instance, ada, writer) = instance(sandbox, |_, number| {
        says(&code(match number {
            0 => "def flux(gizmo):\n    return gizmo *\n",
            1 => "def flux(gizmo):\n    return gizmo * 87\n",
            _ => "def flux(gizmo):\n    return gizmo * 88\n",
        }))
    })
    .await;
    let asked = question(&format!("{GIZMO}\nflux(1) == 88"));
    let (answered, told, stages) = listen(&instance, &ada, asked).await;
    let answer = &answered.answer;
    assert_eq!(
        (
            answer.outcome,
            answer.checks.execution,
            answer.checks.attempts
        ),
        (Outcome::Answered, CheckResult::Passed, 3)
    );
    assert!(answer.code.as_ref().unwrap().contains("* 88"));
    assert_eq!(told, answer.markdown, "what failed was never told");
    assert!(stages.contains(&AskStage::Repairing), "{stages:?}");
    let first = writer.prompt(0);
    assert!(first.contains("flux(1) == 88"), "{first}");
    let second = writer.prompt(1);
    assert!(
        second.contains("This code is wrong: it does not parse: line 2"),
        "{second}"
    );
    let third = writer.prompt(2);
    assert!(
        third.contains("your example fails with it") && third.contains("* 87"),
        "{third}"
    );
    let shown: Vec<bool> = answered
        .receipt
        .writings
        .iter()
        .map(|text| text.is_shown)
        .collect();
    assert_eq!(shown, [false, false, true]);
    let seeds: Vec<u64> = answered
        .receipt
        .writings
        .iter()
        .map(|text| text.request.sampling.seed)
        .collect();
    assert_eq!(seeds[1], seeds[0] + 1, "a new try is another text");
}

#[tokio::test]
async fn what_cannot_be_mended_is_told_with_what_is_wrong() {
    let sandbox = judging(|_, _| failed("87 is not 88"));
    let (instance, ada, writer) = instance(sandbox, |_, _| {
        says(&code("def flux(gizmo):\n    return gizmo * 87\n"))
    })
    .await;
    let asked = question(&format!("{GIZMO}\nflux(1) == 88"));
    let answer = instance.answer(&ada, asked).await.answer;
    assert_eq!(writer.asked.lock().unwrap().len(), 3, "bounded");
    assert_eq!(
        (answer.outcome, answer.checks.execution),
        (Outcome::Confirm, CheckResult::Failed)
    );
    assert!(
        answer.markdown.starts_with("**Your example fails with it"),
        "{}",
        answer.markdown
    );
}

#[tokio::test]
async fn known_code_that_fails_the_askers_example_is_given_to_the_model() {
    let sandbox = judging(|code, tests| {
        if code.contains("mended") || text_of(tests).lines().count() > 1 {
            passed(1)
        } else {
            failed("[(1, 6)] is not [(1, 7)]")
        }
    });
    let (instance, ada, writer) = instance(sandbox, |_, _| {
        says(&code(
            "def merge_intervals(intervals):\n    return 'mended'\n",
        ))
    })
    .await;
    let asked = question(&format!("{KNOWN}\nmerge([(1, 4), (3, 6)]) == [(1, 7)]"));
    let answer = instance.answer(&ada, asked).await.answer;
    assert_eq!(answer.brain.to_string(), "MODEL:phi-2");
    assert_eq!(answer.checks.attempts, 2);
    assert!(writer.prompt(0).contains("your example fails with it"));
}

#[tokio::test]
async fn a_model_that_fails_leaves_the_answer_to_the_next_rung_and_it_says_so() {
    let failure = || {
        Line::Fails(
            "",
            WritingError::Failed {
                model: "phi-2".parse().unwrap(),
                reason: "the engine ended".to_owned(),
            },
        )
    };
    let (instance, ada, _) = without_sandbox(move |_, _| failure()).await;
    for (asked, brain) in [
        (with_model(KNOWN), Brain::Library),
        (question(GIZMO), Brain::None),
        (question("explain recursion"), Brain::Library),
        (
            question(&format!("what does this do?\n```python\n{TOTAL}```")),
            Brain::Analysis,
        ),
        (
            question(&format!("make this shorter\n```python\n{TOTAL}```")),
            Brain::Analysis,
        ),
    ] {
        let (answered, told, _) = listen(&instance, &ada, asked).await;
        let answer = answered.answer;
        assert_eq!(answer.brain, brain, "{}", answer.markdown);
        assert!(
            answer.reason.contains("the engine ended"),
            "{}",
            answer.reason
        );
        assert!(answer.ai_confidence.abs() < f32::EPSILON);
        assert_eq!(told, answer.markdown);
    }
}

/// A house whose tasks name `lab/big` first and `phi-2` second.
async fn with_second_choice(
    play: impl Fn(&WritingRequest, usize) -> Line + Send + Sync + 'static,
) -> (Instance, Principal, Arc<ScriptedWriter>) {
    let writer = Arc::new(ScriptedWriter::new(&["lab/big", "phi-2"], play));
    let mut mapping = ModelMapping::default();
    for task in [&mut mapping.generate, &mut mapping.explain_python] {
        task.models = vec!["lab/big".parse().unwrap()];
        task.fail_over = Some("phi-2".parse().unwrap());
    }
    let sandbox = Arc::new(NoSandbox::new("left out in these tests"));
    let instance = Instance::with_models(sandbox, writer.clone(), mapping).await;
    let ada = instance.sign_in("ada", Role::Developer).await;
    (instance, ada, writer)
}

fn lab_fails(said: &'static str) -> impl Fn(&WritingRequest, usize) -> Line {
    move |request, _| match request.model.as_str() {
        "lab/big" => Line::Fails(
            said,
            WritingError::Failed {
                model: request.model.clone(),
                reason: "it cannot be reached".to_owned(),
            },
        ),
        _ => says(&code("def flux(gizmo):\n    return gizmo * 88\n")),
    }
}

#[tokio::test]
async fn the_second_choice_writes_when_the_first_fails_before_its_first_word() {
    let (instance, ada, writer) = with_second_choice(lab_fails("")).await;
    let explained = format!("what does this do?\n```python\n{TOTAL}```");
    for asked in [question(GIZMO), question(&explained)] {
        let (answered, told, _) = listen(&instance, &ada, asked).await;
        let answer = &answered.answer;
        assert_eq!(answer.brain.to_string(), "MODEL:phi-2", "{}", answer.reason);
        for part in [
            "`lab/big` was asked first",
            "it cannot be reached",
            "`phi-2` was asked instead",
        ] {
            assert!(answer.reason.contains(part), "{}", answer.reason);
        }
        assert!(
            !answer.reason.contains("`lab/big` wrote"),
            "{}",
            answer.reason
        );
        assert_eq!(told, answer.markdown);
        let [text] = answered.receipt.writings.as_slice() else {
            panic!("{:?}", answered.receipt.writings);
        };
        assert_eq!(text.request.model.as_str(), "phi-2");
        let mut facts = answered.receipt.steps.iter().flat_map(|step| &step.facts);
        let told = facts.find(|(name, _)| name == "fail_over");
        assert!(told.unwrap().1.contains("`lab/big`"));
    }
    assert_eq!(writer.asked.lock().unwrap().len(), 4);
}

#[tokio::test]
async fn what_was_begun_or_wished_for_is_not_asked_of_the_second_choice() {
    let (instance, ada, writer) = with_second_choice(lab_fails("This adds up")).await;
    let explained = format!("what does this do?\n```python\n{TOTAL}```");
    let (answered, _, _) = listen(&instance, &ada, question(&explained)).await;
    assert_eq!(answered.answer.brain, Brain::Analysis);
    let (instance, ada, wished) = with_second_choice(lab_fails("")).await;
    let asked = Question {
        model: Some("lab/big".parse().unwrap()),
        ..question(GIZMO)
    };
    let (answered, _, _) = listen(&instance, &ada, asked).await;
    assert_eq!(answered.answer.brain, Brain::None);
    for writer in [writer, wished] {
        let asked = writer.asked.lock().unwrap();
        assert!(
            asked
                .iter()
                .all(|request| request.model.as_str() == "lab/big")
        );
    }
}

#[tokio::test]
async fn an_explanation_is_told_as_it_is_written_without_noise() {
    let (instance, ada, writer) = without_sandbox(|_, _| {
        says(
            "<|assistant|>Recursion is a function that calls itself. It needs a base case.\n\n\n\n- One\n- Two\n<|user|>\nthanks",
        )
    })
    .await;
    let (answered, told, _) = listen(&instance, &ada, question("explain recursion")).await;
    let answer = answered.answer;
    assert_eq!(
        answer.markdown,
        "Recursion is a function that calls itself. It needs a base case.\n\n- One\n- Two\n"
    );
    assert_eq!(told, answer.markdown);
    assert_eq!(answer.sources[0].key, "library/concepts/recursion");
    let prompt = writer.prompt(0);
    assert!(prompt.contains("A note on “Recursion”"), "{prompt}");
    assert!(
        prompt.ends_with("Answer this: explain recursion\n"),
        "{prompt}"
    );
}

#[tokio::test]
async fn a_sentence_that_the_code_contradicts_is_left_out_and_the_model_goes_on() {
    let (instance, ada, writer) = without_sandbox(|_, number| {
        says(match number {
            0 => "The function `total` adds the prices. On line 12 it returns. It is good.\n",
            _ => " It returns the sum on line 5.\n",
        })
    })
    .await;
    let asked = question(&format!("what does this do?\n```python\n{TOTAL}```"));
    let (answered, told, stages) = listen(&instance, &ada, asked).await;
    let answer = answered.answer;
    assert_eq!(answer.brain.to_string(), "MODEL:phi-2");
    assert_eq!(
        answer.markdown,
        "The function `total` adds the prices. It returns the sum on line 5.\n"
    );
    assert_eq!(told, answer.markdown);
    assert!(stages.contains(&AskStage::Repairing));
    assert!(
        answer.checks.notes.join(" ").contains("line 12"),
        "{:?}",
        answer.checks.notes
    );
    let first = writer.prompt(0);
    assert!(
        first.contains("Facts read from it:\n- It is Python code of 5 lines.\n- `total`: lines 1 to 5, 1 parameter"),
        "{first}"
    );
    let second = writer.prompt(1);
    assert!(
        second.contains("it speaks of line 12, but the code has 5 lines")
            && second.ends_with("assistant: The function `total` adds the prices.\n"),
        "{second}"
    );
}

#[tokio::test]
async fn a_model_that_contradicts_the_code_again_is_not_believed() {
    let (instance, ada, writer) = without_sandbox(|_, number| {
        says(match number {
            0 => "It adds. The function `frobnicate` helps.\n",
            _ => " This JavaScript function is fine.\n",
        })
    })
    .await;
    let asked = question(&format!("what does this do?\n```python\n{TOTAL}```"));
    let (answered, told, _) = listen(&instance, &ada, asked).await;
    let answer = answered.answer;
    assert_eq!(writer.asked.lock().unwrap().len(), 2);
    assert_eq!(answer.brain, Brain::Analysis);
    assert!(answer.markdown.starts_with("It adds.\n\n*From here on"));
    assert!(answer.markdown.contains("prices"), "{}", answer.markdown);
    assert!(!answer.markdown.contains("frobnicate` helps"));
    assert!(answer.reason.contains("contradicted"), "{}", answer.reason);
    assert_eq!(told, answer.markdown);
}

#[tokio::test]
async fn code_of_the_askers_is_changed_by_the_model_and_so_is_an_earlier_answer() {
    let (instance, ada, writer) =
        without_sandbox(|_, _| says(&code("def total(prices):\n    return sum(prices)\n"))).await;
    let asked = question(&format!("make this shorter\n```python\n{TOTAL}```"));
    let answered = instance.answer(&ada, asked).await;
    assert_eq!(answered.answer.brain.to_string(), "MODEL:phi-2");
    assert!(answered.answer.code.unwrap().contains("sum(prices)"));
    assert!(
        writer
            .prompt(0)
            .contains("Change this code as follows: make this shorter")
    );
    let follow = Question {
        conversation: answered.stored.map(|stored| stored.conversation),
        ..question("now write it iteratively")
    };
    instance.answer(&ada, follow).await;
    let prompt = writer.prompt(1);
    assert!(
        prompt.contains("return sum(prices)") && prompt.contains("now write it iteratively"),
        "{prompt}"
    );
}

#[tokio::test]
async fn a_model_that_is_not_there_is_said_to_be_missing() {
    let (instance, ada, writer) = without_sandbox(|_, _| says("never")).await;
    let asked = Question {
        model: Some("gemma-2b-it".parse().unwrap()),
        ..question("explain recursion")
    };
    let answer = instance.answer(&ada, asked).await.answer;
    assert_eq!(answer.brain, Brain::Library);
    assert!(
        answer
            .reason
            .contains("`gemma-2b-it` was asked for, but it is not installed"),
        "{}",
        answer.reason
    );
    assert!(writer.asked.lock().unwrap().is_empty());
}

#[tokio::test]
async fn when_the_asker_leaves_the_model_stops() {
    let (instance, ada, writer) = without_sandbox(|_, _| Line::Hangs).await;
    let (sender, mut receiver) = mpsc::channel(100);
    let asking = instance.ask.ask(
        Asker::Account(&ada),
        question("explain recursion"),
        Some(&sender),
    );
    let leaving = async {
        while let Some(event) = receiver.recv().await {
            if matches!(event, AskEvent::Progress(_)) {
                break;
            }
        }
        assert_eq!(writer.open.load(Ordering::SeqCst), 1);
        drop(receiver);
    };
    let (answered, ()) = tokio::join!(asking, leaving);
    assert!(matches!(answered, Err(AskError::Cancelled)));
    assert_eq!(writer.open.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn a_prompt_that_is_too_long_is_shortened_once() {
    let too_long = |request: &WritingRequest| {
        let Prompt::Chat(messages) = &request.prompt else {
            panic!("a chat");
        };
        let bytes: usize = messages.iter().map(|message| message.text.len()).sum();
        (bytes > 1500).then(|| {
            Line::Fails(
                "",
                WritingError::TooLong {
                    model: request.model.clone(),
                    prompt_tokens: u32::try_from(bytes / 4).unwrap(),
                    context_tokens: 700,
                },
            )
        })
    };
    let (instance, ada, writer) = without_sandbox(move |request, _| {
        too_long(request).unwrap_or_else(|| says("It calls itself."))
    })
    .await;
    let answer = instance
        .answer(&ada, question("explain recursion"))
        .await
        .answer;
    assert_eq!(answer.markdown, "It calls itself.\n");
    assert_eq!(writer.asked.lock().unwrap().len(), 2);
    assert!(writer.asked.lock().unwrap()[1].sampling.max_new_tokens <= 350);
}

#[tokio::test]
async fn answers_of_a_model_are_counted_under_its_name() {
    let (instance, ada, _) =
        without_sandbox(|_, _| says(&code("def flux(gizmo):\n    return gizmo * 88\n"))).await;
    let admin = instance.sign_in("root", Role::Admin).await;
    instance.answer(&ada, question(GIZMO)).await;
    let counts = instance.quality.report(&admin, 7).await.unwrap();
    assert_eq!(counts.len(), 1, "{counts:?}");
    assert_eq!(counts[0].brain.to_string(), "MODEL:phi-2");
    assert_eq!((counts[0].answers, counts[0].syntax.passed), (1, 1));
}

#[tokio::test]
async fn code_without_a_fence_is_found_and_no_code_is_asked_for_again() {
    let (instance, ada, writer) = without_sandbox(|_, number| {
        says(match number {
            0 => "I would multiply it.",
            _ => "def flux(gizmo):\n    return gizmo * 88\n",
        })
    })
    .await;
    let answer = instance.answer(&ada, question(GIZMO)).await.answer;
    assert_eq!(
        answer.markdown,
        "```python\ndef flux(gizmo):\n    return gizmo * 88\n```\n"
    );
    assert!(writer.prompt(1).contains("There is no code in this."));
}

#[tokio::test]
async fn sql_that_runs_is_right_whatever_the_parser_says() {
    for (end, note) in [
        (RunStatus::Ok, "The code runs in the sandbox as SQL."),
        (RunStatus::Error, "does not parse"),
    ] {
        let mut sandbox = Scripted::new(|_, _| passed(0));
        sandbox.end = end;
        let (instance, ada, _) = instance(Arc::new(sandbox), |_, _| {
            says("```sql\nSELECT gizmo FROM manifolds WHERE (((;\n```\n")
        })
        .await;
        let asked = Question {
            language: Some(Language::Sql),
            ..with_model("write a query for the flux capacitance of gizmo manifolds")
        };
        let answer = instance.answer(&ada, asked).await.answer;
        let notes = answer.checks.notes.join(" ");
        assert!(notes.contains(note), "{notes}");
        // What does not run gives way to known code.
        assert_eq!(answer.checks.syntax, CheckResult::Passed, "{notes}");
        assert_eq!(answer.brain == Brain::Library, end != RunStatus::Ok);
    }
}
