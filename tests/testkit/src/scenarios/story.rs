//! A recorder: packets go in one after the other, and every name they carry is noted with them.

use std::net::SocketAddr;

use crate::capture::Packet;
use crate::conversation::{Conversation, tcp};
use crate::dns::{self, Message, Place};
use crate::frame::Link;
use crate::rng::Rng;
use crate::tls::{self, ClientHello};

/// A name that a packet carries, noted by whoever put it in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Observed {
    /// Number of the packet in its file, from 1.
    pub packet: usize,
    /// Nanoseconds since 1970, unless the file does not say.
    pub time: Option<u64>,
    /// `dns_query`, `dns_answer`, `tls_sni` and so on.
    pub kind: &'static str,
    /// Lower case, without the final dot.
    pub name: String,
    /// Source of the packet.
    pub src: SocketAddr,
    /// Destination of the packet.
    pub dst: SocketAddr,
    /// The address that asked, was answered, or connected.
    pub device: String,
}

/// A name planted for the program to find.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Planted {
    /// The name in the packets.
    pub name: String,
    /// The indicator that covers it.
    pub indicator: String,
}

/// A device behind a link, with the resolver it asks.
#[derive(Clone, Debug)]
pub struct Device {
    /// Link layer of its frames.
    pub link: Link,
    /// Its address.
    pub address: String,
    /// Address of its resolver.
    pub resolver: String,
    ports: Rng,
}

impl Device {
    /// A device with an address, asking a resolver of the same family.
    pub fn new(link: Link, address: &str, resolver: &str) -> Self {
        Device {
            link,
            address: address.into(),
            resolver: resolver.into(),
            ports: Rng::from_text(address),
        }
    }

    fn socket(&mut self) -> String {
        let port = 49_152 + self.ports.below(16_000) as u16;
        at_port(&self.address, port)
    }
}

/// `address:port`, with brackets where the address needs them.
pub fn at_port(address: &str, port: u16) -> String {
    if address.contains(':') {
        format!("[{address}]:{port}")
    } else {
        format!("{address}:{port}")
    }
}

/// What happens in a capture, in order.
#[derive(Clone, Debug)]
pub struct Story {
    now: u64,
    ids: Rng,
    packets: Vec<Packet>,
    observed: Vec<Observed>,
    planted: Vec<Planted>,
}

impl Story {
    /// A story that begins at a second since 1970.
    pub fn at(seconds: u64) -> Self {
        Story {
            now: seconds * 1_000_000_000,
            ids: Rng::new(seconds),
            packets: Vec::new(),
            observed: Vec::new(),
            planted: Vec::new(),
        }
    }

    /// Says that `name` is a planted contact, covered by `indicator`.
    pub fn plant(&mut self, name: &str, indicator: &str) {
        let below = name.strip_suffix(indicator);
        assert!(
            below.is_some_and(|rest| rest.is_empty() || rest.ends_with('.')),
            "{name}"
        );
        if !self.planted.iter().any(|planted| planted.name == name) {
            self.planted.push(Planted {
                name: name.into(),
                indicator: indicator.into(),
            });
        }
    }

    /// Lets time pass.
    pub fn wait(&mut self, milliseconds: u64) {
        self.now += milliseconds * 1_000_000;
    }

    /// A frame that carries no name, or none that the reader of this file must find.
    pub fn frame(&mut self, frame: Vec<u8>) {
        self.packet(Packet::new(self.now, frame));
    }

    /// A frame that the capture cut.
    pub fn snapped_frame(&mut self, frame: Vec<u8>, len: usize) {
        self.packet(Packet::new(self.now, frame).snapped(len));
    }

    /// A DNS message in one datagram from `src` to `dst`, both `address:port`.
    pub fn message(&mut self, link: &Link, src: &str, dst: &str, message: Message) {
        let (src, dst): (SocketAddr, SocketAddr) = (src.parse().unwrap(), dst.parse().unwrap());
        self.note_message(src, dst, &message);
        let frame = link
            .clone()
            .ip(&src.ip().to_string(), &dst.ip().to_string())
            .id(self.ids.below(0x1_0000) as u32)
            .udp(src.port(), dst.port())
            .payload(message);
        self.frame(frame);
    }

    /// Notes the names of a DNS message in the packet that is added next.
    pub fn note_message(&mut self, src: SocketAddr, dst: SocketAddr, message: &Message) {
        // The resolver's side has port 53: the device is the other one.
        let device = if dst.port() == 53 { src } else { dst };
        for (place, name) in message.names() {
            let kind = match place {
                Place::Question => "dns_query",
                Place::Record => "dns_answer",
            };
            self.note(0, kind, name, src, dst, device);
        }
    }

    /// A device asks and its resolver answers, 20 ms later, with what `records` adds.
    pub fn lookup(
        &mut self,
        device: &mut Device,
        name: &str,
        kind: u16,
        records: impl FnOnce(Message) -> Message,
    ) {
        let id = self.ids.below(0x1_0000) as u16;
        let (client, resolver) = (device.socket(), at_port(&device.resolver, 53));
        self.message(&device.link, &client, &resolver, dns::query(id, name, kind));
        self.wait(20);
        let answer = records(dns::response(id, name, kind));
        self.message(&device.link.clone().reversed(), &resolver, &client, answer);
        self.wait(30);
    }

    /// A lookup answered with one address of the right family.
    pub fn resolve(&mut self, device: &mut Device, name: &str, address: &str) {
        if address.contains(':') {
            self.lookup(device, name, dns::AAAA, |answer| answer.aaaa(name, address));
        } else {
            self.lookup(device, name, dns::A, |answer| answer.a(name, address));
        }
    }

    /// A lookup of a name that no longer exists.
    pub fn resolve_in_vain(&mut self, device: &mut Device, name: &str, zone: &str) {
        self.lookup(device, name, dns::A, |answer| {
            let server = format!("a.nic.{zone}");
            answer
                .rcode(dns::rcode::NXDOMAIN)
                .authority()
                .soa(zone, server, format!("ops.{zone}"))
        });
    }

    /// A TLS connection: opens, says hello in segments that are cut at `cuts`, gets some data,
    /// closes.
    pub fn connect_cut(
        &mut self,
        device: &mut Device,
        server: &str,
        hello: &ClientHello,
        records: Vec<u8>,
        cuts: &[usize],
    ) {
        let client = device.socket();
        let conversation = tcp(device.link.clone(), &client, server)
            .at(self.now)
            .opens();
        let first = conversation.len();
        let segments = match cuts.len() {
            0 => records.len().div_ceil(1_400),
            n => n + 1,
        };
        let conversation = conversation.client_sends_cut(records, cuts);
        if let Some(name) = hello.server_name() {
            // The hello is read when its last byte has come.
            let at = first + segments - 1;
            let (src, dst) = (client.parse().unwrap(), server.parse().unwrap());
            let time = conversation.clone().packets()[at].time;
            self.note_at(at, Some(time), "tls_sni", name, src, dst, src);
        }
        self.conversation(
            conversation
                .server_sends([tls::server_hello(), tls::application_data(600)].concat())
                .client_sends(tls::application_data(90))
                .server_sends(tls::application_data(240))
                .closes(),
        );
    }

    /// [`Story::connect_cut`] in whole segments.
    pub fn connect(&mut self, device: &mut Device, server: &str, hello: &ClientHello) {
        self.connect_cut(device, server, hello, hello.records(), &[]);
    }

    /// A lookup and a TLS connection on port 443 with the same name.
    pub fn browse(&mut self, device: &mut Device, name: &str, address: &str) {
        self.resolve(device, name, address);
        self.connect(device, &at_port(address, 443), &tls::client_hello(name));
    }

    /// All packets of a connection.
    pub fn conversation(&mut self, conversation: Conversation) {
        for packet in conversation.packets() {
            self.now = packet.time;
            self.packet(packet);
        }
        self.wait(40);
    }

    /// A client's socket that is not used yet.
    pub fn socket(&mut self, device: &mut Device) -> String {
        device.socket()
    }

    /// Time of the next packet.
    pub fn now(&self) -> u64 {
        self.now
    }

    /// Packets so far.
    pub fn packet_count(&self) -> usize {
        self.packets.len()
    }

    /// Notes a name in the packet `ahead` after the next one. Times are those of the packets.
    pub fn note(
        &mut self,
        ahead: usize,
        kind: &'static str,
        name: &str,
        src: SocketAddr,
        dst: SocketAddr,
        device: SocketAddr,
    ) {
        self.note_at(ahead, Some(self.now), kind, name, src, dst, device);
    }

    /// [`Story::note`] where nobody says when: for names that one packet of several makes whole.
    pub fn note_found(
        &mut self,
        ahead: usize,
        kind: &'static str,
        name: &str,
        src: &str,
        dst: &str,
    ) {
        let (src, dst): (SocketAddr, SocketAddr) = (src.parse().unwrap(), dst.parse().unwrap());
        let device = if src.port() == 53 { dst } else { src };
        self.note_at(ahead, None, kind, name, src, dst, device);
    }

    #[allow(clippy::too_many_arguments)] // one row of a table
    fn note_at(
        &mut self,
        ahead: usize,
        time: Option<u64>,
        kind: &'static str,
        name: &str,
        src: SocketAddr,
        dst: SocketAddr,
        device: SocketAddr,
    ) {
        let row = Observed {
            packet: self.packets.len() + 1 + ahead,
            time,
            kind,
            name: name.into(),
            src,
            dst,
            device: device.ip().to_string(),
        };
        if !self.observed.contains(&row) {
            self.observed.push(row);
        }
    }

    fn packet(&mut self, packet: Packet) {
        self.packets.push(packet);
        self.now += 1_000_000;
    }

    /// Ends the story. `write` makes the file out of the packets.
    pub fn ends(
        self,
        file: &'static str,
        about: &'static str,
        write: impl FnOnce(&[Packet]) -> Vec<u8>,
    ) -> super::Scenario {
        super::Scenario {
            file,
            about,
            bytes: write(&self.packets),
            packets: self.packets.len(),
            observed: self.observed,
            planted: self.planted,
        }
    }

    /// Moves every packet and note, so that times are not whole microseconds.
    pub fn shift_nanoseconds(&mut self, by: u64) {
        for packet in &mut self.packets {
            packet.time += by;
        }
        for time in self.observed.iter_mut().filter_map(|row| row.time.as_mut()) {
            *time += by;
        }
    }

    /// Forgets the times noted for a packet (from 1) that its file stores without one.
    pub fn without_time(&mut self, packet: usize) {
        for row in self.observed.iter_mut().filter(|row| row.packet == packet) {
            row.time = None;
        }
    }
}
