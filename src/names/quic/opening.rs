//! Which keys to try for a packet, and what trying in vain may cost.
//!
//! Anybody can send what looks like an Initial packet, and only its keys tell. So what is tried is
//! bounded, and the bound must not blind: whoever sends junk ahead of a hello may not hide it.
//!
//! * Every packet is worth three tries at most, whatever came before it.
//! * A try that succeeds is free where it brings bytes of a hello. It is what the reader is for, and
//!   ends with the hello.
//! * One that succeeds and brings none (padding, repetitions) is paid by a budget of the flow that junk
//!   cannot spend, then by the pool. When both are empty the flow's packets are counted and left.
//! * A try in vain is paid by the flow's own budget, which covers what honest flows need whose
//!   beginning was not captured. Nobody else can spend it.
//! * Then by a pool that all flows of one reader share. It is so large that a burst of junk does
//!   not empty it, and what a steady stream takes out of it is bounded by packet time. A flow that
//!   has not used up its own budget does not see whether it is empty, so junk blinds no other flow.
//! * When both are empty, the keys that the packet's connection ID has opened a packet with are
//!   tried all the same: a hello that has begun goes on. Other packets are counted and left.
//!
//! All come back with packet time, so that a client that repeats its hello, as all do, is read a
//! moment later even in a flood.

use super::budget::{Budget, Rate};
use super::header::Packet;
use super::is;
use super::keys::Keys;
use super::stats::QuicStats;
use super::table::{Entry, Id, KeySet};
use crate::stats::bump;
use crate::time::Timestamp;

/// Tries in vain that each flow may cost: 128, and two more each second. As many packets that open and bring nothing.
pub(super) const OF_FLOW: Rate = Rate {
    most: 128,
    each: 500_000_000,
};

/// Tries in vain that all flows of one reader may cost beyond their own. A try takes a few
/// microseconds: with 64 readers this is some seconds of work once, and a third of a processor
/// after that, if somebody floods all of them.
pub(super) const POOL: Rate = Rate {
    most: 16_384,
    each: 1_000_000,
};

/// Opens a packet with the flow's keys, or with those that its own connection ID gives. The second
/// of the answer is the latter, if they did it: they are another connection's, or this one's after
/// a Retry.
pub(super) fn open<'s>(
    entry: &mut Entry,
    pool: &mut Budget,
    now: Timestamp,
    packet: &Packet<'_>,
    plain: &'s mut Vec<u8>,
    stats: &mut QuicStats,
) -> Option<(&'s [u8], Option<KeySet>)> {
    entry.idle.refill(OF_FLOW, now);
    entry.budget.refill(OF_FLOW, now);
    pool.refill(POOL, now);
    if entry.idle.is_spent() && pool.is_spent() {
        bump(&mut stats.over_limit);
        return None;
    }
    let alias = is(&entry.alias, packet.destination);
    let mut matching = false;
    let mut refused = false;
    let mut opened = None;
    for set in entry.sets.iter_mut().flatten() {
        if set.version != packet.version {
            continue;
        }
        let own = set.id.as_bytes() == packet.destination;
        matching |= own;
        if entry.budget.is_spent() && pool.is_spent() && !own && !alias {
            refused = true;
            continue;
        }
        if let Some((number, frames)) = set.keys.open(packet, Some(set.largest), plain) {
            set.largest = set.largest.max(number);
            opened = Some(frames.len());
            break;
        }
        in_vain(&mut entry.budget, pool, stats);
    }
    if let Some(length) = opened {
        return Some((tail(plain, packet, length), None));
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
            if entry.budget.is_spent() && pool.is_spent() {
                refused = true;
                break;
            }
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
                let frames = tail(plain, packet, length);
                if fresh {
                    return Some((frames, Some(set)));
                }
                entry.keep(set);
                return Some((frames, None));
            }
            in_vain(&mut entry.budget, pool, stats);
        }
    }
    bump(if refused {
        &mut stats.over_limit
    } else {
        &mut stats.failed
    });
    None
}

/// Counts a try in vain against the flow, or else against all.
fn in_vain(own: &mut Budget, pool: &mut Budget, stats: &mut QuicStats) {
    bump(&mut stats.in_vain);
    if !own.spend() {
        // Where that is empty too, the connection ID had earned the try.
        pool.spend();
    }
}

/// A packet was opened and brought nothing new of a hello.
pub(super) fn idle(entry: &mut Entry, pool: &mut Budget) {
    if !entry.idle.spend() {
        pool.spend();
    }
}

/// The frames of the packet that was opened in `plain`: they stand before the 16 bytes of the tag.
fn tail<'s>(plain: &'s [u8], packet: &Packet<'_>, length: usize) -> &'s [u8] {
    let end = packet.bytes.len().saturating_sub(16);
    plain
        .get(end.saturating_sub(length)..end)
        .unwrap_or_default()
}
