//! Runs `bellerophon names` over a folder.

use std::io::BufReader;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::rows::{self, Row};

/// Hands `take` each name that `program` finds in the captures of `folder`.
///
/// The program's messages go to standard error. It says with its status that some files are no
/// captures; that is no error here, since oracles lie beside captures.
///
/// # Errors
/// Where it cannot be run, is killed, or says something that is not a row.
pub fn names(program: &Path, folder: &Path, take: impl FnMut(Row)) -> Result<(), String> {
    let what = program.display().to_string();
    let fail = |error: std::io::Error| format!("{what}: {error}");
    // It runs in the folder, so that paths are as the oracle has them.
    let program = program.canonicalize().map_err(fail)?;
    let mut child = Command::new(program)
        .args(["names", "--no-progress", "--summary", "none", "."])
        .current_dir(folder)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(fail)?;
    let Some(stdout) = child.stdout.take() else {
        return Err(format!("{what}: no output"));
    };
    let read = rows::read(BufReader::new(stdout), &what, take);
    let status = child.wait().map_err(fail)?;
    read?;
    match status.code() {
        Some(0 | 2) => Ok(()),
        _ => Err(format!("{what}: {status}")),
    }
}
