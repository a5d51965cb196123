//! The summary for people, and as one line of JSON.

use std::io::{self, Write};

use super::super::Style;
use super::super::printable;
use super::super::style::{counted, grouped};
use super::{Alerts, Count, Interface, Silenced, Speed, Status, Summary};
use crate::alert::Action;

/// How many lines of one sort are shown; the JSON form has all.
const MAX_LINES: usize = 20;

impl Summary {
    /// Writes the summary as one line of JSON.
    ///
    /// # Errors
    /// Where `to` cannot be written.
    pub fn write_json(&self, to: &mut impl Write) -> io::Result<()> {
        serde_json::to_writer(&mut *to, self)?;
        to.write_all(b"\n")
    }

    /// Writes the summary for people.
    ///
    /// # Errors
    /// Where `to` cannot be written.
    pub fn write_text(&self, to: &mut impl Write, style: Style) -> io::Result<()> {
        let mut row = |label: &str, text: &str| -> io::Result<()> {
            writeln!(to, "{}  {text}", style.strong(&format!("{label:<9}")))
        };
        let p = &self.packets;
        let mut read = format!(
            "{}, {}, {}",
            counted(self.inputs.read, "input", "inputs"),
            counted(p.total, "packet", "packets"),
            size(p.bytes)
        );
        if size(p.wire_bytes) != size(p.bytes) {
            read.push_str(&format!(" of {} on the wire", size(p.wire_bytes)));
        }
        row("Read", &read)?;
        if let (Some(first), Some(last)) = (&p.first, &p.last) {
            row(
                "Time",
                &format!("{} to {} UTC", moment(first), moment(last)),
            )?;
        }
        for interface in &self.interfaces {
            row("Capture", &interface.text())?;
        }
        for note in &self.packets.notes {
            row("Note", &format!("{} {}", grouped(note.count), note.what))?;
        }
        let names: Vec<String> = self
            .names
            .iter()
            .filter(|n| n.count != 0)
            .map(|n| format!("{} {}", n.what, grouped(n.count)))
            .collect();
        row(
            "Names",
            &if names.is_empty() {
                "none".to_owned()
            } else {
                names.join(", ")
            },
        )?;
        for rules in &self.rules {
            let mut listed = vec![counted(rules.names, "name", "names")];
            let others = rules.others.iter();
            listed.extend(others.map(|o| format!("{} {}", grouped(o.count), o.what)));
            let mut text = format!(
                "{}: {} ({}",
                rules.pack,
                listed.join(", "),
                printable(&rules.origin),
            );
            if let Some(updated) = &rules.updated {
                text.push_str(&format!(", {updated}"));
            }
            text.push(')');
            for unused in &rules.unused {
                text.push_str(&format!(
                    "; left aside: {} {}",
                    grouped(unused.count),
                    unused.what
                ));
            }
            row("Rules", &text)?;
        }
        row("Speed", &self.speed.text())?;
        self.write_alerts(to, style)?;
        block(to, style, "No alert, and why", self.alerts.silenced_lines())?;
        block(
            to,
            style,
            "Addresses of listed names",
            counts(&self.resolved),
        )?;
        block(
            to,
            style,
            "Not read: names may have passed unseen in",
            counts(&self.not_read),
        )?;
        block(
            to,
            style,
            "Understood, but names no host (what ICMP quotes is not read)",
            counts(&self.nameless),
        )?;
        block(
            to,
            style,
            "Not captures, skipped",
            self.inputs.skipped.iter().map(|s| printable(s)).collect(),
        )?;
        block(
            to,
            style,
            "Errors",
            self.inputs
                .errors
                .iter()
                .map(|s| style.alarm(&printable(s)))
                .collect(),
        )?;
        let text = match self.verdict.status {
            Status::Alerts => style.alarm(&self.verdict.text),
            Status::NothingFound => style.strong(&self.verdict.text),
            Status::NothingSeen | Status::NotMatched => style.caution(&self.verdict.text),
        };
        writeln!(to, "\n{} {text}", style.strong("Verdict:"))?;
        if !self.verdict.limits.is_empty() {
            let limits = self.verdict.limits.join("; ");
            writeln!(to, "{}", style.caution(&format!("But: {limits}.")))?;
        }
        Ok(())
    }

    fn write_alerts(&self, to: &mut impl Write, style: Style) -> io::Result<()> {
        let a = &self.alerts;
        if a.total == 0 {
            return Ok(());
        }
        let mut head = counted(a.total, "alert", "alerts");
        if a.repeats != 0 {
            head.push_str(&format!(
                " ({} folded into them)",
                counted(a.repeats, "repeat", "repeats")
            ));
        }
        head.push_str(&format!(", {}", counted(a.devices, "device", "devices")));
        writeln!(to, "\n{}", style.strong(&head))?;
        let shown = a.contacts.iter().take(MAX_LINES);
        let width = shown
            .map(|c| c.indicator.chars().count())
            .max()
            .unwrap_or(0);
        let mut device = "";
        for contact in a.contacts.iter().take(MAX_LINES) {
            if contact.device != device {
                device = &contact.device;
                writeln!(to, "  {}", style.strong(device))?;
            }
            let mut acts = Vec::new();
            for (action, n) in [
                (Action::LookedUp, contact.looked_up),
                (Action::WasAnswered, contact.was_answered),
                (Action::ConnectedTo, contact.connected_to),
                (Action::WasShownCertificate, contact.was_shown_certificate),
                (Action::TriedToConnectTo, contact.tried_to_connect_to),
                (Action::SentTo, contact.sent_to),
                (Action::WasContactedBy, contact.was_contacted_by),
                (Action::ConnectedWith, contact.connected_with),
                (Action::UsedAddressOf, contact.used_address_of),
            ] {
                if n != 0 {
                    acts.push(format!("{} {}", action.words(), times(n)));
                }
            }
            let mut origin = contact.pack.clone();
            if let Some(generation) = &contact.generation {
                origin = format!("{origin} {generation}");
            }
            let padding = width.saturating_sub(contact.indicator.chars().count());
            let (first, last) = (moment(&contact.first), moment(&contact.last));
            let when = if first == last {
                first
            } else {
                format!("{first} to {last}")
            };
            writeln!(
                to,
                "    {}{:padding$}  {}  {origin}, {}",
                style.alarm(&contact.indicator),
                "",
                style.faint(&when),
                acts.join(", "),
            )?;
        }
        if a.not_folded != 0 {
            let alerts = counted(a.not_folded, "alert", "alerts");
            writeln!(
                to,
                "    repeats of {alerts} could not be folded: too many at once"
            )?;
        }
        let more = a.contacts.len().saturating_sub(MAX_LINES) as u64;
        if more != 0 {
            writeln!(
                to,
                "    and {} (see --summary json)",
                counted(more, "more contact", "more contacts")
            )?;
        }
        if a.not_in_contacts != 0 {
            writeln!(
                to,
                "    and {} not told apart by device",
                counted(a.not_in_contacts, "alert", "alerts")
            )?;
        }
        Ok(())
    }
}

fn block(to: &mut impl Write, style: Style, head: &str, lines: Vec<String>) -> io::Result<()> {
    if lines.is_empty() {
        return Ok(());
    }
    writeln!(to, "\n{}", style.strong(head))?;
    for line in lines.iter().take(MAX_LINES) {
        writeln!(to, "  {line}")?;
    }
    let more = lines.len().saturating_sub(MAX_LINES);
    if more != 0 {
        writeln!(
            to,
            "  and {} more (see --summary json)",
            grouped(more as u64)
        )?;
    }
    Ok(())
}

fn counts(counts: &[Count]) -> Vec<String> {
    counts
        .iter()
        .map(|c| format!("{:>12}  {}", grouped(c.count), c.what))
        .collect()
}

fn times(n: u64) -> String {
    match n {
        1 => "once".to_owned(),
        2 => "twice".to_owned(),
        n => format!("{} times", grouped(n)),
    }
}

/// `2021-07-18T10:00:00.123456789Z` as `2021-07-18 10:00:00`.
fn moment(rfc3339: &str) -> String {
    rfc3339
        .split('.')
        .next()
        .unwrap_or(rfc3339)
        .replacen('T', " ", 1)
}

/// Bytes in decimal units.
fn size(bytes: u64) -> String {
    scaled(bytes as f64, &["B", "kB", "MB", "GB", "TB"])
}

fn scaled(mut amount: f64, units: &[&str]) -> String {
    let mut name = "";
    for unit in units {
        name = unit;
        if amount < 999.5 {
            break;
        }
        if units.last() != Some(unit) {
            amount /= 1000.0;
        }
    }
    if amount < 9.995 && name != "B" && !name.is_empty() {
        format!("{amount:.2} {name}")
    } else {
        format!("{amount:.0} {name}")
    }
}

impl Interface {
    fn text(&self) -> String {
        let mut text = format!(
            "{}: {} received, {} dropped by the kernel",
            printable(&self.name),
            grouped(self.received),
            grouped(self.dropped)
        );
        for (what, count) in [
            ("dropped by the interface", self.interface_dropped),
            ("damaged", self.interface_errors),
        ] {
            if let Some(count) = count {
                text.push_str(&format!(", {} {what}", grouped(count)));
            }
        }
        if self.outages != 0 {
            text.push_str(&format!(", {}", counted(self.outages, "outage", "outages")));
        }
        if self.state != "up" {
            text.push_str(&format!(", now {}", self.state));
        }
        for remark in &self.remarks {
            text.push_str("; ");
            text.push_str(remark);
        }
        text
    }
}

impl Alerts {
    fn silenced_lines(&self) -> Vec<String> {
        let line = |s: &Silenced| {
            format!(
                "{:>12}  {}, {}: {}",
                grouped(s.count),
                printable(&s.indicator),
                s.device,
                printable(&s.why)
            )
        };
        let mut lines: Vec<String> = self.silenced.iter().map(line).collect();
        let listed = self.silenced.iter().map(|s| s.count).sum();
        let more = self.silenced_total.saturating_sub(listed);
        if more != 0 {
            lines.push(format!("{:>12}  of other indicators", grouped(more)));
        }
        lines
    }
}

impl Speed {
    fn text(&self) -> String {
        let readers = if self.readers > 1 {
            format!("{} readers, ", self.readers)
        } else {
            String::new()
        };
        let mut text = format!(
            "{:.3} s, {}, {}, {readers}{}",
            self.seconds,
            scaled(
                self.packets_per_second,
                &["packets/s", "k packets/s", "M packets/s"]
            ),
            scaled(
                self.bits_per_second,
                &["bit/s", "kbit/s", "Mbit/s", "Gbit/s", "Tbit/s"]
            ),
            counted(self.workers as u64, "worker", "workers"),
        );
        if let Some(latency) = &self.alert_latency {
            text.push_str(&format!(
                "; packet to alert {} (median), {} (99 %), {} (slowest)",
                scaled_micros(latency.p50_us),
                scaled_micros(latency.p99_us),
                scaled_micros(latency.max_us),
            ));
        }
        text
    }
}

fn scaled_micros(micros: f64) -> String {
    scaled(micros, &["us", "ms", "s"])
}
