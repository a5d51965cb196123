//! Several packets in one 802.11 frame: A-MSDU (IEEE 802.11-2020 section 9.3.2.2.2).

use std::fmt;

use super::ieee80211;
use crate::packet::path::Mark;
use crate::packet::{Gap, Layer, Packet, Path, Stop, walk};
use crate::source::LinkType;

/// The packets of an aggregate, each a subframe of destination, source, length in network byte
/// order, and LLC, padded to a multiple of four bytes.
#[derive(Clone, Copy)]
pub struct Subframes<'a> {
    data: &'a [u8],
    /// The hops around the aggregate.
    hops: Mark,
}

impl<'a> Subframes<'a> {
    pub(super) fn new(data: &'a [u8], hops: Mark) -> Self {
        Self { data, hops }
    }

    /// The body of the first one, from its LLC header on.
    pub(super) fn first(&self) -> Option<&'a [u8]> {
        self.data.get(14..)
    }

    /// Decodes the next packet, and leaves its way in `path`, which must be the one that the frame
    /// was decoded with. `None` at the end.
    ///
    /// A packet is never itself [`Stop::Subframes`]: aggregates do not nest.
    pub fn next(&mut self, path: &mut Path) -> Option<Result<Packet<'a>, Stop<'a>>> {
        path.back_to(self.hops);
        // Less than a header may be a frame check sequence.
        let (header, rest) = self.data.split_first_chunk::<14>()?;
        let [.., high, low] = *header;
        let length = usize::from(u16::from_be_bytes([high, low]));
        if length == 0 {
            self.data = &[];
            let gap = Gap::malformed(Layer::Link(LinkType::IEEE802_11));
            return Some(Err(gap.into()));
        }
        let body = rest.get(..length).unwrap_or(rest);
        // The padding makes the subframe with its header a multiple of four; 14 is two more than one.
        let padded = length
            .saturating_add(2)
            .next_multiple_of(4)
            .saturating_sub(2);
        self.data = rest.get(padded..).unwrap_or_default();
        Some(match ieee80211::msdu(body) {
            Err(gap) => Err(gap.into()),
            Ok(next) => match walk(next, path, 0) {
                Err(Stop::Subframes(_)) => Err(Gap::TooDeep.into()),
                result => result,
            },
        })
    }
}

impl fmt::Debug for Subframes<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Subframes({} bytes)", self.data.len())
    }
}
