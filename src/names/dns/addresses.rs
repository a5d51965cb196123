//! The addresses that an answer gives, and the names that lead to them.
//!
//! Read only of answers that may matter: those that hold a listed name, and while addresses of listed names are known all
//! others. An answer section is one chain (RFC 1034, section 3.6.2): from the question by CNAME records to the
//! owner of the addresses. The hints of HTTPS records (RFC 9460, section 7.3) are addresses, too.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::HEADER;
use crate::names::text::{MAX_WIRE, NameText};

/// The question and the names behind it that are followed.
const MAX_NAMES: usize = 12;
/// How many addresses of an answer are taken.
const MAX_ADDRESSES: usize = 32;
/// How many records of an answer are read.
const MAX_RECORDS: u16 = 128;
const MAX_POINTERS: usize = 127;

const A: u16 = 1;
const CNAME: u16 = 5;
const AAAA: u16 = 28;
const SVCB: u16 = 64;
const HTTPS: u16 = 65;
const IN: u16 = 1;

/// What one answer says.
#[derive(Debug, Default)]
pub struct Addresses {
    names: [NameText; MAX_NAMES],
    known: usize,
    addresses: Vec<(IpAddr, u32)>,
    /// Names and addresses beyond the bounds.
    beyond: u64,
    scratch: NameText,
}

impl Addresses {
    /// Reads a message. False where it is no answer that gives an address.
    pub fn read(&mut self, message: &[u8]) -> bool {
        self.known = 0;
        self.addresses.clear();
        // What can be read before something is wrong counts.
        let _ = self.answer(message);
        !self.addresses.is_empty()
    }

    /// The question first, then the names that it leads to.
    pub fn names(&self) -> impl Iterator<Item = &[u8]> {
        self.names.iter().take(self.known).map(NameText::as_bytes)
    }

    /// The addresses, each with its time to live in seconds.
    pub fn addresses(&self) -> &[(IpAddr, u32)] {
        &self.addresses
    }

    /// How many names and addresses were left out since there were too many of them, since this was asked last.
    pub fn take_beyond(&mut self) -> u64 {
        std::mem::take(&mut self.beyond)
    }

    fn answer(&mut self, message: &[u8]) -> Option<()> {
        let &[_, _, flags, low, q0, q1, a0, a1, ..] = message.first_chunk::<HEADER>()?;
        let answers = u16::from_be_bytes([a0, a1]);
        // A response to a standard query without an error, and with one question.
        if flags & 0xf8 != 0x80 || low & 0x0f != 0 || [q0, q1] != [0, 1] || answers == 0 {
            return None;
        }
        let after = spell(message, HEADER, self.names.first_mut()?)?;
        self.known = 1;
        let first = after.checked_add(4)?;
        // A chain may stand in any order, but hardly ever does: its names first, then what belongs to them.
        for aliases in [true, false] {
            let mut at = first;
            for _ in 0..answers.min(MAX_RECORDS) {
                at = self.record(message, at, aliases)?;
            }
        }
        self.beyond = self
            .beyond
            .saturating_add(u64::from(answers.saturating_sub(MAX_RECORDS)));
        Some(())
    }

    /// Reads the record at `at`; where the next one begins.
    fn record(&mut self, message: &[u8], at: usize, aliases: bool) -> Option<usize> {
        let after = spell(message, at, &mut self.scratch)?;
        let &[t0, t1, c0, c1, l0, l1, l2, l3, n0, n1] =
            message.get(after..)?.first_chunk::<10>()?;
        let (kind, class) = (u16::from_be_bytes([t0, t1]), u16::from_be_bytes([c0, c1]));
        let ttl = u32::from_be_bytes([l0, l1, l2, l3]);
        let start = after.checked_add(10)?;
        let end = start.checked_add(usize::from(u16::from_be_bytes([n0, n1])))?;
        let data = message.get(start..end)?;
        let known = || {
            self.names()
                .any(|name| name.eq_ignore_ascii_case(self.scratch.as_bytes()))
        };
        if class == IN && (kind == CNAME) == aliases && known() {
            match (kind, data) {
                (CNAME, _) => self.alias(message, start),
                (A, data) => {
                    if let Ok(octets) = <[u8; 4]>::try_from(data) {
                        self.address(Ipv4Addr::from(octets).into(), ttl);
                    }
                }
                (AAAA, data) => {
                    if let Ok(octets) = <[u8; 16]>::try_from(data) {
                        self.address(Ipv6Addr::from(octets).into(), ttl);
                    }
                }
                (SVCB | HTTPS, _) => {
                    self.hints(message, start, end, ttl);
                }
                _ => {}
            }
        }
        Some(end)
    }

    fn alias(&mut self, message: &[u8], at: usize) {
        let known = self.known;
        match self.names.get_mut(known) {
            None => self.beyond = self.beyond.saturating_add(1),
            Some(name) => {
                if spell(message, at, name).is_some() {
                    self.known = known.saturating_add(1);
                }
            }
        }
    }

    fn address(&mut self, address: IpAddr, ttl: u32) {
        if self.addresses.iter().any(|(known, _)| *known == address) {
        } else if self.addresses.len() < MAX_ADDRESSES {
            self.addresses.push((address, ttl));
        } else {
            self.beyond = self.beyond.saturating_add(1);
        }
    }

    /// SvcParams behind priority and target: ipv4hint (4) and ipv6hint (6).
    fn hints(&mut self, message: &[u8], start: usize, end: usize, ttl: u32) -> Option<()> {
        let mut at = spell(message, start.checked_add(2)?, &mut self.scratch)?;
        while at < end {
            let &[k0, k1, n0, n1] = message.get(at..end)?.first_chunk::<4>()?;
            let from = at.checked_add(4)?;
            at = from.checked_add(usize::from(u16::from_be_bytes([n0, n1])))?;
            let value = message.get(from..at.min(end))?;
            match u16::from_be_bytes([k0, k1]) {
                4 => {
                    for octets in value.as_chunks::<4>().0 {
                        self.address(Ipv4Addr::from(*octets).into(), ttl);
                    }
                }
                6 => {
                    for octets in value.as_chunks::<16>().0 {
                        self.address(Ipv6Addr::from(*octets).into(), ttl);
                    }
                }
                _ => {}
            }
        }
        Some(())
    }
}

/// Spells the name at `at` and gives the position behind it.
fn spell(message: &[u8], mut at: usize, to: &mut NameText) -> Option<usize> {
    to.clear();
    let (mut after, mut wire, mut pointers) = (None, 1_usize, 0_usize);
    loop {
        let length = *message.get(at)?;
        let next = at.checked_add(1)?;
        match length {
            0 => return Some(after.unwrap_or(next)),
            1..=63 => {
                let end = next.checked_add(usize::from(length))?;
                wire = wire.saturating_add(usize::from(length)).saturating_add(1);
                if wire > MAX_WIRE {
                    return None;
                }
                to.push_label(message.get(next..end)?).ok()?;
                at = end;
            }
            0xc0.. => {
                let low = *message.get(next)?;
                after.get_or_insert(next.checked_add(1)?);
                pointers = pointers.saturating_add(1);
                at = usize::from(u16::from_be_bytes([length & 0x3f, low]));
                if pointers > MAX_POINTERS || at < HEADER {
                    return None;
                }
            }
            _ => return None,
        }
    }
}

#[cfg(test)]
#[path = "addresses_tests.rs"]
mod tests;
