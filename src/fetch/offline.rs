//! A copy of the lists on disk, as for a machine without a network: an index and, somewhere below the same folder, the files
//! that it names.
//!
//! An entry's whole path, such as `2021-07-18_nso/pegasus.stix2`, must be the end of a file's path in the copy. So a clone
//! of the index's repository will do for its own lists, and further repositories are put beside it, under any name. Where several
//! files end like that, the one counts that stands in a folder with the repository's name, or in `OWNER/REPO`; if
//! that does not decide and the files differ, the entry is refused.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Component, Path, PathBuf};

use super::index::{self, Listed};

/// How deep folders are looked through.
const MAX_DEPTH: usize = 12;
/// How many files and folders are looked at.
const MAX_ENTRIES: usize = 100_000;

/// Why a copy on disk cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum OfflineError {
    /// The system refuses.
    #[error("--from: {}: {source}", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// No index, or more than one.
    #[error(
        "--from {}: {found} files {} in it; expected one, as in a clone of the repository that the index is from",
        path.display(), index::FILE
    )]
    Index {
        /// The folder.
        path: PathBuf,
        /// How many were found.
        found: usize,
    },
    /// More than anybody's copy.
    #[error("--from {}: more than {MAX_ENTRIES} files and folders; give a folder with the copy alone", .0.display())]
    TooMany(PathBuf),
    /// A file is larger than allowed.
    #[error("{}: larger than {most} bytes", path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// How many are allowed.
        most: u64,
    },
}

/// What files there are in a copy.
#[derive(Debug)]
pub(super) struct Copy {
    root: PathBuf,
    /// Paths from `root`, in order.
    files: Vec<PathBuf>,
}

impl Copy {
    /// # Errors
    ///
    /// The folder cannot be read, or has too much in it.
    pub(super) fn look(root: &Path) -> Result<Self, OfflineError> {
        let mut files = Vec::new();
        let mut seen = 0_usize;
        let mut waiting = vec![(PathBuf::new(), 0_usize)];
        while let Some((below, depth)) = waiting.pop() {
            let path = root.join(&below);
            let failed = |source| OfflineError::Io {
                path: path.clone(),
                source,
            };
            for entry in fs::read_dir(&path).map_err(failed)? {
                let entry = entry.map_err(failed)?;
                seen = seen.saturating_add(1);
                if seen > MAX_ENTRIES {
                    return Err(OfflineError::TooMany(root.into()));
                }
                // Links are not followed: a copy has all that it needs in it.
                let kind = entry.file_type().map_err(failed)?;
                let below = below.join(entry.file_name());
                if kind.is_file() {
                    files.push(below);
                } else if kind.is_dir() && depth < MAX_DEPTH && entry.file_name() != ".git" {
                    waiting.push((below, depth.saturating_add(1)));
                }
            }
        }
        files.sort();
        let root = root.into();
        Ok(Self { root, files })
    }

    /// The index: in the folder itself, or the only one below.
    ///
    /// # Errors
    ///
    /// There is none, or it is not clear which.
    pub(super) fn index(&self) -> Result<PathBuf, OfflineError> {
        let named: Vec<_> = self
            .files
            .iter()
            .filter(|file| file.file_name().is_some_and(|name| name == index::FILE))
            .collect();
        let at_top = named.iter().find(|file| file.components().count() == 1);
        match (at_top, named.as_slice()) {
            (Some(file), _) => Ok(self.root.join(file)),
            (None, [file]) => Ok(self.root.join(file)),
            (None, several) => Err(OfflineError::Index {
                path: self.root.clone(),
                found: several.len(),
            }),
        }
    }

    /// The file of an entry, with its bytes.
    ///
    /// # Errors
    ///
    /// Said in words: there is none, it is not clear which, or it cannot be read.
    pub(super) fn find(&self, listed: &Listed, most: u64) -> Result<(PathBuf, Vec<u8>), String> {
        let wanted = listed.path.join("/");
        let mut best: Vec<&PathBuf> = Vec::new();
        let mut most_alike = 0_usize;
        for file in &self.files {
            let Some(alike) = alike(file, listed) else {
                continue;
            };
            if alike > most_alike {
                best.clear();
                most_alike = alike;
            }
            if alike == most_alike {
                best.push(file);
            }
        }
        let Some((first, others)) = best.split_first() else {
            return Err(format!(
                "{}: no file in it ends in {wanted}; put a copy of {} there",
                self.root.display(),
                listed.before.join("/")
            ));
        };
        let read = |file: &Path| read(&self.root.join(file), most).map_err(|e| e.to_string());
        let bytes = read(first)?;
        for other in others {
            if read(other)? != bytes {
                return Err(format!(
                    "{}: {} and {} both end in {wanted} and differ; put them into folders named {}",
                    self.root.display(),
                    first.display(),
                    other.display(),
                    listed.before.join("/")
                ));
            }
        }
        Ok((self.root.join(first), bytes))
    }
}

/// How many of the folders before an entry's path are in front of it here as well; `None` where the file does not end in
/// that path.
fn alike(file: &Path, listed: &Listed) -> Option<usize> {
    let mut parts = file.components().rev().map(|part| match part {
        Component::Normal(part) => part.to_str(),
        _ => None,
    });
    for wanted in listed.path.iter().rev() {
        if parts.next()?? != wanted {
            return None;
        }
    }
    let before = listed.before.iter().rev();
    let same = parts
        .zip(before)
        .take_while(|(part, wanted)| part.is_some_and(|part| part.eq_ignore_ascii_case(wanted)))
        .count();
    Some(same)
}

/// # Errors
///
/// It cannot be read, or is larger than `most` bytes.
pub(super) fn read(path: &Path, most: u64) -> Result<Vec<u8>, OfflineError> {
    let mut bytes = Vec::new();
    File::open(path)
        .and_then(|file| file.take(most.saturating_add(1)).read_to_end(&mut bytes))
        .map_err(|source| OfflineError::Io {
            path: path.into(),
            source,
        })?;
    if u64::try_from(bytes.len()).unwrap_or(u64::MAX) > most {
        return Err(OfflineError::TooLarge {
            path: path.into(),
            most,
        });
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::super::index::{Entry, parse};
    use super::*;

    fn listed() -> Listed {
        let index = b"indicators:\n- type: github\n  name: A\n  github: {owner: Own, repo: rep, branch: b, path: d/l.stix2}\n";
        match parse(index, "https://raw.example").unwrap().remove(0) {
            Entry::List(listed) => *listed,
            Entry::Refused { why, .. } => panic!("{why}"),
        }
    }

    fn write(root: &Path, file: &str, text: &str) {
        let path = root.join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn found(root: &Path) -> Result<String, String> {
        let copy = Copy::look(root).unwrap();
        copy.find(&listed(), 100)
            .map(|(_, bytes)| String::from_utf8(bytes).unwrap())
    }

    #[test]
    fn the_whole_path_has_to_be_there() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        write(root, "x/l.stix2", "other folder");
        write(root, "xd/l.stix2", "part of a name");
        write(root, ".git/d/l.stix2", "not of the work tree");
        let error = found(root).unwrap_err();
        assert!(error.contains("no file in it ends in d/l.stix2"), "{error}");
        write(root, "anything/d/l.stix2", "first");
        assert_eq!(found(root).unwrap(), "first");
        write(root, "d/l.stix2", "first");
        assert_eq!(found(root).unwrap(), "first");
        write(root, "d/l.stix2", "second");
        let error = found(root).unwrap_err();
        assert!(
            error.contains("differ") && error.contains("Own/rep"),
            "{error}"
        );
        write(root, "REP/d/l.stix2", "third");
        assert_eq!(found(root).unwrap(), "third");
        write(root, "own/rep/d/l.stix2", "fourth");
        assert_eq!(found(root).unwrap(), "fourth");
    }

    #[test]
    fn links_are_not_followed_and_sizes_are_bounded() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        let elsewhere = tempfile::tempdir().unwrap();
        write(elsewhere.path(), "d/l.stix2", "x");
        std::os::unix::fs::symlink(elsewhere.path(), root.join("link")).unwrap();
        assert!(found(root).is_err());
        write(root, "d/l.stix2", &"x".repeat(101));
        assert!(found(root).unwrap_err().contains("larger than 100 bytes"));
    }

    #[test]
    fn one_index() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        let index = || Copy::look(root).unwrap().index();
        assert!(matches!(index(), Err(OfflineError::Index { found: 0, .. })));
        write(root, "a/indicators.yaml", "");
        assert!(index().unwrap().ends_with("a/indicators.yaml"));
        write(root, "b/indicators.yaml", "");
        assert!(matches!(index(), Err(OfflineError::Index { found: 2, .. })));
        write(root, "indicators.yaml", "");
        assert_eq!(index().unwrap(), root.join("indicators.yaml"));
    }
}
