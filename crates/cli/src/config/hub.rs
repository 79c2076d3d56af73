//! The settings of the hub that models are fetched from.

use std::collections::HashMap;

use anyhow::bail;
use inference::{HubConfig, HubProxy, HubToken};

use super::{Layers, Setting, parse_yes_no};

/// The keys of the file.
pub(super) const KEYS: [&str; 4] = ["hub_endpoint", "hub_file_hosts", "hub_token", "offline"];

/// Where models are fetched from.
#[derive(Debug, Clone)]
pub(crate) struct HubSettings {
    /// Address of the hub or a mirror.
    pub(crate) endpoint: Setting<String>,
    /// Other addresses that its files may lie at.
    pub(crate) file_hosts: Setting<Vec<String>>,
    /// Proves who asks.
    pub(crate) token: Setting<Option<HubToken>>,
    /// The proxies of this network.
    pub(crate) proxy: HubProxy,
    /// Whether nothing is fetched.
    pub(crate) is_offline: Setting<bool>,
}

impl HubSettings {
    pub(crate) fn to_hub_config(&self) -> HubConfig {
        HubConfig {
            endpoint: self.endpoint.value.clone(),
            file_hosts: self.file_hosts.value.clone(),
            token: self.token.value.clone(),
            proxy: self.proxy.clone(),
            is_offline: self.is_offline.value,
        }
    }
}

pub(super) fn find(layers: &Layers) -> anyhow::Result<HubSettings> {
    Ok(HubSettings {
        endpoint: layers.parse(
            "CODEGENIE_HUB_ENDPOINT",
            "hub_endpoint",
            || HubConfig::default().endpoint,
            parse_address,
        )?,
        file_hosts: layers.parse(
            "CODEGENIE_HUB_FILE_HOSTS",
            "hub_file_hosts",
            Vec::new,
            parse_addresses,
        )?,
        token: layers.parse(
            "CODEGENIE_HUB_TOKEN",
            "hub_token",
            || None,
            |text| Ok(Some(HubToken::new(text.trim()))),
        )?,
        proxy: find_proxy(&layers.environment),
        is_offline: layers.parse("CODEGENIE_OFFLINE", "offline", || false, parse_yes_no)?,
    })
}

/// The proxies that all programs of this machine are told of by variables of the environment. Those written small come first, as
/// for most programs; `HTTP_PROXY` in capitals is what a request could set where a web server starts programs, so it is not read.
fn find_proxy(environment: &HashMap<String, String>) -> HubProxy {
    let find = |names: &[&str]| {
        let mut values = names.iter().filter_map(|name| environment.get(*name));
        values.find(|value| !value.trim().is_empty()).cloned()
    };
    HubProxy {
        https: find(&["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"]),
        http: find(&["http_proxy", "all_proxy", "ALL_PROXY"]),
        except: find(&["no_proxy", "NO_PROXY"]).unwrap_or_default(),
    }
}

fn parse_address(text: &str) -> anyhow::Result<String> {
    let text = text.trim().trim_end_matches('/');
    let host = text
        .strip_prefix("https://")
        .or_else(|| text.strip_prefix("http://"));
    match host {
        Some(host) if !host.is_empty() && !host.contains(['@', ' ', '?', '#']) => {
            Ok(text.to_owned())
        }
        Some(_) | None => {
            bail!("`{text}` is not the address of a hub; write for example https://huggingface.co")
        }
    }
}

fn parse_addresses(text: &str) -> anyhow::Result<Vec<String>> {
    let addresses = text.split(',').map(str::trim);
    addresses
        .filter(|address| !address.is_empty())
        .map(parse_address)
        .collect()
}

/// Name, value without secrets, and origin of every setting.
pub(crate) fn rows(settings: &HubSettings) -> Vec<(&'static str, String, String)> {
    let HubSettings {
        endpoint,
        file_hosts,
        token,
        proxy,
        is_offline,
    } = settings;
    let (proxied, proxy_origin) = if proxy.https.is_some() || proxy.http.is_some() {
        ("…", "environment")
    } else {
        ("", "default")
    };
    let hidden = if token.value.is_some() { "…" } else { "" };
    let offline = if is_offline.value { "yes" } else { "no" };
    vec![
        (
            "hub_endpoint",
            endpoint.value.clone(),
            endpoint.origin.to_string(),
        ),
        (
            "hub_file_hosts",
            file_hosts.value.join(","),
            file_hosts.origin.to_string(),
        ),
        ("hub_token", hidden.to_owned(), token.origin.to_string()),
        ("HTTPS_PROXY", proxied.to_owned(), proxy_origin.to_owned()),
        ("offline", offline.to_owned(), is_offline.origin.to_string()),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn proxies_are_those_of_the_environment() {
        let find = |variables: &[(&str, &str)]| {
            let variables = variables.iter();
            let own = variables.map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
            find_proxy(&own.collect())
        };
        assert_eq!(find(&[]), HubProxy::default());
        let proxy = find(&[
            ("HTTPS_PROXY", "http://a:1"),
            ("https_proxy", "http://b:1"),
            ("HTTP_PROXY", "http://c:1"),
            ("NO_PROXY", "mirror.lan"),
        ]);
        assert_eq!(proxy.https.as_deref(), Some("http://b:1"));
        assert_eq!((proxy.http, proxy.except), (None, "mirror.lan".to_owned()));
    }

    #[test]
    fn an_address_has_a_scheme_and_a_host_and_no_password() {
        assert_eq!(
            parse_address("https://hub.example/").unwrap(),
            "https://hub.example"
        );
        assert_eq!(
            parse_addresses("http://10.0.0.1:80, https://b").unwrap(),
            ["http://10.0.0.1:80", "https://b"]
        );
        for wrong in ["hub.example", "ftp://x", "https://", "https://me:word@x"] {
            assert!(parse_address(wrong).is_err(), "{wrong}");
        }
    }
}
