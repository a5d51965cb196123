//! One list over HTTPS: bounded in bytes, time and redirects, and never in the clear unless that was asked for.

use std::io::Read;
use std::time::{Duration, Instant};

use ureq::Agent;
use ureq::http::{HeaderMap, Response, StatusCode};
use ureq::unversioned::resolver::DefaultResolver;
use ureq::unversioned::transport::{
    ConnectProxyConnector, Connector, SocksConnector, TcpConnector,
};
use ureq::{Body, Proxy};

use super::address::Address;
use super::rights::Surrendered;
use super::secret::Secret;
use super::tls::{TlsConnector, Trust};

pub use super::http_error::FetchError;

/// How this program calls itself.
const USER_AGENT: &str = concat!("bellerophon/", env!("CARGO_PKG_VERSION"));
/// Bytes of the fields of an answer.
const MAX_HEAD: usize = 64 << 10;
/// Longest value of a field that is kept, in bytes.
const MAX_FIELD: usize = 512;
/// Where a proxy may be named; the first that is not empty counts.
const PROXY_VARIABLES: [&str; 6] = [
    "ALL_PROXY",
    "all_proxy",
    "HTTPS_PROXY",
    "https_proxy",
    "HTTP_PROXY",
    "http_proxy",
];

/// How much an answer may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of one list (of TAXII: of all pages together).
    pub bytes: u64,
    /// From the first question to the last byte of one list, with all redirects and pages.
    pub time: Duration,
    /// Redirects of one question.
    pub redirects: u32,
}

impl Default for Limits {
    /// 64 MiB, as much as the readers of lists take; two minutes; 5 redirects.
    fn default() -> Self {
        Self {
            bytes: 64 << 20,
            time: Duration::from_secs(120),
            redirects: 5,
        }
    }
}

/// What is asked for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Question<'a> {
    pub(super) address: &'a Address,
    /// Media types; `*/*` where there is none.
    pub(super) accept: Option<&'a str>,
    /// Sent to the origin of `address` and to no other.
    pub(super) secret: Option<&'a Secret>,
    /// What is at hand already.
    pub(super) known: Validators<'a>,
    /// No more bytes than this.
    pub(super) max_bytes: u64,
    pub(super) until: Instant,
}

/// The copy that is at hand, in the server's words (RFC 9110, section 8.8).
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Validators<'a> {
    pub(super) etag: Option<&'a str>,
    pub(super) last_modified: Option<&'a str>,
}

/// What came.
#[derive(Debug)]
pub(super) enum Answer {
    /// The copy at hand is still the newest (304).
    NotModified,
    /// Another copy.
    Content(Content),
}

/// A body and what the server said of it.
#[derive(Debug)]
pub(super) struct Content {
    pub(super) bytes: Vec<u8>,
    pub(super) etag: Option<String>,
    pub(super) last_modified: Option<String>,
    pub(super) media_type: String,
    /// Of TAXII: when the last object of the page was added.
    pub(super) added_last: Option<String>,
    /// Who gave it in the end.
    pub(super) host: String,
}

/// Asks servers.
#[derive(Debug)]
pub(super) struct Client {
    agent: Agent,
    pub(super) allow_http: bool,
    pub(super) limits: Limits,
}

impl Client {
    /// Whoever has no proof that rights are gone asks nobody.
    ///
    /// # Errors
    ///
    /// A variable of the environment names a proxy that cannot be one. To go without it would show
    /// this machine's address to those who were not to see it.
    pub(super) fn new(
        _rights: &Surrendered,
        trust: &Trust,
        allow_http: bool,
        limits: Limits,
    ) -> Result<Self, FetchError> {
        for variable in PROXY_VARIABLES {
            match std::env::var(variable) {
                Ok(value) if !value.is_empty() => {
                    Proxy::new(&value).map_err(|_| FetchError::Proxy { variable })?;
                    break;
                }
                Ok(_) | Err(std::env::VarError::NotPresent) => {}
                Err(_) => return Err(FetchError::Proxy { variable }),
            }
        }
        let config = Agent::config_builder()
            .proxy(Proxy::try_from_env())
            .user_agent(USER_AGENT)
            .http_status_as_error(false)
            // Redirects are followed here, where each is looked at.
            .max_redirects(0)
            .max_redirects_will_error(false)
            .max_response_header_size(MAX_HEAD)
            // A server may close one that is kept just as it is used again, and nothing is asked twice.
            .max_idle_connections(0)
            .build();
        let connector =
            ().chain(SocksConnector::default())
                .chain(ConnectProxyConnector::default())
                .chain(TcpConnector::default())
                .chain(TlsConnector(trust.clone()));
        Ok(Self {
            agent: Agent::with_parts(config, connector, DefaultResolver::default()),
            allow_http,
            limits,
        })
    }

    /// When what is begun now has to be done.
    pub(super) fn until(&self) -> Instant {
        let now = Instant::now();
        now.checked_add(self.limits.time).unwrap_or(now)
    }

    /// # Errors
    ///
    /// No list came. What did come in part is thrown away.
    pub(super) fn get(&self, question: &Question<'_>) -> Result<Answer, FetchError> {
        let mut address = question.address.clone();
        let mut followed = 0_u32;
        loop {
            let response = self.ask(question, &address)?;
            if !response.status().is_redirection() || response.status() == StatusCode::NOT_MODIFIED
            {
                return self.answer(question, &address, response);
            }
            if followed >= self.limits.redirects {
                return Err(FetchError::TooManyRedirects {
                    url: question.address.to_string(),
                    limit: self.limits.redirects,
                });
            }
            followed = followed.saturating_add(1);
            let Some(location) = field(response.headers(), "location", 4_096) else {
                return Err(FetchError::Protocol {
                    url: address.to_string(),
                    what: format!("{} without a Location field", response.status()),
                });
            };
            address = address.redirected(&location, self.allow_http)?;
        }
    }

    fn ask(
        &self,
        question: &Question<'_>,
        address: &Address,
    ) -> Result<Response<Body>, FetchError> {
        let left = question.until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(self.too_slow(address));
        }
        let mut request = self
            .agent
            .get(address.to_string())
            .header("accept", question.accept.unwrap_or("*/*"))
            // Compressed, a few bytes become any number.
            .header("accept-encoding", "identity");
        if let Some(etag) = question.known.etag {
            request = request.header("if-none-match", etag);
        }
        if let Some(date) = question.known.last_modified {
            request = request.header("if-modified-since", date);
        }
        if let Some(secret) = question.secret
            && address.has_origin_of(question.address)
        {
            if !address.is_https() && !address.is_loopback() {
                return Err(FetchError::SecretInTheClear {
                    url: address.to_string(),
                });
            }
            request = request.header("authorization", secret.field());
        }
        let mut config = request.config().timeout_global(Some(left));
        if address.is_loopback() {
            // A proxy would look for it on its own machine.
            config = config.proxy(None);
        }
        config.build().call().map_err(|e| self.failed(address, e))
    }

    fn answer(
        &self,
        question: &Question<'_>,
        address: &Address,
        response: Response<Body>,
    ) -> Result<Answer, FetchError> {
        let status = response.status();
        let asked = question.known.etag.is_some() || question.known.last_modified.is_some();
        if status == StatusCode::NOT_MODIFIED && asked {
            return Ok(Answer::NotModified);
        }
        if status != StatusCode::OK {
            return Err(FetchError::Status {
                url: address.to_string(),
                code: status.as_u16(),
                retry_after: field(response.headers(), "retry-after", 64),
            });
        }
        let (head, body) = response.into_parts();
        if let Some(encoding) = field(&head.headers, "content-encoding", MAX_FIELD)
            && !encoding.eq_ignore_ascii_case("identity")
        {
            return Err(FetchError::Encoded {
                url: address.to_string(),
                encoding,
            });
        }
        let too_large = || FetchError::TooLarge {
            url: address.to_string(),
            limit: question.max_bytes,
        };
        if body
            .content_length()
            .is_some_and(|length| length > question.max_bytes)
        {
            return Err(too_large());
        }
        // One byte more than allowed tells a body that is too large from one that just fits.
        let mut bytes = Vec::new();
        body.into_reader()
            .take(question.max_bytes.saturating_add(1))
            .read_to_end(&mut bytes)
            .map_err(|e| self.failed(address, e.into()))?;
        if u64::try_from(bytes.len()).unwrap_or(u64::MAX) > question.max_bytes {
            return Err(too_large());
        }
        Ok(Answer::Content(Content {
            bytes,
            etag: field(&head.headers, "etag", MAX_FIELD),
            last_modified: field(&head.headers, "last-modified", MAX_FIELD),
            media_type: field(&head.headers, "content-type", MAX_FIELD).unwrap_or_default(),
            added_last: field(&head.headers, "x-taxii-date-added-last", 64),
            host: address.host().to_owned(),
        }))
    }

    fn failed(&self, address: &Address, error: ureq::Error) -> FetchError {
        if matches!(error, ureq::Error::Timeout(_)) {
            return self.too_slow(address);
        }
        FetchError::of_ureq(address, error)
    }

    fn too_slow(&self, address: &Address) -> FetchError {
        FetchError::TooSlow {
            url: address.to_string(),
            seconds: self.limits.time.as_secs(),
        }
    }
}

/// A field's value, where it is short and of visible characters: it is shown, kept, and sent again.
fn field(headers: &HeaderMap, name: &str, most: usize) -> Option<String> {
    let value = headers.get(name)?.to_str().ok()?.trim();
    let plain = |b: u8| b == b' ' || b.is_ascii_graphic();
    (!value.is_empty() && value.len() <= most && value.bytes().all(plain)).then(|| value.to_owned())
}

#[cfg(test)]
#[path = "http_tests.rs"]
mod tests;
