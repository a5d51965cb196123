//! Numbers of the IANA DNS registry under the names that the RFCs give them.

/// IPv4 address.
pub const A: u16 = 1;
/// Authoritative name server.
pub const NS: u16 = 2;
/// Canonical name of an alias.
pub const CNAME: u16 = 5;
/// Start of a zone of authority.
pub const SOA: u16 = 6;
/// Pointer, mostly from an address back to a name.
pub const PTR: u16 = 12;
/// Mail exchange.
pub const MX: u16 = 15;
/// Text.
pub const TXT: u16 = 16;
/// IPv6 address.
pub const AAAA: u16 = 28;
/// Server selection (RFC 2782).
pub const SRV: u16 = 33;
/// Naming authority pointer (RFC 3403).
pub const NAPTR: u16 = 35;
/// Redirection of a whole subtree (RFC 6672).
pub const DNAME: u16 = 39;
/// EDNS pseudo record (RFC 6891).
pub const OPT: u16 = 41;
/// Service binding (RFC 9460).
pub const SVCB: u16 = 64;
/// Service binding for HTTPS (RFC 9460).
pub const HTTPS: u16 = 65;
/// Any type, in questions.
pub const ANY: u16 = 255;

/// Response codes (IANA registry).
pub mod rcode {
    /// No error.
    pub const NOERROR: u8 = 0;
    /// The server failed.
    pub const SERVFAIL: u8 = 2;
    /// The name does not exist.
    pub const NXDOMAIN: u8 = 3;
    /// The server refuses.
    pub const REFUSED: u8 = 5;
}

/// Operation codes (IANA registry).
pub mod opcode {
    /// Standard query.
    pub const QUERY: u8 = 0;
    /// Zone change notification (RFC 1996).
    pub const NOTIFY: u8 = 4;
    /// Dynamic update (RFC 2136).
    pub const UPDATE: u8 = 5;
}
