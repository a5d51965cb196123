//! Alerts for people: one line each.

use std::fmt::Write as _;

use super::Style;
use crate::alert::{Action, Sighting};
use crate::names::dns::rcode_name;
use crate::rules::{How, Indicator, PackInfo};

/// One readable line for an alert, without a line end.
///
/// ```text
/// 2021-07-18 10:00:02  10.0.0.7         connected to  x.evil.example at 203.0.113.9:30495  [below evil.example]  pegasus v4, listed 2021-07-18
/// ```
pub fn line(sighting: &Sighting, indicator: &Indicator, pack: &PackInfo, style: Style) -> String {
    let mut line = format!(
        "{}  {}  {}  {}",
        sighting.timestamp.human(),
        style.strong(&format!("{:<15}", sighting.device().to_string())),
        format_args!("{:<12}", sighting.action().words()),
        style.alarm(&sighting.name),
    );
    // Writing to a String cannot fail.
    let _ = match sighting.action() {
        Action::ConnectedTo | Action::WasShownCertificate => {
            write!(line, " at {}", sighting.peer())
        }
        Action::WasAnswered => write!(line, " {}", answered(sighting)),
        Action::LookedUp => write!(line, " at {}", sighting.peer().ip()),
    };
    let _ = match sighting.hit.how {
        How::Exact => write!(line, "  [listed]"),
        How::Below => write!(line, "  [below {}]", indicator.name),
    };
    let _ = write!(line, "  {}", origin(indicator, pack));
    if sighting.ech {
        line.push_str("  (the hello may hide another name)");
    }
    line
}

fn answered(sighting: &Sighting) -> String {
    let resolver = sighting.peer().ip();
    match sighting.dns.map_or(0, |dns| dns.rcode) {
        0 => format!("by {resolver}"),
        rcode => format!("by {resolver}: {}", rcode_name(rcode)),
    }
}

/// `pegasus v4, listed 2021-07-18`.
pub fn origin(indicator: &Indicator, pack: &PackInfo) -> String {
    let mut text = pack.name.clone();
    if let Some(generation) = &indicator.generation {
        let _ = write!(text, " {generation}");
    }
    if let Some(date) = &indicator.first_published {
        let _ = write!(text, ", listed {date}");
    }
    text
}
