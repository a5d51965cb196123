use proptest::prelude::*;

use super::*;
use crate::rules::format::listing::Kept;

fn read_all(text: &str) -> Kept {
    let mut kept = Kept::default();
    read(text.as_bytes(), &mut kept).unwrap();
    kept
}

#[test]
fn names_that_lead_nowhere_are_listed() {
    let text = "\u{feff}# a list\r\n0.0.0.0 evil.example other.example # seen twice\r\n127.0.0.1\tx.example#y\n::1 six.example\n:: z.example.\n0 short.example\n";
    assert!(is(text.as_bytes()));
    let kept = read_all(text);
    assert_eq!(
        kept.listed(),
        [
            "evil.example",
            "other.example",
            "x.example",
            "six.example",
            "z.example",
            "short.example"
        ]
        .map(|name| (Kind::Domain, name))
    );
    assert_eq!(kept.entries[0].0, 2);
    assert_eq!(kept.entries[1].3.note.as_deref(), Some("seen twice"));
    assert_eq!(kept.entries[2].3.note.as_deref(), Some("y"));
    assert_eq!((kept.asides.len(), kept.defects.len()), (0, 0));
}

#[test]
fn what_every_machine_has_is_aside() {
    let text = "127.0.0.1 localhost localhost.localdomain\n255.255.255.255 broadcasthost\n::1 ip6-localhost\nfe80::1%lo0 localhost\n127.0.1.1 mine.example\n0.0.0.0 0.0.0.0\n127.0.0.1 kali\nff02::1 ip6-allnodes\n";
    let kept = read_all(text);
    assert!(kept.entries.is_empty() && kept.defects.is_empty());
    assert_eq!(kept.asides.len(), 9);
    assert!(
        kept.asides
            .iter()
            .all(|(_, what, _)| *what == "entries for the machine itself")
    );
}

#[test]
fn real_mappings_are_aside() {
    let kept = read_all("203.0.113.5 intranet.example\n10.0.0.1 router\n");
    assert_eq!(
        kept.asides[0],
        (1, "address mappings", "intranet.example".into())
    );
    assert_eq!(kept.asides.len(), 2);
}

#[test]
fn bad_lines_are_defects() {
    let kept =
        read_all("evil.example\n0.0.0.0\n0.0.0.0 http://evil.example/x\n0.0.0.0 good.example\n");
    assert_eq!(kept.listed(), [(Kind::Domain, "good.example")]);
    let lines: Vec<_> = kept.defects.iter().map(|(line, _)| *line).collect();
    assert_eq!(lines, [1, 2, 3]);
}

#[test]
fn other_formats_are_none() {
    for text in [
        "",
        "# comment\n",
        "evil.example\n",
        "192.0.2.1 198.51.100.2\n",
        "203.0.113.5\tevil.example\n",
        "0.0.0.0,evil.example\n",
        "address=/evil.example/0.0.0.0\n",
        "local-data: \"evil.example A 0.0.0.0\"\n",
        "evil.example CNAME .\n",
        "||evil.example^\n",
        "alert tls any any -> any any (msg:\"x\"; sid:1;)\n",
    ] {
        assert!(!is(text.as_bytes()), "{text}");
    }
}

proptest! {
    #[test]
    fn what_was_written_is_read_back(
        lines in prop::collection::vec(prop::collection::vec("[a-z]{1,8}\\.example", 1..4), 1..20),
        sink in prop::sample::select(vec!["0.0.0.0", "127.0.0.1", "::", "::1"]),
    ) {
        let text: String = lines.iter().map(|names| format!("{sink}  {}\n", names.join("\t"))).collect();
        prop_assert!(is(text.as_bytes()));
        let kept = read_all(&text);
        let names: Vec<_> = lines.concat();
        let listed: Vec<_> = kept.listed().into_iter().map(|(_, name)| name.to_owned()).collect();
        prop_assert_eq!(listed, names);
    }

    #[test]
    fn every_line_is_accounted_for(text in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = is(&text);
        let mut kept = Kept::default();
        read(&text, &mut kept).unwrap();
        let lines = Lines::new(&text).filter(|(_, line)| match line {
            Line::Text(text) => !entry_of(text).is_empty(),
            _ => true,
        });
        for (number, _) in lines {
            prop_assert!(
                kept.entries.iter().any(|(line, ..)| *line == number)
                    || kept.asides.iter().any(|(line, ..)| *line == number)
                    || kept.defects.iter().any(|(line, _)| *line == number)
            );
        }
    }
}
