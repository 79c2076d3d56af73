//! Accounts and sessions.

use domain::accounts::{AccountChange, AccountStore, Email, PasswordHash, Role, Session, Username};
use domain::id::{AccountId, SessionId};
use domain::{Conflict, StoreError};
use futures::future::join_all;
use store::Store;
use uuid::Uuid;

use crate::backends::cases;
use crate::samples::{at, member, new_account, page};

cases![
    an_account_is_read_back_as_it_was_added,
    an_address_or_a_name_is_taken_once,
    one_of_many_gets_a_contested_address,
    administrators_are_limited,
    the_first_administrator_is_added_once,
    the_last_administrator_stays,
    two_administrators_never_demote_each_other,
    accounts_are_searched_and_paged,
    a_session_lives_until_it_is_removed,
    expired_sessions_are_forgotten,
    deactivation_and_passwords_end_sessions,
];

fn conflict<T>(conflict: Conflict) -> Result<T, StoreError> {
    Err(StoreError::Conflict(conflict))
}

fn change(role: Option<Role>, active: Option<bool>) -> AccountChange {
    AccountChange {
        role,
        active,
        admin_limit: 2,
    }
}

fn session(number: u128, account: AccountId, created: i64, expires: i64) -> Session {
    Session {
        id: SessionId(Uuid::from_u128(0x5000 + number)),
        account,
        created_at: at(created),
        expires_at: at(expires),
    }
}

async fn an_account_is_read_back_as_it_was_added(store: Store) {
    let new = new_account(1, Role::Student);
    store.add_account(new.clone(), 0).await.unwrap();
    let found = store.find_account(new.account.id).await.unwrap();
    assert_eq!(found.as_ref(), Some(&new.account));
    let credentials = store.find_credentials(&new.account.email).await.unwrap();
    assert_eq!(credentials, Some((new.account.clone(), new.password_hash)));
    let stranger = Email::parse("nobody@example.org").unwrap();
    assert_eq!(store.find_credentials(&stranger).await.unwrap(), None);
    let nobody = AccountId(Uuid::from_u128(99));
    assert_eq!(store.find_account(nobody).await.unwrap(), None);
    let unchanged = change(Some(Role::Admin), None);
    assert_eq!(store.update_account(nobody, unchanged).await, Ok(None));
}

async fn an_address_or_a_name_is_taken_once(store: Store) {
    member(&store, 1).await;
    let mut same_email = new_account(2, Role::User);
    same_email.account.email = new_account(1, Role::User).account.email;
    assert_eq!(
        store.add_account(same_email, 1).await,
        conflict(Conflict::EmailTaken)
    );
    let mut same_name = new_account(2, Role::User);
    same_name.account.username = Username::parse("pERSON1").unwrap();
    assert_eq!(
        store.add_account(same_name, 1).await,
        conflict(Conflict::UsernameTaken)
    );
    let mut same_id = new_account(2, Role::User);
    same_id.account.id = new_account(1, Role::User).account.id;
    assert_eq!(
        store.add_account(same_id, 1).await,
        conflict(Conflict::DuplicateKey)
    );
    member(&store, 2).await;
}

async fn one_of_many_gets_a_contested_address(store: Store) {
    let tries = (1..=8).map(|number| {
        let store = store.clone();
        let mut new = new_account(number, Role::User);
        new.account.email = Email::parse("same@example.org").unwrap();
        tokio::spawn(async move { store.add_account(new, 1).await })
    });
    let results: Vec<_> = join_all(tries)
        .await
        .into_iter()
        .map(Result::unwrap)
        .collect();
    let added = results.iter().filter(|result| result.is_ok()).count();
    assert_eq!(added, 1, "{results:?}");
    let refused = |result: &&Result<(), StoreError>| **result == conflict(Conflict::EmailTaken);
    assert_eq!(results.iter().filter(refused).count(), 7, "{results:?}");
}

async fn administrators_are_limited(store: Store) {
    for number in [1, 2] {
        let new = new_account(number, Role::Admin);
        store.add_account(new, 2).await.unwrap();
    }
    assert_eq!(
        store.add_account(new_account(3, Role::Admin), 2).await,
        conflict(Conflict::AdminLimit)
    );
    let third = member(&store, 3).await;
    let promote = change(Some(Role::Admin), None);
    assert_eq!(
        store.update_account(third, promote).await,
        conflict(Conflict::AdminLimit)
    );
    assert_eq!(store.count_admins().await, Ok(2));
    let first = new_account(1, Role::Admin).account.id;
    let demoted = store
        .update_account(first, change(Some(Role::User), None))
        .await;
    assert_eq!(demoted.unwrap().unwrap().role, Role::User);
    let promoted = store.update_account(third, promote).await.unwrap().unwrap();
    assert_eq!(promoted.role, Role::Admin);
    assert_eq!(store.find_account(third).await, Ok(Some(promoted)));
    // Saying again what is so already is no further administrator.
    assert!(store.update_account(third, promote).await.is_ok());
}

async fn the_first_administrator_is_added_once(store: Store) {
    member(&store, 100).await;
    let tries = (1..=6).map(|number| {
        let store = store.clone();
        tokio::spawn(async move {
            store
                .add_first_admin(new_account(number, Role::Admin))
                .await
        })
    });
    let results: Vec<_> = join_all(tries)
        .await
        .into_iter()
        .map(Result::unwrap)
        .collect();
    let added = results.iter().filter(|result| result.is_ok()).count();
    assert_eq!(added, 1, "{results:?}");
    assert_eq!(
        store.add_first_admin(new_account(9, Role::Admin)).await,
        conflict(Conflict::AdminExists)
    );
    assert_eq!(store.count_admins().await, Ok(1));
}

async fn the_last_administrator_stays(store: Store) {
    let admin = new_account(1, Role::Admin);
    let id = admin.account.id;
    store.add_first_admin(admin.clone()).await.unwrap();
    store.add_session(session(1, id, 0, 100)).await.unwrap();
    for change in [change(Some(Role::User), None), change(None, Some(false))] {
        assert_eq!(
            store.update_account(id, change).await,
            conflict(Conflict::LastAdmin)
        );
    }
    assert_eq!(store.find_account(id).await, Ok(Some(admin.account)));
    let kept = store.find_session(session(1, id, 0, 100).id).await.unwrap();
    assert!(kept.is_some(), "a refused change ended a session");
}

async fn two_administrators_never_demote_each_other(store: Store) {
    let ids = [1, 2].map(|number| new_account(number, Role::Admin).account.id);
    for number in [1, 2] {
        let new = new_account(number, Role::Admin);
        store.add_account(new, 2).await.unwrap();
    }
    for round in 0..5 {
        let tries = ids.map(|id| {
            let store = store.clone();
            tokio::spawn(async move {
                store
                    .update_account(id, change(Some(Role::User), None))
                    .await
            })
        });
        let results = join_all(tries).await;
        let demoted = results
            .iter()
            .filter(|result| matches!(result, Ok(Ok(Some(_)))))
            .count();
        assert_eq!(demoted, 1, "round {round}: {results:?}");
        assert_eq!(store.count_admins().await, Ok(1));
        for id in ids {
            let promote = change(Some(Role::Admin), None);
            store.update_account(id, promote).await.unwrap();
        }
    }
}

async fn accounts_are_searched_and_paged(store: Store) {
    for number in 1..=12 {
        member(&store, number).await;
    }
    let mut odd = new_account(13, Role::User);
    odd.account.email = Email::parse("per_cent%@example.org").unwrap();
    odd.account.username = Username::parse("under_score").unwrap();
    store.add_account(odd.clone(), 1).await.unwrap();

    let all = store.list_accounts("", page(5, 5)).await.unwrap();
    let numbers: Vec<u128> = all.rows.iter().map(|row| row.id.0.as_u128()).collect();
    assert_eq!((all.total, numbers), (13, vec![6, 7, 8, 9, 10]));
    assert_eq!(store.list_accounts("", page(5, 50)).await.unwrap().rows, []);

    let total = async |search: &str| store.list_accounts(search, page(9, 0)).await.unwrap().total;
    assert_eq!(total("PERSON1").await, 4);
    assert_eq!(total("person12@").await, 1);
    assert_eq!(total("_").await, 1, "an underscore is not a wildcard");
    assert_eq!(total("%").await, 1, "a percent sign is not a wildcard");
    assert_eq!(total("\\").await, 0);
    assert_eq!(total("' OR 1=1 --").await, 0);
    assert_eq!(total("per\0son").await, 0);
}

async fn a_session_lives_until_it_is_removed(store: Store) {
    let account = member(&store, 1).await;
    let session = session(1, account, 10, 20);
    assert_eq!(store.find_session(session.id).await, Ok(None));
    store.add_session(session.clone()).await.unwrap();
    let (found, owner) = store.find_session(session.id).await.unwrap().unwrap();
    assert_eq!((&found, owner.id), (&session, account));
    assert_eq!(
        store.add_session(session.clone()).await,
        conflict(Conflict::DuplicateKey)
    );
    assert_eq!(store.remove_session(session.id).await, Ok(true));
    assert_eq!(store.remove_session(session.id).await, Ok(false));
    assert_eq!(store.find_session(session.id).await, Ok(None));
}

async fn expired_sessions_are_forgotten(store: Store) {
    let account = member(&store, 1).await;
    let (old, running, new) = (
        session(1, account, 0, 99),
        session(2, account, 0, 150),
        session(3, account, 100, 200),
    );
    for session in [&old, &running, &new] {
        store.add_session(session.clone()).await.unwrap();
    }
    assert_eq!(store.find_session(old.id).await, Ok(None));
    assert!(store.find_session(running.id).await.unwrap().is_some());
    assert!(store.find_session(new.id).await.unwrap().is_some());
}

async fn deactivation_and_passwords_end_sessions(store: Store) {
    let (one, two) = (member(&store, 1).await, member(&store, 2).await);
    let sessions = [session(1, one, 0, 99), session(2, two, 0, 99)];
    for session in &sessions {
        store.add_session(session.clone()).await.unwrap();
    }
    let off = store.update_account(one, change(None, Some(false))).await;
    assert!(!off.unwrap().unwrap().active);
    assert_eq!(store.find_session(sessions[0].id).await, Ok(None));
    assert!(store.find_session(sessions[1].id).await.unwrap().is_some());

    let email = new_account(2, Role::User).account.email;
    for (hash, end_sessions) in [("kept", false), ("ended", true)] {
        let hash = PasswordHash(hash.to_owned());
        store
            .update_password(two, hash.clone(), end_sessions)
            .await
            .unwrap();
        let (_, stored) = store.find_credentials(&email).await.unwrap().unwrap();
        assert_eq!(stored, hash);
        let session = store.find_session(sessions[1].id).await.unwrap();
        assert_eq!(session.is_none(), end_sessions);
    }
}
