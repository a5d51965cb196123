//! `bellerophon watch`: alerts out of the traffic of interfaces, for as long as it runs.

mod desk;
mod loss;
mod metrics;
mod reload;
mod totals;

use std::error::Error;
use std::fs::File;
use std::io::{self, IsTerminal};
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use crossbeam_channel::bounded;
use signal_hook::consts::{SIGHUP, SIGUSR1};

use super::Status;
use super::age::Age;
use super::doctor::limits::available;
use super::run::{print, processors, same_file, stop_flag};
use crate::cli::AlertForm;
use crate::cli::watch::{SandboxMode, Watch};
use crate::live::{Tap, TapError};
use crate::output::Style;
use crate::output::counted;
use crate::output::log_file::{LogFile, Options as LogOptions, StreamOptions, StreamOut};
use crate::output::summary::{Facts, Summary};
use crate::pipeline::{self, Live, LiveConfig, Progress};
use crate::rules::{self, Current, IndicatorKind, RuleSet};
use crate::sandbox::{self, rights};
use crate::serve::control::{Access, Control};
use crate::serve::http::Server;
use crate::serve::notify::Notifier;
use crate::source::filter::Filter;
use crate::time::Timestamp;
use desk::{Asked, Desk, Lines, Setup, Times};
use metrics::Board;
use reload::{Reloader, Watched};
use totals::KernelCounts;

/// How much may happen to interfaces before somebody looks.
const NEWS: usize = 256;

/// So many defects of rules are told one by one.
const PROBLEMS: usize = 20;

/// `1,444 names, 7 addresses`.
fn listed(rules: &RuleSet) -> String {
    let counts = IndicatorKind::ALL.into_iter().filter_map(|kind| {
        let (one, more) = kind.words();
        let count = rules.count(kind);
        (count != 0).then(|| counted(count as u64, one, more))
    });
    counts.collect::<Vec<_>>().join(", ")
}

/// Runs the command.
///
/// # Errors
/// What keeps it from beginning, or its summary from being printed.
pub fn run(args: &Watch) -> Result<Status, Box<dyn Error>> {
    let options = args.rules.options();
    let watched = if args.no_auto_reload {
        None
    } else {
        Watched::new(&options.files())
    };
    let loaded = rules::load(&options)?;
    let rules = Arc::new(loaded.rules);
    if let Some(cpus) = &args.capture.cpus {
        check_cpus(&cpus.0)?;
    }
    let form = alert_form(args)?;
    check_paths(args, &rules)?;
    // Bound and connected before anything is given up; threads begin later.
    let server = args
        .service
        .metrics
        .as_deref()
        .map(Server::bind)
        .transpose()?;
    let control = args
        .service
        .control
        .as_deref()
        .map(|path| Control::bind(path, Access::Group))
        .transpose()?;
    let notifier = Notifier::from_env()?;
    let plan = plan(args).prepare()?;
    let asked = signals()?;
    let (news, told) = bounded(NEWS);
    let capture = &args.capture;
    let threads = Threads::new(
        &capture.interface,
        (capture.threads, capture.workers),
        processors(),
    );
    check_memory(
        args.capture.ring_size,
        args.capture.block_size,
        threads.interfaces.len(),
    )?;
    let taps = open_taps(args, &threads, &asked.stop, &news)?;
    let filters = filters(args.capture.bpf.as_deref(), &taps)?;
    let kernel = KernelCounts::new(args.capture.bpf.is_some());
    // From here on this process may do no more than it needs.
    let sandbox = plan.apply()?;

    let stream = |noun: &'static str| StreamOptions {
        noun,
        ..StreamOptions::default()
    };
    let stderr = File::from(io::stderr().as_fd().try_clone_to_owned()?);
    let log = StreamOut::new(stderr, "standard error", stream("line"))?;
    let eve = args.output.eve.as_deref().filter(|p| !is_stdout(p));
    let eve = eve
        .map(|path| {
            LogFile::open(
                path,
                LogOptions {
                    max_bytes: args.output.eve_max_size,
                    keep: args.output.eve_keep,
                    noun: "event",
                    ..LogOptions::default()
                },
            )
        })
        .transpose()
        .map_err(|e| format!("--eve: {e}"))?;
    let console = match form {
        AlertForm::Text => Some(Lines::Text(Style::for_stream(&io::stdout()))),
        AlertForm::Eve => Some(Lines::Eve),
        AlertForm::Auto | AlertForm::None => None,
    };
    let console = match console {
        Some(lines) => Some((StreamOut::stdout(stream("alert"))?, lines)),
        None => None,
    };
    let board = Arc::new(Board::new(&sandbox));
    let server = server
        .map(|server| server.start(Arc::clone(&board) as _))
        .transpose()?;
    let (control, requests) = control.map(Control::start).transpose()?.unzip();

    let current = Arc::new(Current::new(Arc::clone(&rules)));
    let live = Arc::new(Live::new(Arc::clone(&current), taps.len(), threads.workers));
    let seconds = |n: u32| (n != 0).then(|| Duration::from_secs(n.into()));
    let begun = Instant::now();
    let end = args
        .capture
        .stop_after
        .map(|n| Duration::from_secs(n.into()));
    let mut desk = Desk::new(Setup {
        live: Arc::clone(&live),
        interfaces: threads.interfaces.clone(),
        repeat_window: args.output.repeat_window,
        eve,
        console,
        log,
        reloader: Reloader::new(options, current, watched, &loaded.problems),
        asked: asked.clone(),
        requests,
        news: told,
        board,
        notifier,
        times: Times {
            stats: seconds(args.output.stats_interval),
            status: seconds(args.output.status_interval),
            end: end.and_then(|end| begun.checked_add(end)),
        },
        max_loss: args.output.max_loss,
        kernel,
    });
    for problem in loaded.problems.iter().take(PROBLEMS) {
        desk.say(&format!("rules: {problem}"));
    }
    let more = loaded.problems.len().saturating_sub(PROBLEMS) as u64;
    if more != 0 {
        desk.say(&format!(
            "rules: and {}",
            counted(more, "more defect", "more defects")
        ));
    }
    if let Some(age) = Age::of(&rules, Timestamp::of_clock()).filter(Age::is_old) {
        desk.say(&format!(
            "{age}: look for newer ones (bellerophon rules update)"
        ));
    }
    if rules.lists_addresses() && !args.capture.no_kernel_filter {
        desk.say("addresses are listed: the kernel's filter, which leaves out bulk, is off");
    }
    desk.say(&format!("sandbox: {sandbox}"));
    if let Some(server) = &server {
        desk.say(&format!(
            "metrics at http://{}/metrics",
            server.local_addr()
        ));
    }
    desk.say(&format!(
        "{} listed; {} of {} and {} read {}",
        listed(&rules),
        counted(
            threads.interfaces.len() as u64,
            "capture thread",
            "capture threads"
        ),
        counted(
            args.capture.interface.len() as u64,
            "interface",
            "interfaces"
        ),
        counted(threads.workers as u64, "worker", "workers"),
        args.capture.interface.join(", "),
    ));
    desk.ready();
    let config = LiveConfig {
        taps,
        workers: threads.workers,
        filters,
        live: Arc::clone(&live),
        cpus: args.capture.cpus.as_ref().map(|cpus| cpus.0.clone()),
        resolves: !args.matching.no_resolved,
    };
    // Where they are replaced, nobody else keeps them.
    drop(rules);
    let outcome = pipeline::watch(config, &mut desk, &Progress::default(), &asked.stop);
    let mut outcome = match outcome {
        Ok(outcome) => outcome,
        Err(error) => {
            // What waits to be written is written all the same.
            desk.give_up();
            return Err(error.into());
        }
    };
    let left = desk.close(&outcome);
    if let Some(control) = control {
        // Where the socket's file stays, the next start replaces it.
        let _ = control.stop();
    }
    if let Some(server) = server {
        server.stop();
    }
    // From the packet's own time, which counts here.
    outcome.latency = left.latency;
    let mut errors = left.errors;
    if let Some(error) = &outcome.sink_error {
        errors.push(format!("cannot write the output: {error}"));
    }
    let summary = Summary::new(Facts {
        outcome: &outcome,
        tally: Some(left.ledger.tally()),
        not_folded: left.ledger.not_folded(),
        rules: Some(&left.rules),
        unread: Vec::new(),
        errors,
        skipped: Vec::new(),
        interfaces: left.interfaces,
        // To be stopped is how it ends.
        stopped: false,
        elapsed: begun.elapsed(),
        readers: threads.interfaces.len(),
        workers: threads.workers,
    });
    print(&summary, args.output.summary)?;
    Ok(if summary.inputs.errors.is_empty() {
        Status::Done
    } else {
        Status::Failed
    })
}

/// What can be said of flags without an interface, beyond their form.
#[derive(Debug, Default)]
pub(super) struct Checked {
    /// What keeps `watch` from beginning.
    pub(super) errors: Vec<String>,
    /// What does if nobody changes it before.
    pub(super) warnings: Vec<String>,
}

/// Looks at what the flags name.
pub(super) fn check(args: &Watch) -> Checked {
    let options = args.rules.options();
    let mut checked = Checked::default();
    let errors = &mut checked.errors;
    let mut note = |error: Option<String>| errors.extend(error);
    match rules::load(&options) {
        Ok(loaded) => note(
            check_paths(args, &loaded.rules)
                .err()
                .map(|e| e.to_string()),
        ),
        Err(error) => note(Some(error.to_string())),
    }
    let bpf = args.capture.bpf.as_deref().map(Filter::new);
    note(bpf.and_then(Result::err).map(|e| e.to_string()));
    let metrics = args.service.metrics.as_deref().map(Server::check);
    note(metrics.and_then(Result::err).map(|e| e.to_string()));
    if let Some(cpus) = &args.capture.cpus {
        note(check_cpus(&cpus.0).err().map(|e| e.to_string()));
    }
    note(alert_form(args).err().map(|e| e.to_string()));
    note(check_memory(args.capture.ring_size, args.capture.block_size, 1).err());
    // Who checks need not be who runs it: only what holds for both is judged.
    let plan = sandbox::Plan {
        mode: sandbox::Mode::BestEffort,
        read: Vec::new(),
        write: Vec::new(),
        ..plan(args)
    };
    note(plan.prepare().err().map(|e| e.to_string()));
    let paths = [
        ("eve", args.output.eve.as_deref().filter(|p| !is_stdout(p))),
        ("control", args.service.control.as_deref()),
    ];
    for (flag, path) in paths {
        let folder = path.and_then(Path::parent).filter(|f| *f != Path::new(""));
        if let Some(folder) = folder.filter(|folder| !folder.is_dir()) {
            // A service manager makes some of them.
            checked.warnings.push(format!(
                "--{flag}: there is no folder {} yet",
                folder.display()
            ));
        }
    }
    checked
}

fn is_stdout(path: &Path) -> bool {
    path == Path::new("-")
}

fn alert_form(args: &Watch) -> Result<AlertForm, Box<dyn Error>> {
    let eve = args.output.eve.as_deref();
    let to_stdout = eve.is_some_and(is_stdout);
    Ok(match (args.output.alerts, to_stdout) {
        (AlertForm::Text | AlertForm::None, true) => {
            return Err("--eve - and --alerts both claim standard output; give only one".into());
        }
        (_, true) => AlertForm::Eve,
        (AlertForm::Auto, _) if eve.is_some() || io::stdout().is_terminal() => AlertForm::Text,
        (AlertForm::Auto, _) => AlertForm::Eve,
        (form, _) => form,
    })
}

fn check_cpus(cpus: &[u16]) -> Result<(), Box<dyn Error>> {
    #[cfg(target_os = "linux")]
    {
        let ours = rustix::thread::sched_getaffinity(None)?;
        if let Some(cpu) = cpus.iter().find(|&&cpu| !ours.is_set(cpu.into())) {
            return Err(format!(
                "--cpus {cpu}: there is no processor of this number, or this process may not use it"
            )
            .into());
        }
    }
    Ok(())
}

/// The EVE file must not be one of the rules.
fn check_paths(args: &Watch, rules: &rules::RuleSet) -> Result<(), Box<dyn Error>> {
    let Some(eve) = args.output.eve.as_deref() else {
        return Ok(());
    };
    if rules
        .packs()
        .any(|pack| same_file(Path::new(&pack.file), eve))
    {
        return Err(format!(
            "{}: --eve would write to one of the rule files; name another file",
            eve.display()
        )
        .into());
    }
    Ok(())
}

/// What the process may still do once it runs.
fn plan(args: &Watch) -> sandbox::Plan {
    let folder = |path: &Path| match path.parent() {
        Some(parent) if parent != Path::new("") => parent.to_owned(),
        _ => PathBuf::from("."),
    };
    let mut read = args.rules.rules.clone();
    read.extend(args.rules.allow.clone());
    read.extend(args.config.clone());
    let eve = args.output.eve.as_deref().filter(|p| !is_stdout(p));
    let mut write: Vec<PathBuf> = eve
        .into_iter()
        // Where the file is a link, it is made anew beside what it leads to.
        .flat_map(|path| {
            let real = path.canonicalize().unwrap_or_else(|_| path.to_owned());
            [folder(path), folder(&real)]
        })
        .chain(args.service.control.as_deref().map(folder))
        .collect();
    // Usually they are the same, and what is wrong with one is said once.
    write.sort();
    write.dedup();
    sandbox::Plan {
        mode: match args.service.sandbox {
            SandboxMode::Strict => sandbox::Mode::Strict,
            SandboxMode::BestEffort => sandbox::Mode::BestEffort,
            SandboxMode::Off => sandbox::Mode::Off,
        },
        user: args.service.user.clone(),
        // An interface that comes back is opened again.
        keep_raw: true,
        read,
        write,
        inet: args.service.metrics.is_some(),
    }
}

fn signals() -> io::Result<Asked> {
    let asked = Asked {
        stop: stop_flag()?,
        ..Asked::default()
    };
    signal_hook::flag::register(SIGHUP, Arc::clone(&asked.reload))?;
    signal_hook::flag::register(SIGUSR1, Arc::clone(&asked.rotate))?;
    Ok(asked)
}

/// How many threads there are, and what for.
pub(super) struct Threads {
    /// The interface of each capture thread.
    pub(super) interfaces: Vec<String>,
    /// Capture threads of an interface.
    pub(super) each: usize,
    /// Worker threads, in all.
    pub(super) workers: usize,
}

impl Threads {
    /// As asked for, capture threads of an interface first and then workers, or what suits so many processors.
    pub(super) fn new(
        interfaces: &[String],
        (each, workers): (Option<u16>, Option<u16>),
        processors: usize,
    ) -> Self {
        let count = interfaces.len().max(1);
        // Both capture threads and workers need a processor of their own where the traffic is hard.
        let half = processors.div_ceil(2).checked_div(count).unwrap_or(1);
        let each = each.map_or(half, usize::from).max(1);
        let readers = each.saturating_mul(count);
        let others = processors.saturating_sub(readers);
        let workers = workers.map_or(others, usize::from);
        Self {
            interfaces: interfaces
                .iter()
                .flat_map(|name| std::iter::repeat_n(name.clone(), each))
                .collect(),
            each,
            workers: workers.max(readers),
        }
    }
}

/// A filter for each tap, compiled for the link types of all of them: once the sandbox holds, names of ports and hosts cannot be
/// looked up any more.
fn filters(expression: Option<&str>, taps: &[Tap]) -> Result<Vec<Filter>, Box<dyn Error>> {
    let Some(expression) = expression else {
        return Ok(Vec::new());
    };
    let compile = |_: &Tap| {
        let mut filter = Filter::new(expression)?;
        for tap in taps {
            filter.prepare(tap.link_type())?;
        }
        Ok(filter)
    };
    taps.iter().map(compile).collect()
}

/// Refuses rings for which there is no memory: the kernel would find some by ending other programs.
fn check_memory(ring: u64, block: u32, taps: usize) -> Result<(), String> {
    if ring < u64::from(block).saturating_mul(2) {
        return Err(
            "--ring-size: a ring has two blocks at least; give more, or a smaller --block-size"
                .to_owned(),
        );
    }
    let text = std::fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let Some(there) = available(&text) else {
        return Ok(());
    };
    let wanted = ring.saturating_mul(taps as u64);
    if wanted <= there / 2 {
        return Ok(());
    }
    Err(format!(
        "--ring-size: {} of {} MiB take more than half of the {} MiB of memory that are available; give less, or fewer --threads",
        counted(taps as u64, "ring", "rings"),
        ring >> 20,
        there >> 20
    ))
}

fn open_taps(
    args: &Watch,
    threads: &Threads,
    stop: &Arc<AtomicBool>,
    news: &crossbeam_channel::Sender<String>,
) -> Result<Vec<Tap>, Box<dyn Error>> {
    let mut taps = Vec::new();
    for (index, name) in args.capture.interface.iter().enumerate() {
        if args.capture.interface.iter().take(index).any(|n| n == name) {
            return Err(format!("interface {name} is given twice").into());
        }
        let opened = Tap::open(name, threads.each, args.capture.options(), stop, news);
        taps.extend(opened.map_err(|error| match error {
            TapError::NoRight { .. } => {
                let program = std::env::current_exe().unwrap_or_else(|_| "bellerophon".into());
                format!("{error}\n{}", rights::explain(&program)).into()
            }
            error => Box::<dyn Error>::from(error),
        })?);
    }
    Ok(taps)
}
