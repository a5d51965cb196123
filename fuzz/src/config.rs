//! A configuration file: what `config check` accepts, the command line takes.

use std::ffi::OsString;
use std::io::Write;

use bellerophon::cli::Cli;
use bellerophon::config::{check, merge};
use clap::CommandFactory;

pub fn run(data: &[u8]) {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(data).unwrap();
    let path = file.path();
    let command = Cli::command();
    let Ok(report) = check(&command, "watch", path) else {
        return;
    };
    for problem in &report.problems {
        let text = problem.to_string();
        assert!(
            !text.chars().any(|c| c.is_control() && c != '\n'),
            "{text:?}"
        );
    }
    let mut line: Vec<OsString> = vec!["bellerophon".into(), "watch".into(), "--config".into()];
    line.push(path.into());
    // An interface has to be named, here or there.
    line.extend(["-i".into(), "eth0".into()]);
    let merged = merge(&command, "watch", line);
    assert_eq!(report.problems.is_empty(), merged.is_ok(), "{merged:?}");
    if let Ok(line) = merged {
        let taken = command.try_get_matches_from(line);
        assert!(taken.is_ok(), "{}", taken.unwrap_err());
    }
}
