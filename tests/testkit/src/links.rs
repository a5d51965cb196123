//! A packet in a frame of every link type that leads to one.
//!
//! The common ones, with VLAN tags and addresses of your choice, are in [`crate::frame`]; here are the
//! others, each with the plainest header it can have, and with the variants that captures hold.

use crate::frame::{CLIENT_MAC, GATEWAY_MAC, ethernet, link_type};
use crate::wifi::{self, llc_snap};

/// A frame, and the LINKTYPE_ number that its capture must announce.
#[derive(Clone, Debug)]
pub struct Sample {
    /// LINKTYPE_ number.
    pub link_type: u32,
    /// What is special in it.
    pub what: &'static str,
    /// The frame.
    pub frame: Vec<u8>,
}

fn join(parts: &[&[u8]]) -> Vec<u8> {
    parts.concat()
}

/// `packet` in every link type; `ether_type` says what it is.
pub fn every(ether_type: u16, packet: &[u8]) -> Vec<Sample> {
    let mut out = Vec::new();
    let mut add = |link_type: u32, what: &'static str, frame: Vec<u8>| {
        out.push(Sample {
            link_type,
            what,
            frame,
        });
    };
    cooked(&mut add, ether_type, packet);
    radio(&mut add, ether_type, packet);
    serial(&mut add, ether_type, packet);
    networks(&mut add, ether_type, packet);
    wrapped(&mut add, ether_type, packet);
    out
}

type Add<'a> = &'a mut dyn FnMut(u32, &'static str, Vec<u8>);

/// Linux cooked, version 1 and 2, with this device kind and protocol.
fn cooked_frames(device: u16, protocol: u16, rest: &[u8]) -> [(u32, Vec<u8>); 2] {
    let (d, p) = (device.to_be_bytes(), protocol.to_be_bytes());
    [
        (
            link_type::LINUX_SLL,
            join(&[&[0, 0], &d, &[0; 10], &p, rest]),
        ),
        (
            link_type::LINUX_SLL2,
            join(&[&p, &[0, 0, 0, 0, 0, 2], &d, &[0; 10], rest]),
        ),
    ]
}

fn cooked(add: Add<'_>, ether_type: u16, packet: &[u8]) {
    let wifi = wifi::data().msdu(ether_type, packet);
    let whole = ethernet().payload(ether_type, packet);
    for (device, protocol, what, rest) in [
        (1, 0x0004, "LLC", llc_snap(ether_type, packet)),
        (1, 0x0003, "a whole Ethernet frame", whole),
        (512, 0x0007, "PPP", ppp(ether_type, packet)),
        (65_534, 0x0000, "no protocol", packet.to_vec()),
        (801, 0x0004, "802.11", wifi.clone()),
        (802, 0x0004, "Prism", wifi::prism(false, &wifi)),
        (803, 0x0004, "radiotap", wifi::radiotap(0, 0, &wifi)),
        (
            770,
            ether_type,
            "Frame Relay",
            frame_relay(2, &[0x03, nlpid(ether_type)], packet),
        ),
    ] {
        for (link_type, frame) in cooked_frames(device, protocol, &rest) {
            add(link_type, what, frame);
        }
    }
}

fn radio(add: Add<'_>, ether_type: u16, packet: &[u8]) {
    let data = wifi::data;
    let bare = data().msdu(ether_type, packet);
    for (what, frame) in [
        ("to the access point", bare.clone()),
        (
            "from the access point",
            data().from_access_point().msdu(ether_type, packet),
        ),
        ("ad hoc", data().ad_hoc().msdu(ether_type, packet)),
        ("QoS", data().qos().msdu(ether_type, packet)),
        ("HT control", data().ht_control().msdu(ether_type, packet)),
        (
            "four addresses",
            data().four_addresses().qos().msdu(ether_type, packet),
        ),
        ("mesh", data().mesh(0).msdu(ether_type, packet)),
        (
            "mesh, one address more",
            data().mesh(1).msdu(ether_type, packet),
        ),
        (
            "mesh, two addresses more",
            data().mesh(2).msdu(ether_type, packet),
        ),
        (
            "protected flag left on",
            data().protected().msdu(ether_type, packet),
        ),
        (
            "protected flag and CCMP header left on",
            data()
                .protected()
                .qos()
                .body(&join(&[&[9; 8], &llc_snap(ether_type, packet)])),
        ),
        (
            "an Ethernet frame inside",
            data().body(&ethernet().payload(ether_type, packet)),
        ),
        (
            "a check sequence at the end",
            join(&[&bare, &[0xde, 0xad, 0xbe, 0xef]]),
        ),
    ] {
        add(105, what, frame);
    }
    add(127, "radiotap", wifi::radiotap(0x10, 0, &bare));
    add(127, "presence words", wifi::radiotap(0x00, 3, &bare));
    add(
        127,
        "padded header",
        wifi::radiotap(0x20, 1, &data().qos().padded().msdu(ether_type, packet)),
    );
    add(
        127,
        "no fields",
        join(&[&[0, 0, 8, 0, 0, 0, 0, 0], &data().msdu(ether_type, packet)]),
    );
    add(119, "Prism", wifi::prism(false, &bare));
    add(119, "Prism, big-endian", wifi::prism(true, &bare));
    add(119, "AVS under Prism's number", wifi::avs(&bare));
    add(163, "AVS", wifi::avs(&bare));
    add(192, "PPI, 802.11", wifi::ppi(105, &bare));
    add(
        192,
        "PPI, Ethernet",
        wifi::ppi(1, &ethernet().payload(ether_type, packet)),
    );
}

/// PPP from its protocol field on.
fn ppp(ether_type: u16, packet: &[u8]) -> Vec<u8> {
    let protocol = if ether_type == 0x0800 { 0x21 } else { 0x57 };
    join(&[&[0, protocol], packet])
}

fn nlpid(ether_type: u16) -> u8 {
    if ether_type == 0x0800 { 0xcc } else { 0x8e }
}

/// An address of two, three or four bytes, a header, a packet.
fn frame_relay(address: usize, header: &[u8], packet: &[u8]) -> Vec<u8> {
    let address: &[u8] = match address {
        2 => &[0x18, 0x41],
        3 => &[0x18, 0x40, 0x01],
        4 => &[0x18, 0x40, 0x00, 0x01],
        n => panic!("no Q.922 address has {n} bytes"),
    };
    join(&[address, header, packet])
}

fn cisco_hdlc(ether_type: u16, packet: &[u8]) -> Vec<u8> {
    join(&[&[0x0f, 0x00], &ether_type.to_be_bytes(), packet])
}

fn serial(add: Add<'_>, ether_type: u16, packet: &[u8]) {
    let bare = ppp(ether_type, packet);
    let framed = join(&[&[0xff, 0x03], &bare]);
    let cisco = cisco_hdlc(ether_type, packet);
    add(9, "PPP", bare.clone());
    add(9, "PPP with address and control", framed.clone());
    add(50, "PPP in HDLC", framed.clone());
    add(50, "Cisco HDLC under PPP's number", cisco.clone());
    add(166, "pppd", join(&[&[0x01, 0x03], &bare]));
    add(204, "PPP with direction", join(&[&[0], &framed]));
    add(104, "Cisco HDLC", cisco.clone());
    add(104, "PPP under Cisco's number", framed);
    add(205, "Cisco HDLC with direction", join(&[&[1], &cisco]));
    add(8, "SLIP", join(&[&[0x40; 16], packet]));
    let identified: &[u8] = &[0x03, nlpid(ether_type)];
    for (bytes, what) in [
        (2, "two bytes of address"),
        (3, "three bytes of address"),
        (4, "four bytes of address"),
    ] {
        add(107, what, frame_relay(bytes, identified, packet));
    }
    add(
        107,
        "padded identifier",
        frame_relay(2, &[0x03, 0x00, nlpid(ether_type)], packet),
    );
    add(
        107,
        "Cisco",
        frame_relay(2, &ether_type.to_be_bytes(), packet),
    );
    let [high, low] = ether_type.to_be_bytes();
    add(
        107,
        "SNAP",
        frame_relay(2, &[0x03, 0x00, 0x80, 0, 0, 0, high, low], packet),
    );
    add(
        107,
        "bridged",
        frame_relay(
            2,
            &[0x03, 0x00, 0x80, 0x00, 0x80, 0xc2, 0x00, 0x07],
            &ethernet().payload(ether_type, packet),
        ),
    );
    let relayed = frame_relay(2, identified, packet);
    add(206, "with direction", join(&[&[0], &relayed]));
    add(182, "multilink", join(&[&[0xc0, 0x07], &relayed]));
}

fn networks(add: Add<'_>, ether_type: u16, packet: &[u8]) {
    let llc = llc_snap(ether_type, packet);
    let whole = ethernet().payload(ether_type, packet);
    let addresses = join(&[&GATEWAY_MAC, &CLIENT_MAC]);
    add(10, "FDDI", join(&[&[0x50], &addresses, &llc]));
    add(6, "Token Ring", join(&[&[0x10, 0x40], &addresses, &llc]));
    let mut routed = join(&[&[0x10, 0x40], &addresses, &[6, 0x30, 0, 1, 0, 2], &llc]);
    routed[8] |= 0x80;
    add(6, "Token Ring with a route", routed);
    let protocol: &[u8] = if ether_type == 0x0800 { &[212] } else { &[196] };
    add(7, "ARCNET", join(&[&[1, 2], protocol, &[0, 0, 1], packet]));
    add(
        7,
        "ARCNET exception",
        join(&[
            &[1, 2],
            protocol,
            &[0xff, 0xff, 0xff, 0xff, 0, 0, 1],
            packet,
        ]),
    );
    add(
        129,
        "ARCNET on Linux",
        join(&[&[1, 2, 0, 3], protocol, &[0, 0, 1], packet]),
    );
    if ether_type == 0x0800 {
        add(129, "ARCNET, RFC 1051", join(&[&[1, 2, 0, 3, 240], packet]));
    }
    add(100, "ATM", llc.clone());
    add(
        100,
        "ATM, routed OSI",
        join(&[&[0xfe, 0xfe, 0x03, nlpid(ether_type)], packet]),
    );
    add(
        100,
        "ATM, bridged",
        join(&[
            &[0xaa, 0xaa, 0x03, 0x00, 0x80, 0xc2, 0x00, 0x07, 0, 0],
            &whole,
        ]),
    );
    add(106, "Classical IP with LLC", llc.clone());
    add(106, "Classical IP", packet.to_vec());
    add(123, "SunATM, LLC", join(&[&[0x82, 0, 0, 100], &llc]));
    add(
        123,
        "SunATM, LAN",
        join(&[&[0x01, 0, 0, 100, 0, 1], &whole]),
    );
    add(122, "Fibre Channel", join(&[&[0; 16], &llc]));
    add(
        138,
        "FireWire",
        join(&[&[0; 16], &ether_type.to_be_bytes(), packet]),
    );
    add(
        242,
        "InfiniBand",
        join(&[&[0; 40], &ether_type.to_be_bytes(), &[0, 0], packet]),
    );
    add(143, "DOCSIS", join(&[&[0x00, 0, 0, 0, 0, 0], &whole]));
    add(
        143,
        "DOCSIS with an extended header",
        join(&[&[0x01, 3, 0, 0, 0x12, 1, 2, 0, 0], &whole]),
    );
    let session = u16::try_from(packet.len() + 2).expect("a PPPoE length");
    add(
        51,
        "PPPoE",
        join(&[
            &[0x11, 0, 0, 1],
            &session.to_be_bytes(),
            &ppp(ether_type, packet),
        ]),
    );
}

fn wrapped(add: Add<'_>, ether_type: u16, packet: &[u8]) {
    let whole = ethernet().payload(ether_type, packet);
    let family: u8 = if ether_type == 0x0800 { 2 } else { 10 };
    for (what, bytes) in [
        ("little-endian", u16::to_le_bytes as fn(u16) -> [u8; 2]),
        ("big-endian", u16::to_be_bytes),
    ] {
        for family in [family, 7] {
            let payload = u16::try_from(packet.len() + 4).expect("16 bits");
            let frame = join(&[
                &[family, 0, 0, 5],
                &bytes(8),
                &bytes(1),
                &ether_type.to_be_bytes(),
                &[0, 0],
                &bytes(7),
                &bytes(10),
                &[b'x', b'y', 0, 0],
                &bytes(payload),
                &bytes(9),
                packet,
            ]);
            add(239, what, frame);
        }
    }
    for (number, what) in [(258, "PKTAP"), (149, "PKTAP under a user's number")] {
        let mut header = Vec::new();
        for field in [108u32, 1, 1] {
            header.extend_from_slice(&field.to_le_bytes());
        }
        header.resize(108, 0);
        add(number, what, join(&[&header, &whole]));
    }
    for length in [48usize, 61, 100] {
        let mut header = vec![u8::try_from(length).expect("short"), 2];
        header.resize(length.next_multiple_of(4), 0);
        add(117, "PFLOG", join(&[&header, packet]));
    }
    add(109, "ENC", join(&[&[0; 12], packet]));
    add(226, "IPNET", join(&[&[1; 24], packet]));
    add(178, "Juniper Ethernet", join(&[b"MGC\x01", &whole]));
    add(
        178,
        "Juniper Ethernet with extensions",
        join(&[b"MGC\x81", &[0, 3, 1, 1, 0], &whole]),
    );
    add(
        137,
        "Juniper without a link header",
        join(&[b"MGC\x02", &[0; 4], packet]),
    );
    add(
        179,
        "Juniper PPP",
        join(&[b"MGC\x00", &ppp(ether_type, packet)]),
    );
    add(
        180,
        "Juniper Frame Relay",
        join(&[
            b"MGC\x00",
            &frame_relay(2, &[0x03, nlpid(ether_type)], packet),
        ]),
    );
    add(
        181,
        "Juniper Cisco HDLC",
        join(&[b"MGC\x00", &cisco_hdlc(ether_type, packet)]),
    );
    endace(add, ether_type, packet);
    add(240, "netANALYZER", join(&[&[0; 4], &whole]));
    add(
        241,
        "netANALYZER with preamble",
        join(&[&[0; 4], &[0x55; 7], &[0xd5], &whole]),
    );
    add(274, "mPacket", join(&[&[0x55; 7], &[0xd5], &whole]));
    add(259, "EPON", join(&[&[0x55; 8], &whole]));
    let (addresses, typed) = whole.split_at(12);
    add(281, "Broadcom", join(&[addresses, &[0x20, 0, 0, 1], typed]));
    add(282, "Broadcom in front", join(&[&[0x20, 0, 0, 1], &whole]));
    add(284, "Marvell", join(&[addresses, &[0xc0, 0, 0, 1], typed]));
    add(
        285,
        "Marvell with type",
        join(&[addresses, &[0xda, 0xda, 0, 0, 0xc0, 0, 0, 1], typed]),
    );
}

fn endace(add: Add<'_>, ether_type: u16, packet: &[u8]) {
    let header = |kind: u8| {
        let mut header = vec![0; 16];
        header[8] = kind;
        header
    };
    let whole = ethernet().payload(ether_type, packet);
    let llc = llc_snap(ether_type, packet);
    add(197, "ERF Ethernet", join(&[&header(2), &[0, 0], &whole]));
    let extensions = [0x80, 0, 0, 0, 0, 0, 0, 0, 0x03, 0, 0, 0, 0, 0, 0, 0];
    add(
        197,
        "ERF with extensions",
        join(&[&header(0x82), &extensions, &[0, 0], &whole]),
    );
    let cisco = cisco_hdlc(ether_type, packet);
    add(197, "ERF on SONET", join(&[&header(1), &cisco]));
    add(197, "ERF channel", join(&[&header(5), &[0; 4], &cisco]));
    add(197, "ERF AAL5", join(&[&header(4), &[0; 4], &llc]));
    add(197, "ERF IP", join(&[&header(22), packet]));
}
