//! Who asks a running server. Only the environment and `.env` tell, because a password has no place in a settings file that is
//! shared, and none on a command line that every user of the machine can read.

use std::fmt;

use super::{Layers, Setting};

/// A password or an API token. Not printed.
#[derive(Clone)]
pub(crate) struct Secret(String);

impl Secret {
    pub(crate) fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text, for whoever sends it.
    pub(crate) fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// What proves at a running server who asks.
#[derive(Debug, Clone)]
pub(crate) struct AccountConfig {
    pub(crate) email: Option<Setting<String>>,
    pub(crate) password: Option<Setting<Secret>>,
    /// An API token, in place of address and password.
    pub(crate) token: Option<Setting<Secret>>,
}

pub(super) fn find(layers: &Layers) -> AccountConfig {
    let secret = |variable| {
        let found = layers.find_variable(variable)?;
        Some(Setting {
            value: Secret::new(found.value),
            origin: found.origin,
        })
    };
    AccountConfig {
        email: layers.find_variable("CODEGENIE_EMAIL"),
        password: secret("CODEGENIE_PASSWORD"),
        token: secret("CODEGENIE_TOKEN"),
    }
}

/// Name, value without secrets, and origin of everything that is set.
pub(crate) fn rows(config: &AccountConfig) -> Vec<(&'static str, String, String)> {
    let AccountConfig {
        email,
        password,
        token,
    } = config;
    let email = email
        .iter()
        .map(|email| ("email", email.value.clone(), email.origin.to_string()));
    let secrets = [("password", password), ("token", token)];
    let secrets = secrets.into_iter().filter_map(|(name, secret)| {
        let origin = &secret.as_ref()?.origin;
        Some((name, "…".to_owned(), origin.to_string()))
    });
    email.chain(secrets).collect()
}
