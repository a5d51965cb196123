use super::*;

#[test]
fn terms_are_known() {
    for (search, want) in [
        ("Network/DNS", Term::Host),
        ("DnsEntryItem/RecordName", Term::Host),
        ("dnsentryitem/host", Term::Host),
        ("UrlHistoryItem/HostName", Term::Host),
        ("dnsLookupEvent/hostname", Term::Host),
        ("PortItem/remoteIP", Term::Address),
        ("RouteEntryItem/Destination", Term::Address),
        ("DnsEntryItem/RecordData/IPv4Address", Term::Address),
        ("ipv4NetworkEvent/remoteIP", Term::Address),
        ("Network/URI", Term::Url),
        ("UrlHistoryItem/URL", Term::Url),
        ("FileDownloadHistoryItem/SourceURL", Term::Url),
        ("Network/UserAgent", Term::Aside("HTTP headers")),
        ("FileItem/Md5sum", Term::Aside("file hashes")),
        ("ServiceItem/serviceDLLmd5sum", Term::Aside("file hashes")),
        ("FileItem/FileName", Term::Aside("properties of files")),
        ("RegistryItem/Path", Term::Aside("registry keys")),
        ("Email/From", Term::Aside("e-mail addresses")),
        ("Email/Subject", Term::Aside("properties of e-mails")),
        (
            "SystemInfoItem/HostName",
            Term::Aside("conditions that no network shows"),
        ),
        (
            "ArpEntryItem/IPv4Address",
            Term::Aside("conditions that no network shows"),
        ),
        ("", Term::Aside("conditions that no network shows")),
    ] {
        assert_eq!(term(search), want, "{search}");
    }
}

#[test]
fn conditions_are_understood() {
    use Condition::{Contains, EndsWith, Is, Matches, Not, StartsWith};
    use Meaning::{Aside, Entry, FrontPage};
    let short = Aside("parts of names that are too short or too common");
    let no_host = Aside("parts of URLs without a host");
    for (term, condition, content, want) in [
        (
            Term::Host,
            Is,
            "evil.example",
            Entry(Kind::Domain, "evil.example"),
        ),
        (Term::Host, Is, "odd", Entry(Kind::Domain, "odd")),
        (
            Term::Host,
            Is,
            "192.0.2.1",
            Entry(Kind::Address, "192.0.2.1"),
        ),
        (
            Term::Host,
            Contains,
            "evil.example",
            Entry(Kind::Domain, "evil.example"),
        ),
        (
            Term::Host,
            EndsWith,
            ".evil.example",
            Entry(Kind::Domain, "evil.example"),
        ),
        (
            Term::Host,
            Contains,
            "nightheron",
            Entry(Kind::Keyword, "nightheron"),
        ),
        (Term::Host, Contains, "heron", short.clone()),
        (Term::Host, Contains, "-Update.", short.clone()),
        (Term::Host, Contains, "123456", short.clone()),
        (Term::Host, Contains, "нетнетнет", short),
        (Term::Host, Contains, "a.b/c", Entry(Kind::Domain, "a.b/c")),
        (
            Term::Url,
            Is,
            "http://evil.example?a",
            Entry(Kind::Url, "http://evil.example?a"),
        ),
        (
            Term::Host,
            StartsWith,
            "nightheron",
            Aside("beginnings and ends of names"),
        ),
        (Term::Host, Not, "evil.example", Aside("negated conditions")),
        (Term::Host, Matches, "evil.*", Aside("regular expressions")),
        (
            Term::Address,
            Is,
            "192.0.2.1",
            Entry(Kind::Address, "192.0.2.1"),
        ),
        (
            Term::Address,
            Contains,
            "2001:db8::/32",
            Entry(Kind::Address, "2001:db8::/32"),
        ),
        (
            Term::Address,
            Contains,
            "192.0.2.",
            Aside("parts of addresses"),
        ),
        (
            Term::Url,
            Is,
            "http://evil.example/a",
            Entry(Kind::Url, "http://evil.example/a"),
        ),
        (
            Term::Url,
            Contains,
            "evil.example/a",
            Entry(Kind::Url, "evil.example/a"),
        ),
        (
            Term::Url,
            Contains,
            "u@[2001:db8::1]:80/a",
            Entry(Kind::Url, "u@[2001:db8::1]:80/a"),
        ),
        (
            Term::Url,
            Contains,
            "evil.example",
            Entry(Kind::Domain, "evil.example"),
        ),
        (Term::Url, Is, "evil.example", FrontPage("evil.example")),
        (Term::Url, Contains, "/gate.php", no_host.clone()),
        (Term::Url, Contains, "gate.php", no_host.clone()),
        (Term::Url, Contains, "gate.php?id=", no_host.clone()),
        (Term::Url, Is, "", no_host),
        (Term::Url, EndsWith, "evil.example/a", Aside("ends of URLs")),
    ] {
        assert_eq!(
            meaning(term, condition, content),
            want,
            "{condition:?} {content}"
        );
    }
    assert_eq!(Condition::new("isnot", false), Not);
    assert_eq!(Condition::new("is", true), Not);
    assert_eq!(Condition::new("Begins-With", false), StartsWith);
    assert_eq!(Condition::new("equals", false), Condition::Unknown);
}
