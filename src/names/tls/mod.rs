//! Names in TLS handshakes over TCP: the server name of a ClientHello (RFC 8446 section 4.1.2,
//! RFC 6066 section 3), and the certificates that TLS 1.2 and its elders send in the clear.
//!
//! tls-parser reads record headers and the entries of the server name extension. The way there is
//! walked by hand: its parser of whole hellos allocates, and its parser of extension lists stops at
//! the first malformed extension and would hide a server name behind it.
//!
//! | file | reads |
//! | --- | --- |
//! | `records` | handshake bytes out of records |
//! | `client` | a client's direction up to its hello |
//! | `hello` | the hello itself |
//! | `glance` | a usual hello in one segment, to say that its name is not listed |
//! | `fields` | all of a hello that has no damage, for fingerprints of it (`ja3`, `ja4`, `fingerprint`) |
//! | `flight` | what follows a client's hello, and all of a server's direction |

mod client;
mod fields;
mod fingerprint;
mod flight;
mod glance;
mod hello;
mod ja3;
mod ja4;
mod records;

pub(crate) use client::client_stream_and_body;
pub use client::{client_hello, client_stream};
pub(crate) use fingerprint::push_fingerprints;
pub use fingerprint::{Fingerprints, Over, fingerprints};
pub(crate) use flight::number24;
pub use flight::{Flight, flight};
pub(crate) use flight::{Space, flight_with};
pub use glance::glance;
pub(crate) use hello::read_body;
pub use ja3::Ja3;
pub use ja4::Ja4;

/// How much of a ClientHello that is spread over records is put together, in bytes. Post-quantum
/// hellos have about 1,800; a record can carry 16,384.
pub(crate) const MAX_HELLO: usize = 65_536;

/// What a ClientHello gave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hello {
    /// At least one host name was pushed.
    Named {
        /// An encrypted ClientHello extension is there: the name may be only the outer one.
        ech: bool,
    },
    /// It was read to its end and holds no server name.
    Nameless,
    /// The bytes end before a server name was found; the rest is in other segments.
    Incomplete,
    /// It contradicts itself and no server name was found.
    Malformed,
    /// It is not a ClientHello.
    NotHello,
}

/// How many hellos ended how.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct HelloStats {
    /// Hellos with a server name.
    pub named: u64,
    /// Of these, hellos with an encrypted ClientHello: their name may be only the outer one.
    pub ech: u64,
    /// Hellos without a server name.
    pub nameless: u64,
    /// Hellos of which the part with the server name is not there.
    pub incomplete: u64,
    /// Hellos that contradict themselves.
    pub malformed: u64,
    /// Hellos without a fingerprint though one was wanted: not all there, malformed, in the form of SSL 2.0, or with
    /// more values than are sorted.
    pub without_fingerprint: u64,
}

impl HelloStats {
    /// Counts one. [`Hello::NotHello`] counts as malformed: something announced a hello.
    pub fn count(&mut self, hello: Hello) {
        if hello == (Hello::Named { ech: true }) {
            self.ech = self.ech.saturating_add(1);
        }
        let sum = match hello {
            Hello::Named { .. } => &mut self.named,
            Hello::Nameless => &mut self.nameless,
            Hello::Incomplete => &mut self.incomplete,
            Hello::Malformed | Hello::NotHello => &mut self.malformed,
        };
        *sum = sum.saturating_add(1);
    }

    /// Adds the counts of another.
    pub fn add(&mut self, other: &Self) {
        for (sum, n) in [
            (&mut self.named, other.named),
            (&mut self.ech, other.ech),
            (&mut self.nameless, other.nameless),
            (&mut self.incomplete, other.incomplete),
            (&mut self.malformed, other.malformed),
            (&mut self.without_fingerprint, other.without_fingerprint),
        ] {
            *sum = sum.saturating_add(n);
        }
    }
}

/// Whether a segment begins with a whole ServerHello that agrees to TLS 1.3: the certificates behind
/// it are encrypted.
pub(crate) fn is_tls13_server(payload: &[u8]) -> bool {
    let [0x16, 3, _, _, _, 2, l0, l1, l2, rest @ ..] = payload else {
        return false;
    };
    number24(&[*l0, *l1, *l2])
        .and_then(|length| rest.get(..length))
        .is_some_and(flight::selects_tls13)
}

/// Passes over records that may stand before a hello: ChangeCipherSpec, alerts, empty handshake
/// records. `None` where nothing follows them.
pub(crate) fn skip_short_records(payload: &[u8]) -> Option<&[u8]> {
    payload
        .get(records::short_records(payload)..)
        .filter(|rest| !rest.is_empty())
}
