//! `bellerophon doctor`: whether an interface shows what `watch` needs, and how to mend what is missing.
//!
//! Every check is a function from facts to findings, in a file for its theme; facts are gathered beside it. Nothing is
//! changed: whoever runs this decides what is mended.

mod card;
mod finding;
mod interface;
mod kernel;
pub(super) mod limits;
mod look;
mod report;
mod rights;
mod rules;
mod traffic;

use std::error::Error;
use std::io::{self, ErrorKind, IsTerminal, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use super::Status;
use super::run::{processors, stop_flag};
use super::watch::Threads;
use crate::cli::doctor::Doctor;
use crate::live::ethtool::Card;
use crate::live::{TapError, interfaces};
use crate::output::{Style, counted};
use crate::rules::{LoadOptions, RuleSet, load};
use crate::time::Timestamp;
use finding::{Finding, Level, Section, step};
use look::{Opened, Plan};
use report::Report;

/// Runs the command.
///
/// # Errors
/// What keeps it from beginning, or its findings from being printed.
pub fn run(args: &Doctor) -> Result<Status, Box<dyn Error>> {
    let names = &args.interface;
    if let Some(name) = twice(names) {
        return Err(format!("interface {name} is given twice").into());
    }
    let stop = stop_flag()?;
    match examine(args, &stop) {
        // `bellerophon doctor | head` is no error of its own.
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(Status::Failed),
        Err(error) => Err(format!("cannot print what was found: {error}").into()),
        Ok(_) if stop.load(Ordering::Relaxed) => Ok(Status::Stopped),
        Ok(Level::Error) => Ok(Status::Failed),
        Ok(_) => Ok(Status::Done),
    }
}

fn twice(names: &[String]) -> Option<&String> {
    let mut seen = Vec::new();
    names.iter().find(|name| {
        let known = seen.contains(name);
        seen.push(name);
        known
    })
}

/// Finds out everything, and writes it. Gives the worst of it.
fn examine(args: &Doctor, stop: &AtomicBool) -> io::Result<Level> {
    let stdout = io::stdout();
    let style = (!args.json).then(|| Style::for_stream(&stdout));
    let mut to = io::BufWriter::new(stdout.lock());
    let threads = Threads::new(&args.interface, (None, None), processors());

    let rights = rights::Facts::gather();
    let mut report = Report::new(style, rights.is_root);
    let mut machine = rights::judge(&rights);
    machine.extend(kernel::judge(&kernel::Facts::gather(
        &args.interface,
        rights.held,
    )));
    machine.extend(limits::judge(&limits::Facts::gather(
        args.interface.len(),
        &threads,
    )));
    report.add(section("This machine", None, machine), &mut to)?;

    let loaded = load(&args.rules.options());
    let findings = rules::judge(loaded.as_ref(), Timestamp::of_clock());
    report.add(section("Rules", None, findings), &mut to)?;

    // Traffic is looked at whatever the rules are: names can be counted with any.
    let loaded = loaded.or_else(|_| load(&LoadOptions::default()));
    let rules = loaded.map_err(io::Error::other)?.rules;
    let look = Look {
        rules: Arc::new(rules),
        threads: &threads,
        seconds: args.seconds,
        stop,
    };
    let known = interfaces();
    let checked: Vec<Checked> = args
        .interface
        .iter()
        .map(|name| Checked::new(name, &known, rights.held, &look))
        .collect();
    for (name, findings) in look.at(checked) {
        let title = format!("Interface {name}");
        report.add(section(&title, Some(name), findings), &mut to)?;
    }
    report.finish(&mut to)?;
    Ok(report.worst())
}

fn section(title: &str, interface: Option<String>, findings: Vec<Finding>) -> Section {
    Section {
        interface,
        title: title.to_owned(),
        findings,
    }
}

/// An interface, and what is known of it without a look at its traffic.
struct Checked {
    name: String,
    findings: Vec<Finding>,
    card: card::Facts,
    /// To be looked at.
    opened: Option<Opened>,
}

impl Checked {
    fn new(name: &str, known: &[String], may_capture: bool, look: &Look<'_>) -> Self {
        let mut checked = Self {
            name: name.to_owned(),
            findings: Vec::new(),
            card: card::Facts::default(),
            opened: None,
        };
        let card = Card::open(name);
        let facts = card.and_then(|card| Ok((interface::Facts::gather(&card, name)?, card)));
        let Ok((facts, card)) = facts else {
            checked.findings.push(interface::missing(name, known));
            return checked;
        };
        checked.findings = interface::judge(&facts);
        // Where nothing arrives, threads have nothing to share.
        let threads = if facts.is_usable() {
            look.threads.each
        } else {
            1
        };
        let promiscuous = checked.open(may_capture, facts.link.loopback, threads);
        checked.findings.push(promiscuous);
        if !facts.link.loopback {
            checked.card = card::Facts::gather(&card, name);
            checked.findings.extend(card::judge(&checked.card));
        }
        let why = match (&checked.opened, facts.is_usable()) {
            (None, _) => Some("the interface could not be opened"),
            (_, false) => Some("nothing can arrive at the interface"),
            _ if look.seconds == 0 => Some("not looked at (--seconds 0)"),
            _ => None,
        };
        if let Some(why) = why {
            checked.opened = None;
            checked
                .findings
                .push(Finding::skipped("traffic.packets", why));
        }
        checked
    }

    /// Opens it as `watch` does.
    fn open(&mut self, may_capture: bool, loopback: bool, threads: usize) -> Finding {
        let check = "interface.promiscuous";
        if !may_capture {
            return Finding::skipped(check, "cannot be tried without CAP_NET_RAW");
        }
        match Opened::new(&self.name, threads) {
            Ok(opened) => {
                self.opened = Some(opened);
                if loopback {
                    Finding::skipped(check, "makes no sense on a loopback interface")
                } else {
                    Finding::ok(check, "it takes in frames for others as well")
                }
            }
            Err(TapError::Io { action, cause, .. }) => Finding::error(
                check,
                format!("it cannot be captured: cannot {action}: {cause}"),
                step(if action.contains("ring") {
                    "run `watch` with a smaller --ring-size, or with fewer --threads"
                } else if action.contains("promiscuous") {
                    "run `watch --no-promiscuous`, which sees this machine's traffic only"
                } else {
                    "see what the kernel says of it (dmesg), or name another interface"
                }),
            ),
            Err(error) => Finding::error(
                check,
                error.to_string(),
                step(
                    "see whether it is still there, and what stands before packet sockets (audit log)",
                ),
            ),
        }
    }
}

/// How traffic is looked at.
struct Look<'a> {
    rules: Arc<RuleSet>,
    threads: &'a Threads,
    seconds: u32,
    stop: &'a AtomicBool,
}

impl Look<'_> {
    /// Looks at all interfaces at once, and adds what was found.
    fn at(&self, checked: Vec<Checked>) -> Vec<(String, Vec<Finding>)> {
        let open = checked.iter().filter(|c| c.opened.is_some()).count();
        if open != 0 {
            self.announce(open);
        }
        let workers = self.threads.workers.checked_div(checked.len().max(1));
        let plan = Plan {
            rules: &self.rules,
            workers: workers.unwrap_or(1).max(self.threads.each),
            time: Duration::from_secs(self.seconds.into()),
            stop: self.stop,
        };
        let failed = |error: String| {
            Finding::error(
                "traffic.packets",
                format!("traffic cannot be looked at: {error}"),
                step("report it, with this line"),
            )
        };
        thread::scope(|scope| {
            let looks: Vec<_> = checked
                .into_iter()
                .map(|mut checked| {
                    let look = checked.opened.take().map(|opened| {
                        thread::Builder::new().spawn_scoped(scope, move || opened.look(plan))
                    });
                    (checked, look)
                })
                .collect();
            looks
                .into_iter()
                .map(|(mut checked, look)| {
                    match look {
                        None => {}
                        Some(Err(error)) => checked.findings.push(failed(error.to_string())),
                        Some(Ok(look)) => match look.join() {
                            Ok(Ok(seen)) => {
                                let said = traffic::judge(&seen, &checked.name, &checked.card);
                                checked.findings.extend(said);
                            }
                            Ok(Err(error)) => checked.findings.push(failed(error.to_string())),
                            Err(_) => checked.findings.push(failed("a thread panicked".into())),
                        },
                    }
                    (checked.name, checked.findings)
                })
                .collect()
        })
    }

    /// Says on a terminal why nothing happens for a while.
    fn announce(&self, open: usize) {
        let mut stderr = io::stderr();
        if stderr.is_terminal() {
            let _ = writeln!(
                stderr,
                "\nlooking at the traffic of {} for {} ...",
                counted(open as u64, "interface", "interfaces"),
                counted(self.seconds.into(), "second", "seconds")
            );
        }
    }
}
