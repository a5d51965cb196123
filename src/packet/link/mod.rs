//! Link layers other than Ethernet and raw IP: one file each.
//!
//! Some carry a frame of another link type (radio headers, PKTAP, nflog ...), so that [`decode`]
//! is a loop of its own with a limit.

mod arcnet;
mod atm;
mod cisco_hdlc;
mod docsis;
mod dsa;
mod erf;
mod fddi;
mod fixed;
mod frame_relay;
pub(super) mod ieee80211;
mod juniper;
mod loopback;
mod mfr;
mod nflog;
pub(super) mod nlpid;
mod pflog;
mod pktap;
mod ppi;
mod ppp;
mod preamble;
mod prism;
mod radiotap;
mod sll;
mod subframes;
mod sunatm;
mod token_ring;

pub use subframes::Subframes;

use etherparse::EtherType;

use super::{Carried, Gap, Layer, Next, Path, Stop, ethernet};
use crate::source::LinkType;

/// How many link headers may stand in one another. Real captures have at most three: PKTAP, PPI or
/// cooked, radiotap, 802.11.
const MAX_NESTED: usize = 6;

/// What stands behind a link header.
enum Inside<'a> {
    /// A packet, or a header that tunnels carry as well.
    Next(Next<'a>),
    /// A frame of another link type.
    Link(LinkType, &'a [u8]),
}

impl<'a> From<Next<'a>> for Inside<'a> {
    fn from(next: Next<'a>) -> Self {
        Self::Next(next)
    }
}

/// Opens the header of a frame of any link type.
#[cold]
pub(super) fn decode<'a>(
    mut link: LinkType,
    mut data: &'a [u8],
    path: &mut Path,
) -> Result<Next<'a>, Stop<'a>> {
    for _ in 0..MAX_NESTED {
        match open(link.canonical(), data, path)? {
            Inside::Next(next) => return Ok(next),
            Inside::Link(inner, rest) => (link, data) = (inner, rest),
        }
    }
    Err(Gap::TooDeep.into())
}

fn open<'a>(link: LinkType, data: &'a [u8], path: &mut Path) -> Result<Inside<'a>, Stop<'a>> {
    Ok(match link {
        LinkType::ETHERNET => Next::Ethernet(data).into(),
        LinkType::RAW | LinkType::IPV4 | LinkType::IPV6 => Next::Ip(data).into(),
        LinkType::NULL => loopback::decode_null(data)?.into(),
        LinkType::LOOP => loopback::decode_loop(data)?.into(),
        LinkType::LINUX_SLL => sll::decode_v1(data)?,
        LinkType::LINUX_SLL2 => sll::decode_v2(data)?,

        LinkType::IEEE802_11 => ieee80211::decode(data, false, path)?.into(),
        LinkType::IEEE802_11_RADIOTAP => radiotap::decode(data, path)?.into(),
        LinkType::IEEE802_11_PRISM => prism::decode(data)?,
        LinkType::IEEE802_11_AVS => prism::decode_avs(data)?,
        LinkType::PPI => ppi::decode(data)?,

        LinkType::PPP | LinkType::PPP_HDLC => ppp::decode(link, data)?.into(),
        LinkType::PPP_PPPD => ppp::decode_pppd(data)?.into(),
        LinkType::PPP_WITH_DIR => ppp::decode(link, fixed::skip(link, data, 1)?)?.into(),
        // An Ethernet frame's payload under the type of PPPoE sessions.
        LinkType::PPP_ETHER => Next::EtherType(EtherType(0x8864), data).into(),
        LinkType::C_HDLC => cisco_hdlc::decode(link, data)?.into(),
        LinkType::C_HDLC_WITH_DIR => cisco_hdlc::decode(link, fixed::skip(link, data, 1)?)?.into(),
        LinkType::FRELAY => frame_relay::decode(link, data)?.into(),
        LinkType::FRELAY_WITH_DIR => frame_relay::decode(link, fixed::skip(link, data, 1)?)?.into(),
        LinkType::MFR => mfr::decode(data)?.into(),

        LinkType::FDDI => fddi::decode(data)?.into(),
        LinkType::IEEE802_5 => token_ring::decode(data)?.into(),
        LinkType::ARCNET_BSD => arcnet::decode(link, data, 2)?.into(),
        LinkType::ARCNET_LINUX => arcnet::decode(link, data, 4)?.into(),
        LinkType::ATM_RFC1483 => atm::decode(link, data)?.into(),
        LinkType::ATM_CLIP => atm::decode_clip(link, data)?.into(),
        LinkType::SUNATM => sunatm::decode(data)?.into(),
        LinkType::DOCSIS => docsis::decode(data)?.into(),

        LinkType::NFLOG => nflog::decode(data)?.into(),
        LinkType::PKTAP => pktap::decode(data)?,
        // Apple's DLT_PKTAP has this number, and writers forgot to translate it.
        LinkType(149) => match pktap::decode(data) {
            Ok(inside) => inside,
            Err(_) => return Err(Gap::link(link).into()),
        },
        LinkType::PFLOG => pflog::decode(data)?.into(),
        LinkType::ERF => erf::decode(data)?.into(),
        LinkType(130..=137 | 164 | 178..=181 | 183 | 194 | 200) => {
            juniper::decode(link, data)?.into()
        }

        LinkType::NETANALYZER_TRANSPARENT => {
            preamble::decode(link, fixed::skip(link, data, 4)?)?.into()
        }
        LinkType::ETHERNET_MPACKET => preamble::decode(link, data)?.into(),
        LinkType::DSA_TAG_BRCM => dsa::after_addresses(link, data, 4, path)?.into(),
        LinkType::DSA_TAG_DSA => dsa::decode_dsa(link, data, path)?.into(),
        LinkType::DSA_TAG_EDSA => dsa::decode_edsa(link, data, path)?.into(),

        other => fixed::decode(other, data)?.into(),
    })
}

/// A 32-bit number in the byte order of the machine that wrote the capture, where the number is
/// known to be small: the order that gives the smaller one is the right one.
fn small_number(bytes: [u8; 4]) -> u32 {
    let little = u32::from_le_bytes(bytes);
    little.min(little.swap_bytes())
}

fn truncated(link: LinkType) -> Gap {
    Gap::truncated(Layer::Link(link))
}

fn malformed(link: LinkType) -> Gap {
    Gap::malformed(Layer::Link(link))
}

/// Something else than packets, by its number in the link header.
fn unread(link: LinkType, number: u16) -> Gap {
    Gap::Unread(Carried::InLink(link, number))
}

/// The link's own control messages, by their number in the link header.
fn no_names(link: LinkType, number: u16) -> Gap {
    Gap::NoNames(Carried::InLink(link, number))
}

#[cfg(test)]
mod tests;
