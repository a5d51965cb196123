//! Which keys to try for a packet. Every try that fails is counted against the flow, so that junk
//! that looks like Initial packets costs a bounded amount.

use super::bump;
use super::header::Packet;
use super::keys::Keys;
use super::stats::QuicStats;
use super::table::{Entry, Id, KeySet};

/// Keys that are tried in vain for one flow before its packets are left unread until it is
/// forgotten. An honest flow fails a few times, where its beginning was not captured.
pub(super) const MAX_ATTEMPTS: u16 = 128;

/// Opens a packet with the flow's keys, or with those that its own connection ID gives. The second
/// of the answer says that the latter did it.
pub(super) fn open<'s>(
    entry: &mut Entry,
    packet: &Packet<'_>,
    plain: &'s mut Vec<u8>,
    stats: &mut QuicStats,
) -> Option<(&'s [u8], bool)> {
    let spent = entry.attempts >= MAX_ATTEMPTS;
    let mut matching = false;
    let mut opened = None;
    for set in entry.sets.iter_mut().flatten() {
        if set.version != packet.version {
            continue;
        }
        let own = set.id.as_bytes() == packet.destination;
        matching |= own;
        // Who has used up the attempts may still use the ID that was proven.
        if spent && !own {
            continue;
        }
        if let Some((number, frames)) = set.keys.open(packet, Some(set.largest), plain) {
            set.largest = set.largest.max(number);
            opened = Some(frames.len());
            break;
        }
        entry.attempts = entry.attempts.saturating_add(1);
    }
    if let Some(length) = opened {
        return Some((tail(plain, packet, length), false));
    }
    if spent {
        bump(&mut stats.over_limit);
        return None;
    }
    if !matching {
        // Its own ID, and those that opened packets of another version: a server may choose a
        // version that fits, and the keys are then made of the first ID (RFC 9368, RFC 9369).
        let own = (Id::new(packet.destination), true);
        let first = entry.sets.iter().flatten();
        let first = first.filter(|set| set.version != packet.version);
        let mut ids = [Some(own), None, None];
        for (place, set) in ids.iter_mut().skip(1).zip(first) {
            *place = Some((set.id, false));
        }
        for (id, fresh) in ids.into_iter().flatten() {
            let Some(keys) = Keys::client(packet.profile, id.as_bytes()) else {
                continue;
            };
            if let Some((number, frames)) = keys.open(packet, None, plain) {
                let length = frames.len();
                let set = KeySet {
                    version: packet.version,
                    id,
                    keys,
                    largest: number,
                };
                let [latest, before] = &mut entry.sets;
                *before = latest.replace(set);
                return Some((tail(plain, packet, length), fresh));
            }
            entry.attempts = entry.attempts.saturating_add(1);
        }
    }
    bump(&mut stats.failed);
    None
}

/// The frames of the packet that was opened in `plain`: they stand before the 16 bytes of the tag.
fn tail<'s>(plain: &'s [u8], packet: &Packet<'_>, length: usize) -> &'s [u8] {
    let end = packet.bytes.len().saturating_sub(16);
    plain
        .get(end.saturating_sub(length)..end)
        .unwrap_or_default()
}
