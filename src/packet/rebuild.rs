//! An IP packet around a payload that was put together from fragments.

use std::net::IpAddr;

use etherparse::IpNumber;

use super::{Whole, capwap};

/// Writes a header and `payload` to `out`, replacing its content. Only what decoding looks at is
/// filled in: version, lengths, protocol, addresses. Where the payload is `cut`, the length says that
/// there was more.
pub fn rebuild(
    (src, dst): (IpAddr, IpAddr),
    protocol: u8,
    whole: Whole,
    payload: &[u8],
    cut: bool,
    out: &mut Vec<u8>,
) {
    out.clear();
    // What stands between the IP header and the payload: of UDP and CAPWAP eight bytes each.
    let between = match whole {
        Whole::Ip => 0,
        Whole::Capwap(_) => 16,
    };
    let next = match whole {
        Whole::Ip => protocol,
        Whole::Capwap(_) => IpNumber::UDP.0,
    };
    let bytes = payload.len().saturating_add(between);
    match (src, dst) {
        (IpAddr::V4(src), IpAddr::V4(dst)) => {
            let [high, low] = length(bytes.saturating_add(20), cut);
            out.extend_from_slice(&[0x45, 0, high, low, 0, 0, 0, 0, 64, next, 0, 0]);
            out.extend_from_slice(&src.octets());
            out.extend_from_slice(&dst.octets());
        }
        _ => {
            let octets = |address: IpAddr| match address {
                IpAddr::V4(a) => a.to_ipv6_mapped().octets(),
                IpAddr::V6(a) => a.octets(),
            };
            let [high, low] = length(bytes, cut);
            out.extend_from_slice(&[0x60, 0, 0, 0, high, low, next, 64]);
            out.extend_from_slice(&octets(src));
            out.extend_from_slice(&octets(dst));
        }
    }
    if let Whole::Capwap(channel) = whole {
        out.extend_from_slice(&channel.to_be_bytes());
        out.extend_from_slice(&length(bytes, cut));
        out.extend_from_slice(&[0, 0]);
        out.extend_from_slice(&capwap::header(protocol));
    }
    out.extend_from_slice(payload);
}

/// 0 stands for "all there is", as after segmentation offload, where the length does not fit.
fn length(bytes: usize, cut: bool) -> [u8; 2] {
    let stated = bytes.saturating_add(usize::from(cut));
    u16::try_from(stated).unwrap_or(0).to_be_bytes()
}
