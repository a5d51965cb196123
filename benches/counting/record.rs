//! The recorded counts: `benches/record/instructions.tsv`, a line for each number, so that a change of
//! them is read in a diff.

use std::fmt::Write;
use std::fs;
use std::path::PathBuf;
use std::process::Command;

use super::{Count, Counts};
use crate::pieces::Failure;

/// What counts depend on beside the code: what it is, and which.
pub(crate) type Environment = Vec<(String, String)>;

/// Counts, and where they come from.
pub(crate) struct Record {
    pub(crate) environment: Environment,
    pub(crate) counts: Counts,
}

const HEAD: &str = "\
# Instructions for each unit, in user mode: written by `make bench-record`, read by `make bench-ci`.
# piece or environment, function (none: all together), instructions
";
/// First field of what is no piece.
const ENVIRONMENT: &str = "environment";

pub(crate) fn path() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("benches/record/instructions.tsv")
}

impl Record {
    /// With what is here.
    pub(crate) fn new(counts: Counts, valgrind: &str) -> Self {
        Self {
            environment: environment(valgrind),
            counts,
        }
    }

    pub(crate) fn read() -> Result<Self, Failure> {
        let path = path();
        let text = fs::read_to_string(&path)
            .map_err(|e| format!("{}: {e}; write it: make bench-record", path.display()))?;
        let mut record = Self {
            environment: Vec::new(),
            counts: Counts::new(),
        };
        for (line, number) in text.lines().zip(1..) {
            if !line.starts_with('#') {
                record.line(line).ok_or_else(|| {
                    format!(
                        "{}:{number}: not three fields, or no number",
                        path.display()
                    )
                })?;
            }
        }
        Ok(record)
    }

    fn line(&mut self, line: &str) -> Option<()> {
        let fields: Vec<&str> = line.split('\t').collect();
        let &[piece, function, value] = &fields[..] else {
            return None;
        };
        if piece == ENVIRONMENT {
            self.environment.push((function.into(), value.into()));
            return Some(());
        }
        let count: &mut Count = self.counts.entry(piece.to_owned()).or_default();
        let value: f64 = value.parse().ok()?;
        if function.is_empty() {
            count.total = value;
        } else {
            count.functions.insert(function.to_owned(), value);
        }
        Some(())
    }

    pub(crate) fn write(&self) -> Result<(), Failure> {
        let mut text = HEAD.to_owned();
        for (what, which) in &self.environment {
            writeln!(text, "{ENVIRONMENT}\t{what}\t{which}")?;
        }
        for (piece, count) in &self.counts {
            writeln!(text, "{piece}\t\t{:.1}", count.total)?;
            for (function, cost) in &count.functions {
                writeln!(text, "{piece}\t{function}\t{cost:.1}")?;
            }
        }
        let path = path();
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        fs::write(&path, text).map_err(|e| format!("{}: {e}", path.display()).into())
    }
}

/// What counts depend on: the compiler, what counts, the C library's copying, and the instructions
/// between which the crates and that library choose when they run.
fn environment(valgrind: &str) -> Environment {
    let said = |program: &str, argument: &str| match Command::new(program).arg(argument).output() {
        Ok(output) if output.status.success() => {
            String::from_utf8_lossy(&output.stdout).trim().to_owned()
        }
        _ => "unknown".to_owned(),
    };
    #[cfg(target_arch = "x86_64")]
    let features = [
        ("avx2", std::is_x86_feature_detected!("avx2")),
        ("aes", std::is_x86_feature_detected!("aes")),
        ("sha", std::is_x86_feature_detected!("sha")),
        ("erms", std::is_x86_feature_detected!("ermsb")),
    ];
    #[cfg(not(target_arch = "x86_64"))]
    let features: [(&str, bool); 0] = [];
    let has = |wanted: bool| {
        let names = features.iter().filter(|(_, has)| *has == wanted);
        names.map(|(name, _)| *name).collect::<Vec<_>>().join(" ")
    };
    [
        (ARCHITECTURE, std::env::consts::ARCH.to_owned()),
        (
            "processor",
            format!("with {}; without {}", has(true), has(false)),
        ),
        ("compiler", said("rustc", "--version")),
        ("valgrind", valgrind.to_owned()),
        ("C library", said("getconf", "GNU_LIBC_VERSION")),
    ]
    .map(|(what, which)| (what.to_owned(), which))
    .to_vec()
}

/// Counts of two of these cannot be compared at all.
pub(crate) const ARCHITECTURE: &str = "architecture";
