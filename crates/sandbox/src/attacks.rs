//! Hostile programs that each tier must keep in. Here is what they are; `self_test` runs them.
//!
//! Words in at signs stand for things of the host that a program must not reach, such as `@CANARY@`, a file with a secret.

mod machine;
mod python;
mod scripts;
mod verdicts;

use domain::language::Language;
use domain::sandbox::Tier;

/// What a program prints when it got what it must not have, where the host cannot see that by itself.
pub(crate) const REACHED: &str = "REACHED";

/// A hostile program.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Attack {
    /// What it tries. No two have the same.
    pub(crate) name: &'static str,
    /// Its language.
    pub(crate) language: Language,
    /// The tiers it is for.
    pub(crate) tiers: &'static [Tier],
    /// Its code.
    pub(crate) code: &'static str,
    /// When it counts as stopped.
    pub(crate) stop: Stop,
}

/// What the host must see, besides that the secret is nowhere in the output, that nothing reached its listeners, that its files are as
/// they were, and that the run ended in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stop {
    /// Nothing more; and the program does not say that it got through.
    Silent,
    /// It printed exactly this.
    Prints(&'static str),
    /// It did not end well.
    Fails,
    /// Its time was up, for it would go on for ever.
    TimesOut,
    /// Its time was up, or it failed with its output cut; in both cases no more of it was kept than was allowed.
    IsCut,
    /// None of the host's environment is in what it printed.
    Bare,
    /// Judged by these tests, which no honest program passes, it does not pass.
    IsNotBelieved(&'static str),
}

const BOTH: &[Tier] = &Tier::ALL;
const NATIVE: &[Tier] = &[Tier::Native];

/// Every attack.
pub(crate) fn all() -> impl Iterator<Item = Attack> {
    [
        python::ATTACKS,
        machine::ATTACKS,
        scripts::ATTACKS,
        verdicts::ATTACKS,
    ]
    .into_iter()
    .flatten()
    .copied()
}

const fn python(
    name: &'static str,
    tiers: &'static [Tier],
    stop: Stop,
    code: &'static str,
) -> Attack {
    Attack {
        name,
        language: Language::Python,
        tiers,
        code,
        stop,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_attack_has_a_name_of_its_own() {
        let mut names = BTreeSet::new();
        for attack in all() {
            assert!(names.insert(attack.name), "{}", attack.name);
            assert!(!attack.tiers.is_empty() && !attack.code.is_empty());
        }
        assert!(names.len() > 50);
    }
}
