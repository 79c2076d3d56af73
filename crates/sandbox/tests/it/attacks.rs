//! Every hostile program is kept in, by each tier that can be had here, as root and as somebody else.

use domain::sandbox::TierState;

use crate::native::{launcher, start};

#[tokio::test(flavor = "multi_thread")]
async fn the_native_tier_keeps_every_attack_in() {
    let (_, report) = start(launcher(&[], &[])).await;
    let holes: Vec<_> = report
        .attacks
        .iter()
        .filter(|attack| !attack.is_stopped)
        .collect();
    assert!(holes.is_empty(), "{holes:#?}");
    assert_eq!(report.state, TierState::Ready, "{report:#?}");
    assert!(report.attacks.len() > 40);
}

#[tokio::test(flavor = "multi_thread")]
async fn so_it_does_for_a_server_that_is_not_root() {
    let is_root = std::fs::metadata("/proc/self")
        .is_ok_and(|metadata| std::os::unix::fs::MetadataExt::uid(&metadata) == 0);
    if !is_root {
        // Then the test above was that test.
        return;
    }
    let plain = [
        "/usr/bin/setpriv",
        "--reuid=1234",
        "--regid=1234",
        "--clear-groups",
        "--inh-caps=-all",
    ];
    for denied in [&[][..], &["deny", "unshare"]] {
        let (_, report) = start(launcher(&plain, denied)).await;
        let holes: Vec<_> = report
            .attacks
            .iter()
            .filter(|attack| !attack.is_stopped)
            .collect();
        assert!(holes.is_empty(), "{holes:#?}");
        let can_reach = std::path::Path::new("/usr/bin/python3").exists();
        assert!(
            !can_reach || report.state == TierState::Ready,
            "{report:#?}"
        );
    }
}
