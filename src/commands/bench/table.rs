//! The figures for people: a column for each capture.

use std::io::{self, Write};

use super::figures::{Measured, Report};
use crate::output::{counted, grouped};

/// Room for what a row says.
const LABEL: usize = 28;
/// Room for a figure: with five captures a line has 83 characters.
const COLUMN: usize = 11;

type Cell = fn(&Measured) -> Option<String>;

/// A heading, and the rows below it.
type Part = (&'static str, &'static [(&'static str, Cell)]);

const PARTS: &[Part] = &[
    (
        "Capture",
        &[
            ("packets", |m| whole(m.packets as f64)),
            ("megabytes", |m| one(m.bytes as f64 / 1e6)),
        ],
    ),
    (
        "From the file",
        &[
            ("million packets/s", |m| {
                two(m.from_file.packets_per_second / 1e6)
            }),
            ("Gbit/s", |m| two(m.from_file.bits_per_second / 1e9)),
            ("ns a packet", |m| one(m.from_file.ns_per_packet.wall)),
            ("ns a packet, CPU", |m| one(m.from_file.ns_per_packet.cpu?)),
            ("instructions a packet", |m| {
                one(m.instructions.per_packet?)
            }),
        ],
    ),
    (
        "Times the floor, which is read() of the file",
        &[
            ("floor, ns a packet", |m| one(floor(m))),
            ("time", |m| two(m.to_floor.wall)),
            ("CPU", |m| two(m.to_floor.cpu?)),
        ],
    ),
    (
        "From memory",
        &[
            ("million packets/s", |m| {
                two(m.from_memory.packets_per_second / 1e6)
            }),
            ("Gbit/s", |m| two(m.from_memory.bits_per_second / 1e9)),
            ("ns a packet", |m| one(m.from_memory.ns_per_packet.wall)),
            ("ns a packet, CPU", |m| {
                one(m.from_memory.ns_per_packet.cpu?)
            }),
        ],
    ),
    (
        "CPU by stage, ns a packet",
        &[
            ("read", |m| one(m.stages.read)),
            ("+ walk records", |m| more(m.stages.walk - m.stages.read)),
            ("+ decode", |m| more(m.stages.decode - m.stages.walk)),
            ("+ triage", |m| more(m.stages.triage - m.stages.decode)),
            ("reader thread, with these", |m| one(m.stages.reader?)),
            ("worker threads", |m| one(m.stages.workers?)),
            ("collector thread", |m| one(m.stages.collector?)),
        ],
    ),
    (
        "Packet to alert, us",
        &[
            ("half are faster", |m| whole(m.latency?.p50_us)),
            ("99 %", |m| whole(m.latency?.p99_us)),
            ("99.9 %", |m| whole(m.latency?.p999_us)),
            ("slowest of all runs", |m| whole(m.latency?.max_us)),
        ],
    ),
    (
        "Process",
        &[
            (
                "peak memory, MB",
                |m| one(m.peak_memory_bytes? as f64 / 1e6),
            ),
            ("start to first packets, ms", |m| {
                one(m.start_to_first_packets_ms?)
            }),
        ],
    ),
    (
        "Contacts",
        &[
            ("planted", |m| whole(m.hits.planted? as f64)),
            ("found", |m| whole(m.hits.found as f64)),
        ],
    ),
];

/// Writes the table.
pub(super) fn write(report: &Report, to: &mut impl Write) -> io::Result<()> {
    let count = |n: usize, one, many| counted(n as u64, one, many);
    writeln!(
        to,
        "bellerophon {} on {} ({})",
        report.version,
        count(report.processors, "processor", "processors"),
        report.processor.as_deref().unwrap_or("of unknown make")
    )?;
    writeln!(
        to,
        "{}, {}; medians of {}, file in the page cache\n",
        count(report.workers, "worker", "workers"),
        count(report.indicators, "indicator", "indicators"),
        count(report.runs.into(), "run", "runs")
    )?;
    // The path of a given capture is no heading.
    let heading = |m: &Measured| match m.seed {
        Some(_) => m.name.clone(),
        None => "capture".to_owned(),
    };
    line(to, "", report.captures.iter().map(|m| Some(heading(m))))?;
    for (title, rows) in PARTS {
        writeln!(to, "{title}")?;
        for (label, cell) in *rows {
            line(to, label, report.captures.iter().map(cell))?;
        }
    }
    let why = report
        .captures
        .iter()
        .find_map(|m| m.instructions.why_not.as_ref());
    if let Some(why) = why {
        writeln!(to, "\nInstructions were not counted: {why}")?;
    }
    Ok(())
}

fn line(
    to: &mut impl Write,
    label: &str,
    cells: impl Iterator<Item = Option<String>>,
) -> io::Result<()> {
    write!(to, "  {label:<LABEL$}")?;
    for cell in cells {
        let cell = cell.unwrap_or_else(|| "n/a".to_owned());
        write!(to, "{cell:>COLUMN$}")?;
    }
    writeln!(to)
}

fn floor(m: &Measured) -> f64 {
    m.floor.wall * 1e9 / m.packets.max(1) as f64
}

/// Without a part below one. What is too large for a counter is no figure of these.
fn whole(n: f64) -> Option<String> {
    Some(grouped(n.round() as u64))
}

fn one(n: f64) -> Option<String> {
    Some(format!("{n:.1}"))
}

fn two(n: f64) -> Option<String> {
    Some(format!("{n:.2}"))
}

/// Of two medians one may be a little less than what it contains.
fn more(n: f64) -> Option<String> {
    Some(format!("{n:+.1}"))
}
