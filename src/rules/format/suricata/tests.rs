use proptest::prelude::*;

use super::*;
use crate::rules::format::listing::{Kept, Kind};
use crate::rules::indicator::{Confidence, Severity};

fn kept(text: &[u8]) -> Kept {
    let mut kept = Kept::default();
    read(text, &mut kept).unwrap();
    kept
}

#[test]
fn facts_of_a_rule() {
    let kept = kept(
        b"alert dns any any -> any any (msg:\"ET \\\"MALWARE\\\" x\\; y\"; dns.query; content:\"evil.example\"; \
        reference:url,lab.example/a; reference:url,https://lab.example/b; reference:md5,00; reference:cve,2021-1; \
        metadata:malware_family Evil_Thing, created_at 2021_07_18, signature_severity Major, confidence High, tag C2; \
        sid:2030000; rev:1;)",
    );
    let facts = &kept.entries[0].3;
    assert_eq!(
        facts.note.as_deref(),
        Some("ET \"MALWARE\" x; y (the rule also means names that contain this text anywhere)")
    );
    assert_eq!(
        facts.references,
        ["https://lab.example/a", "https://lab.example/b"]
    );
    assert_eq!(facts.tags, ["CVE-2021-1", "C2", "sid:2030000"]);
    assert_eq!(facts.threat.as_deref(), Some("Evil Thing"));
    assert_eq!(facts.first_seen.as_deref(), Some("2021-07-18"));
    assert_eq!(facts.severity, Some(Severity::High));
    assert_eq!(facts.confidence, Some(Confidence::High));
}

#[test]
fn rules_over_lines_and_defects() {
    let kept = kept(
        b"# remark (x)\n\n\
        alert dns any any -> any any \\\n  (dns.query; \\\r\n  content:\"a.example\"; sid:1;)\n\
        #alert dns any any -> any any (dns.query; \\\n#  content:\"b.example\"; sid:2;)\n\
        alert dns any any -> any any (sid:3;\n\
        evil.example\n\
        alert dns any any any (sid:4;)\n\
        alert dns any any -> any any (dns.query; content:\"|zz|\"; sid:5;)\n\
        alert dns any any -> any any (dns.query; content:x; sid:6;)\n\
        alert dns any any -> any any (msg:\"open; sid:7;)\n\
        alert dns any any -> any any (dns.query; \\\n\xff\n sid:8;)\n\
        alert dns any any -> any any (dns.query; content:\"c.example\"; sid:9;) \\\n",
    );
    assert_eq!(
        kept.listed(),
        [(Kind::Domain, "a.example"), (Kind::Domain, "c.example")]
    );
    assert_eq!(kept.entries[0].0, 3);
    let asides: Vec<_> = kept
        .asides
        .iter()
        .map(|(line, what, _)| (*line, *what))
        .collect();
    assert_eq!(asides, [(6, "disabled rules")]);
    let lines: Vec<_> = kept.defects.iter().map(|(line, _)| *line).collect();
    assert_eq!(lines, [8, 9, 10, 11, 12, 13, 15, 14]);
}

#[test]
fn a_rule_that_goes_on_and_on_is_one_defect() {
    let mut text = b"alert dns any any -> any any (msg:\\\n".to_vec();
    text.extend(b"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\\\n".repeat(5000));
    text.extend(
        b"sid:1;)\nalert dns any any -> any any (dns.query; content:\"a.example\"; sid:2;)\n",
    );
    let kept = kept(&text);
    assert_eq!(kept.defects.len(), 1);
    assert_eq!(kept.listed(), [(Kind::Domain, "a.example")]);
}

proptest! {
    #[test]
    fn what_is_written_is_read(entries in prop::collection::vec(
        ("[a-z][a-z0-9-]{0,9}\\.example", 0..6_usize), 1..30)
    ) {
        let mut text = String::new();
        let mut expected = Vec::new();
        for (sid, (name, form)) in entries.iter().enumerate() {
            let size = name.len();
            let (options, kind, entry) = match form {
                0 => (format!("dns.query; dotprefix; content:\".{name}\"; endswith;"), Kind::Domain, name.clone()),
                1 => (format!("tls.sni; content:\"{name}\"; bsize:{size};"), Kind::Exact, name.clone()),
                2 => (format!("http.host; content:\"{name}\"; startswith; \\\n endswith;"), Kind::Exact, name.clone()),
                3 => (format!("dns_query; content:\"{}\";", name.replace('.', "|2E|")), Kind::Domain, name.clone()),
                4 => (format!("http.host; content:\"{name}\"; http.uri; content:\"/x\";"), Kind::Url, format!("{name}/x")),
                _ => (format!("dns.query; content:\".{name}\"; endswith;"), Kind::Below, name.clone()),
            };
            text.push_str(&format!("alert ip any any -> any any (msg:\"m\"; {options} sid:{sid};)\n"));
            expected.push((kind, entry));
        }
        prop_assert!(is(text.as_bytes()));
        let kept = kept(text.as_bytes());
        let listed: Vec<_> = kept.listed().into_iter().map(|(kind, name)| (kind, name.to_string())).collect();
        prop_assert_eq!(listed, expected);
    }

    #[test]
    fn every_rule_is_accounted_for(
        rules in prop::collection::vec(
            "((alert|pass|#drop|x) [a-z]{1,3} [\\[$!,0-9.a]{1,9} (any|53) -> [\\[0-9.:,$!\\]a]{1,9} [a0-9,:!]{1,5} )?\
            [(]?((dns\\.query|http\\.host|http_uri|tls\\.cert_serial|ja3\\.hash|tls\\.cert_fingerprint|dotprefix|content:!?\"[.a-z|/0:]{0,9}\"|endswith|bsize:[0-9]|pcre:\"x\"|noalert|[a-zé\0]{1,3}); ?){0,6}[)]?",
            0..12),
    ) {
        accounted(rules.join("\n").as_bytes())?;
    }

    #[test]
    fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        is(&bytes);
        kept(&bytes);
    }
}

/// For texts without `\`: every line is a rule.
fn accounted(text: &[u8]) -> Result<(), TestCaseError> {
    let kept = kept(text);
    let named = |number| {
        kept.entries.iter().any(|(line, ..)| *line == number)
            || kept.asides.iter().any(|(line, ..)| *line == number)
            || kept.defects.iter().any(|(line, _)| *line == number)
    };
    for (number, line) in Lines::new(text) {
        let empty = match line {
            Line::Text(line) => {
                line.is_empty() || disabled(line).is_some_and(|rest| !rule::begins(rest))
            }
            _ => false,
        };
        prop_assert!(empty != named(number), "line {number}: {line:?}");
    }
    Ok(())
}
