//! Counts of the checks of stored answers.

use domain::ask::{Brain, CheckResult};
use domain::conversations::{ConversationStore, Turn};
use domain::quality::{CheckCounts, QualityStore, Tally};
use store::Store;

use crate::backends::cases;
use crate::samples::{at, conversation, member, turn};

cases![
    checks_are_counted_by_day_and_brain,
    answers_without_code_and_outside_the_days_do_not_count,
    what_is_replaced_or_deleted_counts_no_longer,
];

const DAY_MS: i64 = 86_400_000;

/// A turn of `brain` at `millis` whose code had these results.
fn checked(
    number: u128,
    millis: i64,
    brain: Brain,
    results: [CheckResult; 2],
    attempts: u32,
) -> Turn {
    let mut turn = turn(number, conversation(number), Some("Checked"));
    turn.at = at(millis);
    turn.answer.brain = brain;
    let checks = &mut turn.answer.checks;
    [checks.syntax, checks.execution] = results;
    checks.attempts = attempts;
    turn
}

async fn checks_are_counted_by_day_and_brain(store: Store) {
    use CheckResult::{Failed, Passed, Verified};
    let (ada, bob) = (member(&store, 1).await, member(&store, 2).await);
    let library = || Brain::Library;
    let model = || Brain::Model("tiny-1".parse().unwrap());
    for (owner, turn) in [
        (ada, checked(1, 10, library(), [Passed, Passed], 1)),
        (bob, checked(2, DAY_MS - 1, library(), [Passed, Failed], 3)),
        (ada, checked(3, DAY_MS, library(), [Passed, Verified], 1)),
        (ada, checked(4, DAY_MS + 5, model(), [Failed, Failed], 2)),
    ] {
        assert_eq!(store.append_turn(owner, turn).await, Ok(true));
    }
    let tally = |passed, failed, verified| Tally {
        passed,
        failed,
        verified,
        ..Tally::default()
    };
    let counted = store.count_checks(at(0), at(2 * DAY_MS)).await.unwrap();
    let expected = [
        (DAY_MS, library(), 1, tally(1, 0, 0), tally(0, 0, 1), 1),
        (DAY_MS, model(), 1, tally(0, 1, 0), tally(0, 1, 0), 2),
        (0, library(), 2, tally(2, 0, 0), tally(1, 1, 0), 4),
    ]
    .map(
        |(day, brain, answers, syntax, execution, attempts)| CheckCounts {
            day: at(day),
            brain,
            answers,
            syntax,
            execution,
            attempts,
        },
    );
    assert_eq!(counted, expected);
    let again = store.count_checks(at(0), at(2 * DAY_MS)).await.unwrap();
    assert_eq!(again, counted);
}

async fn answers_without_code_and_outside_the_days_do_not_count(store: Store) {
    let ada = member(&store, 1).await;
    let mut told = turn(1, conversation(1), Some("Told"));
    told.answer.code = None;
    store.append_turn(ada, told).await.unwrap();
    assert_eq!(store.count_checks(at(0), at(DAY_MS)).await, Ok(Vec::new()));

    let late = turn(2, conversation(2), Some("Late"));
    let (begin, end) = (late.at, at(late.at.millis() + 1));
    store.append_turn(ada, late).await.unwrap();
    assert_eq!(store.count_checks(begin, end).await.unwrap().len(), 1);
    for (from, to) in [(at(0), begin), (end, at(DAY_MS)), (end, begin)] {
        assert_eq!(store.count_checks(from, to).await, Ok(Vec::new()));
    }
}

async fn what_is_replaced_or_deleted_counts_no_longer(store: Store) {
    let ada = member(&store, 1).await;
    let first = turn(1, conversation(1), Some("First"));
    store.append_turn(ada, first.clone()).await.unwrap();
    let mut second = turn(2, conversation(1), None);
    second.replaces = Some(first.answer_id);
    store.append_turn(ada, second).await.unwrap();
    let answers = |counts: Vec<CheckCounts>| counts.iter().map(|count| count.answers).sum::<u64>();
    let counted = store.count_checks(at(0), at(DAY_MS)).await.unwrap();
    assert_eq!(answers(counted), 1);
    store
        .remove_conversation(ada, conversation(1))
        .await
        .unwrap();
    assert_eq!(store.count_checks(at(0), at(DAY_MS)).await, Ok(Vec::new()));
}
