//! Tests of large and of arbitrary STIX patterns.

use proptest::prelude::*;

use super::*;

#[test]
fn combinations_have_a_bound() {
    let any = |object: &str, count: usize| {
        let each: Vec<String> = (0..count)
            .map(|n| format!("{object}:value='{n}.example'"))
            .collect();
        format!("({})", each.join(" OR domain-name:x=1 OR "))
    };
    // 2^40 ways.
    let many = vec!["(domain-name:value='a.example' OR file:name='x')"; 40].join(" AND ");
    let said = of(&format!("[{many}]"));
    assert_eq!(said.len(), 40);
    assert_eq!(
        said[0],
        "Domain a.example ? with other conditions, in too many combinations"
    );
    let said = of(&format!(
        "[{} AND {}]",
        any("url", 300),
        any("domain-name", 300)
    ));
    assert_eq!(said.len(), 600);
    // 1000 addresses and 1000 ports.
    let addresses: Vec<String> = (0..1000)
        .map(|n| format!("'192.0.{}.{}'", n / 250, n % 250))
        .collect();
    let ports: Vec<String> = (0..1000).map(|n| n.to_string()).collect();
    let pattern = format!(
        "[ipv4-addr:value IN ({}) AND network-traffic:dst_port IN ({})]",
        addresses.join(","),
        ports.join(",")
    );
    let said = of(&pattern);
    assert_eq!(said.len(), 1000);
    assert!(said[0].starts_with("Address 192.0.0.0 ? with network-traffic:dst_port IN (0,1,2"));
    // A long AND is no product.
    let long = vec!["domain-name:value='a.example'"; 20_000].join(" AND ");
    assert_eq!(
        of(&format!("[{long} AND (file:name='x' OR file:size=1)]")).len(),
        1
    );
}

fn comparison() -> impl Strategy<Value = String> {
    let path = prop::sample::select(vec![
        "domain-name:value",
        "hostname:value",
        "url:value",
        "ipv4-addr:value",
        "network-traffic:dst_ref.value",
        "network-traffic:src_ref.value",
        "network-traffic:dst_port",
        "network-traffic:protocols[*]",
        "file:name",
        "network-traffic:extensions.'http-request-ext'.request_value",
        "x509-certificate:hashes.sha1",
        "x509-certificate:serial_number",
        "x509-certificate:issuer",
        "x-a:ja3",
        "domain-name:resolves_to_refs[*].value",
    ]);
    let test = prop::sample::select(vec![
        "= '/a'",
        "= 'a.example'",
        "!= 'b'",
        "IN ('192.0.2.1', '/b')",
        "LIKE '%.x'",
        "MATCHES 'x'",
        "> 5",
        "ISSUBSET '::/0'",
    ]);
    (path, test).prop_map(|(path, test)| format!("{path} {test}"))
}

fn comparisons() -> impl Strategy<Value = String> {
    comparison().prop_recursive(4, 24, 4, |inner| {
        let each = proptest::collection::vec(inner, 1..4);
        (each, any::<bool>())
            .prop_map(|(each, and)| format!("({})", each.join(if and { " AND " } else { " OR " })))
    })
}

proptest! {
    /// Whatever is demanded, something is said, and not more than in proportion to the text.
    #[test]
    fn every_pattern_comes_to_something(first in comparisons(), second in comparisons(), word in 0..3_usize) {
        let word = ["AND", "OR", "FOLLOWEDBY"][word];
        let pattern = format!("[{first}] {word} [{second}]");
        let said = of(&pattern);
        prop_assert!(!said.is_empty());
        let values = parse(&pattern).unwrap().values;
        prop_assert!(said.len() <= values.saturating_mul(9).saturating_add(64));
    }

    #[test]
    fn values_of_or_come_back_in_order(names in proptest::collection::vec("[a-z]{1,8}\\.example", 1..20)) {
        let tests: Vec<String> = names.iter().map(|name| format!("domain-name:value = '{name}'")).collect();
        let said: Vec<String> = names.iter().map(|name| format!("Domain {name}")).collect();
        prop_assert_eq!(&of(&format!("[{}]", tests.join(" OR "))), &said);
        prop_assert_eq!(&of(&format!("[{}]", tests.join("] OR ["))), &said);
        let set = format!("[domain-name:value IN ('{}')]", names.join("','"));
        prop_assert_eq!(&of(&set), &said);
    }
}
