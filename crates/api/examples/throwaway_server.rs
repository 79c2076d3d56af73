//! Serves a throw-away instance for tools that test the API from outside, such as schemathesis: an in-memory database and an
//! administrator whose access token is the only line printed.
//!
//! `cargo run -p api --example throwaway_server -- 127.0.0.1:8599`

use api::ApiSettings;
use app::accounts::AccountSettings;
use domain::accounts::Role;
use testkit::server::TestServer;

#[tokio::main]
#[expect(clippy::print_stdout, reason = "the token is for whoever starts this")]
async fn main() {
    let address = std::env::args()
        .nth(1)
        .unwrap_or_else(|| "127.0.0.1:8599".to_owned());
    let address = address
        .parse()
        .expect("the argument is an address such as 127.0.0.1:8599");
    let settings = ApiSettings {
        sign_in_burst: u32::MAX,
        ..ApiSettings::default()
    };
    let server = TestServer::start_on(address, settings, AccountSettings::default()).await;
    println!("{}", server.sign_in_as(Role::Admin).await.token);
    std::future::pending::<()>().await;
}
