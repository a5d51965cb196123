//! Runs commands under valgrind's callgrind and reads its profiles.

use std::collections::HashMap;
use std::fs;
use std::io::ErrorKind;
use std::path::Path;
use std::process::{Command, Stdio};

use super::Count;
use crate::pieces::Failure;

/// Of a function's share less than this is not kept.
const KEPT_SHARE: f64 = 0.003;

/// What valgrind calls itself; `None` where it is not installed.
pub(crate) fn version() -> Result<Option<String>, Failure> {
    match Command::new("valgrind").arg("--version").output() {
        Ok(output) => Ok(Some(
            String::from_utf8_lossy(&output.stdout).trim().to_owned(),
        )),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(format!("cannot run valgrind: {error}").into()),
    }
}

/// Runs `command` under callgrind.
pub(crate) fn run(profile: &Path, options: &[&str], command: &Command) -> Result<(), Failure> {
    let output = Command::new("valgrind")
        .arg("--tool=callgrind")
        .arg(format!("--callgrind-out-file={}", profile.display()))
        .args(options)
        .arg(command.get_program())
        .args(command.get_args())
        .stdin(Stdio::null())
        .output()?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    Err(format!("callgrind failed with {}:\n{said}", output.status).into())
}

/// Instructions of one run.
#[derive(Debug, Default)]
pub(crate) struct Profile {
    pub(crate) total: u64,
    /// Each function's own.
    functions: HashMap<String, u64>,
}

impl Profile {
    pub(crate) fn read(path: &Path) -> Result<Self, Failure> {
        let text = fs::read_to_string(path)
            .map_err(|error| format!("callgrind left no {}: {error}", path.display()))?;
        Self::parse(&text).ok_or_else(|| format!("{} is no profile", path.display()).into())
    }

    /// The format is described in valgrind's manual, "Callgrind Format Specification".
    fn parse(text: &str) -> Option<Self> {
        let mut profile = Self::default();
        let mut names: HashMap<&str, &str> = HashMap::new();
        let mut current = "";
        // The line after `calls=` is the cost of what was called.
        let mut of_callee = false;
        for line in text.lines() {
            if let Some(name) = line.strip_prefix("fn=") {
                current = resolve(name, &mut names)?;
            } else if let Some(name) = line.strip_prefix("cfn=") {
                resolve(name, &mut names)?;
            } else if line.starts_with("calls=") {
                of_callee = true;
            } else if line.starts_with(|c: char| c.is_ascii_digit() || "+-*".contains(c)) {
                let cost: u64 = line.split(' ').nth(1).unwrap_or("0").parse().ok()?;
                if !std::mem::take(&mut of_callee) {
                    profile.total += cost;
                    *profile.functions.entry(short(current)).or_default() += cost;
                }
            }
        }
        (profile.total != 0).then_some(profile)
    }

    /// For each of `units`: what this has more than `less`.
    pub(crate) fn per(&self, units: u64, less: Option<&Self>) -> Count {
        let each = |more: u64, less: u64| (more as f64 - less as f64) / units as f64;
        let total = each(self.total, less.map_or(0, |less| less.total));
        let functions = self.functions.iter().map(|(name, &cost)| {
            let without = less.and_then(|less| less.functions.get(name)).copied();
            (name.clone(), each(cost, without.unwrap_or(0)))
        });
        Count {
            total,
            functions: functions
                .filter(|(_, cost)| *cost >= total * KEPT_SHARE)
                .collect(),
        }
    }
}

/// A name is written out once, `(7) name`, and later only `(7)`.
fn resolve<'a>(text: &'a str, names: &mut HashMap<&'a str, &'a str>) -> Option<&'a str> {
    match text.split_once(' ') {
        Some((number, name)) => {
            names.insert(number, name);
            Some(name)
        }
        None => names.get(text).copied(),
    }
}

/// Without what differs from build to build: the hash at the end, and the mark of recursion.
fn short(name: &str) -> String {
    let name = name.split('\'').next().unwrap_or(name);
    match name.rsplit_once("::h") {
        Some((short, hash))
            if hash.len() == 16 && hash.bytes().all(|byte| byte.is_ascii_hexdigit()) =>
        {
            short.to_owned()
        }
        _ => name.to_owned(),
    }
}

/// Once for the benchmark: it has no tests of its own, and a reader of profiles that is wrong would
/// blame the wrong function.
pub(crate) fn check() -> Result<(), Failure> {
    let text = "version: 1\ncreator: x\npositions: line\nevents: Ir\n\nfn=(1) a::b::h0123456789abcdef\n5 10\n\
                +2 5\ncfn=(2) c'2\ncalls=3 7\n+1 700\n* 1\n\nfn=(2)\n1 84\n\ntotals: 100\n";
    let profile = Profile::parse(text).ok_or("the benchmark is wrong: no profile")?;
    let own = |name: &str| profile.functions.get(name).copied();
    if (profile.total, own("a::b"), own("c")) != (100, Some(16), Some(84)) {
        return Err(format!("the benchmark is wrong: {profile:?}").into());
    }
    Ok(())
}
