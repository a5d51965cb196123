//! Tests of the STIX pattern parser.

use proptest::prelude::*;

use super::*;

fn only(text: &str) -> Test<'_> {
    match parse(text).unwrap().node {
        Node::Test(test) => test,
        other => panic!("{other:?}"),
    }
}

/// The tree as a short text: `(a|b)`, `(a&b)`, `{x+y}` for several observations.
fn shape(node: &Node<'_>) -> String {
    let join = |nodes: &[Node<'_>], mark: &str| {
        let parts: Vec<String> = nodes.iter().map(shape).collect();
        format!("({})", parts.join(mark))
    };
    match node {
        Node::Test(test) => test.values.join(","),
        Node::Or(nodes) => join(nodes, "|"),
        Node::And(nodes) => join(nodes, "&"),
        Node::Together(nodes) => {
            let parts: Vec<String> = nodes.iter().map(|(node, _)| shape(node)).collect();
            format!("{{{}}}", parts.join("+"))
        }
        Node::Repeated(node, text) => format!("{}*{text}", shape(node)),
        Node::Until(node, until) => format!("{}<{until}", shape(node)),
    }
}

fn shape_of(text: &str) -> String {
    shape(&parse(text).unwrap().node)
}

#[test]
fn white_space_and_comments_are_free() {
    for text in [
        "[domain-name:value='evil.example']",
        " [ domain-name : value\t=\r\n 'evil.example' ] ",
        "[domain-name:value == \"evil.example\"]",
        "/* first */ [domain-name:value = // name\n 'evil.example']",
    ] {
        let test = only(text);
        assert_eq!(test.path.object, "domain-name");
        assert_eq!(test.path.steps, ["value"]);
        assert_eq!(test.values, ["evil.example"], "{text}");
        assert!(!test.negated);
    }
}

#[test]
fn paths_have_quotes_and_indexes() {
    let test = only("[network-traffic:extensions.'http-request-ext'.request_header.Host = 'x']");
    let steps = ["extensions", "http-request-ext", "request_header", "Host"];
    assert_eq!(test.path.steps, steps);
    let test = only("[network-traffic:protocols[*] = 'tcp']");
    assert_eq!(test.path.steps, ["protocols"]);
    let test = only("[file:extensions.'windows-pebinary-ext'.sections[0].entropy > 7.0]");
    let steps = ["extensions", "windows-pebinary-ext", "sections", "entropy"];
    assert_eq!(test.path.steps, steps);
    assert_eq!(only("[file:hashes.SHA-256 = 'x']").path.steps[1], "SHA-256");
}

#[test]
fn values_are_of_all_kinds() {
    let value = |text: &str| only(&format!("[a:b = {text}]")).values[0].to_string();
    assert_eq!(value(r"'it\'s'"), "it's");
    assert_eq!(value(r"'C:\\temp\\x'"), r"C:\temp\x");
    assert_eq!(value(r"'evil\.example'"), r"evil\.example");
    assert_eq!(value(r"'a]b AND ['"), "a]b AND [");
    assert_eq!(value("'日本.example'"), "日本.example");
    assert_eq!(value("''"), "");
    assert_eq!(value("-12.5e+3"), "-12.5e+3");
    assert_eq!(value("TRUE"), "TRUE");
    assert_eq!(value("t'2030-01-01T00:00:00Z'"), "2030-01-01T00:00:00Z");
    assert_eq!(value("h'00ff'"), "00ff");
}

#[test]
fn operators_are_told_apart() {
    let of = |text: &str| {
        let text = format!("[a:b {text}]");
        let test = only(&text);
        (test.operator, test.negated)
    };
    assert_eq!(of("IN ('x', 'y')"), (Operator::Equal, false));
    assert_eq!(of("not in ('x')"), (Operator::Equal, true));
    assert_eq!(of("!= 'x'"), (Operator::Equal, true));
    assert_eq!(of("<> 'x'"), (Operator::Equal, true));
    assert_eq!(of("NOT != 'x'"), (Operator::Equal, false));
    assert_eq!(of("LIKE 'x%'"), (Operator::Like, false));
    assert_eq!(of("MATCHES '^x'"), (Operator::Matches, false));
    assert_eq!(of("ISSUBSET '192.0.2.0/24'"), (Operator::Subset, false));
    assert_eq!(of("ISSUPERSET '192.0.2.0/24'"), (Operator::Other, false));
    assert_eq!(of(">= 5"), (Operator::Other, false));
    assert!(only("[NOT EXISTS a:b]").negated);
}

#[test]
fn and_binds_closer_than_or() {
    assert_eq!(shape_of("[a:b=1 OR a:c=2 AND a:d=3]"), "(1|(2&3))");
    assert_eq!(shape_of("[(a:b=1 OR a:c=2) AND a:d=3]"), "((1|2)&3)");
    assert_eq!(shape_of("[(a:b=1 AND a:c=2) AND a:d=3]"), "(1&2&3)");
    assert_eq!(shape_of("[a:b=1] OR [a:c=2] AND [a:d=3]"), "(1|{2+3})");
    assert_eq!(
        shape_of("[a:b=1] FOLLOWEDBY [a:c=2] OR ([a:d=3] AND [a:e=4])"),
        "{1+(2|{3+4})}"
    );
}

#[test]
fn alternatives_of_one_thing_are_one_comparison() {
    assert_eq!(
        shape_of("[a:b=1 OR a:b=2 OR (a:b=3 OR a:c=4)]"),
        "(1,2,3|4)"
    );
    assert_eq!(shape_of("[a:b=1] OR [a:b=2]"), "1,2");
    assert_eq!(shape_of("[a:b=1 OR a:b!=2]"), "(1|2)");
    assert_eq!(
        only("[a:b=1 OR a:b IN (2, 3)]").text,
        "a:b=1 OR a:b IN (2, 3)"
    );
}

#[test]
fn qualifiers_are_read() {
    assert_eq!(shape_of("[a:b=1] WITHIN 300 SECONDS"), "1");
    assert_eq!(
        shape_of("([a:b=1] AND [a:c=2]) REPEATS 5 TIMES WITHIN 1800 SECONDS"),
        "{1+2}*REPEATS 5 TIMES"
    );
    let times = "START t'2020-01-01T00:00:00Z' STOP t'2020-02-01T00:00:00Z'";
    assert_eq!(
        shape_of(&format!("[a:b=1] {times}")),
        "1<2020-02-01T00:00:00Z"
    );
    let times = times.replace('t', "");
    assert_eq!(
        shape_of(&format!("[a:b=1] {times}")),
        "1<2020-02-01T00:00:00Z"
    );
}

#[test]
fn what_is_no_pattern_is_told() {
    for (text, said) in [
        ("", "it ends where `[` or `(` is expected"),
        (
            "evil.example",
            "`[` or `(` is expected before `evil.example`",
        ),
        ("[domain-name:value = 'x'", "it ends where `]` is expected"),
        ("[domain-name:value = 'x", "a quote is not closed: `'x`"),
        ("[domain-name = 'x']", "`:` is expected before `= 'x']`"),
        (
            "[domain-name:value 'x']",
            "a comparison (`=`, IN, LIKE ...) is expected before `'x']`",
        ),
        (
            "[domain-name:value = evil]",
            "a value (`'...'` or a number) is expected before `evil]`",
        ),
        (
            "[a:b = 1] XOR [a:b = 2]",
            "AND, OR, FOLLOWEDBY or the end is expected before `XOR [a:b = 2]`",
        ),
        (
            "[a:b IN ()]",
            "a value (`'...'` or a number) is expected before `)]`",
        ),
        (
            "[a:b = 1] START t'2020-01-01T00:00:00Z'",
            "it ends where STOP is expected",
        ),
    ] {
        assert_eq!(parse(text).unwrap_err(), said, "{text}");
    }
}

#[test]
fn depth_has_a_bound() {
    let nested = |open: &str, inner: &str, close: &str, depth: usize| {
        format!("{}{inner}{}", open.repeat(depth), close.repeat(depth))
    };
    let comparisons = |depth| format!("[{}]", nested("(", "a:b=1", ")", depth));
    let observations = |depth| nested("(", "[a:b=1]", ") REPEATS 2 TIMES", depth);
    assert!(parse(&comparisons(MAX_DEPTH)).is_ok());
    assert!(parse(&observations(MAX_DEPTH)).is_ok());
    for text in [
        comparisons(MAX_DEPTH + 1),
        observations(MAX_DEPTH + 1),
        "(".repeat(1_000_000),
        format!("[{}", "(".repeat(1_000_000)),
    ] {
        assert_eq!(
            parse(&text).unwrap_err(),
            "its parentheses are more than 64 deep"
        );
    }
    let many = format!("[a:b=1]{}", " WITHIN 1 SECONDS".repeat(100_000));
    assert!(parse(&many).is_err());
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused(text in ".{0,80}") {
        let _ = parse(&text);
    }

    #[test]
    fn any_words_are_read_or_refused(words in proptest::collection::vec(
        prop::sample::select(vec![
            "[", "]", "(", ")", "a:b", "url:value", "=", "!=", "IN", "LIKE", "NOT", "AND", "OR", "FOLLOWEDBY", "'x'", "5",
            ",", "REPEATS", "TIMES", "WITHIN", "START", "STOP", "t'2020'", "EXISTS", "'", "\\", "/*", ":", ".", "é",
        ]), 0..24,
    )) {
        let _ = parse(&words.join(" "));
    }

    #[test]
    fn any_value_comes_back(value in "\\PC{0,40}") {
        let escaped = value.replace('\\', r"\\").replace('\'', r"\'");
        let text = format!("[a:b = '{escaped}']");
        prop_assert_eq!(&*only(&text).values[0], value.as_str());
    }
}
