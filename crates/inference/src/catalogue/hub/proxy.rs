//! The proxies through which the hub is reached. A proxy resolves the names that it is asked for, so the check of addresses sees
//! that of the proxy alone.

use std::fmt;

use domain::models::catalogue::CatalogueError;
use reqwest::{NoProxy, Proxy, Url};

/// Proxies, as other programs are told of them. Addresses may hold passwords, so they do not print.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct HubProxy {
    /// For `https` addresses, such as `http://proxy.example.org:3128` (`HTTPS_PROXY`).
    pub https: Option<String>,
    /// For `http` addresses (`http_proxy`).
    pub http: Option<String>,
    /// Hosts that are reached directly, separated by commas (`NO_PROXY`).
    pub except: String,
}

impl fmt::Debug for HubProxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HubProxy")
            .field("has_https", &self.https.is_some())
            .field("has_http", &self.http.is_some())
            .field("except", &self.except)
            .finish()
    }
}

impl HubProxy {
    /// The proxies, ready to be used, and their hosts.
    ///
    /// # Errors
    /// [`CatalogueError::Invalid`] for an address that cannot be one of a proxy.
    pub(super) fn prepare(&self) -> Result<(Vec<Proxy>, Vec<String>), CatalogueError> {
        let (mut proxies, mut hosts) = (Vec::new(), Vec::new());
        for (variable, address) in [("HTTPS_PROXY", &self.https), ("http_proxy", &self.http)] {
            let Some(address) = address else {
                continue;
            };
            let url = parse(address).ok_or_else(|| {
                CatalogueError::Invalid(format!(
                    "{variable} is not the address of an HTTP proxy; write it like http://proxy.example.org:3128, or unset it"
                ))
            })?;
            hosts.extend(url.host_str().map(str::to_owned));
            let proxy = if variable == "HTTPS_PROXY" {
                Proxy::https(url)
            } else {
                Proxy::http(url)
            };
            let proxy = proxy.map_err(|error| {
                CatalogueError::Invalid(format!("{variable} cannot be used: {error}"))
            })?;
            proxies.push(proxy.no_proxy(NoProxy::from_string(&self.except)));
        }
        Ok((proxies, hosts))
    }
}

/// Such an address may lack its scheme.
fn parse(address: &str) -> Option<Url> {
    let address = address.trim();
    let url = if address.contains("://") {
        Url::parse(address)
    } else {
        Url::parse(&format!("http://{address}"))
    };
    url.ok()
        .filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn proxies_are_read_as_other_programs_read_them_and_do_not_print() {
        let proxy = HubProxy {
            https: Some("proxy.lan:3128".to_owned()),
            http: Some("http://me:word@10.0.0.1:80".to_owned()),
            except: "localhost,.lan".to_owned(),
        };
        let (proxies, hosts) = proxy.prepare().unwrap();
        assert_eq!(
            (proxies.len(), hosts.join(" ")),
            (2, "proxy.lan 10.0.0.1".to_owned())
        );
        assert!(!format!("{proxy:?}").contains("word"));
        let (proxies, hosts) = HubProxy::default().prepare().unwrap();
        assert!(proxies.is_empty() && hosts.is_empty());
        for wrong in ["socks5://proxy.lan", "http://", "not an address"] {
            let proxy = HubProxy {
                https: Some(wrong.to_owned()),
                ..HubProxy::default()
            };
            let error = proxy.prepare().unwrap_err().to_string();
            assert!(error.contains("HTTPS_PROXY"), "{wrong}: {error}");
        }
    }
}
