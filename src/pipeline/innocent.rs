//! Messages of which the reader's glance is enough: they are counted, and no worker is given them.

use super::reader::{At, Ended, Reader};
use crate::names::stream::Hint;
use crate::names::tls;
use crate::packet::{Packet, Segment, Transport};
use crate::source::Frame;
use crate::stream::part::Part;
use crate::triage;

impl Reader<'_> {
    /// Counts a DNS message that was looked at early, where it holds no listed name.
    #[inline(never)]
    pub(super) fn was_innocent(&mut self, frame: &Frame<'_>) -> bool {
        if self.contacts.is_on() {
            // Since one of the frames before: what this one says of addresses counts.
            self.early.clear();
            return false;
        }
        let Some(rules) = self.rules.as_deref() else {
            return false;
        };
        let Some(holds) = self.early.innocent(frame.data, rules) else {
            return false;
        };
        self.time(frame.timestamp);
        self.stats.glanced.add(holds);
        true
    }

    /// A ClientHello that opens a connection and fits its segment. Where it names no listed host it is counted, and the
    /// worker is told no more than that the connection began: what it knows of another between these ends is over.
    pub(super) fn hello(&mut self, at: At, view: &Packet<'_>, part: Part) -> Result<(), Ended> {
        let mut told = (*view, part);
        if let (Some(rules), Transport::Tcp(segment)) = (self.rules.as_deref(), &view.transport)
            && !segment.flags.is_urgent()
            && !self.contacts.is_bound(&view.ip, at.timestamp)
            // Fingerprints are the workers' to compute, of every hello.
            && !rules.wanted().hellos()
            && let Some(hello) = tls::glance(segment.payload, |last_two| rules.may_list(last_two))
        {
            self.stats.glanced.hellos.count(hello);
            self.triage.read_hello(&view.ip, segment);
            let payload = &[];
            told.0.transport = Transport::Tcp(Segment {
                payload,
                ..*segment
            });
            told.1.begins = false;
        }
        let (view, part) = told;
        self.forward(at, &view, triage::Reader::Stream(part, Hint::Any))
    }

    /// Counts the names of a usual DNS message that holds no listed one. What else there is has to be read by
    /// a worker.
    #[inline]
    pub(super) fn is_innocent(&mut self, at: At, message: &[u8]) -> bool {
        let Some(rules) = self.rules.as_deref() else {
            return false;
        };
        let glanced = self
            .glance
            .datagram(message, |last_two| rules.may_list(last_two));
        if let Some(glanced) = glanced {
            self.stats.glanced.add(glanced);
            if self.contacts.may_tell_of_another(message) {
                self.learn(at, message);
            }
        }
        glanced.is_some()
    }
}
