//! `rules`: lists are judged, listed, shown, compared and converted.

use serde_json::Value;

use crate::harness::{Folder, Ran, run, run_line};

const OWN: &str = "bellerophon: 1\npack: own\ntitle: Ours\nupdated: 2020-01-01\ngroups:\n  \
                   - severity: low\n    domains: [evil.example, amazing.lab]\n    addresses: [192.0.2.1]\n  \
                   - expires: 2020-01-01\n    domains: [old.example, www.evil.example]\n";

fn json(ran: &Ran) -> Value {
    let lines = ran.json();
    assert_eq!(lines.len(), 1, "{}", ran.stdout);
    lines[0].clone()
}

#[test]
fn check_says_what_becomes_of_every_list() {
    let folder = Folder::new();
    let own = folder.file("own.yaml", OWN);
    let list = folder.file(
        "list.txt",
        "evil.example\ngoogle.com\nme@mail.example\nlast.example\n",
    );
    let ran = run(["rules", "check", &own, &list, "absent.txt"]).exits(2);
    for piece in [
        &format!("{own}: bellerophon, 4 names, 1 address"),
        "updated on 2020-01-01, ",
        "2 entries have expired",
        "line 7: `amazing.lab` ends in `lab`",
        "1 entry is covered by another of the list: www.evil.example by evil.example",
        &format!("{list}: plain, 2 names"),
        "aside    e-mail addresses: 1",
        "line 2: `google.com` is among",
        "error: absent.txt: cannot read it",
        "1 entry is in several of the lists",
        "2 lists: 2 errors, 3 warnings",
    ] {
        assert!(ran.stdout.contains(piece), "no {piece:?} in {}", ran.stdout);
    }
    let ran = run(["rules", "check", "-v", &own, &list]).exits(2);
    for piece in [
        "aside    line 3: e-mail addresses: me@mail.example",
        "name evil.example: ",
    ] {
        assert!(ran.stdout.contains(piece), "no {piece:?} in {}", ran.stdout);
    }
}

#[test]
fn the_exit_status_of_check_is_that_of_the_worst() {
    let folder = Folder::new();
    let good = folder.file("good.txt", "evil.com\n");
    let odd = folder.file("odd.txt", "amazing.lab\n");
    let bad = folder.file("bad.txt", "google.com\nevil.com\n");
    run(["rules", "check", &good]).exits(0).says_nothing();
    run(["rules", "check", &good, "--strict"]).exits(0);
    run(["rules", "check", &odd]).exits(0);
    run(["rules", "check", &odd, "--strict"]).exits(1);
    run(["rules", "check", &bad]).exits(2);
    run(["rules", "check", &bad, "--force-entry", "google.com"]).exits(0);
    run(["rules", "check", &good, "--format", "stix"]).exits(2);
    let ran = run(["rules", "check", &good, "--format", "stixx"]).exits(2);
    assert!(
        ran.stdout.contains("did you mean `stix`?"),
        "{}",
        ran.stdout
    );
}

#[test]
fn check_tells_machines_the_same() {
    let folder = Folder::new();
    let own = folder.file("own.yaml", OWN);
    let list = folder.file("list.txt", "evil.example\ngoogle.com\nme@mail.example\n");
    let told = json(&run(["rules", "check", "--json", &own, &list]).exits(2));
    let files = told["files"].as_array().unwrap();
    assert_eq!(files.len(), 2);
    assert_eq!(files[0]["taken"]["name"], 4);
    assert_eq!(files[0]["expired"], 2);
    assert_eq!(files[0]["old"], true);
    assert_eq!(files[0]["unknown_tld"]["names"][0]["name"], "amazing.lab");
    assert_eq!(files[1]["format"], "plain");
    assert_eq!(files[1]["aside"][0]["count"], 1);
    assert_eq!(files[1]["refused"], 1);
    assert_eq!(files[1]["problems"][0]["level"], "error");
    assert_eq!(files[1]["problems"][0]["line"], 2);
    assert_eq!(told["overlaps"]["count"], 1);
    assert_eq!(told["errors"], 1);
    let told = json(&run(["rules", "check", "--json", "-v", &own, &list]).exits(2));
    assert_eq!(told["files"][1]["asides"][0]["text"], "me@mail.example");
    assert_eq!(told["overlaps"]["entries"][0]["indicator"], "evil.example");
}

#[test]
fn nothing_from_a_list_steers_the_terminal() {
    let folder = Folder::new();
    let list = folder.file("list.txt", "ev\u{1b}[2Jil.example\nevil.example\n\u{9b}x\n");
    for arguments in [
        vec!["rules", "check", "-v", &list],
        vec!["rules", "list", "--rules", &list],
        vec![
            "rules",
            "show",
            "list",
            "a\u{1b}[2J.example",
            "--rules",
            &list,
        ],
        vec!["rules", "import", &list, "-o", "-"],
        vec!["lookup", "--rules", &list, "a\u{1b}[2J.example"],
    ] {
        let ran = run(arguments);
        assert!(
            !ran.stdout.contains(['\u{1b}', '\u{9b}']),
            "{:?}",
            ran.stdout
        );
        assert!(
            !ran.stderr.contains(['\u{1b}', '\u{9b}']),
            "{:?}",
            ran.stderr
        );
    }
}

#[test]
fn list_has_all_packs_and_says_which_are_used() {
    let folder = Folder::new();
    let own = folder.file("own.yaml", OWN);
    let ran = run_line("rules list").exits(0).says_nothing();
    assert!(ran.stdout.contains("* pegasus "), "{}", ran.stdout);
    assert!(ran.stdout.contains("  predator "), "{}", ran.stdout);
    assert!(ran.stdout.contains("1,444 names"), "{}", ran.stdout);
    let told = json(&run(["rules", "list", "--json", "--rules", &own]).exits(0));
    let used: Vec<&str> = told["packs"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|pack| pack["in_use"] == true)
        .map(|pack| pack["pack"].as_str().unwrap())
        .collect();
    assert_eq!(used, ["own"]);
    assert_eq!(told["packs"][0]["indicators"]["address"], 1);
    assert_eq!(told["packs"][0]["updated"], "2020-01-01");
    let ran = run(["rules", "list", "--entries", "--rules", &own]).exits(0);
    assert_eq!(
        ran.stdout,
        "name\tsuffix\tevil.example\town\nname\tsuffix\tamazing.lab\town\nname\tsuffix\told.example\town\n\
         name\tsuffix\twww.evil.example\town\naddress\texact\t192.0.2.1\town\n"
    );
    let lines = run(["rules", "list", "--entries", "--json", "--rules", &own]).json();
    assert_eq!(lines.len(), 5);
    assert_eq!(lines[2]["expires"], "2020-01-01");
}

#[test]
fn show_knows_packs_and_indicators() {
    let ran = run_line("rules show predator banca-movil.com 2y4nothing.xyz").exits(0);
    for piece in [
        "pack predator: Cytrox / Intellexa Predator",
        "  vendor    Intellexa",
        "  in use    not with these flags",
        "banca-movil.com: match, exact",
        "149.255.36.138 on 2018-08-01",
        "2y4nothing.xyz: match, exact",
    ] {
        assert!(ran.stdout.contains(piece), "no {piece:?} in {}", ran.stdout);
    }
    run_line("rules show example.com").exits(1);
    run_line("rules show pegasus a@b")
        .exits(2)
        .says(&["mail address"]);
    let lines = run_line("rules show --json candiru banca-movil.com")
        .exits(0)
        .json();
    assert_eq!(lines[0]["indicators"]["name"], 125);
    assert!(lines[0]["sources"].is_array());
    assert_eq!(lines[1]["generation"], "v2+v3");
}

#[test]
fn diff_says_what_changed() {
    let folder = Folder::new();
    let old = folder.file("old.yaml", OWN);
    let changed = OWN
        .replace("severity: low", "severity: high")
        .replace("old.example", "new.example");
    let new = folder.file("new.yaml", changed);
    run(["rules", "diff", &old, &old]).exits(0);
    let ran = run(["rules", "diff", &old, &new]).exits(1).says_nothing();
    assert_eq!(
        ran.stdout,
        "5 indicators before, 5 indicators now\n\
         own: 1 name added, 1 name removed, 2 names changed\n\
         own: 1 address changed\n\n\
         + name new.example (own)\n- name old.example (own)\n\
         ~ name amazing.lab (own): severity low -> high\n\
         ~ name evil.example (own): severity low -> high\n\
         ~ address 192.0.2.1 (own): severity low -> high\n"
    );
    let told = json(&run(["rules", "diff", "--json", &old, &new]).exits(1));
    assert_eq!(told["same"], false);
    assert_eq!(told["added"][0]["indicator"], "new.example");
    assert_eq!(told["removed"][0]["indicator"], "old.example");
    assert_eq!(told["changed"][0]["changes"]["severity"]["new"], "high");
    assert_eq!(
        json(&run(["rules", "diff", "--json", &old, &old]).exits(0))["same"],
        true
    );
    run(["rules", "diff", &old, "absent"])
        .exits(2)
        .says(&["absent"]);
    // A list by another name is the same list.
    let one = folder.file("one.txt", "a.example\n");
    let two = folder.file("two.txt", "# again\na.example\n");
    run(["rules", "diff", &one, &two]).exits(0);
}

#[test]
fn import_makes_a_rule_file_that_says_the_same() {
    let folder = Folder::new();
    let own = folder.file("own.yaml", OWN);
    let table = folder.file(
        "t.csv",
        "n,host,source\n1,a.example,b.example\n2,google.com,c.example\n",
    );
    let out = folder.path().join("out.yaml");
    let out = out.to_str().unwrap();
    let ran = run(["rules", "import", &own, "-o", out, "--title", "T"]).exits(0);
    assert!(
        ran.stdout.contains("out.yaml: 4 names, 1 address"),
        "{}",
        ran.stdout
    );
    run(["rules", "diff", &own, out]).exits(0);
    let text = std::fs::read_to_string(out).unwrap();
    assert!(text.contains("pack: \"out\"\ntitle: \"T\"\n"), "{text}");
    assert!(text.contains(": 4 names, 1 address\n"), "{text}");
    // Neither a list nor another file is replaced.
    run(["rules", "import", &own, "-o", out])
        .exits(2)
        .says(&["there is a file already"]);
    run(["rules", "import", &own, "-o", &own, "--overwrite"])
        .exits(2)
        .says(&["one of the lists"]);
    assert_eq!(std::fs::read_to_string(&own).unwrap(), OWN);
    run(["rules", "import", &own, "-o", out, "--overwrite"]).exits(0);
    // A column, and entries that are refused.
    let arguments = [
        "rules", "import", &table, "-o", "-", "--column", "host", "--pack", "mine",
    ];
    let ran = run(arguments).exits(0).says(&["google.com"]);
    assert!(ran.stdout.contains("pack: \"mine\""), "{}", ran.stdout);
    assert!(ran.stdout.contains("- a.example\n"), "{}", ran.stdout);
    assert!(!ran.stdout.contains("- b.example\n"), "{}", ran.stdout);
    run(arguments.iter().copied().chain(["--strict"])).exits(1);
    run(["rules", "import", &table, "-o", "-", "--column", "hots"])
        .exits(2)
        .says(&["no column `hots`"]);
    // Nothing is left behind.
    let empty = folder.file("empty.txt", "me@mail.example\n");
    let none = folder.path().join("none.yaml");
    run(["rules", "import", &empty, "-o", none.to_str().unwrap()])
        .exits(2)
        .says(&["nothing is written"]);
    let mut files: Vec<String> = std::fs::read_dir(folder.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    files.sort();
    assert_eq!(files, ["empty.txt", "out.yaml", "own.yaml", "t.csv"]);
}
