//! Which IP addresses are out of bounds, and why: pure tables after the IANA special-purpose
//! registries. It must stay a list of what is allowed for IPv6 (global unicast and nothing else)
//! so that a range nobody thought of is refused.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Why an address may not be called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ground {
    /// This machine (127.0.0.0/8, ::1).
    Loopback,
    /// A private network (RFC 1918; fc00::/7).
    Private,
    /// A carrier's shared space (RFC 6598, 100.64.0.0/10).
    Shared,
    /// Only this link (169.254.0.0/16, fe80::/10).
    LinkLocal,
    /// A cloud's metadata service, where credentials lie open. Refused under every rule.
    Metadata,
    /// No address at all (0.0.0.0/8, ::).
    Unspecified,
    /// Many receivers (224.0.0.0/4, ff00::/8).
    Multicast,
    /// All receivers (255.255.255.255).
    Broadcast,
    /// For books (192.0.2.0/24 and its kin, 2001:db8::/32, 3fff::/20).
    Documentation,
    /// For measuring (198.18.0.0/15, 2001:2::/48).
    Benchmark,
    /// An IPv4 address in IPv6 dress (mapped, compatible, 6to4, NAT64, Teredo), which would pass
    /// a check of its outside only.
    EmbeddedV4,
    /// Reserved, or not global unicast.
    Reserved,
    /// Public, but not what the rule for this host or port speaks of.
    Elsewhere,
}

impl Ground {
    /// What to call it in a sentence: "… is …".
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Loopback => "a loopback address",
            Self::Private => "a private address",
            Self::Shared => "a carrier's shared address",
            Self::LinkLocal => "a link-local address",
            Self::Metadata => "a cloud metadata address",
            Self::Unspecified => "an unspecified address",
            Self::Multicast => "a multicast address",
            Self::Broadcast => "the broadcast address",
            Self::Documentation => "a documentation address",
            Self::Benchmark => "a benchmark address",
            Self::EmbeddedV4 => "an IPv4 address inside an IPv6 one",
            Self::Reserved => "a reserved address",
            Self::Elsewhere => "not an address that the allow rule names",
        }
    }
}

/// Why `address` is out of bounds, or nothing when it belongs to the public internet.
#[must_use]
pub fn out_of_bounds(address: IpAddr) -> Option<Ground> {
    match address {
        IpAddr::V4(v4) => v4_ground(v4),
        IpAddr::V6(v6) => v6_ground(v6),
    }
}

/// Where clouds hand out credentials to whoever asks from inside. Most stand in ranges that are
/// refused anyway; they are listed so that a rule opening such a range does not open them, and
/// because 168.63.129.16 looks public.
const METADATA_V4: [Ipv4Addr; 5] = [
    Ipv4Addr::new(169, 254, 169, 254),
    Ipv4Addr::new(169, 254, 170, 2),
    Ipv4Addr::new(100, 100, 100, 200),
    Ipv4Addr::new(192, 0, 0, 192),
    Ipv4Addr::new(168, 63, 129, 16),
];
const METADATA_V6: [Ipv6Addr; 2] = [
    Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254),
    Ipv6Addr::new(0xfd20, 0xce, 0, 0, 0, 0, 0, 0x254),
];

/// First match wins, so the narrow ones stand first.
const V4: &[([u8; 4], u8, Ground)] = &[
    ([0, 0, 0, 0], 8, Ground::Unspecified),
    ([10, 0, 0, 0], 8, Ground::Private),
    ([100, 64, 0, 0], 10, Ground::Shared),
    ([127, 0, 0, 0], 8, Ground::Loopback),
    ([169, 254, 0, 0], 16, Ground::LinkLocal),
    ([172, 16, 0, 0], 12, Ground::Private),
    ([192, 0, 0, 0], 24, Ground::Reserved),
    ([192, 0, 2, 0], 24, Ground::Documentation),
    ([192, 31, 196, 0], 24, Ground::Reserved),
    ([192, 52, 193, 0], 24, Ground::Reserved),
    ([192, 88, 99, 0], 24, Ground::Reserved),
    ([192, 168, 0, 0], 16, Ground::Private),
    ([192, 175, 48, 0], 24, Ground::Reserved),
    ([198, 18, 0, 0], 15, Ground::Benchmark),
    ([198, 51, 100, 0], 24, Ground::Documentation),
    ([203, 0, 113, 0], 24, Ground::Documentation),
    ([224, 0, 0, 0], 4, Ground::Multicast),
    ([255, 255, 255, 255], 32, Ground::Broadcast),
    ([240, 0, 0, 0], 4, Ground::Reserved),
];

/// As above; what no line names is refused unless it lies in 2000::/3.
const V6: &[([u16; 8], u8, Ground)] = &[
    ([0, 0, 0, 0, 0, 0, 0, 0], 128, Ground::Unspecified),
    ([0, 0, 0, 0, 0, 0, 0, 1], 128, Ground::Loopback),
    ([0, 0, 0, 0, 0, 0xffff, 0, 0], 96, Ground::EmbeddedV4),
    ([0, 0, 0, 0, 0xffff, 0, 0, 0], 96, Ground::EmbeddedV4),
    ([0, 0, 0, 0, 0, 0, 0, 0], 96, Ground::EmbeddedV4),
    ([0x64, 0xff9b, 0, 0, 0, 0, 0, 0], 96, Ground::EmbeddedV4),
    ([0x64, 0xff9b, 1, 0, 0, 0, 0, 0], 48, Ground::EmbeddedV4),
    ([0x2001, 0, 0, 0, 0, 0, 0, 0], 32, Ground::EmbeddedV4),
    ([0x2002, 0, 0, 0, 0, 0, 0, 0], 16, Ground::EmbeddedV4),
    ([0x2001, 2, 0, 0, 0, 0, 0, 0], 48, Ground::Benchmark),
    ([0x2001, 0, 0, 0, 0, 0, 0, 0], 23, Ground::Reserved),
    ([0x2001, 0xdb8, 0, 0, 0, 0, 0, 0], 32, Ground::Documentation),
    ([0x3fff, 0, 0, 0, 0, 0, 0, 0], 20, Ground::Documentation),
    ([0xfc00, 0, 0, 0, 0, 0, 0, 0], 7, Ground::Private),
    ([0xfe80, 0, 0, 0, 0, 0, 0, 0], 10, Ground::LinkLocal),
    ([0xfec0, 0, 0, 0, 0, 0, 0, 0], 10, Ground::Private),
    ([0xff00, 0, 0, 0, 0, 0, 0, 0], 8, Ground::Multicast),
];

/// Global unicast, the only IPv6 space given out.
const GLOBAL_V6: Ipv6Addr = Ipv6Addr::new(0x2000, 0, 0, 0, 0, 0, 0, 0);

fn v4_ground(address: Ipv4Addr) -> Option<Ground> {
    if METADATA_V4.contains(&address) {
        return Some(Ground::Metadata);
    }
    V4.iter()
        .find(|(net, prefix, _)| holds_v4(Ipv4Addr::from(*net), *prefix, address))
        .map(|(_, _, ground)| *ground)
}

fn v6_ground(address: Ipv6Addr) -> Option<Ground> {
    if METADATA_V6.contains(&address) {
        return Some(Ground::Metadata);
    }
    let named = V6.iter().find(|(net, prefix, _)| holds_v6(Ipv6Addr::from(*net), *prefix, address));
    match named {
        Some((_, _, ground)) => Some(*ground),
        None if is_isatap(address) => Some(Ground::EmbeddedV4),
        None if holds_v6(GLOBAL_V6, 3, address) => None,
        None => Some(Ground::Reserved),
    }
}

/// ISATAP (RFC 5214) carries an IPv4 address in the last 32 bits of any prefix.
fn is_isatap(address: Ipv6Addr) -> bool {
    let [_, _, _, _, first, second, _, _] = address.segments();
    second == 0x5efe && (first == 0 || first == 0x0200)
}

/// Whether the network `net`/`prefix` holds `address`; never across the two families.
#[must_use]
pub fn holds(net: IpAddr, prefix: u8, address: IpAddr) -> bool {
    match (net, address) {
        (IpAddr::V4(net), IpAddr::V4(address)) => holds_v4(net, prefix, address),
        (IpAddr::V6(net), IpAddr::V6(address)) => holds_v6(net, prefix, address),
        _ => false,
    }
}

fn holds_v4(net: Ipv4Addr, prefix: u8, address: Ipv4Addr) -> bool {
    let mask = u32::MAX.checked_shl(32 - u32::from(prefix.min(32))).unwrap_or(0);
    net.to_bits() & mask == address.to_bits() & mask
}

fn holds_v6(net: Ipv6Addr, prefix: u8, address: Ipv6Addr) -> bool {
    let mask = u128::MAX.checked_shl(128 - u32::from(prefix.min(128))).unwrap_or(0);
    net.to_bits() & mask == address.to_bits() & mask
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(table: &[(&str, Option<Ground>)]) {
        for (text, ground) in table {
            let address: IpAddr = text.parse().expect("an address");
            assert_eq!(out_of_bounds(address), *ground, "{text}");
        }
    }

    #[test]
    fn every_special_range_of_ipv4_is_refused_for_its_reason() {
        use Ground as G;
        check(&[
            ("0.0.0.0", Some(G::Unspecified)),
            ("0.1.2.3", Some(G::Unspecified)),
            ("10.0.0.1", Some(G::Private)),
            ("10.255.255.255", Some(G::Private)),
            ("100.63.255.255", None),
            ("100.64.0.0", Some(G::Shared)),
            ("100.127.255.255", Some(G::Shared)),
            ("100.128.0.0", None),
            ("100.100.100.200", Some(G::Metadata)),
            ("127.0.0.1", Some(G::Loopback)),
            ("127.255.255.254", Some(G::Loopback)),
            ("168.63.129.16", Some(G::Metadata)),
            ("169.254.0.1", Some(G::LinkLocal)),
            ("169.254.169.254", Some(G::Metadata)),
            ("169.254.170.2", Some(G::Metadata)),
            ("172.15.255.255", None),
            ("172.16.0.1", Some(G::Private)),
            ("172.31.255.255", Some(G::Private)),
            ("172.32.0.1", None),
            ("192.0.0.1", Some(G::Reserved)),
            ("192.0.0.192", Some(G::Metadata)),
            ("192.0.2.1", Some(G::Documentation)),
            ("192.88.99.1", Some(G::Reserved)),
            ("192.168.0.1", Some(G::Private)),
            ("198.17.255.255", None),
            ("198.18.0.1", Some(G::Benchmark)),
            ("198.19.255.255", Some(G::Benchmark)),
            ("198.51.100.7", Some(G::Documentation)),
            ("203.0.113.7", Some(G::Documentation)),
            ("224.0.0.1", Some(G::Multicast)),
            ("239.255.255.255", Some(G::Multicast)),
            ("240.0.0.1", Some(G::Reserved)),
            ("255.255.255.255", Some(G::Broadcast)),
            ("1.1.1.1", None),
            ("93.184.215.14", None),
        ]);
    }

    #[test]
    fn ipv6_is_global_unicast_and_nothing_embedded() {
        use Ground as G;
        check(&[
            ("::", Some(G::Unspecified)),
            ("::1", Some(G::Loopback)),
            ("::2", Some(G::EmbeddedV4)),
            ("::127.0.0.1", Some(G::EmbeddedV4)),
            ("::8.8.8.8", Some(G::EmbeddedV4)),
            ("::ffff:127.0.0.1", Some(G::EmbeddedV4)),
            ("::ffff:8.8.8.8", Some(G::EmbeddedV4)),
            ("::ffff:0:10.0.0.1", Some(G::EmbeddedV4)),
            ("64:ff9b::10.0.0.1", Some(G::EmbeddedV4)),
            ("64:ff9b::8.8.8.8", Some(G::EmbeddedV4)),
            ("64:ff9b:1::1", Some(G::EmbeddedV4)),
            ("2001::1", Some(G::EmbeddedV4)),
            ("2001:0:4136:e378:8000:63bf:3fff:fdd2", Some(G::EmbeddedV4)),
            ("2001:2::1", Some(G::Benchmark)),
            ("2001:10::1", Some(G::Reserved)),
            ("2001:20::1", Some(G::Reserved)),
            ("2001:200::1", None),
            ("2001:db8::1", Some(G::Documentation)),
            ("2002:7f00:1::", Some(G::EmbeddedV4)),
            ("2606:4700:4700::1111", None),
            ("2606:4700:4700::5efe:a00:1", Some(G::EmbeddedV4)),
            ("2606:4700:4700:0:200:5efe:a00:1", Some(G::EmbeddedV4)),
            ("2a00:1450:4001:82a::200e", None),
            ("3fff::1", Some(G::Documentation)),
            ("3fff:1000::1", None),
            ("4000::1", Some(G::Reserved)),
            ("5f00::1", Some(G::Reserved)),
            ("100::1", Some(G::Reserved)),
            ("fc00::1", Some(G::Private)),
            ("fd00:ec2::254", Some(G::Metadata)),
            ("fd12::1", Some(G::Private)),
            ("fe80::1", Some(G::LinkLocal)),
            ("fec0::1", Some(G::Private)),
            ("ff02::1", Some(G::Multicast)),
        ]);
    }

    #[test]
    fn networks_hold_what_they_say() {
        for (net, prefix, address, held) in [
            ("10.0.0.0", 8, "10.200.0.1", true),
            ("10.0.0.0", 8, "11.0.0.1", false),
            ("0.0.0.0", 0, "8.8.8.8", true),
            ("10.1.2.3", 32, "10.1.2.3", true),
            ("10.1.2.3", 32, "10.1.2.4", false),
            ("fd00::", 8, "fd12::1", true),
            ("::", 0, "fd12::1", true),
            ("::", 0, "10.0.0.1", false),
            ("0.0.0.0", 0, "::ffff:10.0.0.1", false),
        ] {
            let parse = |text: &str| text.parse::<IpAddr>().expect("an address");
            assert_eq!(holds(parse(net), prefix, parse(address)), held, "{net}/{prefix} {address}");
        }
    }
}
