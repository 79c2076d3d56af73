//! Which addresses another server may be reached at. A name in a configuration, or whoever answers for it in the DNS, must not
//! lead this server to services of its own machine or network that trust it, unless the other is configured to be there.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

use reqwest::Url;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};

/// An address that is not connected to.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the address {address} of `{host}` is not used: it is {what}")]
pub(crate) struct RefusedAddress {
    host: String,
    address: IpAddr,
    what: String,
}

/// What is behind an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reach {
    Public,
    /// This machine or its network.
    Private,
    /// Never a server of anybody.
    Special(&'static str),
}

/// Which servers may be on this machine or in a private network.
#[derive(Debug, Clone)]
pub(crate) struct Guard {
    private: Private,
    /// What to do when one is refused that is meant to be there.
    advice: &'static str,
}

#[derive(Debug, Clone)]
enum Private {
    /// Any, or none.
    Whether(bool),
    /// Those of these names.
    Hosts(Arc<[String]>),
}

impl Guard {
    /// Any server may be private, or none.
    pub(crate) const fn new(allow_private: bool, advice: &'static str) -> Self {
        Self {
            private: Private::Whether(allow_private),
            advice,
        }
    }

    /// The servers of these names or addresses may be private.
    pub(crate) fn with_private_hosts(hosts: Vec<String>, advice: &'static str) -> Self {
        Self {
            private: Private::Hosts(hosts.into()),
            advice,
        }
    }

    /// Checks an address of a host.
    ///
    /// # Errors
    /// [`RefusedAddress`] when it is special, or private and the host may not be.
    pub(crate) fn check(&self, host: &str, address: IpAddr) -> Result<(), RefusedAddress> {
        let what = match reach(address) {
            Reach::Public => return Ok(()),
            Reach::Private if self.allows_private(host) => return Ok(()),
            Reach::Private => format!("on this machine or in a private network; {}", self.advice),
            Reach::Special(what) => what.to_owned(),
        };
        Err(RefusedAddress {
            host: host.to_owned(),
            address,
            what,
        })
    }

    /// Checks the host of a URL where it is an address already; names are checked when they are resolved.
    ///
    /// # Errors
    /// [`RefusedAddress`] as [`Guard::check`].
    pub(crate) fn check_url(&self, url: &Url) -> Result<(), RefusedAddress> {
        let host = url.host_str().unwrap_or_default();
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        match bare.parse::<IpAddr>() {
            Ok(address) => self.check(host, address),
            Err(_) => Ok(()),
        }
    }

    fn allows_private(&self, host: &str) -> bool {
        match &self.private {
            Private::Whether(allow_private) => *allow_private,
            Private::Hosts(hosts) => hosts.iter().any(|known| known.eq_ignore_ascii_case(host)),
        }
    }
}

fn reach(address: IpAddr) -> Reach {
    match address.to_canonical() {
        IpAddr::V4(address) => reach_v4(address),
        IpAddr::V6(address) => reach_v6(address),
    }
}

fn reach_v4(address: Ipv4Addr) -> Reach {
    let [a, b, c, d] = address.octets();
    match (a, b, c, d) {
        (0, ..) => Reach::Special("not an address of anybody"),
        (169, 254, ..) | (100, 100, 100, 200) => {
            Reach::Special("link-local, where clouds keep their secrets")
        }
        (224..=239, ..) => Reach::Special("a multicast address"),
        (240..=255, ..) => Reach::Special("reserved"),
        (192, 0, 0 | 2, _) | (198, 51, 100, _) | (203, 0, 113, _) | (198, 18..=19, ..) => {
            Reach::Special("reserved")
        }
        (10 | 127, ..) | (172, 16..=31, ..) | (192, 168, ..) | (100, 64..=127, ..) => {
            Reach::Private
        }
        _ => Reach::Public,
    }
}

fn reach_v6(address: Ipv6Addr) -> Reach {
    /// Where one cloud answers for its secrets (`fd00:ec2::254`).
    const CLOUD_SECRETS: Ipv6Addr = Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254);
    let inside = |high: u16, low: u16| {
        let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
        reach_v4(Ipv4Addr::new(a, b, c, d))
    };
    if address.is_unspecified() {
        return Reach::Special("not an address of anybody");
    }
    if address.is_loopback() {
        return Reach::Private;
    }
    if address == CLOUD_SECRETS {
        return Reach::Special("where clouds keep their secrets");
    }
    match address.segments() {
        // Addresses that stand for others: of version 4, or translated to them.
        [0, 0, 0, 0, 0, 0, high, low]
        | [0x64, 0xff9b, 0, 0, 0, 0, high, low]
        | [0x2002, high, low, ..] => inside(high, low),
        [0x64, 0xff9b, ..] | [0x2001, 0, ..] => Reach::Special("a translated address"),
        [0x2001, 0xdb8, ..] | [0x100, 0, 0, 0, ..] => Reach::Special("reserved"),
        [0xfe80..=0xfebf, ..] => Reach::Special("link-local"),
        [0xfec0..=0xfeff, ..] => Reach::Special("site-local, which is no longer used"),
        [0xff00..=0xffff, ..] => Reach::Special("a multicast address"),
        [0xfc00..=0xfdff, ..] => Reach::Private,
        _ => Reach::Public,
    }
}

/// Resolves names as the operating system does, and gives no address that may not be used.
#[derive(Debug, Clone)]
pub(crate) struct GuardedResolver(pub(crate) Guard);

impl Resolve for GuardedResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let Self(guard) = self.clone();
        Box::pin(async move {
            let host = name.as_str();
            let addresses: Vec<_> = tokio::net::lookup_host((host, 0)).await?.collect();
            for address in &addresses {
                // One bad address spoils the name: which one is used is not decided here.
                guard.check(host, address.ip())?;
            }
            Ok(Box::new(addresses.into_iter()) as Addrs)
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn guard(allow_private: bool) -> Guard {
        Guard::new(allow_private, "set `allow_private`")
    }

    fn is_used(address: &str, allow_private: bool) -> bool {
        let address = address.parse().unwrap();
        guard(allow_private).check("host", address).is_ok()
    }

    #[test]
    fn addresses_are_used_as_configured() {
        for public in [
            "1.1.1.1",
            "93.184.216.34",
            "2606:4700::1111",
            "::ffff:8.8.8.8",
        ] {
            assert!(is_used(public, false) && is_used(public, true), "{public}");
        }
        for private in [
            "127.0.0.1",
            "127.9.9.9",
            "10.0.0.1",
            "172.16.0.1",
            "172.31.255.255",
            "192.168.1.1",
            "100.64.0.1",
            "::1",
            "fd12::1",
            "::ffff:127.0.0.1",
            "::ffff:10.1.2.3",
            "64:ff9b::7f00:1",
            "2002:7f00:1::",
            "::127.0.0.1",
        ] {
            assert!(
                !is_used(private, false) && is_used(private, true),
                "{private}"
            );
        }
        for special in [
            "0.0.0.0",
            "0.1.2.3",
            "169.254.169.254",
            "::ffff:169.254.169.254",
            "64:ff9b::a9fe:a9fe",
            "100.100.100.200",
            "224.0.0.1",
            "255.255.255.255",
            "240.0.0.1",
            "192.0.2.1",
            "198.18.0.1",
            "::",
            "fe80::1",
            "fec0::1",
            "ff02::1",
            "2001:db8::1",
            "2001::1",
            "fd00:ec2::254",
            "2002:a9fe:a9fe::",
        ] {
            assert!(
                !is_used(special, false) && !is_used(special, true),
                "{special}"
            );
        }
    }

    #[tokio::test]
    async fn only_the_hosts_that_are_named_may_be_private() {
        let resolve = |hosts: &[&str]| {
            let hosts = hosts.iter().map(|host| (*host).to_owned()).collect();
            let guard = Guard::with_private_hosts(hosts, "name it");
            GuardedResolver(guard).resolve("localhost".parse().unwrap())
        };
        assert!(resolve(&["mirror", "LOCALHOST"]).await.is_ok());
        let error = resolve(&["mirror"]).await.map(drop).unwrap_err();
        let text = error.to_string();
        assert!(
            text.contains("`localhost`") && text.contains("name it"),
            "{text}"
        );
        let named = Guard::with_private_hosts(vec!["10.0.0.7".to_owned()], "name it");
        let url = |text: &str| Url::parse(text).unwrap();
        assert!(named.check_url(&url("http://10.0.0.7:8080")).is_ok());
        assert!(named.check_url(&url("http://10.0.0.8:8080")).is_err());
        let secrets = Guard::with_private_hosts(vec!["169.254.169.254".to_owned()], "name it");
        assert!(secrets.check_url(&url("http://169.254.169.254")).is_err());
    }

    #[test]
    fn a_refusal_says_what_to_do() {
        let error = guard(false)
            .check("gpu", IpAddr::from([127, 0, 0, 1]))
            .unwrap_err();
        assert!(error.to_string().contains("allow_private"), "{error}");
        let error = guard(true)
            .check("gpu", IpAddr::from([169, 254, 169, 254]))
            .unwrap_err();
        assert!(error.to_string().contains("169.254.169.254"), "{error}");
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn however_an_address_is_written_it_is_checked(
            last in any::<[u8; 3]>(), first in prop_oneof![Just(127_u8), Just(10), Just(169), Just(0), any::<u8>()],
        ) {
            let [b, c, d] = last;
            let address = Ipv4Addr::new(first, b, c, d);
            let number = u32::from(address);
            let expected = guard(false).check("x", IpAddr::V4(address)).is_ok();
            for host in [
                address.to_string(),
                number.to_string(),
                format!("{number:#x}"),
                format!("0{number:o}"),
                format!("{first:#x}.{b}.0{c:o}.{d}"),
                format!("{first}.{}", number & 0x00ff_ffff),
                format!("{address}."),
                format!("[::ffff:{address}]"),
                format!("[::ffff:{:x}:{:x}]", number >> 16, number & 0xffff),
            ] {
                let url = Url::parse(&format!("http://{host}:8000/v1")).unwrap();
                prop_assert_eq!(guard(false).check_url(&url).is_ok(), expected, "{} is {}", host, url);
            }
        }
    }
}
