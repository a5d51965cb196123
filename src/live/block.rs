//! The layout of a block of the ring (TPACKET_V3, linux/if_packet.h): frames in native byte order.

use super::sys::RESERVED;
use crate::time::Timestamp;

/// Fields of the block's descriptor, in bytes from its beginning.
const FRAMES: usize = 12;
const FIRST_FRAME: usize = 16;

/// Fields of a frame's header, in bytes from its beginning.
const NEXT: usize = 0;
const SECONDS: usize = 4;
const NANOSECONDS: usize = 8;
const CAPTURED: usize = 12;
const ORIGINAL: usize = 16;
const STATUS: usize = 20;
const LINK_OFFSET: usize = 24;
const TAG: usize = 32;
const TAG_PROTOCOL: usize = 36;

/// The card or the kernel took a VLAN tag out.
const TAG_VALID: u32 = 1 << 4;
/// It is known which EtherType the tag had.
const TAG_PROTOCOL_VALID: u32 = 1 << 6;
/// The time is that of the card's own clock.
const CARD_TIME: u32 = 1 << 31;

/// Length of both addresses in front of a tag.
const ADDRESSES: usize = 12;

/// EtherType of a usual VLAN tag.
const VLAN: u16 = 0x8100;

fn half(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_ne_bytes(*bytes.get(at..)?.first_chunk()?))
}

fn word(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_ne_bytes(*bytes.get(at..)?.first_chunk()?))
}

/// A frame's place in its block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) timestamp: Timestamp,
    /// Bytes on the wire.
    pub(super) original_len: u32,
    /// Where its bytes begin, and how many there are.
    pub(super) start: usize,
    pub(super) length: usize,
    /// A tag that was taken out: its EtherType and its content.
    pub(super) tag: Option<(u16, u16)>,
    pub(super) card_time: bool,
}

/// Where the next frame of a block is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Cursor {
    at: usize,
    left: u32,
}

impl Cursor {
    /// At the first frame of `block`.
    pub(super) fn new(block: &[u8]) -> Option<Self> {
        Some(Self {
            at: word(block, FIRST_FRAME)? as usize,
            left: word(block, FRAMES)?,
        })
    }

    /// Whether there are more frames.
    pub(super) fn is_at_end(self) -> bool {
        self.left == 0
    }

    /// The next frame; `None` at the end, or where the block contradicts itself.
    #[inline]
    pub(super) fn next(&mut self, block: &[u8]) -> Option<Found> {
        if self.left == 0 {
            return None;
        }
        let header = block.get(self.at..)?;
        let status = word(header, STATUS)?;
        let start = self
            .at
            .checked_add(usize::from(half(header, LINK_OFFSET)?))?;
        let length = word(header, CAPTURED)? as usize;
        // All of it lies in the block.
        block.get(start..)?.get(..length)?;
        let tag = if status & TAG_VALID != 0 {
            let protocol = if status & TAG_PROTOCOL_VALID != 0 {
                half(header, TAG_PROTOCOL)?
            } else {
                VLAN
            };
            Some((protocol, (word(header, TAG)? & 0xffff) as u16))
        } else {
            None
        };
        let seconds = i64::from(word(header, SECONDS)?);
        let found = Found {
            timestamp: Timestamp::from_parts(seconds, word(header, NANOSECONDS)?),
            original_len: word(header, ORIGINAL)?,
            start,
            length,
            tag,
            card_time: status & CARD_TIME != 0,
        };
        let next = word(header, NEXT)? as usize;
        self.left = if next == 0 {
            0
        } else {
            self.left.wrapping_sub(1)
        };
        self.at = self.at.checked_add(next)?;
        Some(found)
    }
}

impl Found {
    /// Puts the tag back where it was on the wire: the addresses move into the room in front of the frame.
    pub(super) fn put_tag_back(&mut self, block: &mut [u8]) -> Option<()> {
        let (protocol, tag) = self.tag.take()?;
        let start = self.start.checked_sub(RESERVED)?;
        if self.length < ADDRESSES {
            return None;
        }
        let room = block
            .get_mut(start..)?
            .get_mut(..ADDRESSES.checked_add(RESERVED)?)?;
        room.copy_within(RESERVED.., 0);
        let [p0, p1] = protocol.to_be_bytes();
        let [t0, t1] = tag.to_be_bytes();
        room.get_mut(ADDRESSES..)?
            .copy_from_slice(&[p0, p1, t0, t1]);
        self.start = start;
        self.length = self.length.checked_add(RESERVED)?;
        self.original_len = self.original_len.saturating_add(RESERVED as u32);
        Some(())
    }
}

#[cfg(test)]
#[allow(clippy::arithmetic_side_effects)] // tests compute with numbers they chose
mod tests {
    use super::*;

    /// A block with these frames, as the kernel lays them out.
    fn block(frames: &[(&[u8], u32, u16, u16)]) -> Vec<u8> {
        let mut block = vec![0u8; 64];
        let set = |block: &mut [u8], at: usize, value: u32| {
            block[at..at + 4].copy_from_slice(&value.to_ne_bytes());
        };
        set(&mut block, FRAMES, u32::try_from(frames.len()).unwrap());
        set(&mut block, FIRST_FRAME, 64);
        for (index, (data, status, tag, protocol)) in frames.iter().enumerate() {
            let at = block.len();
            let data_at = 96usize;
            let length = (data_at + data.len()).next_multiple_of(16);
            block.resize(at + length, 0);
            let next = if index + 1 == frames.len() { 0 } else { length };
            set(&mut block, at + NEXT, u32::try_from(next).unwrap());
            set(&mut block, at + SECONDS, 1_700_000_000);
            set(&mut block, at + NANOSECONDS, 7);
            set(
                &mut block,
                at + CAPTURED,
                u32::try_from(data.len()).unwrap(),
            );
            set(
                &mut block,
                at + ORIGINAL,
                u32::try_from(data.len()).unwrap() + 1,
            );
            set(&mut block, at + STATUS, *status);
            block[at + LINK_OFFSET..at + LINK_OFFSET + 2].copy_from_slice(&96u16.to_ne_bytes());
            set(&mut block, at + TAG, u32::from(*tag));
            block[at + TAG_PROTOCOL..at + TAG_PROTOCOL + 2]
                .copy_from_slice(&protocol.to_ne_bytes());
            block[at + data_at..at + data_at + data.len()].copy_from_slice(data);
        }
        block
    }

    #[test]
    fn frames_follow_each_other() {
        let block = block(&[(&[1; 60], 0, 0, 0), (&[2; 90], CARD_TIME, 0, 0)]);
        let mut cursor = Cursor::new(&block).unwrap();
        let first = cursor.next(&block).unwrap();
        assert_eq!(block[first.start..first.start + first.length], [1; 60]);
        assert_eq!(first.original_len, 61);
        assert_eq!(first.timestamp, Timestamp::from_parts(1_700_000_000, 7));
        assert!(!first.card_time && !cursor.is_at_end());
        let second = cursor.next(&block).unwrap();
        assert_eq!(block[second.start..second.start + second.length], [2; 90]);
        assert!(second.card_time && cursor.is_at_end());
        assert_eq!(cursor.next(&block), None);
    }

    #[test]
    fn a_tag_comes_back_to_its_place() {
        let frame: Vec<u8> = (0..60).collect();
        let status = TAG_VALID | TAG_PROTOCOL_VALID;
        for (status, protocol) in [(status, 0x88a8_u16), (TAG_VALID, VLAN)] {
            let mut block = block(&[(&frame, status, 0x2007, 0x88a8)]);
            let mut found = Cursor::new(&block).unwrap().next(&block).unwrap();
            found.put_tag_back(&mut block).unwrap();
            let data = &block[found.start..found.start + found.length];
            assert_eq!(data[..12], frame[..12]);
            assert_eq!(data[12..14], protocol.to_be_bytes());
            assert_eq!(data[14..16], [0x20, 0x07]);
            assert_eq!(data[16..], frame[12..]);
            assert_eq!(found.original_len, 65);
        }
    }

    #[test]
    fn a_block_that_lies_gives_nothing_beyond_its_end() {
        let whole = block(&[(&[1; 60], 0, 0, 0), (&[2; 90], TAG_VALID, 1, 0)]);
        for at in 0..whole.len() {
            for value in [0u8, 1, 0x7f, 0xff] {
                let mut block = whole.clone();
                block[at] = value;
                let mut cursor = Cursor::new(&block).unwrap();
                for _ in 0..4 {
                    let Some(mut found) = cursor.next(&block) else {
                        break;
                    };
                    assert!(found.start + found.length <= block.len());
                    let _ = found.put_tag_back(&mut block);
                    assert!(found.start + found.length <= block.len());
                }
            }
        }
    }
}
