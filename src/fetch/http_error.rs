//! Why no list came, and what to do about it.

use std::fmt;
use std::io;

use rustls::CertificateError;

use super::address::Address;
use super::tls::WrongKey;
use crate::problem::Plain;

/// Why no list came from an address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FetchError {
    /// Not an address that is asked.
    BadUrl {
        /// What was given, cut if it is long.
        url: String,
        /// What is wrong with it.
        why: String,
    },
    /// The address holds a login, which others could read there.
    LoginInUrl {
        /// The host; the rest is not repeated.
        host: String,
    },
    /// Without TLS, and not this machine.
    PlainHttp {
        /// The address.
        url: String,
    },
    /// A redirect from `https` to `http`.
    Downgrade {
        /// Who redirects.
        from: String,
        /// Where to.
        to: String,
    },
    /// More redirects than allowed.
    TooManyRedirects {
        /// The first address.
        url: String,
        /// How many were followed.
        limit: u32,
    },
    /// A secret would be sent without TLS.
    SecretInTheClear {
        /// The address.
        url: String,
    },
    /// A variable of the environment names no proxy.
    Proxy {
        /// Its name.
        variable: &'static str,
    },
    /// The host has no address.
    UnknownHost {
        /// The address.
        url: String,
    },
    /// The connection could not be made or broke.
    Connection {
        /// The address.
        url: String,
        /// What the system says.
        what: String,
    },
    /// The body is shorter than was announced.
    CutOff {
        /// The address.
        url: String,
    },
    /// The server's certificate is not believed, or TLS failed otherwise.
    Tls {
        /// The address.
        url: String,
        /// What is wrong.
        what: String,
        /// What to do.
        fix: String,
    },
    /// The server's key is not pinned.
    WrongKey {
        /// The address.
        url: String,
        /// The key that it has, as a pin.
        found: String,
    },
    /// An answer other than 200 and 304.
    Status {
        /// The address.
        url: String,
        /// The status code.
        code: u16,
        /// How long to wait, in seconds or as a date, in the server's words.
        retry_after: Option<String>,
    },
    /// More bytes than allowed.
    TooLarge {
        /// The address.
        url: String,
        /// How many are allowed.
        limit: u64,
    },
    /// Not done in time.
    TooSlow {
        /// The address.
        url: String,
        /// How many seconds are allowed.
        seconds: u64,
    },
    /// Compressed, though that was not asked for.
    Encoded {
        /// The address.
        url: String,
        /// How.
        encoding: String,
    },
    /// What came is no HTTP.
    Protocol {
        /// The address.
        url: String,
        /// What is wrong.
        what: String,
    },
}

impl std::error::Error for FetchError {}

impl FetchError {
    pub(super) fn of_ureq(address: &Address, error: ureq::Error) -> Self {
        let url = address.to_string();
        match error {
            ureq::Error::HostNotFound => Self::UnknownHost { url },
            ureq::Error::Rustls(e) => Self::of_rustls(url, &e),
            ureq::Error::Io(e) if e.kind() == io::ErrorKind::UnexpectedEof => Self::CutOff { url },
            ureq::Error::Io(e) => match e.get_ref().and_then(|i| i.downcast_ref()) {
                Some(tls) => Self::of_rustls(url, tls),
                None => Self::Connection {
                    url,
                    what: e.to_string(),
                },
            },
            ureq::Error::Tls(what) => Self::Tls {
                url,
                what: what.into(),
                fix: "check the address".into(),
            },
            ureq::Error::ConnectProxyFailed(what) => Self::Connection {
                url,
                what: format!("the proxy refused: {what}"),
            },
            ureq::Error::ConnectionFailed => Self::Connection {
                url,
                what: "no connection".into(),
            },
            other => Self::Protocol {
                url,
                what: other.to_string(),
            },
        }
    }

    fn of_rustls(url: String, error: &rustls::Error) -> Self {
        let (what, fix) = match error {
            rustls::Error::InvalidCertificate(CertificateError::Other(other)) => {
                if let Some(wrong) = other.0.downcast_ref::<WrongKey>() {
                    return Self::WrongKey {
                        url,
                        found: wrong.found.to_string(),
                    };
                }
                (other.0.to_string(), "check the address")
            }
            rustls::Error::InvalidCertificate(CertificateError::UnknownIssuer) => (
                "no root that is trusted has signed the server's certificate".into(),
                "somebody may be in between; if the server or a proxy of yours has roots of its own, give them with --ca FILE",
            ),
            rustls::Error::InvalidCertificate(
                CertificateError::Expired
                | CertificateError::ExpiredContext { .. }
                | CertificateError::NotValidYet
                | CertificateError::NotValidYetContext { .. },
            ) => (
                "the server's certificate is not valid today".into(),
                "look whether this machine's clock is right; if it is, the server's owner has to renew it",
            ),
            rustls::Error::InvalidCertificate(
                CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
            ) => (
                "the server's certificate is for another name".into(),
                "check the host in the address",
            ),
            other => (
                other.to_string(),
                "check that the address speaks TLS 1.2 or 1.3",
            ),
        };
        Self::Tls {
            url,
            what,
            fix: fix.into(),
        }
    }
}

impl fmt::Display for FetchError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BadUrl { url, why } => {
                write!(
                    f,
                    "{}: not an address that is fetched: {}",
                    Plain(url),
                    Plain(why)
                )
            }
            Self::LoginInUrl { host } => write!(
                f,
                "the address on {} holds a name or password, which others on this machine can read there; \
                 give it in a file or in a variable of the environment",
                Plain(host)
            ),
            Self::PlainHttp { url } => write!(
                f,
                "{url}: http lets anybody on the way change the list; use https, or --allow-http if you must"
            ),
            Self::Downgrade { from, to } => write!(
                f,
                "{from}: redirects from https to {to}, where anybody on the way could change the list; ask its owner for an https address"
            ),
            Self::TooManyRedirects { url, limit } => write!(
                f,
                "{url}: more than {limit} redirects; give the address where they end"
            ),
            Self::SecretInTheClear { url } => {
                write!(
                    f,
                    "{url}: a token or password is sent over https only; use https"
                )
            }
            Self::Proxy { variable } => write!(
                f,
                "{variable} in the environment is no proxy's address, so nothing was fetched; expected http://HOST:PORT or socks5://HOST:PORT, or unset it"
            ),
            Self::UnknownHost { url } => write!(
                f,
                "{url}: the host's address cannot be found; check the name, and whether this machine can resolve names"
            ),
            Self::Connection { url, what } => write!(
                f,
                "{url}: {}; check the connection to the network, or try again later",
                Plain(what)
            ),
            Self::CutOff { url } => write!(
                f,
                "{url}: the connection ended before the list did; try again later"
            ),
            Self::Tls { url, what, fix } => write!(f, "{url}: {}; {fix}", Plain(what)),
            Self::WrongKey { url, found } => write!(
                f,
                "{url}: the server's key is {found} and none of those pinned; somebody may be in between. Only if the owner confirms the new key, give it with --pin"
            ),
            Self::Status {
                url,
                code,
                retry_after,
            } => write_status(f, url, *code, retry_after.as_deref()),
            Self::TooLarge { url, limit } => write!(
                f,
                "{url}: larger than {limit} bytes, which no list of indicators should be; check the address"
            ),
            Self::TooSlow { url, seconds } => {
                write!(f, "{url}: not done within {seconds} s; try again later")
            }
            Self::Encoded { url, encoding } => write!(
                f,
                "{url}: sent as {}, though that was not asked for; give the address of a list that is not compressed",
                Plain(encoding)
            ),
            Self::Protocol { url, what } => write!(
                f,
                "{url}: the answer is no proper HTTP ({}); check the address and a proxy, if there is one",
                Plain(what)
            ),
        }
    }
}

fn write_status(
    f: &mut fmt::Formatter<'_>,
    url: &str,
    code: u16,
    retry_after: Option<&str>,
) -> fmt::Result {
    write!(f, "{url}: ")?;
    match code {
        401 => write!(
            f,
            "the server wants a login (401); give a token or a name and password in a file or a variable of the environment"
        ),
        403 => write!(
            f,
            "the server refuses access (403); check the login, or ask the list's owner"
        ),
        404 | 410 => write!(
            f,
            "there is no such list ({code}); it was moved or taken away: check the address"
        ),
        406 => write!(
            f,
            "the server does not have it in a form that is read here (406); check the address"
        ),
        407 => write!(
            f,
            "the proxy wants a login (407); put it into the proxy's address in the environment"
        ),
        429 | 503 => {
            let why = if code == 429 {
                "too many questions"
            } else {
                "the server is busy"
            };
            match retry_after {
                Some(when) if when.bytes().all(|b| b.is_ascii_digit()) => {
                    write!(f, "{why} ({code}); try again in {when} s")
                }
                Some(when) => write!(f, "{why} ({code}); try again at {}", Plain(when)),
                None => write!(f, "{why} ({code}); try again in an hour"),
            }
        }
        500..=599 => write!(f, "trouble at the server ({code}); try again later"),
        _ => write!(f, "unexpected status {code}; check the address"),
    }
}
