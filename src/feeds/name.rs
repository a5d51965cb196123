//! Names of files in the folder of lists, made from what others write.

use std::fmt;

/// Longest name in bytes; file systems take 255, and the temporary file needs some.
const MAX_LEN: usize = 150;

/// Endings that say what a list is; any other becomes `.list`.
const ENDINGS: [&str; 10] = [
    "stix2", "stix", "json", "txt", "csv", "tsv", "yaml", "yml", "rules", "zone",
];

/// The name of a list's file: lower-case letters, digits, `.`, `_` and `-`, beginning with a letter or digit. So it is
/// no path, is hidden from nobody and is no flag.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FeedName(String);

impl FeedName {
    /// From the parts of an address, such as owner, repository and path. `None` where nothing of them can stand in a
    /// name, or where it would be one of our own files.
    pub fn from_parts<'a>(parts: impl IntoIterator<Item = &'a str>) -> Option<Self> {
        let mut text = String::new();
        for part in parts.into_iter().flat_map(|part| part.split('/')) {
            if part.is_empty() {
                continue;
            }
            if !text.is_empty() {
                text.push('-');
            }
            text.extend(part.chars().map(|c| match c.to_ascii_lowercase() {
                c @ ('a'..='z' | '0'..='9' | '.' | '-') => c,
                _ => '_',
            }));
        }
        let (stem, ending) = match text.rsplit_once('.') {
            Some((stem, ending)) if ENDINGS.contains(&ending) => (stem, ending),
            _ => (text.as_str(), "list"),
        };
        // The end of a path tells more than its beginning; all characters are of one byte.
        let room = MAX_LEN.saturating_sub(ending.len()).saturating_sub(1);
        let stem = stem
            .get(stem.len().saturating_sub(room)..)?
            .trim_start_matches(['.', '-', '_']);
        if stem.is_empty() {
            return None;
        }
        Self::existing(&format!("{stem}.{ending}"))
    }

    /// A name that is already in the right form.
    #[must_use]
    pub fn existing(text: &str) -> Option<Self> {
        let fits = |c: char| matches!(c, 'a'..='z' | '0'..='9' | '.' | '_' | '-');
        let good = (1..=MAX_LEN).contains(&text.len())
            && text.starts_with(|c: char| c.is_ascii_alphanumeric())
            && text.chars().all(fits)
            && !is_own(text);
        good.then(|| Self(text.to_owned()))
    }

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for FeedName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Whether a file of this name in a folder of lists is the folder's own and no list.
#[must_use]
pub fn is_own(name: &str) -> bool {
    name == super::record::FILE || name.starts_with('.')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made(parts: &[&str]) -> Option<String> {
        FeedName::from_parts(parts.iter().copied()).map(|n| n.0)
    }

    #[test]
    fn names_tell_where_a_list_is_from() {
        assert_eq!(
            made(&["Owner", "repo", "2021-07-18_nso/List.stix2"]).as_deref(),
            Some("owner-repo-2021-07-18_nso-list.stix2")
        );
        assert_eq!(
            made(&["h.example", "a"]).as_deref(),
            Some("h.example-a.list")
        );
    }

    #[test]
    fn names_never_leave_the_folder() {
        for (parts, want) in [
            (&["..", "..", "etc/passwd"][..], "..-etc-passwd.list"),
            (&["-rf", "x.txt"], "rf-x.txt"),
            (&[".hidden.json"], "hidden.json"),
            (&["a\0b\n\u{202e}.txt"], "a_b__.txt"),
            (&["c:\\x.txt"], "c__x.txt"),
        ] {
            let name = made(parts).unwrap();
            assert!(!name.contains('/') && !name.starts_with('.'), "{name}");
            assert!(
                name.ends_with(want.trim_start_matches(['.', '-'])),
                "{name}"
            );
        }
        for none in [&[][..], &[""], &["/"], &[".."], &["feeds.json"], &["___"]] {
            assert_eq!(made(none), None, "{none:?}");
        }
        let long = "x".repeat(9_000);
        assert!(made(&[&long, "end.csv"]).unwrap().ends_with("-end.csv"));
        assert_eq!(made(&[&long, "end.csv"]).unwrap().len(), MAX_LEN);
    }

    #[test]
    fn names_of_the_record_are_tested_too() {
        for bad in ["", "../a", "a/b", ".a", "A", "feeds.json", "-a", "a b"] {
            assert_eq!(FeedName::existing(bad), None, "{bad}");
        }
        assert!(FeedName::existing("a-b_c.stix2").is_some());
    }
}
