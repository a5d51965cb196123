use std::fmt::Write as _;

use proptest::prelude::*;

use super::super::listing::Kept;
use super::*;

/// How many items were handed over.
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

fn item(condition: &str, search: &str, content: &str) -> String {
    format!(
        "<IndicatorItem id=\"i\" condition=\"{condition}\">\n<Context document=\"D\" search=\"{search}\" type=\"mir\"/>\n\
         <Content type=\"string\">{content}</Content>\n</IndicatorItem>\n"
    )
}

fn ioc(indicators: &str) -> String {
    format!(
        "<?xml version=\"1.0\" encoding=\"us-ascii\"?>\n<ioc xmlns=\"http://schemas.mandiant.com/2010/ioc\" id=\"x\" \
         last-modified=\"2014-05-06T07:08:09\">\n<short_description>Night Heron &amp; Co</short_description>\n\
         <description>What &#x201c;it&#x201d; is</description>\n<keywords>spy, c2</keywords>\n\
         <authored_by>Lab</authored_by>\n<authored_date>2014-01-02T03:04:05</authored_date>\n\
         <links><link rel=\"report\" href=\"https://lab.example/1\"/><link rel=\"threatgroup\">Careful Heron</link>\
         <link rel=\"category\">APT</link></links>\n<definition>\n{indicators}</definition>\n</ioc>\n"
    )
}

#[test]
fn items_are_taken_with_what_the_file_says() {
    let text = ioc(&format!(
        "<Indicator operator=\"OR\" id=\"a\">\n{}{}{}{}{}</Indicator>\n",
        item("is", "Network/DNS", "evil.example"),
        item("contains", "DnsEntryItem/RecordName", "nightheron"),
        item("is", "PortItem/remoteIP", " 192.0.2.1\n"),
        item("contains", "UrlHistoryItem/URL", "evil.example/a?b&amp;c"),
        item("is", "FileItem/Md5sum", "00112233445566778899aabbccddeeff"),
    ));
    assert!(is(text.as_bytes()));
    let kept = kept(&text);
    assert_eq!(
        kept.listed(),
        [
            (Kind::Domain, "evil.example"),
            (Kind::Keyword, "nightheron"),
            (Kind::Address, "192.0.2.1"),
            (Kind::Url, "evil.example/a?b&c"),
        ]
    );
    let lines: Vec<_> = kept.entries.iter().map(|(line, ..)| *line).collect();
    assert_eq!(lines, [11, 15, 19, 24]);
    assert_eq!(
        kept.asides,
        [(28, "file hashes", "00112233445566778899aabbccddeeff".into())]
    );
    assert_eq!(kept.about.title.as_deref(), Some("Night Heron & Co"));
    assert_eq!(
        kept.about.description.as_deref(),
        Some("What \u{201c}it\u{201d} is")
    );
    assert_eq!(kept.about.publisher.as_deref(), Some("Lab"));
    assert_eq!(kept.about.updated.as_deref(), Some("2014-05-06"));
    let facts = &kept.entries[0].3;
    assert_eq!(facts.threat.as_deref(), Some("Careful Heron"));
    assert_eq!(facts.first_seen.as_deref(), Some("2014-01-02"));
    assert_eq!(facts.tags, ["spy", "c2", "APT"]);
    assert_eq!(facts.references, ["https://lab.example/1"]);
    assert_eq!((facts.confidence, &facts.note), (None, &None));
    assert_eq!(kept.entries[1].3.confidence, Some(Confidence::Low));
}

#[test]
fn version_1_1_is_read() {
    let text = "<OpenIOC xmlns=\"http://openioc.org/schemas/OpenIOC_1.1\" id=\"x\" last-modified=\"2014-05-06T00:00:00Z\">\
        <metadata><short_description>Night Heron</short_description><authored_by>Lab</authored_by>\
        <authored_date>0001-01-01T00:00:00</authored_date></metadata><criteria><Indicator id=\"a\" operator=\"OR\">\
        <IndicatorItem id=\"b\" condition=\"ends-with\" preserve-case=\"false\" negate=\"false\">\
        <Context document=\"Network\" search=\"Network/DNS\"/><Content type=\"string\"><![CDATA[.evil.example]]></Content>\
        <Comment>seen once</Comment></IndicatorItem>\
        <IndicatorItem id=\"c\" condition=\"is\" preserve-case=\"false\" negate=\"true\">\
        <Context document=\"Network\" search=\"Network/DNS\"/><Content type=\"string\">good.example</Content></IndicatorItem>\
        </Indicator></criteria><parameters><param id=\"d\" ref-id=\"b\" name=\"n\"><value>v</value></param></parameters></OpenIOC>";
    assert!(is(text.as_bytes()));
    let kept = kept(text);
    assert_eq!(kept.listed(), [(Kind::Domain, "evil.example")]);
    assert_eq!(
        kept.asides,
        [(1, "negated conditions", "good.example".into())]
    );
    let facts = &kept.entries[0].3;
    assert_eq!(facts.threat.as_deref(), Some("Night Heron"));
    assert_eq!(facts.note.as_deref(), Some("seen once"));
    assert_eq!(facts.first_seen, None);
}

#[test]
fn what_counts_only_together_has_low_confidence() {
    let name = |name: &str| item("is", "Network/DNS", name);
    let file = item("is", "FileItem/FileName", "x.dll");
    let text = ioc(&format!(
        "<Indicator operator=\"OR\">{}<Indicator operator=\"AND\">{}</Indicator>\
         <Indicator operator=\"AND\">{}{file}<Indicator operator=\"OR\">{}</Indicator></Indicator>{}</Indicator>",
        name("a.example"),
        name("alone.example"),
        name("both.example"),
        name("below.example"),
        name("z.example"),
    ));
    let kept = kept(&text);
    let low: Vec<_> = kept
        .entries
        .iter()
        .map(|(_, _, name, facts)| (name.as_str(), facts.confidence == Some(Confidence::Low)))
        .collect();
    assert_eq!(
        low,
        [
            ("a.example", false),
            ("alone.example", false),
            ("both.example", true),
            ("below.example", true),
            ("z.example", false)
        ]
    );
    let note = kept.entries[2].3.note.as_deref();
    assert_eq!(
        note,
        Some("the list asks for other things together with this")
    );
    assert_eq!(kept.asides.len(), 1);
}

#[test]
fn bad_items_are_defects_and_the_others_count() {
    let long = "x".repeat(MAX_CONTENT + 1);
    let text = ioc(&format!(
        "<Indicator operator=\"OR\">{}{}{}<IndicatorItem condition=\"is\"/>{}</Indicator>",
        item("is", "Network/DNS", ""),
        item("is", "Network/DNS", "a&b;.example"),
        item("is", "Network/DNS", &long),
        item("is", "Network/DNS", "z.example"),
    ));
    let kept = kept(&text);
    assert_eq!(kept.listed(), [(Kind::Domain, "z.example")]);
    let lines: Vec<_> = kept.defects.iter().map(|(line, _)| *line).collect();
    assert_eq!(lines, [10, 14, 18, 22]);
}

#[test]
fn bombs_and_damage_are_refused() {
    let bomb = "<!DOCTYPE ioc [<!ENTITY a \"aaaa\"><!ENTITY b \"&a;&a;\">]>\n<ioc><definition>&b;</definition></ioc>";
    let deep = format!("<ioc>{}", "<Indicator>".repeat(1_000_000));
    for (text, line, what) in [
        (bomb, Some(1), "DOCTYPE"),
        (deep.as_str(), Some(1), "64 deep"),
        ("<ioc>\n<Indicator>", Some(2), "ends in the middle"),
        ("<ioc>\n</Indicator>", Some(2), "not XML"),
        ("<ioc/>", None, "no Indicator"),
        ("", None, "no Indicator"),
    ] {
        let refused = read(text.as_bytes(), &mut Kept::default()).unwrap_err();
        assert_eq!(refused.line, line, "{refused:?}");
        assert!(refused.what.contains(what), "{refused:?}");
    }
    let refused = read(b"<ioc>\n\xff</ioc>", &mut Kept::default()).unwrap_err();
    assert_eq!(
        (refused.line, refused.what.as_str()),
        (Some(2), "not UTF-8")
    );
    assert!(is(bomb.as_bytes()), "so that the refusal is seen");
}

#[test]
fn many_attributes_take_linear_time() {
    let mut tag = String::from("<Indicator operator=\"OR\"");
    for number in 0..200_000 {
        write!(tag, " a{number}=\"\"").unwrap();
    }
    let text = ioc(&format!(
        "{tag}>{}</Indicator>",
        item("is", "Network/DNS", "a.example")
    ));
    assert_eq!(kept(&text).entries.len(), 1);
}

#[test]
fn the_root_tells_it() {
    for yes in [
        "\u{feff}<ioc>",
        "  <!-- x --><openioc:OpenIOC xmlns:openioc=\"x\" />",
        "<?xml version=\"1.0\"?>\n<ioc id=\"\u{e9}",
    ] {
        let cut = yes.len() - usize::from(yes.ends_with('\u{e9}'));
        let told = is(&yes.as_bytes()[..cut]);
        assert_eq!(told, yes.ends_with('>'), "{yes}");
    }
    for no in ["<iocs>", "<html><ioc>", "x<ioc>", "<ioc", "<", ""] {
        assert!(!is(no.as_bytes()), "{no}");
    }
}

proptest! {
    #[test]
    fn what_was_written_is_read_back(
        entries in proptest::collection::vec(("[a-z]{1,8}\\.example", 0..4_usize), 1..30), close in any::<bool>()
    ) {
        let kinds = [("Network/DNS", Some(Kind::Domain)), ("UrlHistoryItem/URL", Some(Kind::Url)),
            ("DnsEntryItem/Host", Some(Kind::Domain)), ("FileItem/FileName", None)];
        let (mut items, mut want) = (String::new(), Vec::new());
        for (name, kind) in &entries {
            let (search, kind) = kinds[*kind];
            let text = if kind == Some(Kind::Url) { format!("http://{name}/<'\"&>") } else { name.clone() };
            items.push_str(&item("is", search, &quick_xml::escape::escape(text.as_str())));
            if close {
                items.push_str("</Indicator><Indicator operator=\"OR\">");
            }
            want.extend(kind.map(|kind| (kind, text)));
        }
        let kept = kept(&ioc(&format!("<Indicator operator=\"OR\">{items}</Indicator>")));
        let got: Vec<_> = kept.listed().into_iter().map(|(kind, text)| (kind, text.to_owned())).collect();
        prop_assert_eq!(got, want);
        prop_assert_eq!(told(&kept), entries.len());
    }

    #[test]
    fn any_bytes_do(bytes in proptest::collection::vec(any::<u8>(), 0..200), xml in "[<>/a!?&;\\[\\]\"= -]{0,80}") {
        let _ = is(&bytes);
        let _ = read(&bytes, &mut Kept::default());
        let _ = is(xml.as_bytes());
        let _ = read(xml.as_bytes(), &mut Kept::default());
    }

    #[test]
    fn damaged_files_do(at in 0..700_usize, byte in any::<u8>()) {
        let mut text = ioc(&format!("<Indicator operator=\"AND\">{}</Indicator>", item("is", "Network/DNS", "a&amp;b"))).into_bytes();
        text[at] = byte;
        let _ = is(&text);
        let _ = read(&text, &mut Kept::default());
    }
}
