//! What was seen on the wire.

use crate::names::Kind;

/// What was seen on the wire of something that is listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Evidence {
    /// A name, where it stood.
    Name(Kind),
    /// A request for a URL.
    Url(Kind),
    /// A ClientHello with a JA3 fingerprint, and where its name would stand.
    Ja3(Kind),
    /// The same with a JA4 fingerprint.
    Ja4(Kind),
    /// A certificate with a fingerprint or a serial number.
    Certificate,
    /// Packets between the device and an address.
    Address(Reach),
    /// Packets between the device and an address that a name was resolved to.
    Resolved(Reach),
}

/// How far a device and an address got.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reach {
    /// The device asked for a connection. That nobody answers is no comfort: the server may be gone by now.
    Tried,
    /// They have a connection.
    Connected,
    /// The device sent datagrams.
    Sent,
    /// The other end began.
    Contacted,
}

impl Evidence {
    /// For machines: `kind` of an alert.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Name(kind) => kind.as_str(),
            Self::Url(_) => "http_url",
            Self::Ja3(_) => "ja3",
            Self::Ja4(_) => "ja4",
            Self::Certificate => "certificate",
            Self::Address(_) => "address",
            Self::Resolved(_) => "resolved_address",
        }
    }

    /// The protocol, by the word that EVE uses for it.
    pub const fn protocol(self) -> &'static str {
        match self {
            Self::Name(kind) | Self::Url(kind) | Self::Ja3(kind) | Self::Ja4(kind) => {
                kind.protocol()
            }
            Self::Certificate => "tls",
            Self::Address(_) | Self::Resolved(_) => "unknown",
        }
    }

    /// Where in its packets it stood, if that is a place of names.
    pub const fn kind(self) -> Option<Kind> {
        match self {
            Self::Name(kind) | Self::Url(kind) | Self::Ja3(kind) | Self::Ja4(kind) => Some(kind),
            Self::Certificate | Self::Address(_) | Self::Resolved(_) => None,
        }
    }
}
