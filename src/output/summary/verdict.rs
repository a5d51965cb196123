//! The verdict: what a person should take from a run.

use super::super::style::counted;
use super::{Alerts, Count, Facts, Inputs, Packets, Status, Verdict};

/// Says what was found and never more than was seen.
pub(super) fn draw(
    facts: &Facts<'_>,
    inputs: &Inputs,
    packets: &Packets,
    not_read: &[Count],
    alerts: &Alerts,
) -> Verdict {
    let names = facts.outcome.workers.names_total();
    let mut limits = Vec::new();
    if inputs.stopped {
        limits.push("the run was stopped before its end".to_owned());
    }
    if !inputs.errors.is_empty() {
        let n = inputs.errors.len() as u64;
        limits.push(format!(
            "{} hidden part of the input",
            counted(n, "error has", "errors have")
        ));
    }
    let undecoded = facts.outcome.reader.gaps.may_hide_names();
    if undecoded != 0 {
        limits.push(format!(
            "{} of packets could not be decoded",
            percent(packets.undecoded_share)
        ));
    }
    let unread = not_read
        .iter()
        .fold(0u64, |sum, c| sum.saturating_add(c.count))
        .saturating_sub(undecoded);
    if unread != 0 {
        limits.push(format!(
            "{} may have held names that were not read",
            counted(unread, "packet or message", "packets or messages")
        ));
    }
    if packets.filtered != 0 {
        limits.push(format!(
            "{} left out by --bpf",
            counted(packets.filtered, "packet was", "packets were")
        ));
    }
    let matching = facts.tally.is_some();
    let (status, text) = if alerts.total != 0 {
        (
            Status::Alerts,
            format!(
                "{} had contact with listed infrastructure. That is a strong lead and not yet a \
                 proof of infection: keep the capture, and let an expert look at the device.",
                counted(alerts.devices, "device", "devices")
            ),
        )
    } else if packets.total == 0 {
        (
            Status::NothingSeen,
            "No packets were read, so nothing can be said.".to_owned(),
        )
    } else if names == 0 {
        (
            Status::NothingSeen,
            format!(
                "No names were seen in {}, so nothing can be said about contacts.",
                counted(packets.total, "packet", "packets")
            ),
        )
    } else if matching {
        (
            Status::NothingFound,
            format!(
                "No listed name was seen in {}.",
                counted(names, "name", "names")
            ),
        )
    } else {
        (
            Status::NothingFound,
            format!("{} listed.", counted(names, "name was", "names were")),
        )
    };
    Verdict {
        status,
        text,
        limits,
    }
}

/// `3 %`, `0.4 %`, `less than 0.1 %`.
fn percent(share: f64) -> String {
    let percent = share * 100.0;
    if percent >= 9.95 {
        format!("{percent:.0} %")
    } else if percent >= 0.1 {
        format!("{percent:.1} %")
    } else {
        "less than 0.1 %".to_owned()
    }
}
