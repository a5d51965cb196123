//! Whether the traffic that arrives is what names can be read from.

use super::card;
use super::finding::{Finding, command, step};
use crate::live::Counters;
use crate::output::{counted, grouped};
use crate::time::Timestamp;

/// So many packets have to be seen before it is said that there is something that none of them has.
const ENOUGH: u64 = 1_000;

/// Fewer packets than this are no traffic of clients: broadcasts, and what interfaces send by themselves.
const HARDLY_ANY: u64 = 100;

/// So many connections have to be seen from one side before it is said that the other one is missing.
const CONNECTIONS: u64 = 10;

/// The other side is missing where it is seen this many times less, and may be missing in part where it is seen less than
/// half as often, which takes more connections to say: some are never answered.
const FEWER: u64 = 10;
const MANY_CONNECTIONS: u64 = 100;

/// Of so many packets in a hundred that cannot be decoded it is said; with so many, nothing is seen.
const SOME_UNDECODED: f64 = 5.0;
const ALL_UNDECODED: f64 = 90.0;

/// Times of packets may differ so much from this machine's clock, in nanoseconds.
const DIFFERENCE: i64 = 2_000_000_000;

/// What was seen.
#[derive(Debug, Clone, Default)]
pub(super) struct Seen {
    /// How long it was looked, by this machine's clock.
    pub(super) seconds: f64,
    pub(super) begun: Timestamp,
    pub(super) ended: Timestamp,
    /// Packets read, and their bytes on the wire.
    pub(super) packets: u64,
    pub(super) bytes: u64,
    /// Packets for which the ring had no room, and payloads for which the workers had no time.
    pub(super) ring_dropped: u64,
    pub(super) worker_dropped: u64,
    /// What the interface itself counted, where that is told.
    pub(super) interface: Option<Counters>,
    /// Packets longer than the link carries.
    pub(super) merged: u64,
    /// VLAN tags put back.
    pub(super) tags: u64,
    /// How often the interface went down or away.
    pub(super) outages: u64,
    /// SYNs, and SYNs that answer them.
    pub(super) opened: u64,
    pub(super) accepted: u64,
    /// Names by kind, those that were seen.
    pub(super) names: Vec<(&'static str, u64)>,
    /// Packets that could not be decoded and may have held names, and why most of them could not.
    pub(super) undecoded: u64,
    pub(super) mostly: Option<String>,
    /// Earliest and latest time of a packet.
    pub(super) first: Option<Timestamp>,
    pub(super) last: Option<Timestamp>,
    /// Names that are listed.
    pub(super) contacts: u64,
}

impl Seen {
    fn names(&self) -> u64 {
        self.names
            .iter()
            .fold(0, |sum, &(_, n)| sum.saturating_add(n))
    }

    fn per_second(&self, amount: u64) -> f64 {
        if self.seconds > 0.0 {
            amount as f64 / self.seconds
        } else {
            0.0
        }
    }
}

/// What can be said of what was seen at the interface `name`.
pub(super) fn judge(seen: &Seen, name: &str, card: &card::Facts) -> Vec<Finding> {
    if let Some(nothing) = nothing(seen) {
        return vec![nothing];
    }
    let mut findings = vec![
        packets(seen),
        loss(seen, card),
        size(seen, name, card),
        tags(seen),
        decoded(seen),
        directions(seen),
        names(seen),
        time(seen),
    ];
    findings.extend(contacts(seen));
    findings
}

fn nothing(seen: &Seen) -> Option<Finding> {
    let lost = seen.ring_dropped != 0;
    // What this machine sends is captured as well, and not counted as received. Some cards tell their counts late.
    let arrived = seen.interface.is_none_or(|i| i.packets != 0) || seen.packets >= HARDLY_ANY;
    if lost || (seen.packets != 0 && arrived) {
        return None;
    }
    let found = match seen.packets {
        0 => format!("no packet in {:.1} s", seen.seconds),
        n => format!(
            "no packet arrived in {:.1} s ({} of this machine's own)",
            seen.seconds,
            grouped(n)
        ),
    };
    let finding = Finding::error(
        "traffic.packets",
        format!("{found}: `watch` would see nothing"),
        step("switch on the mirror for this port, or look longer with --seconds"),
    );
    Some(measured(finding, seen))
}

/// With how much there was.
fn measured(finding: Finding, seen: &Seen) -> Finding {
    finding
        .with("packets", seen.packets)
        .with("bytes", seen.bytes)
        .with("interface_packets", seen.interface.map(|i| i.packets))
        .with("seconds", seen.seconds)
        .with("outages", seen.outages)
}

fn packets(seen: &Seen) -> Finding {
    let check = "traffic.packets";
    let rate = seen.per_second(seen.packets);
    let megabits = seen.per_second(seen.bytes) * 8.0 / 1e6;
    let found = format!(
        "{} in {:.1} s: {} a second, {megabits:.1} Mbit/s",
        counted(seen.packets, "packet", "packets"),
        seen.seconds,
        grouped(rate.round() as u64),
    );
    let finding = if seen.outages != 0 {
        Finding::warning(
            check,
            format!("{found}; meanwhile the interface lost its carrier"),
            step("look at its cable, and at what sets it down"),
        )
    } else if seen.packets < HARDLY_ANY && seen.ring_dropped == 0 {
        Finding::warning(
            check,
            format!("{found}: hardly more than broadcasts"),
            step("see whether the mirror is on, or look longer with --seconds"),
        )
    } else {
        Finding::ok(check, found)
    };
    measured(finding, seen)
}

fn percent(part: u64, whole: u64) -> f64 {
    if whole == 0 {
        0.0
    } else {
        part as f64 * 100.0 / whole as f64
    }
}

fn loss(seen: &Seen, card: &card::Facts) -> Finding {
    let check = "traffic.loss";
    let interface = seen.interface.unwrap_or_default();
    let at_interface = interface.dropped.saturating_add(interface.overruns);
    let lost = [
        seen.ring_dropped,
        seen.worker_dropped,
        at_interface,
        interface.errors,
    ];
    let places = [
        "in the ring",
        "at the workers",
        "at the interface",
        "damaged",
    ];
    let sum = lost.iter().fold(0u64, |sum, &n| sum.saturating_add(n));
    let share = percent(sum, seen.packets.saturating_add(sum));
    let finding = if sum == 0 {
        Finding::ok(check, "no packet was lost")
    } else {
        let parts: Vec<String> = places
            .iter()
            .zip(lost)
            .filter(|&(_, n)| n != 0)
            .map(|(place, n)| format!("{} {place}", grouped(n)))
            .collect();
        let most = lost.iter().copied().max().unwrap_or(0);
        Finding::warning(
            check,
            format!("{} ({share:.2} %)", parts.join(", ")),
            match lost.iter().position(|&n| n == most) {
                Some(0) => step("run `watch` with a larger --ring-size, or with more --threads"),
                Some(1) => step("run `watch` with more --workers, or on more processors"),
                Some(2) => card.larger_ring().map_or_else(
                    || step("mirror less to this port: it gets more than it can take"),
                    command,
                ),
                _ => step(
                    "change the cable or the optics: frames arrive damaged, or too long for the MTU",
                ),
            },
        )
    };
    finding
        .with("ring", seen.ring_dropped)
        .with("workers", seen.worker_dropped)
        .with("interface", seen.interface.map(|_| at_interface))
        .with("damaged", seen.interface.map(|i| i.errors))
        .with("percent", share)
}

fn size(seen: &Seen, name: &str, card: &card::Facts) -> Finding {
    let check = "traffic.size";
    let finding = if seen.merged == 0 {
        Finding::ok(check, "no packet is longer than the MTU allows")
    } else {
        let mend = card
            .unmerged()
            .map_or_else(|| card::longer_mtu(name), command);
        Finding::warning(
            check,
            format!(
                "{} longer than the MTU allows: merged on the way, or of a network with larger frames",
                counted(seen.merged, "packet is", "packets are")
            ),
            mend,
        )
    };
    finding.with("too_long", seen.merged)
}

fn tags(seen: &Seen) -> Finding {
    let check = "traffic.tags";
    let finding = if seen.tags == 0 {
        Finding::ok(check, "no VLAN tag was taken out by card or kernel")
    } else {
        let found = counted(
            seen.tags,
            "VLAN tag was put back",
            "VLAN tags were put back",
        );
        Finding::ok(check, found)
    };
    finding.with("put_back", seen.tags)
}

fn decoded(seen: &Seen) -> Finding {
    let check = "traffic.decoded";
    let share = percent(seen.undecoded, seen.packets).min(100.0);
    let mostly = seen.mostly.as_deref().unwrap_or("unknown");
    let found = format!("{share:.1} % of packets cannot be decoded, mostly: {mostly}");
    let mend = || {
        step(
            "mirror the traffic before it is put into that, or report the layer that is missing (CONTRIBUTING)",
        )
    };
    let finding = if share >= ALL_UNDECODED && seen.names.is_empty() {
        Finding::error(check, found, mend())
    } else if share >= SOME_UNDECODED {
        Finding::warning(check, found, mend())
    } else if seen.undecoded == 0 {
        Finding::ok(check, "every packet that may hold a name was decoded")
    } else {
        Finding::ok(check, found)
    };
    finding
        .with("undecoded", seen.undecoded)
        .with("percent", share)
}

fn directions(seen: &Seen) -> Finding {
    let check = "traffic.directions";
    let (opened, accepted) = (seen.opened, seen.accepted);
    let few = |some: u64, many: u64| many >= CONNECTIONS && some.saturating_mul(FEWER) < many;
    let half = |some: u64, many: u64| many >= MANY_CONNECTIONS && some.saturating_mul(2) < many;
    let counts = format!(
        "{} opened, {} accepted",
        counted(opened, "connection", "connections"),
        grouped(accepted)
    );
    let both = || step("mirror both directions (rx and tx) of the port or VLAN");
    let finding = if few(accepted, opened) {
        Finding::warning(
            check,
            format!("{counts}: what servers answer is missing"),
            both(),
        )
    } else if few(opened, accepted) {
        Finding::warning(
            check,
            format!("{counts}: what clients send is missing"),
            both(),
        )
    } else if half(accepted, opened) || half(opened, accepted) {
        Finding::warning(
            check,
            format!("{counts}: a part of one direction may be missing"),
            both(),
        )
    } else if opened == 0 && accepted == 0 && seen.packets >= ENOUGH {
        Finding::warning(
            check,
            format!(
                "no TCP connection began in {} packets",
                grouped(seen.packets)
            ),
            step("see whether this port gets what clients send, not only bulk or broadcasts"),
        )
    } else if opened.max(accepted) < CONNECTIONS {
        Finding::skipped(check, format!("too few to judge by: {counts}"))
    } else {
        Finding::ok(check, format!("both: {counts}"))
    };
    finding.with("opened", opened).with("accepted", accepted)
}

fn names(seen: &Seen) -> Finding {
    let check = "traffic.names";
    let sum = seen.names();
    let finding = if sum != 0 {
        let mut kinds = seen.names.clone();
        kinds.sort_by_key(|&(kind, n)| (std::cmp::Reverse(n), kind));
        let kinds: Vec<String> = kinds
            .iter()
            .map(|(kind, n)| format!("{kind} {}", grouped(*n)))
            .collect();
        Finding::ok(
            check,
            format!("{}: {}", counted(sum, "name", "names"), kinds.join(", ")),
        )
    } else if seen.packets > ENOUGH {
        Finding::warning(
            check,
            format!(
                "no name in {} packets: they are encrypted, or not those of clients",
                grouped(seen.packets)
            ),
            step("mirror clients' DNS and web traffic, before a VPN encrypts it"),
        )
    } else {
        Finding::skipped(
            check,
            format!(
                "none in {}, too few to judge by",
                counted(seen.packets, "packet", "packets")
            ),
        )
    };
    let kinds: serde_json::Map<String, serde_json::Value> = seen
        .names
        .iter()
        .map(|&(kind, n)| (kind.to_owned(), n.into()))
        .collect();
    finding.with("names", sum).with("kinds", kinds)
}

/// How far the packets' times are outside of the time of the look.
fn time(seen: &Seen) -> Finding {
    let check = "traffic.time";
    let (Some(first), Some(last)) = (seen.first, seen.last) else {
        return Finding::skipped(check, "packets have no time");
    };
    let early = seen.begun.nanos_since(first).max(0);
    let late = last.nanos_since(seen.ended).max(0);
    let difference = early.max(late);
    let seconds = difference as f64 / 1e9;
    let finding = if difference > DIFFERENCE {
        Finding::warning(
            check,
            format!("packets' times differ from this machine's clock by {seconds:.1} s"),
            step(
                "run `watch` with --clock host, and see that this machine's clock is not set meanwhile",
            ),
        )
    } else {
        Finding::ok(check, "packets have the time of this machine's clock")
    };
    finding.with("difference_seconds", seconds)
}

/// Whoever looks for contacts wants to know that there was one.
fn contacts(seen: &Seen) -> Option<Finding> {
    (seen.contacts != 0).then(|| {
        Finding::warning(
            "traffic.contacts",
            counted(
                seen.contacts,
                "listed name was seen",
                "listed names were seen",
            ),
            step("run `watch` for the alerts"),
        )
        .with("listed", seen.contacts)
    })
}

#[cfg(test)]
#[path = "traffic_tests.rs"]
mod tests;
