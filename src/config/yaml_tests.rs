//! Tests of [`super`] and of [`guard`].

use super::*;

/// `LINE:COLUMN kind text`.
fn shown(value: &Value) -> String {
    match value {
        Value::One(s) => {
            let at =
                s.at.map_or("?".into(), |p| format!("{}:{}", p.line, p.column));
            format!("{at} {:?} {:?}", s.kind, s.text)
        }
        Value::List(items) => {
            let items: Vec<String> = items.iter().map(shown).collect();
            format!("[{}]", items.join(", "))
        }
        Value::Other(name) => (*name).to_owned(),
    }
}

fn value(text: &str) -> String {
    let entries = entries(text).unwrap();
    assert_eq!(entries.len(), 1, "{text}");
    shown(&entries[0].value)
}

fn refused(text: &str) -> String {
    entries(text).unwrap_err().of("f").to_string()
}

#[test]
fn scalars_keep_their_text_and_place() {
    for (text, wanted) in [
        ("k: 07", "1:4 Text \"07\""),
        ("k: 1.10", "1:4 Number \"1.10\""),
        ("k: 0x10", "1:4 Number \"0x10\""),
        (
            "k: 99999999999999999999999999",
            "1:4 Number \"99999999999999999999999999\"",
        ),
        (
            "k: 999999999999999999999999999999999999999999",
            "1:4 Number \"999999999999999999999999999999999999999999\"",
        ),
        ("# ü €\nk:   true # x", "2:6 Bool(true) \"true\""),
        ("k: yes", "1:4 Text \"yes\""),
        ("k: 'true'", "1:4 Text \"true\""),
        ("k: \"5\"", "1:4 Text \"5\""),
        ("k: \"\\x41\"", "? Text \"A\""),
        ("k: a\n  b", "? Text \"a b\""),
        ("k: |\n  a\n  b\n", "? Text \"a\\nb\\n\""),
        ("k: !!str 5", "1:10 Text \"5\""),
        ("k:", "1:3 Null \"\""),
        ("k: ~", "1:4 Null \"~\""),
        ("k: null\r\n", "1:4 Null \"null\""),
        ("\r\n\r\nk: v\r\n", "3:4 Text \"v\""),
        ("---\nk: v\n...\n", "2:4 Text \"v\""),
        ("{k: v}", "1:5 Text \"v\""),
        ("k: &anchor v", "1:12 Text \"v\""),
    ] {
        assert_eq!(value(text), wanted, "{text}");
    }
}

#[test]
fn lists_are_read_and_what_is_deeper_is_named() {
    for (text, wanted) in [
        (
            "k: [a, 'b', 3, ~]",
            "[1:5 Text \"a\", 1:8 Text \"b\", 1:13 Number \"3\", 1:16 Null \"~\"]",
        ),
        (
            "k:\n- a\n- true\n",
            "[2:3 Text \"a\", 3:3 Bool(true) \"true\"]",
        ),
        ("k: []", "[]"),
        (
            "k: [a, [b, [c]], {d: e}]",
            "[1:5 Text \"a\", a list in a list, a mapping]",
        ),
        ("k: {a: b}", "a mapping"),
        ("k: !x a", "a value with a tag (`!name`)"),
        ("k: !x [a]", "a value with a tag (`!name`)"),
    ] {
        assert_eq!(value(text), wanted, "{text}");
    }
}

#[test]
fn keys_keep_order_place_and_repetition() {
    let got = entries("b: 1\n'a': {x: y}\nb: 3\n\"\\x63\": 4\n5: 5\n<<: 6\n").unwrap();
    let got: Vec<_> = got
        .iter()
        .map(|e| (e.key.as_str(), e.at.map(|p| p.line)))
        .collect();
    let wanted = [
        ("b", Some(1)),
        ("a", Some(2)),
        ("b", Some(3)),
        ("c", None),
        ("5", Some(5)),
        ("<<", Some(6)),
    ];
    assert_eq!(got, wanted);
}

#[test]
fn empty_files_have_no_entries() {
    for text in [
        "",
        "\n",
        "# a: b\n",
        "---\n",
        "--- # x\n...\n",
        "{}",
        "null",
        "%YAML 1.2\n---\n",
    ] {
        assert_eq!(entries(text).unwrap().len(), 0, "{text:?}");
    }
}

#[test]
fn what_is_no_flat_yaml_is_refused_with_line_and_remedy() {
    for (text, wanted) in [
        (
            "# c\n- a\n",
            "f:2:1: the file has no keys: write one `key: value` a line",
        ),
        ("interface eth0\n", "f:1:1: the file has no keys"),
        ("interface:eth0\n", "f:1:1: the file has no keys"),
        ("a: b\nc:d\n", "f:3:1: not valid YAML: "),
        (
            "a: b\n\tc: d\n",
            "f:2:1: a tab stands at the beginning of the line: YAML takes spaces",
        ),
        ("a:\n\t- b\n", "f:2:1: a tab stands"),
        ("a: b: c\n", "f:1:5: not valid YAML"),
        ("a: [b\n", "not valid YAML"),
        ("a: @b\n", "f:1:4: not valid YAML"),
        ("a: *b\n", "f:1:4: not valid YAML: unknown anchor"),
        (
            "a: b\n---\nc: d\n",
            "f:2:1: a second document begins (`---`): keep one",
        ),
        ("# x\n---\na: b\n---\nc: d\n", "f:4:1: a second document"),
        ("a: &x 1\nb: *x\n", "f:2:1: anchors and aliases"),
        ("a: &x [1]\nb: [*x,*x]\n", "f:2:1: anchors and aliases"),
        (
            "? [a, b]\n: c\n",
            "a key is no text: write the name of a flag",
        ),
        (
            "a: \u{7}\n",
            "not valid YAML: control characters are not allowed",
        ),
    ] {
        let got = refused(text);
        assert!(
            got.starts_with(wanted) || (!wanted.starts_with('f') && got.contains(wanted)),
            "{text:?}\n  gave   {got}\n  wanted {wanted}"
        );
    }
}

#[test]
fn errors_of_the_library_come_with_a_remedy_of_their_own() {
    for (text, wanted) in [
        ("a:b\nc: d\n", "also in the line before"),
        ("a: b: c\n", "put a text with `: ` in quotes"),
        ("a: %b\n", ": put the text in quotes"),
        ("a: \u{7}\n", "such as \"\\x07\""),
        ("a: 'b\n", "a bracket or quote that is not closed"),
    ] {
        let got = refused(text);
        assert!(got.contains(wanted), "{got}");
    }
}

#[test]
fn signs_of_anchors_in_a_text_are_no_anchors() {
    let text = "bpf: ip[6:2]&0x1fff = 0 and tcp[12] &0xf0 >> 2 *4 > 20\nb: '&x' # *x\n";
    assert_eq!(entries(text).unwrap().len(), 2);
}

#[test]
fn what_costs_much_is_refused_cheaply() {
    let brackets = format!("a: {}", "[".repeat(1_000_000));
    assert_eq!(
        refused(&brackets),
        "f:1:1: more than 100 brackets are open: close them"
    );
    let items = format!("a: [{}]", "1,".repeat(MAX_VALUES));
    assert!(refused(&items).contains("more than 10000 keys and items of lists"));
    let keys: String = (0..=MAX_VALUES).map(|n| format!("k{n}: 1\n")).collect();
    assert!(refused(&keys).contains("more than 10000 keys"));
    let dashes = format!("a:\n{}", "- ".repeat(500_000));
    assert_eq!(
        shown(&entries(&dashes).unwrap()[0].value),
        "[a list in a list]"
    );
}

proptest::proptest! {
    #[test]
    fn no_text_panics(text in "[-a:{}\\[\\],&*!|>'\"#%?~ \t\r\n0ü]{0,40}") {
        let _ = entries(&text);
    }

    #[test]
    fn quoted_texts_come_back(texts in proptest::collection::vec("\\PC{0,12}", 0..6)) {
        let items: Vec<String> = texts.iter().map(|t| format!("'{}'", t.replace('\'', "''"))).collect();
        let file = format!("k: [{}]\n", items.join(", "));
        if let Ok(read) = entries(&file) {
            let Value::List(items) = &read[0].value else { panic!("no list") };
            let read: Vec<&str> = items.iter().map(|v| match v {
                Value::One(s) => s.text.as_str(),
                other => panic!("{other:?}"),
            }).collect();
            proptest::prop_assert_eq!(read, texts);
        }
    }
}
