//! Tunnel headers around a finished frame or packet.
//!
//! Each function gives what stands behind the EtherType, the IP protocol number or the UDP port of
//! its tunnel:
//!
//! ```
//! use testkit::frame::{ethernet, raw};
//! use testkit::tunnel::{mpls, vxlan};
//!
//! let packet = raw().ipv4("10.0.0.7", "192.0.2.53").udp(1, 53).payload("hello");
//! let frame = ethernet().payload(0x8847, &mpls(&[100, 200], &packet));
//! let outer: Vec<u8> = ethernet()
//!     .ipv4("198.51.100.1", "198.51.100.2")
//!     .udp(50_000, 4_789)
//!     .payload(vxlan(42, &frame));
//! assert_eq!(outer.len(), 14 + 20 + 8 + 8 + frame.len());
//! ```

fn join(parts: &[&[u8]]) -> Vec<u8> {
    parts.concat()
}

fn bits24(value: u32) -> [u8; 3] {
    assert!(value < 1 << 24, "24 bits");
    let [_, a, b, c] = value.to_be_bytes();
    [a, b, c]
}

fn length(of: usize) -> [u8; 2] {
    u16::try_from(of).expect("16 bits of length").to_be_bytes()
}

/// An MPLS stack, the topmost label first (RFC 3032).
pub fn mpls(labels: &[u32], inner: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    for (i, label) in labels.iter().enumerate() {
        let bottom = u32::from(i + 1 == labels.len());
        out.extend_from_slice(&(label << 12 | bottom << 8 | 64).to_be_bytes());
    }
    join(&[&out, inner])
}

/// A pseudowire's control word (RFC 4385) in front of a frame.
pub fn control_word(inner: &[u8]) -> Vec<u8> {
    join(&[&[0, 0, 0, 1], inner])
}

/// PPP with an uncompressed protocol field.
pub fn ppp(protocol: u16, inner: &[u8]) -> Vec<u8> {
    join(&[&protocol.to_be_bytes(), inner])
}

/// PPPoE session (RFC 2516).
pub fn pppoe(session: u16, ppp: &[u8]) -> Vec<u8> {
    join(&[&[0x11, 0], &session.to_be_bytes(), &length(ppp.len()), ppp])
}

/// IEEE 802.1ah, behind its EtherType.
pub fn backbone(service: u32, frame: &[u8]) -> Vec<u8> {
    join(&[&[0], &bits24(service), frame])
}

/// Network Service Header with four words of fixed context (type 1), or with one word in TLVs.
pub fn nsh(service: u32, next: u8, fixed: bool, inner: &[u8]) -> Vec<u8> {
    let (words, kind) = if fixed { (6u8, 1u8) } else { (3, 2) };
    let context = vec![0; usize::from(words) * 4 - 8];
    join(&[
        &[0x0f, 0xc0 | words, kind, next],
        &bits24(service),
        &[255],
        &context,
        inner,
    ])
}

/// MACsec without encryption, with or without a channel identifier, and its signature.
pub fn macsec(channel: bool, ether_type: u16, inner: &[u8]) -> Vec<u8> {
    let sci: &[u8] = if channel {
        &[2, 0, 0, 0, 0, 1, 0, 1]
    } else {
        &[]
    };
    let flags = if channel { 0x20 } else { 0 };
    join(&[
        &[flags, 0, 0, 0, 0, 7],
        sci,
        &ether_type.to_be_bytes(),
        inner,
        &[0xee; 16],
    ])
}

/// TRILL with `words` words of options.
pub fn trill(words: u8, frame: &[u8]) -> Vec<u8> {
    let head = u16::from(words) << 6 | 20;
    let options = vec![0; usize::from(words) * 4];
    join(&[&head.to_be_bytes(), &[0, 1, 0, 2], &options, frame])
}

/// IP Authentication Header with a value of 12 bytes.
pub fn ah(next: u8, spi: u32, inner: &[u8]) -> Vec<u8> {
    join(&[
        &[next, 4, 0, 0],
        &spi.to_be_bytes(),
        &[0, 0, 0, 1],
        &[0xaa; 12],
        inner,
    ])
}

/// GRE (RFC 2784, 2890, 1701).
#[derive(Clone, Debug, Default)]
pub struct Gre {
    protocol: u16,
    checksum: bool,
    key: Option<u32>,
    sequence: Option<u32>,
    route: bool,
}

/// GRE version 0 without options.
pub fn gre(protocol: u16) -> Gre {
    Gre {
        protocol,
        ..Gre::default()
    }
}

impl Gre {
    /// Adds a checksum field.
    pub fn checksum(mut self) -> Self {
        self.checksum = true;
        self
    }

    /// Adds a key.
    pub fn key(mut self, key: u32) -> Self {
        self.key = Some(key);
        self
    }

    /// Adds a sequence number.
    pub fn sequence(mut self, number: u32) -> Self {
        self.sequence = Some(number);
        self
    }

    /// Adds a source route of one entry.
    pub fn route(mut self) -> Self {
        self.route = true;
        self
    }

    /// The header and what it carries.
    pub fn carry(&self, inner: &[u8]) -> Vec<u8> {
        let bits = [
            (self.checksum, 0x8000u16),
            (self.route, 0x4000),
            (self.key.is_some(), 0x2000),
            (self.sequence.is_some(), 0x1000),
        ];
        let flags: u16 = bits.iter().filter(|bit| bit.0).map(|bit| bit.1).sum();
        let mut out = join(&[&flags.to_be_bytes(), &self.protocol.to_be_bytes()]);
        if self.checksum || self.route {
            out.extend_from_slice(&[0; 4]);
        }
        for field in [self.key, self.sequence].into_iter().flatten() {
            out.extend_from_slice(&field.to_be_bytes());
        }
        if self.route {
            out.extend_from_slice(&[8, 0, 0, 4, 192, 0, 2, 9, 0, 0, 0, 0]);
        }
        join(&[&out, inner])
    }
}

/// The enhanced GRE of PPTP (RFC 2637), with a sequence number and maybe an acknowledgement.
pub fn pptp(call: u16, acknowledge: bool, ppp: &[u8]) -> Vec<u8> {
    let flags = if acknowledge {
        [0x30, 0x81]
    } else {
        [0x30, 0x01]
    };
    let numbers = vec![0; if acknowledge { 8 } else { 4 }];
    join(&[
        &flags,
        &[0x88, 0x0b],
        &length(ppp.len()),
        &call.to_be_bytes(),
        &numbers,
        ppp,
    ])
}

/// ERSPAN type II, to be carried by GRE 0x88be with a sequence number.
pub fn erspan2(session: u16, frame: &[u8]) -> Vec<u8> {
    join(&[&[0x10, 0x64], &session.to_be_bytes(), &[0; 4], frame])
}

/// ERSPAN type III, to be carried by GRE 0x22eb, with or without the platform subheader.
pub fn erspan3(session: u16, subheader: bool, frame: &[u8]) -> Vec<u8> {
    let more = vec![0; if subheader { 8 } else { 0 }];
    let flags = u8::from(subheader);
    join(&[
        &[0x20, 0x64],
        &session.to_be_bytes(),
        &[0; 7],
        &[flags],
        &more,
        frame,
    ])
}

/// VXLAN (RFC 7348).
pub fn vxlan(vni: u32, frame: &[u8]) -> Vec<u8> {
    join(&[&[8, 0, 0, 0], &bits24(vni), &[0], frame])
}

/// VXLAN-GPE.
pub fn vxlan_gpe(vni: u32, next: u8, inner: &[u8]) -> Vec<u8> {
    join(&[&[0x0c, 0, 0, next], &bits24(vni), &[0], inner])
}

/// GENEVE (RFC 8926) with `words` words of options.
pub fn geneve(vni: u32, words: u8, protocol: u16, inner: &[u8]) -> Vec<u8> {
    let options = vec![0; usize::from(words) * 4];
    join(&[
        &[words, 0],
        &protocol.to_be_bytes(),
        &bits24(vni),
        &[0],
        &options,
        inner,
    ])
}

/// A GTP-U message; `extensions` are those of 5G's user plane, one word each.
pub fn gtp(message: u8, teid: u32, sequence: bool, extensions: usize, inner: &[u8]) -> Vec<u8> {
    let mut fields = Vec::new();
    if sequence || extensions > 0 {
        fields.extend_from_slice(&[0, 1, 0, if extensions > 0 { 0x85 } else { 0 }]);
    }
    for left in (0..extensions).rev() {
        fields.extend_from_slice(&[1, 0x10, 9, if left > 0 { 0x85 } else { 0 }]);
    }
    let flags = 0x30 | u8::from(sequence) << 1 | u8::from(extensions > 0) << 2;
    let body = join(&[&fields, inner]);
    join(&[
        &[flags, message],
        &length(body.len()),
        &teid.to_be_bytes(),
        &body,
    ])
}

/// An L2TP version 2 data message; with all of length, sequence numbers and offset, or with none.
pub fn l2tp(tunnel: u16, session: u16, full: bool, ppp: &[u8]) -> Vec<u8> {
    let ids = join(&[&tunnel.to_be_bytes(), &session.to_be_bytes()]);
    if !full {
        return join(&[&[0x00, 0x02], &ids, ppp]);
    }
    let rest = join(&[&ids, &[0, 1, 0, 1], &[0, 2, 0xff, 0xff], ppp]);
    join(&[&[0x4a, 0x02], &length(rest.len() + 4), &rest])
}

/// An L2TP version 3 data message over IP; cookie and sublayer have `skip` bytes together.
pub fn l2tpv3(session: u32, skip: usize, frame: &[u8]) -> Vec<u8> {
    join(&[&session.to_be_bytes(), &vec![0xc5; skip], frame])
}

/// Teredo (RFC 4380) with the indications a server adds.
pub fn teredo(authentication: bool, origin: bool, ipv6: &[u8]) -> Vec<u8> {
    let auth: &[u8] = if authentication {
        &[0, 1, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 0]
    } else {
        &[]
    };
    let from: &[u8] = if origin {
        &[0, 0, 0xf0, 0x0f, 0x3f, 0xff, 0xfd, 0xf0]
    } else {
        &[]
    };
    join(&[auth, from, ipv6])
}

/// CAPWAP data with an Ethernet frame.
pub fn capwap(frame: &[u8]) -> Vec<u8> {
    join(&[&[0, 2 << 3, 1 << 1, 0, 0, 0, 0, 0], frame])
}

/// The flags, fragment fields and options of a CAPWAP header: with the radio's address and a wireless
/// specific field, as access points send them.
fn capwap_header(binding: u8, flags: u8, id: u16, offset: usize) -> Vec<u8> {
    let units = u16::try_from(offset / 8).expect("13 bits");
    join(&[
        &[0, 6 << 3, binding << 1 | 1, flags | 0x30],
        &id.to_be_bytes(),
        &(units << 3).to_be_bytes(),
        &[6, 0x00, 0x00, 0x5e, 0x00, 0x53, 0xa0, 0],
        &[4, 0xc8, 20, 0, 0, 0, 0, 0],
    ])
}

/// CAPWAP data with a frame of this binding: 1 is that of 802.11.
pub fn capwap_native(binding: u8, frame: &[u8]) -> Vec<u8> {
    join(&[&capwap_header(binding, 0, 0, 0), frame])
}

/// CAPWAP data with a frame of 802.11, in fragments that end at `cuts`, multiples of eight.
pub fn capwap_fragments(id: u16, frame: &[u8], cuts: &[usize]) -> Vec<Vec<u8>> {
    let mut starts = vec![0];
    starts.extend_from_slice(cuts);
    starts
        .iter()
        .enumerate()
        .map(|(i, &start)| {
            assert!(start.is_multiple_of(8), "units of eight bytes");
            let end = cuts.get(i).copied();
            let last = if end.is_none() { 0x40 } else { 0 };
            join(&[
                &capwap_header(1, 0x80 | last, id, start),
                &frame[start..end.unwrap_or(frame.len())],
            ])
        })
        .collect()
}

/// What keeps a CAPWAP data channel alive.
pub fn capwap_keep_alive() -> Vec<u8> {
    join(&[
        &[0, 2 << 3, 1 << 1, 0x08, 0, 0, 0, 0],
        &[0, 22, 0, 35, 0, 16],
        &[0x5e; 16],
    ])
}

/// TZSP with two fields, padding and the end.
pub fn tzsp(link: u16, frame: &[u8]) -> Vec<u8> {
    join(&[
        &[1, 0],
        &link.to_be_bytes(),
        &[10, 1, 0xd0, 0, 18, 1, 6, 1],
        frame,
    ])
}

/// HP's encapsulated remote mirroring of a frame that was tagged.
pub fn hp_erm(vlan: u16, frame: &[u8]) -> Vec<u8> {
    join(&[&[9; 8], &[0], &vlan.to_be_bytes(), &[0x80], frame])
}

/// LISP data with an instance.
pub fn lisp(instance: u32, ip: &[u8]) -> Vec<u8> {
    join(&[&[0x88, 1, 2, 3], &bits24(instance), &[1], ip])
}

/// Generic UDP Encapsulation with one word of optional fields.
pub fn gue(protocol: u8, inner: &[u8]) -> Vec<u8> {
    join(&[&[1, protocol, 0, 0, 0, 0, 0, 0], inner])
}
