//! One direction of a TCP connection: what it speaks, message by message.
//!
//! Protocols are told by their content, never by a port, and they nest: behind a PROXY header, a SOCKS
//! or CONNECT request or a STARTTLS dialogue the bytes are judged anew. [`Direction::read`] is
//! given contiguous bytes from where the last message ended. It keeps a few numbers and no bytes, but of HTTP/2 what header
//! blocks need ([`Direction::held`]).

use super::begins::{DNS_START, dns_begins, dns_certain, dns_likely};
use super::dns::DnsNote;
use super::http2::{self, Connection, Content};
use super::prelude::{self, Part, Prelude, Text};
use super::tls::{
    Flight, Hello, Over, Space, client_stream, client_stream_and_body, fingerprints, flight_with,
    skip_short_records,
};
use super::{Kind, Step, Wanted, dns, http, llmnr, socks};
use crate::stats::bump;

pub use super::shape::{Shape, shape};
pub use super::stream_stats::Stats;

/// The most messages or lines of preludes that are passed over in a row.
const MAX_MESSAGES: u16 = 256;

/// The most bytes of preludes that are passed over in a row.
const MAX_PASSED: u64 = 65_536;

/// The longest first line of what is not an HTTP request.
pub(super) const MAX_GREETING: usize = 512;

/// What the port says. It decides nothing but how strictly DNS is judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Hint {
    /// No port of DNS.
    #[default]
    Any,
    /// Port 53: DNS unless the bytes begin as something else does that is known here.
    Dns,
    /// Port 5355: the same of LLMNR.
    Llmnr,
}

/// What a direction was seen to speak: it tells a client from a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Spoke {
    /// A client's request of HTTP or SOCKS.
    pub request: bool,
    /// A client's hello of TLS.
    pub hello: bool,
    /// A server's response of HTTP, or its flight of TLS.
    pub answer: bool,
    /// A client's request for a connection through a proxy, or for another protocol: what follows may
    /// be anything.
    pub tunnel: bool,
}

/// What is known of a name beside its kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Note {
    /// The ClientHello holds an encrypted inner hello: the name may be only the outer one.
    pub ech: bool,
    /// What the header of its DNS message says.
    pub dns: Option<DnsNote>,
}

/// Reused space for reading, and the counters. One for each worker.
#[derive(Debug, Default)]
pub struct Scratch {
    /// For hellos that are spread over records.
    pub(super) joined: Vec<u8>,
    /// The only name of a hello. No longer than the hello.
    name: Vec<u8>,
    pub(super) dns: dns::Scratch,
    /// Which fingerprints are pushed beside names.
    pub wanted: Wanted,
    /// Scratch: what a request asks for.
    pub(super) url: Vec<u8>,
    /// What was counted.
    pub stats: Stats,
}

/// What is expected next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    /// Anything.
    Start,
    /// What may follow the head of an HTTP response.
    Tunnel,
    /// The rest of an HTTP/1 head whose first line was judged.
    Head,
    /// An HTTP/1 body of which the server may have said that it does not want it.
    Expected { body: u64 },
    /// Chunks of an HTTP/1 body.
    Chunks,
    /// The trailer fields behind them.
    Trailer,
    /// The next HTTP/1 request, somewhere. `inside` a line or at its beginning.
    Resync { inside: bool },
    /// A dialogue in lines.
    Lines,
    /// XMPP.
    Xml,
    /// The rest of SOCKS 5.
    Socks,
    /// DNS messages with their lengths.
    Dns { strict: bool },
    /// HTTP/2 frames.
    Http2,
    /// A TLS server's handshake, or a client's behind its hello.
    Handshake,
    /// Nothing of interest.
    Done,
}

/// What a stage came to.
pub(super) enum Turn {
    Step(Step),
    /// Another stage has to judge the same bytes.
    Again,
}

impl From<Step> for Turn {
    fn from(step: Step) -> Self {
        Self::Step(step)
    }
}

/// The state of one direction of a connection.
#[derive(Debug)]
pub struct Direction {
    pub(super) stage: Stage,
    pub(super) hint: Hint,
    /// HTTP/1 messages follow one another here.
    pub(super) http: bool,
    pub(super) spoke: Spoke,
    /// Messages of preludes that were passed over.
    pub(super) messages: u16,
    pub(super) scan: http::Scan,
    /// Bytes that were passed over.
    pub(super) passed: u64,
    flight: Flight,
    pub(super) http2: Option<Box<Connection>>,
}

/// Whether the first bytes of a connection may be those of a DNS message with its length, of which
/// they need not hold all.
pub fn dns_may_begin(bytes: &[u8]) -> bool {
    dns_begins(bytes) != Ok(false)
}

/// Whether a message of DNS over TCP begins here for certain.
pub fn begins_message(bytes: &[u8]) -> bool {
    dns_certain(bytes)
}

/// Whether no message of DNS over TCP begins here on its own port. What is too short may be one.
pub fn is_no_dns(bytes: &[u8]) -> bool {
    bytes.len() >= DNS_START && !dns_likely(bytes)
}

/// Whether these are records that may stand before a hello, and nothing behind them: alerts end most
/// connections that they stand in.
pub fn is_prelude_of_hello(bytes: &[u8]) -> bool {
    matches!(bytes, [0x14 | 0x15, 3, ..]) && skip_short_records(bytes).is_none()
}

/// Whether the first bytes of a server's direction are the answer that opens a tunnel: a whole response
/// of success without content, or a reply of SOCKS 4 as far as it goes.
pub fn opens_tunnel(bytes: &[u8]) -> bool {
    if let [0] | [0, 0x5a, ..] = bytes {
        return bytes.len() <= 8;
    }
    let has = |wanted: &[u8]| {
        bytes
            .windows(wanted.len())
            .any(|word| word.eq_ignore_ascii_case(wanted))
    };
    bytes.len() <= MAX_GREETING
        && bytes.ends_with(b"\n\r\n")
        && matches!(bytes, [b'H' | b'h', ..])
        && http::line(bytes).is_some_and(|(line, _)| {
            http::first_line(line) == http::FirstLine::Response && line.get(9) == Some(&b'2')
        })
        && !has(b"content-")
        && !has(b"transfer-encoding")
}

/// Whether the first bytes of a connection may be a part of what [`shape`] tells only when it is whole.
pub fn prelude_may_begin(bytes: &[u8]) -> bool {
    let line = bytes.get(http::blank_lines(bytes)..).unwrap_or_default();
    matches!(prelude::message(bytes), Part::Need(_))
        || matches!(socks::begin(bytes, &mut |_, _| {}), socks::Part::Need(_))
        || line.len() < MAX_GREETING && http::line(line).is_none() && prelude::may_be_text(line)
}

/// Whether these few bytes are a part of what HTTP/2 begins with, and hardly of anything else.
pub fn http2_may_begin(bytes: &[u8]) -> bool {
    let preface = bytes.len() < http2::PREFACE.len() && http2::PREFACE.starts_with(bytes);
    preface && bytes.len() >= 3 || bytes.len() >= 6 && http2::server_begins(bytes).is_none()
}

/// Whether HTTP/2 begins here, or close behind a proxy's header.
pub fn holds_preface(bytes: &[u8]) -> bool {
    bytes
        .windows(http2::PREFACE.len())
        .take(MAX_GREETING)
        .any(|window| window == http2::PREFACE)
}

pub(super) fn took(length: usize) -> Step {
    Step::Took(u64::try_from(length).unwrap_or(u64::MAX))
}

pub(super) fn more(bytes: &[u8]) -> usize {
    bytes.len().saturating_add(1)
}

impl Direction {
    /// A direction at the beginning of its bytes, or at a place that [`shape`] recognised.
    pub fn new(hint: Hint) -> Self {
        Self {
            stage: Stage::Start,
            hint,
            http: false,
            spoke: Spoke::default(),
            messages: 0,
            scan: http::Scan::default(),
            passed: 0,
            flight: Flight::default(),
            http2: None,
        }
    }

    /// Whether it looks for the next request among bytes that it does not understand.
    pub fn searches(&self) -> bool {
        matches!(self.stage, Stage::Resync { .. })
    }

    /// What comes next may begin a message: it is judged before the search goes on.
    pub fn judge_anew(&mut self) {
        self.stage = Stage::Start;
        self.scan = http::Scan::default();
    }

    /// Whether it cannot be picked up again where it is left: header blocks need all those before them.
    pub fn is_http2(&self) -> bool {
        self.stage == Stage::Http2
    }

    /// Bytes of memory that it takes beside itself.
    pub fn held(&self) -> usize {
        self.http2.as_ref().map_or(0, |http2| http2.held())
    }

    /// Counts what is lost where a direction goes on, and nothing more of it will be given.
    pub fn leave(&self, stats: &mut Stats) {
        let count = match self.stage {
            Stage::Http2 => &mut stats.http2_left,
            Stage::Start if self.http => &mut stats.http_left,
            Stage::Head
            | Stage::Expected { .. }
            | Stage::Chunks
            | Stage::Trailer
            | Stage::Resync { .. } => &mut stats.http_left,
            Stage::Handshake if self.flight.is_in_chain() => &mut stats.chains_left,
            _ => return,
        };
        *count = count.saturating_add(1);
    }

    /// What it was seen to speak so far.
    pub fn spoke(&self) -> Spoke {
        self.spoke
    }

    /// Whether what [`Step::Took`] passes over beyond the bytes is the body of a request.
    pub fn sends_bodies(&self) -> bool {
        self.http
    }

    /// Reads what stands at the beginning of `bytes`: the contiguous bytes of the direction from
    /// where the last [`Step::Took`] led. To be asked again for as long as it answers `Took`.
    ///
    /// `last` says that no more bytes will come; then the answer is never [`Step::Need`].
    pub fn read(
        &mut self,
        bytes: &[u8],
        last: bool,
        ctx: &mut Scratch,
        visit: &mut impl FnMut(Kind, &[u8], Note),
    ) -> Step {
        // No chain of stages that hand on the same bytes is as long as this.
        for _ in 0..8 {
            if bytes.is_empty() && !matches!(self.stage, Stage::Http2 | Stage::Done) {
                return if last { self.end() } else { Step::Need(1) };
            }
            match self.turn(bytes, last, ctx, visit) {
                Turn::Again => self.scan = http::Scan::default(),
                Turn::Step(Step::Need(_)) if last => return self.end(),
                Turn::Step(Step::End) => return self.end(),
                Turn::Step(Step::Need(n)) => return Step::Need(n.max(more(bytes))),
                Turn::Step(Step::Took(n)) => {
                    self.scan = http::Scan::default();
                    return Step::Took(n.max(1));
                }
            }
        }
        self.end()
    }

    fn end(&mut self) -> Step {
        self.stage = Stage::Done;
        self.http2 = None;
        Step::End
    }

    fn turn(
        &mut self,
        bytes: &[u8],
        last: bool,
        ctx: &mut Scratch,
        visit: &mut impl FnMut(Kind, &[u8], Note),
    ) -> Turn {
        match self.stage {
            Stage::Start => self.start(bytes, last, ctx, visit),
            Stage::Tunnel => self.tunnel(bytes, last, ctx),
            Stage::Head => self.head(bytes, last, ctx, visit),
            Stage::Expected { body } => self.expected(bytes, last, body),
            Stage::Chunks => self.chunks(bytes, ctx),
            Stage::Trailer => self.trailer(bytes, ctx),
            Stage::Resync { inside } => self.resync(bytes, inside, ctx),
            Stage::Lines => self.lines(bytes, ctx),
            Stage::Xml => self.xml(bytes, ctx),
            Stage::Socks => {
                let part =
                    socks::go_on(bytes, &mut |kind, host| visit(kind, host, Note::default()));
                self.socks(part, ctx)
                    .unwrap_or_else(|need| need.map_or(Step::End, Step::Need))
                    .into()
            }
            Stage::Dns { strict } => self.dns(bytes, last, strict, ctx, visit).into(),
            Stage::Http2 => self.http2(bytes, last, ctx, visit).into(),
            Stage::Handshake => flight_with(
                &mut self.flight,
                bytes,
                last,
                Space {
                    joined: &mut ctx.joined,
                    certificates: &mut ctx.stats.certificates,
                    without_fingerprint: &mut ctx.stats.hellos.without_fingerprint,
                    wanted: ctx.wanted,
                },
                &mut |kind, name| visit(kind, name, Note::default()),
            )
            .into(),
            Stage::Done => Step::End.into(),
        }
    }

    pub(super) fn goes_on(&mut self, stage: Stage) -> Turn {
        self.stage = stage;
        Turn::Again
    }

    pub(super) fn client_hello(
        &mut self,
        bytes: &[u8],
        last: bool,
        ctx: &mut Scratch,
        visit: &mut impl FnMut(Kind, &[u8], Note),
    ) -> Step {
        // The extension that makes a name an outer one may stand behind the name: it has to wait.
        let name = &mut ctx.name;
        name.clear();
        let mut names = 0_usize;
        let wanted = ctx.wanted;
        let mut prints = None;
        let (step, hello) = client_stream_and_body(
            bytes,
            last,
            &mut ctx.joined,
            &mut |body| {
                if wanted.hellos() {
                    prints = fingerprints(body, Over::Tcp, wanted);
                }
            },
            &mut |one| {
                names = names.saturating_add(1);
                if names == 1 {
                    name.extend_from_slice(one);
                }
            },
        );
        let Some(hello) = hello else { return step };
        if let Hello::Named { ech } = hello {
            let note = Note { ech, dns: None };
            if names == 1 {
                visit(Kind::TlsSni, &ctx.name, note);
            } else {
                client_stream(bytes, last, &mut ctx.joined, &mut |name| {
                    visit(Kind::TlsSni, name, note);
                });
            }
        }
        if wanted.hellos() {
            match prints {
                Some(prints) => prints.push(&mut |kind, print| visit(kind, print, Note::default())),
                None => bump(&mut ctx.stats.hellos.without_fingerprint),
            }
        }
        ctx.stats.hellos.count(hello);
        self.spoke.hello = true;
        // A certificate of the client's may follow.
        self.stage = Stage::Handshake;
        step
    }

    /// Reads a message of DNS over TCP.
    fn dns(
        &mut self,
        bytes: &[u8],
        last: bool,
        strict: bool,
        ctx: &mut Scratch,
        visit: &mut impl FnMut(Kind, &[u8], Note),
    ) -> Step {
        let mut visit = |kind: Kind, name: &[u8], dns: DnsNote| {
            let dns = Some(dns);
            visit(kind, name, Note { ech: false, dns });
        };
        let (step, end) = match self.hint {
            Hint::Llmnr => llmnr::tcp_message(bytes, last, &mut ctx.dns, &mut visit),
            Hint::Any | Hint::Dns => {
                dns::tcp_message(bytes, last, strict, &mut ctx.dns, &mut visit)
            }
        };
        if end.is_some() {
            ctx.stats.dns.count(end, last);
        }
        step
    }

    /// Passes over `messages` of a prelude, `length` bytes in all. What follows is judged anew.
    pub(super) fn pass(
        &mut self,
        prelude: Prelude,
        messages: usize,
        length: usize,
        ctx: &mut Scratch,
    ) -> Step {
        let bytes = u64::try_from(length).unwrap_or(u64::MAX);
        self.passed = self.passed.saturating_add(bytes);
        self.messages = self
            .messages
            .saturating_add(u16::try_from(messages).unwrap_or(u16::MAX));
        if self.passed > MAX_PASSED || self.messages > MAX_MESSAGES {
            ctx.stats.preludes_gave_up = ctx.stats.preludes_gave_up.saturating_add(1);
            return Step::End;
        }
        if let Some(count) = ctx.stats.preludes.get_mut(prelude as usize) {
            *count = count.saturating_add(u64::try_from(messages).unwrap_or(0));
        }
        self.http = false;
        Step::Took(bytes)
    }

    /// `Err` where it is no SOCKS, with the bytes that are needed to tell.
    pub(super) fn socks(
        &mut self,
        part: socks::Part,
        ctx: &mut Scratch,
    ) -> Result<Step, Option<usize>> {
        let (stage, length) = match part {
            socks::Part::Opening(length) => (Stage::Socks, length),
            socks::Part::Request(length) => {
                self.spoke.request = true;
                self.spoke.tunnel = true;
                (Stage::Start, length)
            }
            socks::Part::Need(n) => return Err(Some(n)),
            socks::Part::Other => return Err(None),
        };
        let step = self.pass(Prelude::Socks, 1, length, ctx);
        self.stage = stage;
        Ok(step)
    }

    fn lines(&mut self, bytes: &[u8], ctx: &mut Scratch) -> Turn {
        if bytes.first().is_some_and(|b| prelude::begins_record(*b)) {
            return self.goes_on(Stage::Start);
        }
        let left = usize::from(MAX_MESSAGES.saturating_sub(self.messages)).saturating_add(1);
        match prelude::lines(bytes, left) {
            Text::Pass(count, length) => self.pass(Prelude::Lines, count, length, ctx).into(),
            Text::Need(n) => Step::Need(n).into(),
            Text::Other => Step::End.into(),
        }
    }

    fn xml(&mut self, bytes: &[u8], ctx: &mut Scratch) -> Turn {
        if bytes.first() == Some(&0x16) {
            return self.goes_on(Stage::Start);
        }
        match prelude::xml(bytes) {
            Text::Pass(count, length) => self.pass(Prelude::Xmpp, count, length, ctx).into(),
            Text::Need(n) => Step::Need(n).into(),
            Text::Other => Step::End.into(),
        }
    }

    fn http2(
        &mut self,
        bytes: &[u8],
        last: bool,
        ctx: &mut Scratch,
        visit: &mut impl FnMut(Kind, &[u8], Note),
    ) -> Step {
        let Some(connection) = &mut self.http2 else {
            return Step::End;
        };
        connection.read(bytes, last, &mut |content| match content {
            Content::Host(kind, host) => visit(kind, host, Note::default()),
            Content::Lost => ctx.stats.http2_lost = ctx.stats.http2_lost.saturating_add(1),
            // DNS over HTTPS (RFC 8484) behind a proxy that took the TLS away.
            Content::Data(data) => {
                let end = dns::datagram(data, false, true, &mut ctx.dns, &mut |kind, name, dns| {
                    let dns = Some(dns);
                    visit(kind, name, Note { ech: false, dns });
                });
                if end.is_some() {
                    ctx.stats.dns.count(end, false);
                }
            }
        })
    }
}

#[cfg(test)]
#[path = "stream_tests.rs"]
mod tests;
