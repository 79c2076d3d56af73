//! `codegenie users`: accounts, for whoever sits at the machine. No sign-in: who can read the database owns it anyway.

use std::io::Write as _;

use app::accounts::{AccountService, AccountSettings, Registration};
use app::tokens::TokenService;
use domain::accounts::{Account, Password, Role};
use domain::{PageRequest, Timestamp};
use serde_json::{Value, json};
use std::sync::Arc;

use crate::args::{
    CreateUserArgs, ListUsersArgs, ResetPasswordArgs, RoleArgs, TokenArgs, UsersAct, UsersArgs,
};
use crate::config::Config;
use crate::ports::{SystemClock, SystemEntropy};
use crate::terminal::{self, BOLD, password};
use crate::wire;

pub(super) async fn run(args: UsersArgs, config: &Config) -> anyhow::Result<()> {
    let store = wire::open_store(config).await?;
    let settings = AccountSettings {
        admin_limit: config.admin_limit.value,
        registration_open: config.registration_open.value,
    };
    let port = Arc::new(store.clone());
    let (clock, entropy) = (Arc::new(SystemClock), Arc::new(SystemEntropy));
    let tokens = TokenService::new(port.clone(), clock.clone(), entropy.clone());
    let accounts = AccountService::new(port, clock, entropy, settings);
    let done = match args.act {
        UsersAct::Create(args) => create(args, &accounts).await,
        UsersAct::List(args) => list(&args, &accounts).await,
        UsersAct::Role(args) => set_role(&args, &accounts).await,
        UsersAct::ResetPassword(args) => reset_password(&args, &accounts).await,
        UsersAct::Token(args) => make_token(&args, &accounts, &tokens).await,
    };
    store.close().await;
    done
}

async fn create(args: CreateUserArgs, accounts: &AccountService) -> anyhow::Result<()> {
    let role = if args.admin { Role::Admin } else { args.role };
    let password = password::read(args.password_stdin)?;
    let registration = Registration {
        email: args.email,
        username: args.username,
        password: Password::typed(password),
        role,
    };
    let account = accounts.create_locally(registration).await?;
    if args.json {
        return terminal::print_json(&to_json(&account));
    }
    let (role, email) = (account.role, account.email.as_str());
    writeln!(
        terminal::stdout(),
        "created the {role} {} <{email}>",
        account.username.as_str()
    )?;
    Ok(())
}

async fn list(args: &ListUsersArgs, accounts: &AccountService) -> anyhow::Result<()> {
    let all = list_all(accounts).await?;
    if args.json {
        return terminal::print_json(&all.iter().map(to_json).collect::<Vec<_>>());
    }
    let mut out = terminal::stdout();
    if all.is_empty() {
        writeln!(
            out,
            "there are no accounts; create the first with: codegenie users create --admin --email E --username U"
        )?;
        return Ok(());
    }
    let width = |text: fn(&Account) -> usize| all.iter().map(text).max().unwrap_or(0).max(8);
    let email_width = width(|account| account.email.as_str().chars().count());
    let name_width = width(|account| account.username.as_str().chars().count());
    writeln!(
        out,
        "{BOLD}{:<email_width$}  {:<name_width$}  role       state     created{BOLD:#}",
        "email", "username"
    )?;
    for account in &all {
        let (email, username) = (account.email.as_str(), account.username.as_str());
        let (role, state) = (account.role.name(), state_of(account));
        let day: String = rfc3339(account.created_at).chars().take(10).collect();
        writeln!(
            out,
            "{email:<email_width$}  {username:<name_width$}  {role:<9}  {state:<8}  {day}"
        )?;
    }
    Ok(())
}

async fn list_all(accounts: &AccountService) -> anyhow::Result<Vec<Account>> {
    let mut all = Vec::new();
    loop {
        let offset = u32::try_from(all.len())?;
        let page = PageRequest::new(PageRequest::LIMIT_MAX, offset)
            .expect("BUG: the highest limit is allowed");
        let rows = accounts.list_accounts_locally(page).await?.rows;
        if rows.is_empty() {
            return Ok(all);
        }
        all.extend(rows);
    }
}

async fn set_role(args: &RoleArgs, accounts: &AccountService) -> anyhow::Result<()> {
    let account = accounts.update_role_locally(&args.email, args.role).await?;
    writeln!(
        terminal::stdout(),
        "{} is now {}",
        account.email.as_str(),
        account.role
    )?;
    Ok(())
}

async fn reset_password(args: &ResetPasswordArgs, accounts: &AccountService) -> anyhow::Result<()> {
    let password = password::read(args.password_stdin)?;
    let account = accounts
        .reset_password_locally(&args.email, &password)
        .await?;
    let email = account.email.as_str();
    writeln!(
        terminal::stdout(),
        "{email} has a new password, is signed out everywhere, and its API tokens are revoked"
    )?;
    Ok(())
}

async fn make_token(
    args: &TokenArgs,
    accounts: &AccountService,
    tokens: &TokenService,
) -> anyhow::Result<()> {
    let owner = accounts.act_locally_as(&args.email).await?;
    let (token, secret) = tokens
        .create(&owner, &args.name, args.expires_in_days)
        .await?;
    if args.json {
        return terminal::print_json(&json!({
            "id": token.id.to_string(),
            "name": token.name.as_str(),
            "token": secret.reveal(),
            "created_at": rfc3339(token.created_at),
            "expires_at": token.expires_at.map(rfc3339),
        }));
    }
    // The secret alone, so that a script can take it as it is.
    writeln!(terminal::stdout(), "{}", secret.reveal())?;
    Ok(())
}

/// The same fields as in the API.
fn to_json(account: &Account) -> Value {
    json!({
        "id": account.id.to_string(),
        "email": account.email.as_str(),
        "username": account.username.as_str(),
        "role": account.role.name(),
        "active": account.active,
        "created_at": rfc3339(account.created_at),
    })
}

fn state_of(account: &Account) -> &'static str {
    if account.active { "active" } else { "inactive" }
}

/// A moment as RFC 3339 in UTC.
fn rfc3339(moment: Timestamp) -> String {
    chrono::DateTime::from_timestamp_millis(moment.millis())
        .unwrap_or_default()
        .to_rfc3339_opts(chrono::SecondsFormat::Millis, true)
}
