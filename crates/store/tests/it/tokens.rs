//! API tokens.

use domain::accounts::{AccountChange, AccountStore, PasswordHash, Role};
use domain::id::{AccountId, TokenId};
use domain::tokens::{ApiToken, TokenHash, TokenName, TokenStore};
use domain::{Conflict, StoreError};
use futures::future::join_all;
use store::Store;
use uuid::Uuid;

use crate::backends::cases;
use crate::samples::{at, member, new_account};

cases![
    a_token_is_found_by_its_hash_until_it_is_removed,
    only_its_account_removes_a_token,
    the_use_of_a_token_is_noted,
    the_number_of_tokens_is_bounded_for_each_account,
    many_at_once_get_no_more_than_the_limit,
    ended_tokens_are_forgotten_when_one_is_added,
    a_new_password_removes_tokens_only_when_it_signs_out,
    an_account_that_was_switched_off_is_told_with_its_token,
];

fn token(number: u8, account: AccountId, created: i64, expires: Option<i64>) -> ApiToken {
    ApiToken {
        id: TokenId(Uuid::from_u128(0x7000 + u128::from(number))),
        account,
        name: TokenName::parse(&format!("Token {number} ä")).unwrap(),
        created_at: at(created),
        expires_at: expires.map(at),
        last_used_at: None,
    }
}

fn hash(number: u8) -> TokenHash {
    TokenHash([number; 32])
}

const LIMIT: Result<(), StoreError> = Err(StoreError::Conflict(Conflict::TokenLimit));

async fn a_token_is_found_by_its_hash_until_it_is_removed(store: Store) {
    let account = member(&store, 1).await;
    let (first, second) = (
        token(1, account, 10, None),
        token(2, account, 11, Some(99_000)),
    );
    assert_eq!(store.find_token(hash(1)).await, Ok(None));
    assert_eq!(store.list_tokens(account).await, Ok(vec![]));
    store.add_token(second.clone(), hash(2), 5).await.unwrap();
    store.add_token(first.clone(), hash(1), 5).await.unwrap();
    let (found, owner) = store.find_token(hash(2)).await.unwrap().unwrap();
    assert_eq!((&found, owner.id), (&second, account));
    assert_eq!(
        store.list_tokens(account).await,
        Ok(vec![first.clone(), second.clone()])
    );
    let same_hash = token(3, account, 12, None);
    assert_eq!(
        store.add_token(same_hash, hash(1), 5).await,
        Err(StoreError::Conflict(Conflict::DuplicateKey))
    );
    assert_eq!(store.remove_token(account, second.id).await, Ok(true));
    assert_eq!(store.remove_token(account, second.id).await, Ok(false));
    assert_eq!(store.find_token(hash(2)).await, Ok(None));
    assert_eq!(store.list_tokens(account).await, Ok(vec![first]));
}

async fn only_its_account_removes_a_token(store: Store) {
    let (one, two) = (member(&store, 1).await, member(&store, 2).await);
    let token = token(1, one, 10, None);
    store.add_token(token.clone(), hash(1), 5).await.unwrap();
    assert_eq!(store.list_tokens(two).await, Ok(vec![]));
    assert_eq!(store.remove_token(two, token.id).await, Ok(false));
    assert!(store.find_token(hash(1)).await.unwrap().is_some());
}

async fn the_use_of_a_token_is_noted(store: Store) {
    let account = member(&store, 1).await;
    let (used, other) = (token(1, account, 10, None), token(2, account, 10, None));
    store.add_token(used.clone(), hash(1), 5).await.unwrap();
    store.add_token(other, hash(2), 5).await.unwrap();
    for moment in [70, 71] {
        store.update_token_use(used.id, at(moment)).await.unwrap();
        let uses: Vec<_> = store
            .list_tokens(account)
            .await
            .unwrap()
            .iter()
            .map(|token| token.last_used_at)
            .collect();
        assert_eq!(uses, [Some(at(moment)), None]);
    }
    let nobody = TokenId(Uuid::from_u128(99));
    assert_eq!(store.update_token_use(nobody, at(80)).await, Ok(()));
}

async fn the_number_of_tokens_is_bounded_for_each_account(store: Store) {
    let (one, two) = (member(&store, 1).await, member(&store, 2).await);
    for number in [1, 2] {
        let new = token(number, one, 10, None);
        store.add_token(new, hash(number), 2).await.unwrap();
    }
    assert_eq!(
        store.add_token(token(3, one, 10, None), hash(3), 2).await,
        LIMIT
    );
    store
        .add_token(token(4, two, 10, None), hash(4), 2)
        .await
        .unwrap();
    store
        .remove_token(one, token(1, one, 10, None).id)
        .await
        .unwrap();
    store
        .add_token(token(3, one, 10, None), hash(3), 2)
        .await
        .unwrap();
}

async fn many_at_once_get_no_more_than_the_limit(store: Store) {
    let account = member(&store, 1).await;
    let tries = (1..=8).map(|number| {
        let store = store.clone();
        let new = token(number, account, 10, None);
        tokio::spawn(async move { store.add_token(new, hash(number), 3).await })
    });
    let results: Vec<_> = join_all(tries)
        .await
        .into_iter()
        .map(Result::unwrap)
        .collect();
    let added = results.iter().filter(|result| result.is_ok()).count();
    let refused = results.iter().filter(|result| **result == LIMIT).count();
    assert_eq!((added, refused), (3, 5), "{results:?}");
    assert_eq!(store.list_tokens(account).await.unwrap().len(), 3);
}

async fn ended_tokens_are_forgotten_when_one_is_added(store: Store) {
    let account = member(&store, 1).await;
    let (ended, running, endless) = (
        token(1, account, 0, Some(100)),
        token(2, account, 0, Some(101)),
        token(3, account, 0, None),
    );
    for (number, token) in [(1, &ended), (2, &running), (3, &endless)] {
        let added = store.add_token(token.clone(), hash(number), 3).await;
        added.unwrap();
    }
    let new = token(4, account, 100, None);
    store.add_token(new.clone(), hash(4), 3).await.unwrap();
    assert_eq!(
        store.list_tokens(account).await,
        Ok(vec![running, endless, new])
    );
    assert_eq!(store.find_token(hash(1)).await, Ok(None));
}

async fn a_new_password_removes_tokens_only_when_it_signs_out(store: Store) {
    let (one, two) = (member(&store, 1).await, member(&store, 2).await);
    for (number, account) in [(1, one), (2, two)] {
        let new = token(number, account, 10, None);
        store.add_token(new, hash(number), 5).await.unwrap();
    }
    for (signs_out, is_left) in [(false, true), (true, false)] {
        let new = PasswordHash("new".to_owned());
        store.update_password(one, new, signs_out).await.unwrap();
        let found = store.find_token(hash(1)).await.unwrap();
        assert_eq!(found.is_some(), is_left);
    }
    assert!(store.find_token(hash(2)).await.unwrap().is_some());
}

async fn an_account_that_was_switched_off_is_told_with_its_token(store: Store) {
    store
        .add_account(new_account(1, Role::Developer), 2)
        .await
        .unwrap();
    let account = new_account(1, Role::Developer).account.id;
    store
        .add_token(token(1, account, 10, None), hash(1), 5)
        .await
        .unwrap();
    for active in [false, true] {
        let change = AccountChange {
            role: None,
            active: Some(active),
            admin_limit: 2,
        };
        store.update_account(account, change).await.unwrap();
        let (_, owner) = store.find_token(hash(1)).await.unwrap().unwrap();
        assert_eq!((owner.active, owner.role), (active, Role::Developer));
    }
}
