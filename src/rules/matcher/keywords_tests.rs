use super::*;
use proptest::prelude::*;

fn keywords(texts: &[&str]) -> Keywords {
    Keywords::new(texts).unwrap()
}

#[test]
fn keywords_stand_anywhere_and_dots_at_the_ends_of_labels() {
    let listed = keywords(&["login-bank", ".secure", "update.", ".mail.", "pay.evil"]);
    for (name, want) in [
        ("login-bank.example", Some(0)),
        ("MY-LOGIN-BANKS.example", Some(0)),
        ("example.xlogin-bank", Some(0)),
        ("login.bank.example", None),
        ("secure.example", Some(1)),
        ("a.SECURE2.example", Some(1)),
        ("insecure.example", None),
        ("a\\.secure.example", None),
        ("a\\\\.secure.example", Some(1)),
        ("update.example", Some(2)),
        ("example.myupdate", Some(2)),
        ("example.myupdate.", Some(2)),
        ("updates.example", None),
        ("update\\.example", None),
        ("mail.example", Some(3)),
        ("mail", Some(3)),
        ("x.mail.", Some(3)),
        ("x\\.mail.", None),
        ("email.example", None),
        ("xpay.evils", Some(4)),
        ("pay\\.evil", None),
        ("", None),
        (".", None),
        ("....", None),
        ("\\", None),
    ] {
        assert_eq!(listed.find(name.as_bytes()), want, "{name}");
    }
}

#[test]
fn the_longest_wins_and_then_the_lowest_number() {
    let listed = keywords(&["bbbb", "aaaa", "abbbbc", "AAAA", "bbbbcd", ".abbbbc"]);
    assert_eq!(listed.len(), 5);
    for (name, want) in [
        ("aaaa", Some(1)),
        ("aaaa.bbbb", Some(0)),
        ("bbbb.aaaa", Some(0)),
        ("xabbbbc", Some(2)),
        ("xabbbbcd", Some(2)),
        ("xbbbbcd", Some(4)),
        ("abbbbcd", Some(5)),
        ("x.abbbbc", Some(5)),
        ("x\\.abbbbc", Some(2)),
    ] {
        assert_eq!(listed.find(name.as_bytes()), want, "{name}");
    }
}

#[test]
fn without_keywords_nothing_is_found() {
    let none = keywords(&[]);
    assert!(none.is_empty());
    assert_eq!(none.memory(), 0);
    assert_eq!(none.find(b"evil.example"), None);
}

#[test]
fn refusals_say_what_to_write_instead() {
    let long = "a".repeat(64);
    let very_long = "a".repeat(100_000);
    for (text, what, fix) in [
        ("", "shorter", "longer"),
        ("abc", "shorter than 4", "longer"),
        (".vpn.", "shorter than 4", "longer"),
        (&long, "64 characters, over 63", "part"),
        (&very_long, "100000 characters", "part"),
        ("*login*", "holds `*`", "anywhere"),
        ("log in", "holds ` `", "letters"),
        ("log\\in", "holds", "letters"),
        ("lögin", "holds `ö`", "xn--"),
        ("a..bc", "empty label", "dot"),
        ("..abcd", "empty label", "dot"),
        ("-_-_", "neither", "word"),
    ] {
        for (got_what, got_fix) in [
            keyword(text).unwrap_err(),
            Keywords::new([text]).unwrap_err(),
        ] {
            assert!(got_what.contains(what), "{text}: {got_what}");
            assert!(got_fix.contains(fix), "{text}: {got_fix}");
            assert!(got_what.len() < 250, "{got_what}");
        }
    }
    assert_eq!(keyword(".Log_In-1."), Ok(".log_in-1.".to_owned()));
}

#[test]
fn as_many_as_may_be_are_found_and_one_more_is_refused() {
    let texts: Vec<String> = (0..=MAX_KEYWORDS).map(|n| format!("key{n:05}")).collect();
    let listed = Keywords::new(&texts[1..]).unwrap();
    assert_eq!(listed.find(b"a.xkey00001x.example"), Some(0));
    assert_eq!(listed.find(b"a.xkey10000x.example"), Some(9_999));
    assert_eq!(listed.find(b"a.xkey00000x.example"), None);
    let (what, _) = Keywords::new(&texts).unwrap_err();
    assert!(what.contains("more than 10000"), "{what}");
}

/// The rule of the documentation, without any cleverness.
fn naive(listed: &[String], name: &str) -> Option<u32> {
    // Escaped dots are made something that no keyword holds.
    let mut plain = ".".to_owned();
    let mut chars = name.chars();
    while let Some(c) = chars.next() {
        plain.push(c.to_ascii_lowercase());
        if c == '\\'
            && let Some(c) = chars.next()
        {
            plain.push(if c == '.' {
                '!'
            } else {
                c.to_ascii_lowercase()
            });
        }
    }
    plain.push('.');
    let mut best: Option<(usize, u32)> = None;
    for (number, keyword) in (0..).zip(listed) {
        let longer = best.is_none_or(|(length, _)| keyword.len() > length);
        if longer && plain.contains(&keyword.to_lowercase()) {
            best = Some((keyword.len(), number));
        }
    }
    best.map(|(_, number)| number)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]
    #[test]
    fn equals_a_search_for_each(
        mut listed in prop::collection::vec("\\.?[abA]{4,5}\\.?|\\.?[ab]{1,2}\\.[ab]{2,3}\\.?", 0..12),
        many in any::<bool>(),
        names in prop::collection::vec("([abB]{1,4}|\\.|\\\\\\.|\\\\\\\\){0,8}", 1..30),
    ) {
        if many {
            // Enough for the other automaton.
            listed.extend((0..400).map(|n| format!("key{n:05}")));
        }
        let keywords = Keywords::new(&listed).unwrap();
        prop_assert_eq!(matches!(keywords.walk, Some(Walk::Many(..))), many);
        for name in names {
            prop_assert_eq!(keywords.find(name.as_bytes()), naive(&listed, &name), "{}", name);
        }
    }

    #[test]
    fn any_bytes_are_survived(name in prop::collection::vec(any::<u8>(), 0..300)) {
        keywords(&["login", ".bank", "a.b.c."]).find(&name);
    }
}
