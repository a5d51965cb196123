//! The workloads: which packet comes next.

use std::io::{self, Write};

use super::bulk::Bulk;
use super::capture::{Capture, MAX_RECORD, Payload, Tcp, flag};
use super::dns;
use super::ends::Ends;
use super::heads::{Head, Maker};
use super::http;
use super::plant::{Ledger, Names};
use super::pool::Pool;
use super::quic::{self, Ids};
use super::rng::{Rng, mix};
use super::scripts::Script;
use crate::names::Kind;

/// The most flows that may be open at once.
pub const MAX_FLOWS: u32 = 100_000_000;

/// Conversations at their beginning at any time, where there is bulk beside them.
const BEGINNING: u32 = 256;

/// What a capture consists of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Workload {
    /// Bulk over TCP and QUIC around handshakes, HTTP and DNS.
    Mix,
    /// DNS queries and answers.
    Dns,
    /// Short TLS connections.
    Tls,
    /// A flood of SYNs from random addresses to one server.
    Syn,
    /// Things that begin like hellos, QUIC Initials, requests and queries, and are none.
    Junk,
}

impl Workload {
    /// A contact is planted about every so many packets; 0 where there is none.
    pub const fn default_every(self) -> u64 {
        match self {
            Self::Mix => 70_000,
            Self::Dns => 1_000,
            // One connection in a thousand: they have 10.4 packets.
            Self::Tls => 10_400,
            Self::Syn | Self::Junk => 0,
        }
    }

    /// How many flows are open at once, where that can be chosen.
    pub const fn default_flows(self) -> Option<u32> {
        match self {
            Self::Mix => Some(10_000),
            Self::Tls => Some(1_000),
            Self::Dns | Self::Syn | Self::Junk => None,
        }
    }
}

/// Where a capture ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Limit {
    /// After exactly so many packets.
    Packets(u64),
    /// Before the file is longer than so many bytes.
    Bytes(u64),
}

/// What a capture is made from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Options {
    /// What it consists of.
    pub workload: Workload,
    /// Where it ends.
    pub limit: Limit,
    /// The same seed gives the same capture.
    pub seed: u64,
    /// How many flows are open at once, where the workload has such.
    pub flows: u32,
    /// A contact is planted about every so many packets; 0 plants none.
    pub every: u64,
    /// Write timestamps in nanoseconds, else in microseconds.
    pub nanoseconds: bool,
}

/// What was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Report {
    /// Packets.
    pub packets: u64,
    /// Bytes of the file.
    pub bytes: u64,
    /// Flows of which a packet was written.
    pub flows: u64,
    /// Packet time from the first packet to the last, in nanoseconds.
    pub nanoseconds: u64,
    /// Planted contacts by [`Kind`].
    pub planted: [u64; Kind::COUNT],
}

impl Report {
    /// All planted contacts.
    pub fn contacts(&self) -> u64 {
        self.planted.iter().sum()
    }
}

/// Writes a capture to `out`, and a line of JSON for each contact that was planted to `planted`.
///
/// # Errors
/// What `out` or `planted` say.
pub fn capture<'a>(
    options: &Options,
    names: &'a Names,
    out: &'a mut dyn Write,
    planted: Option<&'a mut dyn Write>,
) -> io::Result<Report> {
    let seed = mix(options.seed, options.workload as u64);
    let mut run = Run {
        options: *options,
        maker: Maker::new(seed),
        capture: Capture::new(out, Pool::new(seed), options.nanoseconds),
        ledger: Ledger::new(names, planted),
        rng: Rng::new(seed ^ 1),
        heads: Vec::new(),
        next_id: 0,
        next_plant: 0,
        owed: 0,
    };
    run.schedule_plant(1);
    let earlier = match options.workload {
        Workload::Mix => run.mix()?,
        Workload::Dns => run.conversations(64)?,
        Workload::Tls => run.conversations(options.flows.max(1))?,
        Workload::Syn => run.syn()?,
        Workload::Junk => run.junk()?,
    };
    run.pay()?;
    run.capture.flush()?;
    Ok(Report {
        packets: run.capture.packets,
        bytes: run.capture.bytes,
        flows: earlier + run.begun(),
        nanoseconds: run.capture.elapsed(),
        planted: run.ledger.counts,
    })
}

struct Run<'a> {
    options: Options,
    maker: Maker,
    capture: Capture<'a>,
    ledger: Ledger<'a>,
    rng: Rng,
    heads: Vec<Head>,
    next_id: u32,
    /// The number of packets from which on the next conversation is planted.
    next_plant: u64,
    /// Packets until all planted names are whole.
    owed: u64,
}

impl Run<'_> {
    /// Packets that may still be written: never more than fit.
    #[inline]
    fn left(&self) -> u64 {
        match self.options.limit {
            Limit::Packets(packets) => packets.saturating_sub(self.capture.packets),
            Limit::Bytes(bytes) => {
                bytes.saturating_sub(self.capture.bytes) / const { MAX_RECORD as u64 }
            }
        }
    }

    /// Whether there is room for a packet beside those that are owed.
    #[inline]
    fn goes_on(&self) -> bool {
        self.left() > self.owed
    }

    fn schedule_plant(&mut self, contacts: u64) {
        let every = self.options.every.saturating_mul(contacts);
        // Evenly between nought and twice the distance.
        let distance = (u128::from(self.rng.word()) * u128::from(every) * 2) >> 64;
        self.next_plant = self.next_plant.saturating_add(distance as u64);
    }

    /// A new conversation, planted where it is time for it and there is room to end it.
    fn head(&mut self) -> Head {
        let tls = self.options.workload == Workload::Tls;
        let script = match self.options.workload {
            Workload::Dns => Script::Dns,
            Workload::Tls => Script::of_tls(&mut self.rng),
            _ => Script::of_mix(&mut self.rng),
        };
        let port = match script {
            Script::Http => 80,
            _ if tls && self.rng.once_in(10) => 8443,
            _ => 443,
        };
        let room = self.owed + u64::from(script.named_after());
        let due = self.options.every != 0
            && self.capture.packets >= self.next_plant
            && self.left() > room;
        let planted = due.then(|| Box::new(self.ledger.pick(&mut self.rng)));
        if due {
            self.owed = room;
            self.schedule_plant(if script == Script::Dns { 2 } else { 1 });
        }
        let id = self.next_id;
        self.next_id = id.wrapping_add(1);
        Head::new(self.maker.seed, id, script, port, tls, planted)
    }

    /// Writes the next packet of a conversation. Gives false where it was its last.
    #[inline]
    fn step(&mut self, index: usize) -> io::Result<bool> {
        let head = &mut self.heads[index];
        let owed = head.owes();
        let goes_on = self.maker.step(head, &mut self.capture, &mut self.ledger)?;
        self.owed -= owed - head.owes();
        Ok(goes_on)
    }

    /// Ends what was planted.
    fn pay(&mut self) -> io::Result<()> {
        for index in 0..self.heads.len() {
            while self.heads[index].owes() != 0 {
                self.capture.wait(1_000);
                self.step(index)?;
            }
        }
        Ok(())
    }

    /// Conversations of which a packet was written.
    fn begun(&self) -> u64 {
        let waiting = self.heads.iter().filter(|head| !head.has_begun()).count() as u64;
        (u64::from(self.next_id) - self.before()) - waiting
    }

    /// How many numbers of flows were given to connections from before the capture.
    fn before(&self) -> u64 {
        match self.options.workload {
            Workload::Mix => u64::from(self.options.flows.max(1)),
            _ => 0,
        }
    }

    fn mix(&mut self) -> io::Result<u64> {
        let flows = self.options.flows.max(1);
        let mut bulk = Bulk::new(self.maker.seed, flows);
        self.next_id = flows;
        self.begin(BEGINNING.min(flows));
        while self.goes_on() {
            self.capture.wait(self.rng.word() & 0x3fff);
            // Between bursts, two times in five: then a tenth of the packets are beginnings.
            if bulk.is_busy() || self.rng.below(5) >= 2 {
                bulk.packet(&mut self.rng, &mut self.capture)?;
                continue;
            }
            let index = self.rng.below(self.heads.len() as u32) as usize;
            if !self.step(index)? {
                bulk.join(&self.heads[index], &mut self.rng);
                self.heads[index] = self.head();
            }
        }
        Ok(bulk.seen)
    }

    fn begin(&mut self, count: u32) {
        self.heads.reserve_exact(count as usize);
        for _ in 0..count {
            let head = self.head();
            self.heads.push(head);
        }
    }

    /// Nothing but conversations, `count` at a time.
    fn conversations(&mut self, count: u32) -> io::Result<u64> {
        self.begin(count);
        while self.goes_on() {
            self.capture.wait(self.rng.word() & 0x7ff);
            let index = self.rng.below(count) as usize;
            if !self.step(index)? {
                self.heads[index] = self.head();
            }
        }
        Ok(0)
    }

    fn syn(&mut self) -> io::Result<u64> {
        while self.goes_on() {
            let word = self.rng.word();
            self.capture.wait(word & 0xff);
            let tcp = Tcp {
                from_client: true,
                sequence: (word >> 16) as u32,
                acknowledged: 0,
                flags: flag::SYN,
            };
            let ends = Ends::flood(word.rotate_left(13));
            self.capture.tcp(&ends, tcp, Payload::EMPTY)?;
            self.capture.pad(62, 64);
        }
        Ok(self.capture.packets)
    }

    /// Each packet is of a flow of its own, and looks as if it began one.
    fn junk(&mut self) -> io::Result<u64> {
        let mut message = Vec::with_capacity(2_048);
        while self.goes_on() {
            let word = self.rng.word();
            self.capture.wait(word & 0x7ff);
            let id = self.next_id;
            self.next_id = id.wrapping_add(1);
            let place = Pool::place(word);
            let bulk = |head, len| Payload::Bulk {
                head,
                at: place,
                len,
            };
            let seed = self.maker.seed;
            match word >> 62 {
                0 => {
                    // A record and a message whose lengths fit each other, and nothing inside them fits.
                    let length = 80 + (word >> 40) as u16 % 1_900;
                    let [h1, h2] = (length + 4).to_be_bytes();
                    let [m1, m2] = length.to_be_bytes();
                    message.clear();
                    message.extend([22, 3, 1, h1, h2, 1, 0, m1, m2, 3, 3, 0x5a]);
                    let len = usize::from(length).min(1_400) - 3;
                    self.tcp(&Ends::new(seed, id, 443), bulk(&message, len))?;
                }
                1 => {
                    let ids = Ids {
                        first: [0; quic::ID],
                        destination: word.to_le_bytes(),
                        source: self.rng.word().to_le_bytes(),
                        from_server: false,
                    };
                    quic::sham(&mut message, &ids, 1_200);
                    message.extend([word as u8, 0x17]);
                    let payload = bulk(&message, 1_200 - message.len());
                    self.capture.udp(&Ends::new(seed, id, 443), true, payload)?;
                }
                2 => {
                    dns::broken(&mut message, &mut self.rng);
                    let ends = Ends::resolver(seed, id);
                    self.capture.udp(&ends, true, Payload::Bytes(&message))?;
                }
                _ => {
                    http::endless(&mut message, &mut self.rng);
                    self.tcp(&Ends::new(seed, id, 80), Payload::Bytes(&message))?;
                }
            }
        }
        Ok(0)
    }

    fn tcp(&mut self, ends: &Ends, payload: Payload<'_>) -> io::Result<()> {
        let tcp = Tcp {
            from_client: true,
            sequence: self.rng.word() as u32,
            acknowledged: 1,
            flags: flag::ACK | flag::PUSH,
        };
        self.capture.tcp(ends, tcp, payload)
    }
}

#[cfg(test)]
#[path = "workload_tests.rs"]
mod tests;
