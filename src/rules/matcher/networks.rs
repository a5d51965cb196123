//! Listed addresses and networks: a filter that every packet is asked, and the index behind it.
//!
//! [`filter`] answers nearly every address that is not listed; [`table`] finds the most specific network that applies;
//! [`text`] reads and writes single networks.

mod filter;
mod table;
mod text;

use std::net::IpAddr;

use filter::{Filter4, Filter6};
use table::{Item, Table};

use super::super::domain::Refusal;
use super::refuse::refuse;
pub(in crate::rules) use text::{Network, parse_network};

/// How many networks may be listed. Each takes up to 50 bytes of memory, and as much again while they are sorted.
pub(in crate::rules) const MAX_NETWORKS: usize = 1 << 24;

/// The set of listed networks. Immutable once built; lookups allocate nothing.
#[derive(Debug)]
pub(in crate::rules) struct Networks {
    filter4: Filter4,
    filter6: Filter6,
    table4: Table<u32>,
    table6: Table<u128>,
}

impl Networks {
    /// Of these networks, numbered from 0 in their order. Where one is listed twice for the same
    /// port (or for all ports), the first number counts.
    ///
    /// # Errors
    /// When there are more than [`MAX_NETWORKS`].
    pub(in crate::rules) fn new<'n>(
        networks: impl IntoIterator<Item = &'n Network>,
    ) -> Result<Self, Refusal> {
        let (mut v4, mut v6) = (Vec::new(), Vec::new());
        for (number, network) in networks.into_iter().enumerate() {
            if number >= MAX_NETWORKS {
                return Err(refuse(
                    format!("more than {MAX_NETWORKS} addresses and networks"),
                    "load fewer lists",
                ));
            }
            let (prefix, number) = (network.prefix(), number as u32);
            // A network without ports applies to all: port 0.
            let any: &[u16] = &[0];
            let ports = Some(network.ports()).filter(|ports| !ports.is_empty());
            for &port in ports.unwrap_or(any) {
                match network.address() {
                    IpAddr::V4(start) => v4.push(Item {
                        start: start.to_bits(),
                        prefix,
                        port,
                        number,
                    }),
                    IpAddr::V6(start) => v6.push(Item {
                        start: start.to_bits(),
                        prefix,
                        port,
                        number,
                    }),
                }
            }
        }
        let (table4, table6) = (Table::new(v4), Table::new(v6));
        Ok(Self {
            filter4: Filter4::new(&table4),
            filter6: Filter6::new(&table6),
            table4,
            table6,
        })
    }

    /// False where no listed network contains the address, whatever the port. Asked for each address of each packet.
    #[inline]
    pub(in crate::rules) fn may_have_v4(&self, address: u32) -> bool {
        self.filter4.may_have(address)
    }

    /// The same for IPv6. IPv4-mapped addresses (RFC 4291, section 2.5.5.2) are listed as IPv4: ask
    /// [`Self::may_have`] where they can occur.
    #[inline]
    pub(in crate::rules) fn may_have_v6(&self, address: u128) -> bool {
        self.filter6.may_have(address)
    }

    /// The same for either; IPv4-mapped addresses count as IPv4.
    #[cfg(test)]
    #[inline]
    pub(in crate::rules) fn may_have(&self, address: IpAddr) -> bool {
        match address.to_canonical() {
            IpAddr::V4(address) => self.may_have_v4(address.to_bits()),
            IpAddr::V6(address) => self.may_have_v6(address.to_bits()),
        }
    }

    /// The number of the most specific network that applies to the address and the port: of those of
    /// one prefix the one that is limited to this port, then the one without ports, then the next
    /// wider network. `port` 0 stands for a packet without ports.
    pub(in crate::rules) fn find(&self, address: IpAddr, port: u16) -> Option<u32> {
        match address.to_canonical() {
            IpAddr::V4(address) => self.find_v4(address.to_bits(), port),
            IpAddr::V6(address) => self.find_v6(address.to_bits(), port),
        }
    }

    /// The same, as if those that are `left_out` were not listed.
    pub(in crate::rules) fn find_but(
        &self,
        address: IpAddr,
        port: u16,
        left_out: impl Fn(u32) -> bool,
    ) -> Option<u32> {
        match address.to_canonical() {
            IpAddr::V4(address) => self.table4.find_but(address.to_bits(), port, left_out),
            IpAddr::V6(address) => self.table6.find_but(address.to_bits(), port, left_out),
        }
    }

    /// The same for IPv4.
    #[inline]
    pub(in crate::rules) fn find_v4(&self, address: u32, port: u16) -> Option<u32> {
        if !self.may_have_v4(address) {
            return None;
        }
        self.table4.find(address, port)
    }

    /// The same for IPv6, but for IPv4-mapped addresses.
    #[inline]
    pub(in crate::rules) fn find_v6(&self, address: u128, port: u16) -> Option<u32> {
        if !self.may_have_v6(address) {
            return None;
        }
        self.table6.find(address, port)
    }

    /// How many different networks are listed, whatever their ports.
    pub(in crate::rules) fn len(&self) -> usize {
        self.table4.len().saturating_add(self.table6.len())
    }

    /// Whether no network is listed.
    pub(in crate::rules) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Bytes of heap.
    pub(in crate::rules) fn memory(&self) -> usize {
        self.filter_memory()
            .saturating_add(self.table4.memory())
            .saturating_add(self.table6.memory())
    }

    /// Bytes of heap that [`Self::may_have`] looks into.
    pub(in crate::rules) fn filter_memory(&self) -> usize {
        self.filter4.memory().saturating_add(self.filter6.memory())
    }
}

#[cfg(test)]
#[path = "networks_tests.rs"]
mod tests;
