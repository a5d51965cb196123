//! Each format is told from all others by how its files begin.

use crate::rules::format::{adblock, dataset, dnsmasq, rpz, suricata, unbound};

/// Files of formats, the ones that are told here and others.
const FILES: &[(&str, &str)] = &[
    (
        "dnsmasq",
        "# Title: x\naddress=/evil.example/0.0.0.0\nserver=/bad.example/\n",
    ),
    (
        "dnsmasq",
        "no-resolv\ncache-size=1000\nlocal=/evil.example/\nbroken line\naddress=/a.example/#\n",
    ),
    (
        "unbound",
        "server:\n  local-zone: \"evil.example\" always_nxdomain\n",
    ),
    (
        "unbound",
        "# x\nlocal-data: \"evil.example A 0.0.0.0\"\nlocal-data: \"a.example A 0.0.0.0\"\n",
    ),
    (
        "rpz",
        "$TTL 60\n@ IN SOA localhost. root.localhost. (\n 1 2 3 ; four\n 4 5 )\n  IN NS localhost.\nevil.example CNAME .\n",
    ),
    (
        "rpz",
        "; fragment\nevil.example CNAME .\n*.evil.example CNAME .\n",
    ),
    ("adblock", "[Adblock Plus 2.0]\nevil.example\nbad.example\n"),
    ("adblock", "! Title: Names\nevil.example\nbad.example\n"),
    (
        "adblock",
        "# for name servers\n||evil.example^\n||bad.example^\n",
    ),
    (
        "suricata",
        "# x\nalert dns any any -> any any (msg:\"x\"; dns.query; content:\"evil.example\"; sid:1;)\n",
    ),
    (
        "suricata",
        "#alert tcp any any -> any any (msg:\"x\"; sid:1;)\nalert tcp any any -> any any \\\n (msg:\"x\"; \\\n sid:1;)\n",
    ),
    ("dataset", "ZXZpbC5leGFtcGxl\nYmFkLmV4YW1wbGU=\n"),
    ("dataset", "ZXZpbC5leGFtcGxl,10\n\nYmFkLmV4YW1wbGU,0\n"),
    (
        "yaml",
        "bellerophon: 1\npack: x\ngroups:\n  - domains:\n      - evil.example\n",
    ),
    (
        "yaml",
        "# x\nbellerophon: 1\nlocal-zone: x\nlocal-data: x\n",
    ),
    (
        "stix",
        "{\"type\": \"bundle\", \"id\": \"bundle--1\",\n\"objects\": [{\"type\": \"indicator\", \"pattern\": \"[domain-name:value='evil.example']\"}]}\n",
    ),
    (
        "misp",
        "{\"Event\": {\"info\": \"x\", \"Attribute\": [{\"type\": \"domain\", \"value\": \"evil.example\"}]}}\n",
    ),
    (
        "manifest",
        "{\"5f1\": {\"info\": \"x\", \"Orgc\": {\"name\": \"y\"}, \"date\": \"2021-01-01\"}}\n",
    ),
    (
        "warninglist",
        "{\"name\": \"x\", \"type\": \"hostname\", \"list\": [\"evil.example\"]}\n",
    ),
    ("taxii", "{\"more\": false, \"objects\": []}\n"),
    (
        "csv",
        "indicator,type,date\nevil.example,domain,2021-07-18\nbad.example,domain,2021-07-18\n",
    ),
    (
        "tsv",
        "name\tgeneration\taddresses\nevil.example\tv4\t192.0.2.1\na.example\tA\t192.0.2.1\n",
    ),
    ("plain", "# x\nevil.example\nbad.example\n192.0.2.1\n"),
    ("plain", "evil.example\n"),
    ("plain", "evil\nsettings\nabcdefgh\nabcd,1\n"),
    ("plain", "d41d8cd98f00b204e9800998ecf8427e\n"),
    (
        "plain",
        "## Heading\n##Heading\nevil.example\n*.bad.example\n||c.example^\nd.example\n",
    ),
    (
        "plain",
        "http://evil.example/a?address=/x/\nhttps://bad.example/server=1\n",
    ),
    (
        "hosts",
        "# x\n127.0.0.1 localhost\n::1 localhost\n0.0.0.0 evil.example bad.example\n",
    ),
    (
        "zeek",
        "#fields\tindicator\tindicator_type\tmeta.source\nevil.example\tIntel::DOMAIN\tx\n",
    ),
    (
        "openioc",
        "<?xml version=\"1.0\"?>\n<ioc id=\"1\">\n<Indicator operator=\"OR\">\n<Content type=\"string\">evil.example</Content>\n</Indicator></ioc>\n",
    ),
    (
        "maltrail",
        "# Copyright (c) x\n# Reference: https://lab.example/report\n\nevil.example\n192.0.2.1:443\n/gate.php\n",
    ),
    ("empty", ""),
    ("empty", "\n\n# only a remark\n"),
    ("noise", "\0\0\0\u{1}\n\0"),
];

#[test]
fn every_file_is_in_one_format() {
    type Is = fn(&[u8]) -> bool;
    let formats: [(&str, Is); 6] = [
        ("dnsmasq", dnsmasq::is),
        ("unbound", unbound::is),
        ("rpz", rpz::is),
        ("adblock", adblock::is),
        ("suricata", suricata::is),
        ("dataset", dataset::is),
    ];
    for (format, is) in formats {
        for (of, file) in FILES {
            assert_eq!(is(file.as_bytes()), format == *of, "{format}: {file}");
            let marked = [b"\xef\xbb\xbf", file.replace('\n', "\r\n").as_bytes()].concat();
            assert_eq!(is(&marked), format == *of, "{format}, from Windows: {file}");
        }
        assert!(!is(b"\xff\xfe\xff\n\xff"), "{format}");
        assert!(!is(&[b'a'; 65_536]), "{format}");
    }
}
