//! Who talks to whom: a flow's number gives its addresses and ports, so that nothing is stored.

use super::rng::mix;

/// The two ends of a flow.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ends {
    pub(super) v6: bool,
    /// The first four bytes where it is IPv4.
    pub(super) client: [u8; 16],
    pub(super) server: [u8; 16],
    pub(super) client_port: u16,
    pub(super) server_port: u16,
    /// The sum of the 16-bit words of both addresses.
    pub(super) sum: u64,
}

/// Of clients: IANA's dynamic ports.
const FIRST_PORT: u16 = 49_152;

/// One flow in so many is IPv6.
const V6: u64 = 5;

impl Ends {
    /// Flow `id` to some server. No two numbers have the same client address and port: the
    /// number is scrambled, which is one to one, and divided between them.
    #[inline]
    pub(super) fn new(seed: u64, id: u32, server_port: u16) -> Self {
        let hash = mix(seed, u64::from(id));
        let place = (id ^ seed as u32).wrapping_mul(0x9e37_79b1);
        let host = place >> 14;
        let client_port = FIRST_PORT | (place & 0x3fff) as u16;
        let number = (hash >> 40) as u32;
        Self::between(
            hash.is_multiple_of(V6),
            host,
            client_port,
            number,
            server_port,
        )
    }

    /// The same to one of a few resolvers.
    #[inline]
    pub(super) fn resolver(seed: u64, id: u32) -> Self {
        let mut ends = Self::new(seed, id, 53);
        let (before, number) = (ends.server, (id & 3) as u8);
        if ends.v6 {
            ends.server = [
                0x20,
                1,
                0x0d,
                0xb8,
                0,
                0x53,
                0,
                0,
                0,
                0,
                0,
                0,
                0,
                0,
                0,
                number + 1,
            ];
        } else {
            // 192.0.2.0/24 is for documentation (RFC 5737).
            ends.server[..4].copy_from_slice(&[192, 0, 2, 53 + number]);
        }
        ends.sum = ends.sum - words(&before) + words(&ends.server);
        ends
    }

    /// `host` has 18 bits, the server's number 17 that count.
    #[inline]
    fn between(v6: bool, host: u32, client_port: u16, number: u32, server_port: u16) -> Self {
        let (mut client, mut server) = ([0; 16], [0; 16]);
        let [_, h1, h2, h3] = host.to_be_bytes();
        let [_, s1, s2, s3] = number.to_be_bytes();
        if v6 {
            // 2001:db8::/32 is for documentation (RFC 3849).
            client = [0x20, 1, 0x0d, 0xb8, 0, 10, 0, 0, 0, 0, 0, 0, 0, h1, h2, h3];
            server = [
                0x20,
                1,
                0x0d,
                0xb8,
                1,
                0x98,
                0,
                0,
                0,
                0,
                0,
                0,
                0,
                s1 & 1,
                s2,
                s3,
            ];
        } else {
            client[..4].copy_from_slice(&[10, h1, h2, h3]);
            // 198.18.0.0/15 is for benchmarks (RFC 2544).
            server[..4].copy_from_slice(&[198, 18 | s1 & 1, s2, s3]);
        }
        Self {
            v6,
            sum: words(&client) + words(&server),
            client,
            server,
            client_port,
            server_port,
        }
    }

    /// A random address to one server, for a flood: of ranges that are nobody's in particular (RFC 6890).
    #[inline]
    pub(super) fn flood(bits: u64) -> Self {
        let mut ends = Self::between(false, 0, (bits >> 32) as u16 | 1_024, 0, 443);
        let [_, b, c, d, e, ..] = bits.to_le_bytes();
        let source = match e & 3 {
            0 | 1 => [10, b, c, d],
            2 => [100, 64 | b & 0x3f, c, d],
            _ => [172, 16 | b & 0x0f, c, d],
        };
        ends.client[..4].copy_from_slice(&source);
        ends.server[..4].copy_from_slice(&[198, 18, 0, 1]);
        ends.sum = words(&ends.client) + words(&ends.server);
        ends
    }

    /// Source and destination port.
    #[inline]
    pub(super) fn ports(&self, from_client: bool) -> (u16, u16) {
        if from_client {
            (self.client_port, self.server_port)
        } else {
            (self.server_port, self.client_port)
        }
    }
}

#[inline]
fn words(address: &[u8; 16]) -> u64 {
    let (words, _) = address.as_chunks::<4>();
    words
        .iter()
        .map(|w| u64::from(u32::from_be_bytes(*w)))
        .sum()
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn no_two_flows_share_a_client_and_port() {
        let mut seen = HashSet::new();
        for id in (0..200_000).chain(u32::MAX - 200_000..=u32::MAX) {
            let ends = Ends::new(7, id, 443);
            assert!(
                seen.insert((ends.client, ends.client_port, ends.v6)),
                "{id}"
            );
        }
    }
}
