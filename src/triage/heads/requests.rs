//! Where the next request of HTTP/1 begins, as far as that can be told without reading bodies.

use super::splits::Splits;
use super::table::{Detail, Entry, Key};
use crate::names::http::{Behind, requests};
use crate::stream::roles::{MAX_BODY, Start};

/// Of a client that is known to be one so much is forwarded behind a request of which nobody knows where it ends.
const MAX_UNKNOWN: u32 = 4 << 20;

/// Of anyone else, whose requests may be content; and of a tunnel.
const MAX_UNPROVEN: u32 = 64 * 1024;

impl Entry {
    /// Its SYN and the other end's agree that this is the client.
    fn is_client(&self) -> bool {
        self.proven && self.start == Start::Opener
    }

    /// Goes from request to request, as far as their heads come in order and say how long their bodies are. A long
    /// body is passed over.
    pub(super) fn follow_requests(
        &mut self,
        sequence: u32,
        payload: &[u8],
        (key, splits): (Key, &mut Splits),
    ) {
        let client = self.is_client();
        let end = sequence.wrapping_add(u32::try_from(payload.len()).unwrap_or(u32::MAX));
        let behind = self.detail.next == end && is_before(self.detail.request, sequence);
        if behind && let Some(head) = splits.join(key, sequence, payload) {
            // The request begins where the head does.
            let (reach, what) = requests(head);
            let here = u32::try_from(head.len()).unwrap_or(u32::MAX);
            self.detail.go_on((reach, what), here, (end, client));
            // Where it is not whole, more of it may come.
            if what != Behind::Head || reach != 0 {
                splits.forget(key);
            }
        }
        let at = self.detail.request.wrapping_sub(sequence) as usize;
        if self.detail.requests
            && let Some(rest) = payload.get(at..).filter(|rest| !rest.is_empty())
        {
            let (reach, what) = requests(rest);
            let here = u32::try_from(rest.len()).unwrap_or(u32::MAX);
            self.detail.go_on((reach, what), here, (end, client));
            if what == Behind::Head
                && let Some(head) = usize::try_from(reach).ok().and_then(|at| rest.get(at..))
            {
                splits.keep(key, head, end);
            }
        }
        let (from, until) = self.detail.body;
        if self.detail.next.wrapping_sub(from) < until.wrapping_sub(from) {
            self.detail.next = until;
        }
    }

    /// Nobody knows for too long where the next request begins.
    pub(super) fn is_request_lost(&self) -> bool {
        let most = if self.is_client() {
            MAX_UNKNOWN
        } else {
            MAX_UNPROVEN
        };
        let Detail { next, request, .. } = self.detail;
        !is_before(next, request) && next.wrapping_sub(request) >= most
    }
}

impl Detail {
    /// What was found from `request` on, of which `here` bytes came up to the number `end`.
    fn go_on(&mut self, (reach, what): (u64, Behind), here: u32, (end, client): (u32, bool)) {
        if what == Behind::Tunnel {
            self.tunnel(end);
        } else {
            self.reaches(reach, here, (end, client));
        }
    }

    /// The requests from `request` on reach `reach` bytes far, of which `here` came up to the number `end`.
    fn reaches(&mut self, reach: u64, here: u32, (end, client): (u32, bool)) {
        let short = reach.saturating_sub(u64::from(here)) <= u64::from(MAX_UNPROVEN);
        if short || client && reach <= u64::from(MAX_BODY) {
            let reach = u32::try_from(reach).unwrap_or(u32::MAX);
            self.request = self.request.wrapping_add(reach);
            if !short {
                self.body = (end, self.request);
            }
        }
    }

    /// Behind `end` another protocol is spoken.
    fn tunnel(&mut self, end: u32) {
        self.requests = false;
        self.slides = 0;
        self.end = end.wrapping_add(MAX_UNPROVEN);
    }

    /// All of a segment lies in the body of a request that is passed over.
    #[inline]
    pub(super) fn is_in_body(&self, sequence: u32, length: u32) -> bool {
        let (from, until) = self.body;
        sequence.wrapping_sub(from) < until.wrapping_sub(from)
            && length <= until.wrapping_sub(sequence)
    }

    /// The number is close to where a window has come to that moves on. Directions may be longer than sequence
    /// numbers go.
    #[inline]
    pub(super) fn is_near(&self, sequence: u32) -> bool {
        let from = self.next.wrapping_sub(self.slides);
        sequence.wrapping_sub(from) < self.slides.saturating_mul(2)
    }
}

/// Whether a sequence number comes before another.
pub(super) fn is_before(sequence: u32, other: u32) -> bool {
    sequence.wrapping_sub(other).cast_signed() < 0
}
