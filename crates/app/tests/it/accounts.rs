//! Accounts end to end: roles, sessions, the first administrator.

use std::sync::atomic::Ordering;

use app::accounts::{AccountError, SESSION_SECONDS};
use domain::accounts::{Password, Role};

use crate::instance::{Instance, registration, session_of};

#[tokio::test]
async fn the_set_up_token_makes_one_administrator_and_then_nothing() {
    let instance = Instance::new().await;
    let token = instance
        .accounts
        .issue_setup_token()
        .await
        .unwrap()
        .unwrap();
    let ada = registration("ada", Role::User);
    assert!(matches!(
        instance
            .accounts
            .create_first_admin("wrong", ada.clone())
            .await,
        Err(AccountError::SetupLink)
    ));
    let account = instance
        .accounts
        .create_first_admin(&token, ada)
        .await
        .unwrap();
    assert_eq!(account.role, Role::Admin);
    let again = instance
        .accounts
        .create_first_admin(&token, registration("eve", Role::User))
        .await;
    assert!(matches!(again, Err(AccountError::SetupLink)));
    assert_eq!(instance.accounts.issue_setup_token().await.unwrap(), None);
}

#[tokio::test]
async fn registering_never_makes_an_administrator() {
    let instance = Instance::new().await;
    let refused = instance
        .accounts
        .register(registration("ada", Role::Admin))
        .await;
    assert!(matches!(
        refused,
        Err(AccountError::AdminNotForRegistration)
    ));
    let first = instance
        .accounts
        .register(registration("ada", Role::Student))
        .await
        .unwrap();
    assert_eq!(first.role, Role::Student);
    assert!(!instance.accounts.has_admin().await.unwrap());
}

#[tokio::test]
async fn wrong_password_unknown_account_and_inactive_account_are_told_alike() {
    let instance = Instance::new().await;
    let admin = instance.sign_in("root", Role::Admin).await;
    let user = instance.sign_in("ada", Role::User).await;
    instance
        .accounts
        .update_account(&admin, user.account.id, None, Some(false))
        .await
        .unwrap();
    let right = Password::typed("correct horse 9");
    for (email, password) in [
        ("ada@example.org", right.clone()),
        ("nobody@example.org", right),
        ("root@example.org", Password::typed("wrong")),
    ] {
        let refused = instance.accounts.log_in(email, &password).await;
        assert!(
            matches!(refused, Err(AccountError::WrongCredentials)),
            "{email}"
        );
    }
}

#[tokio::test]
async fn a_session_ends_by_log_out_by_deactivation_and_by_time() {
    let instance = Instance::new().await;
    let admin = instance.sign_in("root", Role::Admin).await;
    let user = instance.sign_in("ada", Role::User).await;
    instance.accounts.log_out(&user).await.unwrap();
    assert_eq!(
        instance
            .accounts
            .authenticate(session_of(&user))
            .await
            .unwrap(),
        None
    );

    let other = instance.sign_in("bob", Role::User).await;
    instance
        .accounts
        .update_account(&admin, other.account.id, None, Some(false))
        .await
        .unwrap();
    assert_eq!(
        instance
            .accounts
            .authenticate(session_of(&other))
            .await
            .unwrap(),
        None
    );

    instance
        .clock
        .0
        .fetch_add(SESSION_SECONDS * 1000 - 1, Ordering::Relaxed);
    assert!(
        instance
            .accounts
            .authenticate(session_of(&admin))
            .await
            .unwrap()
            .is_some()
    );
    instance.clock.0.fetch_add(1, Ordering::Relaxed);
    assert_eq!(
        instance
            .accounts
            .authenticate(session_of(&admin))
            .await
            .unwrap(),
        None
    );
}

#[tokio::test]
async fn a_new_role_holds_from_the_next_request_and_the_last_administrator_stays() {
    let instance = Instance::new().await;
    let admin = instance.sign_in("root", Role::Admin).await;
    let user = instance.sign_in("ada", Role::User).await;
    instance
        .accounts
        .update_account(&admin, user.account.id, Some(Role::Developer), None)
        .await
        .unwrap();
    let now = instance
        .accounts
        .authenticate(session_of(&user))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(now.account.role, Role::Developer);
    let refused = instance
        .accounts
        .update_account(&admin, admin.account.id, Some(Role::User), None)
        .await;
    assert!(matches!(refused, Err(AccountError::Administrators(_))));
    let forbidden = instance
        .accounts
        .update_account(&now, admin.account.id, Some(Role::User), None)
        .await;
    assert!(matches!(forbidden, Err(AccountError::Forbidden(_))));
}
