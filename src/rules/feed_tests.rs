//! A feed is what its events are.

use std::path::Path;

use crate::rules::{IndicatorKind, LoadOptions, Loaded, load};

const ONE: &str = "5c1b3f0e-0000-4000-8000-00000000000a";
const TWO: &str = "5c1b3f0e-0000-4000-8000-00000000000b";
const GONE: &str = "5c1b3f0e-0000-4000-8000-00000000000c";
const BAD: &str = "5c1b3f0e-0000-4000-8000-00000000000d";

fn event(info: &str, attributes: &str) -> String {
    format!(
        r#"{{"Event":{{"info":"{info}","date":"2026-01-02","Orgc":{{"name":"Lab"}},"Attribute":[{attributes}]}}}}"#
    )
}

fn feed(folder: &Path) {
    let entry =
        |uuid: &str| format!(r#""{uuid}":{{"info":"x","Orgc":{{"name":"Lab"}},"timestamp":"1"}}"#);
    let manifest = [ONE, TWO, GONE, BAD].map(entry).join(",\n");
    let write = |name: &str, text: &str| std::fs::write(folder.join(name), text).unwrap();
    write("manifest.json", &format!("{{{manifest}}}"));
    let one = r#"{"type":"domain","value":"one.example","to_ids":true},{"type":"md5","value":"d41d8cd98f00b204e9800998ecf8427e","to_ids":true}"#;
    write(&format!("{ONE}.json"), &event("First", one));
    let two = r#"{"type":"ip-dst","value":"192.0.2.1","to_ids":true},{"type":"domain","value":"google.com","to_ids":true}"#;
    write(&format!("{TWO}.json"), &event("Second", two));
    write(&format!("{BAD}.json"), "{\"Event\": [");
    write(
        "hashes.csv",
        &format!("d41d8cd98f00b204e9800998ecf8427e,{ONE}\n"),
    );
}

fn loaded(path: &Path) -> Loaded {
    load(&LoadOptions {
        rules: vec![path.to_owned()],
        ..LoadOptions::default()
    })
    .unwrap()
}

#[test]
fn a_manifest_stands_for_its_events() {
    let folder = tempfile::tempdir().unwrap();
    feed(folder.path());
    // The folder is the same: the events do not count a second time.
    for path in [
        folder.path().join("manifest.json"),
        folder.path().to_owned(),
    ] {
        let loaded = loaded(&path);
        let rules = &loaded.rules;
        let pack = rules.packs().next().unwrap();
        assert_eq!(rules.packs().count(), 1);
        assert_eq!((pack.format, pack.domains), ("misp-feed", 1));
        assert_eq!(pack.others, [(IndicatorKind::Address, 1)]);
        assert_eq!(pack.aside, [("file hashes", 1)]);
        assert_eq!(pack.refused, 3);
        let one = rules
            .indicator(rules.named("one.example").unwrap())
            .unwrap();
        let sources: Vec<&str> = one.sources.iter().map(|s| s.title.as_str()).collect();
        assert_eq!(sources[0], format!("Lab: First ({ONE}.json)"));
        let problems: Vec<String> = loaded.problems.iter().map(ToString::to_string).collect();
        for (problem, pieces) in problems.iter().zip([
            [":2: ", "google.com", "[popular]"],
            [":3: ", GONE, "cannot read it"],
            [":4: ", BAD, ""],
        ]) {
            for piece in pieces {
                assert!(problem.contains(piece), "no {piece:?} in {problem}");
            }
        }
        assert_eq!(problems.len(), 3);
    }
}
