//! Indicator formats: one file each. [`lines`] and [`listing`] are what they have in common.

mod adblock;
mod blocking;
mod csv;
mod dataset;
mod dnsmasq;
mod hosts;
mod lift;
mod lines;
pub(super) mod listing;
mod maltrail;
pub(super) mod misp;
mod openioc;
mod place;
mod plain;
pub(super) mod refang;
mod remark;
mod rpz;
mod stix;
mod suricata;
pub(super) mod text;
mod unbound;
mod yaml;
mod zeek;

use std::io::{self, Read};
use std::path::Path;

use lift::Lifted;
pub(super) use lift::Run;
use listing::{Listing, Refused};

use super::pack::PackFile;
use super::problem::Problem;
use super::suggest::nearest;

/// Extensions of files that a folder of rules is searched for.
const KNOWN: [&str; 20] = [
    "yaml", "yml", "json", "stix", "stix2", "csv", "tsv", "txt", "list", "lst", "hosts", "rules",
    "zone", "rpz", "intel", "dat", "ioc", "xml", "conf", "trail",
];

/// How much of a file its format is told from, in bytes.
pub(super) const HEAD: u64 = 64 * 1024;

/// Whether a file of this name is read as rules when it is met in a folder.
pub(super) fn is_rule_file(path: &Path) -> bool {
    extension(path).is_some_and(|e| KNOWN.contains(&e.as_str()))
}

/// A file of our own that was read.
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
pub(super) enum Raw {
    /// In our own format.
    Own(Lifted),
    /// In another one.
    Other(Vec<u8>),
}

impl Raw {
    /// Reads to the end, up to `most` bytes and one more. Names of long lists of our own are appended to
    /// `names` at once, which is why a million of them need no more memory than their letters.
    ///
    /// # Errors
    /// Those of the reader.
    pub(super) fn read(
        path: &Path,
        from: impl Read,
        most: u64,
        choice: Choice,
        names: &mut Vec<u8>,
    ) -> io::Result<Self> {
        // A limit while reading, not on the length of the file: it may be a pipe.
        let mut from = from.take(most.saturating_add(1));
        let mut head = Vec::new();
        from.by_ref().take(HEAD).read_to_end(&mut head)?;
        let own = match choice {
            Choice::Detect => is_own(path, &head),
            choice => matches!(choice, Choice::Own),
        };
        if own {
            return Lifted::read(head.chain(from), names).map(Self::Own);
        }
        from.read_to_end(&mut head)?;
        Ok(Self::Other(head))
    }

    /// Bytes of the file.
    pub(super) const fn len(&self) -> usize {
        match self {
            Self::Own(lifted) => lifted.length,
            Self::Other(text) => text.len(),
        }
    }
}

/// Whether a file is one of our own: it says so, or at least it is YAML.
pub(super) fn is_own(path: &Path, head: &[u8]) -> bool {
    let says = head.split(|b| *b == b'\n').any(|line| {
        line.strip_prefix(b"\xef\xbb\xbf")
            .unwrap_or(line)
            .starts_with(b"bellerophon:")
    });
    says || extension(path).is_some_and(|e| e == "yaml" || e == "yml")
}

/// A format that is not our own.
pub(super) struct Format {
    /// Its name, as `--format` takes it.
    pub(super) name: &'static str,
    /// Whether a file that begins like this is in it.
    is: fn(&[u8]) -> bool,
    read: Reader,
}

type Reader = fn(&[u8], &mut dyn Listing) -> Result<(), Refused>;

/// All of them, those that say what they are first.
pub(super) const FORMATS: [Format; 15] = [
    format("stix", stix::is, stix::read),
    format("misp", misp::is, misp::read),
    format(
        "misp-warninglist",
        misp::warninglist::is,
        misp::warninglist::read,
    ),
    format("openioc", openioc::is, openioc::read),
    format("zeek", zeek::is, zeek::read),
    format("suricata", suricata::is, suricata::read),
    format("rpz", rpz::is, rpz::read),
    format("dnsmasq", dnsmasq::is, dnsmasq::read),
    format("unbound", unbound::is, unbound::read),
    format("adblock", adblock::is, adblock::read),
    format("hosts", hosts::is, hosts::read),
    format("maltrail", maltrail::is, maltrail::read),
    format("dataset", dataset::is, dataset::read),
    format("csv", csv::is, read_csv),
    format("plain", plain::is, plain::read),
];

const fn format(name: &'static str, is: fn(&[u8]) -> bool, read: Reader) -> Format {
    Format { name, is, read }
}

fn read_csv(text: &[u8], to: &mut dyn Listing) -> Result<(), Refused> {
    csv::read(text, &csv::Options::default(), to)
}

/// In which format files are read.
#[derive(Clone, Copy)]
pub(super) enum Choice {
    /// In that which their content shows.
    Detect,
    /// In our own.
    Own,
    /// As manifests of MISP feeds.
    Feed,
    /// In this one, whatever their content.
    Other(&'static Format),
}

/// Our own format, and the index of a MISP feed, which is read with the files beside it.
const OWN: &str = "bellerophon";
pub(super) const FEED: &str = "misp-feed";

impl Choice {
    /// The format of this name.
    ///
    /// # Errors
    /// There is none.
    pub(super) fn named(name: &str) -> Result<Self, Problem> {
        match name {
            OWN => return Ok(Self::Own),
            FEED => return Ok(Self::Feed),
            _ => {}
        }
        let found = FORMATS.iter().find(|format| format.name == name);
        found.map(Self::Other).ok_or_else(|| {
            let names: Vec<&str> = [OWN, FEED]
                .into_iter()
                .chain(FORMATS.iter().map(|format| format.name))
                .collect();
            let list = format!("formats: {}", names.join(", "));
            let fix = match nearest(name, names.iter().copied()) {
                Some(near) => format!("did you mean `{near}`? {list}"),
                None => list,
            };
            Problem::new("--format", format!("unknown format `{name}`"), fix)
        })
    }

    /// That of tables, for which a column can be named.
    pub(super) fn table() -> Self {
        Self::named("csv").unwrap_or(Self::Detect)
    }
}

/// The beginning of a text, by which its format is told: cut behind a line, where there is one.
pub(super) fn head(text: &[u8]) -> &[u8] {
    let head = text.get(..text.len().min(HEAD as usize)).unwrap_or(text);
    if head.len() == text.len() {
        return head;
    }
    let end = memchr::memrchr(b'\n', head).map_or(head.len(), |at| at.saturating_add(1));
    head.get(..end).unwrap_or(head)
}

/// The format of a file that is not our own.
///
/// # Errors
/// Where it is in none.
pub(super) fn of(label: &str, text: &[u8]) -> Result<&'static Format, Problem> {
    let head = head(text);
    if let Some(problem) = no_list(label, head) {
        return Err(problem);
    }
    let found = FORMATS.iter().find(|format| (format.is)(head));
    found.ok_or_else(|| {
        let what = "it is in no format that is known";
        let fix = "give YAML of our own, or one of the formats that rules/README.md lists";
        Problem::new(label, what, fix)
    })
}

/// Why a file is no list in any format, where that can be told from its bytes.
fn no_list(label: &str, head: &[u8]) -> Option<Problem> {
    let (what, fix) = match head {
        [] | b"\xef\xbb\xbf" => ("the file is empty", "give a list with entries"),
        [0x1f, 0x8b, ..]
        | [b'P', b'K', 3, 4, ..]
        | [0x28, 0xb5, 0x2f, 0xfd, ..]
        | [0xfd, b'7', b'z', ..]
        | [b'B', b'Z', b'h', ..] => ("the file is compressed", "unpack it first"),
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => ("the file is UTF-16", "save it as UTF-8"),
        head => {
            let at = memchr::memchr(0, head)?;
            let line = place::Place::new(head).line(at);
            let what = "the file is not text: it has a NUL byte";
            let fix = "give a list of indicators, saved as UTF-8";
            return Some(Problem::new(label, what, fix).at(Some(line), None));
        }
    };
    Some(Problem::new(label, what, fix))
}

/// Reads a file that is not our own.
///
/// # Errors
/// What refuses it as a whole.
pub(super) fn read_other(
    format: &Format,
    text: &[u8],
    column: Option<&str>,
    to: &mut dyn Listing,
) -> Result<(), Refused> {
    match column {
        Some(_) if format.name == "csv" => {
            let column = column.map(str::to_owned);
            csv::read(text, &csv::Options { column }, to)
        }
        Some(_) => Err(Refused {
            line: None,
            what: format!("it is no table ({}), so it has no columns", format.name),
            fix: "leave `--column` away".into(),
        }),
        None => (format.read)(text, to),
    }
}

/// Understands a file of our own.
///
/// # Errors
/// One [`Problem`] that refuses the file.
pub(super) fn read_own(
    label: &str,
    lifted: Lifted,
    names: &mut Vec<u8>,
) -> Result<Parsed, Problem> {
    yaml::read_lifted(label, lifted, names)
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
