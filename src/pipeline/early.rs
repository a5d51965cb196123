//! DNS messages that are looked at before their turn.
//!
//! The filter of a long list does not fit the caches that are near. Asked for one name after the other, every answer
//! is waited for; asked for the names of several messages, one straight after another, they are waited for together.

use crate::names::dns::{Glance, Glanced};
use crate::packet::{self, Transport};
use crate::rules::RuleSet;
use crate::source::LinkType;
use crate::triage::{self, AHEAD};

/// Names of a message that are noted; one with more waits for its turn.
const NAMES: usize = 8;

/// From this many bytes on a filter is far away.
const FAR: usize = 512 * 1024;

/// A usual message.
#[derive(Debug, Clone, Copy)]
struct Message {
    /// Where its frame lies: it is known again by that.
    frame: usize,
    holds: Glanced,
    /// Hashes of the last two labels of its names.
    endings: [u64; NAMES],
    count: usize,
}

impl Message {
    const NONE: Self = Self {
        frame: 0,
        holds: Glanced {
            questions: 0,
            records: 0,
        },
        endings: [0; NAMES],
        count: 0,
    };

    fn endings(&self) -> &[u64] {
        self.endings.get(..self.count).unwrap_or_default()
    }
}

/// Messages in the frames that come next, in their order.
#[derive(Debug)]
pub(super) struct Early {
    messages: [Message; AHEAD],
    count: usize,
    next: usize,
}

impl Default for Early {
    fn default() -> Self {
        Self {
            messages: [Message::NONE; AHEAD],
            count: 0,
            next: 0,
        }
    }
}

impl Early {
    /// Whether it is worth it for these rules.
    pub(super) fn suits(rules: &RuleSet) -> bool {
        rules.filter_memory() >= FAR
    }

    /// Forgets what was seen: other frames come.
    #[inline]
    pub(super) fn clear(&mut self) {
        self.count = 0;
        self.next = 0;
    }

    /// Looks at frames that come next.
    #[inline(never)]
    pub(super) fn look<'a>(
        &mut self,
        frames: impl Iterator<Item = (LinkType, &'a [u8])>,
        glance: &mut Glance,
        rules: &RuleSet,
    ) {
        for (link, frame) in frames.take(AHEAD) {
            let Some((_, Transport::Udp(datagram))) = packet::plainest(link, frame) else {
                continue;
            };
            if !triage::is_plain_dns(&datagram) {
                continue;
            }
            let Some(message) = self.messages.get_mut(self.count) else {
                return;
            };
            let (endings, count) = (&mut message.endings, &mut message.count);
            *count = 0;
            let holds = glance.datagram(datagram.payload, |ending| {
                let Some(place) = endings.get_mut(*count) else {
                    // Too many: as if it were listed.
                    return true;
                };
                *place = ending;
                *count = count.wrapping_add(1);
                false
            });
            if let Some(holds) = holds {
                message.holds = holds;
                message.frame = frame.as_ptr().addr();
                self.count = self.count.wrapping_add(1);
            }
        }
        let messages = self.messages.get(..self.count).unwrap_or_default();
        rules.touch(messages.iter().flat_map(Message::endings));
    }

    /// All messages that were looked at have had their turn.
    #[inline(always)] // asked for each frame; nearly always there are none
    pub(super) fn is_done(&self) -> bool {
        self.next == self.count
    }

    /// What the message in this frame holds, if it was looked at and holds no listed name.
    #[inline]
    pub(super) fn innocent(&mut self, frame: &[u8], rules: &RuleSet) -> Option<Glanced> {
        let message = self.messages.get(self.next)?;
        if message.frame != frame.as_ptr().addr() {
            return None;
        }
        self.next = self.next.wrapping_add(1);
        let listed = message.endings().iter().any(|&e| rules.may_list(e));
        (!listed).then_some(message.holds)
    }
}

#[cfg(test)]
mod tests {
    use testkit::dns;
    use testkit::frame::ethernet;

    use super::*;
    use crate::rules::{self, LoadOptions};

    fn datagram(port: u16, payload: impl Into<Vec<u8>>) -> Vec<u8> {
        ethernet()
            .ip("10.0.0.7", "192.0.2.53")
            .udp(50_000, port)
            .payload(payload)
    }

    #[test]
    fn innocent_messages_are_known_again() {
        let rules = rules::load(&LoadOptions::default()).unwrap().rules;
        let listed = rules.indicators().next().unwrap().1.name.to_owned();
        let query = |name: &str| datagram(53, dns::query(7, name, dns::A));
        let mut many = dns::response(7, "many.example", dns::A);
        for n in 0..NAMES {
            many = many.cname("many.example", format!("n{n}.example-{n}.example"));
        }
        let frames = [
            query("www.innocent.example"),
            query(&listed),
            datagram(9_999, vec![0; 40]),
            datagram(53, many),
            query("other.innocent.example"),
            query("not-asked-for.example"),
        ];
        let mut early = Early::default();
        let mut glance = Glance::default();
        let link = ethernet().link_type();
        let ahead = frames
            .iter()
            .map(|frame| (LinkType(link as u16), &frame[..]));
        assert!(early.is_done());
        early.look(ahead, &mut glance, &rules);
        let mut innocent = Vec::new();
        for frame in &frames[..5] {
            let holds = early.innocent(frame, &rules);
            innocent.push(holds.map(|holds| (holds.questions, holds.records)));
        }
        assert_eq!(innocent, [Some((1, 0)), None, None, None, Some((1, 0))]);
        assert!(!early.is_done());
        early.clear();
        assert!(early.is_done() && early.innocent(&frames[5], &rules).is_none());
    }
}
