//! Names in DTLS handshakes (RFC 6347, RFC 9147): the server name of a ClientHello and, up to
//! DTLS 1.2, the certificates. A message is cut into fragments that come in any order, in any
//! datagram and more than once; `fragments` puts them together in bounded space.
//!
//! A fragmented message is read as soon as its beginning says enough. So a fragment that never
//! comes hides nothing that was sent before it, and no name is pushed with another flow's packet.

mod fragments;

use super::tls::{Hello, HelloStats, Over, number24, push_fingerprints, read_body};
use super::x509_fingerprint::Fingerprint;
use super::{Kind, Wanted, x509};
use crate::flow::Flow;
use crate::stats::bump;
use crate::time::Timestamp;
use fragments::{Key, Message, Table};

pub use fragments::Bounds;

/// The longest message that is put together, in bytes. A chain of certificates has 3,000 to 8,000.
const MAX_MESSAGE: usize = 65_536;

/// A record's header: type, version, epoch, sequence number, length.
const RECORD: usize = 13;
/// A handshake fragment's header: type, message length, message number, offset, length.
const FRAGMENT: usize = 12;

const HANDSHAKE: u8 = 22;
const CLIENT_HELLO: u8 = 1;
const CERTIFICATE: u8 = 11;

/// What the reader counts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Stats {
    /// ClientHellos by what they gave.
    pub hellos: HelloStats,
    /// Certificates by what they were.
    pub certificates: x509::Stats,
    /// Fragments of hellos and certificates that were kept until more of their message came.
    pub fragments: u64,
    /// Messages given up since their other fragments did not come in time or the input ended.
    pub unfinished: u64,
    /// Messages given up since the table of unfinished ones, or its memory, was full.
    pub evicted: u64,
    /// Fragments of hellos and certificates that are longer than is put together.
    pub too_large: u64,
    /// Records and fragments that contradict themselves, or others of their message.
    pub malformed: u64,
}

impl Stats {
    /// Adds the counts of another.
    pub fn add(&mut self, other: &Self) {
        self.hellos.add(&other.hellos);
        self.certificates.add(&other.certificates);
        for (sum, n) in [
            (&mut self.fragments, other.fragments),
            (&mut self.unfinished, other.unfinished),
            (&mut self.evicted, other.evicted),
            (&mut self.too_large, other.too_large),
            (&mut self.malformed, other.malformed),
        ] {
            *sum = sum.saturating_add(n);
        }
    }
}

/// Whether a datagram begins with an unencrypted DTLS handshake record: all that its two headers
/// state has to fit together.
pub fn looks_like(payload: &[u8]) -> bool {
    let Some(record) = Record::split(payload).map(|(record, _)| record) else {
        return false;
    };
    if record.kind != HANDSHAKE || record.epoch != 0 || record.stated < FRAGMENT {
        return false;
    }
    // The types that may stand in the clear (RFC 6347 section 4.3.2 and its successors).
    Fragment::split(record.content).is_some_and(|(fragment, _)| {
        matches!(fragment.kind, 0..=4 | 11..=16 | 20..=23)
            && fragment.fits()
            && fragment.stated <= record.stated.saturating_sub(FRAGMENT)
    })
}

/// Reads the datagrams of many flows.
#[derive(Debug, Default)]
pub struct Dtls {
    table: Table,
    wanted: Wanted,
    stats: Stats,
}

impl Dtls {
    /// A reader that keeps unfinished messages within these bounds.
    pub fn new(bounds: Bounds) -> Self {
        Self {
            table: Table::new(bounds),
            wanted: Wanted::default(),
            stats: Stats::default(),
        }
    }

    /// Says which fingerprints are pushed beside names, of messages that become whole from now on.
    pub fn want(&mut self, wanted: Wanted) {
        self.wanted = wanted;
    }

    /// Messages that are not complete.
    pub fn messages(&self) -> usize {
        self.table.len()
    }

    /// What was counted so far.
    pub fn stats(&self) -> Stats {
        self.stats
    }

    /// Gives up the messages of which nothing has come for too long by `now`.
    pub fn expire(&mut self, now: Timestamp) {
        self.table.expire(now, &mut self.stats);
    }

    /// Gives up the unfinished messages: no more datagrams will come.
    pub fn finish(&mut self) {
        self.table.finish(&mut self.stats);
    }

    /// Reads one datagram of `flow`, sent from its `src`, and pushes names. The flag says that the
    /// hello holds an encrypted one too, so that its name may be only the outer one.
    pub fn datagram(
        &mut self,
        flow: &Flow,
        now: Timestamp,
        payload: &[u8],
        visit: &mut impl FnMut(Kind, &[u8], bool),
    ) {
        let mut rest = payload;
        // Every turn takes at least a record's header.
        while let Some((record, after)) = Record::split(rest) {
            rest = after;
            if record.kind != HANDSHAKE || record.epoch != 0 {
                continue;
            }
            let mut content = record.content;
            // Every turn takes at least a fragment's header.
            while let Some((fragment, after)) = Fragment::split(content) {
                content = after;
                if !fragment.fits() {
                    bump(&mut self.stats.malformed);
                    break;
                }
                if matches!(fragment.kind, CLIENT_HELLO | CERTIFICATE) {
                    self.fragment(flow, now, &fragment, visit);
                }
            }
        }
    }

    fn fragment(
        &mut self,
        flow: &Flow,
        now: Timestamp,
        fragment: &Fragment<'_>,
        visit: &mut impl FnMut(Kind, &[u8], bool),
    ) {
        let key = Key {
            flow: *flow,
            kind: fragment.kind,
            number: fragment.number,
        };
        if fragment.offset == 0 && fragment.content.len() == fragment.length {
            self.table.replace(&key, fragment.length, &mut self.stats);
            self.read_alone(fragment, visit);
            return;
        }
        if fragment.length > MAX_MESSAGE {
            bump(&mut self.stats.too_large);
            // Whoever overstates a hello's length may not hide the name in front.
            if fragment.offset == 0 {
                self.read_alone(fragment, visit);
            }
            return;
        }
        if fragment.content.is_empty() {
            return;
        }
        bump(&mut self.stats.fragments);
        let Some(message) = self
            .table
            .message(&key, fragment.length, now, &mut self.stats)
        else {
            return;
        };
        message.put(fragment.offset, fragment.content);
        let Message { progress, .. } = message;
        let mut progress = *progress;
        let whole = progress.read(
            key.kind,
            message.beginning(),
            fragment.length,
            self.wanted,
            &mut self.stats,
            visit,
        );
        message.progress = progress;
        if whole {
            self.table.forget(&key);
        } else {
            self.table.make_room(&key, &mut self.stats);
        }
    }

    /// Reads a fragment from its message's start without those that may follow.
    fn read_alone(&mut self, fragment: &Fragment<'_>, visit: &mut impl FnMut(Kind, &[u8], bool)) {
        Progress::default().read(
            fragment.kind,
            fragment.content,
            fragment.length,
            self.wanted,
            &mut self.stats,
            visit,
        );
    }
}

/// What was read of a message whose bytes come bit by bit.
#[derive(Debug, Clone, Copy, Default)]
struct Progress {
    /// How many bytes there were when the hello was last read, and in all readings together.
    tried: usize,
    all: usize,
    /// The hello's name was pushed.
    named: bool,
    /// Offset of the next certificate's length.
    next: usize,
}

/// A hello is read with each of its fragments until so many bytes were read, again and again: one of
/// 700 bytes may come byte by byte. After that it is read only when a sixteenth more of it is there,
/// so that such fragments make no quadratic work.
const READ_FREELY: usize = 256 * 1024;

impl Progress {
    /// Reads what is new in `bytes`, the beginning of a message of `length` bytes. True when all
    /// of it was read.
    fn read(
        &mut self,
        kind: u8,
        bytes: &[u8],
        length: usize,
        wanted: Wanted,
        stats: &mut Stats,
        visit: &mut impl FnMut(Kind, &[u8], bool),
    ) -> bool {
        let whole = bytes.len() == length;
        if kind == CERTIFICATE {
            self.certificates(bytes, whole, wanted, &mut stats.certificates, visit);
        } else {
            self.hello(bytes, whole, &mut stats.hellos, visit);
            if whole {
                let without = &mut stats.hellos.without_fingerprint;
                push_fingerprints(bytes, Over::Dtls, wanted, without, &mut |kind, print| {
                    visit(kind, print, false);
                });
            }
        }
        whole
    }

    fn hello(
        &mut self,
        bytes: &[u8],
        whole: bool,
        stats: &mut HelloStats,
        visit: &mut impl FnMut(Kind, &[u8], bool),
    ) {
        let new = bytes.len().saturating_sub(self.tried);
        let enough = new > 0 && (self.all < READ_FREELY || new >= self.tried / 16);
        if self.named || !(whole || enough) {
            return;
        }
        self.tried = bytes.len();
        self.all = self.all.saturating_add(bytes.len());
        // Once without pushing, to know the flag that goes with the names.
        let hello = read_body(bytes, whole, true, &mut |_| {});
        if let Hello::Named { ech } = hello {
            self.named = true;
            read_body(bytes, whole, true, &mut |name| {
                visit(Kind::DtlsSni, name, ech);
            });
        }
        if self.named || whole {
            stats.count(hello);
        }
    }

    /// The list's length, then certificates with their lengths (RFC 5246 section 7.4.2).
    fn certificates(
        &mut self,
        bytes: &[u8],
        whole: bool,
        wanted: Wanted,
        stats: &mut x509::Stats,
        visit: &mut impl FnMut(Kind, &[u8], bool),
    ) {
        self.next = self.next.max(3);
        while let Some(length) = bytes.get(self.next..).and_then(number24) {
            let start = self.next.saturating_add(3);
            let rest = bytes.get(start..).unwrap_or_default();
            let certificate = match rest.get(..length) {
                Some(certificate) => certificate,
                None if whole => rest, // the length lies
                None => return,
            };
            let mut visit = |kind: Kind, name: &[u8]| visit(kind, name, false);
            let outcome = x509::names(certificate, &mut visit);
            stats.count(outcome);
            if wanted.certificates && certificate.len() == length {
                Fingerprint::push(certificate, &mut visit);
            }
            self.next = start.saturating_add(length);
        }
        if whole && self.next != bytes.len() {
            bump(&mut stats.malformed);
        }
    }
}

struct Record<'a> {
    kind: u8,
    epoch: u16,
    /// Length of the content as stated.
    stated: usize,
    /// As far as it is there.
    content: &'a [u8],
}

impl<'a> Record<'a> {
    /// The record at the start, and what is behind it. `None` where there is none: the unified
    /// header of DTLS 1.3's encrypted records has no version.
    fn split(bytes: &'a [u8]) -> Option<(Self, &'a [u8])> {
        let (&[kind, v0, v1, e0, e1, _, _, _, _, _, _, l0, l1], rest) =
            bytes.split_first_chunk::<RECORD>()?;
        // DTLS 1.0, 1.2, and what OpenSSL called 1.0 before there was one.
        if !matches!(kind, 20..=26) || !matches!([v0, v1], [0xfe, 0xff | 0xfd] | [1, 0]) {
            return None;
        }
        let stated = usize::from(u16::from_be_bytes([l0, l1]));
        let (content, after) = rest.split_at_checked(stated).unwrap_or((rest, &[]));
        let record = Self {
            kind,
            epoch: u16::from_be_bytes([e0, e1]),
            stated,
            content,
        };
        Some((record, after))
    }
}

struct Fragment<'a> {
    kind: u8,
    /// Length of the message.
    length: usize,
    /// Number of the message.
    number: u16,
    offset: usize,
    /// Length of the fragment as stated.
    stated: usize,
    /// As far as it is there.
    content: &'a [u8],
}

impl<'a> Fragment<'a> {
    fn split(bytes: &'a [u8]) -> Option<(Self, &'a [u8])> {
        let (&[kind, l0, l1, l2, n0, n1, o0, o1, o2, f0, f1, f2], rest) =
            bytes.split_first_chunk::<FRAGMENT>()?;
        let stated = number24(&[f0, f1, f2])?;
        let (content, after) = rest.split_at_checked(stated).unwrap_or((rest, &[]));
        let fragment = Self {
            kind,
            length: number24(&[l0, l1, l2])?,
            number: u16::from_be_bytes([n0, n1]),
            offset: number24(&[o0, o1, o2])?,
            stated,
            content,
        };
        Some((fragment, after))
    }

    /// It lies within its message.
    fn fits(&self) -> bool {
        self.offset.saturating_add(self.stated) <= self.length
    }
}

#[cfg(test)]
#[path = "../dtls_tests.rs"]
mod tests;
