//! The stages of a stream that speaks HTTP/1.

use super::stream::{Direction, Note, Scratch, Stage, Turn, more, took};
use super::{Kind, Step, http, prelude};

/// The most bytes that are searched for the next request.
const MAX_SEARCHED: u64 = 65_536;

impl Direction {
    pub(super) fn head(
        &mut self,
        bytes: &[u8],
        last: bool,
        ctx: &mut Scratch,
        visit: &mut impl FnMut(Kind, &[u8], Note),
    ) -> Turn {
        let stats = &mut ctx.stats;
        let url = &mut ctx.url;
        let target = ctx.wanted.urls.then(|| http::target(bytes)).flatten();
        let (length, body) =
            match http::read_head(bytes, last, &mut self.scan, &mut |kind, host| {
                visit(kind, host, Note::default());
                if let Some(target) = target
                    && kind != Kind::HttpConnect
                {
                    url.clear();
                    url.extend_from_slice(host);
                    url.push(b' ');
                    url.extend_from_slice(target);
                    visit(Kind::HttpUrl, url, Note::default());
                }
            }) {
                http::Head::Need(n) => return Step::Need(n).into(),
                http::Head::Cut => {
                    stats.http_heads_cut = stats.http_heads_cut.saturating_add(1);
                    return Step::End.into();
                }
                http::Head::TooLong => {
                    stats.http_heads_too_long = stats.http_heads_too_long.saturating_add(1);
                    return Step::End.into();
                }
                http::Head::Whole(length, body) => (length, body),
            };
        let response = http::is_version(bytes.get(..8).unwrap_or_default());
        if !response {
            stats.http_heads = stats.http_heads.saturating_add(1);
        }
        if response {
            self.spoke.answer = true;
        } else {
            self.spoke.request = true;
            self.spoke.tunnel |= body == http::Body::Other;
        }
        self.passed = 0;
        self.messages = 0;
        self.http = !response && body != http::Body::Other;
        let between = if response {
            Stage::Tunnel
        } else {
            Stage::Start
        };
        let mut step = took(length);
        self.stage = match body {
            http::Body::Other => between,
            http::Body::Length(body) => {
                step = Step::Took(
                    u64::try_from(length)
                        .unwrap_or(u64::MAX)
                        .saturating_add(body),
                );
                between
            }
            http::Body::Expected(body) => Stage::Expected { body },
            http::Body::Chunked => Stage::Chunks,
            http::Body::Unread => return Step::End.into(),
        };
        step.into()
    }

    /// The body of a request, or the next request where the server did not want the body.
    pub(super) fn expected(&mut self, bytes: &[u8], last: bool, body: u64) -> Turn {
        let request = match http::line(bytes.get(..prelude::MAX_LINE).unwrap_or(bytes)) {
            Some((line, _)) => {
                http::first_line(line) == http::FirstLine::Request && http::has_known_method(line)
            }
            None if !last && bytes.len() < prelude::MAX_LINE && http::may_begin(bytes) => {
                return Step::Need(more(bytes)).into();
            }
            None => false,
        };
        self.stage = Stage::Start;
        if request {
            Turn::Again
        } else {
            Step::Took(body).into()
        }
    }

    pub(super) fn chunks(&mut self, bytes: &[u8], ctx: &mut Scratch) -> Turn {
        match http::chunk(bytes) {
            http::Chunk::Data(length) => Step::Took(length).into(),
            http::Chunk::Last(length) => {
                self.stage = Stage::Trailer;
                took(length).into()
            }
            http::Chunk::Need(n) => Step::Need(n).into(),
            http::Chunk::Wrong => self.body_is_wrong(ctx),
        }
    }

    pub(super) fn trailer(&mut self, bytes: &[u8], ctx: &mut Scratch) -> Turn {
        match http::trailer(bytes) {
            Ok((length, end)) => {
                if end {
                    self.stage = if self.http {
                        Stage::Start
                    } else {
                        Stage::Tunnel
                    };
                }
                took(length).into()
            }
            Err(Some(n)) => Step::Need(n).into(),
            Err(None) => self.body_is_wrong(ctx),
        }
    }

    pub(super) fn body_is_wrong(&mut self, ctx: &mut Scratch) -> Turn {
        if !self.http {
            return Step::End.into();
        }
        ctx.stats.http_resyncs = ctx.stats.http_resyncs.saturating_add(1);
        self.goes_on(Stage::Resync { inside: false })
    }

    /// Looks for a line that begins a request.
    pub(super) fn resync(&mut self, bytes: &[u8], inside: bool, ctx: &mut Scratch) -> Turn {
        let window = bytes.get(..prelude::MAX_LINE).unwrap_or(bytes);
        let (length, now_inside) = match http::line(window) {
            Some((line, _)) if !inside && http::first_line(line) == http::FirstLine::Request => {
                return self.goes_on(Stage::Start);
            }
            Some((_, width)) => (width, false),
            None if inside || window.len() == prelude::MAX_LINE => (window.len(), true),
            None => return Step::Need(more(bytes)).into(),
        };
        self.stage = Stage::Resync { inside: now_inside };
        let bytes = u64::try_from(length).unwrap_or(u64::MAX);
        self.passed = self.passed.saturating_add(bytes);
        if self.passed > MAX_SEARCHED {
            ctx.stats.http_gave_up = ctx.stats.http_gave_up.saturating_add(1);
            return Step::End.into();
        }
        Step::Took(bytes).into()
    }
}
