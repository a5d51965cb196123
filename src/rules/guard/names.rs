//! The names that no rule may stand for: `rules/guard/names.txt`, searched where it lies.
//!
//! A line is a name with its labels in reverse, so that what is below a name stands behind it, and letters for the lists
//! that have it. Lines are in the order of their bytes, so a name is found by halving, as look(1) does. Nothing is read,
//! copied or kept when the program starts; the system loads the pages that a search touches.
//!
//! All of the popular list is taken. It has no ranks to cut it by, and of 5,300 names published as spyware's none is on it
//! but one that its publisher withdrew. Its last name is still asked for by very many people.

use memchr::memmem::Finder;
use memchr::{memchr, memrchr};

use super::reason::Listed;

/// What the letter `p` means, in words.
pub(super) const POPULAR: &str =
    "the 100,000 domains most asked for (Cloudflare Radar, 2026-08-10)";

/// The file. The script `scripts/guard-lists` makes it.
static FILE: &str = include_str!(concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/rules/guard/names.txt"
));

/// A line of the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Line<'t> {
    /// Labels in reverse.
    pub(super) reverse: &'t str,
    /// Letters of the lists that have it, the most telling first.
    pub(super) lists: &'t str,
}

impl<'t> Line<'t> {
    fn of(line: &'t str) -> Self {
        let (reverse, lists) = line.split_once(' ').unwrap_or((line, "p"));
        Self { reverse, lists }
    }

    /// What the name is listed as; nothing for a top-level domain.
    fn listed(self) -> Option<Listed> {
        match self.lists.as_bytes().first()? {
            b'u' => Some(Listed::Shortener),
            b'd' => Some(Listed::DynamicDns),
            b's' => Some(Listed::PublicSuffix),
            b'h' => Some(Listed::Host),
            b'p' => Some(Listed::Popular),
            _ => None,
        }
    }
}

/// All lines.
#[derive(Debug, Clone, Copy)]
pub(super) struct Names {
    text: &'static str,
}

impl Names {
    pub(super) fn built_in() -> Self {
        Self::of(FILE)
    }

    /// A text in the form of the file; lines with `#` may come first.
    pub(super) fn of(text: &'static str) -> Self {
        let mut rest = text;
        while rest.starts_with('#') {
            rest = rest.split_once('\n').map_or("", |(_, rest)| rest);
        }
        Self { text: rest }
    }

    /// What a name is listed as.
    pub(super) fn get(self, name: &str) -> Option<Listed> {
        self.line(&reverse(name))?.listed()
    }

    /// Whether a name is among the popular ones, whatever else it is.
    pub(super) fn is_popular(self, name: &str) -> bool {
        let line = self.line(&reverse(name));
        line.is_some_and(|line| line.lists.contains('p'))
    }

    /// The names that judgement has to do with, with their labels in reverse: two labels and more.
    pub(super) fn all(self) -> impl Iterator<Item = &'static str> {
        let lines = self.text.lines().map(Line::of);
        lines
            .map(|line| line.reverse)
            .filter(|name| name.contains('.'))
    }

    /// Whether there is a top-level domain of this name.
    pub(super) fn is_tld(self, label: &str) -> bool {
        self.line(label).is_some_and(|line| line.lists == "t")
    }

    /// What a name is listed as, and the first listed name below it. Takes one search: what is below follows at once.
    pub(super) fn about(self, name: &str) -> (Option<Listed>, Option<(String, Listed)>) {
        let mut key = reverse(name);
        let at = self.find(&key, 0);
        let own = self.line_at(at).filter(|line| line.reverse == key);
        let next = match own {
            Some(_) => self.line_end(at).saturating_add(1),
            None => at,
        };
        key.push('.');
        let below = self
            .line_at(self.find(&key, next))
            .filter(|line| line.reverse.starts_with(&key))
            .and_then(|line| Some((reverse(line.reverse), line.listed()?)));
        (own.and_then(Line::listed), below)
    }

    /// The lines that have a text without a dot somewhere in their names.
    pub(super) fn having(self, label: &Finder<'_>) -> impl Iterator<Item = Line<'static>> {
        let mut at = 0_usize;
        std::iter::from_fn(move || {
            loop {
                let rest = self.text.as_bytes().get(at..)?;
                let hit = at.saturating_add(label.find(rest)?);
                let line = self.line_at(self.line_start(hit))?;
                at = self.line_end(hit).saturating_add(1);
                if label.find(line.reverse.as_bytes()).is_some() {
                    return Some(line);
                }
            }
        })
    }

    #[cfg(test)]
    pub(super) fn lines(self) -> impl Iterator<Item = Line<'static>> {
        self.text.lines().map(Line::of)
    }

    fn line(self, reverse: &str) -> Option<Line<'static>> {
        self.line_at(self.find(reverse, 0))
            .filter(|line| line.reverse == reverse)
    }

    /// Where the first line begins, at `low` or behind it, whose name is not before this one.
    fn find(self, reverse: &str, mut low: usize) -> usize {
        let mut high = self.text.len();
        if low > 0 && self.line_at(low).is_none_or(|line| line.reverse >= reverse) {
            return low;
        }
        while low < high {
            let start = self.line_start(low.midpoint(high)).max(low);
            match self.line_at(start) {
                Some(line) if line.reverse < reverse => {
                    low = self.line_end(start).saturating_add(1);
                }
                _ => high = start,
            }
        }
        low
    }

    fn line_at(self, start: usize) -> Option<Line<'static>> {
        self.text
            .get(start..self.line_end(start))
            .filter(|line| !line.is_empty())
            .map(Line::of)
    }

    /// Where the line that has this byte begins.
    fn line_start(self, at: usize) -> usize {
        let before = self.text.as_bytes().get(..at).unwrap_or_default();
        memrchr(b'\n', before).map_or(0, |end| end.saturating_add(1))
    }

    /// Where the line that has this byte ends, its line feed not included.
    fn line_end(self, at: usize) -> usize {
        let rest = self.text.as_bytes().get(at..).unwrap_or_default();
        memchr(b'\n', rest).map_or(self.text.len(), |length| at.saturating_add(length))
    }
}

/// A name with its labels in reverse.
pub(super) fn reverse(name: &str) -> String {
    let mut out = String::with_capacity(name.len().saturating_add(1));
    for label in name.rsplit('.') {
        if !out.is_empty() {
            out.push('.');
        }
        out.push_str(label);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    const SMALL: &str =
        "# x\n# y\ncom t\ncom.google\ncom.google-x d\ncom.google.a u\nuk.co sp\nuk.co.bbc\n";

    #[test]
    fn names_are_found_by_halving() {
        let names = Names::of(SMALL);
        for (name, want) in [
            ("google.com", Some(Listed::Popular)),
            ("google-x.com", Some(Listed::DynamicDns)),
            ("a.google.com", Some(Listed::Shortener)),
            ("co.uk", Some(Listed::PublicSuffix)),
            ("bbc.co.uk", Some(Listed::Popular)),
            ("com", None),
            ("aaa", None),
            ("zzz.zzz", None),
            ("googl.com", None),
            ("googlee.com", None),
            ("b.google.com", None),
            ("", None),
        ] {
            assert_eq!(names.get(name), want, "{name}");
        }
        assert!(names.is_tld("com") && !names.is_tld("uk") && !names.is_tld("zz"));
        let below = |name| names.about(name).1;
        assert_eq!(
            below("google.com"),
            Some(("a.google.com".to_owned(), Listed::Shortener))
        );
        assert_eq!(below("goo.com"), None);
        assert_eq!(below("bbc.co.uk"), None);
        assert_eq!(
            below("com"),
            Some(("google.com".to_owned(), Listed::Popular))
        );
        for empty in ["", "# x", "# x\n"] {
            assert_eq!(Names::of(empty).get("a.b"), None);
            assert_eq!(Names::of(empty).about("a.b"), (None, None));
        }
    }

    #[test]
    fn lines_with_a_text_are_found_once_each() {
        let found = |text: &str| {
            let finder = Finder::new(text);
            let lines = Names::of(SMALL).having(&finder);
            lines.map(|line| line.reverse).collect::<Vec<_>>()
        };
        assert_eq!(
            found("google"),
            ["com.google", "com.google-x", "com.google.a"]
        );
        assert_eq!(found("o"), Vec::from_iter(found_all("o")));
        assert_eq!(found("sp"), [""; 0]);
        assert_eq!(found("bbc"), ["uk.co.bbc"]);
    }

    fn found_all(text: &'static str) -> impl Iterator<Item = &'static str> {
        let lines = Names::of(SMALL).lines().map(|line| line.reverse);
        lines.filter(move |reverse| reverse.contains(text))
    }

    #[test]
    fn the_file_is_in_order_and_has_the_form() {
        let mut before = "";
        let (mut tlds, mut popular) = (0, 0);
        for line in Names::built_in().lines() {
            assert!(before < line.reverse, "{before} before {}", line.reverse);
            before = line.reverse;
            let good = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b"-_".contains(&b);
            assert!(line.reverse.len() <= 253, "{}", line.reverse);
            for label in line.reverse.split('.') {
                assert!((1..=63).contains(&label.len()), "{}", line.reverse);
                assert!(label.bytes().all(good), "{}", line.reverse);
            }
            if line.lists == "t" {
                assert!(!line.reverse.contains('.'), "{}", line.reverse);
                tlds += 1;
            } else {
                assert!(line.reverse.contains('.'), "{}", line.reverse);
                // Each letter once, in the order of how much it tells.
                let rest = ["u", "d", "s", "h", "p"]
                    .iter()
                    .fold(line.lists, |rest, l| rest.strip_prefix(l).unwrap_or(rest));
                assert_eq!(rest, "", "{}", line.reverse);
            }
            popular += usize::from(line.lists.ends_with('p'));
        }
        assert!(tlds > 1_400, "{tlds}");
        assert!((90_000..=100_000).contains(&popular), "{popular}");
        assert!(FILE.ends_with('\n') && !FILE.contains('\r') && FILE.is_ascii());
        assert!(
            FILE.len() < 2_300_000,
            "the program grows by {} bytes",
            FILE.len()
        );
    }

    #[test]
    fn the_words_and_the_file_agree_on_the_date() {
        let head = FILE.lines().find(|l| l.starts_with("# p: ")).unwrap();
        for part in ["100,000", "Cloudflare Radar", "2026-08-10"] {
            assert!(head.contains(part) && POPULAR.contains(part), "{part}");
        }
    }

    #[test]
    fn every_name_of_the_file_is_found() {
        let names = Names::built_in();
        let mut after = names.lines().skip(1).collect::<Vec<_>>().into_iter();
        for line in names.lines() {
            let name = reverse(line.reverse);
            assert_eq!(names.get(&name), line.listed(), "{name}");
            let (listed, below) = names.about(&name);
            assert_eq!(listed, line.listed(), "{name}");
            // What is below follows, unless `-` stands between.
            let next = after.next().map(|next| reverse(next.reverse));
            if next
                .as_ref()
                .is_some_and(|next| next.ends_with(&format!(".{name}")))
            {
                assert_eq!(below.map(|(below, _)| below), next);
            }
        }
    }
}
