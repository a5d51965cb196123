//! What a stream begins with, or goes on with: which stage is to read it.

use super::begins::{DNS_START, Tls, dns_begins, dns_certain, dns_likely, tls_begins};
use super::http2::{self, Connection};
use super::prelude::{self, Part, Prelude};
use super::stream::{
    Direction, Hint, MAX_GREETING, Note, Scratch, Shape, Stage, Turn, more, shape, took,
};
use super::{Kind, Step, dns as messages, http, socks};

/// The answers of those that may recognise the beginning of a message, in the order of precedence.
/// One that cannot tell yet holds up those behind it, or the result would depend on the segments.
struct Candidates {
    need: Option<usize>,
    last: bool,
}

impl Candidates {
    /// One of them needs so many bytes in all to tell. Where no more will come, it never can.
    fn undecided(&mut self, need: usize) {
        if !self.last {
            self.need = Some(self.need.map_or(need, |n| n.min(need)));
        }
    }
}

impl Direction {
    /// Judges the beginning of a message of any protocol.
    pub(super) fn start(
        &mut self,
        bytes: &[u8],
        last: bool,
        ctx: &mut Scratch,
        visit: &mut impl FnMut(Kind, &[u8], Note),
    ) -> Turn {
        let mut all = Candidates { need: None, last };
        match tls_begins(bytes) {
            Tls::Client => return self.client_hello(bytes, last, ctx, visit).into(),
            Tls::Server => return self.server_flight(),
            Tls::Need(n) => all.undecided(n),
            Tls::Other => {}
        }
        let on_its_port = self.hint != Hint::Any;
        if on_its_port {
            // What has DNS's header is DNS here, whatever else it may look like.
            if bytes.len() < DNS_START {
                all.undecided(DNS_START);
            }
            if all.need.is_none() && dns_likely(bytes) {
                return self.goes_on(Stage::Dns { strict: false });
            }
            if let Some(need) = all.need {
                return Step::Need(need).into();
            }
        }
        // Its length may be blank lines, or the beginning of SOCKS.
        let mut dns = if on_its_port {
            Ok(false)
        } else {
            dns_begins(bytes)
        };
        if matches!(bytes, [b'\r' | b'\n', ..])
            && dns == Ok(false)
            && !matches!(prelude::message(bytes), Part::Pass(..) | Part::Need(_))
            && (!on_its_port || shape(bytes) == Shape::Http)
        {
            return took(http::blank_lines(bytes)).into();
        }
        match prelude::message(bytes) {
            Part::Pass(prelude, length) if all.need.is_none() => {
                return self.pass(prelude, 1, length, ctx).into();
            }
            Part::Need(n) => all.undecided(n),
            _ => {}
        }
        match dns {
            // What may be SOCKS as well is DNS where all of the message is.
            Ok(true) if all.need.is_none() && matches!(bytes, [4 | 5, ..]) => {
                match whole_dns(bytes, ctx) {
                    Ok(true) => return self.goes_on(Stage::Dns { strict: true }),
                    Ok(false) => dns = Ok(false),
                    Err(n) => all.undecided(n),
                }
            }
            Ok(true) if dns_certain(bytes) && all.need.is_none() => {
                return self.goes_on(Stage::Dns { strict: true });
            }
            Err(n) => all.undecided(n),
            Ok(_) => {}
        }
        let answer = match bytes {
            // A SOCKS 4 reply looks like nothing; the hello behind it tells.
            [0, 0x5a, _, _, _, _, _, _, 0x16, 3, ..] => Ok(self.pass(Prelude::Socks, 1, 8, ctx)),
            [0, 0x5a, ..] if bytes.len() < 10 => Err(Some(10)),
            _ if all.need.is_none() => {
                let part =
                    socks::begin(bytes, &mut |kind, host| visit(kind, host, Note::default()));
                self.socks(part, ctx)
            }
            _ => Err(None),
        };
        match answer {
            Ok(step) => return step.into(),
            Err(Some(n)) => all.undecided(n),
            Err(None) => {}
        }
        if self.http2_begins(bytes, &mut all, ctx) {
            return Turn::Again;
        }
        if dns == Ok(true) && all.need.is_none() {
            return self.goes_on(Stage::Dns { strict: true });
        }
        match prelude::is_xmpp(bytes) {
            Some(true) => return self.goes_on(Stage::Xml),
            None => all.undecided(more(bytes)),
            Some(false) => {}
        }
        if let Some(turn) = self.first_line(bytes, &mut all, ctx) {
            return turn;
        }
        // A keep-alive probe may carry an octet of garbage (RFC 1122 section 4.2.3.6); where nothing
        // of the connection was seen before, it stands before what is really sent.
        if let [0, rest @ ..] = bytes
            && matches!(rest, [] | [0x16 | b'A'..=b'Z', ..])
        {
            match rest.get(..13).map(shape) {
                None => all.undecided(14),
                Some(Shape::Http | Shape::ClientHello) if all.need.is_none() => {
                    return Step::Took(1).into();
                }
                Some(_) => {}
            }
        }
        match all.need {
            Some(need) => Step::Need(need).into(),
            None if on_its_port && !self.http => self.goes_on(Stage::Dns { strict: false }),
            None if self.http => {
                ctx.stats.http_resyncs = ctx.stats.http_resyncs.saturating_add(1);
                self.goes_on(Stage::Resync { inside: false })
            }
            None => Step::End.into(),
        }
    }

    /// What may follow the head of a response: another one, or the TLS or HTTP/2 of a tunnel.
    pub(super) fn tunnel(&mut self, bytes: &[u8], last: bool, ctx: &mut Scratch) -> Turn {
        let mut all = Candidates { need: None, last };
        match tls_begins(bytes) {
            Tls::Server => return self.server_flight(),
            Tls::Need(n) => return Step::Need(n).into(),
            Tls::Client | Tls::Other => {}
        }
        if self.http2_begins(bytes, &mut all, ctx) {
            return Turn::Again;
        }
        match dns_begins(bytes) {
            Ok(true) if all.need.is_none() => return self.goes_on(Stage::Dns { strict: true }),
            Err(n) => all.undecided(n),
            Ok(_) => {}
        }
        if let Some(n) = all.need {
            return Step::Need(n).into();
        }
        match self.scan.first_line(bytes) {
            Some((line, _)) if http::first_line(line) == http::FirstLine::Response => {
                self.goes_on(Stage::Head)
            }
            None if bytes.len() < MAX_GREETING && http::may_begin(bytes) => {
                Step::Need(more(bytes)).into()
            }
            _ => Step::End.into(),
        }
    }

    fn server_flight(&mut self) -> Turn {
        self.spoke.answer = true;
        self.goes_on(Stage::Handshake)
    }

    /// Recognises protocols by their first line. `None` where it is of none of them.
    fn first_line(
        &mut self,
        bytes: &[u8],
        all: &mut Candidates,
        ctx: &mut Scratch,
    ) -> Option<Turn> {
        let Some((line, width)) = self.scan.first_line(bytes) else {
            let short = bytes.len() < MAX_GREETING && prelude::may_be_text(bytes);
            if short || bytes.len() < http::MAX_HEAD && http::may_begin(bytes) {
                all.undecided(more(bytes));
            }
            return None;
        };
        if all.need.is_some() {
            return None;
        }
        // The same that was asked while the line was not whole.
        let text = width <= MAX_GREETING && prelude::may_be_text(line);
        match http::first_line(line) {
            http::FirstLine::Request | http::FirstLine::Response => {
                return Some(self.goes_on(Stage::Head));
            }
            _ if text && prelude::is_proxy1(line) => {
                return Some(self.pass(Prelude::Proxy, 1, width, ctx).into());
            }
            _ if text && prelude::is_greeting(line) => {
                let passed = self.pass(Prelude::Lines, 1, width, ctx);
                if passed != Step::End {
                    self.stage = Stage::Lines;
                }
                return Some(passed.into());
            }
            http::FirstLine::Loose => {
                let rest = bytes.get(width..).unwrap_or_default();
                match http::line(rest.get(..prelude::MAX_LINE).unwrap_or(rest)) {
                    Some((field, _)) if http::is_field(field) => {
                        return Some(self.goes_on(Stage::Head));
                    }
                    None if rest.len() < prelude::MAX_LINE => all.undecided(more(bytes)),
                    _ => {}
                }
            }
            http::FirstLine::Other => {}
        }
        None
    }

    /// Whether HTTP/2 begins; then its state was made.
    fn http2_begins(&mut self, bytes: &[u8], all: &mut Candidates, ctx: &mut Scratch) -> bool {
        let begins = |wanted: &[u8]| bytes.iter().zip(wanted).all(|(a, b)| a == b);
        let connection = if begins(http2::PREFACE) {
            if bytes.len() < http2::PREFACE.len() {
                all.undecided(http2::PREFACE.len());
                return false;
            }
            self.spoke.request = true;
            Connection::client()
        } else {
            match http2::server_begins(bytes) {
                Some(true) => Connection::server(),
                Some(false) => return false,
                None => {
                    all.undecided(9);
                    return false;
                }
            }
        };
        if all.need.is_some() {
            return false;
        }
        ctx.stats.http2_connections = ctx.stats.http2_connections.saturating_add(1);
        self.http2 = Some(Box::new(connection));
        self.stage = Stage::Http2;
        true
    }
}

/// Whether all of a message of DNS over TCP can be read; `Err` is the number of bytes that are needed to tell.
fn whole_dns(bytes: &[u8], ctx: &mut Scratch) -> Result<bool, usize> {
    let Some((length, rest)) = bytes.split_first_chunk::<2>() else {
        return Err(DNS_START);
    };
    let length = usize::from(u16::from_be_bytes(*length));
    match rest.get(..length) {
        Some(message) => {
            Ok(messages::datagram(message, false, true, &mut ctx.dns, &mut |_, _, _| {}).is_some())
        }
        None => Err(length.saturating_add(2)),
    }
}
