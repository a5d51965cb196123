//! Programs of classic BPF that the kernel runs: which frames it need not hand over, and how a group shares frames out.
//!
//! The filter drops what triage would forget whatever it knows, and nothing else: acknowledgements that carry no data, and
//! QUIC packets with a short header, which are encrypted to their last byte. All else is handed over, above all what the
//! filter does not understand: other link types, tags, tunnels, IP options and extension headers, fragments,
//! lengths that contradict each other. A property test holds it against triage.

use super::sys::Instruction;
use crate::triage::SPECIAL_PORTS;

// Operations of classic BPF (linux/bpf_common.h, linux/filter.h).
const LOAD_WORD: u16 = 0x20;
const LOAD_HALF: u16 = 0x28;
const LOAD_BYTE: u16 = 0x30;
const LOAD_LENGTH: u16 = 0x80;
const LOAD_MEMORY: u16 = 0x60;
const STORE: u16 = 0x02;
const TO_X: u16 = 0x07;
const SUB: u16 = 0x14;
const AND: u16 = 0x54;
const LEFT: u16 = 0x64;
const RIGHT: u16 = 0x74;
const XOR_X: u16 = 0xac;
const JUMP_EQUAL: u16 = 0x15;
const JUMP_GREATER_X: u16 = 0x2d;
const JUMP_EQUAL_X: u16 = 0x1d;
const JUMP_AT_LEAST: u16 = 0x35;
const JUMP_SET: u16 = 0x45;
const RETURN: u16 = 0x06;
const RETURN_A: u16 = 0x16;

/// Offsets from here on count from the network header (SKF_NET_OFF).
const NETWORK: u32 = 0xfff0_0000;
/// Offsets from here on, and below the ones above, count from the link header (SKF_LL_OFF).
const LINK: u32 = 0xffe0_0000;
/// The EtherType that the kernel keeps with a frame (SKF_AD_OFF + SKF_AD_PROTOCOL).
const PROTOCOL: u32 = 0xffff_f000;

const IPV4: u32 = 0x0800;
const IPV6: u32 = 0x86dd;
const VLAN: u32 = 0x8100;
const SERVICE_VLAN: u32 = 0x88a8;
const PPPOE: u32 = 0x8864;
const PPP_IPV4: u32 = 0x21;
const PPP_IPV6: u32 = 0x57;
const TCP: u32 = 6;
const UDP: u32 = 17;
const HTTPS: u32 = 443;

/// All of a frame.
const WHOLE: u32 = u32::MAX;

/// Where to go from a comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum To {
    Next,
    Accept,
    Drop,
    /// So many instructions on.
    Skip(u8),
    Label(Label),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Label {
    V6,
    Udp4,
    Udp6,
    /// The port that is loaded is the other one.
    OtherPort,
    /// Behind a second tag.
    Tagged,
    Tagged6,
    Pppoe,
    Pppoe6,
    /// By link addresses.
    Links,
}

/// A program whose jumps have names.
#[derive(Debug, Default)]
struct Assembler {
    code: Vec<(u16, u32, To, To)>,
    labels: Vec<(Label, usize)>,
}

impl Assembler {
    fn op(&mut self, code: u16, k: u32) -> &mut Self {
        self.code.push((code, k, To::Next, To::Next));
        self
    }

    fn jump(&mut self, code: u16, k: u32, yes: To, no: To) -> &mut Self {
        self.code.push((code, k, yes, no));
        self
    }

    fn label(&mut self, label: Label) -> &mut Self {
        self.labels.push((label, self.code.len()));
        self
    }

    /// The program, with both ends behind it. Its jumps go forward, and reach no farther than 255.
    fn finish(mut self) -> Vec<Instruction> {
        let accept = self.code.len();
        self.op(RETURN, WHOLE).op(RETURN, 0);
        let drop = accept.saturating_add(1);
        let labels = self.labels;
        let distance = |from: usize, to: To| -> u8 {
            let target = match to {
                To::Next => return 0,
                To::Skip(n) => return n,
                To::Accept => accept,
                To::Drop => drop,
                // A label that is nowhere would be a mistake here: the frame is handed over then.
                To::Label(label) => labels
                    .iter()
                    .find(|(known, _)| *known == label)
                    .map_or(accept, |&(_, at)| at),
            };
            let distance = target.saturating_sub(from).saturating_sub(1);
            u8::try_from(distance).unwrap_or(u8::MAX)
        };
        self.code
            .iter()
            .enumerate()
            .map(|(at, &(code, k, yes, no))| Instruction {
                code,
                jt: distance(at, yes),
                jf: distance(at, no),
                k,
            })
            .collect()
    }
}

/// Hands over nothing.
pub(super) fn nothing() -> Vec<Instruction> {
    let mut program = Assembler::default();
    program.op(RETURN, 0);
    program.finish()
}

/// Hands over everything.
pub(super) fn everything() -> Vec<Instruction> {
    Assembler::default().finish()
}

/// Leaves bulk of an Ethernet in the kernel.
pub(super) fn no_bulk() -> Vec<Instruction> {
    use Label::{OtherPort, Udp4, Udp6, V6};
    use To::{Accept, Next};
    let mut p = Assembler::default();
    // What is loaded below has to be there: a load beyond the end would drop the frame.
    p.op(LOAD_LENGTH, 0)
        .jump(JUMP_AT_LEAST, 14 + 20 + 20, Next, Accept);
    p.op(LOAD_HALF, 12)
        .jump(JUMP_EQUAL, IPV6, To::Label(V6), Next)
        .jump(JUMP_EQUAL, IPV4, Next, Accept);
    // Without options, whole, and with all of its bytes.
    p.op(LOAD_BYTE, 14).jump(JUMP_EQUAL, 0x45, Next, Accept);
    p.op(LOAD_HALF, 20).jump(JUMP_SET, 0x3fff, Accept, Next);
    p.op(LOAD_LENGTH, 0).op(SUB, 14).op(TO_X, 0);
    p.op(LOAD_HALF, 16)
        .jump(JUMP_AT_LEAST, 20, Next, Accept)
        .jump(JUMP_GREATER_X, 0, Accept, Next);
    p.op(SUB, 20).op(STORE, 0);
    p.op(LOAD_BYTE, 23)
        .jump(JUMP_EQUAL, UDP, To::Label(Udp4), Next)
        .jump(JUMP_EQUAL, TCP, Next, Accept);
    acknowledgement(&mut p, 34);
    p.label(Udp4);
    short_header(&mut p, 34);
    p.label(V6);
    p.op(LOAD_LENGTH, 0)
        .jump(JUMP_AT_LEAST, 14 + 40 + 20, Next, Accept)
        .op(SUB, 14 + 40)
        .op(TO_X, 0);
    p.op(LOAD_BYTE, 14)
        .op(AND, 0xf0)
        .jump(JUMP_EQUAL, 0x60, Next, Accept);
    p.op(LOAD_HALF, 18).jump(JUMP_GREATER_X, 0, Accept, Next);
    p.op(STORE, 0);
    p.op(LOAD_BYTE, 20)
        .jump(JUMP_EQUAL, UDP, To::Label(Udp6), Next)
        .jump(JUMP_EQUAL, TCP, Next, Accept);
    acknowledgement(&mut p, 54);
    p.label(Udp6);
    short_header(&mut p, 54);
    p.label(OtherPort);
    for port in SPECIAL_PORTS {
        p.jump(JUMP_EQUAL, u32::from(*port), Accept, Next);
    }
    // The one jump that need not be asked for.
    p.jump(JUMP_EQUAL, 0, To::Drop, To::Drop);
    p.finish()
}

/// Drops a TCP segment at `at` that has no payload and neither opens nor ends a connection. The length of what the IP packet
/// carries is in memory.
fn acknowledgement(p: &mut Assembler, at: u32) {
    let place = |offset: u32| at.saturating_add(offset);
    p.op(LOAD_BYTE, place(13))
        .jump(JUMP_SET, 0b111, To::Accept, To::Next);
    p.op(LOAD_BYTE, place(12)).op(RIGHT, 4).op(LEFT, 2);
    p.jump(JUMP_AT_LEAST, 20, To::Next, To::Accept).op(TO_X, 0);
    p.op(LOAD_MEMORY, 0)
        .jump(JUMP_EQUAL_X, 0, To::Drop, To::Accept);
}

/// Goes on with the other port where the datagram at `at` has one of 443 and begins as a QUIC packet with a short header does
/// (RFC 9000, section 17.3), and as nothing else.
fn short_header(p: &mut Assembler, at: u32) {
    let place = |offset: u32| at.saturating_add(offset);
    p.op(LOAD_HALF, place(4))
        .jump(JUMP_AT_LEAST, 8 + 6, To::Next, To::Accept)
        .op(TO_X, 0);
    p.op(LOAD_MEMORY, 0)
        .jump(JUMP_EQUAL_X, 0, To::Next, To::Accept);
    p.op(LOAD_BYTE, place(8)).op(AND, 0xc0);
    p.jump(JUMP_EQUAL, 0x40, To::Next, To::Accept);
    // The public header of Google's QUIC.
    p.op(LOAD_BYTE, place(8)).op(AND, 0x83);
    p.jump(JUMP_EQUAL, 1, To::Accept, To::Next);
    // One question: it may be DNS.
    p.op(LOAD_HALF, place(12));
    p.jump(JUMP_EQUAL, 1, To::Accept, To::Next);
    // One port is 443; the other one is loaded.
    p.op(LOAD_HALF, place(2));
    p.jump(JUMP_EQUAL, HTTPS, To::Skip(4), To::Next);
    p.op(LOAD_HALF, place(0));
    p.jump(JUMP_EQUAL, HTTPS, To::Next, To::Accept);
    p.op(LOAD_HALF, place(2));
    p.jump(JUMP_EQUAL, 0, To::Accept, To::Label(Label::OtherPort));
    p.op(LOAD_HALF, place(0));
    p.jump(JUMP_EQUAL, 0, To::Accept, To::Label(Label::OtherPort));
}

/// Shares frames out by both addresses, whichever way they go: all packets between two hosts, fragments as well, go
/// to one thread. It looks behind a second tag and PPPoE; what is neither is shared out by its link addresses.
pub(super) fn by_addresses() -> Vec<Instruction> {
    use Label::{Links, Pppoe, Pppoe6, Tagged, Tagged6, V6};
    use To::Next;
    let to = To::Label;
    let mut p = Assembler::default();
    p.op(LOAD_HALF, PROTOCOL)
        .jump(JUMP_EQUAL, IPV6, to(V6), Next)
        .jump(JUMP_EQUAL, VLAN, to(Tagged), Next)
        .jump(JUMP_EQUAL, SERVICE_VLAN, to(Tagged), Next)
        .jump(JUMP_EQUAL, PPPOE, to(Pppoe), Next)
        .jump(JUMP_EQUAL, IPV4, Next, to(Links));
    combine(&mut p, NETWORK.wrapping_add(12), 2);
    p.label(V6);
    combine(&mut p, NETWORK.wrapping_add(8), 8);
    // The tag's content, and what follows it.
    p.label(Tagged);
    behind(&mut p, 4, (IPV4, IPV6), Tagged6);
    // Six bytes of PPPoE, and the protocol of PPP.
    p.label(Pppoe);
    behind(&mut p, 8, (PPP_IPV4, PPP_IPV6), Pppoe6);
    p.label(Links);
    p.op(LOAD_WORD, LINK.wrapping_add(2)).op(TO_X, 0);
    p.op(LOAD_WORD, LINK.wrapping_add(8)).op(XOR_X, 0);
    p.op(RETURN_A, 0);
    p.finish()
}

/// Ends with the addresses behind a header of so many bytes, whose last two say what follows.
fn behind(p: &mut Assembler, header: u32, (ipv4, ipv6): (u32, u32), label: Label) {
    let at = |offset: u32| NETWORK.wrapping_add(header).wrapping_add(offset);
    p.op(LOAD_HALF, at(0).wrapping_sub(2))
        .jump(JUMP_EQUAL, ipv6, To::Label(label), To::Next)
        .jump(JUMP_EQUAL, ipv4, To::Next, To::Label(Label::Links));
    combine(p, at(12), 2);
    p.label(label);
    combine(p, at(8), 8);
}

/// Ends with so many words from `from` on, combined. Neighbours in a subnet differ in their last bits, by which they are shared out.
fn combine(p: &mut Assembler, from: u32, words: u32) {
    for n in 0..words {
        p.op(LOAD_WORD, from.wrapping_add(n.wrapping_mul(4)));
        if n != 0 {
            p.op(XOR_X, 0);
        }
        p.op(TO_X, 0);
    }
    p.op(RETURN_A, 0);
}

#[cfg(test)]
#[path = "filter_tests.rs"]
#[allow(clippy::arithmetic_side_effects)] // tests compute with numbers they chose
mod tests;
