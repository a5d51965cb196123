//! Conversations at their beginning, many at a time.

use std::io;

use super::capture::{Capture, Payload, Tcp, flag};
use super::dns::Exchange;
use super::ends::Ends;
use super::http;
use super::plant::{Ledger, Name};
use super::pool::Pool;
use super::quic::{self, Ids};
use super::rng::{Rng, mix};
use super::scripts::{Act, CLOSE, Script};
use super::tls::{CHANGE_CIPHER_SPEC, Form, Templates, data_header, record};
use super::words::Host;
use crate::names::Kind;

/// Payload of a full segment; less than the announced 1460, as where there are timestamps.
pub(super) const SEGMENT: usize = 1_448;

/// Payload of a full QUIC datagram.
pub(super) const DATAGRAM: usize = 1_250;

/// Where a server's flight up to TLS 1.2 is cut: inside its first certificate, ahead of the name.
const CUT: usize = 360;

/// Of a post-quantum ClientHello, so much goes into QUIC's first datagram.
const QUIC_CUT: usize = 1_100;

/// A conversation in progress. All that is not here follows from the flow's number.
#[derive(Debug)]
pub(super) struct Head {
    pub(super) id: u32,
    pub(super) script: Script,
    step: u8,
    /// It ends as soon as it has begun.
    closes: bool,
    pub(super) server_port: u16,
    pub(super) planted: Option<Box<Name>>,
    /// The next sequence numbers of the client and of the server.
    pub(super) up: u32,
    pub(super) down: u32,
}

/// The numbers of a flow that is not stored.
pub(super) fn sequences(seed: u64, id: u32) -> (u32, u32) {
    let word = mix(seed ^ 0x5e9, u64::from(id));
    (word as u32, (word >> 32) as u32)
}

/// The connection IDs of a flow's client and server, behind those of the first packet.
pub(super) fn connection_ids(seed: u64, id: u32) -> [[u8; quic::ID]; 3] {
    [1, 2, 3].map(|n| mix(seed ^ n << 20, u64::from(id)).to_le_bytes())
}

impl Head {
    pub(super) fn new(
        seed: u64,
        id: u32,
        script: Script,
        server_port: u16,
        closes: bool,
        planted: Option<Box<Name>>,
    ) -> Self {
        let (up, down) = sequences(seed, id);
        Self {
            id,
            script,
            step: 0,
            closes,
            server_port,
            planted,
            up,
            down,
        }
    }

    /// Packets until the last planted name is whole; 0 where nothing is planted.
    pub(super) fn owes(&self) -> u64 {
        match self.planted {
            Some(_) => u64::from(self.script.named_after().saturating_sub(self.step)),
            None => 0,
        }
    }

    /// Whether a packet of it was written.
    pub(super) fn has_begun(&self) -> bool {
        self.step != 0
    }

    fn act(&self) -> Option<Act> {
        let acts = self.script.acts();
        let step = usize::from(self.step);
        match step.checked_sub(acts.len()) {
            None => acts.get(step).copied(),
            Some(step) if self.closes => CLOSE.get(step).copied(),
            Some(_) => None,
        }
    }

    /// The names that the flow's packets bear.
    fn host(&self, seed: u64) -> Host {
        match &self.planted {
            Some(name) => name.host,
            None => Host::innocent(mix(seed ^ 0x4057, u64::from(self.id))),
        }
    }
}

/// Writes packets of conversations.
pub(super) struct Maker {
    pub(super) seed: u64,
    templates: Templates,
    message: Vec<u8>,
    datagram: Vec<u8>,
    frames: Vec<u8>,
}

impl Maker {
    pub(super) fn new(seed: u64) -> Self {
        Self {
            seed,
            templates: Templates::new(),
            message: Vec::with_capacity(4_096),
            datagram: Vec::with_capacity(2_048),
            frames: Vec::with_capacity(2_048),
        }
    }

    /// Writes the next packet of `head`. Gives false where that was its last.
    pub(super) fn step(
        &mut self,
        head: &mut Head,
        capture: &mut Capture<'_>,
        ledger: &mut Ledger<'_>,
    ) -> io::Result<bool> {
        let Some(act) = head.act() else {
            return Ok(false);
        };
        match head.script {
            Script::Dns => self.dns(head, act, capture, ledger)?,
            Script::Quic { quantum } => self.quic(head, quantum, act, capture, ledger)?,
            Script::Tls(form) | Script::Swapped(form) => {
                self.tcp(head, Some(form), act, capture, ledger)?;
            }
            Script::Http => self.tcp(head, None, act, capture, ledger)?,
        }
        head.step += 1;
        Ok(head.act().is_some())
    }

    fn dns(
        &mut self,
        head: &Head,
        act: Act,
        capture: &mut Capture<'_>,
        ledger: &mut Ledger<'_>,
    ) -> io::Result<()> {
        let ends = Ends::resolver(self.seed, head.id);
        let mut rng = Rng::new(mix(self.seed ^ 0xd45, u64::from(head.id)));
        let exchange = Exchange::new(&mut rng);
        let hidden = exchange.aliases != 0 && rng.once_in(2);
        let innocent = Host::innocent(rng.word());
        // An alias may hide a name behind an innocent one.
        let (question, alias) = match &head.planted {
            Some(name) if hidden => (innocent, Some(name.host)),
            Some(name) => (name.host, None),
            None => (innocent, None),
        };
        let question = question.as_bytes();
        let from_client = act == Act::Query;
        if from_client {
            exchange.query(&mut self.message, question);
        } else {
            let more = rng.word();
            let alias = |number: u8| match alias {
                Some(name) if number == 0 => name,
                _ => {
                    Host::innocent(more.wrapping_add(u64::from(number).wrapping_mul(0x1_2345_6789)))
                }
            };
            exchange.answer(&mut self.message, question, alias, &mut rng);
        }
        capture.udp(&ends, from_client, Payload::Bytes(&self.message))?;
        let Some(name) = &head.planted else {
            return Ok(());
        };
        let kind = match (from_client, exchange.missing) {
            (true, _) if hidden => return Ok(()),
            (true, _) | (false, true) => Kind::DnsQuery,
            (false, false) => Kind::DnsAnswer,
        };
        ledger.contact(capture.packets, kind, name, &ends, from_client)
    }

    fn quic(
        &mut self,
        head: &Head,
        quantum: bool,
        act: Act,
        capture: &mut Capture<'_>,
        ledger: &mut Ledger<'_>,
    ) -> io::Result<()> {
        let ends = Ends::new(self.seed, head.id, head.server_port);
        let word = mix(self.seed ^ 0x71c, u64::from(head.id));
        let place = Pool::place(word);
        let [first, client, server] = connection_ids(self.seed, head.id);
        let mut ids = Ids {
            first,
            destination: first,
            source: client,
            from_server: false,
        };
        let Self {
            templates,
            message,
            datagram,
            frames,
            ..
        } = self;
        datagram.clear();
        frames.clear();
        let sealed = match act {
            Act::Initial { number, of } => {
                let form = Form::Quic { quantum };
                let host = head.host(self.seed);
                templates.fill(message, form, host.as_bytes(), &capture.pool, place);
                match (number, of) {
                    (0, 2) => quic::crypto(frames, 0, &message[..QUIC_CUT]),
                    (_, 2) => quic::crypto(frames, QUIC_CUT, &message[QUIC_CUT..]),
                    _ => {
                        // Out of order, as browsers do to keep middleboxes from reading it.
                        let middle = message.len() / 2;
                        quic::crypto(frames, middle, &message[middle..]);
                        frames.push(1); // PING
                        quic::crypto(frames, 0, &message[..middle]);
                    }
                }
                quic::initial(datagram, &ids, number, frames, DATAGRAM)
            }
            Act::QuicFlight => {
                ids = Ids {
                    destination: client,
                    source: server,
                    from_server: true,
                    ..ids
                };
                frames.extend([2, 0, 0, 0, 0]); // ACK of packet 0
                templates.quic_flight(message, &capture.pool, place);
                quic::crypto(frames, 0, message);
                let sealed = quic::initial(datagram, &ids, 0, frames, 200);
                let left = DATAGRAM - datagram.len() - 24;
                quic::handshake(datagram, &ids, left as u16);
                datagram.extend_from_slice(capture.pool.piece(place, left));
                sealed
            }
            _ => {
                ids.destination = server;
                quic::handshake(datagram, &ids, 60);
                datagram.extend_from_slice(capture.pool.piece(place, 60));
                Some(())
            }
        };
        sealed.ok_or_else(|| io::Error::other("cannot encrypt a QUIC packet"))?;
        let from_client = !ids.from_server;
        capture.udp(&ends, from_client, Payload::Bytes(datagram))?;
        match (&head.planted, act) {
            (Some(name), Act::Initial { number, of }) if number + 1 == of => {
                ledger.contact(capture.packets, Kind::QuicSni, name, &ends, true)
            }
            _ => Ok(()),
        }
    }

    fn tcp(
        &mut self,
        head: &mut Head,
        form: Option<Form>,
        act: Act,
        capture: &mut Capture<'_>,
        ledger: &mut Ledger<'_>,
    ) -> io::Result<()> {
        let ends = Ends::new(self.seed, head.id, head.server_port);
        let word = mix(self.seed ^ 0x7c9, u64::from(head.id));
        let place = Pool::place(word);
        let bits = (word >> 32) as usize;
        let Self {
            templates, message, ..
        } = self;
        message.clear();
        let mut flags = flag::ACK | flag::PUSH;
        let from_client = matches!(
            act,
            Act::Syn
                | Act::Ack
                | Act::Hello
                | Act::HelloHead { .. }
                | Act::HelloTail { .. }
                | Act::Finished
                | Act::OldFinished
                | Act::FinAck
                | Act::Request
        );
        // Bytes of the pool behind those of the message.
        let mut bulk = 0;
        // Which part of the message goes into this segment, and how far the direction comes with it.
        let (mut from, mut to, mut advance) = (0, None, None);
        let mut named = None;
        match act {
            Act::Syn => (flags, advance) = (flag::SYN, Some(1)),
            Act::SynAck => (flags, advance) = (flag::SYN | flag::ACK, Some(1)),
            Act::Ack | Act::LastAck => flags = flag::ACK,
            Act::Fin | Act::FinAck => (flags, advance) = (flag::FIN | flag::ACK, Some(1)),
            Act::Hello | Act::HelloHead { .. } | Act::HelloTail { .. } => {
                let form = form.unwrap_or(Form::Old);
                let host = head.host(self.seed);
                templates.fill(message, form, host.as_bytes(), &capture.pool, place);
                let completes = match act {
                    Act::HelloHead { completes } => {
                        to = Some(SEGMENT);
                        completes
                    }
                    Act::HelloTail { completes } => {
                        from = SEGMENT;
                        completes
                    }
                    _ => true,
                };
                advance = Some(if completes { message.len() } else { 0 });
                named = completes.then_some(Kind::TlsSni);
            }
            Act::CertificatesHead | Act::CertificatesTail => {
                let host = head.host(self.seed);
                let form = Form::Certificates;
                templates.fill(message, form, host.as_bytes(), &capture.pool, place);
                if act == Act::CertificatesHead {
                    (to, advance) = (Some(CUT), Some(0));
                } else {
                    (from, advance) = (CUT, Some(message.len()));
                    named = Some(Kind::X509San);
                }
            }
            Act::Flight => {
                bulk = 280 + bits % 240;
                templates.flight(message, bulk as u16, &capture.pool, place);
            }
            Act::Finished => {
                bulk = 52;
                message.extend(CHANGE_CIPHER_SPEC);
                message.extend(data_header(53));
                message.push(bits as u8);
            }
            Act::OldFinished => {
                // ClientKeyExchange with a point on X25519, and an encrypted Finished.
                let key = [&[16, 0, 0, 33, 32][..], capture.pool.piece(place, 32)].concat();
                message.extend(record(22, [3, 3], &key));
                message.extend(CHANGE_CIPHER_SPEC);
                message.extend(record(22, [3, 3], capture.pool.piece(place + 32, 40)));
            }
            Act::Data => {
                bulk = 80 + bits % 256;
                message.extend(data_header(bulk as u16 + 1));
                message.push(bits as u8);
            }
            Act::Request => {
                let host = head.host(self.seed);
                http::request(message, host.as_bytes(), &mut Rng::new(word));
                named = Some(Kind::HttpHost);
            }
            Act::Response => {
                http::response(message);
                bulk = SEGMENT - message.len();
            }
            Act::Initial { .. }
            | Act::QuicFlight
            | Act::QuicFinished
            | Act::Query
            | Act::Answer => {}
        }
        let part = &message[from..to.unwrap_or(message.len())];
        let payload = match bulk {
            0 => Payload::Bytes(part),
            len => Payload::Bulk {
                head: part,
                at: place,
                len,
            },
        };
        let (mine, other) = match from_client {
            true => (&mut head.up, head.down),
            false => (&mut head.down, head.up),
        };
        let tcp = Tcp {
            from_client,
            sequence: mine.wrapping_add(from as u32),
            acknowledged: if act == Act::Syn { 0 } else { other },
            flags,
        };
        *mine = mine.wrapping_add(advance.unwrap_or(payload.len()) as u32);
        capture.tcp(&ends, tcp, payload)?;
        match (&head.planted, named) {
            (Some(name), Some(kind)) => {
                ledger.contact(capture.packets, kind, name, &ends, from_client)
            }
            _ => Ok(()),
        }
    }
}
