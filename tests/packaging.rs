//! The files in packaging/: what they name must exist in the program.
#![allow(missing_docs, clippy::unwrap_used, clippy::indexing_slicing)] // it is a test

use std::collections::BTreeSet;
use std::process::Command;

use serde_json::Value;

const METRICS: &str = include_str!("../src/commands/watch/metrics.rs");
const DASHBOARD: &str = include_str!("../packaging/grafana-dashboard.json");
const CONFIGURATION: &str = include_str!("../packaging/bellerophon.yaml");
const UPDATE: &str = include_str!("../packaging/bellerophon-update.service");
const TIMER: &str = include_str!("../packaging/bellerophon-update.timer");
const MANIFEST: &str = include_str!("../Cargo.toml");
const ALERTS: &str = include_str!("../packaging/prometheus-alerts.yaml");

/// What looks like the name of a metric.
fn names(text: &str) -> BTreeSet<&str> {
    text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_')
        .filter(|word| word.starts_with("bellerophon_"))
        .collect()
}

/// The metric that a name belongs to: that of a histogram has several.
fn family(name: &str) -> &str {
    ["_bucket", "_sum", "_count"]
        .iter()
        .find_map(|end| name.strip_suffix(end))
        .filter(|family| names(METRICS).contains(family))
        .unwrap_or(name)
}

fn families<'a>(texts: impl IntoIterator<Item = &'a str>) -> BTreeSet<&'a str> {
    texts.into_iter().flat_map(names).map(family).collect()
}

#[test]
fn the_dashboard_shows_every_metric_and_no_other() {
    let dashboard: Value = serde_json::from_str(DASHBOARD).unwrap();
    let panels = dashboard["panels"].as_array().unwrap();
    let targets = || {
        panels
            .iter()
            .filter_map(|p| p["targets"].as_array())
            .flatten()
    };
    let shown = families(targets().map(|target| target["expr"].as_str().unwrap()));
    assert_eq!(shown, names(METRICS));

    let variables = dashboard["templating"]["list"].as_array().unwrap();
    let asked = families(variables.iter().filter_map(|v| v["definition"].as_str()));
    assert!(asked.is_subset(&shown), "{asked:?}");
    assert!(targets().all(|target| target["datasource"]["uid"] == "${datasource}"));
}

#[test]
fn the_alerting_rules_name_metrics_that_exist() {
    let file: Value = serde_yaml::from_str(ALERTS).unwrap();
    let rules = file["groups"][0]["rules"].as_array().unwrap();
    let used = families(rules.iter().map(|rule| rule["expr"].as_str().unwrap()));
    let known = names(METRICS);
    assert!(!used.is_empty());
    assert!(used.is_subset(&known), "{:?}", used.difference(&known));
    for rule in rules {
        assert!(rule["annotations"]["summary"].is_string(), "{rule}");
        assert!(rule["labels"]["severity"].is_string(), "{rule}");
    }
}

/// As it is delivered, and with every key that it only proposes.
#[test]
fn the_configuration_is_accepted() {
    let all: String = CONFIGURATION
        .lines()
        // Prose has a space behind the `#`.
        .map(|line| {
            line.strip_prefix('#')
                .filter(|l| !l.starts_with(' '))
                .unwrap_or(line)
        })
        .map(|line| format!("{line}\n"))
        .collect();
    assert!(
        all.contains("\ninterface: ") && all.contains("\nrules: "),
        "{all}"
    );
    // The folders that the package makes.
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path().to_str().unwrap();
    std::fs::create_dir(folder.path().join("rules")).unwrap();
    let list = "bellerophon: 1\npack: own\ngroups:\n  - domains:\n      - listed.example\n";
    std::fs::write(folder.path().join("rules/own.yaml"), list).unwrap();
    std::fs::create_dir(folder.path().join("feeds")).unwrap();
    std::fs::write(
        folder.path().join("feeds/fetched.txt"),
        "fetched.example.com\n",
    )
    .unwrap();
    for text in [CONFIGURATION, &all] {
        let text = [
            "/var/log/bellerophon",
            "/run/bellerophon",
            "/etc/bellerophon",
            "/var/lib/bellerophon",
        ]
        .iter()
        .fold(text.to_owned(), |text, path| text.replace(path, here));
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), text).unwrap();
        let said = Command::new(env!("CARGO_BIN_EXE_bellerophon"))
            .args(["config", "check"])
            .arg(file.path())
            .output()
            .unwrap();
        assert!(
            said.status.success(),
            "{}",
            String::from_utf8_lossy(&said.stdout)
        );
    }
}

/// The value of a key of a unit.
fn value<'t>(unit: &'t str, key: &str) -> Option<&'t str> {
    unit.lines()
        .find_map(|line| line.strip_prefix(key)?.strip_prefix('='))
}

/// What connects must not capture, nor write anywhere but where lists are.
#[test]
fn the_update_runs_without_rights() {
    assert_eq!(value(UPDATE, "CapabilityBoundingSet"), Some(""));
    assert_eq!(value(UPDATE, "AmbientCapabilities"), Some(""));
    assert_eq!(value(UPDATE, "NoNewPrivileges"), Some("yes"));
    assert_eq!(value(UPDATE, "ProtectSystem"), Some("strict"));
    assert_eq!(value(UPDATE, "User"), Some("bellerophon-update"));
    assert!(!UPDATE.contains("AF_PACKET"));
    let state = format!("/var/lib/{}", value(UPDATE, "StateDirectory").unwrap());
    assert!(value(UPDATE, "ExecStart").unwrap().contains(&state));
    assert!(CONFIGURATION.contains(&state));
    // The timer starts the unit of its own name.
    assert_eq!(value(TIMER, "Unit"), None);
    assert!(MANIFEST.contains("unit-name = \"bellerophon-update\""));
}

/// Every flag that the unit gives or proposes exists.
#[test]
fn the_update_is_a_command() {
    let mut lines = UPDATE.lines().filter_map(|line| {
        let line = line.trim_start_matches(['#', ' ']);
        line.strip_prefix("ExecStart=/usr/bin/bellerophon ")
    });
    let all: Vec<&str> = lines.by_ref().collect();
    assert_eq!(all.len(), 2);
    for line in all {
        let said = Command::new(env!("CARGO_BIN_EXE_bellerophon"))
            .args(line.split(' '))
            // The line is read as a whole before it is obeyed.
            .arg("--help")
            .output()
            .unwrap();
        let text = String::from_utf8_lossy(&said.stdout);
        assert!(said.status.success(), "{line}");
        for flag in line.split(' ').filter(|word| word.starts_with("--")) {
            assert!(text.contains(flag), "{flag}");
        }
    }
}
