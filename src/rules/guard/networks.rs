//! Networks and addresses that no rule may stand for.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::reason::{Range, Reason};
use crate::rules::network::Network;

/// The widest good network of IPv4: a million addresses. No publisher of spyware's addresses has listed more than a
/// provider's block, and those are a quarter of this at most.
const WIDEST_V4: u8 = 12;
/// The widest good network of IPv6. Registries give a provider /32 to /29; /24 is room for dozens of them.
const WIDEST_V6: u8 = 24;

const fn v4(a: u8, b: u8, c: u8, d: u8, prefix: u8) -> Network {
    Network::v4(Ipv4Addr::new(a, b, c, d), prefix)
}

const fn v6(first: u16, second: u16, prefix: u8) -> Network {
    Network::v6(Ipv6Addr::new(first, second, 0, 0, 0, 0, 0, 0), prefix)
}

/// For documentation: RFC 5737, 3849 and 9637.
const DOCUMENTATION: [Network; 5] = [
    v4(192, 0, 2, 0, 24),
    v4(198, 51, 100, 0, 24),
    v4(203, 0, 113, 0, 24),
    v6(0x2001, 0xdb8, 32),
    v6(0x3fff, 0, 20),
];

/// Set apart (IANA's registries of special-purpose addresses).
const APART: [(Network, Range); 16] = [
    (v4(10, 0, 0, 0, 8), Range::Private),
    (v4(172, 16, 0, 0, 12), Range::Private),
    (v4(192, 168, 0, 0, 16), Range::Private),
    (v6(0xfc00, 0, 7), Range::Private),
    (v4(100, 64, 0, 0, 10), Range::Shared),
    (v4(127, 0, 0, 0, 8), Range::Loopback),
    (Network::v6(Ipv6Addr::LOCALHOST, 128), Range::Loopback),
    (v4(169, 254, 0, 0, 16), Range::LinkLocal),
    (v6(0xfe80, 0, 10), Range::LinkLocal),
    (v6(0xfec0, 0, 10), Range::LinkLocal),
    (v4(224, 0, 0, 0, 4), Range::Multicast),
    (v6(0xff00, 0, 8), Range::Multicast),
    (v4(0, 0, 0, 0, 8), Range::Unspecified),
    (Network::v6(Ipv6Addr::UNSPECIFIED, 128), Range::Unspecified),
    (v4(240, 0, 0, 0, 4), Range::Reserved),
    // IPv4 translated (RFC 6052): as wide as all of IPv4.
    (
        Network::v6(Ipv6Addr::new(0x64, 0xff9b, 0, 0, 0, 0, 0, 0), 96),
        Range::Reserved,
    ),
];

/// Whom whole populations ask for names, as the operators' own pages list them, and the root servers of `root.hints`
/// (<https://www.iana.org/domains/root/servers>).
static RESOLVERS: &[(&str, &[IpAddr])] = &[
    // https://developers.google.com/speed/public-dns/docs/using
    (
        "Google",
        &[
            ip4(8, 8, 8, 8),
            ip4(8, 8, 4, 4),
            ip6([0x2001, 0x4860, 0x4860, 0, 0, 0, 0, 0x8888]),
            ip6([0x2001, 0x4860, 0x4860, 0, 0, 0, 0, 0x8844]),
        ],
    ),
    // https://developers.cloudflare.com/1.1.1.1/ip-addresses/
    (
        "Cloudflare",
        &[
            ip4(1, 1, 1, 1),
            ip4(1, 0, 0, 1),
            ip4(1, 1, 1, 2),
            ip4(1, 0, 0, 2),
            ip4(1, 1, 1, 3),
            ip4(1, 0, 0, 3),
            ip6([0x2606, 0x4700, 0x4700, 0, 0, 0, 0, 0x1111]),
            ip6([0x2606, 0x4700, 0x4700, 0, 0, 0, 0, 0x1001]),
            ip6([0x2606, 0x4700, 0x4700, 0, 0, 0, 0, 0x1112]),
            ip6([0x2606, 0x4700, 0x4700, 0, 0, 0, 0, 0x1002]),
            ip6([0x2606, 0x4700, 0x4700, 0, 0, 0, 0, 0x1113]),
            ip6([0x2606, 0x4700, 0x4700, 0, 0, 0, 0, 0x1003]),
        ],
    ),
    // https://quad9.net/service/service-addresses-and-features/
    (
        "Quad9",
        &[
            ip4(9, 9, 9, 9),
            ip4(149, 112, 112, 112),
            ip4(9, 9, 9, 10),
            ip4(149, 112, 112, 10),
            ip4(9, 9, 9, 11),
            ip4(149, 112, 112, 11),
            ip6([0x2620, 0xfe, 0, 0, 0, 0, 0, 0xfe]),
            ip6([0x2620, 0xfe, 0, 0, 0, 0, 0, 0x9]),
            ip6([0x2620, 0xfe, 0, 0, 0, 0, 0, 0x10]),
            ip6([0x2620, 0xfe, 0, 0, 0, 0, 0xfe, 0x10]),
            ip6([0x2620, 0xfe, 0, 0, 0, 0, 0, 0x11]),
            ip6([0x2620, 0xfe, 0, 0, 0, 0, 0xfe, 0x11]),
        ],
    ),
    // https://www.opendns.com/setupguide/
    (
        "OpenDNS",
        &[
            ip4(208, 67, 222, 222),
            ip4(208, 67, 220, 220),
            ip4(208, 67, 222, 123),
            ip4(208, 67, 220, 123),
            ip6([0x2620, 0x119, 0x35, 0, 0, 0, 0, 0x35]),
            ip6([0x2620, 0x119, 0x53, 0, 0, 0, 0, 0x53]),
        ],
    ),
    // https://adguard-dns.io/en/public-dns.html
    (
        "AdGuard",
        &[
            ip4(94, 140, 14, 14),
            ip4(94, 140, 15, 15),
            ip4(94, 140, 14, 15),
            ip4(94, 140, 15, 16),
            ip4(94, 140, 14, 140),
            ip4(94, 140, 14, 141),
            ip6([0x2a10, 0x50c0, 0, 0, 0, 0, 0xad1, 0xff]),
            ip6([0x2a10, 0x50c0, 0, 0, 0, 0, 0xad2, 0xff]),
        ],
    ),
    // https://dns.yandex.com/
    ("Yandex", &[ip4(77, 88, 8, 8), ip4(77, 88, 8, 1)]),
    // https://www.alidns.com/
    (
        "Alibaba",
        &[
            ip4(223, 5, 5, 5),
            ip4(223, 6, 6, 6),
            ip6([0x2400, 0x3200, 0, 0, 0, 0, 0, 1]),
            ip6([0x2400, 0x3200, 0xbaba, 0, 0, 0, 0, 1]),
        ],
    ),
    // https://www.114dns.com/
    (
        "114DNS",
        &[ip4(114, 114, 114, 114), ip4(114, 114, 115, 115)],
    ),
    // https://www.dnspod.com/products/public.dns
    ("DNSPod", &[ip4(119, 29, 29, 29)]),
    // https://www.iana.org/domains/root/servers, a to m
    (
        "the DNS root",
        &[
            ip4(198, 41, 0, 4),
            ip4(170, 247, 170, 2),
            ip4(192, 33, 4, 12),
            ip4(199, 7, 91, 13),
            ip4(192, 203, 230, 10),
            ip4(192, 5, 5, 241),
            ip4(192, 112, 36, 4),
            ip4(198, 97, 190, 53),
            ip4(192, 36, 148, 17),
            ip4(192, 58, 128, 30),
            ip4(193, 0, 14, 129),
            ip4(199, 7, 83, 42),
            ip4(202, 12, 27, 33),
        ],
    ),
];

const fn ip4(a: u8, b: u8, c: u8, d: u8) -> IpAddr {
    IpAddr::V4(Ipv4Addr::new(a, b, c, d))
}

const fn ip6(groups: [u16; 8]) -> IpAddr {
    let [a, b, c, d, e, f, g, h] = groups;
    IpAddr::V6(Ipv6Addr::new(a, b, c, d, e, f, g, h))
}

pub(super) fn judge(network: Network) -> Option<Reason> {
    if DOCUMENTATION.iter().any(|good| good.covers(network)) {
        return None;
    }
    let apart = |of: fn(Network, Network) -> bool| {
        let found = APART.iter().find(|(range, _)| of(*range, network));
        found.map(|(_, range)| Reason::Range(*range))
    };
    // What lies within a range is that, however wide; where only a part does, the width tells more.
    if let Some(reason) = apart(Network::covers) {
        return Some(reason);
    }
    let least = if network.is_v4() {
        WIDEST_V4
    } else {
        WIDEST_V6
    };
    if network.prefix() < least {
        return Some(Reason::TooWide { least });
    }
    apart(Network::overlaps).or_else(|| resolver(network))
}

fn resolver(network: Network) -> Option<Reason> {
    RESOLVERS.iter().find_map(|(operator, addresses)| {
        let address = *addresses.iter().find(|a| network.contains(**a))?;
        Some(Reason::Resolver { address, operator })
    })
}
