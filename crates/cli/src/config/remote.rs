//! The settings of model servers beyond this machine: `remote_NAME_url` and what goes with it. Their keys come from the environment
//! alone, and are never shown.

use std::collections::BTreeMap;

use anyhow::bail;
use inference::{ApiKey, RemoteBackend, RemoteTimeouts};

use super::{Layers, Origin, Setting, parse_yes_no};

/// How the keys of the settings file begin; variables are the same in capital letters, after `CODEGENIE_`.
const PREFIX: &str = "remote_";
const VARIABLE_PREFIX: &str = "CODEGENIE_REMOTE_";

/// What is set of a server, by the end of the key.
const FIELDS: [&str; 5] = ["url", "models", "private", "extended", "key"];

/// Name and field of a key such as `remote_lab_url`; `None` for any other key.
pub(super) fn split_key(key: &str) -> Option<(&str, &'static str)> {
    let (name, field) = key.strip_prefix(PREFIX)?.rsplit_once('_')?;
    let field = FIELDS.into_iter().find(|known| *known == field)?;
    (!name.is_empty()).then_some((name, field))
}

/// Whether a key of the settings file may hold what it says.
pub(super) fn is_secret(key: &str) -> bool {
    split_key(key).is_some_and(|(_, field)| field == "key")
}

type Fields = BTreeMap<&'static str, Setting<String>>;

/// The servers that have an address, by name.
pub(super) fn find(layers: &Layers) -> anyhow::Result<Vec<Setting<RemoteBackend>>> {
    let mut servers: BTreeMap<String, Fields> = BTreeMap::new();
    let mut add = |key: &str, value: &str, origin: Origin| {
        if let Some((name, field)) = split_key(key).filter(|_| !value.is_empty()) {
            let value = value.to_owned();
            let fields = servers.entry(name.to_owned()).or_default();
            fields.insert(field, Setting { value, origin });
        }
    };
    // The layers above replace what those below say.
    for (key, value) in layers.file.remotes() {
        add(key, value, Origin::File("remote_NAME_…"));
    }
    let origins = [
        (&layers.dotenv, Origin::DotEnv("CODEGENIE_REMOTE_NAME_…")),
        (
            &layers.environment,
            Origin::Environment("CODEGENIE_REMOTE_NAME_…"),
        ),
    ];
    for (variables, origin) in origins {
        for (variable, value) in variables {
            if let Some(rest) = variable.strip_prefix(VARIABLE_PREFIX) {
                let key = format!("{PREFIX}{}", rest.to_ascii_lowercase());
                add(&key, value, origin.clone());
            }
        }
    }
    servers
        .into_iter()
        .map(|(name, fields)| read(name, fields))
        .collect()
}

fn read(name: String, mut fields: Fields) -> anyhow::Result<Setting<RemoteBackend>> {
    let Some(url) = fields.remove("url") else {
        bail!("the model server `{name}` has settings but no address; set remote_{name}_url");
    };
    let mut text = |field: &str| fields.remove(field).map(|setting| setting.value);
    let models = text("models").unwrap_or_default();
    let is_set = |text: Option<String>| text.map_or(Ok(false), |text| parse_yes_no(&text));
    Ok(Setting {
        value: RemoteBackend {
            base_url: url.value,
            api_key: text("key").map(ApiKey::new),
            models: models
                .split(',')
                .map(str::trim)
                .filter(|model| !model.is_empty())
                .map(str::to_owned)
                .collect(),
            timeouts: RemoteTimeouts::default(),
            allow_private: is_set(text("private"))?,
            knows_more: is_set(text("extended"))?,
            name,
        },
        origin: url.origin,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashMap;

    fn servers(environment: &[(&str, &str)]) -> anyhow::Result<Vec<Setting<RemoteBackend>>> {
        let environment = environment
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        find(&Layers {
            environment: environment.collect(),
            dotenv: HashMap::new(),
            file: super::super::file::Settings::default(),
        })
    }

    #[test]
    fn a_server_is_read_with_what_goes_with_it_and_its_key_does_not_print() {
        let found = servers(&[
            ("CODEGENIE_REMOTE_BIG_LAB_URL", "http://10.0.0.7:8000/v1"),
            ("CODEGENIE_REMOTE_BIG_LAB_KEY", "s3cret"),
            ("CODEGENIE_REMOTE_BIG_LAB_MODELS", "qwen, mistral"),
            ("CODEGENIE_REMOTE_BIG_LAB_PRIVATE", "yes"),
        ])
        .unwrap();
        let [Setting { value, .. }] = found.as_slice() else {
            panic!("{found:?}");
        };
        assert_eq!(
            (value.name.as_str(), value.allow_private, value.knows_more),
            ("big_lab", true, false)
        );
        assert_eq!(value.models, ["qwen", "mistral"]);
        assert!(value.api_key.is_some() && !format!("{found:?}").contains("s3cret"));
    }

    #[test]
    fn a_server_without_an_address_is_refused() {
        let error = servers(&[("CODEGENIE_REMOTE_LAB_KEY", "x")]).unwrap_err();
        assert!(error.to_string().contains("remote_lab_url"), "{error}");
        assert!(servers(&[]).unwrap().is_empty());
    }
}
