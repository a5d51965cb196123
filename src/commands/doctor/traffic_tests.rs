//! Tests of what is said of traffic.

use super::super::finding::{Level, of};
use super::*;

const RECEIVED: Counters = Counters {
    bytes: 25_000_000,
    packets: 50_000,
    errors: 0,
    dropped: 0,
    overruns: 0,
    malformed: 0,
};

/// Two-sided traffic with names.
fn seen() -> Seen {
    let begun = Timestamp::from_parts(1_700_000_000, 0);
    Seen {
        seconds: 5.0,
        begun,
        ended: Timestamp::from_parts(1_700_000_005, 0),
        packets: 50_000,
        bytes: 25_000_000,
        interface: Some(RECEIVED),
        opened: 120,
        accepted: 115,
        names: vec![("dns_query", 80), ("tls_sni", 1_200)],
        first: Some(begun),
        last: Some(Timestamp::from_parts(1_700_000_004, 900_000_000)),
        ..Seen::default()
    }
}

fn judged(change: impl FnOnce(&mut Seen)) -> Vec<Finding> {
    let mut seen = seen();
    change(&mut seen);
    judge(&seen, "mir0", &card::Facts::default())
}

#[track_caller]
fn said(check: &str, change: impl FnOnce(&mut Seen)) -> Finding {
    of(&judged(change), check).clone()
}

#[test]
fn healthy_traffic_has_nothing_to_mend() {
    let findings = judged(|_| {});
    assert!(
        findings.iter().all(|f| f.level == Level::Ok),
        "{findings:?}"
    );
    assert_eq!(
        of(&findings, "traffic.packets").found,
        "50,000 packets in 5.0 s: 10,000 a second, 40.0 Mbit/s"
    );
    assert_eq!(
        of(&findings, "traffic.names").found,
        "1,280 names: tls_sni 1,200, dns_query 80"
    );
}

#[test]
fn no_traffic_is_an_error() {
    let findings = judged(|seen| seen.packets = 0);
    assert_eq!(findings.len(), 1);
    assert_eq!(findings[0].level, Level::Error);
    // What this machine sends by itself is no traffic.
    let findings = judged(|seen| {
        seen.packets = 5;
        seen.interface = Some(Counters::default());
    });
    assert_eq!(findings.len(), 1);
    assert!(
        findings[0].found.contains("5 of this machine's own"),
        "{findings:?}"
    );
    // A card that tells its counts late.
    let findings = judged(|seen| seen.interface = Some(Counters::default()));
    assert!(findings.len() > 1);
    // A ring that took nothing in is another matter.
    let findings = judged(|seen| (seen.packets, seen.ring_dropped) = (0, 9));
    assert_eq!(of(&findings, "traffic.loss").level, Level::Warning);
}

#[test]
fn broadcasts_alone_are_noticed() {
    let finding = said("traffic.packets", |seen| seen.packets = 30);
    assert_eq!(finding.level, Level::Warning);
    assert!(
        finding.found.ends_with("hardly more than broadcasts"),
        "{finding:?}"
    );
}

#[test]
fn one_side_alone_is_noticed() {
    let finding = said("traffic.directions", |seen| seen.accepted = 2);
    assert_eq!(finding.level, Level::Warning);
    assert!(finding.found.contains("servers answer"), "{finding:?}");
    let finding = said("traffic.directions", |seen| seen.opened = 0);
    assert_eq!(finding.level, Level::Warning);
    assert!(finding.found.contains("clients send"), "{finding:?}");
    let finding = said("traffic.directions", |seen| {
        (seen.opened, seen.accepted) = (0, 0)
    });
    assert!(
        finding.found.contains("no TCP connection began"),
        "{finding:?}"
    );
    let finding = said("traffic.directions", |seen| {
        (seen.opened, seen.accepted) = (9, 0)
    });
    assert_eq!(finding.level, Level::Skipped);
    let finding = said("traffic.directions", |seen| seen.accepted = 50);
    assert!(
        finding
            .found
            .ends_with("a part of one direction may be missing")
    );
    // Some connections are refused, or never answered.
    let finding = said("traffic.directions", |seen| seen.accepted = 70);
    assert_eq!(finding.level, Level::Ok);
}

#[test]
fn traffic_without_names_is_noticed() {
    assert_eq!(
        said("traffic.names", |seen| seen.names.clear()).level,
        Level::Warning
    );
    let few = said("traffic.names", |seen| {
        seen.names.clear();
        seen.packets = 1_000;
    });
    assert_eq!(few.level, Level::Skipped);
}

#[test]
fn losses_are_told_by_place() {
    let ring = said("traffic.loss", |seen| seen.ring_dropped = 50_000);
    assert_eq!(ring.found, "50,000 in the ring (50.00 %)");
    assert!(ring.mended_by().contains("--ring-size"));
    let workers = said("traffic.loss", |seen| {
        seen.ring_dropped = 1;
        seen.worker_dropped = 2;
    });
    assert!(workers.mended_by().contains("--workers"), "{workers:?}");
    let interface = said("traffic.loss", |seen| {
        seen.interface = Some(Counters {
            dropped: 7,
            overruns: 1,
            ..RECEIVED
        });
    });
    assert!(
        interface.found.starts_with("8 at the interface"),
        "{interface:?}"
    );
    let damaged = said("traffic.loss", |seen| {
        seen.interface = Some(Counters {
            errors: 7,
            ..RECEIVED
        });
    });
    assert!(damaged.mended_by().contains("cable"), "{damaged:?}");
    // Where the interface does not tell, nothing is claimed of it.
    let untold = said("traffic.loss", |seen| seen.interface = None);
    assert!(untold.values["interface"].is_null());
}

#[test]
fn packets_that_are_too_long() {
    let finding = said("traffic.size", |seen| seen.merged = 3);
    assert_eq!(finding.level, Level::Warning);
    assert!(
        finding
            .mended_by()
            .ends_with("ip link set dev mir0 mtu 9000")
    );
}

#[test]
fn what_cannot_be_decoded() {
    let change = |undecoded: u64, names: bool| {
        said("traffic.decoded", |seen| {
            seen.undecoded = undecoded;
            seen.mostly = Some("IP protocol 50 (ESP)".into());
            if !names {
                seen.names.clear();
            }
        })
    };
    assert_eq!(change(100, true).level, Level::Ok);
    assert_eq!(change(5_000, true).level, Level::Warning);
    assert_eq!(change(49_000, true).level, Level::Warning);
    let all = change(60_000, false);
    assert_eq!(all.level, Level::Error);
    assert!(
        all.found.starts_with("100.0 %") && all.found.contains("ESP"),
        "{all:?}"
    );
}

#[test]
fn clocks_that_differ() {
    let at = |seconds| Some(Timestamp::from_parts(seconds, 0));
    let late = said("traffic.time", |seen| seen.last = at(1_700_000_060));
    assert_eq!(late.level, Level::Warning);
    assert!(late.found.ends_with("by 55.0 s"), "{late:?}");
    let early = said("traffic.time", |seen| seen.first = at(1_600_000_000));
    assert_eq!(early.level, Level::Warning);
    // A last packet long before the end is only silence.
    let silent = said("traffic.time", |seen| seen.last = at(1_700_000_000));
    assert_eq!(silent.level, Level::Ok);
    assert_eq!(
        said("traffic.time", |seen| seen.last = None).level,
        Level::Skipped
    );
}

#[test]
fn what_else_is_to_be_known() {
    assert!(judged(|_| {}).iter().all(|f| f.check != "traffic.contacts"));
    let contact = said("traffic.contacts", |seen| seen.contacts = 1);
    assert_eq!(contact.found, "1 listed name was seen");
    assert_eq!(
        said("traffic.packets", |seen| seen.outages = 1).level,
        Level::Warning
    );
    assert!(
        said("traffic.tags", |seen| seen.tags = 4)
            .found
            .starts_with("4 VLAN tags")
    );
}
