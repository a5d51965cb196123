//! What a list can say, and a plain and slow answer to what it applies to.

use std::net::IpAddr;

use proptest::prelude::*;

/// Something that is listed.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Entry {
    /// A name and every name below it.
    Domain(String),
    /// A name alone.
    Exact(String),
    /// Every name below a name.
    Below(String),
    Address(IpAddr),
    /// An address and a port.
    Port(IpAddr, u16),
    /// The first address of a network, and its prefix.
    Network(IpAddr, u8),
    /// Host and path.
    Url(String, String),
    Ja3(String),
    Ja4(String),
    /// SHA-1 or SHA-256 of a certificate.
    Print(String),
    Serial(String),
}

impl Entry {
    pub(crate) fn applies_to_name(&self, name: &str) -> bool {
        let below = |domain: &str| name.ends_with(&format!(".{domain}"));
        match self {
            Self::Domain(domain) => name == domain || below(domain),
            // Who asks for the host of a listed URL is told.
            Self::Exact(host) | Self::Url(host, _) => name == host,
            Self::Below(domain) => below(domain),
            _ => false,
        }
    }

    pub(crate) fn applies_to_address(&self, address: IpAddr, port: u16) -> bool {
        match self {
            Self::Address(listed) => *listed == address,
            Self::Port(listed, on) => *listed == address && *on == port,
            Self::Network(first, prefix) => match (first, address) {
                (IpAddr::V4(first), IpAddr::V4(address)) => {
                    (u32::from(*first) ^ u32::from(address)) >> (32 - prefix) == 0
                }
                (IpAddr::V6(first), IpAddr::V6(address)) => {
                    (u128::from(*first) ^ u128::from(address)) >> (128 - prefix) == 0
                }
                _ => false,
            },
            _ => false,
        }
    }

    pub(crate) fn applies_to_url(&self, host: &str, target: &str) -> bool {
        let Self::Url(listed, path) = self else {
            return false;
        };
        let bound = |rest: &str| {
            let ends: &[char] = if path.contains('?') {
                &['&', '#']
            } else {
                &['/', '?', '#']
            };
            rest.is_empty() || rest.starts_with(ends) || path.ends_with('/')
        };
        listed == host && target.strip_prefix(path.as_str()).is_some_and(bound)
    }
}

/// Names that no guard minds: all have a label that no popular name has.
pub(crate) fn name() -> impl Strategy<Value = String> {
    let ends = prop_oneof![
        Just("example"),
        Just("com"),
        Just("net"),
        Just("co.uk"),
        Just("org")
    ];
    let own = prop_oneof![4 => "[a-d]{1,2}[0-9]?-zq", 1 => Just("xn--zq-bcher-kva".to_owned())];
    (prop::collection::vec("[a-c]{1,2}|w-1|_x", 0..3), own, ends).prop_map(
        |(mut labels, own, end)| {
            labels.push(own);
            labels.push(end.to_owned());
            labels.join(".")
        },
    )
}

/// Addresses for documentation.
fn address() -> impl Strategy<Value = IpAddr> {
    prop_oneof![
        (
            prop_oneof![Just([192, 0, 2]), Just([198, 51, 100]), Just([203, 0, 113])],
            any::<u8>()
        )
            .prop_map(|([a, b, c], d)| IpAddr::from([a, b, c, d])),
        prop::array::uniform3(0..3_u16)
            .prop_map(|[a, b, c]| IpAddr::from([0x2001, 0xdb8, a, 0, 0, 0xa0, b, c])),
    ]
}

fn network() -> impl Strategy<Value = Entry> {
    (address(), 0..8_u8).prop_map(|(address, bits)| match address {
        IpAddr::V4(address) => {
            let prefix = 24 + bits;
            let first = u32::from(address) >> (32 - prefix) << (32 - prefix);
            Entry::Network(IpAddr::V4(first.into()), prefix)
        }
        IpAddr::V6(address) => {
            let prefix = 120 - bits * 8;
            let first = u128::from(address) >> (128 - prefix) << (128 - prefix);
            Entry::Network(IpAddr::V6(first.into()), prefix)
        }
    })
}

fn path() -> impl Strategy<Value = String> {
    "/[a-c]{1,2}(/[a-c1-3]{1,2})?(/|\\?id=[0-9]{1,2})?"
}

pub(crate) fn entry() -> impl Strategy<Value = Entry> {
    let serial = "[1-9a-f][0-9a-f]{17}";
    prop_oneof![
        6 => name().prop_map(Entry::Domain),
        3 => name().prop_map(Entry::Exact),
        2 => name().prop_map(Entry::Below),
        3 => address().prop_map(Entry::Address),
        2 => (address(), 1..9_u16).prop_map(|(address, port)| Entry::Port(address, port * 1000)),
        2 => network(),
        3 => (name(), path()).prop_map(|(host, path)| Entry::Url(host, path)),
        1 => "[0-9a-f]{32}".prop_map(Entry::Ja3),
        1 => "[tq]13d[0-9]{4}h2_[0-9a-f]{12}_[0-9a-f]{12}".prop_map(Entry::Ja4),
        1 => "([0-9a-f]{2}){20}|([0-9a-f]{2}){32}".prop_map(Entry::Print),
        1 => serial.prop_map(Entry::Serial),
    ]
}
