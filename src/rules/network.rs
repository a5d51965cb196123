//! Networks as people write them: `192.0.2.0/24`, `2001:db8::/32`, or an address alone.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::domain::Refusal;

/// Bits of the prefix `::ffff:0:0/96`, below which IPv6 writes IPv4 addresses (RFC 4291, section 2.5.5.2).
const MAPPED: u8 = 96;

/// A network: an address whose bits behind the prefix are zero. Never an IPv4-mapped one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(in crate::rules) struct Network {
    address: IpAddr,
    prefix: u8,
}

impl Network {
    /// The network that an address is in. A prefix that is too long counts as the longest one.
    pub(in crate::rules) const fn of(address: IpAddr, prefix: u8) -> Self {
        match address {
            IpAddr::V4(v4) => Self::v4(v4, prefix),
            IpAddr::V6(v6) => match v6.to_ipv4_mapped() {
                Some(v4) if prefix >= MAPPED => Self::v4(v4, prefix.saturating_sub(MAPPED)),
                _ => Self::v6(v6, prefix),
            },
        }
    }

    /// As [`Network::of`].
    pub(in crate::rules) const fn v4(address: Ipv4Addr, prefix: u8) -> Self {
        let prefix = if prefix > 32 { 32 } else { prefix };
        let bits = address.to_bits() & ones_v4(prefix);
        Self {
            address: IpAddr::V4(Ipv4Addr::from_bits(bits)),
            prefix,
        }
    }

    /// As [`Network::of`].
    pub(in crate::rules) const fn v6(address: Ipv6Addr, prefix: u8) -> Self {
        let prefix = if prefix > 128 { 128 } else { prefix };
        let bits = address.to_bits() & ones_v6(prefix);
        Self {
            address: IpAddr::V6(Ipv6Addr::from_bits(bits)),
            prefix,
        }
    }

    /// Reads `ADDRESS` or `ADDRESS/PREFIX`.
    ///
    /// # Errors
    /// What is wrong with the text, and what to write instead. An address with bits behind the prefix is refused,
    /// since one of the two is not what was meant.
    pub(in crate::rules) fn parse(text: &str) -> Result<Self, Refusal> {
        let text = text.trim();
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) => (address, Some(prefix)),
            None => (text, None),
        };
        let Ok(address) = address.parse::<IpAddr>() else {
            return Err((
                format!("`{text}` is neither an address nor a network"),
                "write for instance `192.0.2.1`, `192.0.2.0/24` or `2001:db8::/32`".to_owned(),
            ));
        };
        let most = if address.is_ipv4() { 32 } else { 128 };
        let prefix = match prefix {
            None => most,
            Some(digits) => match digits.parse::<u8>() {
                Ok(bits) if bits <= most && digits.bytes().all(|b| b.is_ascii_digit()) => bits,
                _ => {
                    return Err((
                        format!("`{text}` has a prefix that is no number of bits"),
                        format!("write a number from 0 to {most} behind the `/`"),
                    ));
                }
            },
        };
        let network = Self::of(address, prefix);
        if network.prefix < network.most() && network.address != address.to_canonical() {
            return Err((
                format!("`{text}` has bits behind its prefix"),
                format!("write `{network}` for the network, or the address without `/{prefix}`"),
            ));
        }
        Ok(network)
    }

    /// Bits that all its addresses have in common.
    pub(in crate::rules) const fn prefix(self) -> u8 {
        self.prefix
    }

    /// Its lowest address.
    pub(in crate::rules) const fn address(self) -> IpAddr {
        self.address
    }

    /// Whether it is of IPv4.
    pub(in crate::rules) const fn is_v4(self) -> bool {
        self.address.is_ipv4()
    }

    /// Whether an address is in it. An IPv4-mapped address is the IPv4 address.
    pub(in crate::rules) fn contains(self, address: IpAddr) -> bool {
        match (self.address, address.to_canonical()) {
            (IpAddr::V4(own), IpAddr::V4(it)) => {
                own.to_bits() == it.to_bits() & ones_v4(self.prefix)
            }
            (IpAddr::V6(own), IpAddr::V6(it)) => {
                own.to_bits() == it.to_bits() & ones_v6(self.prefix)
            }
            _ => false,
        }
    }

    /// Whether all of `other` is in it.
    pub(in crate::rules) fn covers(self, other: Self) -> bool {
        self.prefix <= other.prefix && self.contains(other.address)
    }

    /// Whether they have an address in common.
    pub(in crate::rules) fn overlaps(self, other: Self) -> bool {
        self.covers(other) || other.covers(self)
    }

    const fn most(self) -> u8 {
        if self.is_v4() { 32 } else { 128 }
    }
}

/// `192.0.2.0/24`; an address alone without its prefix.
impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.address)?;
        if self.prefix < self.most() {
            write!(f, "/{}", self.prefix)?;
        }
        Ok(())
    }
}

/// That many ones, then zeros.
const fn ones_v4(prefix: u8) -> u32 {
    match u32::MAX.checked_shr(prefix as u32) {
        Some(rest) => !rest,
        None => u32::MAX,
    }
}

/// That many ones, then zeros.
const fn ones_v6(prefix: u8) -> u128 {
    match u128::MAX.checked_shr(prefix as u32) {
        Some(rest) => !rest,
        None => u128::MAX,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn network(text: &str) -> Network {
        Network::parse(text).unwrap()
    }

    #[test]
    fn texts_are_read_and_written() {
        for (text, want) in [
            ("192.0.2.1", "192.0.2.1"),
            ("192.0.2.1/32", "192.0.2.1"),
            (" 192.0.2.0/24 ", "192.0.2.0/24"),
            ("0.0.0.0/0", "0.0.0.0/0"),
            ("2001:DB8:0::/32", "2001:db8::/32"),
            ("2001:db8::1", "2001:db8::1"),
            ("::/0", "::/0"),
            ("::ffff:192.0.2.0/120", "192.0.2.0/24"),
            ("::ffff:192.0.2.1", "192.0.2.1"),
        ] {
            assert_eq!(network(text).to_string(), want);
        }
    }

    #[test]
    fn refusals_say_what_to_write_instead() {
        for (text, what, fix) in [
            ("192.0.2.1/24", "bits behind", "`192.0.2.0/24`"),
            ("2001:db8::1/32", "bits behind", "`2001:db8::/32`"),
            ("::ffff:192.0.2.1/120", "bits behind", "`192.0.2.0/24`"),
            ("192.0.2.0/33", "prefix", "0 to 32"),
            ("2001:db8::/129", "prefix", "0 to 128"),
            ("192.0.2.0/+8", "prefix", "0 to 32"),
            ("192.0.2.0/", "prefix", "0 to 32"),
            ("192.0.2/24", "neither", "192.0.2.0/24"),
            ("evil.example", "neither", "192.0.2.1"),
            ("", "neither", "192.0.2.1"),
        ] {
            let (got_what, got_fix) = Network::parse(text).unwrap_err();
            assert!(got_what.contains(what), "{got_what}");
            assert!(got_fix.contains(fix), "{got_fix}");
        }
    }

    #[test]
    fn addresses_are_in_networks() {
        for (text, address, want) in [
            ("192.0.2.0/24", "192.0.2.255", true),
            ("192.0.2.0/24", "192.0.3.0", false),
            ("192.0.2.0/24", "::ffff:192.0.2.7", true),
            ("0.0.0.0/0", "203.0.113.1", true),
            ("0.0.0.0/0", "2001:db8::1", false),
            ("::/0", "192.0.2.1", false),
            ("2001:db8::/33", "2001:db8:8000::", false),
            ("2001:db8::1", "2001:db8::1", true),
        ] {
            let address = address.parse().unwrap();
            assert_eq!(network(text).contains(address), want, "{text} {address}");
        }
        assert!(network("192.0.2.0/24").overlaps(network("192.0.0.0/16")));
        assert!(network("192.0.0.0/16").overlaps(network("192.0.2.0/24")));
        assert!(!network("192.0.2.0/24").overlaps(network("192.0.3.0/24")));
    }

    proptest::proptest! {
        #[test]
        fn what_is_written_is_read_back(bits: u128, prefix in 0_u8..=128, v4: bool) {
            let network = if v4 {
                Network::v4(Ipv4Addr::from_bits(bits as u32), prefix)
            } else {
                Network::of(Ipv6Addr::from_bits(bits).into(), prefix)
            };
            proptest::prop_assert_eq!(Network::parse(&network.to_string()), Ok(network));
            proptest::prop_assert!(network.contains(network.address()));
        }
    }
}
