//! Names of rotated files: `PATH` becomes `PATH.1`, `PATH.1` becomes `PATH.2`, and so on.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::health::{reason, shown};

/// Most rotated files that may be kept.
const MOST: u32 = 1_000;

/// Moves `path` and its elder files on by one, so that `keep` of them stay: at least 1, at most 1,000.
///
/// Only files up to the first free number move, so what fails half-way can be done again without
/// losing one more file. The oldest is replaced only when no number is free.
///
/// # Errors
/// Which file could not be renamed and why, in words.
pub(super) fn shift(path: &Path, keep: u32) -> Result<(), String> {
    let keep = keep.clamp(1, MOST);
    let mut free = keep;
    for n in 1..=keep {
        let numbered = number(path, n);
        match fs::symlink_metadata(&numbered) {
            Ok(found) if found.is_file() => {}
            Ok(_) => return Err(format!("{} is not a regular file", shown(&numbered))),
            Err(e) if e.kind() == io::ErrorKind::NotFound => {
                free = n;
                break;
            }
            Err(e) => return Err(format!("{}: {}", shown(&numbered), reason(&e))),
        }
    }
    for n in (1..free).rev() {
        rename(&number(path, n), &number(path, n.saturating_add(1)))?;
    }
    rename(path, &number(path, 1))
}

fn rename(from: &Path, to: &Path) -> Result<(), String> {
    fs::rename(from, to).map_err(|e| {
        format!(
            "{} could not become {}: {}",
            shown(from),
            shown(to),
            reason(&e)
        )
    })
}

/// `PATH.n`.
pub(super) fn number(path: &Path, n: u32) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(format!(".{n}"));
    name.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_move_on_and_the_oldest_goes() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("eve.json");
        for n in 0..5 {
            fs::write(&path, n.to_string()).unwrap();
            shift(&path, 3).unwrap();
        }
        assert!(!path.exists());
        let read = |n| fs::read_to_string(number(&path, n)).ok();
        assert_eq!(read(1).as_deref(), Some("4"));
        assert_eq!(read(2).as_deref(), Some("3"));
        assert_eq!(read(3).as_deref(), Some("2"));
        assert_eq!(read(4), None);
    }

    #[test]
    fn a_gap_is_filled_before_anything_is_deleted() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("eve.json");
        for (file, text) in [
            (path.clone(), "new"),
            (number(&path, 1), "1"),
            (number(&path, 3), "3"),
        ] {
            fs::write(file, text).unwrap();
        }
        shift(&path, 3).unwrap();
        let read = |n| fs::read_to_string(number(&path, n)).unwrap();
        assert_eq!(
            (read(1), read(2), read(3)),
            ("new".into(), "1".into(), "3".into())
        );
    }

    #[test]
    fn what_is_no_file_stays_where_it_is() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("eve.json");
        fs::write(&path, "x").unwrap();
        fs::create_dir(number(&path, 1)).unwrap();
        let error = shift(&path, 3).unwrap_err();
        assert!(
            error.ends_with("eve.json.1 is not a regular file"),
            "{error}"
        );
        assert!(path.exists());
    }

    #[test]
    fn at_least_one_file_is_kept() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("eve.json");
        fs::write(&path, "x").unwrap();
        shift(&path, 0).unwrap();
        assert_eq!(fs::read(number(&path, 1)).unwrap(), b"x");
    }
}
