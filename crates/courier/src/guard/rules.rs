//! The operator's allow-list: which inside places may be called all the same, and on which ports.
//! A rule opens what it names and nothing beside it; metadata services stay shut under every rule.

use std::fmt;
use std::net::IpAddr;
use std::ops::RangeInclusive;
use std::str::FromStr;

use super::addresses::{Ground, holds, out_of_bounds};

/// One thing an operator allows beyond the public internet.
///
/// Read from text: `hooks.internal:8443` (a host and its port, wherever the name leads),
/// `10.1.0.0/16` or `fd12::/48` (a network, on the ports of the policy), `loopback:3000-3999`
/// (this machine on these ports; the demo uses it).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Allow {
    /// This host name or address on this port only. The operator vouches for where it leads.
    Host {
        /// Lower case, as the URL spells it.
        host: String,
        /// TCP port.
        port: u16,
    },
    /// Addresses of this network.
    Net {
        /// Any address in it.
        net: IpAddr,
        /// Leading bits that count.
        prefix: u8,
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
    "cannot read the allow rule {text:?}: write host:port, network/prefix or loopback:port \
     (also loopback:from-to)"
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
    if let Some(ports) = text.strip_prefix("loopback:") {
        let (from, to) = ports.split_once('-').unwrap_or((ports, ports));
        let (from, to) = (port(from)?, port(to)?);
        return (from <= to).then_some(Allow::Loopback { ports: from..=to });
    }
    if let Some((net, prefix)) = text.split_once('/') {
        let (net, prefix) = (net.parse::<IpAddr>().ok()?, prefix.parse::<u8>().ok()?);
        let bits = if net.is_ipv4() { 32 } else { 128 };
        return (prefix <= bits).then_some(Allow::Net { net, prefix });
    }
    let (host, at) = text.rsplit_once(':')?;
    let bracketed = host.starts_with('[') && host.ends_with(']');
    let plain = !host.is_empty()
        && host.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '.');
    if !bracketed && !plain {
        return None;
    }
    Some(Allow::Host { host: host.to_ascii_lowercase(), port: port(at)? })
}

fn port(text: &str) -> Option<u16> {
    text.parse::<u16>().ok().filter(|port| *port > 0)
}

impl fmt::Display for Allow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Host { host, port } => write!(f, "{host}:{port}"),
            Self::Net { net, prefix } => write!(f, "{net}/{prefix}"),
            Self::Loopback { ports } if ports.start() == ports.end() => {
                write!(f, "loopback:{}", ports.start())
            }
            Self::Loopback { ports } => write!(f, "loopback:{}-{}", ports.start(), ports.end()),
        }
    }
}

/// Which of the three roads a URL takes. Each has its own client, hence its own resolver and its
/// own pool, because a resolver is told the name but not the port.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Road {
    /// To the public internet and the allowed networks.
    Open,
    /// To a host and port that a rule names.
    Named,
    /// To this machine, on a port that a rule names.
    Loopback,
}

/// What a road lets through: the one place where an address is judged.
pub(super) fn judge(road: Road, rules: &[Allow], address: IpAddr) -> Result<(), Ground> {
    let Some(ground) = out_of_bounds(address) else {
        return if road == Road::Loopback { Err(Ground::Reserved) } else { Ok(()) };
    };
    let in_allowed_net = || {
        let allows = |rule: &Allow| match rule {
            Allow::Net { net, prefix } => holds(*net, *prefix, address),
            Allow::Host { .. } | Allow::Loopback { .. } => false,
        };
        rules.iter().any(allows)
    };
    let open = match (road, ground) {
        (_, Ground::Metadata) => false,
        (Road::Loopback, _) => ground == Ground::Loopback,
        (Road::Named, Ground::Loopback | Ground::Private | Ground::Shared) => true,
        (Road::Named | Road::Open, _) => in_allowed_net(),
    };
    if open { Ok(()) } else { Err(ground) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_are_read_and_written_alike() {
        for text in [
            "hooks.internal:8443",
            "10.0.0.5:80",
            "[fd12::1]:8080",
            "10.1.0.0/16",
            "fd12::/48",
            "loopback:3000",
            "loopback:3000-3999",
        ] {
            let rule: Allow = text.parse().expect(text);
            assert_eq!(rule.to_string(), text);
        }
        let shouted: Allow = "Hooks.Internal:1".parse().expect("a rule");
        assert_eq!(shouted.to_string(), "hooks.internal:1");
        for text in [
            "",
            "hooks.internal",
            "hooks.internal:",
            "hooks.internal:0",
            "hooks.internal:65536",
            "http://hooks.internal:80",
            "user@hooks:80",
            ":80",
            "*:80",
            "10.0.0.0/33",
            "fd12::/129",
            "10.0.0.0/-1",
            "10.0.0/8",
            "loopback:",
            "loopback:0",
            "loopback:5-4",
            "loopback:1-2-3",
        ] {
            assert!(text.parse::<Allow>().is_err(), "{text:?}");
        }
    }

    #[test]
    fn each_road_opens_what_it_names_and_no_more() {
        let rules: Vec<Allow> = ["10.1.0.0/16", "169.254.0.0/16", "0.0.0.0/0", "::/0"]
            .iter()
            .map(|text| text.parse().expect("a rule"))
            .collect();
        let one = &rules[..1];
        for (road, rules, address, open) in [
            (Road::Open, &[][..], "1.1.1.1", true),
            (Road::Open, &[], "10.1.0.1", false),
            (Road::Open, one, "10.1.0.1", true),
            (Road::Open, one, "10.2.0.1", false),
            (Road::Open, &rules, "10.2.0.1", true),
            (Road::Open, &rules, "169.254.0.1", true),
            (Road::Open, &rules, "169.254.169.254", false),
            (Road::Open, &rules, "168.63.129.16", false),
            (Road::Open, &rules, "fd00:ec2::254", false),
            (Road::Named, &[], "10.9.0.1", true),
            (Road::Named, &[], "127.0.0.1", true),
            (Road::Named, &[], "fd12::1", true),
            (Road::Named, &[], "1.1.1.1", true),
            (Road::Named, &[], "169.254.0.1", false),
            (Road::Named, &[], "169.254.169.254", false),
            (Road::Named, &[], "::ffff:10.0.0.1", false),
            (Road::Loopback, &rules, "127.0.0.1", true),
            (Road::Loopback, &rules, "::1", true),
            (Road::Loopback, &rules, "10.1.0.1", false),
            (Road::Loopback, &rules, "1.1.1.1", false),
        ] {
            let ip: IpAddr = address.parse().expect("an address");
            assert_eq!(judge(road, rules, ip).is_ok(), open, "{road:?} {address}");
        }
    }
}
