//! A stream of IP fragments, in orders of eight bytes each and the data of their fragment.
//!
//! What is given out is compared with a table of bytes in which the first copy stays.

use std::collections::{HashMap, VecDeque};

use bellerophon::packet::Whole;
use bellerophon::stream::defrag::{Defragmenter, Fragment, Limits, Outcome, Refusal};
use bellerophon::time::Timestamp;

const LIMITS: Limits = Limits {
    datagrams: 5,
    bytes_total: 70_000,
    parts: 12,
    lifetime: 30_000_000_000,
};

/// What the table knows of a datagram.
#[derive(Default)]
struct Known {
    bytes: Vec<Option<u8>>,
    end: Option<usize>,
}

impl Known {
    /// Whether the bytes from 0 to the end are all there.
    fn is_complete(&self) -> bool {
        self.end
            .is_some_and(|end| self.head().len() == end && self.bytes.len() == end)
    }

    fn head(&self) -> Vec<u8> {
        self.bytes.iter().map_while(|byte| *byte).collect()
    }

    fn add(&mut self, offset: usize, data: &[u8], is_last: bool) {
        for (at, &byte) in (offset..).zip(data) {
            if self.end.is_none_or(|end| at < end) {
                if self.bytes.len() <= at {
                    self.bytes.resize(at + 1, None);
                }
                self.bytes[at].get_or_insert(byte);
            }
        }
        let stop = offset + data.len();
        if is_last && self.end.is_none() && self.bytes.len() <= stop {
            self.end = Some(stop);
        }
    }
}

/// Checks what comes out while fragments go in.
struct Checked {
    defragmenter: Defragmenter<u8>,
    out: Vec<u8>,
    known: HashMap<u8, Known>,
    /// (datagram, when it began): the oldest has to go first.
    order: VecDeque<(u8, Timestamp)>,
    pushed: u64,
}

impl Checked {
    fn push(&mut self, id: u8, fragment: &Fragment, now: Timestamp) {
        self.pushed += 1;
        let outcome = loop {
            match self.defragmenter.push(fragment, id, now, &mut self.out) {
                Outcome::MadeRoom(other) => while self.forget(id, now) != Some(other.tag) {},
                outcome => break outcome,
            }
        };
        // Those with a first byte were given out above.
        while self
            .order
            .front()
            .is_some_and(|&(_, since)| expired(since, now))
        {
            assert_eq!(self.forget(id, now), None);
        }
        let complete = match outcome {
            Outcome::MadeRoom(_) => unreachable!(),
            Outcome::Complete(datagram) => {
                assert_eq!((datagram.tag, datagram.len), (id, self.out.len()));
                if fragment.offset == 0 && !fragment.more && !fragment.cut {
                    assert_eq!(self.out, fragment.data);
                    assert_eq!(self.order.len(), self.defragmenter.datagrams());
                    return;
                }
                true
            }
            Outcome::Pending => false,
            Outcome::Refused(why) => {
                let stop = usize::from(fragment.offset) + fragment.data.len();
                assert!(match why {
                    Refusal::Empty => fragment.data.is_empty(),
                    Refusal::Malformed => !fragment.data.len().is_multiple_of(8),
                    Refusal::TooLong => stop > 65_535,
                    Refusal::BeyondEnd => self.known[&id].end.unwrap() < stop,
                    Refusal::TooManyParts => !self.known[&id].is_complete(),
                });
                assert_eq!(self.order.len(), self.defragmenter.datagrams());
                return;
            }
        };
        let held = self.defragmenter.datagrams() + usize::from(complete);
        while self.order.len() + usize::from(!self.known.contains_key(&id)) > held {
            assert_eq!(self.forget(id, now), None);
        }
        if !self.known.contains_key(&id) {
            self.order.push_back((id, now));
        }
        let known = self.known.entry(id).or_default();
        let is_last = !fragment.more && !fragment.cut;
        // One of IPv4 in the middle that was taken is cut down to a multiple of eight.
        let (from, length) = (usize::from(fragment.offset), fragment.data.len());
        let used = if fragment.more && !fragment.cut && !length.is_multiple_of(8) {
            ((from + length) & !7) - from
        } else {
            length
        };
        known.add(
            usize::from(fragment.offset),
            &fragment.data[..used],
            is_last,
        );
        assert_eq!(known.is_complete(), complete);
        if complete {
            assert_eq!(known.head(), self.out);
            self.known.remove(&id);
            self.order.retain(|&(other, _)| other != id);
        }
        assert_eq!(self.order.len(), self.defragmenter.datagrams());
    }

    /// The oldest goes, but not the one that a fragment came for. Which it was, where it must have
    /// been given out.
    fn forget(&mut self, pushed: u8, now: Timestamp) -> Option<u8> {
        let at = self
            .order
            .iter()
            .position(|&(id, since)| id != pushed || expired(since, now))
            .expect("given up without reason");
        let (id, _) = self.order.remove(at).unwrap();
        let known = self.known.remove(&id).unwrap();
        assert!(!known.is_complete());
        let head = known.head();
        if head.is_empty() {
            return None;
        }
        assert_eq!(head, self.out);
        Some(id)
    }
}

fn expired(since: Timestamp, now: Timestamp) -> bool {
    now.nanos_since(since) > LIMITS.lifetime
}

pub fn run(data: &[u8]) {
    let mut checked = Checked {
        defragmenter: Defragmenter::new(LIMITS),
        out: Vec::new(),
        known: HashMap::new(),
        order: VecDeque::new(),
        pushed: 0,
    };
    let mut now = 0;
    let mut rest = data;
    while let Some((order, after)) = rest.split_first_chunk::<8>() {
        let &[id, flags, o0, o1, l0, l1, seconds, repeat] = order;
        let length = usize::from(u16::from_be_bytes([l0, l1])) % 3_000;
        let (own, after) = after.split_at(length.min(after.len()));
        // Few bytes of input make a long fragment.
        let body = own.repeat(1 + usize::from(repeat % 32));
        let id = id % 8;
        let fragment = Fragment {
            src: [10, 0, 0, 1].into(),
            dst: [10, 0, 0, 2].into(),
            whole: Whole::Ip,
            id: u32::from(id),
            protocol: 17,
            offset: u16::from_be_bytes([o0, o1]),
            more: flags & 1 != 0,
            data: &body,
            cut: flags & 2 != 0,
        };
        now += i64::from(seconds % 16);
        checked.push(id, &fragment, Timestamp::from_parts(now, 0));
        assert!(checked.defragmenter.datagrams() <= LIMITS.datagrams);
        assert!(checked.defragmenter.bytes() <= LIMITS.bytes_total + 512);
        rest = after;
    }
    let end = Timestamp::from_parts(now + 31, 0);
    while let Some(datagram) = checked.defragmenter.drain(&mut checked.out) {
        while checked.forget(0, end) != Some(datagram.tag) {}
    }
    let stats = checked.defragmenter.stats();
    let left = stats.expired + stats.evicted_datagrams + stats.evicted_bytes + stats.drained;
    assert_eq!(stats.datagrams, stats.complete + left);
    assert_eq!(stats.fragments, checked.pushed);
    assert_eq!(checked.defragmenter.bytes(), 0);
}
