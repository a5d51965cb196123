//! Which end of a connection is the client, and what of its bytes are the body of a request.
//!
//! Triage forwards whatever looks like a request or a hello at the start of a segment. In a download or
//! an upload that may be content: a capture file, a log, a page about HTTP. Where the beginning of
//! the connection was seen, the table of directions can tell, since a server sends no requests. What is
//! noted here makes nothing unread but content; a connection that is not noted is read as if it
//! were unknown.

use crate::flow::Flow;
use crate::names::stream::{Shape, Spoke};
use crate::stats::bump;
use crate::time::Timestamp;

/// Connections of one shard. 64 shards: 32,768 connections in 1.5 MiB.
const CONNECTIONS: usize = 512;

/// A connection may take the place of one of so many.
const WAYS: usize = 4;

/// Sequence numbers come round: what was noted of a body holds for so many seconds.
const BODY_SECS: i64 = 600;

/// Of a longer body so many bytes are noted: numbers of another connection may lie in it. Triage passes over no longer
/// ones, since what lies in them could not be told to be content here.
pub const MAX_BODY: u32 = 1 << 28;

/// How a direction began.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Start {
    /// Its SYN was not seen, or nobody answered it, or these are not its first bytes.
    #[default]
    Unknown,
    /// These are the first bytes behind a SYN: the end that opened the connection.
    Opener,
    /// These are the first bytes behind a SYN with ACK.
    Acceptor,
}

/// One of the two directions of a 5-tuple.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Side {
    /// From the lower end to the higher.
    Low,
    High,
}

impl Side {
    fn of(flow: &Flow) -> Self {
        if flow.is_canonical() {
            Self::Low
        } else {
            Self::High
        }
    }

    fn other(self) -> Self {
        match self {
            Self::Low => Self::High,
            Self::High => Self::Low,
        }
    }
}

/// The bytes of a request's body, by sequence numbers.
#[derive(Debug, Clone, Copy)]
struct Body {
    side: Side,
    from: u32,
    until: u32,
    noted: i64,
}

#[derive(Debug, Clone, Copy)]
struct Connection {
    flow: u64,
    client: Option<Side>,
    /// The client sent a ClientHello.
    hello: bool,
    /// The client asked for a tunnel: its server may send anything.
    tunnel: bool,
    body: Option<Body>,
    used: i64,
}

/// Where a connection may stand.
fn bucket(connections: &mut [Option<Connection>], hash: u64) -> Option<&mut [Option<Connection>]> {
    // The lowest bits chose the shard.
    let bucket = (hash >> 32) as usize & (CONNECTIONS / WAYS).wrapping_sub(1);
    let first = bucket.wrapping_mul(WAYS);
    connections.get_mut(first..first.wrapping_add(WAYS))
}

/// What is known of one shard's connections. Its memory is taken when the first is noted.
#[derive(Debug, Default)]
pub struct Roles {
    connections: Vec<Option<Connection>>,
    /// Connections that made room for others though something was noted of them in the last minutes.
    forgotten: u64,
}

impl Roles {
    /// How many connections made room for others though something was noted of them in the last minutes.
    pub fn forgotten(&self) -> u64 {
        self.forgotten
    }

    fn find(&mut self, flow: &Flow) -> Option<&mut Connection> {
        let hash = flow.hash();
        self.bucket(hash)?
            .iter_mut()
            .flatten()
            .find(|connection| connection.flow == hash)
    }

    fn bucket(&mut self, hash: u64) -> Option<&mut [Option<Connection>]> {
        bucket(&mut self.connections, hash)
    }

    /// The connection's entry; one that was silent longest makes room for a new one.
    fn entry(&mut self, flow: &Flow, now: i64) -> Option<&mut Connection> {
        if self.connections.is_empty() {
            self.connections.resize(CONNECTIONS, None);
        }
        let hash = flow.hash();
        let bucket = bucket(&mut self.connections, hash)?;
        let is_it = |entry: &Option<Connection>| entry.as_ref().is_some_and(|c| c.flow == hash);
        let at = bucket.iter().position(is_it).or_else(|| {
            let ages = bucket
                .iter()
                .map(|entry| entry.map_or(i64::MIN, |c| c.used));
            ages.enumerate()
                .min_by_key(|&(_, used)| used)
                .map(|(at, _)| at)
        })?;
        let entry = bucket.get_mut(at)?;
        if !is_it(entry)
            && let Some(other) = entry.take()
            && now.saturating_sub(other.used) <= BODY_SECS
        {
            bump(&mut self.forgotten);
        }
        let connection = entry.get_or_insert(Connection {
            flow: hash,
            client: None,
            hello: false,
            tunnel: false,
            body: None,
            used: now,
        });
        connection.used = now;
        Some(connection)
    }

    /// Forgets a connection: its 5-tuple is in use for another.
    pub fn forget(&mut self, flow: &Flow) {
        let hash = flow.hash();
        for entry in self.bucket(hash).unwrap_or_default() {
            entry.take_if(|connection| connection.flow == hash);
        }
    }

    /// Notes what a direction was seen to speak.
    pub fn note(&mut self, flow: &Flow, start: Start, spoke: Spoke, now: Timestamp) {
        let side = Side::of(flow);
        // Nothing but what follows a SYN is proof: in the middle of a connection a body could pose as
        // a request, and hide the requests of the other end.
        let client = match start {
            Start::Opener if spoke.request || spoke.hello => Some(side),
            Start::Acceptor if spoke.answer => Some(side.other()),
            _ => None,
        };
        if client.is_none() && !spoke.hello && !spoke.tunnel {
            return;
        }
        let Some(connection) = self.entry(flow, now.secs()) else {
            return;
        };
        connection.client = connection.client.or(client);
        connection.hello |= spoke.hello;
        connection.tunnel |= spoke.tunnel;
    }

    /// Notes that a request with its body takes `length` bytes from the number `base` on, of which
    /// those that came yet are `here`. This too needs the proof that the direction is the client's.
    pub fn note_body(
        &mut self,
        (flow, start): (&Flow, Start),
        base: u32,
        here: &[u8],
        length: u64,
        now: Timestamp,
    ) {
        if length <= here.len() as u64 {
            return;
        }
        let side = Side::of(flow);
        let is_client = |connection: &Connection| connection.client == Some(side);
        if start != Start::Opener && !self.find(flow).is_some_and(|c| is_client(c)) {
            return;
        }
        let from = base.wrapping_add(u32::try_from(here.len()).unwrap_or(0));
        let length = u32::try_from(length).unwrap_or(u32::MAX).min(MAX_BODY);
        let until = base.wrapping_add(length);
        let noted = now.secs();
        if let Some(connection) = self.entry(flow, noted) {
            connection.body = Some(Body {
                side,
                from,
                until,
                noted,
            });
        }
    }

    /// True where what looks like the beginning of a message at `sequence` is in a request's body.
    pub fn is_in_body(&mut self, flow: &Flow, sequence: u32, now: Timestamp) -> bool {
        let now = now.secs();
        let Some(connection) = self.find(flow) else {
            return false;
        };
        connection.used = now;
        connection.body.is_some_and(|body| {
            body.side == Side::of(flow)
                && now.saturating_sub(body.noted) <= BODY_SECS
                && sequence.wrapping_sub(body.from) < body.until.wrapping_sub(body.from)
        })
    }

    /// True where what looks like the beginning of a message at `sequence` is content of another. `answers_hello` says
    /// that the direction answers a ClientHello that was not noted here.
    pub fn is_content(
        &mut self,
        flow: &Flow,
        sequence: u32,
        answers_hello: bool,
        shape: Shape,
        now: Timestamp,
    ) -> bool {
        if self.is_in_body(flow, sequence, now) {
            return true;
        }
        let known = self.find(flow).copied();
        let is_server = known.is_some_and(|c| c.client == Some(Side::of(flow).other()));
        let hello = answers_hello || known.is_some_and(|c| c.hello);
        (is_server || answers_hello)
            && !known.is_some_and(|c| c.tunnel)
            // A flight answers a hello wherever it stands; its first segment may be short.
            && !(hello && matches!(shape, Shape::ServerHello | Shape::Short))
    }
}

#[cfg(test)]
#[path = "roles_tests.rs"]
mod tests;
