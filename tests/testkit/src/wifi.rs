//! IEEE 802.11 data frames, and what radios put in front of them.
//!
//! ```
//! use testkit::{frame::ether_type, wifi};
//!
//! let frame = wifi::data().qos().msdu(ether_type::IPV4, b"a packet");
//! assert_eq!(frame.len(), 26 + 8 + 8);
//! ```

use crate::frame::{CLIENT_MAC, GATEWAY_MAC};

/// The access point between the client and the gateway.
pub const ACCESS_POINT: [u8; 6] = [0x00, 0x00, 0x5e, 0x00, 0x53, 0xa0];

/// LLC and SNAP in front of a packet (RFC 1042).
pub fn llc_snap(ether_type: u16, packet: &[u8]) -> Vec<u8> {
    let mut out = vec![0xaa, 0xaa, 0x03, 0, 0, 0];
    out.extend_from_slice(&ether_type.to_be_bytes());
    out.extend_from_slice(packet);
    out
}

/// A data frame that waits for what it carries.
#[derive(Clone, Debug, Default)]
pub struct Data {
    from_ds: bool,
    to_ds: bool,
    qos: bool,
    ht_control: bool,
    protected: bool,
    padded: bool,
    mesh_addresses: Option<usize>,
    fragment: (u8, bool),
}

/// A data frame from a client to the access point.
pub fn data() -> Data {
    Data {
        to_ds: true,
        ..Data::default()
    }
}

impl Data {
    /// From the access point to a client.
    pub fn from_access_point(mut self) -> Self {
        (self.to_ds, self.from_ds) = (false, true);
        self
    }

    /// Between two clients, without an access point.
    pub fn ad_hoc(mut self) -> Self {
        (self.to_ds, self.from_ds) = (false, false);
        self
    }

    /// Between two access points, with four addresses.
    pub fn four_addresses(mut self) -> Self {
        (self.to_ds, self.from_ds) = (true, true);
        self
    }

    /// With a QoS control field.
    pub fn qos(mut self) -> Self {
        self.qos = true;
        self
    }

    /// With QoS and HT control fields.
    pub fn ht_control(mut self) -> Self {
        self.ht_control = true;
        self.qos()
    }

    /// With a mesh control field of 0 to 2 extra addresses.
    pub fn mesh(mut self, extra_addresses: usize) -> Self {
        assert!(extra_addresses <= 2, "mesh control has at most two");
        self.mesh_addresses = Some(extra_addresses);
        self.four_addresses().qos()
    }

    /// The payload is said to be encrypted.
    pub fn protected(mut self) -> Self {
        self.protected = true;
        self
    }

    /// Zeros between header and payload up to a multiple of four bytes.
    pub fn padded(mut self) -> Self {
        self.padded = true;
        self
    }

    /// A fragment with this number, 0 to 15.
    pub fn fragment(mut self, number: u8, more_follow: bool) -> Self {
        assert!(number < 16, "four bits");
        self.fragment = (number, more_follow);
        self
    }

    /// A frame with one packet.
    pub fn msdu(&self, ether_type: u16, packet: &[u8]) -> Vec<u8> {
        self.body(&llc_snap(ether_type, packet))
    }

    /// A frame with these bytes behind its header.
    pub fn body(&self, body: &[u8]) -> Vec<u8> {
        let mut out = self.header(false);
        if let Some(extra) = self.mesh_addresses {
            out.push(u8::try_from(extra).expect("at most 2"));
            out.extend_from_slice(&[31, 1, 0, 0, 0]); // time to live, sequence number
            out.extend_from_slice(&ACCESS_POINT.repeat(extra));
        }
        out.extend_from_slice(body);
        out
    }

    /// A frame with several packets (A-MSDU).
    pub fn aggregate(mut self, packets: &[(u16, &[u8])]) -> Vec<u8> {
        self.qos = true;
        let mut out = self.header(true);
        let start = out.len();
        for (ether_type, packet) in packets {
            while !(out.len() - start).is_multiple_of(4) {
                out.push(0);
            }
            let body = llc_snap(*ether_type, packet);
            out.extend_from_slice(&GATEWAY_MAC);
            out.extend_from_slice(&CLIENT_MAC);
            let length = u16::try_from(body.len()).expect("a subframe's length is 16 bits");
            out.extend_from_slice(&length.to_be_bytes());
            out.extend_from_slice(&body);
        }
        out
    }

    fn header(&self, aggregate: bool) -> Vec<u8> {
        let (number, more) = self.fragment;
        let flags = u8::from(self.to_ds)
            | u8::from(self.from_ds) << 1
            | u8::from(more) << 2
            | u8::from(self.protected) << 6
            | u8::from(self.ht_control) << 7;
        let mut out = vec![if self.qos { 0x88 } else { 0x08 }, flags, 0, 0];
        let addresses: &[[u8; 6]] = match (self.to_ds, self.from_ds) {
            (false, false) => &[GATEWAY_MAC, CLIENT_MAC, ACCESS_POINT],
            (true, false) => &[ACCESS_POINT, CLIENT_MAC, GATEWAY_MAC],
            (false, true) => &[GATEWAY_MAC, ACCESS_POINT, CLIENT_MAC],
            (true, true) => &[ACCESS_POINT, ACCESS_POINT, GATEWAY_MAC, CLIENT_MAC],
        };
        for (i, address) in addresses.iter().enumerate() {
            if i == 3 {
                out.extend_from_slice(&[number, 0]);
            }
            out.extend_from_slice(address);
        }
        if addresses.len() == 3 {
            out.extend_from_slice(&[number, 0]);
        }
        if self.qos {
            out.push(u8::from(aggregate) << 7);
            out.push(u8::from(self.mesh_addresses.is_some()));
        }
        if self.ht_control {
            out.extend_from_slice(&[0; 4]);
        }
        while self.padded && !out.len().is_multiple_of(4) {
            out.push(0);
        }
        out
    }
}

/// The frame with the two bytes of its frame control field swapped, as some access points put it into
/// the tunnel to their controller.
pub fn swap_control(mut frame: Vec<u8>) -> Vec<u8> {
    frame.swap(0, 1);
    frame
}

/// Radiotap with a time stamp and flags behind `more_words` further presence words.
pub fn radiotap(flags: u8, more_words: usize, frame: &[u8]) -> Vec<u8> {
    let mut fields = Vec::new();
    for word in 0..=more_words {
        let chained = u32::from(word < more_words) << 31;
        let present: u32 = if word == 0 { 0b11 } else { 0 };
        fields.extend_from_slice(&(present | chained).to_le_bytes());
    }
    while !(fields.len() + 4).is_multiple_of(8) {
        fields.push(0);
    }
    fields.extend_from_slice(&[7; 8]);
    fields.push(flags);
    let length = u16::try_from(fields.len() + 4).expect("16 bits");
    let mut out = vec![0, 0];
    out.extend_from_slice(&length.to_le_bytes());
    out.extend_from_slice(&fields);
    out.extend_from_slice(frame);
    out
}

/// PPI with one field in front of a frame of link type `inner`.
pub fn ppi(inner: u32, frame: &[u8]) -> Vec<u8> {
    let mut out = vec![0, 0, 32, 0];
    out.extend_from_slice(&inner.to_le_bytes());
    out.extend_from_slice(&[2, 0, 20, 0]);
    out.extend_from_slice(&[0; 20]);
    out.extend_from_slice(frame);
    out
}

/// AVS, version 1.
pub fn avs(frame: &[u8]) -> Vec<u8> {
    let mut out = vec![0x80, 0x21, 0x10, 0x01, 0, 0, 0, 64];
    out.resize(64, 0);
    out.extend_from_slice(frame);
    out
}

/// Prism as a machine of either byte order writes it.
pub fn prism(big_endian: bool, frame: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    for number in [0x44u32, 144] {
        out.extend_from_slice(&if big_endian {
            number.to_be_bytes()
        } else {
            number.to_le_bytes()
        });
    }
    out.extend_from_slice(b"wlan0");
    out.resize(144, 0);
    out.extend_from_slice(frame);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn header_lengths_are_those_of_the_standard() {
        let length = |data: Data| data.body(&[]).len();
        assert_eq!(length(data()), 24);
        assert_eq!(length(data().qos()), 26);
        assert_eq!(length(data().qos().padded()), 28);
        assert_eq!(length(data().ht_control()), 30);
        assert_eq!(length(data().four_addresses()), 30);
        assert_eq!(length(data().mesh(2)), 32 + 6 + 12);
        assert_eq!(radiotap(0, 0, &[]).len(), 17);
        assert_eq!(radiotap(0, 1, &[]).len(), 25);
    }
}
