use super::*;
use proptest::prelude::*;

fn networks(texts: &[&str]) -> Networks {
    let listed: Vec<Network> = texts.iter().map(|t| parse_network(t).unwrap()).collect();
    Networks::new(&listed).unwrap()
}

#[track_caller]
fn assert_found(networks: &Networks, address: &str, port: u16, want: Option<u32>) {
    let address: IpAddr = address.parse().unwrap();
    assert_eq!(networks.find(address, port), want, "{address} {port}");
    assert!(want.is_none() || networks.may_have(address), "{address}");
}

#[test]
fn the_most_specific_network_that_applies_wins() {
    let listed = networks(&[
        "192.0.0.0/8",
        "192.0.2.0/24:443",
        "192.0.2.0/24",
        "192.0.2.1:80,8080",
        "192.0.2.1:80",
        "192.0.2.128/25:53",
        "2001:db8::/32",
        "[2001:db8::1]:443",
    ]);
    assert_eq!(listed.len(), 6);
    for (address, port, want) in [
        ("191.255.255.255", 80, None),
        ("192.0.0.0", 80, Some(0)),
        ("192.255.255.255", 0, Some(0)),
        ("193.0.0.0", 80, None),
        ("192.0.2.0", 443, Some(1)),
        ("192.0.2.0", 80, Some(2)),
        ("192.0.2.1", 80, Some(3)),
        ("192.0.2.1", 8080, Some(3)),
        ("192.0.2.1", 443, Some(1)),
        ("192.0.2.1", 53, Some(2)),
        ("192.0.2.200", 53, Some(5)),
        ("192.0.2.200", 443, Some(1)),
        ("192.0.3.0", 443, Some(0)),
        ("2001:db8::1", 443, Some(7)),
        ("2001:db8::1", 80, Some(6)),
        ("2001:db8:ffff::", 443, Some(6)),
        ("2001:db9::", 443, None),
        ("::ffff:192.0.2.1", 80, Some(3)),
    ] {
        assert_found(&listed, address, port, want);
    }
}

#[test]
fn networks_that_are_limited_to_other_ports_do_not_apply() {
    let listed = networks(&["192.0.2.1:443", "192.0.2.1:443"]);
    assert_found(&listed, "192.0.2.1", 443, Some(0));
    assert_found(&listed, "192.0.2.1", 80, None);
    assert_found(&listed, "192.0.2.1", 0, None);
    assert!(listed.may_have("192.0.2.1".parse().unwrap()));
}

#[test]
fn nothing_is_found_where_nothing_is_listed() {
    let listed = networks(&[]);
    assert!(listed.is_empty());
    assert_found(&listed, "192.0.2.1", 80, None);
    assert_found(&listed, "2001:db8::1", 80, None);
    assert!(!listed.may_have_v4(0) && !listed.may_have_v6(0));
}

/// Many numbers that look random and are always the same.
fn numbers() -> impl Iterator<Item = u64> {
    (1_u64..).map(|n| crate::words::mix(crate::words::mix(n, 7), n))
}

#[test]
fn few_strangers_pass_the_filter_of_a_long_list() {
    let listed: Vec<Network> = numbers()
        .take(20_000)
        .map(|n| match n % 4 {
            0 => Network::new(IpAddr::V4(((n >> 32) as u32 & !0xff).into()), 24, &[]),
            1 => Network::new(IpAddr::V6((u128::from(n) << 64).into()), 64, &[]),
            2 => Network::new(IpAddr::V6((u128::from(n >> 16) << 80).into()), 48, &[443]),
            _ => Network::new(IpAddr::V4(((n >> 32) as u32).into()), 32, &[]),
        })
        .map(Result::unwrap)
        .collect();
    let networks = Networks::new(&listed).unwrap();
    for (i, network) in listed.iter().enumerate() {
        assert!(networks.may_have(network.address()));
        let port = network.ports().first().copied().unwrap_or(80);
        let found = networks.find(network.address(), port).unwrap() as usize;
        assert!(found <= i && listed[found].prefix() >= network.prefix());
    }
    let strangers = || numbers().skip(20_000).take(20_000);
    let passed = strangers().filter(|n| networks.may_have_v4((n >> 32) as u32));
    let passed = passed.count();
    assert!(passed < 400, "{passed}");
    let passed = strangers().filter(|n| networks.may_have_v6(u128::from(*n) << 64 | 1));
    let passed = passed.count();
    assert!(passed < 400, "{passed}");
}

#[test]
fn very_many_wide_networks_do_not_blow_the_filter_up() {
    let listed: Vec<Network> = (0..60_000_u32)
        .map(|n| Network::new(IpAddr::V4((n << 15).into()), 17, &[]).unwrap())
        .collect();
    let networks = Networks::new(&listed).unwrap();
    assert!(networks.filter_memory() < 1 << 20);
    for n in 0..60_000_u32 {
        assert_eq!(networks.find_v4(n << 15 | 77, 1), Some(n));
    }
    assert!(!networks.may_have_v4(60_000 << 15));
}

/// The rule of the documentation, without any cleverness.
fn naive(listed: &[Network], address: IpAddr, port: u16) -> Option<u32> {
    let mut best: Option<(u8, bool, u32)> = None;
    for (number, network) in (0..).zip(listed) {
        let shared = match (network.address(), address) {
            (IpAddr::V4(a), IpAddr::V4(b)) => (a.to_bits() ^ b.to_bits()).leading_zeros(),
            (IpAddr::V6(a), IpAddr::V6(b)) => (a.to_bits() ^ b.to_bits()).leading_zeros(),
            _ => continue,
        };
        let limited = !network.ports().is_empty();
        if shared < u32::from(network.prefix()) || limited && !network.ports().contains(&port) {
            continue;
        }
        let rank = (network.prefix(), limited);
        if best.is_none_or(|(prefix, limited, _)| rank > (prefix, limited)) {
            best = Some((rank.0, rank.1, number));
        }
    }
    best.map(|(_, _, number)| number)
}

/// Addresses that often share a prefix of any length: few bits are set.
fn v4() -> impl Strategy<Value = u32> {
    prop_oneof![
        any::<u32>(),
        prop::collection::vec(0..32_u32, 0..4).prop_map(|b| b.iter().fold(0, |a, n| a | 1 << n)),
    ]
}

fn v6() -> impl Strategy<Value = u128> {
    prop_oneof![
        any::<u128>(),
        prop::collection::vec(0..128_u32, 0..4).prop_map(|b| b.iter().fold(0, |a, n| a | 1 << n)),
    ]
}

fn network() -> impl Strategy<Value = Network> {
    let ports = prop_oneof![Just(vec![]), prop::collection::vec(1..4_u16, 1..3)];
    let prefix = prop_oneof![
        1..=128_u8,
        prop::sample::select(vec![8, 16, 17, 24, 25, 32, 48, 64, 128])
    ];
    (any::<bool>(), v4(), v6(), prefix, ports).prop_map(|(four, v4, v6, prefix, ports)| {
        if four {
            let prefix = prefix.min(32);
            let start = v4 & (!0_u32).wrapping_shl(32_u32.wrapping_sub(prefix.into()));
            Network::new(IpAddr::V4(start.into()), prefix, &ports).unwrap()
        } else {
            let start = v6 & (!0_u128).wrapping_shl(128_u32.wrapping_sub(prefix.into()));
            Network::new(IpAddr::V6(start.into()), prefix, &ports).unwrap()
        }
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]
    #[test]
    fn equals_a_scan_of_all_networks(
        listed in prop::collection::vec(network(), 0..150),
        asked in prop::collection::vec((v4(), v6(), 0..4_u16), 1..40),
        noise in any::<u128>(),
    ) {
        let networks = Networks::new(&listed).unwrap();
        let mut addresses: Vec<(IpAddr, u16)> = Vec::new();
        for (v4, v6, port) in asked {
            addresses.push((IpAddr::V4(v4.into()), port));
            addresses.push((IpAddr::V6(v6.into()).to_canonical(), port));
        }
        // In each network: the first address, the last, one between; and those beside it.
        for network in &listed {
            let near = match network.address() {
                IpAddr::V4(start) => {
                    let (start, behind) = (
                        start.to_bits(),
                        u32::MAX.checked_shr(network.prefix().into()).unwrap_or(0),
                    );
                    let last = start | behind;
                    [start, last, start | noise as u32 & behind, start.wrapping_sub(1), last.wrapping_add(1)]
                        .map(|a| IpAddr::V4(a.into()))
                }
                IpAddr::V6(start) => {
                    let (start, behind) = (
                        start.to_bits(),
                        u128::MAX.checked_shr(network.prefix().into()).unwrap_or(0),
                    );
                    let last = start | behind;
                    [start, last, start | noise & behind, start.wrapping_sub(1), last.wrapping_add(1)]
                        .map(|a| IpAddr::V6(a.into()).to_canonical())
                }
            };
            addresses.extend(near.map(|a| (a, (noise % 4) as u16)));
        }
        for (address, port) in addresses {
            let want = naive(&listed, address, port);
            prop_assert_eq!(networks.find(address, port), want, "{} {}", address, port);
            let any_port = (0..4).any(|port| naive(&listed, address, port).is_some());
            prop_assert!(networks.may_have(address) || !any_port);
        }
    }
}
