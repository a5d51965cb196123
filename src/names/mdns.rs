//! Multicast DNS (RFC 6762): DNS messages on port 5353, from and to link-local devices.
//!
//! Legacy unicast queries and their responses (section 6.7) look the same.

use super::Kind;
use super::dns::{self, DnsNote, End, Flavour, Scratch};

const MDNS: Flavour = Flavour {
    question: Kind::MdnsQuery,
    record: Kind::MdnsAnswer,
    // The highest bit asks for a unicast response, or makes receivers flush what they know
    // (sections 5.4 and 10.2).
    class_mask: 0x7fff,
    text: true,
};

/// Reads a message that fills a datagram from or to port 5353; see [`dns::datagram`].
///
/// `None` where it is not DNS.
pub fn datagram(
    message: &[u8],
    cut: bool,
    scratch: &mut Scratch,
    visit: &mut impl FnMut(Kind, &[u8], DnsNote),
) -> Option<End> {
    dns::read(
        MDNS,
        message,
        dns::room(message, cut),
        false,
        scratch,
        visit,
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use testkit::dns as make;

    fn read(message: make::Message) -> Vec<(Kind, String)> {
        let bytes: Vec<u8> = message.into();
        let mut names = Vec::new();
        let end = datagram(
            &bytes,
            false,
            &mut Scratch::default(),
            &mut |kind, name, _| {
                names.push((kind, String::from_utf8(name.to_vec()).unwrap()));
            },
        );
        assert_eq!(end, Some(End::Whole));
        names
    }

    #[test]
    fn questions_and_answers_have_kinds_of_their_own() {
        let query = make::message(0)
            .question("_ipp._tcp.local", make::PTR)
            .question("printer.local", make::A)
            .ptr("_ipp._tcp.local", "Laser Printer._ipp._tcp.local");
        assert_eq!(
            read(query),
            [
                (Kind::MdnsQuery, "_ipp._tcp.local".into()),
                (Kind::MdnsQuery, "printer.local".into()),
                (Kind::MdnsAnswer, "_ipp._tcp.local".into()),
                (Kind::MdnsAnswer, "laser printer._ipp._tcp.local".into()),
            ]
        );
    }

    #[test]
    fn the_highest_bit_of_a_class_is_no_part_of_it() {
        let query = make::message(0)
            .class(0x8001)
            .question("phone.local", make::A)
            .claim_count(3, 9);
        // It lies about a count, so that its question has to speak for it.
        let bytes: Vec<u8> = query.into();
        let mut names = 0;
        let end = datagram(&bytes, false, &mut Scratch::default(), &mut |_, _, _| {
            names += 1
        });
        assert_eq!((end, names), (Some(End::Short), 1));
        let answer = make::message(0).is_response().class(0x8001).srv(
            "phone._ssh._tcp.local",
            22,
            "phone.local",
        );
        assert_eq!(
            read(answer),
            [
                (Kind::MdnsAnswer, "phone._ssh._tcp.local".into()),
                (Kind::MdnsAnswer, "phone.local".into()),
            ]
        );
    }

    #[test]
    fn a_legacy_unicast_response_repeats_the_question() {
        let answer = make::response(7, "phone.local", make::A).a("phone.local", "192.0.2.7");
        assert_eq!(
            read(answer),
            [
                (Kind::MdnsQuery, "phone.local".into()),
                (Kind::MdnsAnswer, "phone.local".into()),
            ]
        );
    }
}
