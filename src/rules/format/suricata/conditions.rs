//! What a rule looks for: its contents, each with buffer and anchors.

use crate::rules::format::blocking;

use super::buffer::{self, Buffer};
use super::rule::{Rule, unquoted};

/// How many sizes of buffers a rule may give. Each is compared with all contents.
const MAX_SIZES: usize = 16;

/// A text that a rule looks for.
#[derive(Debug)]
pub(super) struct Content {
    pub(super) buffer: Buffer,
    pub(super) bytes: Vec<u8>,
    pub(super) negated: bool,
    /// It is at the beginning of the buffer.
    pub(super) starts: bool,
    /// It is at the end of the buffer.
    pub(super) ends: bool,
    /// The buffer has a dot put before it.
    pub(super) dotted: bool,
    /// Which buffer of the rule it is in, to find what is said of it.
    group: usize,
}

impl Content {
    /// Its text, if it is text without control characters.
    pub(super) fn text(&self) -> Option<&str> {
        let text = std::str::from_utf8(&self.bytes).ok()?;
        (!text.is_empty() && !text.chars().any(char::is_control)).then_some(text)
    }
}

impl Content {
    /// The name that it is, or that it has behind `Host:`.
    fn host(&self) -> Option<String> {
        if self.negated {
            return None;
        }
        if self.buffer != Buffer::Header {
            return self.text().map(String::from);
        }
        let text = std::str::from_utf8(&self.bytes).ok()?;
        let (key, host) = text.split_once(':')?;
        key.trim()
            .eq_ignore_ascii_case("host")
            .then(|| host.trim().to_string())
    }
}

/// All that a rule looks for.
#[derive(Debug, Default)]
pub(super) struct Conditions {
    pub(super) contents: Vec<Content>,
    /// Regular expressions that do more than to anchor a name.
    pub(super) regex: bool,
    /// The first of them, and how many there are.
    regexes: (String, usize),
    pub(super) data_set: bool,
    pub(super) silent: bool,
    /// Something besides contents and addresses.
    pub(super) more: bool,
}

impl Conditions {
    /// # Errors
    /// A content that cannot be read.
    pub(super) fn new(rule: &Rule<'_>) -> Result<Self, (String, &'static str)> {
        let mut found = Self::default();
        let mut at = Place::default();
        for (key, value) in &rule.options {
            found.option(key, value, &mut at)?;
        }
        // `bsize` holds for all contents of its buffer, before it and behind it.
        for (group, size) in &at.sizes {
            let mut all = false;
            for content in &mut found.contents {
                if content.group == *group && !content.negated && content.bytes.len() == *size {
                    (content.starts, content.ends, all) = (true, true, true);
                }
            }
            // Something unknown stands beside the content.
            found.more |= !all;
        }
        found.regex = found.regexes.1 > 0 && !found.anchor();
        Ok(found)
    }

    /// Takes the anchors of a name from a regular expression that says nothing else, as exports of MISP have it:
    /// `content:"evil.example"; pcre:"/(^|[^A-Za-z0-9-])evil\.example$/i"`. Returns whether it does.
    fn anchor(&mut self) -> bool {
        let in_name = |content: &&mut Content| {
            matches!(content.buffer, Buffer::Name | Buffer::Host | Buffer::Header)
        };
        let mut names = self.contents.iter_mut().filter(in_name);
        let (Some(content), None, 1) = (names.next(), names.next(), self.regexes.1) else {
            return false;
        };
        let Some(text) = content.host() else {
            return false;
        };
        let Some(below) = anchors(&self.regexes.0, &text) else {
            return false;
        };
        (content.starts, content.ends, content.dotted) = (!below, true, below);
        content.bytes = if below { format!(".{text}") } else { text }.into_bytes();
        if content.buffer == Buffer::Header {
            content.buffer = Buffer::Host;
        }
        true
    }

    fn option(
        &mut self,
        key: &str,
        value: &str,
        at: &mut Place,
    ) -> Result<(), (String, &'static str)> {
        match key {
            "content" | "uricontent" => {
                let buffer = if key == "content" {
                    at.buffer
                } else {
                    Buffer::Uri
                };
                self.content(buffer, value, at)?;
            }
            // Keywords from before there were buffers: the value is the text.
            "tls.fingerprint" => self.content(Buffer::Fingerprint, value, at)?,
            "tls.subject" | "tls.issuerdn" => self.content(Buffer::CertificateName, value, at)?,
            "dataset" | "datarep" => self.data_set = true,
            "noalert" => self.silent = true,
            "flowbits" if value == "noalert" => self.silent = true,
            "pcre" => {
                if self.regexes.1 == 0 {
                    self.regexes.0 = unquoted(value);
                }
                self.regexes.1 = self.regexes.1.saturating_add(1);
            }
            "dotprefix" => at.dotted = true,
            "bsize" => match value.parse() {
                Ok(size) if at.sizes.len() < MAX_SIZES => at.sizes.push((at.group, size)),
                _ => self.more = true,
            },
            "startswith" | "endswith" | "depth" | "offset" | "isdataat" | "distance" | "within"
            | "nocase" | "fast_pattern" | "rawbytes" => self.modifier(key, value),
            _ if buffer::is_mild(key, value) => (),
            _ => self.other(key, value, at),
        }
        Ok(())
    }

    fn other(&mut self, key: &str, value: &str, at: &mut Place) {
        let named = buffer::named(key);
        // Snort 3 says which field it wants: `http_header: field host`.
        let of_host = value.replace(' ', "").eq_ignore_ascii_case("fieldhost");
        let buffer = match named {
            Some(Buffer::Header) if of_host => Buffer::Host,
            Some(buffer) if value.is_empty() => buffer,
            _ => {
                self.more = true;
                return;
            }
        };
        // `http_host` stands behind its content, unless contents are in another buffer already.
        let last = self.contents.last_mut().filter(|content| {
            key.starts_with("http_")
                && content.buffer == Buffer::Payload
                && at.buffer == Buffer::Payload
        });
        if let Some(last) = last {
            last.buffer = buffer;
            return;
        }
        at.buffer = buffer;
        at.group = at.group.saturating_add(1);
        at.dotted = false;
    }

    fn content(
        &mut self,
        buffer: Buffer,
        value: &str,
        at: &Place,
    ) -> Result<(), (String, &'static str)> {
        let (negated, value) = match value.strip_prefix('!') {
            Some(value) => (true, value.trim_start()),
            None => (false, value),
        };
        let (text, modifiers) = quoted(value).ok_or_else(|| {
            let what = "a content without quotes".to_string();
            (what, "write `content:\"TEXT\"`")
        })?;
        let bytes = bytes(text).ok_or_else(|| {
            let what = "a content with hexadecimal digits that are none".to_string();
            (what, "write pairs of hexadecimal digits between `|`")
        })?;
        self.contents.push(Content {
            buffer,
            bytes,
            negated,
            starts: false,
            ends: false,
            dotted: at.dotted,
            group: at.group,
        });
        // Snort 3 writes what belongs to a content behind it: `content:"x",depth 5,nocase`.
        for modifier in modifiers.split(',') {
            let modifier = modifier.trim();
            let (key, value) = modifier.split_once(' ').unwrap_or((modifier, ""));
            self.modifier(key, value.trim());
        }
        Ok(())
    }

    fn modifier(&mut self, key: &str, value: &str) {
        let Some(content) = self.contents.last_mut() else {
            return;
        };
        match key {
            "startswith" => content.starts = true,
            "endswith" => content.ends = true,
            "depth" if value.parse() == Ok(content.bytes.len()) => content.starts = true,
            "isdataat" => {
                let value: String = value.chars().filter(|c| !c.is_whitespace()).collect();
                content.ends |= value == "!1,relative";
            }
            // At the beginning, but not of the buffer.
            "offset" if value != "0" => content.starts = false,
            _ => (),
        }
    }
}

/// Whether a regular expression finds `name`, and whether names below it as well; `None` where it finds anything else.
fn anchors(regex: &str, name: &str) -> Option<bool> {
    let inside = regex.strip_prefix('/')?.rsplit_once('/')?.0;
    // What is escaped is meant as it stands, but for the line ends of a set, whose letters are known.
    let plain = inside.replace('\\', "");
    let (before, behind) = plain.split_once(name)?;
    if !blocking::is_name(name) || !matches!(behind, "$" | "[rn$]") {
        return None;
    }
    match before {
        "^" | "(^|[^A-Za-z0-9-.])" => Some(false),
        "(^|[^A-Za-z0-9-])" | "(^|.)" | "(?:^|.)" | "^(.*.)?" | "^(?:.*.)?" | "(.*.)?" => {
            Some(true)
        }
        _ => None,
    }
}

/// Where in a rule its options have come to.
#[derive(Debug)]
struct Place {
    buffer: Buffer,
    group: usize,
    dotted: bool,
    sizes: Vec<(usize, usize)>,
}

impl Default for Place {
    fn default() -> Self {
        Self {
            buffer: Buffer::Payload,
            group: 0,
            dotted: false,
            sizes: Vec::new(),
        }
    }
}

/// The text between the first quotes, and what stands behind them.
fn quoted(value: &str) -> Option<(&str, &str)> {
    let inside = value.strip_prefix('"')?;
    let mut escaped = false;
    for (at, c) in inside.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return Some((inside.get(..at)?, inside.get(at.checked_add(1)?..)?)),
            _ => (),
        }
    }
    None
}

/// The bytes of a content: `evil|2e|example`.
fn bytes(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len());
    // `\|` stands for itself in no version; a bar is always hexadecimal.
    for (at, part) in text.split('|').enumerate() {
        if at % 2 == 0 {
            bytes.extend(unquoted_inside(part).bytes());
            continue;
        }
        let digits: Vec<u8> = part.bytes().filter(|b| !b.is_ascii_whitespace()).collect();
        for pair in digits.chunks(2) {
            let [high, low] = pair else { return None };
            let digit = |b: &u8| {
                char::from(*b)
                    .to_digit(16)
                    .and_then(|d| u8::try_from(d).ok())
            };
            bytes.push(digit(high)?.checked_mul(16)?.checked_add(digit(low)?)?);
        }
    }
    Some(bytes)
}

/// [`unquoted`] for a part that may begin or end with a quote of its own.
fn unquoted_inside(part: &str) -> String {
    unquoted(&format!("\"{part}\""))
}
