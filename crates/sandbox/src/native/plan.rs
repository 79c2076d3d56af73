//! Which walls a machine has, and whether they are enough. Pure: what was found out goes in, the decision comes out.

use domain::sandbox::Layer;

use super::request::{Plan, Survey};

/// The ABI from which Landlock alone keeps a program from changing files: before it, they could be cut short.
const LANDLOCK_ALONE_MIN: u32 = 3;

/// Decides how programs are kept in on this machine, or says why they are not run.
///
/// Always needed: the filter of system calls, the bounds, and an account without rights. Files, processes and network are kept
/// away by namespaces or by Landlock; what a machine has of the two is used and from then on required at each run.
pub(super) fn decide(survey: &Survey) -> Result<Plan, String> {
    let always = [
        (
            "the filter of system calls",
            survey.system_calls.as_ref().err(),
        ),
        ("the kernel's bounds", survey.bounds.as_ref().err()),
        ("an account without rights", survey.account.as_ref().err()),
    ];
    for (wall, missing) in always {
        if let Some(why) = missing {
            return Err(format!("{wall} could not be had: {why}"));
        }
    }
    let plan = Plan {
        has_namespaces: survey.namespaces.is_ok(),
        has_landlock: survey.landlock.is_ok(),
    };
    if plan.has_namespaces {
        return Ok(plan);
    }
    let namespaces = survey.namespaces.as_ref().err().map_or("", String::as_str);
    match &survey.landlock {
        Ok(abi) if *abi >= LANDLOCK_ALONE_MIN => Ok(plan),
        Ok(abi) => Err(format!(
            "namespaces are not permitted here ({namespaces}), and Landlock alone needs ABI {LANDLOCK_ALONE_MIN} (Linux 6.2) where \
             this kernel has {abi}; permit user namespaces, or use a newer kernel"
        )),
        Err(landlock) => Err(format!(
            "neither namespaces ({namespaces}) nor Landlock ({landlock}) can be had; permit user namespaces, or use a kernel with \
             Landlock"
        )),
    }
}

/// The walls as they are shown to an administrator.
pub(super) fn layers(survey: &Survey) -> Vec<Layer> {
    let is_landlock_enough = survey
        .landlock
        .as_ref()
        .is_ok_and(|abi| *abi >= LANDLOCK_ALONE_MIN);
    let layer = |name, held: &Result<String, String>, is_required| Layer {
        name,
        holds: held.is_ok(),
        is_required,
        detail: match held {
            Ok(detail) => detail.clone(),
            Err(why) => format!("missing: {why}"),
        },
    };
    let landlock = survey.landlock.clone().map(describe_landlock);
    vec![
        layer(
            "Namespaces",
            &survey.namespaces,
            survey.namespaces.is_ok() || !is_landlock_enough,
        ),
        layer(
            "Landlock",
            &landlock,
            survey.landlock.is_ok() || survey.namespaces.is_err(),
        ),
        layer("System calls", &survey.system_calls, true),
        layer("Bounds", &survey.bounds, true),
        layer("Account", &survey.account, true),
    ]
}

/// What each ABI of Landlock added; see the kernel's `userspace-api/landlock`.
fn describe_landlock(abi: u32) -> String {
    let mut kept = vec!["files"];
    if abi >= 4 {
        kept.push("TCP");
    }
    if abi >= 6 {
        kept.extend(["signals", "abstract sockets"]);
    }
    format!("ABI {abi}: {}", kept.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn survey(namespaces: bool, landlock: Option<u32>) -> Survey {
        let held = |holds: bool| {
            if holds {
                Ok(String::new())
            } else {
                Err("no".to_owned())
            }
        };
        Survey {
            namespaces: held(namespaces),
            landlock: landlock.ok_or("none".to_owned()),
            system_calls: held(true),
            bounds: held(true),
            account: held(true),
        }
    }

    #[test]
    fn either_namespaces_or_landlock_is_enough_and_both_are_used() {
        for (namespaces, landlock) in [
            (true, Some(7)),
            (true, None),
            (false, Some(3)),
            (true, Some(1)),
        ] {
            let plan = decide(&survey(namespaces, landlock)).unwrap();
            assert_eq!(plan.has_namespaces, namespaces);
            assert_eq!(plan.has_landlock, landlock.is_some());
        }
    }

    #[test]
    fn less_than_that_is_refused() {
        for landlock in [None, Some(1), Some(2)] {
            let why = decide(&survey(false, landlock)).unwrap_err();
            assert!(why.contains("user namespaces"), "{why}");
        }
        let mut filterless = survey(true, Some(7));
        filterless.system_calls = Err("no".to_owned());
        assert!(decide(&filterless).unwrap_err().contains("system calls"));
        let mut boundless = survey(true, Some(7));
        boundless.bounds = Err("no".to_owned());
        assert!(decide(&boundless).is_err());
        let mut root = survey(true, Some(7));
        root.account = Err("no".to_owned());
        assert!(decide(&root).is_err());
    }

    #[test]
    fn a_missing_wall_is_required_exactly_when_nothing_replaces_it() {
        let required = |namespaces, landlock| -> Vec<bool> {
            layers(&survey(namespaces, landlock))
                .iter()
                .map(|layer| layer.is_required)
                .collect()
        };
        assert_eq!(required(false, Some(7)), [false, true, true, true, true]);
        assert_eq!(required(true, None), [true, false, true, true, true]);
        assert_eq!(required(false, None), [true, true, true, true, true]);
        let decided = |namespaces, landlock| {
            let survey = survey(namespaces, landlock);
            let all_hold = layers(&survey)
                .iter()
                .all(|layer| layer.holds || !layer.is_required);
            assert_eq!(decide(&survey).is_ok(), all_hold);
        };
        for landlock in [None, Some(1), Some(2), Some(3), Some(7)] {
            decided(true, landlock);
            decided(false, landlock);
        }
    }
}
