//! What lists say, whatever their format: the ground that all readers here have in common with what is made of it.

use crate::rules::indicator::{Confidence, Severity};

/// What kind of thing is listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(in crate::rules) enum Kind {
    /// A domain name, and every name below it.
    Domain,
    /// A host name, and nothing below it.
    Exact,
    /// Every name below a domain name, but not the name itself.
    Below,
    /// A text that stands somewhere in a name.
    Keyword,
    /// `ADDRESS`, `ADDRESS/PREFIX`, either with a port: `192.0.2.1:443`, `[2001:db8::1]:443`, `[2001:db8::/32]:443`,
    /// `192.0.2.0/24:443`.
    Address,
    /// A URL with its scheme, or `HOST/PATH`.
    Url,
    /// JA3: 32 hexadecimal digits.
    Ja3,
    /// JA4: `t13d1516h2_8daaf6152771_02713d6af862`.
    Ja4,
    /// A certificate: 40 (SHA-1) or 64 (SHA-256) hexadecimal digits of its fingerprint, or `serial:` and its serial number in
    /// hexadecimal digits.
    Certificate,
}

/// What a list says about an entry besides what is listed. Readers leave empty what it does not say.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub(in crate::rules) struct Facts {
    /// Which spyware or campaign it belongs to, as the list names it.
    pub(in crate::rules) threat: Option<String>,
    /// When it was first seen or published, `YYYY-MM-DD`.
    pub(in crate::rules) first_seen: Option<String>,
    /// The last day on which it counts, `YYYY-MM-DD`.
    pub(in crate::rules) expires: Option<String>,
    pub(in crate::rules) severity: Option<Severity>,
    pub(in crate::rules) confidence: Option<Confidence>,
    /// Free labels, each once, in the order of the list.
    pub(in crate::rules) tags: Vec<String>,
    /// Where to read more: URLs.
    pub(in crate::rules) references: Vec<String>,
    /// A remark for the reader of an alert.
    pub(in crate::rules) note: Option<String>,
    /// Who says so, where the entry names someone.
    pub(in crate::rules) source: Option<String>,
}

/// What a list says about itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in crate::rules) struct About {
    pub(in crate::rules) title: Option<String>,
    pub(in crate::rules) description: Option<String>,
    /// Who made it.
    pub(in crate::rules) publisher: Option<String>,
    pub(in crate::rules) licence: Option<String>,
    /// When it was last changed, `YYYY-MM-DD`.
    pub(in crate::rules) updated: Option<String>,
    pub(in crate::rules) url: Option<String>,
}

impl About {
    /// What this says, and of the rest what `old` says.
    pub(in crate::rules) fn or(self, old: Self) -> Self {
        Self {
            title: self.title.or(old.title),
            description: self.description.or(old.description),
            publisher: self.publisher.or(old.publisher),
            licence: self.licence.or(old.licence),
            updated: self.updated.or(old.updated),
            url: self.url.or(old.url),
        }
    }
}

/// Why a file is refused as a whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::rules) struct Refused {
    pub(in crate::rules) line: Option<usize>,
    /// What is wrong.
    pub(in crate::rules) what: String,
    /// What to do about it.
    pub(in crate::rules) fix: String,
}

/// Takes what a reader finds, in the order of the file. Lines count from 1.
///
/// Every entry of a file ends in exactly one call of `entry`, `aside` or `defect` (several where one entry lists several
/// things), so that the sums say what became of all of it.
pub(in crate::rules) trait Listing {
    /// What the list says about itself; what a later call leaves empty stays as it was.
    fn about(&mut self, about: About);

    /// An entry. `text` is as the list has it, less what only its format means (quotes, a leading `||`, defanging).
    /// Whether it is a good name, address and so on is judged by whoever takes it.
    fn entry(&mut self, line: usize, kind: Kind, text: &str, facts: &Facts);

    /// Something that is well-formed and not looked for: `what` says in the plural what it is (`file hashes`, `process
    /// names`, `e-mail addresses`), or why in the form of a group (`revoked entries`, `entries not meant for detection`).
    fn aside(&mut self, line: usize, what: &'static str, text: &str);

    /// Something that is wrong: what, and what to do about it.
    fn defect(&mut self, line: usize, what: String, fix: &str);
}

/// Keeps everything: for tests.
#[cfg(test)]
#[derive(Debug, Default, PartialEq, Eq)]
pub(in crate::rules) struct Kept {
    pub(in crate::rules) about: About,
    pub(in crate::rules) entries: Vec<(usize, Kind, String, Facts)>,
    pub(in crate::rules) asides: Vec<(usize, &'static str, String)>,
    pub(in crate::rules) defects: Vec<(usize, String)>,
}

#[cfg(test)]
impl Kept {
    /// What is listed, without lines and facts.
    pub(in crate::rules) fn listed(&self) -> Vec<(Kind, &str)> {
        let listed = self.entries.iter();
        listed
            .map(|(_, kind, text, _)| (*kind, text.as_str()))
            .collect()
    }
}

#[cfg(test)]
impl Listing for Kept {
    fn about(&mut self, about: About) {
        let old = std::mem::take(&mut self.about);
        self.about = about.or(old);
    }

    fn entry(&mut self, line: usize, kind: Kind, text: &str, facts: &Facts) {
        self.entries.push((line, kind, text.into(), facts.clone()));
    }

    fn aside(&mut self, line: usize, what: &'static str, text: &str) {
        self.asides.push((line, what, text.into()));
    }

    fn defect(&mut self, line: usize, what: String, fix: &str) {
        self.defects.push((line, format!("{what}: {fix}")));
    }
}
