//! A proof that was kept spares the next sandbox the self-test, and nothing else.

use std::path::Path;

use domain::sandbox::{RunStatus, Sandbox as _, Tier, TierReport, TierState};
use sandbox::{LocalSandbox, Proof, SandboxConfig};

use super::native::{launcher, pythons};
use super::{cache_dir, python};

fn config(cache_dir: &Path, after: &[&str]) -> SandboxConfig {
    SandboxConfig {
        cache_dir: cache_dir.to_owned(),
        launcher: Some(launcher(&[], after)),
        python: pythons(),
        parallel_max: 2,
    }
}

/// A folder with the images that were compiled before, and without a proof.
fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for entry in std::fs::read_dir(cache_dir()).into_iter().flatten() {
        let path = entry.unwrap().path();
        if path
            .extension()
            .is_some_and(|end| end == "cwasm" || end == "sum")
        {
            // Another test may be replacing it.
            let _ = std::fs::copy(&path, folder.path().join(path.file_name().unwrap()));
        }
    }
    folder
}

fn find(reports: &[TierReport], tier: Tier) -> &TierReport {
    reports.iter().find(|report| report.tier == tier).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kept_proof_is_taken_and_one_that_does_not_fit_is_not() {
    let folder = folder();
    let proved = LocalSandbox::start(config(folder.path(), &[]))
        .report(true)
        .await;
    for _ in 0..2 {
        let sandbox = LocalSandbox::start_with(config(folder.path(), &[]), Proof::Recent);
        let outcome = sandbox.run(&python("print(1)")).await;
        assert_eq!(outcome.stdout, "1\n", "{outcome:?}");
        // Nothing needed the native tier, so nobody looked at it.
        let now = sandbox.report(false).await;
        assert_eq!(find(&now, Tier::Native).state, TierState::Preparing);
        let outcome = sandbox.run(&python("import tempfile\nprint(2)")).await;
        assert_eq!(
            (outcome.tier, outcome.stdout.as_str()),
            (Some(Tier::Native), "2\n")
        );
        let recalled = sandbox.report(true).await;
        for (new, old) in recalled.iter().zip(&proved) {
            assert_eq!(new.state, TierState::Ready, "{new:#?}");
            assert_eq!((&new.attacks, &new.layers), (&old.attacks, &old.layers));
            assert!(new.attacks.len() > 40);
        }
    }
    // Of another launcher nothing is known: this one may not use Landlock, which is seen because it is looked at anew.
    let other =
        LocalSandbox::start_with(config(folder.path(), &["deny", "landlock"]), Proof::Recent);
    let reports = other.report(true).await;
    let landlock = find(&reports, Tier::Native)
        .layers
        .iter()
        .find(|layer| layer.name == "Landlock");
    assert!(!landlock.unwrap().holds, "{reports:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wall_that_was_there_when_it_was_proved_is_still_required() {
    let folder = folder();
    // The launcher is this file, and loses a wall between two runs, which no proof can foresee.
    let switch = folder.path().join("switch");
    let own = launcher(&[], &[]);
    let script = folder.path().join("launcher");
    std::fs::write(
        &script,
        format!(
            "#!/bin/sh\nif [ -e '{}' ]; then exec '{1}' deny unshare; fi\nexec '{1}'\n",
            switch.display(),
            own.program.display()
        ),
    )
    .unwrap();
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(&script, mode).unwrap();
    let config = || {
        let mut config = config(folder.path(), &[]);
        config.launcher = Some(sandbox::Launcher {
            program: script.clone(),
            args: Vec::new(),
        });
        config
    };
    let program = python("import tempfile\nprint(2)");
    let sandbox = LocalSandbox::start(config());
    let proved = sandbox.report(true).await;
    let has_namespaces = find(&proved, Tier::Native)
        .layers
        .iter()
        .any(|layer| layer.name == "Namespaces" && layer.holds);
    if !has_namespaces {
        // Then there is no wall to be lost.
        return;
    }
    std::fs::write(&switch, "").unwrap();
    let recalled = LocalSandbox::start_with(config(), Proof::Recent);
    let outcome = recalled.run(&program).await;
    assert_eq!(outcome.status, RunStatus::Unavailable, "{outcome:?}");
    // The proof is in doubt now, so the next sandbox looks for itself.
    let next = LocalSandbox::start_with(config(), Proof::Recent);
    let reports = next.report(true).await;
    let native = find(&reports, Tier::Native);
    assert!(
        native
            .layers
            .iter()
            .any(|layer| layer.name == "Namespaces" && !layer.holds),
        "{native:#?}"
    );
}
