//! Indicator formats: one file each.

mod lift;
mod yaml;

use std::io::{self, Read};
use std::path::Path;

use lift::Lifted;
pub(super) use lift::Run;

use super::pack::PackFile;
use super::problem::Problem;

/// Extensions of files that a folder of rules is searched for.
const KNOWN: [&str; 2] = ["yaml", "yml"];

/// Whether a file of this name is read as rules when it is met in a folder.
pub(super) fn is_rule_file(path: &Path) -> bool {
    extension(path).is_some_and(|e| KNOWN.contains(&e.as_str()))
}

/// A file that was read.
#[derive(Debug)]
pub(super) struct Parsed {
    /// What it says.
    pub(super) pack: PackFile,
    /// Its text, to look lines up in. Lines of `runs` are empty.
    pub(super) text: String,
    /// Lists of names that stand in the memory of the names; [`Entry::Run`] refers to them.
    ///
    /// [`Entry::Run`]: super::pack::Entry::Run
    pub(super) runs: Vec<Run>,
}

/// A file that is in memory, but not understood yet.
#[derive(Debug)]
pub(super) struct Raw(Lifted);

impl Raw {
    /// Reads to the end, up to `most` bytes and one more. Names of long lists are appended to
    /// `names` at once, which is why a million of them need no more memory than their letters.
    ///
    /// # Errors
    /// Those of the reader.
    pub(super) fn read(from: impl Read, most: u64, names: &mut Vec<u8>) -> io::Result<Self> {
        // A limit while reading, not on the length of the file: it may be a pipe.
        let from = from.take(most.saturating_add(1));
        Lifted::read(from, names).map(Self)
    }

    /// Bytes of the file.
    pub(super) const fn len(&self) -> usize {
        self.0.length
    }
}

/// Understands a file in the format that the name `path` says; without an extension (a pipe,
/// say) as YAML.
///
/// # Errors
/// One [`Problem`] that refuses the file.
pub(super) fn read(path: &Path, raw: Raw, names: &mut Vec<u8>) -> Result<Parsed, Problem> {
    match extension(path) {
        Some(e) if !KNOWN.contains(&e.as_str()) => Err(Problem::new(
            &path.display().to_string(),
            format!("rules in the format of `.{e}` files are not supported"),
            "give a YAML file (.yaml, .yml) as rules/README.md describes",
        )),
        _ => yaml::read_lifted(&path.display().to_string(), raw.0, names),
    }
}

/// Reads YAML text that comes with the program.
///
/// # Errors
/// One [`Problem`] that refuses the text.
pub(super) fn read_built_in(
    label: &str,
    yaml: &str,
    names: &mut Vec<u8>,
) -> Result<Parsed, Problem> {
    let unreadable = |e: io::Error| Problem::new(label, format!("cannot read it: {e}"), "");
    let lifted = Lifted::read(yaml.as_bytes(), names).map_err(unreadable)?;
    yaml::read_lifted(label, lifted, names)
}

fn extension(path: &Path) -> Option<String> {
    path.extension().map(|e| e.to_string_lossy().to_lowercase())
}
