//! A rule file.

use bellerophon::rules::{How, LoadOptions, PackInfo, Problem, Scope, load};

use super::scratch;

pub fn run(data: &[u8]) {
    let file = scratch::file(data, ".yaml");
    let options = LoadOptions {
        rules: vec![file.path().to_owned()],
        packs: Vec::new(),
        ..LoadOptions::default()
    };
    let loaded = match load(&options) {
        Ok(loaded) => loaded,
        Err(error) => {
            assert!(!error.errors.is_empty());
            error.errors.iter().for_each(|p| check(p, data));
            error.problems.iter().for_each(|p| check(p, data));
            return;
        }
    };
    loaded.problems.iter().for_each(|p| check(p, data));
    let aside = |pack: &PackInfo| !pack.aside.is_empty();
    assert!(!loaded.rules.is_empty() || loaded.rules.packs().any(aside));
    let rules = &loaded.rules;
    for (id, indicator) in rules.names() {
        let name = &indicator.name;
        assert!(name.len() <= 253 && name.contains('.'));
        let itself = rules.match_name(name.as_bytes());
        if indicator.scope == Scope::Below {
            assert_ne!(itself.map(|hit| hit.indicator), Some(id));
        } else {
            let hit = itself.expect(name);
            assert_eq!((hit.indicator, hit.how), (id, How::Exact));
        }
        let below = rules.match_name(format!("no-such-label.{name}.").as_bytes());
        assert_eq!(
            below.is_some_and(|hit| hit.indicator == id && hit.how == How::Below),
            indicator.scope != Scope::Exact,
            "{name}"
        );
        let other = rules.match_name(format!("0--{name}").as_bytes());
        assert_ne!(other.map(|hit| hit.indicator), Some(id), "look-alike");
        assert!(rules.pack(indicator.pack).is_some());
    }
}

/// Problems are one line for a terminal and name a line that exists.
fn check(problem: &Problem, data: &[u8]) {
    let words = problem.to_string();
    assert!(!words.chars().any(char::is_control), "{words:?}");
    assert!(!problem.what.is_empty());
    // YAML has line breaks besides LF: count every byte that one can begin with.
    let breaks = |b: &&u8| matches!(b, b'\n' | b'\r' | 0xc2 | 0xe2 | 0);
    let lines = data.iter().filter(breaks).count() + 2;
    if let Some(line) = problem.line {
        assert!((1..=lines).contains(&line), "{words}");
    }
    assert_ne!(problem.column, Some(0));
}
