//! Link-Local Multicast Name Resolution (RFC 4795): DNS messages on port 5355 of UDP and TCP.
//!
//! The header has a C (conflict) and a T (tentative) bit where DNS has AA and RD, which nothing here
//! looks at.

use super::dns::{self, DnsNote, End, Flavour, Framing, Scratch};
use super::{Kind, Step};

const LLMNR: Flavour = Flavour {
    question: Kind::LlmnrQuery,
    record: Kind::LlmnrAnswer,
    class_mask: 0xffff,
    text: false,
};

/// Reads a message that fills a datagram from or to port 5355; see [`dns::datagram`].
///
/// `None` where it is not DNS.
pub fn datagram(
    message: &[u8],
    cut: bool,
    scratch: &mut Scratch,
    visit: &mut impl FnMut(Kind, &[u8], DnsNote),
) -> Option<End> {
    dns::read(
        LLMNR,
        message,
        dns::room(message, cut),
        false,
        scratch,
        visit,
    )
}

/// Reads the message at the start of one direction of a connection with port 5355 (section 2.5); see
/// [`dns::tcp_message`].
pub fn tcp_message(
    bytes: &[u8],
    last: bool,
    scratch: &mut Scratch,
    visit: &mut impl FnMut(Kind, &[u8], DnsNote),
) -> (Step, Option<End>) {
    let framing = Framing {
        last,
        strict: false,
    };
    dns::framed_message(LLMNR, bytes, framing, scratch, visit)
}

#[cfg(test)]
mod tests {
    use super::*;
    use testkit::dns as make;

    #[test]
    fn over_udp_and_tcp_with_the_conflict_and_tentative_bits() {
        let message = make::response(9, "PHONE", make::A)
            .authoritative()
            .a("PHONE", "192.0.2.9");
        let bytes: Vec<u8> = message.clone().into();
        let want = [
            (Kind::LlmnrQuery, b"phone".to_vec()),
            (Kind::LlmnrAnswer, b"phone".to_vec()),
        ];
        let mut scratch = Scratch::default();
        let mut names = Vec::new();
        let end = datagram(&bytes, false, &mut scratch, &mut |kind, name, note| {
            assert!(note.response);
            names.push((kind, name.to_vec()));
        });
        assert_eq!((end, &names[..]), (Some(End::Whole), &want[..]));

        names.clear();
        let bytes = message.over_tcp();
        let (step, end) = tcp_message(&bytes, false, &mut scratch, &mut |kind, name, _| {
            names.push((kind, name.to_vec()));
        });
        assert_eq!(step, Step::Took(bytes.len() as u64));
        assert_eq!((end, &names[..]), (Some(End::Whole), &want[..]));
    }
}
