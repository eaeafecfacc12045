//! Who is at the other end, as far as the connection tells: the client's address behind proxies,
//! and the environment whose host name was used. It proves nobody's identity.

use std::net::{IpAddr, Ipv4Addr};

use domain::Env;
use http::header::HOST;
use http::{Extensions, HeaderMap, Uri};

use crate::listen::Peer;

/// Host names of the two environments, without ports, in lower case. A name in neither list
/// belongs to no environment, and no credential works there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hosts {
    /// Where credentials of production work.
    pub production: Vec<String>,
    /// Where credentials of staging work.
    pub staging: Vec<String>,
}

impl Hosts {
    /// Whether a credential of `env` works under the name that this request used.
    pub fn fits(&self, env: Env, uri: &Uri, headers: &HeaderMap) -> bool {
        let names = match env {
            Env::Production => &self.production,
            Env::Staging => &self.staging,
        };
        host_of(uri, headers).is_some_and(|host| {
            let host = host.strip_suffix('.').unwrap_or(host);
            names.iter().any(|name| name.eq_ignore_ascii_case(host))
        })
    }
}

/// The host name a request was sent to: HTTP/2 has it in the target, HTTP/1 in a header. Nothing
/// when two headers disagree about it or there is none.
fn host_of<'a>(uri: &'a Uri, headers: &'a HeaderMap) -> Option<&'a str> {
    if let Some(host) = uri.host() {
        return Some(host);
    }
    let mut values = headers.get_all(HOST).iter();
    let value = values.next().filter(|_| values.next().is_none())?.to_str().ok()?;
    Some(without_port(value))
}

fn without_port(authority: &str) -> &str {
    if authority.starts_with('[') {
        return authority.split_inclusive(']').next().unwrap_or(authority);
    }
    authority.split_once(':').map_or(authority, |(host, _)| host)
}

/// The client's address. With no proxies of ours in front it is the connection's. With `hops` of
/// them it is the entry that many from the right of `X-Forwarded-For`: each proxy adds the address
/// it saw, and whatever stands further left was written by the client. A request with fewer
/// entries did not come through all of them, so its connection is believed.
pub fn client_address(extensions: &Extensions, headers: &HeaderMap, hops: usize) -> IpAddr {
    let peer = extensions.get::<Peer>().map(|Peer(address)| address.ip());
    let peer = peer.unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED));
    let said = if hops == 0 { None } else { forwarded(headers, hops) };
    said.unwrap_or(peer).to_canonical()
}

/// What one customer of a network has: an IPv4 address, or an IPv6 network of 64 bits, within
/// which anybody can have as many addresses as he likes.
pub fn neighbourhood(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(six) => IpAddr::V6((u128::from(six) >> 64 << 64).into()),
    }
}

fn forwarded(headers: &HeaderMap, hops: usize) -> Option<IpAddr> {
    let values = headers.get_all("x-forwarded-for").iter().rev();
    let entries = values.flat_map(|value| value.to_str().unwrap_or("").rsplit(','));
    address(entries.map(str::trim).nth(hops - 1)?)
}

/// Some proxies add the port.
fn address(entry: &str) -> Option<IpAddr> {
    if let Ok(address) = entry.parse() {
        return Some(address);
    }
    entry.parse().ok().map(|socket: std::net::SocketAddr| socket.ip())
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    fn headers(name: &'static str, values: &[&'static str]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(name, HeaderValue::from_static(value));
        }
        headers
    }

    #[test]
    fn the_client_is_counted_from_the_right() {
        let mut extensions = Extensions::new();
        extensions.insert(Peer(([192, 0, 2, 1], 5).into()));
        for (values, hops, expected) in [
            (&["203.0.113.9"][..], 0, "192.0.2.1"),
            (&["203.0.113.9"], 1, "203.0.113.9"),
            (&["198.51.100.1, 203.0.113.9"], 1, "203.0.113.9"),
            (&["198.51.100.1, 203.0.113.9"], 2, "198.51.100.1"),
            (&["198.51.100.1", "203.0.113.9"], 2, "198.51.100.1"),
            (&["203.0.113.9"], 2, "192.0.2.1"),
            (&["203.0.113.9:4711"], 1, "203.0.113.9"),
            (&["[2001:db8::1]:4711"], 1, "2001:db8::1"),
            (&["::ffff:203.0.113.9"], 1, "203.0.113.9"),
            (&["unknown"], 1, "192.0.2.1"),
            (&[], 1, "192.0.2.1"),
        ] {
            let headers = headers("x-forwarded-for", values);
            let found = client_address(&extensions, &headers, hops);
            assert_eq!(found.to_string(), expected, "{values:?} {hops}");
        }
    }

    #[test]
    fn neighbours_in_one_network_count_as_one() {
        let near = |text: &str| neighbourhood(text.parse().expect("an address"));
        assert_eq!(near("2001:db8::1"), near("2001:db8::ffff:2"));
        assert_ne!(near("2001:db8::1"), near("2001:db8:0:1::1"));
        assert_ne!(near("203.0.113.9"), near("203.0.113.8"));
    }

    #[test]
    fn a_host_belongs_to_one_environment_or_none() {
        let hosts = Hosts {
            production: vec!["api.example.test".into()],
            staging: vec!["staging.example.test".into()],
        };
        let path = Uri::from_static("/v2/transactions/check");
        for (host, production, staging) in [
            (&["api.example.test"][..], true, false),
            (&["API.example.test:8080"], true, false),
            (&["api.example.test."], true, false),
            (&["staging.example.test"], false, true),
            (&["elsewhere.example"], false, false),
            (&["[::1]:8080"], false, false),
            (&["api.example.test", "staging.example.test"], false, false),
            (&[], false, false),
        ] {
            let headers = headers("host", host);
            assert_eq!(hosts.fits(Env::Production, &path, &headers), production, "{host:?}");
            assert_eq!(hosts.fits(Env::Staging, &path, &headers), staging, "{host:?}");
        }
        let whole = Uri::from_static("https://api.example.test/v2/x");
        assert!(hosts.fits(Env::Production, &whole, &headers("host", &["other.example"])));
    }
}
