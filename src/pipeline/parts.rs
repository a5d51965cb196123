//! Packets out of several frames, and several packets out of one.

use super::reader::{At, Ended, Reader, Tag};
use crate::packet::{self, Fragment, Gap, Stop};
use crate::stream::defrag::{Datagram, Outcome};
use crate::time::Timestamp;

/// How often a datagram out of fragments may carry a fragment.
const MAX_NESTED: u8 = 3;

impl Reader<'_> {
    /// What is no packet by itself: a part of one, or several in one frame.
    #[cold]
    pub(super) fn parts(&mut self, at: At, stop: Stop<'_>, depth: u8) -> Result<(), Ended> {
        if depth > MAX_NESTED {
            self.stats.gaps.add(Gap::TooDeep);
            return Ok(());
        }
        match stop {
            Stop::Gap(gap) => self.stats.gaps.add(gap),
            Stop::Fragment(fragment) => self.fragment(at, &fragment, depth)?,
            Stop::Subframes(mut subframes) => {
                while let Some(packet) = subframes.next(&mut self.path) {
                    match packet {
                        Ok(view) => self.any_packet(at, &view)?,
                        Err(stop) => self.parts(at, stop, depth.saturating_add(1))?,
                    }
                }
            }
        }
        Ok(())
    }

    /// A part of an IP datagram. When it was the last that was missing, the datagram is a packet like
    /// others; so is the beginning of a datagram that has to make room.
    fn fragment(&mut self, at: At, fragment: &Fragment<'_>, depth: u8) -> Result<(), Ended> {
        let tag = (self.path, at, depth);
        let mut payload = std::mem::take(&mut self.payload);
        let mut result = Ok(());
        while result.is_ok() {
            match self
                .defragmenter
                .push(fragment, tag, at.timestamp, &mut payload)
            {
                Outcome::Pending | Outcome::Refused(_) => break,
                Outcome::MadeRoom(datagram) => {
                    // It is found now, but it stood in its own packets.
                    result = self.datagram(datagram.tag.1, &datagram, &payload, true, depth);
                }
                Outcome::Complete(datagram) => {
                    result = self.datagram(at, &datagram, &payload, false, depth);
                    break;
                }
            }
        }
        self.payload = payload;
        result
    }

    /// A datagram out of fragments, or its beginning.
    fn datagram(
        &mut self,
        at: At,
        datagram: &Datagram<Tag>,
        payload: &[u8],
        cut: bool,
        depth: u8,
    ) -> Result<(), Ended> {
        // Where it has to make room it may be deeper inside of others than what it makes room for, and the other way round.
        let depth = depth.max(datagram.tag.2);
        let mut bytes = std::mem::take(&mut self.rebuilt);
        packet::rebuild(
            (datagram.src, datagram.dst),
            datagram.protocol,
            datagram.whole,
            payload,
            cut,
            &mut bytes,
        );
        let outer = std::mem::replace(&mut self.path, datagram.tag.0);
        let result = match packet::decode_ip(&bytes, &mut self.path) {
            Ok(view) => self.any_packet(at, &view),
            // It may be a tunnel that carries fragments.
            Err(stop) => self.parts(at, stop, depth.saturating_add(1)),
        };
        self.rebuilt = bytes;
        self.path = outer;
        result
    }

    /// Reads the beginnings of datagrams that have been incomplete for too long by `now`.
    pub(super) fn expire_fragments(&mut self, now: Timestamp) -> Result<(), Ended> {
        let mut payload = std::mem::take(&mut self.payload);
        let mut result = Ok(());
        while result.is_ok()
            && let Some(datagram) = self.defragmenter.expire(now, &mut payload)
        {
            result = self.datagram(datagram.tag.1, &datagram, &payload, true, 0);
        }
        self.payload = payload;
        result
    }

    /// The end of an input: the beginnings of datagrams that stay incomplete are read.
    pub(super) fn finish_fragments(&mut self) -> Result<(), Ended> {
        let mut payload = std::mem::take(&mut self.payload);
        let mut result = Ok(());
        while result.is_ok()
            && let Some(datagram) = self.defragmenter.drain(&mut payload)
        {
            result = self.datagram(datagram.tag.1, &datagram, &payload, true, 0);
        }
        self.payload = payload;
        result
    }
}
