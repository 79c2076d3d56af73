//! Slow password hashing with Argon2id (RFC 9106), bounded and away from the I/O threads.

use argon2::Argon2;
use argon2::password_hash::phc;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use domain::accounts::{Password, PasswordHash};
use tokio::sync::Semaphore;

use crate::blocking;

/// Hashes computed at once; each takes 19 MiB and one core for some 20 ms.
const HASHES_AT_ONCE: usize = 2;

/// Hashes and verifies passwords.
pub(super) struct PasswordHashing {
    permits: Semaphore,
    /// Verified when an account is unknown, so that the answer takes as long as for a known one.
    decoy: tokio::sync::OnceCell<PasswordHash>,
}

impl PasswordHashing {
    pub(super) fn new() -> Self {
        Self {
            permits: Semaphore::new(HASHES_AT_ONCE),
            decoy: tokio::sync::OnceCell::new(),
        }
    }

    /// A new hash with a fresh salt; `None` when the operating system gives no random bytes.
    pub(super) async fn hash(&self, password: &Password) -> Option<PasswordHash> {
        let _permit = self
            .permits
            .acquire()
            .await
            .expect("BUG: the semaphore is never closed");
        let password = password.clone();
        blocking::run(move || hash_now(&password)).await
    }

    /// Whether `password` belongs to `hash`; with no hash the work is done all the same and the answer is `false`.
    pub(super) async fn verify(&self, password: &Password, hash: Option<PasswordHash>) -> bool {
        let decoy = self.decoy.get_or_init(|| async {
            let decoy = Password::typed("no account has this password");
            blocking::run(move || hash_now(&decoy))
                .await
                .unwrap_or(PasswordHash(String::new()))
        });
        let decoy = decoy.await.clone();
        let known = hash.is_some();
        let hash = hash.unwrap_or(decoy);
        let _permit = self
            .permits
            .acquire()
            .await
            .expect("BUG: the semaphore is never closed");
        let password = password.clone();
        blocking::run(move || verify_now(&password, &hash)).await && known
    }
}

fn hash_now(password: &Password) -> Option<PasswordHash> {
    let hash: phc::PasswordHash = Argon2::default()
        .hash_password(password.reveal().as_bytes())
        .ok()?;
    Some(PasswordHash(hash.to_string()))
}

fn verify_now(password: &Password, hash: &PasswordHash) -> bool {
    phc::PasswordHash::new(&hash.0).is_ok_and(|hash| {
        Argon2::default()
            .verify_password(password.reveal().as_bytes(), &hash)
            .is_ok()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_password_verifies_against_its_hash_and_no_other() {
        let hashing = PasswordHashing::new();
        let right = Password::typed("correct horse 9");
        let hash = hashing.hash(&right).await.unwrap();
        assert!(
            hash.0.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"),
            "{}",
            hash.0
        );
        assert!(hashing.verify(&right, Some(hash.clone())).await);
        assert!(
            !hashing
                .verify(&Password::typed("correct horse 8"), Some(hash))
                .await
        );
        assert!(!hashing.verify(&right, None).await);
    }

    #[tokio::test]
    async fn the_decoy_password_signs_nobody_in() {
        let hashing = PasswordHashing::new();
        assert!(
            !hashing
                .verify(&Password::typed("no account has this password"), None)
                .await
        );
        assert!(
            !hashing
                .verify(&Password::typed("x"), Some(PasswordHash("rubbish".into())))
                .await
        );
    }
}
