//! The built-in packs: what is in them, and what they must never match.
#![allow(missing_docs, clippy::unwrap_used, clippy::indexing_slicing)] // it is a test

use bellerophon::rules::{
    DEFAULT_PACK, Hit, How, Indicator, IndicatorKind, LoadOptions, Loaded, RuleSet, Scope,
    built_in, load,
};

fn loaded(packs: &[&str]) -> Loaded {
    let packs = packs.iter().map(ToString::to_string).collect();
    load(&LoadOptions {
        rules: Vec::new(),
        packs,
        ..LoadOptions::default()
    })
    .unwrap()
}

fn found<'r>(rules: &'r RuleSet, name: &str) -> Option<(How, Indicator<'r>)> {
    let Hit { indicator, how } = rules.match_name(name.as_bytes())?;
    Some((how, rules.indicator(indicator).unwrap()))
}

#[test]
fn pegasus_holds_both_lists_in_full() {
    let Loaded {
        rules, problems, ..
    } = loaded(&[]);
    assert_eq!(problems, []);
    assert_eq!(
        rules.packs().map(|p| p.name.as_str()).collect::<Vec<_>>(),
        [DEFAULT_PACK]
    );
    let cites = |id: &str| {
        rules
            .indicators()
            .filter(|(_, i)| i.sources.iter().any(|s| s.id == id))
            .count()
    };
    assert_eq!(cites("amnesty-2021"), 1_438);
    assert_eq!(cites("amnesty-2018"), 595);
    assert_eq!(cites("amnesty-2019"), 7);
    assert_eq!(cites("citizenlab-2016"), 95);
    // The 2021 list, and six names of 2018 that it left out.
    assert_eq!(rules.len(), 1_438 + 6);
    let generation = |g: &str| {
        rules
            .indicators()
            .filter(|(_, i)| i.generation.as_deref() == Some(g))
            .count()
    };
    for (name, count) in [
        ("v2", 92),
        ("v2+v3", 3),
        ("v3", 597),
        ("v4", 688),
        ("v4 validation server", 26),
        ("unclassified", 38),
    ] {
        assert_eq!(generation(name), count, "{name}");
    }
    for (_, i) in rules.indicators() {
        let complete = i.first_published.is_some()
            && !i.sources.is_empty()
            && i.sources
                .iter()
                .all(|s| s.url.is_some() && s.published <= Some("2021-07-18".into()));
        assert!(complete, "{i:?}");
        let earliest = i
            .sources
            .iter()
            .filter_map(|s| s.published.as_deref())
            .min();
        assert_eq!(earliest, i.first_published.as_deref(), "{}", i.name);
    }
    let pack = rules.packs().next().unwrap();
    assert_eq!(pack.aside, [("historic addresses of listed names", 604)]);
}

#[test]
fn pegasus_knows_the_published_attack_hosts() {
    let Loaded { rules, .. } = loaded(&[]);
    for (name, how, indicator, generation, date) in [
        (
            "free247downloads.com",
            How::Exact,
            "free247downloads.com",
            "v4",
            "2019-10-10",
        ),
        (
            "x9.free247downloads.com",
            How::Below,
            "free247downloads.com",
            "v4",
            "2019-10-10",
        ),
        (
            "banca-movil.com",
            How::Exact,
            "banca-movil.com",
            "v2+v3",
            "2016-08-24",
        ),
        (
            "A.14-Tracking.com.",
            How::Below,
            "14-tracking.com",
            "v3",
            "2018-08-01",
        ),
        (
            "x.y0utube.com.mx",
            How::Below,
            "y0utube.com.mx",
            "v2",
            "2016-08-24",
        ),
    ] {
        let (got_how, i) = found(&rules, name).unwrap();
        assert_eq!((got_how, i.name), (how, indicator), "{name}");
        assert_eq!(i.generation.as_deref(), Some(generation), "{name}");
        assert_eq!(i.first_published.as_deref(), Some(date), "{name}");
    }
    // The host of a published attack link: covered by its parent of the 2021 list.
    let (how, i) = found(&rules, "bun54l2b67.get1tn0w.free247downloads.com").unwrap();
    assert_eq!((how, i.name), (How::Below, "free247downloads.com"));
    let (_, i) = found(&rules, "14-tracking.com").unwrap();
    assert_eq!(i.resolved[0].addresses[0].to_string(), "191.101.31.25");
}

#[test]
fn the_dynamic_dns_parent_is_never_matched() {
    let Loaded { rules, .. } = loaded(&["all"]);
    let (how, i) = found(&rules, "access.dynamic-dns.net").unwrap();
    assert_eq!((how, i.scope), (How::Exact, Scope::Exact));
    for name in [
        "dynamic-dns.net",
        "x.dynamic-dns.net",
        "x.access.dynamic-dns.net",
    ] {
        assert_eq!(found(&rules, name), None, "{name}");
    }
}

#[test]
fn every_built_in_pack_loads_without_a_defect() {
    let Loaded {
        rules, problems, ..
    } = loaded(&["all"]);
    assert_eq!(problems, []);
    assert_eq!(rules.packs().count(), built_in().len());
    for (info, built_in) in rules.packs().zip(built_in()) {
        assert_eq!(
            (info.name.as_str(), info.title.as_str()),
            (built_in.name, built_in.title)
        );
        assert_eq!(info.file, "built in");
        assert!(
            info.licence.is_some() && info.attribution.is_some(),
            "{}",
            info.name
        );
        assert!(!info.sources.is_empty(), "{}", info.name);
    }
    let counts: Vec<(&str, usize)> = rules
        .packs()
        .map(|p| (p.name.as_str(), p.domains))
        .collect();
    assert_eq!(
        counts,
        [
            ("pegasus", 1_444),
            ("android-campaign-2023", 2_183),
            ("candiru", 125),
            ("coruna", 177),
            ("darksword", 10),
            ("donot", 29),
            ("eaglemsgspy", 13),
            ("finfisher", 4),
            ("novispy", 0),
            ("phishing-civil-society", 339),
            ("predator", 568),
            ("quadream", 164),
            ("rcs-lab", 26),
            ("residentbat", 0),
            ("triangulation", 75),
            ("wintego-helios", 175),
            ("wyrmspy-dragonegg", 7),
        ]
    );
}

#[test]
fn packs_are_added_to_the_default() {
    let Loaded { rules, .. } = loaded(&["residentbat", "predator"]);
    let names: Vec<&str> = rules.packs().map(|p| p.name.as_str()).collect();
    assert_eq!(names, ["pegasus", "predator", "residentbat"]);
    let residentbat = rules.packs().find(|p| p.name == "residentbat").unwrap();
    assert_eq!(residentbat.others, [(IndicatorKind::Address, 24)]);
    assert!(found(&rules, "x.yo.utube.digital").is_some());
    assert!(found(&loaded(&[]).rules, "x.yo.utube.digital").is_none());
}

#[test]
fn innocent_look_alikes_are_left_alone() {
    let Loaded { rules, .. } = loaded(&["all"]);
    for name in [
        // Ends with, begins with or holds a listed name, but is another registered name.
        "tribunnews.com",
        "www.weatherapi.com",
        "notfree247downloads.com",
        "free247downloads.com.example",
        "free247downloads.com.au",
        "free247downloads.comet.example",
        "my-free247downloads.com",
        "free247downloads\\.com",
        "x\\.free247downloads.com",
        // What listed names imitate.
        "youtube.com",
        "www.facebook.com",
        "twitter.com",
        "accounts.google.com",
        "telcel.com",
        "bbc.com",
        "bbc.co.uk",
        // Parents that listed names share with innocent ones.
        "com",
        "com.mx",
        "gob.mx",
        "gr.com",
        "duckdns.org",
        "innocent.duckdns.org",
        "imwork.net",
        "appspot.com",
        "innocent.appspot.com",
        "zapto.org",
        "ddns.net",
        "gov.ua",
        "www.gov.ua",
        "dn.ua",
        "dnsalias.net",
        // No names at all.
        "",
        ".",
        "localhost",
        "1.0.0.127.in-addr.arpa",
        "_dns-sd._udp.local",
    ] {
        assert_eq!(found(&rules, name), None, "{name}");
    }
}
