use proptest::prelude::*;

use super::*;
use crate::rules::format::listing::{Kept, Kind};
use crate::rules::indicator::{Confidence, Severity};

fn read_all(text: &str) -> Kept {
    let mut kept = Kept::default();
    read(text.as_bytes(), &Options::default(), &mut kept).unwrap();
    kept
}

fn asides(kept: &Kept) -> Vec<(usize, &str)> {
    kept.asides
        .iter()
        .map(|(line, what, _)| (*line, *what))
        .collect()
}

#[test]
fn addresses_beside_names_are_history() {
    let text = "domain_name,ip_address\n\"a.example\",\"192.0.2.1\"\nb.example,\n,192.0.2.2\n";
    assert!(is(text.as_bytes()));
    let kept = read_all(text);
    assert_eq!(
        kept.listed(),
        [
            (Kind::Domain, "a.example"),
            (Kind::Domain, "b.example"),
            (Kind::Address, "192.0.2.2")
        ]
    );
    assert_eq!(
        asides(&kept),
        [(1, "headings"), (2, "historic addresses of listed names")]
    );
}

#[test]
fn addresses_that_are_listed_for_themselves_are_not() {
    let kept = read_all("domain,c2_ip\na.example,192.0.2.1\n");
    assert_eq!(kept.listed().len(), 2);
}

#[test]
fn shared_hosts_and_domains_beside_what_is_meant_are_aside() {
    let kept = read_all(
        "url,host,ip\nhttp://files.example/evil,files.example,192.0.2.1\nhttp://a.example/,a.example,\n",
    );
    assert_eq!(
        kept.listed(),
        [
            (Kind::Url, "http://files.example/evil"),
            (Kind::Domain, "a.example")
        ]
    );
    assert_eq!(
        asides(&kept)[1..],
        [
            (2, "hosts of listed URLs"),
            (2, "historic addresses of listed names"),
            (3, "domains of listed names")
        ]
    );
    let kept =
        read_all("hostname,domain\nevil.pages.example,pages.example\nevil.example,other.example\n");
    assert_eq!(
        kept.listed(),
        [
            (Kind::Domain, "evil.pages.example"),
            (Kind::Domain, "evil.example"),
            (Kind::Domain, "other.example")
        ]
    );
}

#[test]
fn a_table_in_the_manner_of_pegasus() {
    let text = "domain\tgeneration\tfirst_published\tin_2021_list\taddresses_2018\na.example\tv3\t2018-08-01\tyes\t192.0.2.1 192.0.2.2\nb.example\tv4\t2021-07-18\tyes\t\n";
    assert!(is(text.as_bytes()));
    let kept = read_all(text);
    assert_eq!(
        kept.listed(),
        [(Kind::Domain, "a.example"), (Kind::Domain, "b.example")]
    );
    assert_eq!(kept.entries[0].3.first_seen.as_deref(), Some("2018-08-01"));
    assert_eq!(kept.entries[1].3.tags, ["v4"]);
    assert_eq!(asides(&kept).len(), 3);
}

#[test]
fn threatfox() {
    let text = "################\n# ThreatFox, IOCs #\n#\n# \"first_seen_utc\",\"ioc_id\",\"ioc_value\",\"ioc_type\",\"threat_type\",\"fk_malware\",\"malware_alias\",\"malware_printable\",\"last_seen_utc\",\"confidence_level\",\"is_compromised\",\"reference\",\"tags\",\"anonymous\",\"reporter\"\n\
        \"2026-09-01 10:00:00\", \"1\", \"192.0.2.10:443\", \"ip:port\", \"botnet_cc\", \"win.bot\", \"None\", \"Bot\", \"2026-09-20 11:00:00\", \"75\", \"False\", \"https://lab.example/1\", \"c2,rat\", \"0\", \"tester\"\n\
        \"2026-09-02 10:00:00\", \"2\", \"evil.example\", \"domain\", \"payload_delivery\", \"unknown\", \"None\", \"Unknown malware\", \"\", \"50\", \"False\", \"None\", \"\", \"1\", \"x\"\n\
        \"2026-09-02 10:00:00\", \"3\", \"https://evil.example/a,b\", \"url\", \"payload_delivery\", \"unknown\", \"None\", \"Unknown malware\", \"\", \"50\", \"False\", \"None\", \"\", \"1\", \"x\"\n\
        \"2026-09-02 10:00:00\", \"4\", \"0f0f\", \"sha256_hash\", \"payload\", \"unknown\", \"None\", \"Unknown malware\", \"\", \"50\", \"False\", \"None\", \"\", \"1\", \"x\"\n\
        # Number of entries: 4\n";
    assert!(is(text.as_bytes()));
    let kept = read_all(text);
    assert_eq!(
        kept.listed(),
        [
            (Kind::Address, "192.0.2.10:443"),
            (Kind::Domain, "evil.example"),
            (Kind::Url, "https://evil.example/a,b"),
        ]
    );
    assert_eq!(asides(&kept), [(8, "file hashes")]);
    let facts = &kept.entries[0].3;
    assert_eq!(facts.threat.as_deref(), Some("Bot"));
    assert_eq!(facts.confidence, Some(Confidence::High));
    assert_eq!(facts.first_seen.as_deref(), Some("2026-09-01"));
    assert_eq!(facts.expires, None);
    assert_eq!(facts.tags, ["botnet_cc", "c2", "rat"]);
    assert_eq!(facts.references, ["https://lab.example/1"]);
    assert_eq!(facts.source.as_deref(), Some("tester"));
    assert_eq!(kept.entries[1].3.threat, None);
}

#[test]
fn certificates_ja3_and_ports_of_abuse_ch() {
    let sha1 = "0f".repeat(20);
    let text = format!("# Listingdate,SHA1,Listingreason\n2024-09-02 06:17:52,{sha1},Bot C&C\n");
    assert!(is(text.as_bytes()));
    let kept = read_all(&text);
    assert_eq!(kept.listed(), [(Kind::Certificate, sha1.as_str())]);
    assert_eq!(kept.entries[0].3.threat.as_deref(), Some("Bot C&C"));

    let md5 = "0f".repeat(16);
    let text = format!(
        "# ja3_md5,Firstseen,Lastseen,Listingreason\n{md5},2017-07-14 18:08:15,2019-07-27 20:42:54,Bot\n"
    );
    assert_eq!(read_all(&text).listed(), [(Kind::Ja3, md5.as_str())]);

    let text = "# Firstseen,DstIP,DstPort\n2024-01-01 00:00:00,192.0.2.1,8080\n2024-01-01 00:00:00,2001:db8::1,443\n";
    assert_eq!(
        read_all(text).listed(),
        [
            (Kind::Address, "192.0.2.1:8080"),
            (Kind::Address, "[2001:db8::1]:443")
        ]
    );

    let text = format!("sha1,name\n{sha1},x\n");
    assert_eq!(
        asides(&read_all(&text)),
        [(1, "headings"), (2, "file hashes")]
    );
    let text = format!("thumbprint;serial\n{};0A:0B\n", vec!["0F"; 20].join(":"));
    assert_eq!(
        read_all(&text).listed(),
        [
            (Kind::Certificate, sha1.to_uppercase().as_str()),
            (Kind::Certificate, "serial:0A0B")
        ]
    );
}

#[test]
fn misp_says_what_is_for_detection() {
    let text = "uuid,event_id,category,type,value,comment,to_ids,date\n\
        1,1,Network activity,domain,evil.example,\"a, b\",1,20170516\n\
        2,1,Network activity,ip-dst|port,192.0.2.1|443,,1,20170516\n\
        3,1,Network activity,domain|ip,two.example|192.0.2.2,,1,20170516\n\
        4,1,External analysis,link,https://lab.example/report,,0,20170516\n\
        5,1,Network activity,domain,good.example,,0,20170516\n\
        6,1,Payload delivery,filename|md5,x.apk|0f,,1,20170516\n\
        7,1,Network activity,x509-fingerprint-sha1,0f0f,,1,20170516\n\
        8,1,Network activity,email-src,me@evil.example,,1,20170516\n";
    assert!(is(text.as_bytes()));
    let kept = read_all(text);
    assert_eq!(
        kept.listed(),
        [
            (Kind::Domain, "evil.example"),
            (Kind::Address, "192.0.2.1:443"),
            (Kind::Domain, "two.example"),
            (Kind::Certificate, "0f0f"),
        ]
    );
    assert_eq!(kept.entries[0].3.note.as_deref(), Some("a, b"));
    assert_eq!(kept.entries[0].3.first_seen.as_deref(), Some("2017-05-16"));
    assert_eq!(
        asides(&kept),
        [
            (1, "headings"),
            (4, "historic addresses of listed names"),
            (5, "entries not meant for detection"),
            (6, "entries not meant for detection"),
            (7, "file names"),
            (9, "e-mail addresses"),
        ]
    );
}

#[test]
fn otx_and_facts_in_words() {
    let text = "Indicator type,Indicator,Description,Severity,Confidence,Valid until\nURL,http://evil.example/x,note,Critical,low,2030-01-01T00:00:00Z\nFileHash-SHA256,0f,,,,\nYARA,rule,,,,\nhostname,www.evil.example,,,,\n";
    let kept = read_all(text);
    assert_eq!(
        kept.listed(),
        [
            (Kind::Url, "http://evil.example/x"),
            (Kind::Domain, "www.evil.example")
        ]
    );
    let facts = &kept.entries[0].3;
    assert_eq!(facts.severity, Some(Severity::Critical));
    assert_eq!(facts.confidence, Some(Confidence::Low));
    assert_eq!(facts.expires.as_deref(), Some("2030-01-01"));
    assert_eq!(asides(&kept).len(), 3);
}

#[test]
fn columns_are_told_by_content_where_nothing_heads_them() {
    let text = "1;a.example;abuse.example;seen\n2;b.example;abuse.example;seen\n3;c.example;abuse.example;x\n4;d.example;abuse.example;y\n";
    assert!(is(text.as_bytes()));
    let kept = read_all(text);
    assert_eq!(kept.listed().len(), 4);
    assert!(
        kept.listed()
            .iter()
            .all(|(_, name)| !name.contains("abuse"))
    );
    // The second column of URLs leads to reports.
    let kept = read_all(
        "http://a.example/x|https://lab.example/1\nhttp://b.example/x|https://lab.example/2\n",
    );
    assert_eq!(
        kept.listed(),
        [
            (Kind::Url, "http://a.example/x"),
            (Kind::Url, "http://b.example/x")
        ]
    );
    let kept = read_all("number,what\n1,a.example\n2,192.0.2.1\n");
    assert_eq!(kept.listed().len(), 2);
    assert_eq!(asides(&kept), [(1, "headings")]);
}

#[test]
fn lines_are_right_after_cells_of_several_lines() {
    let text = "sep=,\ndomain,note\r\na.example,\"one\r\ntwo\"\r\n\r\n# comment\nb.example,x\nc.example\nd.example,x,y\ne.example,x,,\n";
    let kept = read_all(text);
    let lines: Vec<_> = kept.entries.iter().map(|entry| entry.0).collect();
    assert_eq!(lines, [3, 7, 10]);
    assert_eq!(kept.entries[0].3.note.as_deref(), Some("one\r\ntwo"));
    let lines: Vec<_> = kept.defects.iter().map(|(line, _)| *line).collect();
    assert_eq!(lines, [8, 9]);
    assert!(
        kept.defects[0]
            .1
            .contains("`c.example` has 1 cells, and the table 2")
    );
}

#[test]
fn cells_with_several_entries_and_rows_with_none() {
    let kept = read_all("iocs,note\n\"a.example, b.example 192.0.2.1\",x\n,y\n-,z\n");
    assert_eq!(kept.listed().len(), 3);
    assert_eq!(
        asides(&kept)[1..],
        [
            (3, "rows without an indicator"),
            (4, "rows without an indicator")
        ]
    );
    let kept = read_all("domain,false_positive\na.example,true\nb.example,false\n");
    assert_eq!(kept.listed(), [(Kind::Domain, "b.example")]);
    assert_eq!(asides(&kept)[1], (2, "entries that were taken back"));
}

#[test]
fn the_column_may_be_said() {
    let text = b"id,seen at,domain\n1,a.example,x.example\n2,b.example,y.example\n";
    let column = |column: &str| {
        let options = Options {
            column: Some(column.into()),
        };
        let mut kept = Kept::default();
        read(text, &options, &mut kept).map(|()| kept)
    };
    for asked in ["Seen At", "seen_at", "2"] {
        let kept = column(asked).unwrap();
        assert_eq!(
            kept.listed(),
            [(Kind::Domain, "a.example"), (Kind::Domain, "b.example")],
            "{asked}"
        );
    }
    let refused = column("host").unwrap_err();
    assert!(refused.what.contains("`host`"));
    assert!(refused.fix.contains("`seen at`"), "{}", refused.fix);
    assert!(column("4").is_err());
    assert!(column("0").is_err());
}

#[test]
fn no_table_no_column() {
    let mut kept = Kept::default();
    for text in ["", "a,b\nc,d\n", "word\n"] {
        assert!(
            read(text.as_bytes(), &Options::default(), &mut kept).is_err(),
            "{text}"
        );
    }
}

#[test]
fn other_formats_are_none() {
    for text in [
        "",
        "# comment\n",
        "a.example\nb.example\n",
        "bellerophon: 1\npack: a,b\n",
        "{\n\"a.example\",\n\"b.example\",\n}",
        "[\n\"a.example\",\n\"b.example\"\n]",
        "<ioc>\n<a, b>\n",
        "0.0.0.0\tevil.example\n",
        "evil.example\tCNAME\t.\nother.example\tCNAME\t.\n",
        "evil.example\t60\tIN A\t192.0.2.1\n",
        "||evil.example^\n||other.example^\n",
        "alert tls any any -> any any (msg:\"x\"; content:\"evil.example\"; sid:1; rev:1;)\nalert tls any any -> any any (msg:\"x\"; content:\"evil.example\"; sid:2; rev:1;)\n",
        "#fields\tindicator\tindicator_type\nevil.example\tIntel::DOMAIN\n",
        "ZXZpbA==,1\nb3RoZXI=,2\n",
        "# Copyright (c) Maltrail developers\na.example,b.example\n",
        "ipset=/evil.example/a,b\nipset=/other.example/a,b\n",
        "local-data: \"a.example A 0.0.0.0\"\n",
    ] {
        assert!(!is(text.as_bytes()), "{text}");
    }
}

proptest! {
    #[test]
    fn what_was_written_is_read_back(
        rows in prop::collection::vec(("[a-z]{1,8}\\.example", "[a-z ,;|\t\"\n]{0,20}"), 1..30),
        delimiter in prop::sample::select(vec![',', ';', '\t', '|']),
    ) {
        let mut text = format!("domain{delimiter}note\n");
        for (name, note) in &rows {
            text.push_str(&format!("{name}{delimiter}\"{}\"\r\n", note.replace('"', "\"\"")));
        }
        let kept = read_all(&text);
        prop_assert!(kept.defects.is_empty(), "{:?}", kept.defects);
        let read: Vec<_> = kept
            .entries
            .iter()
            .map(|(_, _, name, facts)| (name.clone(), facts.note.clone().unwrap_or_default()))
            .collect();
        let written: Vec<_> = rows
            .into_iter()
            .map(|(name, note)| {
                let note = note.trim();
                let nothing = ["na", "nil", "nan", "none", "null", "unknown"].contains(&note);
                (name, if nothing { String::new() } else { note.to_owned() })
            })
            .collect();
        prop_assert_eq!(read, written);
    }

    #[test]
    fn no_bytes_panic(text in prop::collection::vec(any::<u8>(), 0..300), column in "[0-9a-z]{0,3}") {
        let _ = is(&text);
        let mut kept = Kept::default();
        let _ = read(&text, &Options::default(), &mut kept);
        let _ = read(&text, &Options { column: Some(column) }, &mut kept);
    }

    #[test]
    fn every_line_is_accounted_for(lines in prop::collection::vec("[a-z\",. é]{0,12}", 0..12)) {
        let text = format!("domain,note\na.example,b\n{}", lines.join("\n"));
        let kept = read_all(&text);
        let seen = |number: usize| {
            kept.entries.iter().any(|(line, ..)| *line == number)
                || kept.asides.iter().any(|(line, ..)| *line == number)
                || kept.defects.iter().any(|(line, _)| *line == number)
        };
        // A quoted cell may hold lines: they are part of the record above.
        let mut records = Records::new(text.as_bytes(), b',');
        let mut record = Record::default();
        while let Some((line, next)) = records.next(&mut record) {
            prop_assert!(seen(line) || matches!(next, Next::Comment(_)), "{line}");
        }
    }
}
