//! The operator's allow-list: which inside places may be called all the same, and on which ports.
//! A rule opens what it names and nothing beside it; metadata services stay shut under every rule.

use std::fmt;
use std::net::IpAddr;
use std::ops::RangeInclusive;
use std::str::FromStr;

use super::addresses::{Ground, holds, out_of_bounds};

/// One thing an operator allows beyond the public internet.
///
/// Read from text: `hooks.internal` or `hooks.internal:8443` (a name, wherever it leads inside),
/// `10.1.0.0/16`, `10.1.0.0/16:8443`, `10.1.2.3`, `10.1.2.3:80`, `[fd12::1]:80`, `[fd12::/48]:80`
/// (addresses, whatever name leads there), `loopback` or `loopback:3000-3999` (this machine; the
/// demo uses it). Without a port, the ports that are usual for the web.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Allow {
    /// This host name. The operator vouches for where it leads.
    Host {
        /// Lower case, no dot at the end.
        host: String,
        /// TCP port.
        port: Option<u16>,
    },
    /// Addresses of this network.
    Net {
        /// Any address in it.
        net: IpAddr,
        /// Leading bits that count.
        prefix: u8,
        /// TCP port.
        port: Option<u16>,
    },
    /// 127.0.0.0/8, ::1 and the name `localhost`, on these ports only.
    Loopback {
        /// TCP ports.
        ports: RangeInclusive<u16>,
    },
}

/// A rule that could not be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "cannot read the allow rule {text:?}: write a host name, an address or a network, each with \
     or without a port, as in hooks.internal:8443, 10.0.5.7, 10.0.5.0/24 or [fd12::/48]:443; or \
     loopback, with or without ports, as in loopback:3000-3999"
)]
pub struct RuleUnread {
    text: String,
}

impl FromStr for Allow {
    type Err = RuleUnread;

    fn from_str(text: &str) -> Result<Self, RuleUnread> {
        parse(text.trim()).ok_or_else(|| RuleUnread { text: text.to_owned() })
    }
}

fn parse(text: &str) -> Option<Allow> {
    if text == "loopback" {
        return Some(Allow::Loopback { ports: 1..=u16::MAX });
    }
    if let Some(ports) = text.strip_prefix("loopback:") {
        let (from, to) = ports.split_once('-').unwrap_or((ports, ports));
        let (from, to) = (port(from)?, port(to)?);
        return (from <= to).then_some(Allow::Loopback { ports: from..=to });
    }
    if let Some((net, prefix)) = net(text) {
        return Some(Allow::Net { net, prefix, port: None });
    }
    let (place, port) = match text.rsplit_once(':') {
        Some((place, at)) => (place, Some(port(at)?)),
        None => (text, None),
    };
    let bare = place.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    if let Some((net, prefix)) = net(bare.unwrap_or(place)) {
        return (net.is_ipv4() == bare.is_none()).then_some(Allow::Net { net, prefix, port });
    }
    let host = place.to_ascii_lowercase();
    is_name(&host).then_some(Allow::Host { host, port })
}

fn net(text: &str) -> Option<(IpAddr, u8)> {
    let (net, prefix) = match text.split_once('/') {
        Some((net, prefix)) => (net, Some(prefix.parse::<u8>().ok()?)),
        None => (text, None),
    };
    let net: IpAddr = net.parse().ok()?;
    let bits = if net.is_ipv4() { 32 } else { 128 };
    let prefix = prefix.unwrap_or(bits);
    (prefix <= bits).then_some((net, prefix))
}

fn port(text: &str) -> Option<u16> {
    text.parse::<u16>().ok().filter(|port| *port > 0)
}

/// A number is no name: it would be read as an address by the URL that it is compared with.
fn is_name(host: &str) -> bool {
    let label = |label: &str| {
        !label.is_empty() && label.chars().all(|c| c.is_ascii_alphanumeric() || "-_".contains(c))
    };
    let last = host.rsplit('.').next().unwrap_or_default();
    host.split('.').all(label) && !last.starts_with(|c: char| c.is_ascii_digit())
}

impl fmt::Display for Allow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Host { host, port: None } => f.write_str(host),
            Self::Host { host, port: Some(port) } => write!(f, "{host}:{port}"),
            Self::Net { net, prefix, port: None } => write!(f, "{net}/{prefix}"),
            Self::Net { net: IpAddr::V4(net), prefix, port: Some(port) } => {
                write!(f, "{net}/{prefix}:{port}")
            }
            Self::Net { net: IpAddr::V6(net), prefix, port: Some(port) } => {
                write!(f, "[{net}/{prefix}]:{port}")
            }
            Self::Loopback { ports } => write!(f, "loopback:{}-{}", ports.start(), ports.end()),
        }
    }
}

/// Which kind of road a URL takes. A resolver is told the name but not the port, so each road has
/// a client of its own, hence its own resolver and its own idle connections.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Road {
    pub(super) kind: Kind,
    /// The port, when a rule about networks speaks of it.
    pub(super) port: Option<u16>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Kind {
    /// To the public internet and the allowed networks.
    Open,
    /// To a host that a rule names.
    Named,
    /// To this machine, on a port that a rule names.
    Loopback,
}

/// Ports below 1024 belong to services that are not HTTP (SMTP, SSH …), where a request could be
/// taken for commands; 80 and 443 are the exceptions.
pub(super) const fn is_usual(port: u16) -> bool {
    port > 1_023 || matches!(port, 80 | 443)
}

/// Every road the rules know.
pub(super) fn roads(rules: &[Allow]) -> Vec<Road> {
    let mut roads = vec![Road { kind: Kind::Open, port: None }];
    for rule in rules {
        let road = match rule {
            Allow::Host { .. } => Road { kind: Kind::Named, port: None },
            Allow::Net { port, .. } => Road { kind: Kind::Open, port: *port },
            Allow::Loopback { .. } => Road { kind: Kind::Loopback, port: None },
        };
        if !roads.contains(&road) {
            roads.push(road);
        }
    }
    roads
}

/// The road to `host` (lower case, or its address) and `port`; nothing when no road leads to such
/// a port.
pub(super) fn road(
    rules: &[Allow],
    host: &str,
    literal: Option<IpAddr>,
    port: u16,
) -> Option<Road> {
    let host = host.strip_suffix('.').unwrap_or(host);
    let here = literal.map_or(host == "localhost", |address| address.is_loopback());
    let fits = |at: &Option<u16>| at.map_or(is_usual(port), |at| at == port);
    let has = |test: &dyn Fn(&Allow) -> bool| rules.iter().any(test);
    let to_loopback =
        |rule: &Allow| matches!(rule, Allow::Loopback { ports } if ports.contains(&port));
    let by_name =
        |rule: &Allow| matches!(rule, Allow::Host { host: h, port: at } if h == host && fits(at));
    let by_port = |rule: &Allow| matches!(rule, Allow::Net { port: Some(at), .. } if *at == port);
    if here && has(&to_loopback) {
        Some(Road { kind: Kind::Loopback, port: None })
    } else if has(&by_name) {
        Some(Road { kind: Kind::Named, port: None })
    } else if has(&by_port) {
        Some(Road { kind: Kind::Open, port: Some(port) })
    } else {
        is_usual(port).then_some(Road { kind: Kind::Open, port: None })
    }
}

/// What a road lets through: the one place where an address is judged.
pub(super) fn judge(road: Road, rules: &[Allow], address: IpAddr) -> Result<(), Ground> {
    let in_allowed_net = || {
        let allows = |rule: &Allow| match rule {
            Allow::Net { net, prefix, port } => {
                (port.is_none() || *port == road.port) && holds(*net, *prefix, address)
            }
            Allow::Host { .. } | Allow::Loopback { .. } => false,
        };
        rules.iter().any(allows)
    };
    let ground = out_of_bounds(address);
    let opened = match (road.kind, ground) {
        (_, Some(Ground::Metadata)) => false,
        (Kind::Loopback, ground) => ground == Some(Ground::Loopback),
        (Kind::Named, None) => true,
        (Kind::Named, Some(Ground::Loopback | Ground::Private | Ground::Shared)) => true,
        (Kind::Open, None) => road.port.is_none_or(is_usual) || in_allowed_net(),
        (Kind::Named | Kind::Open, Some(_)) => in_allowed_net(),
    };
    if opened { Ok(()) } else { Err(ground.unwrap_or(Ground::Elsewhere)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_are_read_and_written_alike() {
        for (text, shown) in [
            ("hooks.internal", "hooks.internal"),
            ("Hooks.Internal:8443", "hooks.internal:8443"),
            ("my_hook:80", "my_hook:80"),
            ("10.0.0.5", "10.0.0.5/32"),
            ("10.0.0.5:80", "10.0.0.5/32:80"),
            ("10.1.0.0/16", "10.1.0.0/16"),
            ("10.1.0.0/16:8443", "10.1.0.0/16:8443"),
            ("fd12::1", "fd12::1/128"),
            ("fd12::/48", "fd12::/48"),
            ("[fd12::1]:8080", "[fd12::1/128]:8080"),
            ("[fd12::/48]:443", "[fd12::/48]:443"),
            (" loopback ", "loopback:1-65535"),
            ("loopback:3000", "loopback:3000-3000"),
            ("loopback:3000-3999", "loopback:3000-3999"),
        ] {
            let rule: Allow = text.parse().expect(text);
            assert_eq!(rule.to_string(), shown);
            assert_eq!(shown.parse(), Ok(rule));
        }
        for text in [
            "",
            "hooks.internal:",
            "hooks.internal:0",
            "hooks.internal:65536",
            "http://hooks.internal:80",
            "user@hooks:80",
            ":80",
            "*:80",
            "hooks..internal",
            "hooks.internal.",
            "10.0.0.0/33",
            "fd12::/129",
            "10.0.0.0/-1",
            "10.0.0/8",
            "10.0.0",
            "0x7f000001",
            "fd12::/48:443",
            "[10.0.0.1]:80",
            "[hooks.internal]:80",
            "loopback:",
            "loopback:0",
            "loopback:5-4",
            "loopback:1-2-3",
        ] {
            assert!(text.parse::<Allow>().is_err(), "{text:?}");
        }
    }

    fn rules(texts: &[&str]) -> Vec<Allow> {
        texts.iter().map(|text| text.parse().expect("a rule")).collect()
    }

    /// Whether a rule set lets a name with this address, or the address itself, be called.
    fn opens(texts: &[&str], host: &str, port: u16, address: &str) -> bool {
        let rules = rules(texts);
        let address: IpAddr = address.parse().expect("an address");
        let literal = host.parse().ok();
        road(&rules, host, literal, port).is_some_and(|road| {
            assert!(roads(&rules).contains(&road), "a road without a client");
            judge(road, &rules, address).is_ok()
        })
    }

    #[test]
    fn each_rule_opens_what_it_names_and_no_more() {
        let any = &["0.0.0.0/0", "::/0", "hooks.internal", "169.254.0.0/16"][..];
        for (texts, host, port, address, open) in [
            (&[][..], "a.example", 443, "1.1.1.1", true),
            (&[], "a.example", 8_443, "1.1.1.1", true),
            (&[], "a.example", 25, "1.1.1.1", false),
            (&[], "a.example", 443, "10.1.0.1", false),
            (&["10.1.0.0/16"], "a.example", 443, "10.1.0.1", true),
            (&["10.1.0.0/16"], "10.1.0.1", 443, "10.1.0.1", true),
            (&["10.1.0.0/16"], "a.example", 25, "10.1.0.1", false),
            (&["10.1.0.0/16"], "a.example", 443, "10.2.0.1", false),
            (&["10.1.0.0/16:81"], "a.example", 81, "10.1.0.1", true),
            (&["10.1.0.0/16:81"], "a.example", 443, "10.1.0.1", false),
            (&["10.1.0.0/16:81"], "a.example", 81, "1.1.1.1", false),
            (&["10.1.0.0/16:443"], "a.example", 443, "1.1.1.1", true),
            (&["10.1.0.0/16:443", "10.2.0.0/16"], "a.example", 443, "10.2.0.1", true),
            (&["10.1.0.0/16:443", "10.2.0.0/16:81"], "a.example", 443, "10.2.0.1", false),
            (&["hooks.internal"], "hooks.internal", 443, "10.9.0.1", true),
            (&["hooks.internal"], "hooks.internal.", 443, "10.9.0.1", true),
            (&["hooks.internal"], "hooks.internal", 81, "10.9.0.1", false),
            (&["hooks.internal:81"], "hooks.internal", 81, "10.9.0.1", true),
            (&["hooks.internal:81"], "hooks.internal", 443, "10.9.0.1", false),
            (&["hooks.internal"], "x.hooks.internal", 443, "10.9.0.1", false),
            (&["hooks.internal"], "hooks.internal", 443, "127.0.0.1", true),
            (&["hooks.internal"], "hooks.internal", 443, "fd12::1", true),
            (&["hooks.internal"], "hooks.internal", 443, "1.1.1.1", true),
            (&["hooks.internal"], "hooks.internal", 443, "169.254.0.1", false),
            (&["hooks.internal"], "hooks.internal", 443, "::ffff:10.0.0.1", false),
            (&["loopback"], "localhost", 22, "127.0.0.1", true),
            (&["loopback"], "127.0.0.1", 3_000, "127.0.0.1", true),
            (&["loopback"], "localhost", 3_000, "1.1.1.1", false),
            (&["loopback"], "evil.example", 3_000, "127.0.0.1", false),
            (&["loopback:3000-3999"], "127.0.0.1", 4_000, "127.0.0.1", false),
            (any, "a.example", 443, "10.2.0.1", true),
            (any, "a.example", 443, "169.254.0.1", true),
            (any, "a.example", 443, "169.254.169.254", false),
            (any, "hooks.internal", 443, "169.254.169.254", false),
            (any, "a.example", 443, "168.63.129.16", false),
            (any, "a.example", 443, "fd00:ec2::254", false),
        ] {
            assert_eq!(
                opens(texts, host, port, address),
                open,
                "{texts:?} {host}:{port} {address}"
            );
        }
    }
}
