//! Addresses: those that are listed, and those that listed names were resolved to.
//!
//! It belongs to the thread that reads, since bulk is forgotten there: whatever a packet carries, its addresses are
//! looked at. A contact is told to a worker, which puts it where it belongs in the order of findings.

use std::net::IpAddr;

use super::bound::{Binding, Bound, BoundStats};
use super::reader::At;
use crate::alert::Reach;
use crate::flow::Flow;
use crate::names::dns::Addresses;
use crate::names::label;
use crate::packet::{Ip, Packet, Transport};
use crate::rules::{self, Confidence, Hit, How, RuleSet};
use crate::time::Timestamp;
use crate::triage;

/// How many contacts are remembered, so that not every packet of a flow is told.
const TOLD: usize = 4_096;

/// After so many seconds of packet time a flow that goes on is told again; what is a repeat is decided later.
const AGAIN: u32 = 60;

/// The ports of DNS and QUIC.
const DNS: u16 = 53;
const QUIC: u16 = 443;

/// Ports below this one are servers'.
const FIRST_OF_CLIENTS: u16 = 1_024;

/// A contact with an address, as the reader tells it to a worker. Beside it goes a text: see [`Resolved`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Contact {
    /// What is listed.
    pub hit: Hit,
    /// How far it got.
    pub reach: Reach,
    /// The packet goes to the address, not from it.
    pub outward: bool,
}

/// What goes beside the contact with an address that a name was resolved to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Resolved<'t> {
    pub(super) name: &'t str,
    pub(super) asked: Option<&'t str>,
    pub(super) answered: Timestamp,
    pub(super) packet: u64,
    pub(super) others: u32,
}

impl<'t> Resolved<'t> {
    fn write(binding: &Binding, to: &mut Vec<u8>) {
        to.extend_from_slice(&binding.answered.nanos().to_be_bytes());
        to.extend_from_slice(&binding.packet.to_be_bytes());
        to.push(u8::try_from(binding.others()).unwrap_or(u8::MAX));
        to.extend_from_slice(binding.name.as_bytes());
        to.push(b'\n');
        to.extend_from_slice(binding.asked.as_deref().unwrap_or_default().as_bytes());
    }

    /// Reads what [`Contacts`] wrote.
    pub(super) fn read(text: &'t [u8]) -> Option<Self> {
        let (answered, rest) = text.split_first_chunk::<8>()?;
        let (packet, rest) = rest.split_first_chunk::<8>()?;
        let (others, rest) = rest.split_first()?;
        let (name, asked) = std::str::from_utf8(rest).ok()?.split_once('\n')?;
        Some(Self {
            name,
            asked: (!asked.is_empty()).then_some(asked),
            answered: Timestamp::from_nanos(i64::from_be_bytes(*answered)),
            packet: u64::from_be_bytes(*packet),
            others: u32::from(*others),
        })
    }
}

/// What is known of addresses.
#[derive(Debug, Default)]
pub(super) struct Contacts {
    /// Addresses are looked at: some are listed, or known from answers.
    on: bool,
    /// Some are listed.
    listed: bool,
    /// Answers are read.
    resolves: bool,
    bound: Bound,
    /// Key and second of what was told.
    told: Vec<(u64, u32)>,
    answers: Box<Addresses>,
    /// What goes beside the contact that was found last.
    pub(super) text: Vec<u8>,
}

impl Contacts {
    /// With `resolves`, addresses are learned from answers.
    pub(super) fn new(rules: Option<&RuleSet>, resolves: bool) -> Self {
        let mut new = Self {
            resolves: resolves && rules.is_some(),
            ..Self::default()
        };
        if let Some(rules) = rules {
            new.renew(rules);
        }
        new
    }

    /// These rules count from now on.
    pub(super) fn renew(&mut self, rules: &RuleSet) {
        self.listed = rules.lists_addresses();
        self.bound.renew(rules);
        self.switch();
    }

    fn switch(&mut self) {
        self.on = self.listed || !self.bound.is_empty();
        if self.on && self.told.is_empty() {
            self.told = vec![(0, 0); TOLD];
        }
    }

    /// Another capture begins.
    pub(super) fn clear(&mut self) {
        self.bound.clear();
        self.told.fill((0, 0));
        self.switch();
    }

    /// Whether addresses are looked at.
    #[inline(always)] // asked for each packet
    pub(super) fn is_on(&self) -> bool {
        self.on
    }

    pub(super) fn stats(&self) -> BoundStats {
        self.bound.stats()
    }

    pub(super) fn fill(&self) -> (usize, usize) {
        self.bound.fill()
    }

    /// False for nearly all packets that have to do with no such address. Of those that names were resolved to, only what goes to
    /// them counts.
    #[inline]
    pub(super) fn may_concern(&self, ip: &Ip<'_>, rules: &RuleSet) -> bool {
        let bound = !self.bound.is_empty();
        match ip {
            Ip::V4(source, destination) => {
                bound && self.bound.may_know_v4(*destination)
                    || self.listed
                        && (rules.may_list_v4(*source) || rules.may_list_v4(*destination))
            }
            Ip::V6(source, destination) => {
                bound && self.bound.may_know_v6(destination)
                    || self.listed && (rules.may_list_v6(source) || rules.may_list_v6(destination))
            }
        }
    }

    /// Whether a flow is with an address that a listed name was resolved to.
    #[inline]
    pub(super) fn is_bound(&self, ip: &Ip<'_>, now: Timestamp) -> bool {
        !self.bound.is_empty() && self.knows(ip, now)
    }

    fn knows(&self, ip: &Ip<'_>, now: Timestamp) -> bool {
        let known = |address| self.bound.find(address, now).is_some();
        let may = match ip {
            Ip::V4(a, b) => self.bound.may_know_v4(*a) || self.bound.may_know_v4(*b),
            Ip::V6(a, b) => self.bound.may_know_v6(a) || self.bound.may_know_v6(b),
        };
        may && (known(ip.source()) || known(ip.destination()))
    }

    /// What there is to tell of a packet: a contact that was not told yet. The text beside it is in [`Self::text`].
    pub(super) fn look(
        &mut self,
        packet: &Packet<'_>,
        rules: &RuleSet,
        now: Timestamp,
    ) -> Option<Contact> {
        let flow = packet.flow();
        let contact = self.contact(packet, &flow, rules, now)?;
        // What is told once need not be told for each packet.
        let key = flow.hash()
            ^ (contact.hit.indicator.index() as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15)
            ^ (contact.reach as u64) << 3
            ^ contact.hit.how as u64;
        let secs = (now.secs() & i64::from(u32::MAX)) as u32;
        let slot = (key >> 20) as usize & TOLD.wrapping_sub(1);
        let told = self.told.get_mut(slot)?;
        if told.0 == key && secs.wrapping_sub(told.1) < AGAIN {
            return None;
        }
        *told = (key, secs);
        Some(contact)
    }

    fn contact(
        &mut self,
        packet: &Packet<'_>,
        flow: &Flow,
        rules: &RuleSet,
        now: Timestamp,
    ) -> Option<Contact> {
        self.text.clear();
        if self.listed {
            // A device that talks to a listed address, before one that is talked to.
            let to = rules.match_address(flow.dst, flow.dport);
            let from = || rules.match_address(flow.src, flow.sport);
            if let Some((hit, outward)) = to.map(|h| (h, true)).or_else(|| Some((from()?, false)))
                && let Some(reach) = reach(&packet.transport, outward)
            {
                return Some(Contact {
                    hit,
                    reach,
                    outward,
                });
            }
        }
        let binding = self.bound.find(flow.dst, now)?;
        let reach = begins(&packet.transport)?;
        Resolved::write(binding, &mut self.text);
        Some(Contact {
            hit: Hit {
                indicator: binding.indicator,
                how: How::Resolved,
            },
            reach,
            outward: true,
        })
    }

    /// Whether a message that holds no listed name may give a known address to another name.
    ///
    /// To read each answer would cost more than all else that is done with it. Its last address stands at its end, or before
    /// the record of EDNS without options (RFC 6891, section 6.1.2), which has 11 bytes: an address that serves many names is
    /// found there soon enough.
    #[inline]
    pub(super) fn may_tell_of_another(&self, message: &[u8]) -> bool {
        let is_response = message.get(2).is_some_and(|flags| flags & 0x80 != 0);
        is_response && !self.bound.is_empty() && self.ends_in_known(message)
    }

    fn ends_in_known(&self, message: &[u8]) -> bool {
        let before_edns = message
            .split_last_chunk::<11>()
            .filter(|(_, opt)| opt.starts_with(&[0, 0, 41]))
            .map(|(before, _)| before);
        let message = before_edns.unwrap_or(message);
        // With its length before it.
        match message {
            [.., 0, 4, a, b, c, d] => self.bound.may_know_v4(u32::from_be_bytes([*a, *b, *c, *d])),
            [.., 0, 16, _, _, _, _, _, _, _, _, _, _, _, _, _, _, _, _] => message
                .last_chunk::<16>()
                .is_some_and(|address| self.bound.may_know_v6(address)),
            _ => false,
        }
    }

    /// Learns from a DNS message which addresses a listed name was resolved to, or that another name was. Gives what is new
    /// to `tell`: address, time to live in seconds, and how.
    pub(super) fn learn(
        &mut self,
        message: &[u8],
        rules: &RuleSet,
        at: At,
        tell: &mut impl FnMut(IpAddr, u32, &Binding),
    ) {
        if !self.resolves || !self.answers.read(message) {
            return;
        }
        self.bound.beyond(self.answers.take_beyond());
        let asked = self.answers.names().next().unwrap_or_default();
        // Of several the first of which one may be sure.
        let lead = self
            .answers
            .names()
            .find_map(|name| Some((name, leads(rules, name)?)));
        match lead {
            // A name that leads to a popular site, or into a shared one, tells nothing about whoever else goes there.
            Some(_)
                if self
                    .answers
                    .names()
                    .skip(1)
                    .last()
                    .is_some_and(rules::is_shared) => {}
            Some((name, hit)) => {
                let binding = Binding::new(hit.indicator, name, asked);
                for &(address, ttl) in self.answers.addresses() {
                    let address = address.to_canonical();
                    // Else a filter's answer, a network's own, or one that is to bring others under suspicion.
                    if rules::is_server(address) {
                        tell(address, ttl, &binding);
                        let seen = (at.timestamp, at.number);
                        self.bound.learn(address, ttl, &binding, seen);
                    }
                }
                self.switch();
            }
            // A guess does not make its addresses those of somebody else.
            None if self.answers.names().any(|n| rules.match_name(n).is_some()) => {}
            None => {
                let name = label::last_two(asked).unwrap_or_default();
                for &(address, _) in self.answers.addresses() {
                    self.bound.other(address.to_canonical(), name);
                }
            }
        }
    }

    /// Forgets addresses whose answers are over at `now`.
    pub(super) fn expire(&mut self, now: Timestamp) {
        self.bound.expire(now);
        self.switch();
    }

    /// Addresses that other threads learned are gone before this one heard of them.
    pub(super) fn missed(&mut self, count: u64) {
        self.bound.missed(count);
    }

    /// Learns what another thread has learned, with the same rules.
    pub(super) fn told_by_others(&mut self, address: IpAddr, ttl: u32, binding: &Binding) {
        let seen = (binding.answered, binding.packet);
        self.bound.learn(address, ttl, binding, seen);
        self.switch();
    }

    /// The same, where it may have been learned with other rules: their numbers mean something else.
    pub(super) fn told_of_others(
        &mut self,
        (address, ttl): (IpAddr, u32),
        binding: &Binding,
        rules: &RuleSet,
    ) {
        if let Some(hit) = leads(rules, binding.name.as_bytes()) {
            let mut binding = binding.clone();
            binding.indicator = hit.indicator;
            self.told_by_others(address, ttl, &binding);
        }
    }
}

/// The indicator of a name whose addresses are worth knowing: of a guess they would be a guess of a guess.
pub(super) fn leads(rules: &RuleSet, name: &[u8]) -> Option<Hit> {
    let hit = rules.match_name(name)?;
    let sure = rules.indicator(hit.indicator)?.confidence > Confidence::Low;
    (sure && hit.how != How::Holds).then_some(hit)
}

/// How a device begins to use an address, by this packet. What was begun before the answer was seen has nothing to do
/// with it, and what goes on was told at its beginning: `None`.
fn begins(transport: &Transport<'_>) -> Option<Reach> {
    match transport {
        Transport::Tcp(segment) => {
            let begins = segment.flags.opens() && !segment.flags.acknowledges();
            begins.then_some(Reach::Tried)
        }
        Transport::Udp(datagram) => {
            let first = datagram.payload.first().copied().unwrap_or_default();
            // QUIC with a short header: a connection that goes on.
            let goes_on = datagram.dport == QUIC && first & 0xc0 == 0x40;
            // Whom a resolver is asked for is in the question.
            let asks = datagram.dport == DNS && triage::is_plain_dns(datagram);
            // Who is answered began.
            let answers = datagram.sport < FIRST_OF_CLIENTS && datagram.dport >= FIRST_OF_CLIENTS;
            (!goes_on && !asks && !answers).then_some(Reach::Sent)
        }
    }
}

/// How far a device and an address got by this packet; `None` where it says nothing.
fn reach(transport: &Transport<'_>, outward: bool) -> Option<Reach> {
    match transport {
        Transport::Udp(_) if outward => Some(Reach::Sent),
        Transport::Udp(_) => Some(Reach::Contacted),
        Transport::Tcp(segment) => {
            let (opens, answers) = (segment.flags.opens(), segment.flags.acknowledges());
            match (opens, answers) {
                (true, false) if outward => Some(Reach::Tried),
                (true, false) => Some(Reach::Contacted),
                // Who answers is the one that was asked.
                (true, true) if outward => Some(Reach::Contacted),
                (true, true) => Some(Reach::Connected),
                // A refusal, or the end of something that was told before.
                (false, _) if segment.payload.is_empty() => None,
                (false, _) => Some(Reach::Connected),
            }
        }
    }
}

#[cfg(test)]
#[path = "contacts_tests.rs"]
mod tests;
