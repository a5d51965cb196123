//! What the reading of streams counts.

use super::prelude::Prelude;
use super::tls::HelloStats;
use super::x509;
use crate::stats::DnsStats;

/// What was counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Stats {
    /// HTTP/1 request heads.
    pub http_heads: u64,
    /// HTTP/1 request heads whose end never came; read as far as they go.
    pub http_heads_cut: u64,
    /// HTTP/1 request heads over [`MAX_HEAD`](super::http::MAX_HEAD); read as far as that.
    pub http_heads_too_long: u64,
    /// Times that no request stood where one should, and the next was looked for.
    pub http_resyncs: u64,
    /// Connections given up after a bounded search for the next request.
    pub http_gave_up: u64,
    /// Directions that were left inside a body or a head, or where a body may have been: requests may follow.
    pub http_left: u64,
    /// Directions of cleartext HTTP/2 that were left before their end.
    pub http2_left: u64,
    /// Directions that were left inside a chain of certificates.
    pub chains_left: u64,
    /// Directions of cleartext HTTP/2.
    pub http2_connections: u64,
    /// HTTP/2 directions whose header blocks could not be followed to the end.
    pub http2_lost: u64,
    /// Messages of preludes that were passed over, by [`Prelude`].
    pub preludes: [u64; Prelude::COUNT],
    /// Directions given up within an endless prelude.
    pub preludes_gave_up: u64,
    /// DNS messages in streams, by how far they were read.
    pub dns: DnsStats,
    /// ClientHellos, by what they gave.
    pub hellos: HelloStats,
    /// Certificates, by how far they were read.
    pub certificates: x509::Stats,
}

impl Stats {
    /// Adds another's numbers.
    pub fn add(&mut self, other: &Self) {
        self.dns.add(&other.dns);
        self.hellos.add(&other.hellos);
        self.certificates.add(&other.certificates);
        for (sum, n) in self.preludes.iter_mut().zip(other.preludes) {
            *sum = sum.saturating_add(n);
        }
        for (sum, n) in [
            (&mut self.http_heads, other.http_heads),
            (&mut self.http_heads_cut, other.http_heads_cut),
            (&mut self.http_heads_too_long, other.http_heads_too_long),
            (&mut self.http_resyncs, other.http_resyncs),
            (&mut self.http_gave_up, other.http_gave_up),
            (&mut self.http_left, other.http_left),
            (&mut self.http2_left, other.http2_left),
            (&mut self.chains_left, other.chains_left),
            (&mut self.http2_connections, other.http2_connections),
            (&mut self.http2_lost, other.http2_lost),
            (&mut self.preludes_gave_up, other.preludes_gave_up),
        ] {
            *sum = sum.saturating_add(n);
        }
    }
}
