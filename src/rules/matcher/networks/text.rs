//! Single networks as lists write them, and as the program does.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::super::super::domain::Refusal;
use super::super::refuse::{Shown, refuse, without_defanging};

/// How many ports a network may be limited to.
pub(in crate::rules) const MAX_PORTS: usize = 8;

/// A network, or one address: a network in which all bits are the prefix. Never IPv4-mapped, never without a
/// prefix, and without bits behind it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(in crate::rules) struct Network {
    address: IpAddr,
    prefix: u8,
    /// The first `ports` of these, in order, each once.
    list: [u16; MAX_PORTS],
    ports: u8,
}

impl Network {
    /// The network of `address` whose addresses have the first `prefix` bits in common, limited to
    /// `ports` unless these are empty.
    ///
    /// # Errors
    /// When the prefix is 0 or too long, when bits behind it are set, when there are more than
    /// [`MAX_PORTS`] different ports, or port 0.
    pub(in crate::rules) fn new(
        address: IpAddr,
        prefix: u8,
        ports: &[u16],
    ) -> Result<Self, Refusal> {
        let text = || format!("`{address}/{prefix}`");
        let most = bits(address);
        if prefix > most {
            return Err(refuse(
                format!(
                    "{} has a prefix of {prefix} bits, and the address has {most}",
                    text()
                ),
                "correct the prefix",
            ));
        }
        if prefix == 0 {
            return Err(refuse(
                format!("{} contains every address", text()),
                "list the networks that are meant",
            ));
        }
        let start = start(address, prefix);
        if start != address {
            return Err(refuse(
                format!("{} has bits behind its prefix", text()),
                format!("for the network write `{start}/{prefix}`, for the address `{address}`"),
            ));
        }
        let (address, prefix) = match address.to_canonical() {
            v4 @ IpAddr::V4(_) if address.is_ipv6() => (v4, prefix.saturating_sub(96)),
            same => (same, prefix),
        };
        let mut network = Self {
            address,
            prefix,
            list: [0; MAX_PORTS],
            ports: 0,
        };
        for port in ports {
            network.limit(*port)?;
        }
        Ok(network)
    }

    /// Limits it to this port besides those that it is limited to.
    fn limit(&mut self, port: u16) -> Result<(), Refusal> {
        if port == 0 {
            return Err(refuse(
                format!("`{self}` is limited to port 0"),
                "give a port from 1 to 65535, or none for all ports",
            ));
        }
        let Err(at) = self.ports().binary_search(&port) else {
            return Ok(());
        };
        let used = usize::from(self.ports).saturating_add(1);
        let Some(later) = self.list.get_mut(at..used) else {
            return Err(refuse(
                format!("`{self}` is limited to more than {MAX_PORTS} ports"),
                "leave the ports out, or list the network twice with some each",
            ));
        };
        later.rotate_right(1);
        if let Some(place) = later.first_mut() {
            *place = port;
        }
        self.ports = self.ports.saturating_add(1);
        Ok(())
    }

    /// The first address.
    pub(in crate::rules) const fn address(&self) -> IpAddr {
        self.address
    }

    /// How many bits all its addresses have in common.
    pub(in crate::rules) const fn prefix(&self) -> u8 {
        self.prefix
    }

    /// The ports that it is limited to, in order; none if it applies to all.
    pub(in crate::rules) fn ports(&self) -> &[u16] {
        self.list.get(..usize::from(self.ports)).unwrap_or_default()
    }

    /// Whether it is one address.
    pub(in crate::rules) const fn is_address(&self) -> bool {
        self.prefix == bits(self.address)
    }
}

/// As [`parse_network`] reads it: `192.0.2.1`, `192.0.2.0/24:443`, `[2001:db8::/32]:80,443`.
impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bracketed = self.address.is_ipv6() && self.ports > 0;
        if bracketed {
            f.write_str("[")?;
        }
        write!(f, "{}", self.address)?;
        if !self.is_address() {
            write!(f, "/{}", self.prefix)?;
        }
        if bracketed {
            f.write_str("]")?;
        }
        for (i, port) in self.ports().iter().enumerate() {
            write!(f, "{}{port}", if i == 0 { ':' } else { ',' })?;
        }
        Ok(())
    }
}

/// How many bits an address has.
const fn bits(address: IpAddr) -> u8 {
    match address {
        IpAddr::V4(_) => 32,
        IpAddr::V6(_) => 128,
    }
}

/// The address with the bits behind the prefix clear.
fn start(address: IpAddr, prefix: u8) -> IpAddr {
    let prefix = u32::from(prefix);
    match address {
        IpAddr::V4(address) => {
            let behind = u32::MAX.checked_shr(prefix).unwrap_or(0);
            IpAddr::V4(Ipv4Addr::from_bits(address.to_bits() & !behind))
        }
        IpAddr::V6(address) => {
            let behind = u128::MAX.checked_shr(prefix).unwrap_or(0);
            IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & !behind))
        }
    }
}

/// Reads `ADDRESS` or `ADDRESS/PREFIX`, with `:PORT` or `:PORT,PORT` behind it where it is limited to
/// ports; IPv6 then stands in brackets with its prefix (`[2001:db8::/32]:443`).
///
/// # Errors
/// When the text is something else, or a network that [`Network::new`] refuses.
pub(in crate::rules) fn parse_network(text: &str) -> Result<Network, Refusal> {
    let (network, ports) = split_ports(text)?;
    let (address, prefix) = match network.split_once('/') {
        None => (network, None),
        Some((address, prefix)) => (address, Some(prefix)),
    };
    let Ok(address) = address.parse::<IpAddr>() else {
        return Err(no_address(text, address));
    };
    let prefix = match prefix {
        None => bits(address),
        Some(prefix) => prefix_bits(text, address, prefix)?,
    };
    let mut network = Network::new(address, prefix, &[])?;
    for port in ports.map(|ports| ports.split(',')).into_iter().flatten() {
        let digits = !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit());
        let Some(port) = port.parse().ok().filter(|_| digits) else {
            return Err(refuse(
                format!("{} has {} for a port", Shown(text), Shown(port)),
                "give a port from 1 to 65535, or none for all ports",
            ));
        };
        network.limit(port)?;
    }
    Ok(network)
}

/// The network and its ports.
fn split_ports(text: &str) -> Result<(&str, Option<&str>), Refusal> {
    if let Some(bracketed) = text.strip_prefix('[')
        && let Some((network, rest)) = bracketed.split_once(']')
        && network != "."
    {
        let ports = rest.strip_prefix(':');
        if ports.is_none() && !rest.is_empty() {
            return Err(refuse(
                format!("{} goes on behind its bracket", Shown(text)),
                "write `[ADDRESS]:PORT` or `[ADDRESS/PREFIX]:PORT`",
            ));
        }
        return Ok((network, ports));
    }
    // More than one colon is IPv6, which has no port without brackets.
    match text.split_once(':') {
        Some((network, ports)) if !ports.contains(':') => Ok((network, Some(ports))),
        _ => Ok((text, None)),
    }
}

/// What is written behind the slash.
fn prefix_bits(text: &str, address: IpAddr, prefix: &str) -> Result<u8, Refusal> {
    let digits = !prefix.is_empty() && prefix.bytes().all(|b| b.is_ascii_digit());
    if digits && let Ok(bits) = prefix.parse() {
        return Ok(bits);
    }
    let fix = if let Some((prefix, port)) = prefix.split_once(':') {
        format!(
            "with a port write `[{address}/{}]:{}`",
            cut(prefix),
            cut(port)
        )
    } else if let Ok(mask) = prefix.parse::<Ipv4Addr>()
        && mask.to_bits().leading_ones() == mask.to_bits().count_ones()
    {
        format!("write `{address}/{}`", mask.to_bits().count_ones())
    } else {
        format!("give a number of bits up to {}", bits(address))
    };
    Err(refuse(
        format!("{} has `{}` for a prefix", Shown(text), cut(prefix)),
        fix,
    ))
}

/// No more of a text than belongs into a message about something short.
fn cut(text: &str) -> &str {
    text.char_indices()
        .nth(20)
        .and_then(|(end, _)| text.get(..end))
        .unwrap_or(text)
}

/// What to do about a text that is something else.
fn no_address(text: &str, address: &str) -> Refusal {
    let shown = Shown(text);
    if text.is_empty() {
        return refuse("the address is empty", "give an address or a network");
    }
    if let Some(plain) = without_defanging(text) {
        return refuse(
            format!("{shown} is defanged"),
            format!("write {}", Shown(&plain)),
        );
    }
    if text.contains("://") {
        return refuse(format!("{shown} is a URL"), "list it under `urls`");
    }
    if let Some((before, _)) = address.split_once('%')
        && before.parse::<Ipv6Addr>().is_ok()
    {
        return refuse(
            format!("{shown} names an interface"),
            format!("write `{before}`"),
        );
    }
    if let Some((first, last)) = text.split_once('-')
        && first.trim().parse::<IpAddr>().is_ok()
        && last.trim().parse::<IpAddr>().is_ok()
    {
        return refuse(
            format!("{shown} is a range"),
            "write the networks that it consists of, as `ADDRESS/PREFIX`",
        );
    }
    if address.bytes().all(|b| b.is_ascii_digit() || b == b'.') {
        return refuse(
            format!("{shown} is no IPv4 address"),
            "give four numbers from 0 to 255 without leading zeros",
        );
    }
    refuse(
        format!("{shown} is no address"),
        "give an IPv4 or IPv6 address, or a network as `ADDRESS/PREFIX`",
    )
}

#[cfg(test)]
#[path = "text_tests.rs"]
mod tests;
