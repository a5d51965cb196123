//! Addresses (URLs): which are asked at all, and where a redirect leads.

use std::net::IpAddr;

use ureq::http::Uri;

use super::http::FetchError;

/// Longest address in bytes.
const MAX_LEN: usize = 4_096;

/// An address with `http` or `https`, a host and no login.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Address(Uri);

impl Address {
    /// # Errors
    ///
    /// Not such an address; `http` to a host that is not this machine, unless allowed.
    pub(super) fn parse(text: &str, allow_http: bool) -> Result<Self, FetchError> {
        let bad = |why: &str| FetchError::BadUrl {
            url: text.chars().take(200).collect(),
            why: why.into(),
        };
        if text.len() > MAX_LEN {
            return Err(bad("it is too long"));
        }
        let without_fragment = text.split('#').next().unwrap_or_default();
        let uri: Uri = without_fragment
            .parse()
            .map_err(|_| bad("it is not of the form https://HOST/PATH"))?;
        let address = match (uri.scheme_str(), uri.authority()) {
            (Some("http" | "https"), Some(authority)) => {
                if authority.as_str().contains('@') {
                    // Not shown: it may hold a password.
                    return Err(FetchError::LoginInUrl {
                        host: authority.host().into(),
                    });
                }
                if authority.host().is_empty() {
                    return Err(bad("it has no host"));
                }
                Self(uri)
            }
            (Some(other), _) => {
                return Err(bad(&format!("{other} is not fetched; only https is")));
            }
            (None, _) => return Err(bad("it is not of the form https://HOST/PATH")),
        };
        if !address.is_https() && !allow_http && !address.is_loopback() {
            return Err(FetchError::PlainHttp {
                url: address.to_string(),
            });
        }
        Ok(address)
    }

    pub(super) fn is_https(&self) -> bool {
        self.0.scheme_str() == Some("https")
    }

    /// Whether the host is this machine, by its address or as `localhost`.
    pub(super) fn is_loopback(&self) -> bool {
        let host = self.host();
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        host.eq_ignore_ascii_case("localhost")
            || bare.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
    }

    pub(super) fn host(&self) -> &str {
        self.0.host().unwrap_or_default()
    }

    pub(super) fn path(&self) -> &str {
        self.0.path()
    }

    pub(super) fn query(&self) -> Option<&str> {
        self.0.query()
    }

    /// Scheme, host and port: who may see a secret.
    pub(super) fn has_origin_of(&self, other: &Self) -> bool {
        let origin = |a: &Self| {
            let default = if a.is_https() { 443 } else { 80 };
            (
                a.is_https(),
                a.host().to_ascii_lowercase(),
                a.0.port_u16().unwrap_or(default),
            )
        };
        origin(self) == origin(other)
    }

    /// The same origin with another path and query.
    ///
    /// # Errors
    ///
    /// The outcome is no address.
    pub(super) fn with_path(&self, path_and_query: &str) -> Result<Self, FetchError> {
        let text = format!("{}{path_and_query}", self.origin());
        // The scheme was allowed already.
        Self::parse(&text, true)
    }

    fn origin(&self) -> String {
        let scheme = self.0.scheme_str().unwrap_or_default();
        let authority = self.0.authority().map_or("", |a| a.as_str());
        format!("{scheme}://{authority}")
    }

    /// Where a `Location` field leads (RFC 3986, section 5.2, without its removal of dots, which servers do).
    ///
    /// # Errors
    ///
    /// Nowhere that is asked: from `https` to `http`, or to another scheme.
    pub(super) fn redirected(&self, location: &str, allow_http: bool) -> Result<Self, FetchError> {
        let scheme = self.0.scheme_str().unwrap_or_default();
        let has_scheme = location
            .split(['/', '?', '#'])
            .next()
            .is_some_and(|head| head.contains(':'));
        let text = if has_scheme {
            location.to_owned()
        } else if location.starts_with("//") {
            format!("{scheme}:{location}")
        } else if location.starts_with('/') {
            format!("{}{location}", self.origin())
        } else if location.starts_with('?') {
            format!("{}{}{location}", self.origin(), self.path())
        } else {
            let folder = self
                .path()
                .rsplit_once('/')
                .map_or("", |(folder, _)| folder);
            format!("{}{folder}/{location}", self.origin())
        };
        // Asked for as if http were allowed, so that the worse of two reasons is given.
        let to = Self::parse(&text, true)?;
        if self.is_https() && !to.is_https() {
            return Err(FetchError::Downgrade {
                from: self.to_string(),
                to: to.to_string(),
            });
        }
        Self::parse(&text, allow_http)
    }
}

impl std::fmt::Display for Address {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn good(text: &str) -> Address {
        Address::parse(text, false).unwrap()
    }

    #[test]
    fn only_https_unless_it_is_this_machine() {
        for text in [
            "https://a.example/x",
            "http://127.0.0.1:8080/x",
            "http://[::1]/x",
            "http://localhost/",
            "HTTPS://A.example/",
        ] {
            assert!(Address::parse(text, false).is_ok(), "{text}");
        }
        for text in [
            "http://a.example/",
            "http://127.0.0.1.a.example/",
            "http://192.0.2.1/",
        ] {
            assert!(
                matches!(
                    Address::parse(text, false),
                    Err(FetchError::PlainHttp { .. })
                ),
                "{text}"
            );
            assert!(Address::parse(text, true).is_ok());
        }
        for text in [
            "",
            "a.example/x",
            "/etc/passwd",
            "file:///etc/passwd",
            "ftp://a.example/",
            "https://",
            "https:///x",
            "https://a b/",
            "https://a.example/\r\nx",
        ] {
            assert!(
                matches!(Address::parse(text, true), Err(FetchError::BadUrl { .. })),
                "{text}"
            );
        }
    }

    #[test]
    fn a_password_in_an_address_is_refused_and_not_repeated() {
        let error = Address::parse("https://me:hunter2@a.example/", false).unwrap_err();
        assert!(!error.to_string().contains("hunter2"), "{error}");
        assert!(error.to_string().contains("a.example"));
    }

    #[test]
    fn redirects() {
        let from = good("https://a.example/b/c?d");
        for (location, want) in [
            ("https://x.example/y", "https://x.example/y"),
            ("//x.example/y", "https://x.example/y"),
            ("/y", "https://a.example/y"),
            ("y", "https://a.example/b/y"),
            ("?y", "https://a.example/b/c?y"),
        ] {
            let to = from.redirected(location, false).unwrap();
            assert_eq!(to.to_string(), want);
        }
        for location in ["http://a.example/", "http://127.0.0.1/"] {
            assert!(matches!(
                from.redirected(location, true),
                Err(FetchError::Downgrade { .. })
            ));
        }
        assert!(matches!(
            from.redirected("file:///etc/passwd", true),
            Err(FetchError::BadUrl { .. })
        ));
        assert!(matches!(
            good("http://127.0.0.1/").redirected("http://a.example/", false),
            Err(FetchError::PlainHttp { .. })
        ));
    }

    #[test]
    fn origins() {
        let a = good("https://a.example/x");
        assert!(a.has_origin_of(&good("https://A.example:443/y")));
        assert!(!a.has_origin_of(&good("https://a.example:444/y")));
        assert!(!a.has_origin_of(&good("https://b.example/x")));
    }
}
