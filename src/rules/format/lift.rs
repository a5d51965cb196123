//! Long lists of names, taken out of a rule file while it is read.
//!
//! The YAML library holds a hundred bytes and more for every entry and takes a microsecond for it.
//! Nearly all entries of a long list are lines like `  - evil.example`, and those need no library:
//! they go straight to the memory of the names. In the text, the first of a run of such lines is
//! replaced by a stand-in, and the others are left empty, so that everything else stays on its
//! line. [`yaml`](super::yaml) checks that every stand-in comes out of the library as an entry of a
//! list of names; where one does not (a line in the middle of a longer text only looked like an
//! entry), the file is put together again and read whole.

use std::io::{self, Read};
use std::ops::Range;

use memchr::{memchr, memmem};

use crate::rules::domain::{DASH, DOT, LETTER, OTHER, kinds};

/// Begins a stand-in: a character for private use, which no rule file has a use for.
const MARK: &str = "\u{f8d0}";
/// Lists whose entries are names.
const LISTS: [&str; 3] = ["domains", "exact", "below"];
/// How much is read at once: stays in the cache.
const BLOCK: usize = 64 * 1024;

/// Lines that are nothing but entries, all written the same way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::rules) struct Run {
    /// Where they stand in the memory of the names: as they were written, a line each.
    pub(in crate::rules) names: Range<usize>,
    /// How many.
    pub(in crate::rules) count: usize,
    /// The line of the first, from 1; the others follow without a gap.
    pub(in crate::rules) line: usize,
    style: Style,
}

/// What stands around a name on its line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Style {
    indent: usize,
    quote: Option<u8>,
    /// Whether lines end with CR LF.
    cr: bool,
}

/// A file whose plain entries have been taken out.
#[derive(Debug)]
pub(in crate::rules) struct Lifted {
    /// Everything else.
    pub(super) rest: Vec<u8>,
    /// What was taken out, in the order of the file.
    pub(super) runs: Vec<Run>,
    /// Bytes of the file.
    pub(in crate::rules) length: usize,
    /// What the memory of the names held before.
    before: usize,
}

impl Lifted {
    /// Reads to the end; appends the names to `names`.
    ///
    /// # Errors
    /// Those of the reader; `names` is then as before.
    pub(super) fn read(from: impl Read, names: &mut Vec<u8>) -> io::Result<Self> {
        let before = names.len();
        let read = Self::read_on(from, names);
        if read.is_err() {
            names.truncate(before);
        }
        read
    }

    fn read_on(mut from: impl Read, names: &mut Vec<u8>) -> io::Result<Self> {
        let mut lifter = Lifter {
            rest: Vec::new(),
            runs: Vec::new(),
            in_list: false,
            line: 1,
        };
        let before = names.len();
        let mut length = 0_usize;
        let mut block = vec![0; BLOCK];
        // Of the block: what was read and not yet taken.
        let mut filled = 0_usize;
        loop {
            if filled == block.len() {
                block.resize(filled.saturating_mul(2), 0);
            }
            let room = block.get_mut(filled..).unwrap_or_default();
            let read = match from.read(room) {
                Ok(read) => read,
                Err(e) if e.kind() == io::ErrorKind::Interrupted => continue,
                Err(e) => return Err(e),
            };
            length = length.saturating_add(read);
            let full = filled.saturating_add(read);
            // What was filled before holds no line break.
            let new = block.get(filled..full).unwrap_or_default();
            let last = memchr::memrchr(b'\n', new).map(|at| filled.saturating_add(at));
            let whole = last.map_or(0, |at| at.saturating_add(1));
            lifter.lines(block.get(..whole).unwrap_or_default(), names);
            block.copy_within(whole..full, 0);
            filled = full.saturating_sub(whole);
            if read == 0 {
                break;
            }
        }
        // A last line without a line break stays where it is.
        let end = block.get(..filled).unwrap_or_default();
        lifter.rest.extend_from_slice(end);
        Ok(Self {
            rest: lifter.rest,
            runs: lifter.runs,
            length,
            before,
        })
    }

    /// Whether the only stand-ins are those of the runs: a file may hold the mark by itself.
    pub(super) fn is_unambiguous(&self) -> bool {
        memmem::find_iter(&self.rest, MARK).count() == self.runs.len()
    }

    /// The file as it was. Takes the names back out of the memory of the names.
    pub(super) fn undo(self, names: &mut Vec<u8>) -> Vec<u8> {
        if self.runs.is_empty() {
            return self.rest;
        }
        let mut whole = Vec::with_capacity(self.length);
        let mut runs = self.runs.iter().peekable();
        let mut skip = 0_usize;
        for (line, text) in (1_usize..).zip(self.rest.split_inclusive(|b| *b == b'\n')) {
            if skip > 0 {
                skip = skip.saturating_sub(1);
            } else if let Some(run) = runs.next_if(|run| run.line == line) {
                skip = run.count.saturating_sub(1);
                let names = names.get(run.names.clone()).unwrap_or_default();
                for name in names.split_inclusive(|b| *b == b'\n') {
                    run.style.write(name.trim_ascii_end(), &mut whole);
                }
            } else {
                whole.extend_from_slice(text);
            }
        }
        names.truncate(self.before);
        whole
    }
}

/// Which run a scalar of the text stands for.
pub(super) fn stand_in(scalar: &str) -> Option<usize> {
    scalar.strip_prefix(MARK)?.parse().ok()
}

impl Style {
    /// Writes a line.
    fn write(self, name: &[u8], to: &mut Vec<u8>) {
        to.resize(to.len().saturating_add(self.indent), b' ');
        to.extend_from_slice(b"- ");
        to.extend(self.quote);
        to.extend_from_slice(name);
        to.extend(self.quote);
        to.extend_from_slice(if self.cr { b"\r\n" } else { b"\n" });
    }
}

struct Lifter {
    rest: Vec<u8>,
    runs: Vec<Run>,
    /// Whether the lines before look as if a list of names were open.
    in_list: bool,
    line: usize,
}

impl Lifter {
    /// Takes whole lines.
    fn lines(&mut self, mut text: &[u8], names: &mut Vec<u8>) {
        while let Some(end) = memchr(b'\n', text) {
            let (line, rest) = text.split_at_checked(end).unwrap_or_default();
            text = rest.get(1..).unwrap_or_default();
            match entry(line) {
                Some((style, name)) if self.in_list => self.lift(style, name, names),
                _ => {
                    self.in_list = goes_on(line, self.in_list);
                    self.rest.extend_from_slice(line);
                    self.rest.push(b'\n');
                }
            }
            self.line = self.line.saturating_add(1);
        }
    }

    fn lift(&mut self, style: Style, name: &[u8], names: &mut Vec<u8>) {
        let start = names.len();
        names.extend_from_slice(name);
        names.push(b'\n');
        if let Some(run) = self.runs.last_mut()
            && run.style == style
            && run.line.saturating_add(run.count) == self.line
        {
            run.names.end = names.len();
            run.count = run.count.saturating_add(1);
            self.rest.push(b'\n');
            return;
        }
        let stand_in = format!("{MARK}{}", self.runs.len());
        style.write(stand_in.as_bytes(), &mut self.rest);
        self.runs.push(Run {
            names: start..names.len(),
            count: 1,
            line: self.line,
            style,
        });
    }
}

/// Whether a list of names is open behind a line that is no plain entry.
fn goes_on(line: &[u8], in_list: bool) -> bool {
    let mut line = line.trim_ascii();
    let item = line == b"-" || line.starts_with(b"- ");
    if in_list && (item || line.is_empty() || line.starts_with(b"#")) {
        return true;
    }
    while let Some(value) = line.strip_prefix(b"- ") {
        line = value.trim_ascii_start();
    }
    LISTS.iter().any(|list| {
        line.strip_prefix(list.as_bytes())
            .and_then(|line| line.strip_prefix(b":"))
            .is_some_and(|line| line.is_empty() || line.trim_ascii_start().starts_with(b"#"))
    })
}

/// The name of a line that is nothing but an entry, written so plainly that YAML can only read it
/// as this text: with a dot, and with a letter that no number has.
#[inline]
fn entry(line: &[u8]) -> Option<(Style, &[u8])> {
    let indent = line.iter().position(|b| *b != b' ')?;
    let line = line.get(indent..)?.strip_prefix(b"- ")?;
    let (line, cr) = line
        .strip_suffix(b"\r")
        .map_or((line, false), |l| (l, true));
    let (quote, name) = match line {
        [quote @ (b'"' | b'\''), name @ .., last] if quote == last => (Some(*quote), name),
        _ => (None, line),
    };
    let (seen, first) = (kinds(name), kinds(name.get(..1)?));
    let plain = seen & (OTHER | DOT | LETTER) == DOT | LETTER && first & (DOT | DASH) == 0;
    plain.then_some((Style { indent, quote, cr }, name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn lift(text: &str) -> (Lifted, Vec<u8>) {
        let mut names = b"before\n".to_vec();
        let lifted = Lifted::read(text.as_bytes(), &mut names).unwrap();
        (lifted, names)
    }

    #[test]
    fn plain_entries_of_lists_of_names_are_taken_out() {
        let text = "\
groups:
  - domains: # here
      - evil.example
      - Evil2.example.

      - 'quoted.example'
      - \"quoted2.example\"
      # a comment
      - other.example # with a remark
      - 1.e5
      - e.ee
      - -a.b
      - .inf
      - nodot
      - {name: x.example}
      - last.example\r
    note: |
      - text.example
    addresses:
      - a192.0.2.1
  - exact:
    - no.indent.example
    - cut.example";
        let (lifted, names) = lift(text);
        assert_eq!(
            String::from_utf8_lossy(&names),
            "before\nevil.example\nEvil2.example.\nquoted.example\nquoted2.example\n\
             last.example\nno.indent.example\n"
        );
        let runs: Vec<(usize, usize)> = lifted.runs.iter().map(|r| (r.line, r.count)).collect();
        assert_eq!(runs, [(3, 2), (6, 1), (7, 1), (16, 1), (22, 1)]);
        assert!(lifted.is_unambiguous());
        let rest = String::from_utf8(lifted.rest.clone()).unwrap();
        assert_eq!(rest.lines().count(), text.lines().count());
        assert_eq!(rest.lines().nth(2), Some("      - \u{f8d0}0"));
        assert_eq!(rest.lines().nth(3), Some(""));
        assert_eq!(rest.lines().nth(5), Some("      - '\u{f8d0}1'"));
        let mut back = names.clone();
        assert_eq!(String::from_utf8(lifted.undo(&mut back)).unwrap(), text);
        assert_eq!(back, b"before\n");
    }

    #[test]
    fn the_mark_of_a_stand_in_is_noticed() {
        let (lifted, _) = lift("x: \u{f8d0}0\ndomains:\n- a.b\n");
        assert!(!lifted.is_unambiguous());
    }

    /// Gives a few bytes at a time.
    struct Slow<'a>(&'a [u8], usize);

    impl Read for Slow<'_> {
        fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
            let n = self.1.min(to.len());
            (&mut self.0).take(n as u64).read(to)
        }
    }

    proptest! {
        #[test]
        fn any_file_can_be_put_together_again(
            lines in prop::collection::vec(prop_oneof![
                8 => "( {0,3}- ){0,2}['\"]?[a-zA-Z.]{0,6}['\"]?\r?",
                2 => " {0,2}(- )?(domains|exact|below):( #x)?",
                1 => "[ #-]{0,3}",
                1 => any::<String>(),
            ], 0..60),
            end in any::<bool>(),
            step in 1..50_usize,
        ) {
            let text = lines.join("\n") + if end { "\n" } else { "" };
            let (lifted, mut names) = lift(&text);
            let mut slowly = b"before\n".to_vec();
            let slow = Lifted::read(Slow(text.as_bytes(), step), &mut slowly).unwrap();
            prop_assert_eq!(&slow.runs, &lifted.runs);
            prop_assert_eq!(&slow.rest, &lifted.rest);
            prop_assert_eq!(&slowly, &names);
            prop_assert_eq!(lifted.length, text.len());
            prop_assert_eq!(lifted.undo(&mut names), text.as_bytes());
            prop_assert_eq!(names, b"before\n");
        }
    }
}
