//! DNS messages (RFC 1035) as resolvers and servers write them.
//!
//! ```
//! use testkit::dns;
//!
//! let question = dns::query(0x1a2b, "www.example.com", dns::A).edns(1232);
//! let answer = dns::response(0x1a2b, "www.example.com", dns::A)
//!     .cname("www.example.com", "edge.example.net")
//!     .a("edge.example.net", "192.0.2.9");
//! assert_eq!(answer.names()[1].1, "www.example.com"); // the owner of the CNAME record
//! let bytes: Vec<u8> = answer.into();
//! ```

mod codes;
pub mod malformed;
mod name;

use std::net::{Ipv4Addr, Ipv6Addr};

pub use codes::*;
use name::End;
pub use name::Name;

/// Where in a message a name stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Place {
    /// In the question section.
    Question,
    /// As owner or target of a record.
    Record,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Section {
    Answer,
    Authority,
    Additional,
}

/// A message under construction. Records go into the answer section until [`Message::authority`]
/// or [`Message::additional`] is called.
#[derive(Clone, Debug)]
pub struct Message {
    id: u16,
    flags: u16,
    counts: [u16; 4],
    body: Vec<u8>,
    section: Section,
    class: u16,
    compress: bool,
    /// Label suffixes already written, with their offset in the message.
    written: Vec<(Vec<Vec<u8>>, u16)>,
    names: Vec<(Place, String)>,
}

const HEADER: usize = 12;
const IN: u16 = 1;
const QR: u16 = 0x8000;
const AA: u16 = 0x0400;
const TC: u16 = 0x0200;
const RD: u16 = 0x0100;
const RA: u16 = 0x0080;

/// A message without any section yet.
pub fn message(id: u16) -> Message {
    Message {
        id,
        flags: 0,
        counts: [0; 4],
        body: Vec::new(),
        section: Section::Answer,
        class: IN,
        compress: true,
        written: Vec::new(),
        names: Vec::new(),
    }
}

/// A query with one question, recursion desired.
pub fn query(id: u16, name: impl Into<Name>, kind: u16) -> Message {
    let mut message = message(id).question(name, kind);
    message.flags = RD;
    message
}

/// A recursive resolver's response with the question repeated and no record yet.
pub fn response(id: u16, name: impl Into<Name>, kind: u16) -> Message {
    let mut message = query(id, name, kind);
    message.flags |= QR | RA;
    message
}

impl Message {
    /// Adds a question, of class IN unless [`Message::class`] was called.
    pub fn question(mut self, name: impl Into<Name>, kind: u16) -> Self {
        let name = name.into();
        self.note(Place::Question, &name);
        self.write_name(&name, true);
        self.body.extend_from_slice(&kind.to_be_bytes());
        self.body.extend_from_slice(&self.class.to_be_bytes());
        self.counts[0] += 1;
        self
    }

    /// Makes it a response (the QR flag).
    pub fn is_response(mut self) -> Self {
        self.flags |= QR;
        self
    }

    /// Sets the authoritative answer flag.
    pub fn authoritative(mut self) -> Self {
        self.flags |= AA;
        self
    }

    /// Sets the truncation flag.
    pub fn truncated(mut self) -> Self {
        self.flags |= TC;
        self
    }

    /// Sets the response code.
    pub fn rcode(mut self, rcode: u8) -> Self {
        self.flags = (self.flags & !0xf) | u16::from(rcode & 0xf);
        self
    }

    /// Sets the operation code.
    pub fn opcode(mut self, opcode: u8) -> Self {
        self.flags = (self.flags & !0x7800) | u16::from(opcode & 0xf) << 11;
        self
    }

    /// Overwrites a section's record count (0 question to 3 additional), to tell a lie.
    pub fn claim_count(mut self, section: usize, count: u16) -> Self {
        self.counts[section] = count;
        self
    }

    /// Questions and records from here on have this class, and the bits that multicast DNS keeps
    /// in it.
    pub fn class(mut self, class: u16) -> Self {
        self.class = class;
        self
    }

    /// Writes every name in full from here on.
    pub fn uncompressed(mut self) -> Self {
        self.compress = false;
        self
    }

    /// Records from here on go into the authority section.
    pub fn authority(mut self) -> Self {
        assert!(self.section == Section::Answer, "sections come in order");
        self.section = Section::Authority;
        self
    }

    /// Records from here on go into the additional section.
    pub fn additional(mut self) -> Self {
        self.section = Section::Additional;
        self
    }

    /// IPv4 address.
    pub fn a(self, owner: impl Into<Name>, address: &str) -> Self {
        let address: Ipv4Addr = address.parse().expect("an IPv4 address");
        self.record(owner, A, 300, &address.octets())
    }

    /// IPv6 address.
    pub fn aaaa(self, owner: impl Into<Name>, address: &str) -> Self {
        let address: Ipv6Addr = address.parse().expect("an IPv6 address");
        self.record(owner, AAAA, 300, &address.octets())
    }

    /// Alias.
    pub fn cname(self, owner: impl Into<Name>, target: impl Into<Name>) -> Self {
        self.named(owner, CNAME, &[], &[target.into()], true, &[])
    }

    /// Name server.
    pub fn ns(self, owner: impl Into<Name>, server: impl Into<Name>) -> Self {
        self.named(owner, NS, &[], &[server.into()], true, &[])
    }

    /// Name of an address.
    pub fn ptr(self, owner: impl Into<Name>, target: impl Into<Name>) -> Self {
        self.named(owner, PTR, &[], &[target.into()], true, &[])
    }

    /// Mail exchange.
    pub fn mx(self, owner: impl Into<Name>, preference: u16, exchange: impl Into<Name>) -> Self {
        self.named(
            owner,
            MX,
            &preference.to_be_bytes(),
            &[exchange.into()],
            true,
            &[],
        )
    }

    /// Start of authority, with the zone's primary server and its mailbox written as a name.
    pub fn soa(
        self,
        owner: impl Into<Name>,
        server: impl Into<Name>,
        mailbox: impl Into<Name>,
    ) -> Self {
        let mut numbers = Vec::new();
        for number in [2_021_071_801u32, 7200, 3600, 1_209_600, 300] {
            numbers.extend_from_slice(&number.to_be_bytes());
        }
        self.named(
            owner,
            SOA,
            &[],
            &[server.into(), mailbox.into()],
            true,
            &numbers,
        )
    }

    /// Service location. The target is never compressed (RFC 2782).
    pub fn srv(self, owner: impl Into<Name>, port: u16, target: impl Into<Name>) -> Self {
        let mut front = vec![0, 10, 0, 5]; // priority, weight
        front.extend_from_slice(&port.to_be_bytes());
        self.named(owner, SRV, &front, &[target.into()], false, &[])
    }

    /// Redirection of a subtree. The target is never compressed (RFC 6672, section 2.1).
    pub fn dname(self, owner: impl Into<Name>, target: impl Into<Name>) -> Self {
        self.named(owner, DNAME, &[], &[target.into()], false, &[])
    }

    /// Text strings of at most 255 bytes each.
    pub fn txt(self, owner: impl Into<Name>, texts: &[&str]) -> Self {
        let mut rdata = Vec::new();
        for text in texts {
            push_string(&mut rdata, text.as_bytes());
        }
        self.record(owner, TXT, 300, &rdata)
    }

    /// Service binding. Priority 0 is an alias to the target; parameters are (key, value).
    pub fn svcb(
        self,
        owner: impl Into<Name>,
        priority: u16,
        target: impl Into<Name>,
        parameters: &[(u16, &[u8])],
    ) -> Self {
        self.binding(SVCB, owner.into(), priority, target.into(), parameters)
    }

    /// Service binding for HTTPS, which phones ask for before every connection.
    pub fn https(
        self,
        owner: impl Into<Name>,
        priority: u16,
        target: impl Into<Name>,
        parameters: &[(u16, &[u8])],
    ) -> Self {
        self.binding(HTTPS, owner.into(), priority, target.into(), parameters)
    }

    /// Naming authority pointer with an empty regular expression.
    pub fn naptr(
        self,
        owner: impl Into<Name>,
        service: &str,
        replacement: impl Into<Name>,
    ) -> Self {
        let mut front = vec![0, 100, 0, 10]; // order, preference
        push_string(&mut front, b"s");
        push_string(&mut front, service.as_bytes());
        push_string(&mut front, b"");
        self.named(owner, NAPTR, &front, &[replacement.into()], false, &[])
    }

    /// EDNS with the given payload size, in the additional section.
    pub fn edns(mut self, payload_size: u16) -> Self {
        self.section = Section::Additional;
        self.body.push(0); // owner: the root
        self.body.extend_from_slice(&OPT.to_be_bytes());
        self.body.extend_from_slice(&payload_size.to_be_bytes());
        self.body.extend_from_slice(&[0, 0, 0, 0]); // extended code, version, flags
        self.body.extend_from_slice(&[0, 0]); // no options
        self.counts[3] += 1;
        self
    }

    /// Any record with its data given as bytes.
    pub fn record(mut self, owner: impl Into<Name>, kind: u16, ttl: u32, rdata: &[u8]) -> Self {
        self.begin_record(&owner.into(), kind, ttl);
        let length = u16::try_from(rdata.len()).expect("record data below 64 KiB");
        self.body.extend_from_slice(&length.to_be_bytes());
        self.body.extend_from_slice(rdata);
        self
    }

    /// Bytes as they are, counted nowhere: for malformed messages and trailing junk.
    pub fn raw(mut self, bytes: &[u8]) -> Self {
        self.body.extend_from_slice(bytes);
        self
    }

    /// Every name put in, in the order of the message, as an observation prints it. The root is
    /// not a name. The same name appears as often as it was written.
    pub fn names(&self) -> &[(Place, String)] {
        &self.names
    }

    /// The message with the two-byte length in front that TCP needs (RFC 1035, section 4.2.2).
    pub fn over_tcp(self) -> Vec<u8> {
        let bytes: Vec<u8> = self.into();
        let mut out = u16::try_from(bytes.len())
            .expect("at most 64 KiB")
            .to_be_bytes()
            .to_vec();
        out.extend_from_slice(&bytes);
        out
    }

    fn binding(
        self,
        kind: u16,
        owner: Name,
        priority: u16,
        target: Name,
        parameters: &[(u16, &[u8])],
    ) -> Self {
        let mut back = Vec::new();
        for (key, value) in parameters {
            back.extend_from_slice(&key.to_be_bytes());
            back.extend_from_slice(&(value.len() as u16).to_be_bytes());
            back.extend_from_slice(value);
        }
        self.named(
            owner,
            kind,
            &priority.to_be_bytes(),
            &[target],
            false,
            &back,
        )
    }

    fn named(
        mut self,
        owner: impl Into<Name>,
        kind: u16,
        front: &[u8],
        names: &[Name],
        compress: bool,
        back: &[u8],
    ) -> Self {
        self.begin_record(&owner.into(), kind, 300);
        let length_at = self.body.len();
        self.body.extend_from_slice(&[0, 0]);
        self.body.extend_from_slice(front);
        for name in names {
            self.note(Place::Record, name);
            self.write_name(name, compress);
        }
        self.body.extend_from_slice(back);
        let length = u16::try_from(self.body.len() - length_at - 2).expect("below 64 KiB");
        self.body[length_at..length_at + 2].copy_from_slice(&length.to_be_bytes());
        self
    }

    fn begin_record(&mut self, owner: &Name, kind: u16, ttl: u32) {
        self.counts[match self.section {
            Section::Answer => 1,
            Section::Authority => 2,
            Section::Additional => 3,
        }] += 1;
        self.note(Place::Record, owner);
        self.write_name(owner, true);
        self.body.extend_from_slice(&kind.to_be_bytes());
        self.body.extend_from_slice(&self.class.to_be_bytes());
        self.body.extend_from_slice(&ttl.to_be_bytes());
    }

    fn note(&mut self, place: Place, name: &Name) {
        // What a name with hand-made ending says depends on the reader.
        if name.end == End::Root && !name.labels.is_empty() {
            self.names.push((place, name.observed()));
        }
    }

    fn write_name(&mut self, name: &Name, compress: bool) {
        if name.end != End::Root {
            self.body.extend_from_slice(&name.wire());
            return;
        }
        for i in 0..name.labels.len() {
            let suffix = &name.labels[i..];
            if compress && self.compress {
                // Case counts: servers repeat the spelling they were asked with (0x20).
                if let Some((_, offset)) = self.written.iter().find(|known| known.0 == suffix) {
                    self.body
                        .extend_from_slice(&(0xc000 | offset).to_be_bytes());
                    return;
                }
            }
            let offset = HEADER + self.body.len();
            if offset < 0x4000 {
                self.written.push((suffix.to_vec(), offset as u16));
            }
            self.body
                .push(u8::try_from(name.labels[i].len()).expect("a label of at most 255"));
            self.body.extend_from_slice(&name.labels[i]);
        }
        self.body.push(0);
    }
}

impl From<Message> for Vec<u8> {
    fn from(message: Message) -> Self {
        let mut out = Vec::with_capacity(HEADER + message.body.len());
        out.extend_from_slice(&message.id.to_be_bytes());
        out.extend_from_slice(&message.flags.to_be_bytes());
        for count in message.counts {
            out.extend_from_slice(&count.to_be_bytes());
        }
        out.extend_from_slice(&message.body);
        out
    }
}

fn push_string(out: &mut Vec<u8>, text: &[u8]) {
    out.push(u8::try_from(text.len()).expect("a character string of at most 255 bytes"));
    out.extend_from_slice(text);
}

#[cfg(test)]
mod tests {
    use super::*;
    use simple_dns::Packet;
    use simple_dns::rdata::RData;

    #[test]
    fn simple_dns_reads_every_kind_of_record() {
        let bytes: Vec<u8> = response(7, "a.example.com", ANY)
            .a("a.example.com", "192.0.2.1")
            .aaaa("a.example.com", "2001:db8::1")
            .cname("b.example.com", "c.example.com")
            .ptr("1.2.0.192.in-addr.arpa", "a.example.com")
            .mx("example.com", 10, "mx.example.com")
            .srv("_sip._udp.example.com", 5060, "sip.example.com")
            .dname("old.example.com", "new.example.com")
            .txt("example.com", &["v=spf1 -all", "second"])
            .naptr("example.com", "SIP+D2U", "_sip._udp.example.com")
            .https("example.com", 1, "svc.example.net", &[(1, b"\x02h2")])
            .svcb("_dns.example.com", 0, "alias.example.net", &[])
            .record("x.example.com", 65_280, 60, b"private use")
            .authority()
            .soa("example.com", "ns.example.com", "hostmaster.example.com")
            .ns("example.com", "ns.example.com")
            .additional()
            .edns(1232)
            .into();
        let packet = Packet::parse(&bytes).unwrap();
        assert_eq!((packet.answers.len(), packet.name_servers.len()), (12, 2));
        assert!(packet.opt().is_some());
        let shown: Vec<String> = packet.answers.iter().map(|r| r.name.to_string()).collect();
        assert_eq!(shown[2], "b.example.com");
        let RData::CNAME(target) = &packet.answers[2].rdata else {
            panic!("CNAME expected")
        };
        assert_eq!(target.0.to_string(), "c.example.com");
        let RData::SOA(soa) = &packet.name_servers[0].rdata else {
            panic!("SOA expected")
        };
        assert_eq!(soa.rname.to_string(), "hostmaster.example.com");
        let RData::HTTPS(https) = &packet.answers[9].rdata else {
            panic!("HTTPS expected")
        };
        assert_eq!(https.0.target.to_string(), "svc.example.net");
    }

    #[test]
    fn compression_points_at_the_longest_known_suffix() {
        let bytes: Vec<u8> = response(1, "www.example.com", A)
            .cname("www.example.com", "cdn.example.com")
            .into();
        let question = 12 + 17 + 4;
        assert_eq!(bytes[question..question + 2], [0xc0, 12]);
        assert_eq!(bytes[question + 12..], [3, b'c', b'd', b'n', 0xc0, 16]);
        let full: Vec<u8> = response(1, "www.example.com", A)
            .uncompressed()
            .cname("www.example.com", "cdn.example.com")
            .into();
        assert!(full.len() > bytes.len());
        assert_eq!(
            Packet::parse(&full).unwrap().answers,
            Packet::parse(&bytes).unwrap().answers
        );
    }

    #[test]
    fn names_are_noted_as_an_observation_prints_them() {
        let message = response(1, "WWW.Example.COM.", SRV)
            .srv("caf\\195\\169.example.com", 1, ".")
            .txt("a\\.b.example.com", &["free text names nobody.example"])
            .edns(512);
        let names: Vec<&str> = message
            .names()
            .iter()
            .map(|(_, name)| name.as_str())
            .collect();
        assert_eq!(
            names,
            [
                "www.example.com",
                "caf\\195\\169.example.com",
                "a\\046b.example.com"
            ]
        );
        assert_eq!(message.names()[0].0, Place::Question);
    }

    #[test]
    fn flags_and_codes_land_in_their_bits() {
        let bytes: Vec<u8> = response(0xabcd, "example.com", A)
            .authoritative()
            .truncated()
            .opcode(opcode::NOTIFY)
            .rcode(rcode::NXDOMAIN)
            .into();
        assert_eq!(bytes[..4], [0xab, 0xcd, 0b1010_0111, 0b1000_0011]);
    }
}
