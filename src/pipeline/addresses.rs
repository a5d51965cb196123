//! What the reader does about addresses: those of each packet are looked at, where some are listed or known from answers,
//! and answers teach which ones belong to listed names.

use super::bound::Binding;
use super::reader::{At, Ended, Reader};
use crate::packet::{Ip, Packet, Transport};
use crate::triage;

impl Reader<'_> {
    /// False for nearly all packets that have to do with no such address.
    #[inline]
    pub(super) fn may_concern(&self, ip: &Ip<'_>) -> bool {
        let rules = self.rules.as_deref();
        rules.is_some_and(|rules| self.contacts.may_concern(ip, rules))
    }

    /// Looks at a packet of a frame that has no more to it than most. Only here it is put together.
    #[inline(never)]
    pub(super) fn plain_contact(
        &mut self,
        at: At,
        ip: Ip<'_>,
        transport: Transport<'_>,
    ) -> Result<(), Ended> {
        let cut = false;
        self.path.clear();
        self.tell_contact(at, &Packet { ip, transport, cut })
    }

    /// Looks at the addresses of a packet.
    pub(super) fn contact(&mut self, at: At, view: &Packet<'_>) -> Result<(), Ended> {
        if self.may_concern(&view.ip) {
            self.tell_contact(at, view)
        } else {
            Ok(())
        }
    }

    #[inline(never)]
    pub(super) fn tell_contact(&mut self, at: At, view: &Packet<'_>) -> Result<(), Ended> {
        let Some(rules) = self.rules.as_deref() else {
            return Ok(());
        };
        let Some(contact) = self.contacts.look(view, rules, at.timestamp) else {
            return Ok(());
        };
        // Lent for the call, so that `forward` can have the rest.
        let text = std::mem::take(&mut self.contacts.text);
        let mut told = *view;
        match &mut told.transport {
            Transport::Tcp(segment) => segment.payload = &text,
            Transport::Udp(datagram) => datagram.payload = &text,
        }
        let done = self.forward(at, &told, triage::Reader::Contact(contact));
        self.contacts.text = text;
        done
    }

    /// Learns addresses from a message that is not innocent, or while some are known from any.
    #[inline(never)]
    pub(super) fn learn(&mut self, at: At, message: &[u8]) {
        let Some(rules) = self.rules.as_deref() else {
            return;
        };
        let house = &mut self.live;
        let mut tell = |address, ttl, binding: &Binding| {
            if let Some(house) = house {
                house.tell(address, ttl, binding, at);
            }
        };
        self.contacts.learn(message, rules, at, &mut tell);
    }
}
