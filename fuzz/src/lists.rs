//! Lists in formats that are not our own, a target each.

use bellerophon::rules::{
    How, IndicatorKind, Loaded, Problem, RuleSet, RulesError, Scope, formats, read_as,
};

/// How many lines of a text are no entries by their beginning.
type Entries = fn(&str) -> bool;

pub fn adblock(data: &[u8]) {
    run("adblock", data);
}

pub fn csv(data: &[u8]) {
    run("csv", data);
}

pub fn dataset(data: &[u8]) {
    run("dataset", data);
}

pub fn dnsmasq(data: &[u8]) {
    run("dnsmasq", data);
}

pub fn hosts(data: &[u8]) {
    run("hosts", data);
}

pub fn maltrail(data: &[u8]) {
    run("maltrail", data);
}

pub fn misp(data: &[u8]) {
    run("misp", data);
}

pub fn openioc(data: &[u8]) {
    run("openioc", data);
}

pub fn plain(data: &[u8]) {
    run("plain", data);
}

pub fn rpz(data: &[u8]) {
    run("rpz", data);
}

pub fn stix(data: &[u8]) {
    run("stix", data);
}

pub fn suricata(data: &[u8]) {
    run("suricata", data);
}

pub fn unbound(data: &[u8]) {
    run("unbound", data);
}

pub fn warninglist(data: &[u8]) {
    run("misp-warninglist", data);
}

pub fn zeek(data: &[u8]) {
    run("zeek", data);
}

fn run(format: &str, data: &[u8]) {
    assert!(formats().any(|known| known == format));
    let read = read_as(format, data).unwrap();
    let told = holds(&read, data);
    if read.is_err() {
        return;
    }
    // Where an entry is a line, no line is dropped.
    let is_entry: Entries = match format {
        "dataset" => |line| !line.is_empty(),
        "zeek" => |line| !line.is_empty() && !line.starts_with('#'),
        "plain" => {
            |line| !line.is_empty() && !line.starts_with(['#', ';', '!']) && !line.starts_with("//")
        }
        "hosts" => |line| {
            line.split('#')
                .next()
                .is_some_and(|entry| !entry.trim().is_empty())
        },
        _ => |_| false,
    };
    let data = data.strip_prefix(b"\xef\xbb\xbf").unwrap_or(data);
    let lines = data.split(|byte| *byte == b'\n');
    let entries =
        lines.filter(|line| std::str::from_utf8(line).is_ok_and(|line| is_entry(line.trim())));
    assert!(entries.count() <= told, "an entry was dropped");
}

/// Checks what was read; how many entries were told of.
pub fn holds(read: &Result<Loaded, RulesError>, data: &[u8]) -> usize {
    let loaded = match read {
        Ok(loaded) => loaded,
        Err(error) => {
            assert_eq!(error.errors.len(), 1);
            error
                .errors
                .iter()
                .chain(&error.problems)
                .for_each(|problem| check(problem, data));
            return 0;
        }
    };
    loaded
        .problems
        .iter()
        .for_each(|problem| check(problem, data));
    let Some(pack) = loaded.rules.packs().next() else {
        // A list without entries is told of.
        assert!(!loaded.problems.is_empty());
        return 0;
    };
    let lines = data.iter().filter(|byte| **byte == b'\n').count() + 1;
    for aside in &loaded.asides {
        assert!((1..=lines).contains(&aside.line), "{aside:?}");
        assert!(aside.text.chars().count() <= 200);
    }
    // Each thing left aside is told of by its line.
    let aside: usize = pack.aside.iter().map(|(_, count)| count).sum();
    assert_eq!(aside, loaded.asides.len());
    // An entry that counts may have an end that is no date.
    let others: usize = pack.others.iter().map(|(_, count)| count).sum();
    assert!(loaded.problems.len() <= pack.refused + pack.domains + others + aside + 1);
    assert!(loaded.rules.name_count() <= pack.domains + others);
    matches_itself(&loaded.rules);
    pack.domains + others + aside + pack.refused
}

/// Every indicator is found by what it lists.
fn matches_itself(rules: &RuleSet) {
    for (id, indicator) in rules.indicators() {
        let name = indicator.name;
        match indicator.kind {
            IndicatorKind::Name => {
                assert!(name.len() <= 253 && name.contains('.'), "{name:?}");
                let itself = rules.match_name(name.as_bytes());
                let below = rules.match_name(format!("no-such-label.{name}").as_bytes());
                let of = |hit: Option<bellerophon::rules::Hit>, how| {
                    hit.is_some_and(|hit| hit.indicator == id && hit.how == how)
                };
                assert_eq!(
                    of(itself, How::Exact),
                    indicator.scope != Scope::Below,
                    "{name}"
                );
                assert_eq!(
                    of(below, How::Below),
                    indicator.scope != Scope::Exact,
                    "{name}"
                );
            }
            IndicatorKind::Address => {
                let network = name.trim_start_matches('[');
                let first = network.split(['/', ']']).next().unwrap();
                let bare = first.parse().ok();
                let with_port = first
                    .rsplit_once(':')
                    .and_then(|(address, _)| address.parse().ok());
                let port = name
                    .rsplit_once(':')
                    .and_then(|(_, port)| port.parse().ok())
                    .unwrap_or(1);
                let address: std::net::IpAddr =
                    bare.or(with_port).unwrap_or_else(|| panic!("{name}"));
                assert!(rules.match_address(address, port).is_some(), "{name}");
            }
            IndicatorKind::Url => {
                let rest = name.split_once("://").map_or(name, |(_, rest)| rest);
                let (authority, path) = rest.split_at(rest.find('/').unwrap());
                let host = match authority.strip_prefix('[') {
                    Some(inner) => inner.split(']').next().unwrap(),
                    None => authority.split(':').next().unwrap(),
                };
                assert!(
                    rules.match_url(host.as_bytes(), path.as_bytes()).is_some(),
                    "{name}"
                );
            }
            _ => assert!(!name.is_empty()),
        }
    }
}

/// Problems are one line for a terminal, and name a line that exists.
pub fn check(problem: &Problem, data: &[u8]) {
    let words = problem.to_string();
    assert!(!words.chars().any(char::is_control), "{words:?}");
    assert!(!problem.what.is_empty());
    let breaks = |b: &&u8| matches!(b, b'\n' | b'\r' | 0xc2 | 0xe2 | 0);
    let lines = data.iter().filter(breaks).count() + 2;
    if let Some(line) = problem.line {
        assert!((1..=lines).contains(&line), "{words}");
    }
}
