//! Alerts for people: one line each.

use std::fmt::Write as _;

use super::Style;
use crate::alert::{Action, Evidence, Sighting};
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
        format_args!("{:<12}", sighting.words()),
        style.alarm(&sighting.name),
    );
    // Writing to a String cannot fail.
    let _ = match sighting.action() {
        _ if matches!(sighting.evidence, Evidence::Address(_)) => {
            let protocol = sighting.flow.protocol.as_str();
            write!(line, ", {protocol} port {}", sighting.peer().port())
        }
        Action::ConnectedTo | Action::WasShownCertificate => {
            write!(line, " at {}", sighting.peer())
        }
        Action::WasAnswered => write!(line, " {}", answered(sighting)),
        Action::LookedUp => write!(line, " at {}", sighting.peer().ip()),
        Action::TriedToConnectTo
        | Action::SentTo
        | Action::WasContactedBy
        | Action::ConnectedWith => {
            write!(line, " at {}", sighting.peer())
        }
        Action::UsedAddressOf => write!(line, ": {}{}", sighting.peer(), resolved(sighting)),
    };
    let _ = match sighting.hit.how {
        How::Exact => write!(line, "  [listed]"),
        How::Below => write!(line, "  [below {}]", indicator.name),
        How::Holds => write!(line, "  [holds {}]", indicator.name),
        How::Address if *sighting.name == *indicator.name => write!(line, "  [listed]"),
        How::Address if indicator.name.contains('/') => write!(line, "  [in {}]", indicator.name),
        How::Address => write!(line, "  [listed as {}]", indicator.name),
        How::Url => write!(line, "  [listed URL]"),
        How::Fingerprint => write!(line, "  [listed fingerprint]"),
        How::Resolved => write!(line, "  [resolved]"),
    };
    let _ = write!(line, "  {}", origin(indicator, pack));
    if sighting.ech {
        line.push_str("  (the hello may hide another name)");
    }
    line
}

/// What led to the address, and what weakens that.
fn resolved(sighting: &Sighting) -> String {
    let Some(resolution) = &sighting.resolution else {
        return String::new();
    };
    let mut text = format!(", answered {}", resolution.answered.human());
    if let Some(asked) = &resolution.asked {
        let _ = write!(text, " for {asked}");
    }
    match resolution.others {
        0 => {}
        1 => text.push_str(", which serves another name as well"),
        n => {
            let _ = write!(text, ", which serves {n} other names as well");
        }
    }
    text
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
