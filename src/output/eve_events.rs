//! Events of EVE that are no alerts: what a running capture counts, and what goes wrong with it.

use serde::Serialize;

use super::summary::{Count, Interface};
use crate::time::Timestamp;

/// What a running capture counted since it began.
#[derive(Debug, Serialize)]
pub struct Stats<'a> {
    /// Seconds since the beginning.
    pub uptime: u64,
    /// By interface.
    pub interfaces: &'a [Interface],
    /// Packets and bytes read, and what was lost before they were.
    pub capture: Capture,
    /// Names seen, by kind.
    pub names: &'a [Count],
    /// Packets or messages in which a name may have passed unseen, by reason.
    pub not_read: &'a [Count],
    /// Alerts.
    pub alerts: AlertCounts,
    /// Rules.
    pub rules: RuleCounts,
}

/// Packets and bytes.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Capture {
    /// Packets read.
    pub packets: u64,
    /// Their bytes on the wire.
    pub bytes: u64,
    /// Packets that the kernel dropped since a ring was full.
    pub kernel_drops: u64,
    /// How often a ring was full.
    pub ring_freezes: u64,
    /// Payloads dropped since the workers could not keep up.
    pub channel_drops: u64,
    /// Packets that interfaces or their drivers dropped.
    pub interface_drops: u64,
    /// Packets that reached interfaces damaged.
    pub interface_errors: u64,
}

/// Alerts.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct AlertCounts {
    /// Given.
    pub total: u64,
    /// Repeats folded into them.
    pub repeats: u64,
    /// Findings that are no alerts: allowed, or of expired indicators.
    pub silenced: u64,
    /// Lines of EVE that could not be written.
    pub lost: u64,
}

/// Rules.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct RuleCounts {
    /// Names listed.
    pub indicators: u64,
    /// How often they were replaced since the beginning.
    pub reloads: u64,
    /// Reloads that were refused.
    pub refused: u64,
}

#[derive(Serialize)]
struct StatsEvent<'a> {
    timestamp: String,
    event_type: &'static str,
    stats: &'a Stats<'a>,
}

/// A `stats` event as a JSON line.
pub fn stats(now: Timestamp, stats: &Stats<'_>) -> String {
    line(&StatsEvent {
        timestamp: now.eve(),
        event_type: "stats",
        stats,
    })
}

/// What can go wrong with a capture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trouble {
    /// More packets are lost than is allowed.
    Loss,
    /// No longer.
    LossOver,
    /// Something happened to an interface.
    Interface,
}

impl Trouble {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Loss => "capture_loss",
            Self::LossOver => "capture_loss_over",
            Self::Interface => "interface",
        }
    }
}

#[derive(Serialize)]
struct AnomalyEvent<'a> {
    timestamp: String,
    event_type: &'static str,
    anomaly: Anomaly<'a>,
}

#[derive(Serialize)]
struct Anomaly<'a> {
    r#type: &'static str,
    event: &'static str,
    message: &'a str,
}

/// An `anomaly` event as a JSON line: the alert that not all can be seen.
pub fn anomaly(now: Timestamp, what: Trouble, message: &str) -> String {
    line(&AnomalyEvent {
        timestamp: now.eve(),
        event_type: "anomaly",
        anomaly: Anomaly {
            r#type: "capture",
            event: what.as_str(),
            message,
        },
    })
}

fn line(event: &impl Serialize) -> String {
    // Every field can be serialized: there is no map with keys that are not text.
    let mut line = serde_json::to_string(event).unwrap_or_default();
    line.push('\n');
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_anomaly_says_what_and_when() {
        let line = anomaly(
            Timestamp::from_parts(1_700_000_000, 5_000),
            Trouble::Loss,
            "3 % of \"packets\"",
        );
        let event: serde_json::Value = serde_json::from_str(&line).unwrap();
        assert_eq!(event["timestamp"], "2023-11-14T22:13:20.000005+0000");
        assert_eq!(event["event_type"], "anomaly");
        assert_eq!(event["anomaly"]["event"], "capture_loss");
        assert_eq!(event["anomaly"]["message"], "3 % of \"packets\"");
        assert!(line.ends_with("}\n"));
    }
}
