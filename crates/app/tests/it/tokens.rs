//! API tokens end to end: made, used, ended, revoked.

use std::sync::atomic::Ordering;

use app::Forbidden;
use app::accounts::AccountError;
use app::tokens::{DAYS_MAX, TOKENS_MAX, TokenError};
use domain::PageRequest;
use domain::accounts::{Proof, Role};
use domain::tokens::TokenSecret;

use crate::instance::Instance;

const DAY_MS: i64 = 86_400_000;

#[tokio::test]
async fn a_token_acts_for_its_account_until_it_is_revoked() {
    let instance = Instance::new().await;
    let ada = instance.sign_in("ada", Role::Developer).await;
    let (token, secret) = instance
        .tokens
        .create(&ada, " laptop ", None)
        .await
        .unwrap();
    assert_eq!(
        (token.name.as_str(), token.expires_at, token.last_used_at),
        ("laptop", None, None)
    );
    for _ in 0..2 {
        let acting = instance.tokens.authenticate(&secret).await.unwrap();
        let acting = acting.unwrap();
        assert_eq!(acting.account, ada.account);
        assert_eq!(acting.proof, Proof::Token(token.id));
    }
    instance.tokens.revoke(&ada, token.id).await.unwrap();
    assert_eq!(instance.tokens.authenticate(&secret).await, Ok(None));
    let again = instance.tokens.revoke(&ada, token.id).await;
    assert!(matches!(again, Err(TokenError::NotFound)), "{again:?}");
}

#[tokio::test]
async fn secrets_are_all_different_and_a_guess_is_nobody() {
    let instance = Instance::new().await;
    let ada = instance.sign_in("ada", Role::User).await;
    let (_, one) = instance.tokens.create(&ada, "one", None).await.unwrap();
    let (_, two) = instance.tokens.create(&ada, "two", None).await.unwrap();
    assert_ne!(one, two);
    let guess = TokenSecret::parse(&format!("cg_{}", "A".repeat(43))).unwrap();
    assert_eq!(instance.tokens.authenticate(&guess).await, Ok(None));
}

#[tokio::test]
async fn a_token_ends_by_itself() {
    let instance = Instance::new().await;
    let ada = instance.sign_in("ada", Role::User).await;
    let (token, secret) = instance.tokens.create(&ada, "week", Some(7)).await.unwrap();
    let begin = token.created_at.millis();
    assert_eq!(token.expires_at.unwrap().millis(), begin + 7 * DAY_MS);
    for (moment, holds) in [(begin + 7 * DAY_MS - 1, true), (begin + 7 * DAY_MS, false)] {
        instance.clock.0.store(moment, Ordering::Relaxed);
        let acting = instance.tokens.authenticate(&secret).await.unwrap();
        assert_eq!(acting.is_some(), holds);
    }
    for days in [0, DAYS_MAX + 1] {
        let refused = instance.tokens.create(&ada, "x", Some(days)).await;
        assert!(matches!(refused, Err(TokenError::Days(_))), "{refused:?}");
    }
}

#[tokio::test]
async fn the_use_is_noted_once_a_minute() {
    let instance = Instance::new().await;
    let ada = instance.sign_in("ada", Role::User).await;
    let (token, secret) = instance.tokens.create(&ada, "x", None).await.unwrap();
    let begin = token.created_at.millis();
    for (after, noted) in [(1_000, 1_000), (60_999, 1_000), (61_000, 61_000)] {
        instance.clock.0.store(begin + after, Ordering::Relaxed);
        instance.tokens.authenticate(&secret).await.unwrap();
        let listed = instance.tokens.list(&ada).await.unwrap();
        assert_eq!(
            listed[0].last_used_at.unwrap().millis(),
            begin + noted,
            "after {after} ms"
        );
    }
}

#[tokio::test]
async fn an_account_that_is_switched_off_has_no_tokens_that_hold() {
    let instance = Instance::new().await;
    let root = instance.sign_in("root", Role::Admin).await;
    let ada = instance.sign_in("ada", Role::User).await;
    let (_, secret) = instance.tokens.create(&ada, "x", None).await.unwrap();
    for active in [false, true] {
        let change = instance
            .accounts
            .update_account(&root, ada.account.id, None, Some(active));
        change.await.unwrap();
        let acting = instance.tokens.authenticate(&secret).await.unwrap();
        assert_eq!(acting.is_some(), active);
    }
}

#[tokio::test]
async fn an_account_has_a_bounded_number_and_sees_its_own() {
    let instance = Instance::new().await;
    let ada = instance.sign_in("ada", Role::User).await;
    let bob = instance.sign_in("bob", Role::User).await;
    for number in 0..TOKENS_MAX {
        let name = format!("token {number}");
        instance.tokens.create(&ada, &name, None).await.unwrap();
    }
    let refused = instance.tokens.create(&ada, "one more", None).await;
    assert!(matches!(refused, Err(TokenError::TooMany)), "{refused:?}");
    let (of_bob, _) = instance.tokens.create(&bob, "x", None).await.unwrap();
    let listed = instance.tokens.list(&ada).await.unwrap();
    assert_eq!(listed.len(), TOKENS_MAX as usize);
    let not_hers = instance.tokens.revoke(&ada, of_bob.id).await;
    assert!(
        matches!(not_hers, Err(TokenError::NotFound)),
        "{not_hers:?}"
    );
    assert_eq!(instance.tokens.list(&bob).await.unwrap(), [of_bob]);
    let unnamed = instance.tokens.create(&bob, "\n", None).await;
    assert!(matches!(unnamed, Err(TokenError::Name(_))), "{unnamed:?}");
}

#[tokio::test]
async fn a_token_manages_neither_tokens_nor_accounts() {
    let instance = Instance::new().await;
    let root = instance.sign_in("root", Role::Admin).await;
    let (token, secret) = instance.tokens.create(&root, "x", None).await.unwrap();
    let acting = instance.tokens.authenticate(&secret).await.unwrap();
    let acting = acting.unwrap();
    for refused in [
        instance.tokens.create(&acting, "y", None).await.err(),
        instance.tokens.list(&acting).await.err(),
        instance.tokens.revoke(&acting, token.id).await.err(),
    ] {
        assert!(
            matches!(refused, Some(TokenError::Forbidden(Forbidden::Token))),
            "{refused:?}"
        );
    }
    let page = PageRequest::default();
    for refused in [
        instance
            .accounts
            .list_accounts(&acting, "", page)
            .await
            .err(),
        instance
            .accounts
            .update_account(&acting, root.account.id, Some(Role::User), None)
            .await
            .err(),
        instance.accounts.log_out(&acting).await.err(),
    ] {
        assert!(
            matches!(refused, Some(AccountError::Forbidden(Forbidden::Token))),
            "{refused:?}"
        );
    }
}
