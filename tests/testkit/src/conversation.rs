//! A whole TCP connection, packet by packet, with matching sequence numbers and times.
//!
//! ```
//! use testkit::conversation::tcp;
//! use testkit::{frame::ethernet, http};
//!
//! let packets = tcp(ethernet(), "10.0.0.7:50123", "192.0.2.80:80")
//!     .opens()
//!     .client_sends(http::get("news.example", "/"))
//!     .server_sends(http::page("hello"))
//!     .closes()
//!     .packets();
//! assert_eq!(packets.len(), 3 + 2 + 2 + 3);
//! ```

use std::net::SocketAddr;

use crate::capture::Packet;
use crate::frame::Link;
use crate::rng::Rng;
use crate::transport::Tcp;

/// Bytes of a segment before it is cut, as on a link with an MTU of 1,500.
const SEGMENT: usize = 1400;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Side {
    Client,
    Server,
}

/// A connection under construction.
#[derive(Clone, Debug)]
pub struct Conversation {
    link: Link,
    client: SocketAddr,
    server: SocketAddr,
    client_seq: u32,
    server_seq: u32,
    now: u64,
    step: u64,
    packets: Vec<Packet>,
}

/// A connection from `client` to `server`, both written `address:port` or `[address]:port`. The
/// link is the client's side; the server's frames have its MAC addresses swapped.
pub fn tcp(link: Link, client: &str, server: &str) -> Conversation {
    let mut rng = Rng::from_text(&format!("{client}>{server}"));
    Conversation {
        link,
        client: client.parse().expect("the client as address:port"),
        server: server.parse().expect("the server as address:port"),
        client_seq: rng.next_u64() as u32,
        server_seq: rng.next_u64() as u32,
        now: 0,
        step: 5_000_000,
        packets: Vec::new(),
    }
}

impl Conversation {
    /// Time of the next packet in nanoseconds since 1970.
    pub fn at(mut self, nanoseconds: u64) -> Self {
        self.now = nanoseconds;
        self
    }

    /// Nanoseconds between packets (5 ms unless told).
    pub fn step(mut self, nanoseconds: u64) -> Self {
        self.step = nanoseconds;
        self
    }

    /// Sets the initial sequence numbers, for instance to make them wrap.
    pub fn sequence_numbers(mut self, client: u32, server: u32) -> Self {
        self.client_seq = client;
        self.server_seq = server;
        self
    }

    /// SYN, SYN-ACK, ACK.
    pub fn opens(mut self) -> Self {
        let syn = self.segment(Side::Client).syn().syn_options().empty();
        self.push(syn);
        self.client_seq = self.client_seq.wrapping_add(1);
        let ack = self.client_seq;
        let syn_ack = self
            .segment(Side::Server)
            .ack(ack)
            .syn()
            .syn_options()
            .empty();
        self.push(syn_ack);
        self.server_seq = self.server_seq.wrapping_add(1);
        self.acknowledge(Side::Client);
        self
    }

    /// The client sends bytes, in segments of 1,400, and the server acknowledges them.
    pub fn client_sends(self, bytes: impl Into<Vec<u8>>) -> Self {
        self.sends(Side::Client, &bytes.into(), &[])
    }

    /// The client sends bytes cut into segments at the given offsets.
    pub fn client_sends_cut(self, bytes: impl Into<Vec<u8>>, cuts: &[usize]) -> Self {
        self.sends(Side::Client, &bytes.into(), cuts)
    }

    /// The server sends bytes, in segments of 1,400, and the client acknowledges them.
    pub fn server_sends(self, bytes: impl Into<Vec<u8>>) -> Self {
        self.sends(Side::Server, &bytes.into(), &[])
    }

    /// The server sends bytes cut into segments at the given offsets.
    pub fn server_sends_cut(self, bytes: impl Into<Vec<u8>>, cuts: &[usize]) -> Self {
        self.sends(Side::Server, &bytes.into(), cuts)
    }

    /// FIN from the client, FIN from the server, ACK.
    pub fn closes(mut self) -> Self {
        let fin = self
            .segment(Side::Client)
            .ack(self.server_seq)
            .fin()
            .empty();
        self.push(fin);
        self.client_seq = self.client_seq.wrapping_add(1);
        let fin = self
            .segment(Side::Server)
            .ack(self.client_seq)
            .fin()
            .empty();
        self.push(fin);
        self.server_seq = self.server_seq.wrapping_add(1);
        self.acknowledge(Side::Client);
        self
    }

    /// RST from the server.
    pub fn is_reset(mut self) -> Self {
        let rst = self
            .segment(Side::Server)
            .ack(self.client_seq)
            .rst()
            .empty();
        self.push(rst);
        self
    }

    /// What was said, in order.
    pub fn packets(self) -> Vec<Packet> {
        self.packets
    }

    /// Number of packets so far, so that a caller knows the index of the next one.
    pub fn len(&self) -> usize {
        self.packets.len()
    }

    /// Whether nothing was said yet.
    pub fn is_empty(&self) -> bool {
        self.packets.is_empty()
    }

    fn sends(mut self, side: Side, bytes: &[u8], cuts: &[usize]) -> Self {
        let mut pieces: Vec<&[u8]> = Vec::new();
        let mut from = 0;
        for cut in cuts {
            pieces.push(&bytes[from..*cut]);
            from = *cut;
        }
        let mut rest = bytes[from..].chunks(SEGMENT).collect();
        pieces.append(&mut rest);
        for (i, piece) in pieces.iter().enumerate() {
            let ack = if side == Side::Client {
                self.server_seq
            } else {
                self.client_seq
            };
            let mut segment = self.segment(side).ack(ack);
            if i + 1 == pieces.len() {
                segment = segment.push();
            }
            let frame = segment.payload(*piece);
            self.push(frame);
            let seq = if side == Side::Client {
                &mut self.client_seq
            } else {
                &mut self.server_seq
            };
            *seq = seq.wrapping_add(piece.len() as u32);
        }
        self.acknowledge(if side == Side::Client {
            Side::Server
        } else {
            Side::Client
        });
        self
    }

    fn acknowledge(&mut self, side: Side) {
        let ack = if side == Side::Client {
            self.server_seq
        } else {
            self.client_seq
        };
        let frame = self.segment(side).ack(ack).empty();
        self.push(frame);
    }

    fn segment(&self, side: Side) -> Tcp {
        let (link, src, dst, seq) = match side {
            Side::Client => (self.link.clone(), self.client, self.server, self.client_seq),
            Side::Server => (
                self.link.clone().reversed(),
                self.server,
                self.client,
                self.server_seq,
            ),
        };
        link.ip(&src.ip().to_string(), &dst.ip().to_string())
            .id((seq ^ u32::from(src.port())) & 0xffff)
            .tcp(src.port(), dst.port())
            .seq(seq)
    }

    fn push(&mut self, frame: Vec<u8>) {
        self.packets.push(Packet::new(self.now, frame));
        self.now += self.step;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frame::raw;
    use etherparse::{SlicedPacket, TransportSlice};

    #[test]
    fn every_acknowledgement_matches_what_was_sent() {
        let packets = tcp(raw(), "10.0.0.7:50123", "192.0.2.80:80")
            .sequence_numbers(u32::MAX - 10, 5)
            .opens()
            .client_sends(vec![1; 3000])
            .server_sends_cut(vec![2; 100], &[1, 50])
            .closes()
            .packets();
        // Next sequence number expected from each side, once its SYN was seen.
        let mut next: [Option<u32>; 2] = [None, None];
        let mut sent = [0, 0];
        for packet in &packets {
            let parsed = SlicedPacket::from_ip(&packet.data).unwrap();
            let Some(TransportSlice::Tcp(tcp)) = parsed.transport else {
                panic!("TCP expected")
            };
            let (me, peer) = if tcp.destination_port() == 80 {
                (0, 1)
            } else {
                (1, 0)
            };
            if let Some(expected) = next[me] {
                assert_eq!(tcp.sequence_number(), expected);
            }
            if tcp.ack() {
                assert_eq!(Some(tcp.acknowledgment_number()), next[peer]);
            }
            let length = tcp.payload().len() as u32 + u32::from(tcp.syn()) + u32::from(tcp.fin());
            next[me] = Some(tcp.sequence_number().wrapping_add(length));
            sent[me] += tcp.payload().len();
        }
        assert_eq!(sent, [3000, 100]);
        assert!(packets.windows(2).all(|pair| pair[0].time < pair[1].time));
    }
}
