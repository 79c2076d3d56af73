//! Thousands of random worlds, each the same for the same seed: models of random sizes and speeds, requests that come, leave and
//! are retried, engines that cannot start or die, people who pin and unload. In each, the promises of the planner are checked
//! after every step.

mod first_come;
mod policy;
mod world;

use domain::models::ModelName;

use super::{Lane, PlannerLimits};
use first_come::FirstCome;
use world::{Arrival, Disturbance, Facts, Outcome, World};

use super::Planner;

/// Worlds of each kind.
const SEEDS: u64 = 1000;

/// `SplitMix64` (Steele et al. 2014).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number from `low` to `high`, both included.
    fn between(&mut self, low: u64, high: u64) -> u64 {
        low + self.next() % (high - low + 1)
    }

    fn is_one_in(&mut self, times: u64) -> bool {
        self.next().is_multiple_of(times)
    }
}

fn name(index: usize) -> ModelName {
    format!("model-{index}").parse().unwrap()
}

fn lane(index: usize, adapter: u64) -> Lane {
    Lane {
        model: name(index),
        adapter: (adapter > 0).then(|| format!("adapter-{adapter}").parse().unwrap()),
    }
}

fn random_facts(random: &mut Random, budget_bytes: u64, is_exact: bool) -> Vec<Facts> {
    (0..random.between(1, 5))
        .map(|_| {
            let estimate = random.between(budget_bytes / 10, budget_bytes);
            let bytes = if is_exact {
                estimate
            } else {
                random.between(estimate * 8 / 10, (estimate * 12 / 10).min(budget_bytes))
            };
            Facts {
                estimate,
                bytes,
                parallel_max: usize::try_from(random.between(1, 4)).unwrap(),
                load_ms: random.between(50, 3000),
                end_ms: random.between(0, 200),
            }
        })
        .collect()
}

fn random_arrivals(random: &mut Random, models: usize) -> Vec<Arrival> {
    let mut at = 0;
    let gap = random.between(1, 1500);
    (0..random.between(5, 50))
        .map(|_| {
            at += random.between(0, 2 * gap);
            let model = random.between(0, models as u64 - 1);
            Arrival {
                at,
                lane: lane(usize::try_from(model).unwrap(), random.between(0, 2)),
                service_ms: random.between(1, 4000),
            }
        })
        .collect()
}

fn random_disturbances(random: &mut Random, models: usize, until: u64) -> Vec<(u64, Disturbance)> {
    (0..random.between(1, 12))
        .map(|_| {
            let model = name(usize::try_from(random.between(0, models as u64 - 1)).unwrap());
            let disturbance = match random.between(0, 9) {
                0..=3 => Disturbance::Death(model),
                4 | 5 => Disturbance::Unload(model),
                6 => Disturbance::Pin(model, true),
                7 => Disturbance::Pin(model, false),
                _ => Disturbance::Leave,
            };
            (random.between(0, until + 2000), disturbance)
        })
        .collect()
}

fn limits(random: &mut Random) -> PlannerLimits {
    PlannerLimits {
        budget_bytes: random.between(1000, 10_000),
        wait_max: random.between(500, 20_000),
        keep_alive: random.between(1000, 60_000),
        waiting_max: 40,
    }
}

#[test]
fn in_a_calm_world_everything_is_answered_in_time_and_in_budget() {
    let mut answered = 0;
    let mut closest = 0.0_f64;
    for seed in 0..SEEDS {
        let mut random = Random(seed);
        let limits = limits(&mut random);
        let facts = random_facts(&mut random, limits.budget_bytes, true);
        let arrivals = random_arrivals(&mut random, facts.len());
        let mut world = World::new(seed, limits, facts, Planner::new(limits));
        let outcome = world.run(&arrivals, &[]);
        assert_eq!(outcome.failed, 0, "seed {seed}");
        assert_eq!(
            outcome.answered + outcome.refused,
            arrivals.len(),
            "seed {seed}"
        );
        assert_eq!(outcome.excess_bytes_max, 0, "seed {seed}");
        answered += outcome.answered;
        closest = closest.max(outcome.bound_used_max);
    }
    assert!(answered > 15_000, "{answered}");
    println!("{answered} requests; the longest wait took {closest:.2} of its bound");
}

#[test]
fn in_a_hostile_world_nothing_is_lost_and_pins_hold() {
    let (mut answered, mut failed, mut retried) = (0, 0, 0);
    for seed in 0..SEEDS {
        let mut random = Random(seed ^ 0x5eed);
        let limits = limits(&mut random);
        let facts = random_facts(&mut random, limits.budget_bytes, false);
        let arrivals = random_arrivals(&mut random, facts.len());
        let until = arrivals.last().map_or(0, |arrival| arrival.at);
        let disturbances = random_disturbances(&mut random, facts.len(), until);
        // What engines take beyond the estimate is the only way over the budget, and only until others have made room.
        let excess: u64 = facts
            .iter()
            .map(|facts| facts.bytes.saturating_sub(facts.estimate))
            .sum();
        let mut world = World::new(seed, limits, facts, Planner::new(limits));
        world.load_failures_one_in = Some(random.between(2, 20));
        let outcome = world.run(&arrivals, &disturbances);
        assert!(outcome.excess_bytes_max <= excess, "seed {seed}");
        answered += outcome.answered;
        failed += outcome.failed;
        retried += outcome.retried;
    }
    // Each way of ending was really met.
    assert!(
        answered > 15_000 && failed > 500 && retried > 200,
        "{answered} {failed} {retried}"
    );
    println!("{answered} answered, {failed} failed, {retried} tried again");
}

/// Requests for two models in turn, where only one fits, as fast as one of them could serve half of them.
fn contended(seed: u64) -> (PlannerLimits, Vec<Facts>, Vec<Arrival>) {
    let mut random = Random(seed);
    let limits = PlannerLimits {
        budget_bytes: 1000,
        wait_max: 20_000,
        keep_alive: 600_000,
        waiting_max: 256,
    };
    let facts = (0..2)
        .map(|_| Facts {
            estimate: 900,
            bytes: 900,
            parallel_max: 4,
            load_ms: random.between(800, 1500),
            end_ms: 100,
        })
        .collect();
    let mut at = 0;
    let arrivals = (0..100)
        .map(|_| {
            at += random.between(0, 3000);
            let model = usize::try_from(random.between(0, 1)).unwrap();
            Arrival {
                at,
                lane: lane(model, 0),
                service_ms: random.between(500, 4000),
            }
        })
        .collect();
    (limits, facts, arrivals)
}

#[test]
fn grouping_switches_less_and_waits_less_than_first_come_first_served() {
    let (mut ours, mut theirs) = (Outcome::default(), Outcome::default());
    for seed in 0..40 {
        let (limits, facts, arrivals) = contended(seed);
        let planner = Planner::new(limits);
        ours.add(&World::new(seed, limits, facts.clone(), planner).run(&arrivals, &[]));
        let first_come = FirstCome::default();
        theirs.add(&World::new(seed, limits, facts, first_come).run(&arrivals, &[]));
    }
    assert_eq!(ours.answered, 4000);
    assert_eq!(theirs.answered, 4000);
    println!(
        "switches {} against {}, mean wait {} ms against {} ms, longest {} ms against {} ms",
        ours.loads,
        theirs.loads,
        ours.waited_ms / 4000,
        theirs.waited_ms / 4000,
        ours.waited_ms_max,
        theirs.waited_ms_max,
    );
    assert!(ours.loads * 3 < theirs.loads * 2);
    assert!(ours.waited_ms * 4 < theirs.waited_ms);
}
