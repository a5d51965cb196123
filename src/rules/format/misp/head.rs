//! What the beginning of a JSON text holds: enough to tell formats apart where the text is cut in the middle of anything.

use std::collections::BTreeSet;

use memchr::memchr2;

/// How deep keys are noted.
const DEPTH: usize = 6;

/// The keys that were seen, as paths: `/response/[]/Event` for a key, followed by `={}`, `=[]`, `=text` or `=other` for
/// what its value is. Elements of arrays are `[]`; the root is the empty path.
#[derive(Debug, Default)]
pub(super) struct Head {
    seen: BTreeSet<String>,
    /// Whether the first value of the text ends in it.
    pub(super) whole: bool,
}

impl Head {
    /// Nothing where it is no JSON.
    pub(super) fn scan(head: &[u8]) -> Option<Self> {
        let head = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head);
        let mut scan = Scan {
            head: Self::default(),
            open: Vec::new(),
            path: String::new(),
            next: Next::Value,
        };
        let mut rest = head;
        while let Some((byte, after)) = rest.split_first() {
            rest = after;
            if matches!(byte, b' ' | b'\t' | b'\r' | b'\n') {
                continue;
            }
            let taken = scan.step(*byte, rest)?;
            let Some(after) = rest.get(taken..) else {
                break; // Cut in the middle of a text or number.
            };
            rest = after;
            if scan.next == Next::Nothing {
                scan.head.whole = true;
                break;
            }
        }
        Some(scan.head)
    }

    pub(super) fn has(&self, path: &str) -> bool {
        self.seen.contains(path)
    }

    /// How many of `keys` stand at `path`.
    pub(super) fn count(&self, path: &str, keys: &[&str]) -> usize {
        let keys = keys.iter();
        keys.filter(|key| self.has(&format!("{path}/{key}")))
            .count()
    }

    /// The keys at the root, in the order of the alphabet.
    pub(super) fn roots(&self) -> impl Iterator<Item = &str> {
        let paths = self.seen.iter().filter_map(|path| path.strip_prefix('/'));
        paths.filter(|path| !path.contains(['/', '=', '[']))
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Next {
    Value,
    ValueOrEnd,
    Key,
    KeyOrEnd,
    Colon,
    CommaOrEnd,
    Nothing,
}

#[derive(Debug)]
struct Scan {
    head: Head,
    /// What is open: whether it is an array, and how long the path was before.
    open: Vec<(bool, usize)>,
    path: String,
    next: Next,
}

impl Scan {
    /// Takes one character, and says how many of `rest` belong to it. Nothing where it is no JSON.
    fn step(&mut self, byte: u8, rest: &[u8]) -> Option<usize> {
        let array = self.open.last().is_some_and(|(array, _)| *array);
        let mut taken = 0;
        match (self.next, byte) {
            (Next::Value | Next::ValueOrEnd, b'{') => {
                self.note("={}");
                self.open.push((false, self.path.len()));
                self.next = Next::KeyOrEnd;
            }
            (Next::Value | Next::ValueOrEnd, b'[') => {
                self.note("=[]");
                self.open.push((true, self.path.len()));
                self.path.push_str("/[]");
                self.next = Next::ValueOrEnd;
            }
            (Next::Value | Next::ValueOrEnd, b'"') => {
                taken = text(rest)?;
                self.note("=text");
                self.after();
            }
            (Next::Value | Next::ValueOrEnd, b'-' | b'0'..=b'9' | b't' | b'f' | b'n') => {
                let mut word = rest.iter();
                let end = word.position(|byte| {
                    !byte.is_ascii_alphanumeric() && !matches!(byte, b'+' | b'-' | b'.')
                });
                taken = end.unwrap_or(usize::MAX);
                self.note("=other");
                self.after();
            }
            (Next::Key | Next::KeyOrEnd, b'"') => {
                taken = text(rest)?;
                let key = rest.get(..taken.saturating_sub(1)).unwrap_or(rest);
                self.key(key);
                self.next = Next::Colon;
            }
            (Next::KeyOrEnd | Next::CommaOrEnd, b'}') if !array => self.close(),
            (Next::ValueOrEnd | Next::CommaOrEnd, b']') if array => self.close(),
            (Next::Colon, b':') => self.next = Next::Value,
            (Next::CommaOrEnd, b',') => {
                self.next = if array { Next::Value } else { Next::Key };
            }
            _ => return None,
        }
        Some(taken)
    }

    fn key(&mut self, key: &[u8]) {
        let before = self.open.last().map_or(0, |(_, before)| *before);
        self.path.truncate(before);
        self.path.push('/');
        for byte in key.iter().take(64) {
            let plain = byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
            self.path.push(if plain { char::from(*byte) } else { '?' });
        }
    }

    fn note(&mut self, what: &str) {
        if self.open.len() <= DEPTH {
            self.head.seen.insert(format!("{}{what}", self.path));
            self.head.seen.insert(self.path.clone());
        }
    }

    fn close(&mut self) {
        if let Some((_, before)) = self.open.pop() {
            self.path.truncate(before);
        }
        self.after();
    }

    fn after(&mut self) {
        self.next = if self.open.is_empty() {
            Next::Nothing
        } else {
            Next::CommaOrEnd
        };
    }
}

/// How many bytes a text takes with the quote at its end; more than there are where it is cut. Nothing where it has
/// characters that a JSON text cannot have.
fn text(rest: &[u8]) -> Option<usize> {
    let mut at = 0_usize;
    let length = loop {
        let Some(tail) = rest.get(at..) else {
            break usize::MAX;
        };
        let Some(found) = memchr2(b'"', b'\\', tail) else {
            break usize::MAX;
        };
        let next = at.saturating_add(found).saturating_add(1);
        if tail.get(found) == Some(&b'"') {
            break next;
        }
        at = next.saturating_add(1);
    };
    let inside = rest.get(..length).unwrap_or(rest);
    let control = |byte: &u8| *byte < b' ';
    (!inside.iter().any(control)).then_some(length)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn keys_and_kinds_of_values_are_noted() {
        let head = Head::scan(
            b"\xef\xbb\xbf {\"a\": [{\"b\\\"\": 1}, \"x\"], \"c/d\": {\"e\": null}} rest",
        );
        let head = head.unwrap();
        assert!(head.whole);
        for path in [
            "={}",
            "/a=[]",
            "/a/[]={}",
            "/a/[]=text",
            "/a/[]/b??=other",
            "/c?d/e",
        ] {
            assert!(head.has(path), "{path} in {head:?}");
        }
        assert_eq!(head.roots().collect::<Vec<_>>(), ["a", "c?d"]);
        assert_eq!(head.count("/c?d", &["e", "f"]), 1);
    }

    #[test]
    fn what_is_cut_counts_as_far_as_it_goes() {
        for cut in [
            "{\"a\":[\"b\",\"c",
            "{\"a\":[1.2",
            "{\"a\":[1],",
            "{\"a\":[\"\\",
        ] {
            let head = Head::scan(cut.as_bytes()).unwrap();
            assert!(head.has("/a=[]") && !head.whole, "{cut}");
        }
        for bad in ["{a", "a.example", "[}", "{\"a\"]", "{\"a\nb\":1}", "# x"] {
            assert!(Head::scan(bad.as_bytes()).is_none(), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_do(bytes in proptest::collection::vec(any::<u8>(), 0..200), json in "[\\[\\]{}\":,a1\\\\ ]{0,100}") {
            let _ = Head::scan(&bytes);
            let _ = Head::scan(json.as_bytes());
        }
    }
}
