//! Turns the paths of a command line into inputs: folders are walked, and what is no capture is
//! told, never dropped in silence.

use std::collections::{HashMap, HashSet};
use std::fs::{self, File, Metadata};
use std::io::{BufReader, Read};
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::{Path, PathBuf};

use super::compressed::Decompressor;
use super::error::SourceError;
use super::format::{IDENTIFYING_BYTES, Identity, identify};
use super::input::{Input, path_words};

/// What [`expand`] found.
#[derive(Debug, Default)]
pub struct Expansion {
    /// What to read, in order: as given, and within a folder by name.
    pub inputs: Vec<Input>,
    /// Things in folders that are not read, and why.
    pub skipped: Vec<(PathBuf, String)>,
    /// Paths that cannot be read; the others go on.
    pub errors: Vec<SourceError>,
    /// Bytes on disk of all inputs; `None` if one of them is a stream.
    pub total_bytes: Option<u64>,
}

/// Finds the captures that `paths` stand for.
///
/// A path is read as given, `-` is standard input, and a folder stands for the captures in it and
/// below it, told by content, each folder's entries in the order of their names' bytes. Symbolic
/// links are followed; what one folder's walk reaches twice is read once.
pub fn expand(paths: &[PathBuf]) -> Expansion {
    let mut found = Expansion {
        total_bytes: Some(0),
        ..Expansion::default()
    };
    let mut streams = HashSet::new();
    for path in paths {
        let stdin = path.as_os_str() == "-";
        let stream = match fs::metadata(path) {
            _ if stdin => Some(Stream::Stdin),
            Ok(kind) if !kind.is_file() && !kind.is_dir() => Some(Stream::Path(identifier(&kind))),
            _ => None,
        };
        if stream.is_some_and(|stream| !streams.insert(stream)) {
            found.errors.push(SourceError::NotCapture {
                input: path_words(path),
                what: "it was given before, and what is read of a stream is gone".to_owned(),
                advice: "give it once".to_owned(),
            });
            continue;
        }
        if stdin {
            found.inputs.push(Input::Stdin);
            found.total_bytes = None;
            continue;
        }
        match fs::metadata(path) {
            Ok(kind) if kind.is_dir() => walk(path, &kind, &mut found),
            Ok(kind) => found.add(path, &kind),
            Err(cause) => found.errors.push(SourceError::Io {
                input: path_words(path),
                action: "find the path",
                cause,
            }),
        }
    }
    found
}

impl Expansion {
    fn add(&mut self, path: &Path, kind: &Metadata) {
        self.inputs.push(Input::File(path.to_owned()));
        self.total_bytes = match self.total_bytes {
            Some(total) if kind.is_file() => Some(total.saturating_add(kind.len())),
            _ => None,
        };
    }

    /// What is in a folder and no capture is passed over, unless its name claims that it is one.
    fn pass_over(&mut self, path: PathBuf, what: String, advice: &str) {
        if is_capture_name(&path) {
            self.errors.push(SourceError::NotCapture {
                input: path_words(&path),
                what,
                advice: advice.to_owned(),
            });
        } else {
            self.skipped.push((path, what));
        }
    }
}

/// What can be read only once.
#[derive(Debug, PartialEq, Eq, Hash)]
enum Stream {
    Stdin,
    Path(Identifier),
}

/// Device and inode: what stays the same by whatever path a thing is reached.
type Identifier = (u64, u64);

fn identifier(kind: &Metadata) -> Identifier {
    (kind.dev(), kind.ino())
}

fn walk(top: &Path, kind: &Metadata, found: &mut Expansion) {
    let mut seen: HashMap<Identifier, PathBuf> = HashMap::new();
    seen.insert(identifier(kind), top.to_owned());
    let before = found.inputs.len().saturating_add(found.errors.len());
    // The next path to visit is on top.
    let mut to_visit = Vec::new();
    push_entries(top, &mut to_visit, found);
    while let Some(path) = to_visit.pop() {
        let kind = match fs::metadata(&path) {
            Ok(kind) => kind,
            Err(cause) if fs::symlink_metadata(&path).is_ok_and(|kind| kind.is_symlink()) => {
                let what = format!("a link that leads nowhere ({cause})");
                found.pass_over(path, what, "copy the file that it should lead to");
                continue;
            }
            Err(cause) => {
                let input = path_words(&path);
                found.errors.push(SourceError::Io {
                    input,
                    action: "look at the file",
                    cause,
                });
                continue;
            }
        };
        if !kind.is_file() && !kind.is_dir() {
            found.skipped.push((path, special_file(&kind).to_owned()));
            continue;
        }
        if let Some(first) = seen.get(&identifier(&kind)) {
            let what = format!("the same as {}", path_words(first));
            found.skipped.push((path, what));
            continue;
        }
        seen.insert(identifier(&kind), path.clone());
        if kind.is_dir() {
            push_entries(&path, &mut to_visit, found);
        } else {
            visit_file(path, &kind, found);
        }
    }
    if found.inputs.len().saturating_add(found.errors.len()) == before {
        found.errors.push(SourceError::NotCapture {
            input: path_words(top),
            what: "no capture in this folder".into(),
            advice: "check that this is the folder you mean".into(),
        });
    }
}

/// Puts a folder's entries on top of `to_visit`, the first by name at the very top.
fn push_entries(folder: &Path, to_visit: &mut Vec<PathBuf>, found: &mut Expansion) {
    let cannot_list = |cause| SourceError::Io {
        input: path_words(folder),
        action: "list the folder",
        cause,
    };
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(cause) => return found.errors.push(cannot_list(cause)),
    };
    let mut paths = Vec::new();
    for entry in entries {
        match entry {
            Ok(entry) => paths.push(entry.path()),
            Err(cause) => found.errors.push(cannot_list(cause)),
        }
    }
    paths.sort_unstable_by(|a, b| b.file_name().cmp(&a.file_name()));
    to_visit.append(&mut paths);
}

fn visit_file(path: PathBuf, kind: &Metadata, found: &mut Expansion) {
    match probe(&path) {
        Probe::Capture => found.add(&path, kind),
        // Damage inside a compression: opening it tells what and where.
        Probe::Unclear(_) if is_capture_name(&path) => found.add(&path, kind),
        Probe::Unclear(what) => found.skipped.push((path, what)),
        Probe::Other(what, advice) => found.pass_over(path, what, advice),
        Probe::Unreadable(cause) => {
            let input = path_words(&path);
            found.errors.push(SourceError::Io {
                input,
                action: "read the file",
                cause,
            });
        }
    }
}

fn special_file(kind: &Metadata) -> &'static str {
    let kind = kind.file_type();
    if kind.is_fifo() {
        "a named pipe; give its own path to read it"
    } else if kind.is_socket() {
        "a socket"
    } else {
        "a device"
    }
}

enum Probe {
    Capture,
    /// What it is instead, and what to do.
    Other(String, &'static str),
    /// Compressed, and what is inside cannot be told.
    Unclear(String),
    Unreadable(std::io::Error),
}

/// Looks at the beginning of a file.
fn probe(path: &Path) -> Probe {
    let mut head = Vec::new();
    let read = File::open(path)
        .and_then(|file| file.take(IDENTIFYING_BYTES as u64).read_to_end(&mut head));
    if let Err(cause) = read {
        return Probe::Unreadable(cause);
    }
    let complete = head.len() < IDENTIFYING_BYTES;
    match identify(&head, complete) {
        Identity::Pcap | Identity::PcapNg(_) => Probe::Capture,
        Identity::Compressed(compression) => {
            let source = match File::open(path) {
                Ok(file) => BufReader::new(file),
                Err(cause) => return Probe::Unreadable(cause),
            };
            let mut decompressor = Decompressor::new(compression, source);
            let mut inside = vec![0; IDENTIFYING_BYTES];
            let mut len = 0_usize;
            let complete = loop {
                let room = inside.get_mut(len..).unwrap_or_default();
                if room.is_empty() {
                    break false;
                }
                match decompressor.read(room) {
                    Ok(0) => break true,
                    Ok(n) => len = len.saturating_add(n),
                    // What came before may still tell.
                    Err(fault) if len < 12 => return Probe::Unclear(fault.what),
                    Err(_) => break false,
                }
            };
            match identify(inside.get(..len).unwrap_or_default(), complete) {
                Identity::Pcap | Identity::PcapNg(_) => Probe::Capture,
                Identity::Other(what, advice) => {
                    Probe::Other(format!("inside the {}: {what}", compression.name()), advice)
                }
                Identity::Compressed(_) => Probe::Other(
                    "compressed more than once".into(),
                    "decompress it until one compression is left",
                ),
                Identity::TooShort => Probe::Unclear("too short to tell".into()),
            }
        }
        Identity::Other(what, advice) => Probe::Other(what.to_owned(), advice),
        Identity::TooShort => Probe::Other("too short to tell".into(), "check the file"),
    }
}

/// Whether the name claims that this is a capture of a kind that is read here.
fn is_capture_name(path: &Path) -> bool {
    let Some(name) = path.file_name() else {
        return false;
    };
    let name = name.to_string_lossy().to_ascii_lowercase();
    let name = [".gz", ".zst", ".zstd"]
        .into_iter()
        .find_map(|ending| name.strip_suffix(ending))
        .unwrap_or(&name);
    [".pcap", ".pcapng", ".cap", ".dmp"]
        .into_iter()
        .any(|ending| name.ends_with(ending))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_claim_to_be_captures() {
        for name in [
            "a.pcap",
            "A.PCAPNG",
            "x/y.cap.gz",
            "b.dmp.zst",
            "c.pcap.zstd",
        ] {
            assert!(is_capture_name(Path::new(name)), "{name}");
        }
        for name in ["a.pcap.txt", "notes.gz", "pcap", "a.pcapx", "a.pcap.bz2"] {
            assert!(!is_capture_name(Path::new(name)), "{name}");
        }
    }
}
