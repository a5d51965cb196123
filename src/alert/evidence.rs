//! What was seen on the wire.

use crate::names::Kind;

/// What was seen on the wire of something that is listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Evidence {
    /// A name, a URL or a fingerprint, where it stood.
    Name(Kind),
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
            Self::Address(_) => "address",
            Self::Resolved(_) => "resolved_address",
        }
    }

    /// The protocol, by the word that EVE uses for it.
    pub const fn protocol(self) -> &'static str {
        match self {
            Self::Name(kind) => kind.protocol(),
            Self::Address(_) | Self::Resolved(_) => "unknown",
        }
    }
}
