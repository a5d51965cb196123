use proptest::prelude::*;

use super::super::listing::Kept;
use super::*;

const HEAD: &str =
    "#fields\tindicator\tindicator_type\tmeta.source\tmeta.desc\tmeta.url\tmeta.do_notice\n";

/// How many lines were handed over.
fn told(kept: &Kept) -> usize {
    [kept.entries.len(), kept.asides.len(), kept.defects.len()]
        .iter()
        .sum()
}

fn kept(text: &str) -> Kept {
    let mut kept = Kept::default();
    read(text.as_bytes(), &mut kept).unwrap();
    kept
}

#[test]
fn types_are_taken() {
    let kept = kept(&format!(
        "# a list\n{HEAD}evil.example\tIntel::DOMAIN\tlab\ta remark\thttps://lab.example/1\tT\n\
         192.0.2.1\tIntel::ADDR\tlab\t-\t-\tF\r\n\
         2001:db8::/32\tIntel::SUBNET\tlab\n\
         evil.example/a?b\tIntel::URL\tlab\n\
         front.example\tIntel::URL\tlab\n\
         0123456789abcdef0123456789abcdef01234567\tIntel::CERT_HASH\t-\n\
         00112233445566778899aabbccddeeff\tIntel::JA3\tlab\n"
    ));
    let want = [
        (Kind::Domain, "evil.example"),
        (Kind::Address, "192.0.2.1"),
        (Kind::Address, "2001:db8::/32"),
        (Kind::Url, "evil.example/a?b"),
        (Kind::Url, "front.example/"),
        (
            Kind::Certificate,
            "0123456789abcdef0123456789abcdef01234567",
        ),
        (Kind::Ja3, "00112233445566778899aabbccddeeff"),
    ];
    assert_eq!(kept.listed(), want);
    let (line, _, _, facts) = &kept.entries[0];
    assert_eq!(*line, 3);
    assert_eq!(facts.source.as_deref(), Some("lab"));
    assert_eq!(facts.note.as_deref(), Some("a remark"));
    assert_eq!(facts.references, ["https://lab.example/1"]);
    assert_eq!(kept.entries[1].3.note, None);
}

#[test]
fn what_no_network_shows_is_aside() {
    let kept = kept(&format!(
        "{HEAD}a\tIntel::PUBKEY_HASH\na\tIntel::FILE_HASH\na\tIntel::FILE_NAME\na@b.example\tIntel::EMAIL\n\
         a\tIntel::SOFTWARE\na\tIntel::USER_NAME\na\tOther::THING\n"
    ));
    let what: Vec<_> = kept.asides.iter().map(|(_, what, _)| *what).collect();
    assert_eq!(
        what,
        [
            "hashes of public keys",
            "file hashes",
            "file names",
            "e-mail addresses",
            "names of software",
            "names of users",
            "entries of types that packages for Zeek add"
        ]
    );
    assert_eq!((kept.entries.len(), kept.defects.len()), (0, 0));
}

#[test]
fn columns_are_found_by_name() {
    let text = "#fields\tindicator_type\tmeta.whitelist\tindicator\tmeta.remove\tmeta.cif_confidence\tmeta.cif_tags\tmeta.if_in\n\
                Intel::DOMAIN\tT\tgood.example\tF\n\
                Intel::DOMAIN\tF\told.example\tT\n\
                Intel::DOMAIN\tF\tevil.example\tF\t90\tc2, spy,c2\tHTTP::IN_URL\n\
                #fields\tindicator\tindicator_type\n\
                other.example\tIntel::DOMAIN\n";
    let kept = kept(text);
    let names = [
        (Kind::Domain, "evil.example"),
        (Kind::Domain, "other.example"),
    ];
    assert_eq!(kept.listed(), names);
    let facts = &kept.entries[0].3;
    assert_eq!(facts.confidence, Some(Confidence::High));
    assert_eq!(facts.tags, ["c2", "spy"]);
    assert_eq!(
        facts.note.as_deref(),
        Some("Zeek looks for it in HTTP::IN_URL only")
    );
    assert_eq!(
        kept.asides,
        [
            (2, "allowed entries", "good.example".into()),
            (3, "removed entries", "old.example".into())
        ]
    );
}

#[test]
fn bad_lines_are_defects_and_the_others_count() {
    let mut text = format!(
        "{HEAD}evil.example   Intel::DOMAIN   lab\n-\tIntel::DOMAIN\tlab\nx.example\tDOMAIN\n\
         \tIntel::DOMAIN\tlab\n\\xff\tIntel::DOMAIN\ngood.example\tIntel::DOMAIN\n"
    )
    .into_bytes();
    text.extend_from_slice(b"a\xff\tIntel::DOMAIN\n");
    text.resize(text.len() + 70_000, b'x');
    let mut kept = Kept::default();
    read(&text, &mut kept).unwrap();
    let lines: Vec<_> = kept.defects.iter().map(|(line, _)| *line).collect();
    assert_eq!(lines, [2, 3, 4, 5, 6, 8, 9]);
    assert_eq!(kept.listed(), [(Kind::Domain, "good.example")]);
}

#[test]
fn escapes_are_bytes() {
    assert_eq!(
        unescape("a\\x2eb\\xc3\\xa9\\xg1\\x").as_deref(),
        Some("a.bé\\xg1\\x")
    );
    assert_eq!(unescape("\\xff"), None);
    assert_eq!(unescape("\\xé"), Some("\\xé".into()));
}

#[test]
fn the_header_tells_it() {
    assert!(is(HEAD.as_bytes()));
    assert!(is(b"\n# x\n#fields indicator indicator_type\n"));
    for other in [
        "#separator \\x09\n#fields\tts\tuid\tseen.indicator\tseen.indicator_type\n",
        "#fieldsindicator\tindicator_type\n",
        "evil.example\n#fields\tindicator\tindicator_type\n",
        "indicator\tindicator_type\n",
        "# comment\n",
        "",
    ] {
        assert!(!is(other.as_bytes()), "{other}");
        assert!(read(other.as_bytes(), &mut Kept::default()).is_err());
    }
}

proptest! {
    #[test]
    fn what_was_written_is_read_back(
        entries in proptest::collection::vec(("[a-z]{1,8}\\.example", 0..4_usize), 0..30)
    ) {
        let kinds = [
            ("DOMAIN", Some(Kind::Domain)), ("URL", Some(Kind::Url)), ("CERT_HASH", Some(Kind::Certificate)), ("EMAIL", None),
        ];
        let mut text = HEAD.to_owned();
        let mut want = Vec::new();
        for (name, kind) in &entries {
            let (kind, taken) = kinds[*kind];
            let name = if kind == "URL" { format!("{name}/x") } else { name.clone() };
            text.push_str(&format!("{name}\tIntel::{kind}\n"));
            want.extend(taken.map(|taken| (taken, name)));
        }
        let kept = kept(&text);
        let got: Vec<_> = kept.listed().into_iter().map(|(kind, name)| (kind, name.to_owned())).collect();
        prop_assert_eq!(got, want);
        prop_assert_eq!(told(&kept), entries.len());
    }

    #[test]
    fn every_line_is_accounted_for(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let _ = is(&bytes);
        let mut text = HEAD.as_bytes().to_vec();
        text.extend_from_slice(&bytes);
        let mut kept = Kept::default();
        read(&text, &mut kept).unwrap();
        let lines = Lines::new(&text).filter(|(_, line)| !matches!(line, Line::Text(text) if text.is_empty() || text.starts_with('#')));
        prop_assert_eq!(told(&kept), lines.count());
    }
}
