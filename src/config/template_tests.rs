//! Tests of [`super`].

use super::super::{check, merge, sample};
use super::*;

fn sample_template() -> String {
    template(&sample::command(), "watch").unwrap()
}

/// The template with its defaults made settings.
fn uncommented(text: &str) -> String {
    let lines = text.lines().map(|line| match line.strip_prefix('#') {
        Some(entry) if entry.contains(": ") && !entry.starts_with(' ') => entry,
        _ => line,
    });
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn every_flag_stands_in_the_template_once() {
    let flags = Flags::new(&sample::command(), "watch").unwrap();
    let text = sample_template();
    for (key, arg) in flags.args() {
        let unfit = ["config", "help", "many", "inside"].contains(&key);
        let begin = format!("#{key}:");
        let stands = text.lines().filter(|l| l.starts_with(&begin)).count();
        assert_eq!(stands, usize::from(!unfit), "{arg}");
    }
}

#[test]
fn the_template_says_what_is_allowed() {
    let text = sample_template();
    for part in [
        "# == Capture ==\n\n# Interface to listen on\n# example: interface: IFACE\n#interface:\n",
        "# Worker threads\n# allowed: 1 to 256\n# example: workers: 1\n#workers:\n",
        "# allowed:\n# - text: For people\n# - json: For machines\n# - none: None\n#summary: text\n",
        "# example: rules: [PATH, PATH]\n#rules:\n",
        "#pack: [pegasus, 'no']\n",
        "#no-progress: false\n",
        "#verbose: 0\n",
        "# allowed: true, false\n#promiscuous: true\n",
        "# default: state.json, in the working directory\n# example: state: PATH\n#state:\n",
        "#offset: -3\n",
        " to need a second\n# line in",
        "# example: forms: [text, json]\n",
        "# example: rename: [NAME, NAME]\n",
    ] {
        assert!(text.contains(part), "{part}\n---\n{text}");
    }
    for line in text.lines() {
        assert!(line.is_empty() || line.starts_with('#'), "{line}");
        assert!(line.chars().count() <= WIDTH, "{line}");
        assert!(!line.ends_with(' '), "{line:?}");
    }
}

#[test]
fn the_template_and_its_defaults_change_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("watch.yaml");
    let plain = sample::parsed(&sample::args(&["sample", "watch"])).unwrap();
    for (text, keys) in [
        (sample_template(), 0),
        (uncommented(&sample_template()), 12),
    ] {
        std::fs::write(&path, &text).unwrap();
        let report = check(&sample::command(), "watch", &path).unwrap();
        assert_eq!(report.problems, [], "{text}");
        assert_eq!(report.keys, keys, "{text}");
        // Each of them has its default, and nothing else is odd.
        assert_eq!(report.warnings.len(), keys, "{:?}", report.warnings);
        let line = ["sample", "watch", "--config", path.to_str().unwrap()];
        let merged = merge(&sample::command(), "watch", sample::args(&line)).unwrap();
        assert_eq!(sample::parsed(&merged).unwrap(), plain);
    }
}

#[test]
fn any_default_can_be_written() {
    for text in [
        "a",
        "-",
        "",
        "it's",
        "a: b",
        "# x",
        "a\tb\\\"\u{7f}",
        "true",
        "[a]",
        "~",
        "ü",
    ] {
        let read: String = serde_yaml::from_str(&scalar(text)).unwrap();
        assert_eq!(read, text);
        let value: serde_yaml::Value =
            serde_yaml::from_str(&format!("[{}]", scalar(text))).unwrap();
        assert_eq!(value[0].is_i64(), text == "-3");
        assert!(value[0].is_i64() || value[0].as_str() == Some(text));
    }
}
