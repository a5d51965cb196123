//! What the beginnings of conversations consist of, packet by packet.

use super::rng::Rng;
use super::tls::Form;

/// A packet of a conversation. `completes` says that it is the last of its message to come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Act {
    Syn,
    SynAck,
    Ack,
    /// A ClientHello in one segment.
    Hello,
    /// Its first full segment, and the rest.
    HelloHead {
        completes: bool,
    },
    HelloTail {
        completes: bool,
    },
    /// The server's answer of TLS 1.3.
    Flight,
    /// Up to TLS 1.2: cut ahead of the server's names, and the rest.
    CertificatesHead,
    CertificatesTail,
    /// The client's end of the handshake.
    Finished,
    OldFinished,
    /// An encrypted record of the server.
    Data,
    Fin,
    FinAck,
    LastAck,
    Request,
    Response,
    /// QUIC: the client's datagrams, and the server's answer.
    Initial {
        number: u8,
        of: u8,
    },
    QuicFlight,
    QuicFinished,
    Query,
    Answer,
}

/// A kind of conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Script {
    Tls(Form),
    /// The same with the second segment of the hello first.
    Swapped(Form),
    Http,
    Quic {
        quantum: bool,
    },
    Dns,
}

use Act::*;

const TLS: &[Act] = &[Syn, SynAck, Ack, Hello, Flight, Finished];

const QUANTUM: &[Act] = &[
    Syn,
    SynAck,
    Ack,
    HelloHead { completes: false },
    HelloTail { completes: true },
    Flight,
    Finished,
];

const SWAPPED: &[Act] = &[
    Syn,
    SynAck,
    Ack,
    HelloTail { completes: false },
    HelloHead { completes: true },
    Flight,
    Finished,
];

const OLD: &[Act] = &[
    Syn,
    SynAck,
    Ack,
    Hello,
    CertificatesHead,
    CertificatesTail,
    OldFinished,
];

const HTTP: &[Act] = &[Syn, SynAck, Ack, Request, Response];

const QUIC: &[Act] = &[Initial { number: 0, of: 1 }, QuicFlight, QuicFinished];

const QUIC_QUANTUM: &[Act] = &[
    Initial { number: 0, of: 2 },
    Initial { number: 1, of: 2 },
    QuicFlight,
    QuicFinished,
];

const DNS: &[Act] = &[Query, Answer];

/// How a connection over TCP ends.
pub(super) const CLOSE: &[Act] = &[Data, Fin, FinAck, LastAck];

impl Script {
    pub(super) fn acts(self) -> &'static [Act] {
        match self {
            Script::Tls(Form::Quantum { .. }) => QUANTUM,
            Script::Tls(Form::Old) => OLD,
            Script::Tls(_) => TLS,
            Script::Swapped(_) => SWAPPED,
            Script::Http => HTTP,
            Script::Quic { quantum: false } => QUIC,
            Script::Quic { quantum: true } => QUIC_QUANTUM,
            Script::Dns => DNS,
        }
    }

    /// After how many packets the last name is whole.
    pub(super) fn named_after(self) -> u8 {
        let naming = |act: &Act| {
            matches!(
                act,
                Hello
                    | HelloHead { completes: true }
                    | HelloTail { completes: true }
                    | CertificatesTail
                    | Request
                    | Initial { .. }
                    | Answer
            )
        };
        let last = self.acts().iter().rposition(naming).unwrap_or_default();
        last as u8 + 1
    }

    /// One of the mix.
    pub(super) fn of_mix(rng: &mut Rng) -> Self {
        match rng.below(20) {
            0..=8 => Script::Dns,
            9..=14 => Self::of_tls(rng),
            15..=17 => Script::Quic {
                quantum: rng.once_in(2),
            },
            _ => Script::Http,
        }
    }

    /// Two in five post-quantum, one in eight of those out of order, one in ten without TLS 1.3.
    pub(super) fn of_tls(rng: &mut Rng) -> Self {
        let late = rng.once_in(2);
        match rng.below(40) {
            0..=1 => Script::Swapped(Form::Quantum { late }),
            2..=15 => Script::Tls(Form::Quantum { late }),
            16..=19 => Script::Tls(Form::Old),
            _ => Script::Tls(Form::Classic { late }),
        }
    }
}
