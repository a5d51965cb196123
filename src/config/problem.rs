//! What can be wrong with a configuration file, said so that its author can put it right.

use std::io;

use thiserror::Error;

use crate::problem::Plain;
pub use crate::problem::Problem;

/// Why a configuration file gives no arguments.
#[derive(Debug, Error)]
pub enum ConfigError {
    /// The program has no such command: a mistake of the program, not of its user.
    #[error("the program has no command `{0}` that could be configured by a file")]
    NoCommand(String),
    /// The file could not be opened or read.
    #[error("{}: {}: {fix}", Plain(file), Plain(&source.to_string()))]
    Unreadable {
        /// The file.
        file: String,
        /// What to do about it.
        fix: &'static str,
        /// What the system said.
        source: io::Error,
    },
    /// The file is defective: every defect, in the order of the file; never empty.
    #[error("{}", one_a_line(.0))]
    Refused(Vec<Problem>),
}

fn one_a_line(problems: &[Problem]) -> String {
    let lines: Vec<String> = problems.iter().map(Problem::to_string).collect();
    lines.join("\n")
}

/// A line and column of the file, both from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) line: usize,
    pub(super) column: usize,
}

/// A defect before the file's name is put to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Complaint {
    pub(super) at: Option<Place>,
    pub(super) what: String,
    pub(super) fix: String,
}

impl Complaint {
    pub(super) fn new(at: Option<Place>, what: impl Into<String>, fix: impl Into<String>) -> Self {
        Self {
            at,
            what: what.into(),
            fix: fix.into(),
        }
    }

    pub(super) fn of(self, file: &str) -> Problem {
        Problem {
            file: file.to_owned(),
            line: self.at.map(|p| p.line),
            column: self.at.map(|p| p.column),
            what: self.what,
            fix: self.fix,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_problem_is_one_harmless_line() {
        let place = Place { line: 3, column: 7 };
        let problem = Complaint::new(Some(place), "`a\u{1b}[2J\nb`", "ü").of("f\t.yaml");
        assert_eq!(problem.to_string(), "f\\t.yaml:3:7: `a\\u{1b}[2J\\nb`: ü");
        let other = Complaint::new(None, "x", "").of("f");
        assert_eq!(
            ConfigError::Refused(vec![problem, other]).to_string(),
            "f\\t.yaml:3:7: `a\\u{1b}[2J\\nb`: ü\nf: x"
        );
    }
}
