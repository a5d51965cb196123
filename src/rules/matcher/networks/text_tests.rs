use super::*;
use proptest::prelude::*;

#[test]
fn networks_are_read_and_written_in_one_form() {
    for (text, want) in [
        ("192.0.2.1", "192.0.2.1"),
        ("192.0.2.1/32", "192.0.2.1"),
        ("192.0.2.1:443", "192.0.2.1:443"),
        ("192.0.2.0/24", "192.0.2.0/24"),
        ("192.0.2.0/024", "192.0.2.0/24"),
        ("192.0.2.0/24:443", "192.0.2.0/24:443"),
        ("192.0.2.1:443,80,443", "192.0.2.1:80,443"),
        ("128.0.0.0/1", "128.0.0.0/1"),
        ("2001:DB8::1", "2001:db8::1"),
        ("2001:db8:0:0::1/128", "2001:db8::1"),
        ("2001:db8::/32", "2001:db8::/32"),
        ("[2001:db8::1]", "2001:db8::1"),
        ("[2001:db8::1]:443", "[2001:db8::1]:443"),
        ("[2001:db8::/32]:443", "[2001:db8::/32]:443"),
        ("[192.0.2.1]:443", "192.0.2.1:443"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("[::ffff:192.0.2.0/120]:443", "192.0.2.0/24:443"),
        ("::1", "::1"),
    ] {
        let network = parse_network(text).unwrap();
        assert_eq!(network.to_string(), want, "{text}");
        assert_eq!(parse_network(want), Ok(network));
    }
}

#[test]
fn refusals_say_what_to_write_instead() {
    let long = "x".repeat(10_000);
    for (text, what, fix) in [
        ("", "empty", "address"),
        ("192.0.2.1/24", "behind its prefix", "`192.0.2.0/24`"),
        ("192.0.2.1/24:443", "behind its prefix", "`192.0.2.0/24`"),
        ("2001:db8::1/32", "behind its prefix", "`2001:db8::/32`"),
        ("192.0.2.0/33", "prefix of 33 bits", "correct"),
        ("2001:db8::/129", "has 128", "correct"),
        ("192.0.2.0/", "for a prefix", "up to 32"),
        ("192.0.2.0/+8", "for a prefix", "up to 32"),
        ("192.0.2.0/999", "for a prefix", "up to 32"),
        ("192.0.2.0/255.255.255.0", "for a prefix", "`192.0.2.0/24`"),
        ("192.0.2.0/255.0.255.0", "for a prefix", "up to 32"),
        ("2001:db8::/32:443", "for a prefix", "`[2001:db8::/32]:443`"),
        ("0.0.0.0/0", "every address", "networks"),
        ("::/0", "every address", "networks"),
        ("192.0.2.1:0", "port 0", "1 to 65535"),
        ("192.0.2.1:", "for a port", "1 to 65535"),
        ("192.0.2.1:+80", "for a port", "1 to 65535"),
        ("192.0.2.1:65536", "for a port", "1 to 65535"),
        ("192.0.2.1:1,2,3,4,5,6,7,8,9", "more than 8 ports", "twice"),
        ("[2001:db8::1]443", "bracket", "`[ADDRESS]:PORT`"),
        ("[2001:db8::]/32", "bracket", "`[ADDRESS/PREFIX]:PORT`"),
        ("192.0.2[.]1", "defanged", "`192.0.2.1`"),
        ("http://192.0.2.1/", "URL", "urls"),
        ("fe80::1%eth0", "interface", "`fe80::1`"),
        ("192.0.2.1-192.0.2.9", "range", "networks"),
        ("192.0.2.256", "IPv4", "0 to 255"),
        ("192.000.002.001", "IPv4", "leading zeros"),
        ("evil.example", "no address", "IPv6"),
        (&long, "...`", "IPv6"),
    ] {
        let (got_what, got_fix) = parse_network(text).unwrap_err();
        assert!(got_what.contains(what), "{text}: {got_what}");
        assert!(got_fix.contains(fix), "{text}: {got_fix}");
        assert!(got_what.len() < 300 && got_fix.len() < 300, "{got_what}");
    }
}

proptest! {
    #[test]
    fn what_is_written_is_read_back(
        address in prop_oneof![
            any::<u32>().prop_map(|a| IpAddr::V4(Ipv4Addr::from_bits(a))),
            any::<u128>().prop_map(|a| IpAddr::V6(Ipv6Addr::from_bits(a))),
        ],
        prefix in 1_u8..=128,
        ports in prop::collection::btree_set(1_u16.., 0..=MAX_PORTS),
    ) {
        let prefix = prefix.min(bits(address));
        let ports: Vec<u16> = ports.into_iter().collect();
        let network = Network::new(start(address, prefix), prefix, &ports).unwrap();
        prop_assert_eq!(network.ports(), ports);
        prop_assert_eq!(parse_network(&network.to_string()), Ok(network));
        let with_bits = parse_network(&format!("{address}/{prefix}"));
        prop_assert_eq!(with_bits.is_ok(), start(address, prefix) == address);
    }

    #[test]
    fn any_text_is_survived(text in "([0-9a-f:./,\\[\\]%-]|\u{e4}){0,24}|.{0,40}") {
        let _ = parse_network(&text);
    }
}
