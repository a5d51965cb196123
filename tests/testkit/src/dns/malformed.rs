//! DNS messages that no server should send, each wrong in one way.
//!
//! A reader must come back from every one of them with an error, or with the names that stand
//! before the damage, in bounded time.

use crate::dns::{self, A, CNAME, Name};

/// Offset of the first question's name.
const QUESTION: u16 = 12;

/// Every message of this file with a name for failure messages.
pub fn all() -> Vec<(&'static str, Vec<u8>)> {
    vec![
        ("pointer to itself", pointer_to_itself()),
        ("two pointers in a ring", pointer_ring()),
        ("label before a pointer to itself", growing_loop()),
        ("forward pointer", forward_pointer()),
        ("pointer past the end", pointer_past_the_end()),
        ("pointer into the header", pointer_into_the_header()),
        ("long chain of pointers", pointer_chain(100)),
        ("name over 255 bytes", over_long_name()),
        ("label type 01", reserved_label_type(0x41)),
        ("label type 10", reserved_label_type(0x81)),
        ("cut inside a label", cut_in_a_label()),
        ("cut before the question's type", cut_in_the_question()),
        ("counts without records", counts_lie()),
        ("record data past the end", rdata_past_the_end()),
        ("name longer than its record data", name_leaves_its_rdata()),
        ("header only, cut", vec![0x12, 0x34, 0x01]),
    ]
}

/// A name that is a pointer to its own first byte.
pub fn pointer_to_itself() -> Vec<u8> {
    dns::query(1, Name::from_labels(&[]).then_pointer_to(QUESTION), A).into()
}

/// Two names that point at each other.
pub fn pointer_ring() -> Vec<u8> {
    let second = QUESTION + 6;
    dns::query(2, Name::from_labels(&[]).then_pointer_to(second), A)
        .question(Name::from_labels(&[]).then_pointer_to(QUESTION), A)
        .into()
}

/// A label and then a pointer back to it: a name that never ends.
pub fn growing_loop() -> Vec<u8> {
    dns::query(
        3,
        Name::from_labels(&[b"again"]).then_pointer_to(QUESTION),
        A,
    )
    .into()
}

/// A pointer to a name that stands later in the message (RFC 1035, 4.1.4: "prior occurrence").
pub fn forward_pointer() -> Vec<u8> {
    let second = QUESTION + 6;
    dns::query(4, Name::from_labels(&[]).then_pointer_to(second), A)
        .question("later.example.com", A)
        .into()
}

/// A pointer behind the last byte.
pub fn pointer_past_the_end() -> Vec<u8> {
    dns::query(5, Name::from_labels(&[b"far"]).then_pointer_to(0x3fff), A).into()
}

/// A pointer into the twelve bytes of the header, whose count fields then act as labels.
pub fn pointer_into_the_header() -> Vec<u8> {
    dns::query(6, Name::from_labels(&[b"head"]).then_pointer_to(4), A).into()
}

/// A legal name followed by `hops` questions, each a pointer to the one before.
pub fn pointer_chain(hops: u16) -> Vec<u8> {
    let mut message = dns::query(7, "example.com", A);
    let first = QUESTION + 13 + 4;
    for hop in 0..hops {
        let target = if hop == 0 {
            QUESTION
        } else {
            first + (hop - 1) * 6
        };
        message = message.question(Name::from_labels(&[]).then_pointer_to(target), A);
    }
    message.into()
}

/// Five labels of 63 bytes: 321 bytes where 255 are allowed (RFC 1035, section 2.3.4).
pub fn over_long_name() -> Vec<u8> {
    let label = [b'a'; 63];
    dns::query(
        8,
        Name::from_labels(&[&label, &label, &label, &label, &label]),
        A,
    )
    .into()
}

/// A length byte with a reserved or long-dead type in its top two bits.
pub fn reserved_label_type(length_byte: u8) -> Vec<u8> {
    let mut junk = vec![length_byte];
    junk.extend_from_slice(&[b'x'; 130]);
    dns::message(9)
        .claim_count(0, 1)
        .raw(&junk)
        .raw(&[0, 0, 1, 0, 1])
        .into()
}

/// A label that announces more bytes than the message has.
pub fn cut_in_a_label() -> Vec<u8> {
    dns::message(10).claim_count(0, 1).raw(b"\x0bexam").into()
}

/// A whole name, and then nothing.
pub fn cut_in_the_question() -> Vec<u8> {
    dns::message(11)
        .claim_count(0, 1)
        .raw(&Name::from("cut.example.com").wire())
        .into()
}

/// Every section claims 65,535 records after one honest question.
pub fn counts_lie() -> Vec<u8> {
    let message = dns::response(12, "honest.example.com", A);
    message
        .claim_count(0, 0xffff)
        .claim_count(1, 0xffff)
        .claim_count(3, 0xffff)
        .into()
}

/// A record whose length reaches behind the last byte.
pub fn rdata_past_the_end() -> Vec<u8> {
    dns::response(13, "www.example.com", CNAME)
        .claim_count(1, 1)
        .raw(&[0xc0, 12, 0, 5, 0, 1, 0, 0, 0, 60, 0x7f, 0xff])
        .raw(&Name::from("edge.example.net").wire())
        .into()
}

/// A CNAME whose name is longer than the record says, with another record behind it.
pub fn name_leaves_its_rdata() -> Vec<u8> {
    dns::response(14, "www.example.com", CNAME)
        .claim_count(1, 1)
        .raw(&[0xc0, 12, 0, 5, 0, 1, 0, 0, 0, 60, 0, 4])
        .raw(&Name::from("edge.example.net").wire())
        .into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn simple_dns_refuses_them_too() {
        let accepted: Vec<&str> = all()
            .iter()
            .filter(|(_, bytes)| simple_dns::Packet::parse(bytes).is_ok())
            .map(|(what, _)| *what)
            .collect();
        // These two are questionable rather than wrong.
        assert_eq!(
            accepted,
            ["pointer into the header", "long chain of pointers"]
        );
    }
}
