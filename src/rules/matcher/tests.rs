use super::*;
use proptest::prelude::*;

/// Both ways to match. Whatever is asked, they must agree.
struct Both {
    automaton: Matcher,
    table: Matcher,
}

impl Both {
    fn find(&self, name: &[u8]) -> Option<(usize, How)> {
        let found = self.table.find(name);
        assert_eq!(
            self.automaton.find(name),
            found,
            "automaton and table differ for {}",
            name.escape_ascii()
        );
        found
    }
}

fn matcher(rules: &[(&str, Scope)]) -> Both {
    let build = |few| {
        let mut names = Names::default();
        for (i, (name, _)) in rules.iter().enumerate() {
            assert_eq!(names.add(name), Added::New(i));
        }
        let scopes = rules.iter().map(|(_, scope)| *scope).collect();
        Matcher::with(names, scopes, few).unwrap()
    };
    let (automaton, table) = (build(usize::MAX), build(0));
    assert!(automaton.automaton.is_some());
    assert!(table.automaton.is_none() || rules.is_empty());
    Both { automaton, table }
}

#[test]
fn matches_on_label_boundaries_only() {
    let m = matcher(&[("evil.com", Scope::Suffix), ("bad.co", Scope::Suffix)]);
    for (name, want) in [
        ("evil.com", Some((0, How::Exact))),
        ("EVIL.com.", Some((0, How::Exact))),
        ("x.y.evil.com", Some((0, How::Below))),
        ("X.Evil.COM.", Some((0, How::Below))),
        ("notevil.com", None),
        ("evil.com.au", None),
        ("evil.com.bad.co", Some((1, How::Below))),
        ("bad.com", None),
        ("vil.com", None),
        ("com", None),
        ("", None),
        (".", None),
        ("..", None),
    ] {
        assert_eq!(m.find(name.as_bytes()), want, "{name}");
    }
}

#[test]
fn escaped_dots_are_not_boundaries() {
    let m = matcher(&[("evil.com", Scope::Suffix), ("com.example", Scope::Suffix)]);
    for (name, want) in [
        ("x\\.evil.com", None),
        ("x\\\\.evil.com", Some((0, How::Below))),
        ("x\\\\\\.evil.com", None),
        ("\\.evil.com", None),
        ("a.x\\.evil.com", None),
        ("evil\\.com", None),
        ("x\\046evil.com", None),
        ("evil.com\\.", None),
        ("evil.com\\\\.", None),
        ("a\\.b.evil.com", Some((0, How::Below))),
        // The longer boundary is escaped, the shorter one is not.
        ("evil\\.com.example", None),
    ] {
        assert_eq!(m.find(name.as_bytes()), want, "{name}");
    }
    let m = matcher(&[("b.com", Scope::Suffix), ("a.b.com", Scope::Suffix)]);
    assert_eq!(m.find(b"x\\.a.b.com"), Some((0, How::Below)));
}

#[test]
fn the_most_specific_indicator_that_applies_wins() {
    let m = matcher(&[
        ("com.mx", Scope::Below),
        ("evil.com.mx", Scope::Exact),
        ("a.evil.com.mx", Scope::Suffix),
        ("b.a.evil.com.mx", Scope::Below),
    ]);
    for (name, want) in [
        ("com.mx", None),
        ("evil.com.mx", Some((1, How::Exact))),
        ("x.evil.com.mx", Some((0, How::Below))),
        ("a.evil.com.mx", Some((2, How::Exact))),
        ("b.a.evil.com.mx", Some((2, How::Below))),
        ("c.b.a.evil.com.mx", Some((3, How::Below))),
    ] {
        assert_eq!(m.find(name.as_bytes()), want, "{name}");
    }
}

#[test]
fn a_pattern_inside_another_is_not_reported_for_it() {
    // Reversed: `moc.live.` and `live.`; the first's end is the second's end.
    let m = matcher(&[("evil.com", Scope::Suffix), ("il.co", Scope::Suffix)]);
    assert_eq!(m.find(b"a.evil"), None);
    assert_eq!(m.find(b"evil.com.il.co"), Some((1, How::Below)));
}

#[test]
fn names_of_any_length_are_walked() {
    let m = matcher(&[("evil.com", Scope::Suffix)]);
    let long = format!("{}.evil.com", "\\001".repeat(100_000));
    assert_eq!(m.find(long.as_bytes()), Some((0, How::Below)));
    assert_eq!(m.find(&vec![b'.'; 100_000]), None);
    assert_eq!(m.find(&vec![b'\\'; 100_000]), None);
}

/// Labels of a name; an escaped dot is part of its label.
fn labels(name: &str) -> Vec<String> {
    let mut out = vec![String::new()];
    let mut chars = name.chars();
    while let Some(c) = chars.next() {
        if c == '.' {
            out.push(String::new());
        } else {
            out.last_mut().unwrap().push(c);
            if c == '\\' {
                out.last_mut().unwrap().extend(chars.next());
            }
        }
    }
    out
}

/// The rule of the documentation, without any cleverness.
fn naive(rules: &[(String, Scope)], name: &str) -> Option<(usize, How)> {
    let name = labels(&name.to_lowercase());
    let mut best: Option<(usize, How, usize)> = None;
    for (i, (rule, scope)) in rules.iter().enumerate() {
        let rule = labels(rule);
        let how = if rule == name { How::Exact } else { How::Below };
        let deeper = best.is_none_or(|(_, _, len)| rule.len() > len);
        if name.ends_with(&rule) && scope.applies(how) && deeper {
            best = Some((i, how, rule.len()));
        }
    }
    best.map(|(i, how, _)| (i, how))
}

fn scope() -> impl Strategy<Value = Scope> {
    prop_oneof![Just(Scope::Suffix), Just(Scope::Exact), Just(Scope::Below)]
}

/// Labels that meet often, and some of the lengths that matter to a walk by eight bytes.
fn name() -> impl Strategy<Value = String> {
    let label = prop_oneof![
        8 => "[ab]{1,2}",
        2 => "[a-c]{6,9}",
        1 => Just("x".repeat(63)),
    ];
    prop::collection::vec(label, 1..5).prop_map(|labels| labels.join("."))
}

/// What is asked: anything before and behind a listed or another name, dots and escapes included.
fn asked(rules: usize) -> impl Strategy<Value = (Option<usize>, String, String, String, bool)> {
    let noise = "([aAbB.]|\\\\\\.|\\\\\\\\|[\\\\\u{e4}_-]){0,12}";
    (
        prop::option::of(0..rules.max(1)),
        prop_oneof![
            noise,
            "[ab]{1,2}\\.",
            Just("a.".repeat(200)),
            Just("\\001".repeat(70) + ".")
        ],
        name(),
        prop_oneof![3 => Just(String::new()), 1 => Just(".".to_owned()), 1 => "[.a\\\\]{1,3}"],
        any::<bool>(),
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]
    #[test]
    fn equals_the_naive_matcher(
        // Few letters and few labels, so that suffixes, prefixes and repeats are common.
        rules in prop::collection::btree_map("[ab]{1,2}(\\.[ab]{1,2}){0,3}", scope(), 0..12),
        names in prop::collection::vec("([aAbB]|\\\\\\.|\\\\\\\\){1,3}(\\.([abB]|\\\\\\.){1,2}){0,4}", 1..20),
        dot in any::<bool>(),
    ) {
        let rules: Vec<(String, Scope)> = rules.into_iter().collect();
        let listed: Vec<(&str, Scope)> = rules.iter().map(|(n, s)| (n.as_str(), *s)).collect();
        let m = matcher(&listed);
        for name in names {
            let want = naive(&rules, &name);
            let asked = if dot { format!("{name}.") } else { name.clone() };
            prop_assert_eq!(m.find(asked.as_bytes()), want, "{} in {:?}", asked, rules);
        }
    }

    #[test]
    fn automaton_and_table_agree(
        (rules, asked) in prop::collection::btree_map(name(), scope(), 0..60).prop_flat_map(|rules| {
            let asked = prop::collection::vec(asked(rules.len()), 1..30);
            (Just(rules.into_iter().collect::<Vec<_>>()), asked)
        }),
    ) {
        let listed: Vec<(&str, Scope)> = rules.iter().map(|(n, s)| (n.as_str(), *s)).collect();
        let m = matcher(&listed);
        for (i, (name, scope)) in listed.iter().enumerate() {
            let found = m.find(name.as_bytes());
            prop_assert_eq!(*scope != Scope::Below, found == Some((i, How::Exact)));
        }
        for (rule, before, other, behind, upper) in asked {
            let name = rule.and_then(|i| listed.get(i)).map_or(other.as_str(), |(n, _)| n);
            let mut asked = before + name + &behind;
            if upper {
                asked.make_ascii_uppercase();
            }
            // Compares the two.
            m.find(asked.as_bytes());
        }
    }

    #[test]
    fn any_bytes_are_survived(name in prop::collection::vec(any::<u8>(), 0..400)) {
        let m = matcher(&[("evil.com", Scope::Suffix), ("b.evil.com", Scope::Exact)]);
        let _ = m.find(&name);
    }
}

/// Names that chance would not bring together: all begin in the first of 64 parts of the table.
fn crowded(count: usize) -> Vec<String> {
    (0_u32..)
        .map(|n| format!("{n:x}.example"))
        .filter(|name| hash::whole(hash::seed(0), name.as_bytes()) >> 58 == 0)
        .take(count)
        .collect()
}

#[test]
fn a_list_made_to_crowd_one_place_is_spread_anew() {
    let crowd = crowded(2_000);
    let mut names = Names::default();
    for (i, name) in crowd.iter().enumerate() {
        assert_eq!(names.add(name), Added::New(i));
    }
    assert!(names.reseeded() > 0, "the crowd was no crowd");
    assert!(names.longest_search() <= 33, "{}", names.longest_search());
    for (i, name) in crowd.iter().enumerate() {
        assert_eq!(names.number(name.as_bytes()), Some(i));
        assert_eq!(names.add(name), Added::Known(i));
    }
    assert_eq!(names.number(b"zz.example"), None);
}

#[test]
fn the_last_two_labels_tell_of_all_names_below_them() {
    // Enough for the table to grow several times, in several depths.
    let listed: Vec<String> = (0..2_000)
        .map(|n| match n % 4 {
            0 => format!("a{n}.example"),
            1 => format!("x.b{n}.example"),
            2 => format!("y.x.b{}.example", n - 1),
            _ => format!("deep.er.{n}.shared.example"),
        })
        .collect();
    let rules: Vec<(&str, Scope)> = listed.iter().map(|n| (n.as_str(), Scope::Suffix)).collect();
    let m = matcher(&rules);
    for (i, name) in listed.iter().enumerate() {
        assert_eq!(m.find(name.as_bytes()), Some((i, How::Exact)));
        let below = format!("Z.{name}.").to_uppercase();
        assert_eq!(m.find(below.as_bytes()), Some((i, How::Below)));
        let (_, parent) = name.split_once('.').unwrap();
        let found = m.find(parent.as_bytes());
        assert_eq!(found.is_some(), i % 4 == 2, "{parent}");
    }
    assert_eq!(m.find(b"x.b2.example"), None);
    assert_eq!(m.find(b"example"), None);
}

#[test]
fn many_small_reserves_are_no_more_work_than_a_large_one() {
    let mut names = Names::default();
    let mut sizes = std::collections::BTreeSet::new();
    for n in 0..20_000 {
        names.reserve(1);
        assert_eq!(names.add(&format!("a{n}.b{n}.example")), Added::New(n));
        sizes.insert(names.groups());
    }
    assert!(sizes.len() < 30, "{sizes:?}");
}

#[test]
fn names_are_kept_once_and_as_they_were_given() {
    let mut names = Names::default();
    names.reserve(10);
    let listed: Vec<String> = (0..3_000)
        .map(|n| format!("a{n}.b{}.example", n % 7))
        .collect();
    for (i, name) in listed.iter().enumerate() {
        assert_eq!(names.add(name), Added::New(i));
    }
    for (i, name) in listed.iter().enumerate() {
        assert_eq!(names.add(name), Added::Known(i));
    }
    assert_eq!(names.len(), 3_000);
    assert!(names.iter().eq(listed.iter().map(String::as_str)));
    // Names of a file, put into memory in one go: upper case, a final dot, one twice.
    let start = names.bytes().len();
    names
        .bytes_mut()
        .extend_from_slice(b"New.Example.\na5.b5.EXAMPLE\nLast.example\n");
    assert_eq!(names.add_here(start..start + 11), Added::New(3_000));
    assert_eq!(names.add_here(start + 13..start + 26), Added::Known(5));
    assert_eq!(names.add_here(start + 27..start + 39), Added::New(3_001));
    assert_eq!(names.get(3_000), Some("new.example"));
    assert_eq!(names.get(3_001), Some("last.example"));
    assert_eq!(names.number(b"new.example"), Some(3_000));
    assert_eq!(names.number(b"new.example."), None);
    assert_eq!(names.get(3_002), None);
}
