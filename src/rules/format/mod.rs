//! Indicator formats: one file each.

mod yaml;

use std::path::Path;

use super::pack::PackFile;
use super::problem::Problem;

/// Extensions of files that a folder of rules is searched for.
const KNOWN: [&str; 2] = ["yaml", "yml"];

/// Whether a file of this name is read as rules when it is met in a folder.
pub(super) fn is_rule_file(path: &Path) -> bool {
    extension(path).is_some_and(|e| KNOWN.contains(&e.as_str()))
}

/// Reads the bytes of `path` in the format that its name says; without an extension (a pipe,
/// say) as YAML.
///
/// # Errors
/// One [`Problem`] that refuses the file.
pub(super) fn read(path: &Path, bytes: &[u8]) -> Result<PackFile, Problem> {
    match extension(path) {
        Some(e) if !KNOWN.contains(&e.as_str()) => Err(Problem::new(
            &path.display().to_string(),
            format!("rules in the format of `.{e}` files are not supported"),
            "give a YAML file (.yaml, .yml) as rules/README.md describes",
        )),
        _ => yaml::read(&path.display().to_string(), bytes),
    }
}

/// Reads YAML text that comes with the program.
///
/// # Errors
/// One [`Problem`] that refuses the text.
pub(super) fn read_built_in(label: &str, yaml: &str) -> Result<PackFile, Problem> {
    yaml::read(label, yaml.as_bytes())
}

fn extension(path: &Path) -> Option<String> {
    path.extension().map(|e| e.to_string_lossy().to_lowercase())
}
