//! MISP feeds as files: a manifest, and its events beside it in `UUID.json`.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use super::format;
use super::format::listing::{About, Facts, Kind, Listing, Refused};
use super::format::misp::{self, feed, json::is_uuid};

/// The longest event that is read, in bytes.
const MAX_EVENT: u64 = 64 << 20;

/// How much of all events of a feed is read, in bytes. They are read one by one, so this bounds time, not memory.
const MAX_FEED: u64 = 1 << 30;

/// What a feed lists by the hashes of its values: no indicator stands in it.
const HASHES: &str = "hashes.csv";

/// Reads the events that a manifest names.
///
/// # Errors
/// The manifest makes no sense, or its events are too long altogether. An event that is missing or damaged is a defect.
pub(super) fn read(path: &Path, manifest: &[u8], to: &mut dyn Listing) -> Result<(), Refused> {
    let events = feed::events(manifest)?;
    let folder = path.parent().unwrap_or(Path::new(""));
    let mut lines = Lines {
        text: manifest,
        at: 0,
        line: 1,
    };
    to.about(About {
        title: Some(format!("MISP feed ({} events)", events.len())),
        ..About::default()
    });
    let mut left = MAX_FEED;
    for uuid in events {
        let line = lines.of(&uuid);
        let file = format!("{uuid}.json");
        let wrong = |what: String| format!("the event `{file}`: {what}");
        match read_event(&folder.join(&file)) {
            Ok(text) => {
                let length = u64::try_from(text.len()).unwrap_or(u64::MAX);
                left = left.checked_sub(length).ok_or_else(|| Refused {
                    line: Some(line),
                    what: format!("its events have more than {} MiB", MAX_FEED >> 20),
                    fix: "give fewer events, or name their files one by one".into(),
                })?;
                if !misp::is(format::head(&text)) {
                    let what = wrong("it is no MISP event".into());
                    to.defect(line, what, "get it again from the feed");
                    continue;
                }
                let mut event = Event {
                    to,
                    line,
                    file: &file,
                    source: file.clone(),
                };
                if let Err(refused) = misp::read(&text, &mut event) {
                    to.defect(line, wrong(refused.what), &refused.fix);
                }
            }
            Err(error) => {
                let what = wrong(format!("cannot read it: {error}"));
                to.defect(line, what, "put it beside the manifest");
            }
        }
    }
    Ok(())
}

fn read_event(path: &Path) -> io::Result<Vec<u8>> {
    let file = File::open(path)?;
    if !file.metadata()?.is_file() {
        return Err(io::Error::other("it is no file"));
    }
    let mut text = Vec::new();
    file.take(MAX_EVENT.saturating_add(1))
        .read_to_end(&mut text)?;
    if u64::try_from(text.len()).is_ok_and(|length| length > MAX_EVENT) {
        return Err(io::Error::other("it is too long"));
    }
    Ok(text)
}

/// Takes the events of a feed out of the files of a folder: its manifest stands for them.
pub(super) fn without_events(files: &mut Vec<PathBuf>) {
    let is_manifest = |path: &PathBuf| {
        let mut head = Vec::new();
        path.file_name().is_some_and(|name| name == "manifest.json")
            && File::open(path)
                .and_then(|file| file.take(format::HEAD).read_to_end(&mut head))
                .is_ok()
            && feed::is(&head)
    };
    if !files.iter().any(is_manifest) {
        return;
    }
    files.retain(|path| {
        let stem = path.file_stem().map(|stem| stem.to_string_lossy());
        let json = path.extension().is_some_and(|e| e == "json");
        let event = json && stem.is_some_and(|stem| is_uuid(&stem));
        !event && path.file_name().is_none_or(|name| name != HASHES)
    });
}

/// Finds lines of a text that are asked for in its order.
struct Lines<'t> {
    text: &'t [u8],
    at: usize,
    line: usize,
}

impl Lines<'_> {
    fn of(&mut self, wanted: &str) -> usize {
        let rest = self.text.get(self.at..).unwrap_or_default();
        if let Some(found) = memchr::memmem::find(rest, wanted.as_bytes()) {
            let passed = rest.get(..found).unwrap_or_default();
            let breaks = memchr::memchr_iter(b'\n', passed).count();
            self.line = self.line.saturating_add(breaks);
            self.at = self.at.saturating_add(found);
        }
        self.line
    }
}

/// Passes on what is in an event, by the line of the manifest that names it.
struct Event<'e> {
    to: &'e mut dyn Listing,
    line: usize,
    file: &'e str,
    source: String,
}

impl Listing for Event<'_> {
    fn about(&mut self, about: About) {
        if let Some(title) = about.title {
            self.source = format!("{title} ({})", self.file);
        }
        // What the feed says of itself is not what one of its events says.
        self.to.about(About {
            publisher: about.publisher,
            updated: about.updated,
            ..About::default()
        });
    }

    fn entry(&mut self, _: usize, kind: Kind, text: &str, facts: &Facts) {
        let source = match &facts.source {
            Some(who) => format!("{who}: {}", self.source),
            None => self.source.clone(),
        };
        let facts = Facts {
            source: Some(source),
            ..facts.clone()
        };
        self.to.entry(self.line, kind, text, &facts);
    }

    fn aside(&mut self, _: usize, what: &'static str, text: &str) {
        self.to.aside(self.line, what, text);
    }

    fn defect(&mut self, line: usize, what: String, fix: &str) {
        let what = format!("the event `{}`, line {line}: {what}", self.file);
        self.to.defect(self.line, what, fix);
    }
}

#[cfg(test)]
#[path = "feed_tests.rs"]
mod tests;
