//! Zone files (RFC 1035 section 5): records of lines, with origin, inherited owners, parentheses and quotes.

use memchr::memchr;

use crate::rules::format::blocking;
use crate::rules::format::lines::MAX_LINE;

/// How many lines a record between parentheses may have. A parenthesis that is never closed must not swallow the file.
const MAX_LINES: usize = 64;

/// The longest owner that is kept for the records that inherit it, in bytes. Names have 255 at the most.
const MAX_NAME: usize = 1024;

/// A name, without its final dot.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Name {
    pub(super) text: String,
    /// Whether the root is above it. It is not where no `$ORIGIN` says what is.
    absolute: bool,
}

impl Name {
    /// A name as it is written below `origin`.
    fn new(text: &str, origin: &Self) -> Self {
        if text == "@" {
            return origin.clone();
        }
        if let Some(text) = text.strip_suffix('.') {
            return Self {
                text: text.into(),
                absolute: true,
            };
        }
        let mut text = text.to_string();
        if !origin.text.is_empty() {
            text.push('.');
            text.push_str(&origin.text);
        }
        Self {
            text,
            absolute: origin.absolute,
        }
    }

    /// What is left of the name below `apex`; `None` where it is not below. Empty: it is `apex`.
    pub(super) fn below(&self, apex: &Self) -> Option<&str> {
        if self.absolute != apex.absolute {
            // A name before the first origin is relative to the zone, whatever its name is.
            return (!self.absolute).then_some(self.text.as_str());
        }
        if apex.text.is_empty() {
            return Some(&self.text);
        }
        let at = self.text.len().checked_sub(apex.text.len())?;
        let (left, right) = self.text.split_at_checked(at)?;
        if !right.eq_ignore_ascii_case(&apex.text) {
            return None;
        }
        if left.is_empty() {
            Some("")
        } else {
            left.strip_suffix('.')
        }
    }
}

/// A record.
#[derive(Debug)]
pub(super) struct Record<'t> {
    /// On which line it begins.
    pub(super) line: usize,
    pub(super) owner: Name,
    /// The origin in effect.
    pub(super) origin: Name,
    /// Its type, in capitals.
    pub(super) kind: String,
    /// The first word of its data.
    pub(super) first: &'t str,
}

/// What stands in a zone file.
#[derive(Debug)]
pub(super) enum Item<'t> {
    Record(Record<'t>),
    /// Line, `$WORD`, the words behind it.
    Directive(usize, &'t str, &'t str),
    /// Line and text of a comment that has a line for itself.
    Comment(usize, &'t str),
    /// Line, what is wrong, what to do about it.
    Bad(usize, String, &'static str),
}

/// Calls `each` with all that stands in a zone file, in order.
pub(super) fn walk<'t>(text: &'t [u8], each: &mut dyn FnMut(Item<'t>)) {
    let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
    let mut state = State::default();
    let (mut rest, mut number) = (text, 0_usize);
    while !rest.is_empty() {
        let end = memchr(b'\n', rest).unwrap_or(rest.len());
        let Some((line, after)) = rest.split_at_checked(end) else {
            break;
        };
        rest = after.get(1..).unwrap_or_default();
        number = number.saturating_add(1);
        if line.len() > MAX_LINE {
            let what = format!("the line is longer than {} KiB", MAX_LINE / 1024);
            each(Item::Bad(number, what, "write one record a line"));
        } else if let Ok(line) = std::str::from_utf8(line) {
            state.line(number, line, each);
        } else {
            let what = "the line is not UTF-8".to_string();
            each(Item::Bad(number, what, "save the file as UTF-8"));
        }
    }
    if state.open {
        state.unclosed(number, each);
    }
}

#[derive(Debug, Default)]
struct State<'t> {
    origin: Name,
    owner: Option<Name>,
    /// Words of the record so far.
    words: Vec<Word<'t>>,
    /// On which line it begins, and whether that line begins with white space.
    begin: usize,
    indented: bool,
    /// Whether a parenthesis is open.
    open: bool,
}

#[derive(Debug, Clone, Copy)]
struct Word<'t> {
    text: &'t str,
    quoted: bool,
}

impl<'t> State<'t> {
    fn line(&mut self, number: usize, line: &'t str, each: &mut dyn FnMut(Item<'t>)) {
        if !self.open {
            let trimmed = line.trim();
            if let Some(comment) = trimmed.strip_prefix(';') {
                each(Item::Comment(number, comment));
                return;
            }
            if trimmed.starts_with('$') {
                self.directive(number, trimmed, each);
                return;
            }
            self.words.clear();
            self.begin = number;
            self.indented = line.starts_with([' ', '\t']);
        }
        if let Err((what, fix)) = self.split(line) {
            self.open = false;
            self.words.clear();
            each(Item::Bad(self.begin, what.into(), fix));
            return;
        }
        if self.open {
            if number.saturating_sub(self.begin) >= MAX_LINES {
                self.unclosed(number, each);
            }
            return;
        }
        if !self.words.is_empty() {
            let item = self.record();
            each(item);
        }
    }

    fn unclosed(&mut self, number: usize, each: &mut dyn FnMut(Item<'t>)) {
        self.open = false;
        let what = format!(
            "lines {} to {number} are one record that does not end",
            self.begin
        );
        each(Item::Bad(self.begin, what, "close its parenthesis"));
    }

    /// Adds the words of a line.
    fn split(&mut self, line: &'t str) -> Result<(), (&'static str, &'static str)> {
        let mut rest = line.trim_start();
        while let Some(c) = rest.chars().next() {
            let inside = rest.get(c.len_utf8()..).unwrap_or_default();
            rest = match c {
                ';' => break,
                '(' if self.open => {
                    return Err(("a parenthesis within another", "take one of them out"));
                }
                ')' if !self.open => {
                    return Err(("a parenthesis that was not opened", "take it out"));
                }
                '(' | ')' => {
                    self.open = c == '(';
                    inside
                }
                '"' => {
                    let Some(end) = end_of(inside, |c| c == '"').filter(|at| *at < inside.len())
                    else {
                        return Err(("a quote that does not end on its line", "close it"));
                    };
                    let (text, after) = inside.split_at_checked(end).unwrap_or_default();
                    self.words.push(Word { text, quoted: true });
                    after.get(1..).unwrap_or_default()
                }
                _ => {
                    let ends = |c: char| c.is_whitespace() || matches!(c, ';' | '(' | ')' | '"');
                    let end = end_of(rest, ends).unwrap_or(rest.len());
                    let (text, after) = rest.split_at_checked(end).unwrap_or_default();
                    self.words.push(Word {
                        text,
                        quoted: false,
                    });
                    after
                }
            }
            .trim_start();
        }
        Ok(())
    }

    fn directive(&mut self, number: usize, line: &'t str, each: &mut dyn FnMut(Item<'t>)) {
        let line = line.split(';').next().unwrap_or_default().trim_end();
        let (word, all) = line
            .split_once(|c: char| c.is_whitespace())
            .unwrap_or((line, ""));
        let all = all.trim_start();
        if word == "$ORIGIN" {
            if all.is_empty() || all.len() > MAX_NAME {
                let what = "`$ORIGIN` without a name".to_string();
                each(Item::Bad(
                    number,
                    what,
                    "write the name of the zone behind it",
                ));
                return;
            }
            let name = all.split_whitespace().next().unwrap_or_default();
            self.origin = if name == "." {
                Name {
                    text: String::new(),
                    absolute: true,
                }
            } else {
                Name::new(name, &self.origin)
            };
            // An origin that is relative to another grows; it must not grow without end.
            if self.origin.text.len() > MAX_NAME {
                self.origin = Name::default();
                let what = "the origin is longer than a name can be".to_string();
                each(Item::Bad(
                    number,
                    what,
                    "end the name behind `$ORIGIN` with a dot",
                ));
                return;
            }
        }
        each(Item::Directive(number, word, all));
    }

    /// `[OWNER] [TTL] [CLASS] TYPE DATA`, time to live and class in any order.
    fn record(&mut self) -> Item<'t> {
        let line = self.begin;
        let bad = |what: String| Item::Bad(line, what, "write `NAME CNAME .`");
        let mut words = self.words.iter().copied().peekable();
        let meta = |word: &Word<'_>| !word.quoted && (is_ttl(word.text) || is_class(word.text));
        let first = words.peek().copied();
        // A record that is set in though it has an owner is no rarity.
        let inherits = self.indented
            && first.is_some_and(|word| meta(&word) || is_type(word.text) && !word.quoted);
        if !inherits {
            let Some(owner) = words.next().filter(|word| !word.quoted) else {
                return bad("a record without a name".into());
            };
            if owner.text.len() > MAX_NAME {
                self.owner = None;
                return bad(format!(
                    "`{}` is too long for a name",
                    blocking::short(owner.text)
                ));
            }
            self.owner = Some(Name::new(owner.text, &self.origin));
        }
        let Some(owner) = self.owner.clone() else {
            return bad("a record without a name, and none before it".into());
        };
        // A class and a time to live, no more: `IN` may be data.
        for _ in 0..2 {
            let _ = words.next_if(meta);
        }
        let Some(kind) = words
            .next()
            .filter(|word| !word.quoted && is_type(word.text))
        else {
            return bad(format!(
                "`{}` has no record type",
                blocking::short(&owner.text)
            ));
        };
        let Some(data) = words.next() else {
            return bad(format!("`{}` has no data", blocking::short(&owner.text)));
        };
        Item::Record(Record {
            line,
            owner,
            origin: self.origin.clone(),
            kind: kind.text.to_ascii_uppercase(),
            first: data.text,
        })
    }
}

/// Where the first character is for which `ends` holds and that no `\` stands before.
fn end_of(text: &str, ends: impl Fn(char) -> bool) -> Option<usize> {
    let mut escaped = false;
    let at = |(_, c): &(usize, char)| {
        let end = !escaped && ends(*c);
        escaped = !escaped && *c == '\\';
        end
    };
    text.char_indices().find(at).map(|(at, _)| at)
}

/// `3600`, `1h30m`.
fn is_ttl(word: &str) -> bool {
    let unit = |b: u8| matches!(b.to_ascii_lowercase(), b's' | b'm' | b'h' | b'd' | b'w');
    word.starts_with(|c: char| c.is_ascii_digit())
        && word.bytes().all(|b| b.is_ascii_digit() || unit(b))
}

fn is_class(word: &str) -> bool {
    ["IN", "CH", "HS"]
        .iter()
        .any(|class| class.eq_ignore_ascii_case(word))
}

fn is_type(word: &str) -> bool {
    const TYPES: &[&str] = &[
        "A",
        "AAAA",
        "CNAME",
        "TXT",
        "SOA",
        "NS",
        "MX",
        "PTR",
        "SRV",
        "DNAME",
        "CAA",
        "NAPTR",
        "SVCB",
        "HTTPS",
        "TLSA",
        "HINFO",
        "LOC",
        "SPF",
        "RP",
        "SSHFP",
        "DS",
        "DNSKEY",
        "RRSIG",
        "NSEC",
        "NSEC3",
        "NSEC3PARAM",
        "CDS",
        "CDNSKEY",
        "URI",
        "ZONEMD",
    ];
    let numbered = |word: &str| {
        let head = word
            .get(..4)
            .is_some_and(|head| head.eq_ignore_ascii_case("TYPE"));
        head && word
            .get(4..)
            .is_some_and(|number| number.parse::<u16>().is_ok())
    };
    TYPES.iter().any(|kind| kind.eq_ignore_ascii_case(word)) || numbered(word)
}
