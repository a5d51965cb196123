//! Lists as they are found, with what is odd about them: what is taken, what is left aside, what is refused and why.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::arithmetic_side_effects,
    clippy::panic,
    reason = "it is a test"
)]

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use bellerophon::rules::{IndicatorKind, LoadOptions, Loaded, RulesError, Severity, load};
use tempfile::TempDir;

/// A folder of lists.
struct Lists(TempDir);

impl Lists {
    fn of(files: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            let path = folder.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        Self(folder)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn load(&self, force: &[&str]) -> Result<Loaded, RulesError> {
        load(&LoadOptions {
            rules: vec![self.0.path().to_owned()],
            force: force.iter().map(ToString::to_string).collect(),
            detail: true,
            ..LoadOptions::default()
        })
    }
}

/// What is counted and not told line by line.
const TWICE: &str = "repeated entries";

/// What became of a file, in words: its format and what is taken; what is left aside; defects by line.
fn told(loaded: &Loaded) -> String {
    let mut words = String::new();
    for pack in loaded.rules.packs() {
        let _ = write!(words, "{}: {} names", pack.format, pack.domains);
        for (kind, count) in &pack.others {
            let _ = write!(words, ", {count} {kind:?}");
        }
        let twice = pack.aside.iter().find(|(what, _)| *what == TWICE);
        let _ = writeln!(
            words,
            ", {} twice, {} refused",
            twice.map_or(0, |(_, count)| *count),
            pack.refused
        );
    }
    for aside in &loaded.asides {
        let said = format!("{} {}: {}", aside.line, aside.what, aside.text);
        let _ = writeln!(words, "{}", said.trim_end());
    }
    for problem in &loaded.problems {
        let line = problem.line.unwrap_or_default();
        let _ = writeln!(
            words,
            "{line}! {}",
            problem.what.trim_end_matches(": left out")
        );
    }
    words
}

#[track_caller]
fn becomes(text: &str, wanted: &str) {
    let lists = Lists::of(&[("list.txt", text)]);
    let loaded = lists.load(&[]).unwrap_or_else(|e| panic!("{e}"));
    let told = told(&loaded);
    assert_eq!(told.trim_end(), wanted.trim(), "\n{told}");
    let pack = loaded.rules.packs().next().unwrap();
    let counted: usize = pack.aside.iter().map(|(_, count)| count).sum();
    assert_eq!(counted, loaded.asides.len());
}

#[test]
fn plain_lists() {
    becomes(
        "\u{feff}# Names\r\n\r\na-zq.example\r\nB-ZQ.Example.\r\n*.c-zq.example\n.d-zq.example\n\
         hxxps://e-zq[.]example/x\nf-zq[.]example:8080\nhttp://g-zq.example/\n192.0.2.1\n192.0.2[.]2:443\n\
         [2001:db8::1]:8443\n2001:db8::2\n198.51.100.0/24\nh-zq.example # seen in mails\n\
         i-zq.example, j-zq.example\nme@k-zq.example\n/private/var/tmp/x\n00112233445566778899aabbccddeeff\n\
         t13d1516h2_8daaf6152771_e5627efa2ab1\na-zq.example\nno words here\n10.0.0.1\nlocalhost\n\
         bücher-zq.example\nxn--bcher-zq-65a.example\ngoogle.com\nco.uk\nduckdns.org\nevil.duckdns.org\n\
         a..zq.example\nevil-zq.example/gate.php?id=1\n300.1.1.1\n",
        r#"
plain: 11 names, 5 Address, 2 Url, 1 Ja4, 2 twice, 8 refused
17 e-mail addresses: me@k-zq.example
18 file paths: /private/var/tmp/x
19 file hashes: 00112233445566778899aabbccddeeff
21 repeated entries: a-zq.example
26 repeated entries: xn--bcher-zq-65a.example
22! `no words here` is more than one thing
23! `10.0.0.1` has private addresses, which mean something else on every network [private]
24! `localhost` has no dot: it would match everything below a top-level domain
27! `google.com` is among the 100,000 domains most asked for (Cloudflare Radar, 2026-08-10) [popular]
28! `co.uk` is a public suffix, below which names have owners of their own [public-suffix]
29! `duckdns.org` is a parent of dynamic DNS, below which anyone may have a host [dynamic-dns]
31! `a..zq.example` has an empty label
33! `300.1.1.1` is no IPv4 address
"#,
    );
}

#[test]
fn tables() {
    becomes(
        "type,indicator,first_seen,expires,confidence,reference\n\
         domain,a-zq.example,2024-01-02,2030-01-01,90,https://lab.example/1\n\
         DOMAIN,\"b-zq.example\",,,,\nip,192.0.2.1,,,,\nurl,http://c-zq.example/x,,,,\nsha256,00ff,,,,\n\
         email,me@d-zq.example,,,,\ndomain,google.com,,,,\ndomain,,,,,\nweird,e-zq.example,,,,\n",
        r#"
csv: 3 names, 1 Address, 1 Url, 0 twice, 1 refused
1 headings: type
6 file hashes: 00ff
7 e-mail addresses: me@d-zq.example
9 rows without an indicator: domain
8! `google.com` is among the 100,000 domains most asked for (Cloudflare Radar, 2026-08-10) [popular]
"#,
    );
}

#[test]
fn hosts_files() {
    becomes(
        "# A hosts file\n127.0.0.1 localhost\n::1 localhost ip6-loopback\n0.0.0.0 0.0.0.0\n0.0.0.0 a-zq.example\n\
         127.0.0.1\tb-zq.example c-zq.example # both\n203.0.113.5 d-zq.example\n0.0.0.0 e_zq\nf-zq.example\n\
         0.0.0.0 a-zq.example\n0.0.0.0 google.com\n:: g-zq.example\n",
        r#"
hosts: 4 names, 1 twice, 2 refused
2 entries for the machine itself: localhost
3 entries for the machine itself: localhost
3 entries for the machine itself: ip6-loopback
4 entries for the machine itself: 0.0.0.0
7 address mappings: d-zq.example
8 entries for the machine itself: e_zq
10 repeated entries: a-zq.example
9! `f-zq.example` maps no name
11! `google.com` is among the 100,000 domains most asked for (Cloudflare Radar, 2026-08-10) [popular]
"#,
    );
}

#[test]
fn dnsmasq_files() {
    becomes(
        "# dnsmasq\naddress=/a-zq.example/0.0.0.0\naddress=/b-zq.example/c-zq.example/\nserver=/d-zq.example/\n\
         local=/e-zq.example/\nserver=/f-zq.example/192.0.2.53\naddress=/*.g-zq.example/#\naddress=/com/\n\
         cache-size=1000\nhost-record=h-zq.example,0.0.0.0\naddress=/i-zq.example/203.0.113.5\n\
         bogus-nxdomain=198.51.100.1\nnot an option\n",
        r#"
dnsmasq: 8 names, 0 twice, 2 refused
6 forwarders: /f-zq.example/192.0.2.53
9 options: cache-size=1000
12 addresses of false answers: 198.51.100.1
8! `com` has no dot: it would match everything below a top-level domain
13! `not an option` is no option of dnsmasq
"#,
    );
}

#[test]
fn unbound_files() {
    becomes(
        "server:\n  local-zone: \"a-zq.example\" always_nxdomain\n  local-zone: 'b-zq.example.' redirect\n\
         local-data: \"b-zq.example A 0.0.0.0\"\nlocal-data: \"www.c-zq.example. 60 IN A 0.0.0.0\"\n\
         local-zone: \"d-zq.example\" transparent\nlocal-zone: \"2.0.192.in-addr.arpa\" static\n\
         local-zone: \"e-zq.example\" wrong\nverbosity: 1\nlocal-zone: \"net\" refuse\n",
        r#"
unbound: 3 names, 0 twice, 2 refused
1 options: server:
4 data of zones that are listed: b-zq.example A 0.0.0.0
6 zones that are let through: d-zq.example
7 reverse names: 2.0.192.in-addr.arpa
9 options: verbosity: 1
8! `wrong` is no type of a local zone
10! `net` has no dot: it would match everything below a top-level domain
"#,
    );
}

#[test]
fn policy_zones() {
    becomes(
        "$TTL 1h\n$ORIGIN rpz.lab.example.\n@ SOA ns.lab.example. root.lab.example. (1\n 2 3\n 4 5)\n  NS ns.lab.example.\n\
         a-zq.example CNAME .\n*.a-zq.example CNAME .\n*.b-zq.example IN CNAME *.\nc-zq.example CNAME rpz-passthru.\n\
         d-zq.example A 127.0.0.1\nd-zq.example AAAA ::1\n32.1.2.0.192.rpz-ip CNAME .\n\
         24.0.100.51.198.rpz-ip CNAME rpz-drop.\n32.9.2.0.192.rpz-client-ip CNAME .\n* CNAME .\n\
         google.com CNAME forcesafesearch.google.com.\ne-zq.example CNAME\n99.1.2.0.192.rpz-ip CNAME .\n\
         microsoft.com CNAME .\n",
        r#"
rpz: 3 names, 2 Address, 1 twice, 3 refused
8 repeated entries: a-zq.example
10 entries that are let through: c-zq.example
15 addresses of clients: 32.9.2.0.192.rpz-client-ip
16 rules for every name: *
17 rules for safe search: google.com
18! `e-zq.example.rpz.lab.example` has no data
19! `99.1.2.0.192.rpz-ip` is no address
20! `microsoft.com` is among the 100,000 domains most asked for (Cloudflare Radar, 2026-08-10) [popular]
"#,
    );
}

#[test]
fn filter_lists() {
    becomes(
        "[Adblock Plus 2.0]\n! Title: A list\n||a-zq.example^\n||b-zq.example^$third-party\n@@||c-zq.example^\n\
         ||d-zq.example/x/y\n|https://e-zq.example^\n||*.f-zq.example^\n##.banner\n/ads[0-9]/\n||g-zq.*^\n\
         ||ads.\n||h-zq.example^$domain=i-zq.example\n||192.0.2.1^\nj-zq.example\n||facebook.com^\n",
        r#"
adblock: 5 names, 1 Address, 1 Url, 0 twice, 1 refused
5 exceptions: @@||c-zq.example^
9 page rules: ##.banner
10 regular expressions: /ads[0-9]/
11 wildcards: g-zq.*^
12 address patterns: ads.
13 rules for some pages only: ||h-zq.example^$domain=i-zq.example
16! `facebook.com` is among the 100,000 domains most asked for (Cloudflare Radar, 2026-08-10) [popular]
"#,
    );
}

#[test]
fn rules_of_suricata() {
    becomes(
        "# Rules\n\
         alert dns any any -> any any (msg:\"One\"; dns.query; dotprefix; content:\".a-zq.example\"; endswith; nocase; sid:1;)\n\
         alert tls any any -> any any (msg:\"Two\"; tls.sni; content:\"b-zq.example\"; startswith; endswith; sid:2;)\n\
         #alert dns any any -> any any (msg:\"Off\"; dns.query; content:\"c-zq.example\"; sid:3;)\n\
         alert http any any -> any any (http.host; content:\"d-zq.example\"; endswith; http.uri; content:\"/x\"; startswith; sid:4;)\n\
         alert http any any -> any any (http.host; content:\"e-zq.example\"; http.user_agent; content:\"curl\"; sid:5;)\n\
         alert dns any any -> any any (dns.query; pcre:\"/f-zq/\"; sid:6;)\n\
         alert ip any any -> [192.0.2.1,198.51.100.0/24] any (msg:\"Three\"; sid:7;)\n\
         alert tcp any any -> 10.0.0.1 any (sid:8;)\n\
         alert tcp any any -> any any (content:\"GET\"; sid:9;)\n\
         alert dns any any -> any any (dns.query; content:\"g-zq.example\"; sid:10\n\
         pass dns any any -> any any (dns.query; content:\"h-zq.example\"; sid:11;)\n\
         alert dns any any -> any any (dns.query; dotprefix; content:\".amazonaws.com\"; endswith; sid:12;)\n",
        r#"
suricata: 2 names, 2 Address, 1 Url, 0 twice, 2 refused
4 disabled rules: alert dns any any -> any any (msg:"Off"; dns.query; content:"c-zq.example"; sid:3;)
6 rules that look for more than a name: 5:
7 regular expressions: 6:
9 private addresses: 10.0.0.1
10 rules that look into traffic: 9:
12 pass rules: 11:
11! the rule does not end in `)`
13! `amazonaws.com` is among the 100,000 domains most asked for (Cloudflare Radar, 2026-08-10) [popular]
"#,
    );
}

#[test]
fn data_sets() {
    // `a-zq.example`, `.b-zq.example`, `http://c-zq.example/x`, `nothing`, `google.com`.
    becomes(
        "YS16cS5leGFtcGxl\nLmItenEuZXhhbXBsZQ==\naHR0cDovL2MtenEuZXhhbXBsZS94\nZC16cS5leGFtcGxl,7\nZ29vZ2xlLmNvbQ==\n",
        r#"
dataset: 3 names, 1 Url, 0 twice, 1 refused
5! `google.com` is among the 100,000 domains most asked for (Cloudflare Radar, 2026-08-10) [popular]
"#,
    );
}

#[test]
fn intelligence_of_zeek() {
    becomes(
        "#fields\tindicator\tindicator_type\tmeta.source\tmeta.desc\n\
         a-zq.example\tIntel::DOMAIN\tlab\tOne\n192.0.2.1\tIntel::ADDR\tlab\t-\n198.51.100.0/24\tIntel::SUBNET\tlab\t-\n\
         b-zq.example/x\tIntel::URL\tlab\t-\nc-zq.example\tIntel::URL\tlab\t-\nme@d-zq.example\tIntel::EMAIL\tlab\t-\n\
         00ff\tIntel::FILE_HASH\tlab\t-\ngoogle.com\tIntel::DOMAIN\tlab\t-\ne-zq.example\tDOMAIN\tlab\t-\nf-zq.example\n\
         0123456789abcdef0123456789abcdef01234567\tIntel::CERT_HASH\tlab\t-\n",
        r#"
zeek: 1 names, 2 Address, 2 Url, 1 Certificate, 0 twice, 3 refused
7 e-mail addresses: me@d-zq.example
8 file hashes: 00ff
9! `google.com` is among the 100,000 domains most asked for (Cloudflare Radar, 2026-08-10) [popular]
10! "DOMAIN" is no type of indicator
11! no type of indicator in "f-zq.example"
"#,
    );
}

#[test]
fn trails() {
    becomes(
        "# Copyright (c) 2014-2024 Maltrail developers (https://github.com/stamparm/maltrail/)\n\
         # See the file 'LICENSE' for copying permission\n\n# Reference: https://lab.example/1\n\na-zq.example\n\
         192.0.2.1:8080\nb-zq.example/x\n/gate.php\n?id=\n# c-zq.example\n(d|e)-zq.example\nMozilla/4.0 (old)\n\
         google.com\n10.0.0.1:80\n",
        r#"
maltrail: 1 names, 1 Address, 1 Url, 0 twice, 2 refused
9 URL paths without a host: /gate.php
10 URL queries without a host: ?id=
11 entries that are commented out: c-zq.example
12 patterns of names: (d|e)-zq.example
13 user agents: Mozilla/4.0 (old)
14! `google.com` is among the 100,000 domains most asked for (Cloudflare Radar, 2026-08-10) [popular]
15! `10.0.0.1:80` has private addresses, which mean something else on every network [private]
"#,
    );
}

#[test]
fn bundles_of_stix() {
    becomes(
        r#"{"type":"bundle","id":"bundle--1","objects":[
{"type":"identity","id":"identity--1","name":"Lab"},
{"type":"indicator","id":"indicator--1","pattern":"[domain-name:value = 'a-zq.example' OR domain-name:value = 'b-zq.example']"},
{"type":"indicator","id":"indicator--2","pattern":"[ipv4-addr:value = '192.0.2.1']","valid_until":"2030-01-01T00:00:00Z","confidence":90},
{"type":"indicator","id":"indicator--3","pattern":"[domain-name:value = 'c-zq.example']","revoked":true},
{"type":"indicator","id":"indicator--4","pattern":"[url:value = 'http://d-zq.example/x']"},
{"type":"indicator","id":"indicator--5","pattern":"[file:hashes.'SHA-256' = '00ff']"},
{"type":"indicator","id":"indicator--6","pattern":"[process:name = 'bh']"},
{"type":"indicator","id":"indicator--7","pattern":"[domain-name:value = 'e-zq.example' AND file:name = 'x']"},
{"type":"indicator","id":"indicator--8","pattern":"[domain-name:value LIKE '%zq%']"},
{"type":"indicator","id":"indicator--9","pattern":"[domain-name:value = "},
{"type":"indicator","id":"indicator--10","pattern":"rule x { }","pattern_type":"yara"},
{"type":"indicator","id":"indicator--11","pattern":"[domain-name:value = 'google.com']"},
{"type":"indicator","id":"indicator--12","pattern":"[url:value = 'https://google.com/']"},
{"type":"indicator","id":"indicator--13","pattern":"[email-addr:value = 'me@f-zq.example']"},
{"type":"indicator","id":"indicator--14"},
{"type":"malware","id":"malware--1","name":"Heron","is_family":true}
]}
"#,
        r#"
stix: 3 names, 1 Address, 1 Url, 0 twice, 5 refused
5 revoked entries: [domain-name:value = 'c-zq.example']
7 file hashes: 00ff
8 process names: bh
12 patterns in another language (yara, snort, ...): rule x { }
15 e-mail addresses: me@f-zq.example
10! keyword `zq` is shorter than 4 characters: it would match by chance
11! the pattern `[domain-name:value = ` cannot be read: it ends where a value (`'...'` or a number) is expected
13! `google.com` is among the 100,000 domains most asked for (Cloudflare Radar, 2026-08-10) [popular]
14! `google.com` is among the 100,000 domains most asked for (Cloudflare Radar, 2026-08-10) [popular]
16! an indicator has no pattern
"#,
    );
}

#[test]
fn events_of_misp() {
    becomes(
        r#"{"Event":{"info":"An event","date":"2024-01-02","threat_level_id":"1","Orgc":{"name":"Lab"},"Attribute":[
{"type":"domain","to_ids":true,"value":"a-zq.example"},
{"type":"hostname","to_ids":true,"value":"www.b-zq.example"},
{"type":"domain","to_ids":false,"value":"c-zq.example"},
{"type":"ip-dst|port","to_ids":true,"value":"192.0.2.1|443"},
{"type":"domain|ip","to_ids":true,"value":"d-zq.example|192.0.2.2"},
{"type":"url","to_ids":true,"value":"http://e-zq.example/x"},
{"type":"md5","to_ids":true,"value":"00ff"},
{"type":"domain","to_ids":true,"deleted":true,"value":"f-zq.example"},
{"type":"ip-dst","to_ids":true,"value":"8.8.8.8"},
{"type":"ip-dst","to_ids":true,"value":"192.168.1.1"},
{"type":"domain","to_ids":true},
7
],"Object":[{"name":"domain-ip","Attribute":[
{"type":"domain","object_relation":"domain","to_ids":true,"value":"g-zq.example"}]}]}}
"#,
        r#"
misp: 4 names, 2 Address, 1 Url, 0 twice, 4 refused
4 entries not meant for detection: c-zq.example
8 file hashes: 00ff
9 deleted entries: f-zq.example
10! `8.8.8.8` has 8.8.8.8, a public name server of Google that millions ask [resolver]
11! `192.168.1.1` has private addresses, which mean something else on every network [private]
12! an attribute of type "domain" without a value
13! not an attribute
"#,
    );
}

#[test]
fn indicators_of_compromise_in_xml() {
    becomes(
        "<?xml version=\"1.0\"?>\n<ioc xmlns=\"http://schemas.mandiant.com/2010/ioc\" id=\"x\">\n\
         <short_description>Heron</short_description>\n<definition><Indicator operator=\"OR\">\n\
         <IndicatorItem condition=\"is\"><Context search=\"Network/DNS\"/><Content>a-zq.example</Content></IndicatorItem>\n\
         <IndicatorItem condition=\"contains\"><Context search=\"Network/DNS\"/><Content>.b-zq.example</Content></IndicatorItem>\n\
         <IndicatorItem condition=\"is\"><Context search=\"PortItem/remoteIP\"/><Content>192.0.2.1</Content></IndicatorItem>\n\
         <IndicatorItem condition=\"is\"><Context search=\"FileItem/Md5sum\"/><Content>00ff</Content></IndicatorItem>\n\
         <IndicatorItem condition=\"isnot\"><Context search=\"Network/DNS\"/><Content>c-zq.example</Content></IndicatorItem>\n\
         <IndicatorItem condition=\"is\"><Context search=\"Network/DNS\"/><Content>google.com</Content></IndicatorItem>\n\
         <Indicator operator=\"AND\">\n\
         <IndicatorItem condition=\"is\"><Context search=\"Network/DNS\"/><Content>d-zq.example</Content></IndicatorItem>\n\
         <IndicatorItem condition=\"is\"><Context search=\"FileItem/FileName\"/><Content>x</Content></IndicatorItem>\n\
         </Indicator></Indicator></definition></ioc>\n",
        r#"
openioc: 3 names, 1 Address, 0 twice, 1 refused
8 file hashes: 00ff
9 negated conditions: c-zq.example
13 properties of files: x
10! `google.com` is among the 100,000 domains most asked for (Cloudflare Radar, 2026-08-10) [popular]
"#,
    );
}

/// Every kind of entry that would alarm about innocents, with its reason.
#[test]
fn harmful_entries_are_refused_unless_they_are_forced() {
    const BAD: [(&str, &str); 12] = [
        ("google.com", "[popular]"),
        ("www.google.com", "[popular]"),
        ("co.uk", "[public-suffix]"),
        ("github.io", "[public-suffix]"),
        ("duckdns.org", "[dynamic-dns]"),
        ("bit.ly", "[shortener]"),
        ("192.168.1.1", "[private]"),
        ("127.0.0.1", "[loopback]"),
        ("169.254.0.0/16", "[link-local]"),
        ("8.8.8.8", "[resolver]"),
        ("0.0.0.0/4", "[too-wide]"),
        ("http://192.168.1.1/x", "[private]"),
    ];
    let mut text = String::from("good-zq.example\n");
    for (entry, _) in BAD {
        let _ = writeln!(text, "{entry}");
    }
    text += "a..b.example\nnodot\n-\n";
    let lists = Lists::of(&[("l.txt", &text)]);
    let loaded = lists.load(&[]).unwrap();
    for (number, (entry, reason)) in BAD.iter().enumerate() {
        let line = Some(number + 2);
        let problem = loaded
            .problems
            .iter()
            .find(|p| p.line == line)
            .unwrap_or_else(|| panic!("{entry}"));
        assert!(problem.what.contains(reason), "{problem}");
        let harmless = entry.trim_start_matches("http://").trim_end_matches("/x");
        assert!(
            problem.fix.contains(&format!("--force-entry {harmless}")),
            "{problem}"
        );
    }
    assert_eq!(loaded.rules.len(), 1);
    // Invalid ones stay out whatever is asked for.
    let all: Vec<&str> = BAD
        .iter()
        .map(|(entry, _)| *entry)
        .chain(["nodot", "a..b.example"])
        .collect();
    let forced = lists.load(&all).unwrap();
    assert_eq!(
        forced
            .problems
            .iter()
            .map(|p| p.line.unwrap())
            .collect::<Vec<_>>(),
        [14, 15, 16]
    );
    assert!(forced.rules.match_name(b"mail.google.com").is_some());
    assert!(
        forced
            .rules
            .match_address("127.0.0.1".parse().unwrap(), 1)
            .is_some()
    );
    // In our own format an entry says so itself.
    let own = Lists::of(&[(
        "l.yaml",
        "bellerophon: 1\npack: p\ngroups:\n  - domains:\n    - {name: google.com, force: true}\n    - bing.com\n",
    )]);
    let loaded = own.load(&[]).unwrap();
    assert_eq!(loaded.rules.len(), 1);
    assert_eq!(loaded.problems[0].line, Some(6));
}

/// A URL of a popular site counts, unless it is the whole site.
#[test]
fn urls_of_popular_sites_count_without_their_hosts() {
    let lists = Lists::of(&[(
        "l.intel",
        "#fields\tindicator\tindicator_type\ngoogle.com/evil\tIntel::URL\nfacebook.com/\tIntel::URL\n\
         http://8.8.8.8/\tIntel::URL\n",
    )]);
    let loaded = lists.load(&[]).unwrap();
    let rules = &loaded.rules;
    assert!(rules.match_url(b"google.com", b"/evil/x").is_some());
    assert!(rules.match_url(b"google.com", b"/").is_none());
    assert!(rules.match_name(b"google.com").is_none());
    assert!(rules.match_url(b"facebook.com", b"/me").is_none());
    assert!(
        rules
            .match_address("8.8.8.8".parse().unwrap(), 53)
            .is_none()
    );
    assert_eq!(
        loaded
            .problems
            .iter()
            .map(|p| p.line.unwrap())
            .collect::<Vec<_>>(),
        [3, 4]
    );
    let forced = lists.load(&["facebook.com"]).unwrap();
    assert!(forced.rules.match_url(b"facebook.com", b"/me").is_some());
}

/// A list that cannot be used does not take the others away.
#[test]
fn a_bad_list_is_told_and_the_others_count() {
    let lists = Lists::of(&[
        ("a.txt", "good-zq.example\n"),
        ("b.txt", "all\nwords\nhere\n"),
    ]);
    let loaded = lists.load(&[]).unwrap();
    assert!(loaded.rules.match_name(b"good-zq.example").is_some());
    assert_eq!(loaded.problems.len(), 1);
    assert!(loaded.problems[0].file.ends_with("b.txt"));
}

/// What several lists have expires when the last of them does, and keeps what any of them says.
#[test]
fn lists_that_share_an_entry_complete_each_other() {
    let old = "domain,valid_until,threat,tags\nevil-zq.example,2020-01-01,,one\n";
    let new = "domain,threat,tags\nevil-zq.example,Night Heron,two\n";
    for files in [
        [("a.csv", old), ("b.csv", new)],
        [("a.csv", new), ("b.csv", old)],
    ] {
        let loaded = Lists::of(&files).load(&[]).unwrap();
        let hit = loaded.rules.match_name(b"evil-zq.example").unwrap();
        let indicator = loaded.rules.indicator(hit.indicator).unwrap();
        assert_eq!(indicator.expires, None);
        assert_eq!(indicator.threat.as_deref(), Some("Night Heron"));
        assert_eq!(indicator.tags.len(), 2);
    }
}

/// An end that is no date is told, and the entry counts.
#[test]
fn an_end_that_is_no_date_is_told() {
    let text = "domain,valid_until\nevil-zq.example,31/12/2030\nother-zq.example,2030-12-31\n";
    let loaded = Lists::of(&[("a.csv", text)]).load(&[]).unwrap();
    assert_eq!(loaded.rules.len(), 2);
    assert_eq!(loaded.problems.len(), 1);
    let problem = &loaded.problems[0];
    assert_eq!(problem.line, Some(2));
    assert!(problem.what.contains("`31/12/2030` is no date"));
}

/// A path behind what is called a domain: a URL, whatever the list calls it.
#[test]
fn urls_among_names_are_urls() {
    let bundle = "{\"type\":\"bundle\",\"id\":\"bundle--1\",\"objects\":[{\"type\":\"indicator\",\
                  \"id\":\"indicator--1\",\"pattern\":\"[domain-name:value='evil-zq.example/x']\"}]}";
    for text in [
        bundle,
        "domain,seen\nevil-zq.example/x,2024-01-02\n",
        "evil-zq.example/x\n",
    ] {
        let loaded = Lists::of(&[("l.json", text)]).load(&[]).unwrap();
        assert_eq!(loaded.problems, []);
        assert!(
            loaded.rules.match_name(b"evil-zq.example").is_some(),
            "{text}"
        );
        assert!(
            loaded.rules.match_name(b"www.evil-zq.example").is_none(),
            "{text}"
        );
        assert!(
            loaded.rules.match_url(b"evil-zq.example", b"/x").is_some(),
            "{text}"
        );
    }
}

/// What several lists have is one indicator with the sources of all.
#[test]
fn what_several_lists_have_is_merged() {
    let lists = Lists::of(&[
        (
            "a.txt",
            "evil-zq.example\n192.0.2.1\nhttp://u-zq.example/x\nwww.evil-zq.example\n198.51.100.0/24\n",
        ),
        ("b.hosts", "0.0.0.0 EVIL-zq.example\n"),
        (
            "c.intel",
            "#fields\tindicator\tindicator_type\tmeta.source\nevil-zq.example\tIntel::DOMAIN\tlab\n\
             192.0.2.1\tIntel::ADDR\tlab\nu-zq.example/x\tIntel::URL\tlab\n198.51.100.0/24\tIntel::SUBNET\tlab\n",
        ),
        (
            "d.rpz",
            "$TTL 1\n@ SOA a. b. 1 2 3 4 5\nevil-zq.example CNAME .\n",
        ),
        ("e.csv", "url,seen\nhttps://u-zq.example/x,2024-01-02\n"),
    ]);
    let Loaded {
        rules, problems, ..
    } = lists.load(&[]).unwrap();
    let names: Vec<&str> = rules.packs().map(|pack| pack.name.as_str()).collect();
    assert_eq!(names, ["a", "b", "c", "d", "e"]);
    let of = |hit: Option<bellerophon::rules::Hit>| {
        let found = rules.indicator(hit.unwrap().indicator).unwrap();
        let mut lists: Vec<String> = found
            .sources
            .iter()
            .map(|source| source.id.clone())
            .collect();
        lists.sort();
        (found.name.to_owned(), lists.join(" "))
    };
    let name = of(rules.match_name(b"x.evil-zq.example"));
    assert_eq!(
        name,
        ("evil-zq.example".into(), "a b c d lab".into()),
        "{problems:#?}"
    );
    let name = of(rules.match_name(b"x.www.evil-zq.example"));
    assert_eq!(name, ("www.evil-zq.example".into(), "a".into()));
    let address = of(rules.match_address("192.0.2.1".parse().unwrap(), 1));
    assert_eq!(address, ("192.0.2.1".into(), "a c lab".into()));
    let network = of(rules.match_address("198.51.100.99".parse().unwrap(), 1));
    assert_eq!(network, ("198.51.100.0/24".into(), "a c lab".into()));
    let url = of(rules.match_url(b"u-zq.example", b"/x?y"));
    assert_eq!(url, ("http://u-zq.example/x".into(), "a c e lab".into()));
    let host = of(rules.match_name(b"u-zq.example"));
    assert_eq!(host, ("u-zq.example".into(), "a c e lab".into()));
    assert_eq!(rules.count(IndicatorKind::Url), 1);
    assert_eq!(rules.count(IndicatorKind::Address), 2);
}

#[test]
fn names_in_other_scripts_match_in_either_form() {
    for text in [
        "bücher-zq.example\n",
        "BÜCHER-zq.example\n",
        "xn--bcher-zq-65a.example\n",
        "0.0.0.0 bücher-zq.example\n",
        "||bücher-zq.example^\n",
        "address=/bücher-zq.example/\n",
    ] {
        let lists = Lists::of(&[("l.txt", text)]);
        let loaded = lists.load(&[]).unwrap();
        assert_eq!(loaded.problems, [], "{text}");
        let found = loaded.rules.match_name(b"www.xn--bcher-zq-65a.example");
        assert!(
            found.is_some(),
            "{text}: {:?}",
            loaded
                .rules
                .names()
                .map(|(_, i)| i.name)
                .collect::<Vec<_>>()
        );
    }
}

#[test]
fn what_lists_say_about_entries_is_kept() {
    let lists = Lists::of(&[
        (
            "a.csv",
            "domain,first_seen,expires,confidence,severity,tags,reference,description\n\
             a-zq.example,2024-01-02,2030-01-31,medium,low,\"x,y\",https://lab.example/1,A remark\n",
        ),
        (
            "b.json",
            "{\"type\":\"bundle\",\"id\":\"bundle--1\",\"objects\":[{\"type\":\"indicator\",\"id\":\"indicator--1\",\
             \"valid_from\":\"2024-01-02T00:00:00Z\",\"valid_until\":\"2030-01-31T00:00:00Z\",\"confidence\":55,\
             \"labels\":[\"x\"],\"pattern\":\"[domain-name:value = 'b-zq.example']\",\
             \"external_references\":[{\"source_name\":\"lab\",\"url\":\"https://lab.example/1\"}]}]}",
        ),
        (
            "c.yaml",
            "bellerophon: 1\npack: c\ngroups:\n  - expires: 2030-01-31\n    severity: low\n    confidence: medium\n    \
             first_published: 2024-01-02\n    tags: [x]\n    references: [\"https://lab.example/1\"]\n    domains: [c-zq.example]\n",
        ),
    ]);
    let Loaded {
        rules, problems, ..
    } = lists.load(&[]).unwrap();
    assert_eq!(problems, []);
    for name in ["a-zq.example", "b-zq.example", "c-zq.example"] {
        let found = rules.indicator(rules.named(name).unwrap()).unwrap();
        assert_eq!(
            found.first_published.as_deref(),
            Some("2024-01-02"),
            "{name}"
        );
        assert!(
            found
                .expires
                .as_deref()
                .is_some_and(|day| day.starts_with("2030-01-3")),
            "{name} {:?}",
            found.expires
        );
        assert_eq!(format!("{:?}", found.confidence), "Medium", "{name}");
        assert!(
            found.tags.iter().any(|tag| tag == "x"),
            "{name} {:?}",
            found.tags
        );
        assert_eq!(
            *found.references,
            ["https://lab.example/1".to_owned()],
            "{name}"
        );
        if name != "b-zq.example" {
            assert_eq!(found.severity, Severity::Low, "{name}");
        }
    }
}

#[test]
fn packs_are_named_after_their_files() {
    let lists = Lists::of(&[
        ("Bad Domains (2024).txt", "a-zq.example\n"),
        ("bad-domains-2024.csv", "domain,x\nb-zq.example,1\n"),
        ("ünï.txt", "c-zq.example\n"),
        (".#bad.yaml", "what an editor keeps"),
        ("._bad.txt", "\0\0"),
        ("bad.txt~", "d-zq.example\n"),
        ("README.txt", "A text about these lists."),
        ("notes.md", "not a list\n"),
        ("program.exe", "e-zq.example\n"),
        ("deeper/f.txt", "f-zq.example\n"),
    ]);
    let Loaded {
        rules, problems, ..
    } = lists.load(&[]).unwrap();
    let names: Vec<&str> = rules.packs().map(|pack| pack.name.as_str()).collect();
    assert_eq!(names.len(), 3, "{names:?}");
    assert_eq!((names[0], names[2]), ("bad-domains-2024", "n"));
    assert!(
        names[1].ends_with("bad-domains-2024") && names[1] != names[0],
        "{names:?}"
    );
    let said: Vec<String> = problems.iter().map(ToString::to_string).collect();
    assert_eq!(said.len(), 2, "{said:#?}");
    let named = load(&LoadOptions {
        rules: vec![lists.path("program.exe"), lists.path("deeper")],
        ..LoadOptions::default()
    })
    .unwrap();
    assert_eq!(named.rules.len(), 2);
}

#[test]
fn what_lists_innocents_is_refused_as_a_whole() {
    for (text, said) in [
        (
            "{\"name\":\"Top 1000\",\"type\":\"hostname\",\"version\":1,\"list\":[\"a.example\",\"b.example\"],\"matching_attributes\":[\"domain\"]}",
            "a MISP warning list (Top 1000)",
        ),
        (
            "# Copyright (c) 2014-2024 Maltrail developers\n\nlocalhost\na.example\n",
            "trusts",
        ),
        (
            "backupd\ncommsd\nmobileassetd\nroleaccountd\n",
            "in no format that is known",
        ),
    ] {
        let lists = Lists::of(&[("list", text)]);
        let error = load(&LoadOptions {
            rules: vec![lists.path("list")],
            ..LoadOptions::default()
        })
        .unwrap_err();
        assert!(error.to_string().contains(said), "{error}");
    }
}

/// What was fetched and holds nothing takes no list's place, and is told as a file is.
#[test]
fn a_list_that_holds_nothing_is_told_before_it_is_used() {
    for (text, said) in [("", "the file is empty"), ("# nothing\n", "holds no entry")] {
        let error = bellerophon::rules::inspect(Path::new("l.txt"), text.as_bytes()).unwrap_err();
        assert!(error.to_string().contains(said), "{error}");
    }
}
