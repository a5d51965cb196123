//! Which tunnel an EtherType or an IP protocol number stands for.

use etherparse::{EtherType, IpNumber};

use super::path::{Encapsulation, Path};
use super::{Gap, Ip, IpPayload, Layer, Next, Stop};
use super::{ah, gre, ipv6, l2tp, macsec, mpls, nsh, pppoe, tags};

/// What an EtherType other than those of IP and of VLAN tags leads to.
#[cold]
pub(super) fn by_ether_type<'a>(
    number: EtherType,
    data: &'a [u8],
    path: &mut Path,
) -> Result<Next<'a>, Gap> {
    match number.0 {
        0x22f3 => tags::trill(data, path),
        0x6558 => Ok(Next::Ethernet(data)),
        0x880b => Ok(Next::Ppp(data)),
        0x8847 | 0x8848 => mpls::decode(data, None, path),
        0x8864 => pppoe::decode(data, path),
        0x88e5 => macsec::decode(data, path),
        0x88e7 => tags::backbone(data, path),
        0x8903 => tags::fabric_path(data, path),
        0x8909 => tags::cisco_metadata(data, path),
        0x8926 => tags::vn_tag(data, path),
        0x892f | 0xf1c1 => tags::redundancy(data, path),
        0x893f => tags::e_tag(data, path),
        0x894f => nsh::decode(data, None, path),
        0xdada => tags::switch(data, path),
        _ => Err(Gap::ether_type(number)),
    }
}

/// What an IP protocol other than TCP and UDP leads to.
#[cold]
pub(super) fn by_ip_protocol<'a>(
    below: IpPayload<'a>,
    path: &mut Path,
) -> Result<Next<'a>, Stop<'a>> {
    if below.protocol == IpNumber::AUTHENTICATION_HEADER {
        return behind_signature(below, path);
    }
    let IpPayload { ip, data, .. } = below;
    let ends = (ip.source(), ip.destination());
    let mut open = |kind, next| {
        path.push_between(kind, None, Some(ends));
        Ok(next)
    };
    let next = match below.protocol {
        // 94 is another number for the same (KA9Q).
        IpNumber::IPV4 | IpNumber(94) => open(
            Encapsulation::IpInIp,
            Next::EtherType(EtherType::IPV4, data),
        ),
        IpNumber::IPV6 => {
            let kind = match ip {
                Ip::V4(..) => Encapsulation::SixInFour,
                Ip::V6(..) => Encapsulation::IpInIp,
            };
            open(kind, Next::EtherType(EtherType::IPV6, data))
        }
        IpNumber::GRE => gre::decode(data, ends, path),
        // EtherIP (RFC 3378): version 3 and twelve zero bits; some systems swapped the nibbles.
        IpNumber::ETHER_IP => match data {
            [0x30 | 0x03, 0, frame @ ..] => open(Encapsulation::EtherIp, Next::Ethernet(frame)),
            [_, _, ..] => Err(Gap::malformed(Layer::EtherIp)),
            _ => Err(Gap::truncated(Layer::EtherIp)),
        },
        IpNumber::LAYER2_TUNNELING_PROTOCOL => l2tp::decode_ip(data, ends, path),
        IpNumber::MPLS_IN_IP => mpls::decode(data, Some(ends), path),
        // Ethernet right behind IP (RFC 8986 section 4.9, segment routing).
        IpNumber(143) => open(Encapsulation::EthernetInIp, Next::Ethernet(data)),
        IpNumber(145) => nsh::decode(data, Some(ends), path),
        other => Err(Gap::ip_protocol(other)),
    };
    Ok(next?)
}

/// The same IP header goes on behind an Authentication Header.
fn behind_signature<'a>(below: IpPayload<'a>, path: &mut Path) -> Result<Next<'a>, Stop<'a>> {
    let (mut protocol, mut data) = ah::decode(below.data, path)?;
    if let Ip::V6(source, destination) = below.ip {
        let ends = (source, destination);
        (protocol, data) = ipv6::extensions(ends, protocol, data, below.cut)?;
    }
    Ok(Next::Payload(IpPayload {
        protocol,
        data,
        ..below
    }))
}
