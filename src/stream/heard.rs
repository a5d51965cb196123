//! What the last messages of a direction named, to compare it with other copies of them.
//!
//! Bytes that were read are gone. Of a message that gave names it is noted where it began and which names: a
//! retransmission gives the same, whatever its segments are. Another copy with other names is how somebody deceives a
//! listener who reads the first one, while the server reads the second.

use std::hash::{BuildHasher, Hasher};
use std::sync::LazyLock;

use foldhash::fast::RandomState;

use crate::names::Kind;

/// How many messages of a direction are noted.
const MESSAGES: usize = 8;

/// The last messages: where they began, and their names.
#[derive(Debug, Clone, Default)]
pub(super) struct Heard {
    starts: [u32; MESSAGES],
    names: [u64; MESSAGES],
    /// How many are noted.
    count: usize,
    /// The place of the next one.
    next: usize,
}

/// Nobody can make two names on purpose that have one hash; and only whether hashes are equal shows.
static SEED: LazyLock<RandomState> = LazyLock::new(RandomState::default);

/// A hash of the names of one message, in their order; none so far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Names(Option<u64>);

impl Names {
    /// Another name of the message. Those of TLS do not count: triage forgets a hello when it is whole, and reads
    /// a second copy as it comes.
    pub(super) fn add(&mut self, kind: Kind, name: &[u8]) {
        if matches!(kind, Kind::TlsSni | Kind::X509San | Kind::X509Cn) || kind.is_fingerprint() {
            return;
        }
        let mut hasher = SEED.build_hasher();
        hasher.write_u64(self.0.unwrap_or(0));
        hasher.write(name);
        self.0 = Some(hasher.finish());
    }
}

impl Heard {
    /// Forgets all messages.
    #[inline]
    pub(super) fn clear(&mut self) {
        self.count = 0;
        self.next = 0;
    }

    /// Notes a message that began with the byte of number `start`. One without names is of no interest.
    #[inline]
    pub(super) fn note(&mut self, start: u32, names: Names) {
        if let Some(names) = names.0 {
            self.put(start, names);
        }
    }

    fn put(&mut self, start: u32, names: u64) {
        if let (Some(at), Some(place)) = (
            self.starts.get_mut(self.next),
            self.names.get_mut(self.next),
        ) {
            (*at, *place) = (start, names);
        }
        self.next = self.next.wrapping_add(1) % MESSAGES;
        self.count = self.count.wrapping_add(1).min(MESSAGES);
    }

    /// The names of the message that began there; of the latest one, where several did.
    pub(super) fn at(&self, start: u32) -> Option<Names> {
        let all = self.starts.iter().zip(&self.names).take(self.count);
        let (before, latest) = (all.clone().take(self.next), all.skip(self.next));
        let mut newest_first = before.rev().chain(latest.rev());
        newest_first
            .find(|(at, _)| **at == start)
            .map(|(_, names)| Names(Some(*names)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(names: &[&str]) -> Names {
        let mut all = Names::default();
        for name in names {
            all.add(Kind::HttpHost, name.as_bytes());
        }
        all
    }

    #[test]
    fn names_count_in_their_order() {
        assert_eq!(names(&["a", "b"]), names(&["a", "b"]));
        let mut more = names(&["a", "b"]);
        more.add(Kind::TlsSni, b"c");
        assert_eq!(more, names(&["a", "b"]));
        for other in [&["b", "a"][..], &["a"], &["ab"], &[], &["", "ab"]] {
            assert_ne!(names(&["a", "b"]), names(other), "{other:?}");
        }
    }

    #[test]
    fn the_last_messages_are_known() {
        let mut heard = Heard::default();
        heard.note(5, Names::default());
        assert_eq!(heard.at(5), None);
        for start in 0..20 {
            heard.note(start, names(&[&start.to_string()]));
        }
        let known: Vec<u32> = (0..20).filter(|at| heard.at(*at).is_some()).collect();
        assert_eq!(known, (12..20).collect::<Vec<u32>>());
        assert_eq!(heard.at(13), Some(names(&["13"])));
        heard.note(13, names(&["other"]));
        assert_eq!(heard.at(13), Some(names(&["other"])));
        heard.clear();
        assert_eq!(heard.at(13), None);
    }
}
