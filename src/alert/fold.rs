//! Folding of repeats: the same flow that says the same name again is one alert.
//!
//! Retransmissions, a resolver that answers twice and a client that asks again would otherwise
//! bury a finding under copies of itself. What is folded is counted, and the table is bounded: where
//! it is full, an alert is given twice rather than not at all.

use std::collections::HashMap;

use super::{Evidence, Reach, Sighting};
use crate::flow::{Flow, Protocol};
use crate::time::Timestamp;

/// How many (flow, name) pairs are remembered.
const MAX_ENTRIES: usize = 65_536;

/// A flow with an address of which something is seen so often goes on, in nanoseconds: the reader tells of it once a minute.
const GOES_ON: i64 = 150_000_000_000;

/// How often, at the most, a full table is searched for expired entries.
const SWEEPS_PER_WINDOW: u64 = 8;

/// What becomes of a sighting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Folded {
    /// It is an alert.
    New,
    /// The same was alerted within the window.
    Repeat,
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Key {
    flow: Flow,
    from_response: bool,
    /// How far contacts with addresses got does not tell them apart.
    evidence: Evidence,
    name: Box<str>,
}

impl Key {
    fn of(sighting: &Sighting) -> Self {
        let evidence = match sighting.evidence {
            Evidence::Address(_) => Evidence::Address(Reach::Tried),
            Evidence::Resolved(_) => {
                // However many connections a program opens: a weak finding is given once.
                return Self::without_ports(sighting, Evidence::Resolved(Reach::Tried));
            }
            evidence => evidence,
        };
        Self {
            flow: sighting.flow.canonical(),
            from_response: sighting.is_response(),
            evidence,
            name: sighting.name.clone(),
        }
    }

    fn without_ports(sighting: &Sighting, evidence: Evidence) -> Self {
        let flow = Flow {
            sport: 0,
            dport: 0,
            protocol: Protocol::Tcp,
            ..sighting.flow
        };
        Self {
            flow: flow.canonical(),
            from_response: sighting.is_response(),
            evidence,
            name: sighting.name.clone(),
        }
    }
}

/// What was alerted.
#[derive(Debug, Clone, Copy)]
struct Alerted {
    /// When.
    at: Timestamp,
    /// When the same was seen last, alert or repeat.
    seen: Timestamp,
    /// Of a contact with an address: how far it got.
    reach: Option<Reach>,
}

/// Whether a contact that got as far as `new` adds nothing to one that got as far as `known`.
const fn covers(known: Option<Reach>, new: Option<Reach>) -> bool {
    let (Some(known), Some(new)) = (known, new) else {
        return true;
    };
    match known {
        Reach::Connected => true,
        // Its answers come from the address.
        Reach::Sent => matches!(new, Reach::Sent | Reach::Contacted),
        // A connection that the other end opened carries data.
        Reach::Contacted => matches!(new, Reach::Contacted | Reach::Connected),
        Reach::Tried => matches!(new, Reach::Tried),
    }
}

/// Remembers what was alerted, in packet time.
#[derive(Debug)]
pub struct Folder {
    window_nanos: i64,
    alerted: HashMap<Key, Alerted>,
    overflowed: u64,
    /// When expired entries were last removed, in packet time.
    swept: Option<Timestamp>,
}

impl Folder {
    /// A `window_secs` of 0 folds nothing.
    pub fn new(window_secs: u32) -> Self {
        Self {
            window_nanos: i64::from(window_secs).saturating_mul(1_000_000_000),
            alerted: HashMap::new(),
            overflowed: 0,
            swept: None,
        }
    }

    /// Forgets everything: another capture begins, with a clock of its own.
    pub fn reset(&mut self) {
        self.alerted.clear();
        self.swept = None;
    }

    /// Alerts that could not be remembered because the table was full.
    pub fn overflowed(&self) -> u64 {
        self.overflowed
    }

    /// Decides whether `sighting` is new. The window begins at the alert, not at its last repeat,
    /// so a device that keeps calling is reported again.
    pub fn fold(&mut self, sighting: &Sighting) -> Folded {
        if self.window_nanos == 0 {
            return Folded::New;
        }
        let reach = match sighting.evidence {
            Evidence::Address(reach) => Some(reach),
            Evidence::Name(_) | Evidence::Resolved(_) => None,
        };
        let key = Key::of(sighting);
        let folded = self.fold_as(key, reach, sighting.timestamp);
        if folded == Folded::New && reach == Some(Reach::Contacted) {
            // Who looks at all ports of a device is one finding.
            let key = Key::without_ports(sighting, Evidence::Address(Reach::Contacted));
            return self.fold_as(key, reach, sighting.timestamp);
        }
        folded
    }

    fn fold_as(&mut self, key: Key, reach: Option<Reach>, now: Timestamp) -> Folded {
        let window = self.window_nanos;
        let within = |then: Timestamp| now.nanos_since(then).unsigned_abs() < window.unsigned_abs();
        if let Some(known) = self.alerted.get_mut(&key) {
            let covered = covers(known.reach, reach);
            let goes_on =
                now.nanos_since(known.seen).unsigned_abs() < window.max(GOES_ON).unsigned_abs();
            known.seen = now;
            // The answer of an address is no contact of its own, however long the flow goes on.
            if covered && (within(known.at) || goes_on && known.reach != reach) {
                return Folded::Repeat;
            }
            known.at = now;
            known.reach = reach;
            return Folded::New;
        }
        // Sweeping a table of live entries for every alert would make a flood quadratic.
        let due = self.swept.is_none_or(|then| {
            now.nanos_since(then).unsigned_abs() >= window.unsigned_abs() / SWEEPS_PER_WINDOW
        });
        if self.alerted.len() >= MAX_ENTRIES && due {
            self.alerted.retain(|_, known| within(known.at));
            self.swept = Some(now);
        }
        if self.alerted.len() >= MAX_ENTRIES {
            self.overflowed = self.overflowed.saturating_add(1);
        } else {
            let new = Alerted {
                at: now,
                seen: now,
                reach,
            };
            self.alerted.insert(key, new);
        }
        Folded::New
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::sighting;
    use super::*;

    #[test]
    fn repeats_fold_within_the_window_of_their_alert() {
        let mut folder = Folder::new(10);
        let mut fold = |secs| folder.fold(&sighting("evil.example", secs));
        assert_eq!(fold(100), Folded::New);
        assert_eq!(fold(101), Folded::Repeat);
        assert_eq!(fold(109), Folded::Repeat);
        // Ten seconds after the alert, not after its last repeat.
        assert_eq!(fold(110), Folded::New);
        assert_eq!(fold(119), Folded::Repeat);
    }

    #[test]
    fn a_clock_that_jumps_back_does_not_silence_alerts() {
        let mut folder = Folder::new(10);
        assert_eq!(folder.fold(&sighting("evil.example", 1_000)), Folded::New);
        assert_eq!(folder.fold(&sighting("evil.example", 500)), Folded::New);
    }

    #[test]
    fn other_names_flows_and_directions_are_alerts_of_their_own() {
        let mut folder = Folder::new(10);
        let first = sighting("evil.example", 1);
        assert_eq!(folder.fold(&first), Folded::New);
        assert_eq!(folder.fold(&sighting("other.example", 1)), Folded::New);
        let mut flow = first.clone();
        flow.flow.sport = 9;
        assert_eq!(folder.fold(&flow), Folded::New);
        let mut answer = first.clone();
        std::mem::swap(&mut answer.flow.src, &mut answer.flow.dst);
        std::mem::swap(&mut answer.flow.sport, &mut answer.flow.dport);
        answer.dns.as_mut().unwrap().response = true;
        assert_eq!(folder.fold(&answer), Folded::New);
        assert_eq!(folder.fold(&answer), Folded::Repeat);
    }

    fn contact(reach: Reach, secs: i64) -> Sighting {
        let mut s = sighting("203.0.113.66", secs);
        s.evidence = Evidence::Address(reach);
        s.dns = None;
        s
    }

    #[test]
    fn a_contact_with_an_address_is_alerted_again_where_it_got_farther() {
        use Reach::{Connected, Contacted, Sent, Tried};
        for (first, then, folded) in [
            (Tried, Tried, Folded::Repeat),
            (Tried, Connected, Folded::New),
            (Connected, Tried, Folded::Repeat),
            (Connected, Contacted, Folded::Repeat),
            (Sent, Contacted, Folded::Repeat),
            (Contacted, Sent, Folded::New),
            (Contacted, Connected, Folded::Repeat),
        ] {
            let mut folder = Folder::new(10);
            assert_eq!(folder.fold(&contact(first, 1)), Folded::New);
            let found = folder.fold(&contact(then, 2));
            assert_eq!(found, folded, "{first:?} {then:?}");
        }
    }

    /// Whichever packet is the first of a new window.
    #[test]
    fn an_answer_in_a_long_flow_is_no_contact_by_the_address() {
        let mut folder = Folder::new(100);
        assert_eq!(folder.fold(&contact(Reach::Sent, 0)), Folded::New);
        for secs in (60..600).step_by(60) {
            let answer = folder.fold(&contact(Reach::Contacted, secs));
            assert_eq!(answer, Folded::Repeat, "{secs}");
        }
        assert_eq!(folder.fold(&contact(Reach::Sent, 600)), Folded::New);
        assert_eq!(folder.fold(&contact(Reach::Contacted, 601)), Folded::Repeat);
        assert_eq!(folder.fold(&contact(Reach::Contacted, 9_000)), Folded::New);
    }

    #[test]
    fn an_address_that_looks_at_all_ports_is_one_alert() {
        let mut folder = Folder::new(10);
        let by_port = |reach, port| {
            let mut s = contact(reach, 1);
            s.flow.sport = port;
            s
        };
        let scanned = |folder: &mut Folder, port| folder.fold(&by_port(Reach::Contacted, port));
        assert_eq!(scanned(&mut folder, 1), Folded::New);
        assert_eq!(scanned(&mut folder, 2), Folded::Repeat);
        assert_eq!(scanned(&mut folder, 3), Folded::Repeat);
        // What the device does is another matter.
        assert_eq!(folder.fold(&by_port(Reach::Tried, 4)), Folded::New);
        assert_eq!(folder.fold(&by_port(Reach::Tried, 5)), Folded::New);
    }

    #[test]
    fn an_address_of_a_name_is_alerted_once_however_many_connections() {
        let mut folder = Folder::new(10);
        let mut by_port = |port| {
            let mut s = contact(Reach::Tried, 1);
            s.evidence = Evidence::Resolved(Reach::Tried);
            s.flow.sport = port;
            s.flow.dport = 65_000 - port;
            folder.fold(&s)
        };
        assert_eq!(by_port(1), Folded::New);
        assert_eq!(by_port(2), Folded::Repeat);
    }

    #[test]
    fn a_window_of_zero_folds_nothing_and_a_reset_forgets() {
        let mut folder = Folder::new(0);
        assert_eq!(folder.fold(&sighting("evil.example", 1)), Folded::New);
        assert_eq!(folder.fold(&sighting("evil.example", 1)), Folded::New);
        let mut folder = Folder::new(10);
        assert_eq!(folder.fold(&sighting("evil.example", 1)), Folded::New);
        folder.reset();
        assert_eq!(folder.fold(&sighting("evil.example", 1)), Folded::New);
    }

    #[test]
    fn a_full_table_lets_alerts_through_and_counts_them() {
        let mut folder = Folder::new(10);
        for n in 0..=MAX_ENTRIES {
            assert_eq!(
                folder.fold(&sighting(&format!("n{n}.example"), 1)),
                Folded::New
            );
        }
        assert_eq!(folder.overflowed(), 1);
        assert_eq!(folder.fold(&sighting("n0.example", 1)), Folded::Repeat);
        // What is past its window makes room.
        assert_eq!(folder.fold(&sighting("later.example", 20)), Folded::New);
        assert_eq!(folder.overflowed(), 1);
    }
}
