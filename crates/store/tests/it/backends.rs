//! Runs the cases of a port on every database.

use std::pin::Pin;

use crate::postgres::Cluster;
use store::Store;

pub(crate) type Case = (
    &'static str,
    fn(Store) -> Pin<Box<dyn Future<Output = ()> + Send>>,
);

/// The cases named, each a function that takes an empty store.
macro_rules! cases {
    ($($name:ident),+ $(,)?) => {
        pub(crate) const CASES: &[crate::backends::Case] =
            &[$((stringify!($name), |store| Box::pin($name(store)))),+];

        #[tokio::test(flavor = "multi_thread")]
        async fn hold_in_memory() {
            crate::backends::run_in_memory(CASES).await;
        }

        #[tokio::test(flavor = "multi_thread")]
        async fn hold_in_a_file() {
            crate::backends::run_in_files(CASES).await;
        }

        #[tokio::test(flavor = "multi_thread")]
        async fn hold_on_postgresql() {
            crate::backends::run_on_postgres(CASES).await;
        }
    };
}
pub(crate) use cases;

async fn run((name, case): &Case, store: Store) {
    // Shown by the test runner when the case fails.
    println!("{name} on {}", store.backend());
    case(store.clone()).await;
    store.close().await;
}

pub(crate) async fn run_in_memory(cases: &[Case]) {
    for case in cases {
        run(case, Store::open_in_memory().await.unwrap()).await;
    }
}

pub(crate) async fn run_in_files(cases: &[Case]) {
    for case in cases {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store.db");
        run(case, Store::open_sqlite(&path).await.unwrap()).await;
    }
}

pub(crate) async fn run_on_postgres(cases: &[Case]) {
    let cluster = Cluster::start();
    for case in cases {
        let url = cluster.create_database();
        run(case, Store::open_url(&url).await.unwrap()).await;
    }
}
