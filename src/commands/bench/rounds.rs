//! Takes everything that is measured in turn, several times: what else the machine does then meets
//! all of it alike.

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::SystemTime;

use super::figures::{
    Cost, Hits, Latency, Measured, Speed, Stages, median, median_cost, median_of_known,
};
use super::inside::Run;
use super::instructions::Counter;
use super::stages::{self, Costs};
use super::subject::{Maker, Subject};
use crate::cli::bench::{Bench, Mode};

/// How this program is started to do one run.
pub(super) struct Program {
    path: PathBuf,
    /// Which rules.
    rules: Vec<std::ffi::OsString>,
    workers: String,
    counter: Counter,
}

impl Program {
    pub(super) fn new(args: &Bench, workers: usize) -> Result<Self, Box<dyn Error>> {
        let mut rules = Vec::new();
        for path in &args.rules.rules {
            rules.extend(["--rules".into(), path.into()]);
        }
        for pack in &args.rules.pack {
            rules.extend(["--pack".into(), pack.into()]);
        }
        Ok(Self {
            path: std::env::current_exe()?,
            rules,
            workers: workers.to_string(),
            counter: Counter::find(args.instructions),
        })
    }

    /// One run in a process of its own, and how long it took until it had read the first packets.
    fn run(&self, mode: Mode, capture: &Path) -> Result<(Run, Option<f64>), Box<dyn Error>> {
        let mode = match mode {
            Mode::File => "file",
            Mode::Memory => "memory",
        };
        let begun = SystemTime::now();
        let output = Command::new(&self.path)
            .args(["bench", "--inside", mode, "--workers", &self.workers])
            .args(&self.rules)
            .arg("--capture")
            .arg(capture)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .output()?;
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr);
            let said = said.trim().trim_start_matches("error: ");
            return Err(match said {
                "" => format!("a measured run ended with {}", output.status).into(),
                said => said.into(),
            });
        }
        let run: Run = serde_json::from_slice(&output.stdout)?;
        let begun = begun.duration_since(SystemTime::UNIX_EPOCH)?.as_secs_f64();
        let start = run.first_packets.map(|first| (first - begun).max(0.0));
        Ok((run, start))
    }

    /// The same work as `replay`, for a counter of instructions.
    fn replay(&self, command: &mut Command, capture: &Path) {
        command
            .args(["replay", "--alerts", "none", "--summary", "none"])
            .args(["--workers", &self.workers])
            .args(&self.rules)
            .arg(capture);
    }
}

/// Measures one capture. Where a signal came, the result means nothing.
pub(super) fn measure(
    subject: &Subject,
    maker: &Maker<'_>,
    program: &Program,
    runs: u16,
    stop: &AtomicBool,
) -> Result<Measured, Box<dyn Error>> {
    let capture = &subject.capture;
    is_plain_file(capture)?;
    // From here on it is in the page cache.
    stages::read(capture)?;
    let (mut costs, mut files, mut memories) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..runs {
        costs.push(stages::measure(capture)?);
        files.push(program.run(Mode::File, capture)?);
        memories.push(program.run(Mode::Memory, capture)?);
        if stop.load(Ordering::Relaxed) {
            return Err("stopped".into());
        }
    }
    let (files, starts): (Vec<Run>, Vec<Option<f64>>) = files.into_iter().unzip();
    let memories: Vec<Run> = memories.into_iter().map(|(run, _)| run).collect();
    let first = files.first().ok_or("no run")?;
    for other in files.iter().chain(&memories) {
        if other.found != first.found || other.packets != first.packets {
            return Err(format!("{}: two runs found different things", subject.name).into());
        }
    }
    let (packets, wire_bytes) = (first.packets, first.wire_bytes);
    let floor = median_cost(&costs.iter().map(|c| c.read).collect::<Vec<_>>());
    let from_file = cost(&files);
    Ok(Measured {
        name: subject.name.clone(),
        seed: subject.seed,
        packets,
        bytes: fs::metadata(capture)?.len(),
        wire_bytes,
        floor,
        from_file: Speed::new(from_file, packets, wire_bytes),
        to_floor: from_file.times(floor),
        from_memory: Speed::new(cost(&memories), packets, wire_bytes),
        stages: stages_of(&costs, &files, packets),
        instructions: program.counter.count(
            || maker.pair(subject),
            packets,
            |command, capture| program.replay(command, capture),
        )?,
        latency: latency(&files),
        peak_memory_bytes: files.iter().filter_map(|run| run.peak_memory).max(),
        start_to_first_packets_ms: median_of_known(starts).map(|seconds| seconds * 1e3),
        hits: Hits::new(subject.planted.as_deref(), &first.found),
    })
}

/// Pipes can be read only once, and what is compressed is decompressed by a thread of its own, of
/// which no figure here tells.
fn is_plain_file(capture: &Path) -> Result<(), Box<dyn Error>> {
    let wrong = |what: &str| format!("{}: {what}", capture.display()).into();
    match fs::metadata(capture) {
        Err(error) => return Err(wrong(&error.to_string())),
        Ok(kind) if !kind.is_file() => return Err(wrong("not a regular file")),
        Ok(_) => {}
    }
    let input = crate::source::Input::File(capture.to_owned());
    let opened =
        crate::source::Capture::open(&input, &super::source_options(), &Default::default())?;
    if opened.is_compressed() {
        return Err(wrong("compressed; decompress it to measure with it"));
    }
    Ok(())
}

fn cost(runs: &[Run]) -> Cost {
    Cost {
        wall: median(runs.iter().map(|run| run.wall)),
        cpu: median_of_known(runs.iter().map(Run::cpu)),
    }
}

fn stages_of(costs: &[Costs], runs: &[Run], packets: u64) -> Stages {
    let each = |seconds: f64| seconds * 1e9 / packets.max(1) as f64;
    let stage = |stage: fn(&Costs) -> Cost| {
        let cost = median_cost(&costs.iter().map(stage).collect::<Vec<_>>());
        each(cost.cpu.unwrap_or(cost.wall))
    };
    let thread = |time: fn(&Run) -> Option<f64>| median_of_known(runs.iter().map(time)).map(each);
    Stages {
        read: stage(|c| c.read),
        walk: stage(|c| c.walk),
        decode: stage(|c| c.decode),
        triage: stage(|c| c.triage),
        reader: thread(|run| run.reader),
        workers: thread(|run| run.workers),
        collector: thread(|run| run.collector),
    }
}

fn latency(runs: &[Run]) -> Option<Latency> {
    let all: Vec<Latency> = runs.iter().filter_map(|run| run.latency).collect();
    let middle = |of: fn(&Latency) -> f64| median(all.iter().map(of));
    (!all.is_empty()).then(|| Latency {
        p50_us: middle(|l| l.p50_us),
        p99_us: middle(|l| l.p99_us),
        p999_us: middle(|l| l.p999_us),
        // Of all runs: the slowest is not to be hidden.
        max_us: all.iter().map(|l| l.max_us).fold(0.0, f64::max),
    })
}
