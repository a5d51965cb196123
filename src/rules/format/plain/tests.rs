use proptest::prelude::*;

use super::*;
use crate::rules::format::listing::Kept;

fn read_all(text: &str) -> Kept {
    let mut kept = Kept::default();
    read(text.as_bytes(), &mut kept).unwrap();
    kept
}

#[test]
fn an_entry_a_line() {
    let text = "\u{feff}Domain\r\n# comment\r\n; comment\n// comment\n! comment\n\nevil.example\r\n  hxxp://evil[.]example/x # seen twice\n192.0.2.1\n[2001:db8::1]:443\n//host.example/x\nme@evil.example\n";
    assert!(is(text.as_bytes()));
    let kept = read_all(text);
    assert_eq!(
        kept.listed(),
        [
            (Kind::Domain, "evil.example"),
            (Kind::Url, "http://evil.example/x"),
            (Kind::Address, "192.0.2.1"),
            (Kind::Address, "[2001:db8::1]:443"),
            (Kind::Url, "host.example/x"),
        ]
    );
    assert_eq!(kept.entries[0].0, 7);
    assert_eq!(kept.entries[1].3.note.as_deref(), Some("seen twice"));
    assert_eq!(
        kept.asides,
        [
            (1, "headings", "Domain".into()),
            (12, "e-mail addresses", "me@evil.example".into())
        ]
    );
    assert!(kept.defects.is_empty());
}

#[test]
fn several_on_a_line_where_all_are_good() {
    let kept = read_all("a.example b.example, 192.0.2.1\nc.example is bad\nd.example, word\n");
    assert_eq!(
        kept.listed(),
        [
            (Kind::Domain, "a.example"),
            (Kind::Domain, "b.example"),
            (Kind::Address, "192.0.2.1")
        ]
    );
    let lines: Vec<_> = kept.defects.iter().map(|(line, _)| *line).collect();
    assert_eq!(lines, [2, 3]);
}

#[test]
fn a_heading_tells_fingerprints_from_file_hashes() {
    let hash = "0f".repeat(16);
    let sha1 = "0f".repeat(20);
    let kept = read_all(&format!(
        "{hash}\nJA3:\n{hash}\nthumbprint\n{sha1}\nMD5\n{hash}\n"
    ));
    assert_eq!(
        kept.listed(),
        [
            (Kind::Ja3, hash.as_str()),
            (Kind::Certificate, sha1.as_str())
        ]
    );
    assert_eq!(
        kept.asides.iter().filter(|a| a.1 == "file hashes").count(),
        2
    );
}

#[test]
fn a_word_among_names_is_left_to_the_judge() {
    let kept = read_all("evil.example\nevilnodot\n");
    assert_eq!(kept.listed()[1], (Kind::Domain, "evilnodot"));
}

#[test]
fn lists_of_words_are_refused() {
    let words: String = (0..30).map(|n| format!("daemon{n}d\n")).collect();
    for text in [
        words.clone(),
        format!("# names\ncom.maker.service\n{words}"),
    ] {
        assert!(!is(text.as_bytes()));
        let mut kept = Kept::default();
        let refused = read(text.as_bytes(), &mut kept).unwrap_err();
        assert!(
            refused.what.contains("no line is a name"),
            "{}",
            refused.what
        );
        assert!(refused.line.is_some());
        assert_eq!(kept, Kept::default());
    }
}

#[test]
fn mail_addresses_and_hashes_alone_are_a_list_of_nothing() {
    let text = format!("a@b.example\nc@localhost\n{}\n", "0f".repeat(32));
    assert!(is(text.as_bytes()));
    let kept = read_all(&text);
    assert_eq!(
        (kept.entries.len(), kept.asides.len(), kept.defects.len()),
        (0, 3, 0)
    );
}

#[test]
fn nothing_is_a_list_of_nothing() {
    for text in ["", "\n\n", "# only\n! comments\n"] {
        assert!(is(text.as_bytes()));
        assert_eq!(read_all(text), Kept::default());
    }
}

#[test]
fn bad_lines_are_defects() {
    let mut text = b"a.example\n\xff\n".to_vec();
    text.resize(200_000, b'x');
    text.extend(b"\nb.example");
    let mut kept = Kept::default();
    read(&text, &mut kept).unwrap();
    assert_eq!(kept.listed().len(), 2);
    let lines: Vec<_> = kept.defects.iter().map(|(line, _)| *line).collect();
    assert_eq!(lines, [2, 3]);
}

#[test]
fn other_formats_are_none() {
    for text in [
        "bellerophon: 1\npack: x\ngroups:\n  - domains:\n      - evil.example\n",
        "{\"type\": \"bundle\",\n\"a.example\",\n\"b.example\"}",
        "[\n  \"a.example\",\n  \"b.example\"\n]",
        "<?xml version=\"1.0\"?>\n<ioc>\n",
        "domain,ip\nevil.example,192.0.2.1\n",
        "a.example\tx\nb.example\ty\n",
        "0.0.0.0 evil.example\n",
        "address=/evil.example/0.0.0.0\nserver=/other.example/\n",
        "server:\nlocal-zone: \"evil.example\" always_nxdomain\n",
        "$TTL 60\n@ SOA ns.example. a.example. 1 2 3 4 5\nevil.example CNAME .\n",
        "[Adblock Plus]\n||evil.example^\n@@||good.example^$third-party\n",
        "! title\n||evil.example^\n",
        "alert dns any any -> any any (msg:\"a, b\"; dns.query; content:\"evil.example\"; sid:1; rev:1;)\n",
        "ZXZpbC5leGFtcGxl\nb3RoZXIuZXhhbXBsZQ==\n",
        "#fields\tindicator\tindicator_type\nevil.example\tIntel::DOMAIN\n",
        "# Copyright (c) Maltrail developers\nevil.example\n",
        "evil.\0example\n",
    ] {
        assert!(!is(text.as_bytes()), "{text}");
    }
}

proptest! {
    #[test]
    fn what_was_written_is_read_back(
        entries in prop::collection::vec(
            prop_oneof![
                "[a-z]{1,8}\\.example".prop_map(|name| (Kind::Domain, name)),
                any::<[u8; 4]>().prop_map(|a| (Kind::Address, std::net::Ipv4Addr::from(a).to_string())),
                any::<u128>().prop_map(|a| (Kind::Address, format!("[{}]:443", std::net::Ipv6Addr::from(a)))),
                "http://[a-z]{1,8}\\.example/[a-z]{1,8}".prop_map(|url| (Kind::Url, url)),
            ],
            1..40,
        ),
        ending in prop::sample::select(vec!["\n", "\r\n", "  # x\n"]),
        blank in 0..3_usize,
    ) {
        let text: String = entries
            .iter()
            .map(|(_, text)| format!("{}{text}{ending}", "# y\n".repeat(blank)))
            .collect();
        prop_assert!(is(text.as_bytes()));
        let kept = read_all(&text);
        let listed: Vec<_> = kept.listed().into_iter().map(|(kind, text)| (kind, text.to_owned())).collect();
        prop_assert_eq!(listed, entries);
    }

    #[test]
    fn every_line_is_accounted_for(text in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = is(&text);
        let mut kept = Kept::default();
        if read(&text, &mut kept).is_err() {
            prop_assert_eq!(kept, Kept::default());
            return Ok(());
        }
        for (number, line) in Lines::new(&text) {
            if matches!(line, Line::Text(text) if is_comment(text)) {
                continue;
            }
            prop_assert!(
                kept.entries.iter().any(|(line, ..)| *line == number)
                    || kept.asides.iter().any(|(line, ..)| *line == number)
                    || kept.defects.iter().any(|(line, _)| *line == number)
            );
        }
    }
}
