//! The 5-tuple of a flow, its symmetric hash and its Community ID.

use std::net::{IpAddr, SocketAddr};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;

/// Into how many parts what workers remember is divided. A worker owns some of them whole, so what a
/// bound pushes out does not depend on the number of workers.
pub const SHARDS: usize = 64;

/// Transport protocol of a flow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Protocol {
    /// Transmission Control Protocol, IP protocol 6.
    Tcp,
    /// User Datagram Protocol, IP protocol 17.
    Udp,
}

impl Protocol {
    /// The IP protocol number.
    pub const fn number(self) -> u8 {
        match self {
            Self::Tcp => 6,
            Self::Udp => 17,
        }
    }

    /// As EVE writes it: `TCP` or `UDP`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Tcp => "TCP",
            Self::Udp => "UDP",
        }
    }
}

/// The 5-tuple as one packet shows it: from `src` to `dst`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Flow {
    /// Source address of the packet.
    pub src: IpAddr,
    /// Destination address of the packet.
    pub dst: IpAddr,
    /// Source port of the packet.
    pub sport: u16,
    /// Destination port of the packet.
    pub dport: u16,
    /// TCP or UDP.
    pub protocol: Protocol,
}

impl Flow {
    /// The same 5-tuple for both directions: the lower endpoint comes first.
    #[must_use]
    pub fn canonical(self) -> Self {
        if self.is_canonical() {
            self
        } else {
            Self {
                src: self.dst,
                dst: self.src,
                sport: self.dport,
                dport: self.sport,
                protocol: self.protocol,
            }
        }
    }

    /// Whether the packet goes from the lower endpoint to the higher.
    pub fn is_canonical(&self) -> bool {
        (self.src, self.sport) <= (self.dst, self.dport)
    }

    /// A hash that both directions share. It chooses the worker, so it has to spread well, but
    /// nothing that is printed depends on it.
    pub fn hash(&self) -> u64 {
        // Adding the two ends commutes; mixing each of them first keeps (a, b) apart from (c, d).
        let ends = mix(end(self.src, self.sport)).wrapping_add(mix(end(self.dst, self.dport)));
        mix(ends ^ u64::from(self.protocol.number()))
    }

    /// Which of [`SHARDS`] parts of all state the flow belongs to. Both directions share it.
    pub fn shard(&self) -> u8 {
        // A power of two, of which the rest fits a byte.
        (self.hash() as usize & (SHARDS - 1)) as u8
    }

    /// A number for EVE's `flow_id`: the same for both directions, below 2^52 so that JSON readers
    /// that hold numbers as doubles keep it whole.
    pub fn id(&self) -> u64 {
        self.hash() >> 12
    }

    /// [Community ID](https://github.com/corelight/community-id-spec) version 1, seed 0.
    pub fn community_id(&self) -> String {
        let flow = self.canonical();
        let mut sha1 = sha1_smol::Sha1::new();
        sha1.update(&0u16.to_be_bytes());
        for address in [flow.src, flow.dst] {
            match address {
                IpAddr::V4(a) => sha1.update(&a.octets()),
                IpAddr::V6(a) => sha1.update(&a.octets()),
            }
        }
        sha1.update(&[flow.protocol.number(), 0]);
        sha1.update(&flow.sport.to_be_bytes());
        sha1.update(&flow.dport.to_be_bytes());
        format!("1:{}", BASE64.encode(sha1.digest().bytes()))
    }

    /// The source as `address:port` (IPv6 in brackets).
    pub fn source(&self) -> SocketAddr {
        SocketAddr::new(self.src, self.sport)
    }

    /// The destination as `address:port` (IPv6 in brackets).
    pub fn destination(&self) -> SocketAddr {
        SocketAddr::new(self.dst, self.dport)
    }
}

fn end(address: IpAddr, port: u16) -> u64 {
    let address = match address {
        IpAddr::V4(a) => u64::from(u32::from(a)),
        IpAddr::V6(a) => {
            let a = u128::from(a);
            // Both halves count: hosts of one network differ in the lower, networks in the upper.
            let [high, low] = [(a >> 64) as u64, a as u64];
            mix(high).wrapping_add(low)
        }
    };
    address ^ (u64::from(port) << 48)
}

/// The finalizer of SplitMix64: every input bit reaches every output bit.
fn mix(mut x: u64) -> u64 {
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flow(src: &str, sport: u16, dst: &str, dport: u16, protocol: Protocol) -> Flow {
        Flow {
            src: src.parse().unwrap(),
            dst: dst.parse().unwrap(),
            sport,
            dport,
            protocol,
        }
    }

    fn reversed(f: Flow) -> Flow {
        Flow {
            src: f.dst,
            dst: f.src,
            sport: f.dport,
            dport: f.sport,
            protocol: f.protocol,
        }
    }

    #[test]
    fn both_directions_share_hash_and_canonical_form() {
        let f = flow("10.0.0.7", 50_000, "192.0.2.1", 443, Protocol::Tcp);
        assert_eq!(f.hash(), reversed(f).hash());
        assert_eq!(f.canonical(), reversed(f).canonical());
        assert_ne!(
            f.hash(),
            Flow {
                protocol: Protocol::Udp,
                ..f
            }
            .hash()
        );
        assert_ne!(f.hash(), Flow { sport: 50_001, ..f }.hash());
    }

    // Vectors of the specification's baseline (default seed).
    #[test]
    fn community_id_vectors() {
        for (f, want) in [
            (
                flow(
                    "128.232.110.120",
                    34_855,
                    "66.35.250.204",
                    80,
                    Protocol::Tcp,
                ),
                "1:LQU9qZlK+B5F3KDmev6m5PMibrg=",
            ),
            (
                flow("192.168.1.52", 54_585, "8.8.8.8", 53, Protocol::Udp),
                "1:d/FP5EW3wiY1vCndhwleRRKHowQ=",
            ),
        ] {
            assert_eq!(f.community_id(), want);
            assert_eq!(reversed(f).community_id(), want);
        }
    }

    #[test]
    fn hash_spreads_neighbouring_flows() {
        let mut buckets = [0u32; 8];
        for port in 0..8_000u16 {
            let f = flow(
                "2001:db8::1",
                20_000 + port,
                "2001:db8::2",
                53,
                Protocol::Udp,
            );
            buckets[(f.hash() % 8) as usize] += 1;
        }
        assert!(
            buckets.iter().all(|&n| (800..1_200).contains(&n)),
            "{buckets:?}"
        );
    }
}
