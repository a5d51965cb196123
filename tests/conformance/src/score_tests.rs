use super::*;

fn rules() -> Rules {
    let set = |words: &[&str]| words.iter().map(|w| (*w).to_owned()).collect();
    Rules {
        by: Match::Group,
        classes: set(&["fqdn"]),
        families: Some(set(&["dns", "tls_sni", "http"])),
        optional_tags: set(&["icmp_quoted"]),
        files: None,
        collections: HashSet::new(),
        keep_wildcard: false,
    }
}

/// `file proto name [cls] [tag,tag]`
fn row(text: &str) -> Row {
    let words: Vec<&str> = text.split(' ').collect();
    let mut rows = Vec::new();
    let tags: Vec<&str> = words
        .get(4)
        .map_or(Vec::new(), |tags| tags.split(',').collect());
    let json = serde_json::json!({
        "file": words[0], "proto": words[1], "name": words[2],
        "cls": words.get(3).unwrap_or(&"fqdn"), "only_tags": tags,
    });
    crate::rows::read(json.to_string().as_bytes(), "test", |row| rows.push(row)).unwrap();
    rows.remove(0)
}

fn score(rules: Rules, oracle: &[&str], program: &[&str]) -> Score {
    let mut scorer = Scorer::new(rules);
    oracle.iter().for_each(|text| scorer.oracle(row(text)));
    program.iter().for_each(|text| scorer.program(row(text)));
    scorer.finish()
}

#[test]
fn found_missed_mislabelled_and_spurious() {
    let score = score(
        rules(),
        &[
            "set/a dns_query one.example",
            "set/a dns_answer one.example",
            "set/a dns_answer two.example",
            "set/a tls_sni three.example",
            "set/b tls_sni four.example",
        ],
        &[
            "./set/a dns_query One.Example.",
            "./set/a tls_sni two.example",
            "./set/a http_host never.example",
            "./set/b tls_sni four.example",
            "./set/b tls_sni three.example", // known, but not in this capture
        ],
    );
    assert_eq!(
        score.total,
        Counts {
            wanted: 4,
            found: 2,
            given: 5,
            right: 2,
            mislabelled: 1,
            spurious: 2,
            ..Counts::default()
        }
    );
    assert_eq!(
        (score.total.recall(), score.total.precision()),
        (Some(50.0), Some(40.0))
    );
    let missed: Vec<&str> = score.misses.iter().map(|(key, _)| key.2.as_str()).collect();
    assert_eq!(missed, ["two.example", "three.example"]);
    assert_eq!(score.wrong.len(), 3);
    assert_eq!(score.families["dns"].wanted, 2);
    assert_eq!(score.families["http"].spurious, 1);
    assert_eq!(score.collections["set"].wanted, 4);
    assert_eq!(score.files["set/b"].found, 1);
    // a: 1 of 3, b: 1 of 1.
    let (files, full, mean) = score.by_file().unwrap();
    assert_eq!((files, full), (2, 1));
    assert!((mean - 200.0 / 3.0).abs() < 1e-9);
}

#[test]
fn optional_rows_are_neither_missed_nor_false() {
    let oracle = [
        "a dns_query odd.example odd",
        "a mdns_query local.example",
        "a dns_query quoted.example fqdn icmp_quoted,ip_frag",
        "a dns_query frag.example fqdn ip_frag",
    ];
    let nothing = score(rules(), &oracle, &[]);
    assert_eq!((nothing.total.wanted, nothing.total.optional), (1, 3));
    assert_eq!(nothing.misses.len(), 1);
    assert_eq!(nothing.tags["ip_frag"].wanted, 1);
    assert_eq!(nothing.tags["ip_frag"].optional, 1);

    let all = score(rules(), &oracle, &oracle);
    assert_eq!((all.total.found, all.total.optional_found), (1, 3));
    assert_eq!((all.total.right, all.total.given), (1, 4));
    assert_eq!(
        (all.total.recall(), all.total.precision()),
        (Some(100.0), Some(100.0))
    );
}

#[test]
fn one_wanted_row_makes_a_name_wanted_and_tags_are_those_of_all_rows() {
    let score = score(
        rules(),
        &[
            "a dns_query x.example fqdn icmp_quoted,vlan",
            "a dns_answer x.example fqdn vlan,ip_frag",
        ],
        &[],
    );
    assert_eq!((score.total.wanted, score.total.optional), (1, 0));
    assert_eq!(score.tags.keys().collect::<Vec<_>>(), ["vlan"]);
}

#[test]
fn ways_to_compare_kinds() {
    let oracle = ["a dns_query x.example", "a dns_answer y.example"];
    let program = ["a dns_answer x.example", "a tls_sni y.example"];
    for (by, found, mislabelled) in [
        (Match::Exact, 0, 2),
        (Match::Group, 1, 1),
        (Match::Any, 2, 0),
    ] {
        let score = score(Rules { by, ..rules() }, &oracle, &program);
        assert_eq!(
            (score.total.found, score.total.mislabelled),
            (found, mislabelled),
            "{by:?}"
        );
    }
}

#[test]
fn captures_that_are_not_known_or_not_asked_for() {
    let oracle = ["set/a dns_query x.example", "other/b dns_query y.example"];
    let program = ["set/c dns_query z.example", "other/b dns_query y.example"];
    let all = score(rules(), &oracle, &program);
    assert_eq!((all.total.given, all.unknown["set/c"]), (1, 1));

    let files = ["set/a", "set/c"].map(str::to_owned);
    let listed = score(
        Rules {
            files: Some(files.into()),
            ..rules()
        },
        &oracle,
        &program,
    );
    assert_eq!((listed.total.wanted, listed.total.found), (1, 0));
    assert_eq!((listed.total.spurious, listed.unknown.len()), (1, 0));

    let collections = HashSet::from(["other".to_owned()]);
    let other = score(
        Rules {
            collections,
            ..rules()
        },
        &oracle,
        &program,
    );
    assert_eq!(
        (other.total.wanted, other.total.found, other.total.given),
        (1, 1, 1)
    );
}

#[test]
fn wildcards_and_addresses() {
    let oracle = ["a tls_sni *.x.example", "a http_host 192.0.2.1"];
    let program = ["a tls_sni x.example", "a http_host 192.0.2.2:80"];
    let dropped = score(rules(), &oracle, &program);
    assert_eq!((dropped.total.found, dropped.total.given), (1, 1));
    let kept = score(
        Rules {
            keep_wildcard: true,
            ..rules()
        },
        &oracle,
        &program,
    );
    assert_eq!((kept.total.found, kept.total.spurious), (0, 1));
}
