//! What is served at `/metrics`, `/healthz` and `/readyz`. Names and labels of metrics are a contract: README lists them.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use hdrhistogram::Histogram;

use super::totals::Totals;
use crate::live::State;
use crate::output::log_file::{self, StreamStats};
use crate::output::summary::{names_counted, not_read};
use crate::output::tally::Silence;
use crate::rules::Current;
use crate::sandbox;
use crate::serve::exposition::Exposition;
use crate::serve::http::{Health, Pages};
use crate::stats::{ReaderStats, WorkerStats};

/// A desk that has not looked around for so long is stuck, and so is a capture thread that has told nothing.
pub(super) const STUCK: Duration = Duration::from_secs(10);

/// Bounds of the latency's buckets, in seconds.
const BUCKETS: [f64; 11] = [
    0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0,
];

/// What is shown.
pub(super) struct Board {
    shown: Mutex<Shown>,
    sandbox: Vec<(&'static str, bool)>,
}

struct Shown {
    text: String,
    when: Instant,
    /// Why it is not healthy.
    stuck: Option<String>,
    /// Why it is not ready.
    not_ready: Option<String>,
}

/// What a page is made of.
pub(super) struct Page<'a> {
    pub(super) totals: &'a Totals,
    pub(super) alerts: u64,
    pub(super) repeats: u64,
    /// Findings that are no alerts, and why.
    pub(super) silent: [(Silence, u64); Silence::ALL.len()],
    /// From a packet's time to its alert, in nanoseconds.
    pub(super) latency: &'a Histogram<u64>,
    pub(super) eve: Option<log_file::Stats>,
    pub(super) console: Option<StreamStats>,
    pub(super) current: &'a Current,
    pub(super) loaded: SystemTime,
    pub(super) reloads: u64,
    pub(super) refused: u64,
}

impl Board {
    pub(super) fn new(sandbox: &sandbox::State) -> Self {
        Self {
            shown: Mutex::new(Shown {
                text: String::new(),
                when: Instant::now(),
                stuck: None,
                not_ready: Some("nothing was counted yet".to_owned()),
            }),
            sandbox: sandbox
                .items()
                .iter()
                .map(|item| (item.layer.name(), item.level.holds()))
                .collect(),
        }
    }

    /// Shows new numbers. `trouble` is why alerts cannot be written.
    pub(super) fn show(&self, page: &Page<'_>, trouble: Option<&str>) {
        let text = text(page, &self.sandbox);
        let down = page
            .totals
            .interfaces
            .iter()
            .find(|i| i.state != State::Up.as_str())
            .map(|i| format!("interface {} is {}", i.name, i.state));
        let not_ready = down.or_else(|| trouble.map(str::to_owned)).or_else(|| {
            page.totals
                .interfaces
                .is_empty()
                .then(|| "no interface was read yet".to_owned())
        });
        let mut shown = self.shown.lock().unwrap_or_else(PoisonError::into_inner);
        *shown = Shown {
            text,
            when: Instant::now(),
            stuck: (page.totals.silent >= STUCK).then(|| {
                let silent = page.totals.silent.as_secs();
                format!("a capture thread has told nothing for {silent} s")
            }),
            not_ready,
        };
    }
}

impl Pages for Board {
    fn metrics(&self) -> String {
        let shown = self.shown.lock().unwrap_or_else(PoisonError::into_inner);
        shown.text.clone()
    }

    fn health(&self) -> Health {
        let shown = self.shown.lock().unwrap_or_else(PoisonError::into_inner);
        let age = shown.when.elapsed();
        if let Some(stuck) = &shown.stuck {
            return Health {
                ok: false,
                text: stuck.clone(),
            };
        }
        Health {
            ok: age < STUCK,
            text: if age < STUCK {
                "alive".to_owned()
            } else {
                format!("nothing has moved for {} s", age.as_secs())
            },
        }
    }

    fn ready(&self) -> Health {
        let health = self.health();
        let shown = self.shown.lock().unwrap_or_else(PoisonError::into_inner);
        match (&shown.not_ready, health.ok) {
            (_, false) => health,
            (Some(why), true) => Health {
                ok: false,
                text: why.clone(),
            },
            (None, true) => Health {
                ok: true,
                text: "captures, and can alert".to_owned(),
            },
        }
    }
}

fn text(page: &Page<'_>, sandbox: &[(&str, bool)]) -> String {
    let mut e = Exposition::new();
    let reader = &page.totals.reader;
    let workers = &page.totals.workers;
    e.gauge(
        "bellerophon_build_info",
        "Always 1; the version is a label.",
    )
    .sample(&[("version", env!("CARGO_PKG_VERSION"))], 1u64);
    interfaces(&mut e, page.totals);
    e.counter("bellerophon_packets_total", "Packets read.")
        .sample(&[], reader.packets);
    e.counter(
        "bellerophon_bytes_total",
        "Bytes of these packets on the wire.",
    )
    .sample(&[], reader.wire_bytes);
    e.counter(
        "bellerophon_filtered_packets_total",
        "Packets that --bpf left out.",
    )
    .sample(&[], reader.filtered);
    e.counter(
        "bellerophon_forwarded_payloads_total",
        "Payloads given to workers.",
    )
    .sample(&[], reader.forwarded);
    e.counter(
        "bellerophon_dropped_payloads_total",
        "Payloads dropped since workers could not keep up.",
    )
    .sample(&[], reader.dropped);
    let mut family = e.counter("bellerophon_names_total", "Host names seen, by kind.");
    for kind in names_counted(workers) {
        family.sample(&[("kind", &kind.what)], kind.count);
    }
    let mut family = e.counter(
        "bellerophon_not_read_total",
        "Packets or messages in which a name may have passed unseen, by reason.",
    );
    for reason in not_read(reader, workers) {
        family.sample(&[("reason", &reason.what)], reason.count);
    }
    e.counter(
        "bellerophon_tcp_handshakes_total",
        "SYNs seen, by who sent them.",
    )
    .sample(&[("from", "client")], reader.heads.opened)
    .sample(&[("from", "server")], reader.heads.accepted);
    e.counter(
        "bellerophon_evictions_total",
        "Entries that made room for others before they were done, by table.",
    )
    .sample(
        &[("table", "heads")],
        reader
            .heads
            .evicted_fresh
            .saturating_add(reader.heads.evicted_open),
    )
    .sample(&[("table", "streams")], workers.streams.made_room())
    .sample(&[("table", "quic")], workers.quic.evicted)
    .sample(&[("table", "dtls")], workers.dtls.evicted)
    .sample(&[("table", "addresses")], reader.bound.forgotten)
    .sample(
        &[("table", "fragments")],
        reader
            .fragments
            .evicted_datagrams
            .saturating_add(reader.fragments.evicted_bytes),
    );
    tables(&mut e, reader, workers);
    e.counter("bellerophon_alerts_total", "Alerts given.")
        .sample(&[], page.alerts);
    e.counter(
        "bellerophon_alert_repeats_total",
        "Repeats folded into alerts.",
    )
    .sample(&[], page.repeats);
    let mut family = e.counter(
        "bellerophon_silenced_findings_total",
        "Findings that are no alerts: what the allow list covers, and of indicators that had expired.",
    );
    for (why, count) in page.silent {
        family.sample(&[("why", why.as_str())], count);
    }
    e.histogram(
        "bellerophon_alert_latency_seconds",
        "From a packet's time to its alert.",
        &[],
        page.latency,
        &BUCKETS,
    );
    outputs(&mut e, page);
    rules(&mut e, page);
    let mut family = e.gauge(
        "bellerophon_sandbox_enforced",
        "Whether a layer of the sandbox holds in full.",
    );
    for (layer, holds) in sandbox {
        family.sample(&[("layer", layer)], u64::from(*holds));
    }
    e.finish()
}

fn tables(e: &mut Exposition, reader: &ReaderStats, workers: &WorkerStats) {
    let tables = [
        ("heads", reader.heads_fill),
        ("fragments", reader.fragments_fill),
        ("streams", workers.streams_fill),
        ("quic", workers.quic_fill),
        ("dtls", workers.dtls_fill),
        ("addresses", reader.bound_fill),
    ];
    let mut family = e.gauge("bellerophon_table_entries", "Entries in use, by table.");
    for (table, fill) in tables {
        family.sample(&[("table", table)], fill.used);
    }
    let mut family = e.gauge(
        "bellerophon_table_limit_entries",
        "How many entries there may be, in those parts of a table that are in use.",
    );
    for (table, fill) in tables {
        family.sample(&[("table", table)], fill.limit);
    }
    e.gauge(
        "bellerophon_streams_waiting_bytes",
        "Bytes of TCP that wait for those before them.",
    )
    .sample(&[], workers.stream_bytes);
}

fn interfaces(e: &mut Exposition, totals: &Totals) {
    type Number = fn(&crate::output::summary::Interface) -> Option<u64>;
    let counters: [(&str, &str, Number); 7] = [
        (
            "bellerophon_interface_received_packets_total",
            "Packets taken from the rings of an interface.",
            |i| Some(i.received),
        ),
        (
            "bellerophon_interface_ring_dropped_packets_total",
            "Packets that the kernel dropped since a ring was full.",
            |i| Some(i.dropped),
        ),
        (
            "bellerophon_interface_ring_freezes_total",
            "How often a ring was full.",
            |i| Some(i.freezes),
        ),
        (
            "bellerophon_interface_seen_packets_total",
            "Packets that the interface itself counted.",
            |i| i.interface_packets,
        ),
        (
            "bellerophon_interface_dropped_packets_total",
            "Packets that the interface or its driver dropped.",
            |i| i.interface_dropped,
        ),
        (
            "bellerophon_interface_damaged_packets_total",
            "Packets that reached the interface damaged.",
            |i| i.interface_errors,
        ),
        (
            "bellerophon_interface_outages_total",
            "How often the interface went down or away.",
            |i| Some(i.outages),
        ),
    ];
    for (name, help, number) in counters {
        let mut family = e.counter(name, help);
        for interface in &totals.interfaces {
            if let Some(n) = number(interface) {
                family.sample(&[("interface", &interface.name)], n);
            }
        }
    }
    let mut family = e.gauge("bellerophon_interface_up", "Whether frames can come.");
    for interface in &totals.interfaces {
        let up = u64::from(interface.state == State::Up.as_str());
        family.sample(&[("interface", &interface.name)], up);
    }
    let mut family = e.gauge(
        "bellerophon_interface_remarks",
        "How many things limit what can be seen at an interface, such as a mirror of one direction.",
    );
    for interface in &totals.interfaces {
        let remarks = interface.remarks.len() as u64;
        family.sample(&[("interface", &interface.name)], remarks);
    }
}

fn outputs(e: &mut Exposition, page: &Page<'_>) {
    let eve = page.eve.as_ref();
    let lines = [
        ("eve", eve.map(|s| (s.lines, s.lost_lines))),
        (
            "console",
            page.console.as_ref().map(|s| (s.lines, s.lost_lines)),
        ),
    ];
    let mut family = e.counter("bellerophon_output_lines_total", "Lines written.");
    for (output, counts) in &lines {
        if let Some((written, _)) = counts {
            family.sample(&[("output", output)], *written);
        }
    }
    let mut family = e.counter(
        "bellerophon_output_lost_lines_total",
        "Lines that could not be written and found no room to wait.",
    );
    for (output, counts) in &lines {
        if let Some((_, lost)) = counts {
            family.sample(&[("output", output)], *lost);
        }
    }
    if let Some(eve) = eve {
        e.gauge(
            "bellerophon_output_waiting_lines",
            "Lines that wait to be written.",
        )
        .sample(&[("output", "eve")], eve.backlog_lines);
        e.counter(
            "bellerophon_output_failures_total",
            "Writes that failed; they are tried again.",
        )
        .sample(&[("output", "eve")], eve.failures);
    }
}

fn rules(e: &mut Exposition, page: &Page<'_>) {
    let unix = |time: SystemTime| {
        time.duration_since(SystemTime::UNIX_EPOCH)
            .map_or(0.0, |since| since.as_secs_f64())
    };
    let mut family = e.gauge(
        "bellerophon_rules_indicators",
        "Indicators listed, by pack.",
    );
    for pack in page.current.get().packs() {
        family.sample(&[("pack", &pack.name)], pack.indicators() as u64);
    }
    let mut family = e.gauge(
        "bellerophon_rules_updated_timestamp_seconds",
        "Day of a pack's last change, as it says itself.",
    );
    for pack in page.current.get().packs() {
        if let Some(day) = pack
            .updated
            .as_deref()
            .and_then(crate::time::Timestamp::from_date)
        {
            family.sample(&[("pack", &pack.name)], day.secs() as f64);
        }
    }
    let mut family = e.gauge(
        "bellerophon_rules_confirmed_timestamp_seconds",
        "When the publisher of a fetched list last said that it is the newest.",
    );
    for pack in page.current.get().packs() {
        if let Some(list) = &pack.fetched {
            // A record without a moment is as old as can be.
            let secs = list.checked.map_or(0, crate::time::Timestamp::secs);
            family.sample(&[("pack", &pack.name)], secs as f64);
        }
    }
    e.gauge(
        "bellerophon_rules_loaded_timestamp_seconds",
        "When the rules in use were loaded.",
    )
    .sample(&[], unix(page.loaded));
    e.counter("bellerophon_rules_reloads_total", "Reloads, by result.")
        .sample(&[("result", "accepted")], page.reloads)
        .sample(&[("result", "refused")], page.refused);
    e.gauge(
        "bellerophon_rules_generation",
        "How often the rules were replaced, as far as all capture threads know.",
    )
    .sample(&[], page.totals.generation);
}
