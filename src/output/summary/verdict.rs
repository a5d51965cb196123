//! The verdict: what a person should take from a run.

use super::super::style::{counted, grouped};
use super::{Alerts, Facts, Inputs, Packets, Status, Verdict, rules_used};
use crate::rules::RuleSet;

/// Says what was found and never more than was seen. `not_read` are the reasons, beside frames that
/// could not be decoded, why names may have passed unseen: most first, none of them 0.
pub(super) fn draw(
    facts: &Facts<'_>,
    inputs: &Inputs,
    packets: &Packets,
    not_read: &[(&str, u64)],
    alerts: &Alerts,
) -> Verdict {
    let names = facts.outcome.workers.names_total();
    let mut limits = Vec::new();
    if inputs.stopped {
        limits.push("the run was stopped before its end".to_owned());
    }
    let others = facts.errors.len() as u64;
    let hidden = (inputs.errors.len() as u64).saturating_sub(others);
    if hidden != 0 {
        let errors = counted(hidden, "error has", "errors have");
        limits.push(format!("{errors} hidden part of the input"));
    }
    if others != 0 {
        limits.push(counted(
            others,
            "error of rules or output",
            "errors of rules or output",
        ));
    }
    let closed = inputs
        .skipped
        .iter()
        .filter(|why| hides_packets(why))
        .count() as u64;
    if closed != 0 {
        let files = counted(closed, "skipped file", "skipped files");
        limits.push(format!("{files} may hold packets that were not read"));
    }
    let undecoded = facts.outcome.reader.gaps.may_hide_names();
    if undecoded != 0 {
        limits.push(format!(
            "{} of packets could not be decoded",
            percent(packets.undecoded_share)
        ));
    }
    limits.extend(passed_unseen(not_read, undecoded != 0));
    if packets.filtered != 0 {
        limits.push(format!(
            "{} left out by --bpf",
            counted(packets.filtered, "packet was", "packets were")
        ));
    }
    if alerts.silenced_total != 0 {
        limits.push(format!(
            "{} no alert, since the allow list covers it or its indicator had expired: see \"No alert, and why\"",
            counted(alerts.silenced_total, "finding is", "findings are")
        ));
    }
    for rules in &facts.rules.map(rules_used).unwrap_or_default() {
        if rules.names == 0 && rules.others.is_empty() {
            limits.push(format!(
                "the pack {} holds nothing that a network shows",
                rules.pack
            ));
        }
    }
    let names_seen = counted(names, "name", "names");
    let (status, text) = if alerts.total != 0 {
        (Status::Alerts, found(alerts))
    } else if packets.total == 0 {
        (
            Status::NothingSeen,
            "No packets were read, so nothing can be said.".to_owned(),
        )
    } else if names == 0 {
        let packets = counted(packets.total, "packet", "packets");
        let text = if facts.rules.is_some_and(RuleSet::lists_addresses) {
            format!(
                "No listed address was seen in {packets}, but no names either: nothing can be said about those."
            )
        } else {
            format!("No names were seen in {packets}, so nothing can be said about contacts.")
        };
        (Status::NothingSeen, text)
    } else if facts.tally.is_none() {
        (
            Status::NotMatched,
            format!("{names_seen} printed; names are not matched here."),
        )
    } else if facts.rules.is_some_and(RuleSet::is_empty) {
        let text = format!("{names_seen} seen, but the rules hold nothing to match them with.");
        (Status::NotMatched, text)
    } else {
        (
            Status::NothingFound,
            if facts.rules.is_some_and(RuleSet::lists_addresses) {
                let packets = counted(packets.total, "packet", "packets");
                format!(
                    "No listed name was seen in {names_seen}, and no listed address in {packets}."
                )
            } else {
                format!("No listed name was seen in {names_seen}.")
            },
        )
    };
    Verdict {
        status,
        text,
        limits,
    }
}

/// How many reasons there are and the one with the largest count. The counts are of different
/// things, which overlap, so they are not added up. `more` says that others were told before.
fn passed_unseen(reasons: &[(&str, u64)], more: bool) -> Option<String> {
    let &(what, count) = reasons.first()?;
    let largest = format!("{what} ({})", grouped(count));
    let also = if more { "also " } else { "" };
    Some(if reasons.len() == 1 {
        format!("names may {also}have passed unseen in {largest}")
    } else {
        let other = if more { "other " } else { "" };
        let n = grouped(reasons.len() as u64);
        format!(
            "names may {also}have passed unseen for {n} {other}reasons under \"Not read\", above all in {largest}"
        )
    })
}

/// Whether a file that was skipped in a folder is a capture in another format, or compressed in a
/// way that is not opened.
fn hides_packets(skipped: &str) -> bool {
    let reason = skipped.rsplit(": ").next().unwrap_or(skipped);
    reason.starts_with("compressed") || reason.contains("capture")
}

/// Tells a connection from a mere question: the second is far less.
fn found(alerts: &Alerts) -> String {
    let least = if alerts.not_in_contacts == 0 {
        ""
    } else {
        "At least "
    };
    let known = [
        alerts.devices_connected,
        alerts.devices_reached,
        alerts.devices_asked,
    ];
    let used = known
        .iter()
        .fold(alerts.devices, |rest, n| rest.saturating_sub(*n));
    let device = |n| counted(n, "device", "devices");
    let mut acts = Vec::new();
    for (n, act) in [
        (
            alerts.devices_connected,
            "connected to listed infrastructure",
        ),
        (
            alerts.devices_reached,
            "exchanged packets with a listed address, tried to, or were contacted from one, which may be a scan",
        ),
        (
            alerts.devices_asked,
            "asked for, or got an answer about, a listed name without a connection being seen",
        ),
        (
            used,
            "used an address that a listed name had been resolved to, which may be chance",
        ),
    ] {
        if n != 0 {
            acts.push(format!("{} {act}", device(n)));
        }
    }
    format!(
        "{least}{}. That is a strong lead and not yet a proof of infection: keep the capture, and \
         let an expert look at the device.",
        acts.join("; ")
    )
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_are_told_and_not_added_up() {
        assert_eq!(passed_unseen(&[], false), None);
        assert_eq!(passed_unseen(&[], true), None);
        let one = [("certificates cut short", 1_200)];
        assert_eq!(
            passed_unseen(&one, false).unwrap(),
            "names may have passed unseen in certificates cut short (1,200)"
        );
        assert_eq!(
            passed_unseen(&one, true).unwrap(),
            "names may also have passed unseen in certificates cut short (1,200)"
        );
        let two = [("certificates cut short", 12), ("QUIC hellos malformed", 3)];
        assert_eq!(
            passed_unseen(&two, false).unwrap(),
            "names may have passed unseen for 2 reasons under \"Not read\", above all in certificates \
             cut short (12)"
        );
        assert_eq!(
            passed_unseen(&two, true).unwrap(),
            "names may also have passed unseen for 2 other reasons under \"Not read\", above all in \
             certificates cut short (12)"
        );
    }
}
