//! `bellerophon generate`: captures and lists to measure with.

use std::error::Error;
use std::fs::File;
use std::io::{self, BufWriter, IsTerminal, Write};
use std::path::Path;
use std::time::{Duration, Instant};

use serde::Serialize;
use serde_json::{Map, Value};

use super::run::same_file;
use super::{Status, complain};
use crate::cli::generate::{CaptureArgs, Generate, ListArgs, What};
use crate::generate::{self, Limit, ListForm, Names, Options, Report, Workload};
use crate::names::Kind;
use crate::rules;

/// Runs the command.
///
/// # Errors
/// What keeps it from beginning, or its output from being written.
pub fn run(args: &Generate) -> Result<Status, Box<dyn Error>> {
    match &args.what {
        What::Mix(args) => capture(Workload::Mix, args),
        What::Dns(args) => capture(Workload::Dns, args),
        What::Tls(args) => capture(Workload::Tls, args),
        What::Syn(args) => capture(Workload::Syn, args),
        What::Junk(args) => capture(Workload::Junk, args),
        What::List(args) => list(args),
    }
}

fn capture(workload: Workload, args: &CaptureArgs) -> Result<Status, Box<dyn Error>> {
    let options = options(workload, args)?;
    let loaded = rules::load(&args.rules.options())?;
    for problem in &loaded.problems {
        complain(&problem.to_string());
    }
    // Also where nothing is planted: whoever gave rules wants to find nothing of them in the rest.
    let names = Names::new(&loaded.rules)?;
    for path in [Some(&args.output), args.planted.as_ref()]
        .into_iter()
        .flatten()
    {
        let is_rules = loaded
            .rules
            .packs()
            .any(|pack| same_file(Path::new(&pack.file), path));
        if is_rules {
            return Err(format!(
                "{}: this would overwrite the rules; name another file",
                path.display()
            )
            .into());
        }
    }
    match &args.planted {
        Some(path) if path == Path::new("-") => {
            return Err("--planted -: standard output is not for it; name a file".into());
        }
        Some(path) if path == &args.output || same_file(path, &args.output) => {
            return Err("-o and --planted are the same file; give two".into());
        }
        _ => {}
    }
    let mut out = Target::open(&args.output, "the capture")?;
    let planted = args.planted.as_deref();
    let mut planted = planted
        .map(|path| Target::open(path, "the record of planted contacts"))
        .transpose()?;
    let begun = Instant::now();
    let report = generate::capture(
        &options,
        &names,
        &mut out,
        planted.as_mut().map(|p| p as &mut dyn Write),
    )
    .and_then(|report| {
        out.flush()?;
        planted.iter_mut().try_for_each(Write::flush)?;
        Ok(report)
    })
    // A target's error says of itself which file it was.
    .map_err(|e| e.to_string())?;
    let statement = Statement::new(workload, &options, &report);
    let took = begun.elapsed();
    say(args.json, out.is_stdout(), &statement, || {
        text(&statement, &report, took)
    })?;
    Ok(if loaded.problems.is_empty() {
        Status::Done
    } else {
        Status::Failed
    })
}

fn options(workload: Workload, args: &CaptureArgs) -> Result<Options, String> {
    let name = workload_name(workload);
    let flows = match (args.flows, workload.default_flows()) {
        (Some(_), None) => {
            return Err(format!(
                "--flows: {name} has no flows that stay open; leave it out"
            ));
        }
        (flows, default) => flows.or(default).unwrap_or_default(),
    };
    let every = match args.plant_every {
        Some(n) if n != 0 && matches!(workload, Workload::Syn | Workload::Junk) => {
            return Err(format!(
                "--plant-every: {name} has no names to plant; leave it out"
            ));
        }
        every => every.unwrap_or_else(|| workload.default_every()),
    };
    let limit = match (args.packets, args.size) {
        (Some(packets), _) => Limit::Packets(packets),
        (None, Some(bytes)) => Limit::Bytes(bytes),
        (None, None) => return Err("give --packets or --size".to_owned()),
    };
    Ok(Options {
        workload,
        limit,
        seed: args.seed,
        flows,
        every,
        nanoseconds: !args.micros,
    })
}

fn list(args: &ListArgs) -> Result<Status, Box<dyn Error>> {
    let mut out = Target::open(&args.output, "the list")?;
    let form = if args.plain {
        ListForm::Plain
    } else {
        ListForm::Pack
    };
    let bytes = generate::list(&mut out, args.names, args.seed, form).map_err(|e| e.to_string())?;
    let statement = ListStatement {
        seed: args.seed,
        names: args.names,
        bytes,
    };
    say(args.json, out.is_stdout(), &statement, || {
        format!("{} names, {bytes} bytes", args.names)
    })?;
    Ok(Status::Done)
}

/// What was written, for machines. Its fields are a contract.
#[derive(Serialize)]
struct Statement {
    workload: &'static str,
    seed: u64,
    packets: u64,
    bytes: u64,
    flows: u64,
    /// Packet time.
    seconds: f64,
    contacts: u64,
    /// By kind, where there are any.
    planted: Map<String, Value>,
}

#[derive(Serialize)]
struct ListStatement {
    seed: u64,
    names: u32,
    bytes: u64,
}

impl Statement {
    fn new(workload: Workload, options: &Options, report: &Report) -> Self {
        let planted = Kind::ALL.iter().zip(report.planted);
        Self {
            workload: workload_name(workload),
            seed: options.seed,
            packets: report.packets,
            bytes: report.bytes,
            flows: report.flows,
            seconds: Duration::from_nanos(report.nanoseconds).as_secs_f64(),
            contacts: report.contacts(),
            planted: planted
                .filter(|(_, count)| *count != 0)
                .map(|(kind, count)| (kind.as_str().to_owned(), count.into()))
                .collect(),
        }
    }
}

fn text(statement: &Statement, report: &Report, took: Duration) -> String {
    let average = (report.bytes as f64) / (report.packets.max(1) as f64) - 16.0;
    let rate = report.bytes as f64 / took.as_secs_f64().max(1e-9) / 1e9;
    let kinds: Vec<String> = statement
        .planted
        .iter()
        .map(|(kind, count)| format!("{kind} {count}"))
        .collect();
    let planted = match kinds.as_slice() {
        [] => "nothing planted".to_owned(),
        kinds => format!(
            "{} contacts planted: {}",
            statement.contacts,
            kinds.join(", ")
        ),
    };
    format!(
        "{}: {} packets of {average:.0} bytes on average, {} bytes, {} flows, {:.3} s of packet time; {planted} \
         (written in {:.2} s, {rate:.2} GB/s)",
        statement.workload,
        report.packets,
        report.bytes,
        report.flows,
        statement.seconds,
        took.as_secs_f64(),
    )
}

/// The statement goes to standard output, but where that is the file itself.
fn say(
    json: bool,
    stdout_taken: bool,
    statement: &impl Serialize,
    text: impl Fn() -> String,
) -> io::Result<()> {
    let line = if json {
        serde_json::to_string(statement)?
    } else {
        text()
    };
    if stdout_taken {
        writeln!(io::stderr(), "{line}")
    } else {
        writeln!(io::stdout(), "{line}")
    }
}

const fn workload_name(workload: Workload) -> &'static str {
    match workload {
        Workload::Mix => "mix",
        Workload::Dns => "dns",
        Workload::Tls => "tls",
        Workload::Syn => "syn",
        Workload::Junk => "junk",
    }
}

/// A file, or standard output; its errors say which.
enum Target {
    /// Small writes are gathered; large ones pass through.
    File(BufWriter<File>, String),
    Stdout(io::Stdout),
}

impl Target {
    fn open(path: &Path, what: &str) -> Result<Self, String> {
        if path == Path::new("-") {
            let stdout = io::stdout();
            if stdout.is_terminal() {
                return Err(format!(
                    "standard output is a terminal; send {what} to a file or a pipe"
                ));
            }
            return Ok(Self::Stdout(stdout));
        }
        let name = path.display().to_string();
        match File::create(path) {
            Ok(file) => Ok(Self::File(BufWriter::new(file), name)),
            Err(e) => Err(format!("{name}: cannot make {what}: {e}")),
        }
    }

    fn is_stdout(&self) -> bool {
        matches!(self, Self::Stdout(_))
    }

    fn named(&self, error: &io::Error) -> io::Error {
        let text = match self {
            Self::File(_, name) => format!("{name}: cannot write: {error}"),
            Self::Stdout(_) if error.kind() == io::ErrorKind::BrokenPipe => {
                "the reader of standard output went away before the end".to_owned()
            }
            Self::Stdout(_) => format!("standard output: cannot write: {error}"),
        };
        io::Error::new(error.kind(), text)
    }
}

impl Write for Target {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let done = match self {
            Self::File(file, _) => file.write(bytes),
            Self::Stdout(stdout) => stdout.write(bytes),
        };
        match done {
            Err(e) if e.kind() != io::ErrorKind::Interrupted => Err(self.named(&e)),
            done => done,
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        let done = match self {
            Self::File(file, _) => file.flush(),
            Self::Stdout(stdout) => stdout.flush(),
        };
        done.map_err(|e| self.named(&e))
    }
}
