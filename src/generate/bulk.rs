//! Data of connections that go on: most of what a link carries.

use std::io;

use super::capture::{Capture, Payload, Tcp, flag};
use super::ends::Ends;
use super::heads::{DATAGRAM, Head, SEGMENT, connection_ids, sequences};
use super::pool::Pool;
use super::rng::{Rng, mix};
use super::scripts::{Act, Script};
use super::tls::data_header;

/// A TLS record fills so many segments, which come to the largest that TLS allows.
const RECORD: u32 = 11;

/// A burst has at most so many packets.
const BURST: u32 = 12;

/// What a connection carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Carries {
    Tls,
    Http,
    Quic,
}

/// A connection in its middle.
#[derive(Debug, Clone, Copy)]
struct Slot {
    id: u32,
    up: u32,
    down: u32,
    segments: u32,
    carries: Carries,
}

/// How a slot is stored: four words of zeros are a connection that nothing was seen of yet. So a
/// table of ten million is mapped and only what is used becomes memory.
type Stored = [u32; 4];

impl Slot {
    fn load(stored: Stored, seed: u64, index: u32) -> Self {
        let [id, up, down, rest] = stored;
        let segments = rest >> 2;
        let carries = match rest & 3 {
            0 => return Self::midway(seed, index),
            1 => Carries::Tls,
            2 => Carries::Http,
            _ => Carries::Quic,
        };
        Self {
            id,
            up,
            down,
            segments,
            carries,
        }
    }

    fn store(self) -> Stored {
        let carries = match self.carries {
            Carries::Tls => 1,
            Carries::Http => 2,
            Carries::Quic => 3,
        };
        [self.id, self.up, self.down, self.segments << 2 | carries]
    }

    /// One that began before the capture did.
    fn midway(seed: u64, id: u32) -> Self {
        let (up, down) = sequences(seed, id);
        let word = mix(seed ^ 0xb01, u64::from(id));
        Self {
            id,
            up,
            down,
            segments: (word >> 32) as u32 % RECORD,
            carries: match word & 15 {
                0..=8 => Carries::Tls,
                9..=10 => Carries::Http,
                _ => Carries::Quic,
            },
        }
    }

    /// One whose beginning is over; nothing for conversations that carry no bulk.
    fn after(head: &Head) -> Option<Self> {
        let carries = match head.script {
            Script::Tls(_) | Script::Swapped(_) => Carries::Tls,
            Script::Http => Carries::Http,
            Script::Quic { .. } => Carries::Quic,
            Script::Dns => return None,
        };
        Some(Self {
            id: head.id,
            up: head.up,
            down: head.down,
            segments: 0,
            carries,
        })
    }

    fn ends(&self, seed: u64) -> Ends {
        let port = if self.carries == Carries::Http {
            80
        } else {
            443
        };
        Ends::new(seed, self.id, port)
    }
}

/// All connections in their middle.
pub(super) struct Bulk {
    seed: u64,
    slots: Vec<Stored>,
    /// The connection that sends a burst, and what is left of that.
    current: usize,
    left: u32,
    upload: bool,
    /// A connection that another took the place of, and how far its end has come.
    closing: Option<(Slot, u8)>,
    /// How many connections from before the capture were seen in it.
    pub(super) seen: u64,
}

impl Bulk {
    pub(super) fn new(seed: u64, flows: u32) -> Self {
        Self {
            seed,
            slots: vec![[0; 4]; flows as usize],
            current: 0,
            left: 0,
            upload: false,
            closing: None,
            seen: 0,
        }
    }

    /// Whether the next packet has to be its.
    #[inline]
    pub(super) fn is_busy(&self) -> bool {
        self.left != 0 || self.closing.is_some()
    }

    /// Takes a connection whose beginning is over, in the place of another, which ends.
    pub(super) fn join(&mut self, head: &Head, rng: &mut Rng) {
        let Some(slot) = Slot::after(head) else {
            return;
        };
        let index = rng.below(self.slots.len() as u32);
        let stored = &mut self.slots[index as usize];
        // Of one that nothing was seen of there is no end to be seen either.
        if *stored != [0; 4] {
            let old = Slot::load(*stored, self.seed, index);
            if old.carries != Carries::Quic {
                self.closing = Some((old, 0));
            }
        }
        *stored = slot.store();
        if index as usize == self.current {
            self.left = 0;
        }
    }

    /// Writes the next packet.
    pub(super) fn packet(&mut self, rng: &mut Rng, capture: &mut Capture<'_>) -> io::Result<()> {
        if let Some((slot, step)) = self.closing {
            self.closing = (step < 2).then_some((slot, step + 1));
            return close(&slot, &slot.ends(self.seed), step, capture);
        }
        let word = rng.word();
        if self.left == 0 {
            let pick = word as u32;
            self.current = ((u64::from(pick) * self.slots.len() as u64) >> 32) as usize;
            self.left = 1 + (word >> 32) as u32 % BURST;
            self.upload = (word >> 40) & 15 == 0;
        }
        self.left -= 1;
        let stored = &mut self.slots[self.current];
        self.seen += u64::from(*stored == [0; 4]);
        let mut slot = Slot::load(*stored, self.seed, self.current as u32);
        let ends = slot.ends(self.seed);
        let place = Pool::place(word.rotate_left(20));
        let acknowledges = self.left % 3 == 2;
        // One request, and its response for ever: the client of a download sends nothing more.
        let upload = self.upload && slot.carries != Carries::Http;
        let done = match slot.carries {
            Carries::Quic => slot.datagram(self.seed, &ends, upload, acknowledges, place, capture),
            _ => slot.segment(&ends, upload, acknowledges, place, capture),
        };
        *stored = slot.store();
        done
    }
}

impl Slot {
    fn segment(
        &mut self,
        ends: &Ends,
        upload: bool,
        acknowledges: bool,
        place: usize,
        capture: &mut Capture<'_>,
    ) -> io::Result<()> {
        let from_client = upload != acknowledges;
        let mut tcp = Tcp {
            from_client,
            sequence: if from_client { self.up } else { self.down },
            acknowledged: if from_client { self.down } else { self.up },
            flags: flag::ACK,
        };
        if acknowledges {
            return capture.tcp(ends, tcp, Payload::EMPTY);
        }
        // An upload is small: a request inside the encryption, or more of one.
        let length = if upload { 100 + place % 600 } else { SEGMENT };
        let begins = match self.carries {
            Carries::Tls if upload => Some(length - 5),
            Carries::Tls if self.segments.is_multiple_of(RECORD) => {
                Some(SEGMENT * RECORD as usize - 5)
            }
            _ => None,
        };
        let mut head = [0; 6];
        let head: &[u8] = match begins {
            Some(record) => {
                head[..5].copy_from_slice(&data_header(record as u16));
                head[5] = place as u8 ^ 0xa5;
                &head
            }
            None => &[],
        };
        let payload = Payload::Bulk {
            head,
            at: place,
            len: length - head.len(),
        };
        if from_client {
            tcp.flags |= flag::PUSH;
            self.up = self.up.wrapping_add(length as u32);
        } else {
            self.segments = (self.segments + 1) % RECORD;
            self.down = self.down.wrapping_add(length as u32);
        }
        capture.tcp(ends, tcp, payload)
    }

    fn datagram(
        &self,
        seed: u64,
        ends: &Ends,
        upload: bool,
        acknowledges: bool,
        place: usize,
        capture: &mut Capture<'_>,
    ) -> io::Result<()> {
        let from_client = upload != acknowledges;
        let [_, client, server] = connection_ids(seed, self.id);
        let mut head = [0; 10];
        // A short header (RFC 9000 section 17.3.1): the fixed bit, the rest is protected.
        head[0] = 0x40 | place as u8 >> 1 & 0x3f;
        head[1..9].copy_from_slice(if from_client { &server } else { &client });
        head[9] = place as u8 ^ 0x5a;
        let len = match (acknowledges, upload) {
            (true, _) => 24,
            (false, true) => 100 + place % 600,
            (false, false) => DATAGRAM - head.len(),
        };
        let payload = Payload::Bulk {
            head: &head,
            at: place,
            len,
        };
        capture.udp(ends, from_client, payload)
    }
}

fn close(slot: &Slot, ends: &Ends, step: u8, capture: &mut Capture<'_>) -> io::Result<()> {
    let act = [Act::Fin, Act::FinAck, Act::LastAck][usize::from(step)];
    let (up, down) = (slot.up, slot.down.wrapping_add(1));
    let (sequence, acknowledged, flags) = match act {
        Act::Fin => (slot.down, up, flag::FIN | flag::ACK),
        Act::FinAck => (up, down, flag::FIN | flag::ACK),
        _ => (down, up.wrapping_add(1), flag::ACK),
    };
    let tcp = Tcp {
        from_client: act == Act::FinAck,
        sequence,
        acknowledged,
        flags,
    };
    capture.tcp(ends, tcp, Payload::EMPTY)
}
