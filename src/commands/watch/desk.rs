//! The desk: where alerts arrive while a capture runs, and where everything is looked after that is not a packet.
//!
//! It sits on the collector's thread, whose calls come several times a second: alerts are written, rules are loaded again,
//! signals and requests are answered, and what is lost is told. Nothing here may wait: a desk that waits makes workers wait.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crossbeam_channel::Receiver;
use hdrhistogram::Histogram;

use super::loss::{Change, LossWatch};
use super::metrics::{self, Board};
use super::reload::{Cause, Done, Reloader};
use super::totals::{KernelCounts, Totals};
use crate::alert::Sighting;
use crate::feeds;
use crate::output::eve::{self, Origin};
use crate::output::eve_events::{self, AlertCounts, RuleCounts, Stats, Trouble};
use crate::output::ledger::Ledger;
use crate::output::log_file::{LogFile, StreamOut};
use crate::output::summary::{Interface, names_counted, not_read};
use crate::output::tally::Silence;
use crate::output::{Style, console};
use crate::pipeline::{Live, Outcome, Progress, Sink};
use crate::rules::RuleSet;
use crate::serve::control::{Command, Reply, Request};
use crate::serve::notify::Notifier;
use crate::time::Timestamp;

/// How often the desk looks around.
const LOOK: Duration = Duration::from_millis(50);

/// How often old lists are told of.
const DAY: Duration = Duration::from_secs(86_400);

/// How often numbers are put together.
const NUMBERS: Duration = Duration::from_secs(1);

/// What signals ask for.
#[derive(Debug, Clone, Default)]
pub(super) struct Asked {
    /// SIGHUP.
    pub(super) reload: Arc<AtomicBool>,
    /// SIGUSR1.
    pub(super) rotate: Arc<AtomicBool>,
    /// SIGINT, SIGTERM, or a request.
    pub(super) stop: Arc<AtomicBool>,
}

/// How often what is told, and when it ends.
#[derive(Debug, Clone, Copy)]
pub(super) struct Times {
    pub(super) stats: Option<Duration>,
    pub(super) status: Option<Duration>,
    pub(super) end: Option<Instant>,
}

/// Form of alerts on standard output.
pub(super) enum Lines {
    Text(Style),
    Eve,
}

/// Everything that the desk is made of.
pub(super) struct Setup {
    pub(super) live: Arc<Live>,
    /// Name of the interface of each tap.
    pub(super) interfaces: Vec<String>,
    pub(super) repeat_window: u32,
    pub(super) eve: Option<LogFile>,
    pub(super) console: Option<(StreamOut, Lines)>,
    /// Standard error.
    pub(super) log: StreamOut,
    pub(super) reloader: Reloader,
    pub(super) asked: Asked,
    pub(super) requests: Option<Receiver<Request>>,
    pub(super) news: Receiver<String>,
    pub(super) board: Arc<Board>,
    pub(super) notifier: Notifier,
    pub(super) times: Times,
    pub(super) max_loss: f64,
    pub(super) kernel: KernelCounts,
}

/// The sink of `watch`.
pub(super) struct Desk {
    s: Setup,
    rules: Arc<RuleSet>,
    ledger: Ledger,
    latency: Histogram<u64>,
    loss: LossWatch,
    begun: Instant,
    looked: Option<Instant>,
    numbers: Option<Instant>,
    stats_told: Instant,
    status_told: Instant,
    watchdog: Option<Instant>,
    /// When it was last looked whether fetched lists are old.
    ages_told: Option<Instant>,
    reloads: u64,
    /// Remarks that were told.
    said: Vec<(String, String)>,
}

/// What remains of a desk.
pub(super) struct Left {
    pub(super) ledger: Ledger,
    pub(super) interfaces: Vec<Interface>,
    pub(super) rules: Arc<RuleSet>,
    /// From a packet's time to its alert, in nanoseconds.
    pub(super) latency: Histogram<u64>,
    /// What could not be written.
    pub(super) errors: Vec<String>,
}

impl Desk {
    pub(super) fn new(setup: Setup) -> Self {
        let now = Instant::now();
        // One minute is the longest latency that is told apart; three significant digits.
        let latency = Histogram::new_with_bounds(1, 60_000_000_000, 3)
            .unwrap_or_else(|_| unreachable!("the bounds are constants"));
        Self {
            rules: setup.live.rules.get(),
            ledger: Ledger::new(setup.repeat_window),
            latency,
            loss: LossWatch::new(setup.max_loss, now),
            begun: now,
            looked: None,
            numbers: None,
            stats_told: now,
            status_told: now,
            watchdog: None,
            ages_told: None,
            reloads: 0,
            said: Vec::new(),
            s: setup,
        }
    }

    /// Says something on standard error.
    pub(super) fn say(&mut self, text: &str) {
        let line = format!("{}  {text}\n", Timestamp::of_clock().human());
        self.s.log.write_line(line.as_bytes());
    }

    /// Tells the service manager that packets are read.
    pub(super) fn ready(&mut self) {
        self.s.notifier.ready("captures");
    }

    fn event(&mut self, line: &str) {
        if let Some(eve) = &mut self.s.eve {
            eve.write_line(line.as_bytes());
            eve.flush();
        }
        if let Some((console, Lines::Eve)) = &mut self.s.console {
            console.write_line(line.as_bytes());
        }
    }

    fn trouble(&mut self, what: Trouble, text: &str) {
        self.say(text);
        self.event(&eve_events::anomaly(Timestamp::of_clock(), what, text));
    }

    /// All numbers as they are now.
    fn gather(&mut self) -> Totals {
        Totals::gather(&self.s.live, &mut self.s.kernel)
    }

    fn look(&mut self, now: Instant) {
        if self.s.asked.reload.swap(false, Ordering::Relaxed) {
            let _ = self.begin_reload(Cause::Signal, false);
        }
        if self.s.asked.rotate.swap(false, Ordering::Relaxed) {
            self.rotate();
        }
        while let Some(request) = self.s.requests.as_ref().and_then(|r| r.try_recv().ok()) {
            self.answer(request);
        }
        while let Ok(news) = self.s.news.try_recv() {
            self.trouble(Trouble::Interface, &news);
        }
        if let Some(done) = self.s.reloader.tick(now) {
            self.reloaded(done);
        }
        if let Some(eve) = &mut self.s.eve {
            eve.tick(now);
            for news in eve.take_news() {
                self.say(&news);
            }
        }
        if let Some((console, _)) = &mut self.s.console {
            for news in console.take_news() {
                self.say(&news);
            }
        }
        if self.s.times.end.is_some_and(|end| now >= end) {
            self.s.asked.stop.store(true, Ordering::Relaxed);
        }
        // Also at the first look, so that metrics are never an empty page.
        let due = |then| now.saturating_duration_since(then) >= NUMBERS;
        if self.numbers.is_none_or(due) {
            self.numbers = Some(now);
            self.count(now);
        }
    }

    /// Once a second.
    fn count(&mut self, now: Instant) {
        let totals = self.gather();
        match self.loss.look(now, totals.reader.packets, totals.lost()) {
            Some(Change::Begins(text)) => self.trouble(Trouble::Loss, &text),
            Some(Change::Ends(text)) => self.trouble(Trouble::LossOver, &text),
            None => {}
        }
        // Those of the last alert may have been replaced since, and would stay in memory.
        self.rules = self.s.live.rules.get();
        let due = |then| now.saturating_duration_since(then) >= DAY;
        if self.ages_told.is_none_or(due) {
            self.ages_told = Some(now);
            let ages = feeds::ages_of(&self.rules, Timestamp::of_clock());
            if let Some(text) = feeds::warning(&ages) {
                self.say(&format!("rules: {text}"));
            }
        }
        let remarks: Vec<(String, String)> = totals
            .interfaces
            .iter()
            .flat_map(|i| {
                let name = &i.name;
                // Their numbers change; what they say is said once.
                i.remarks.iter().map(move |remark| {
                    let key: String = remark.chars().filter(|c| c.is_alphabetic()).collect();
                    (
                        format!("{name}{key}"),
                        format!("interface {name}: {remark}"),
                    )
                })
            })
            .collect();
        let over: Vec<(String, String)> = self
            .said
            .extract_if(.., |(key, _)| !remarks.iter().any(|(now, _)| now == key))
            .collect();
        for (_, text) in over {
            self.trouble(Trouble::Interface, &format!("no longer so: {text}"));
        }
        for (key, text) in remarks {
            if !self.said.iter().any(|(said, _)| *said == key) {
                self.trouble(Trouble::Interface, &text);
                self.said.push((key, text));
            }
        }
        let due = |every: Option<Duration>, told: Instant| {
            every.is_some_and(|every| now.saturating_duration_since(told) >= every)
        };
        if due(self.s.times.stats, self.stats_told) {
            self.stats_told = now;
            let line = self.stats_line(&totals);
            self.event(&line);
        }
        let status = totals.status(self.ledger.tally().alerts());
        if due(self.s.times.status, self.status_told) {
            self.status_told = now;
            self.say(&status);
        }
        self.s.notifier.status(&status);
        if let Some(interval) = self.s.notifier.watchdog_interval()
            && totals.silent < metrics::STUCK
            && self
                .watchdog
                .is_none_or(|told| now.saturating_duration_since(told) >= interval)
        {
            self.watchdog = Some(now);
            self.s.notifier.watchdog();
        }
        let page = metrics::Page {
            totals: &totals,
            alerts: self.ledger.tally().alerts(),
            repeats: self.ledger.tally().repeats(),
            silent: Silence::ALL.map(|why| (why, self.ledger.tally().silent(why))),
            latency: &self.latency,
            eve: self.s.eve.as_ref().map(LogFile::stats),
            console: self.s.console.as_ref().map(|(console, _)| console.stats()),
            current: &self.s.live.rules,
            loaded: self.s.reloader.loaded,
            reloads: self.reloads,
            refused: self.s.reloader.refused,
        };
        self.s.board.show(&page, self.write_trouble().as_deref());
    }

    fn write_trouble(&self) -> Option<String> {
        self.s
            .eve
            .as_ref()
            .and_then(|eve| eve.trouble().map(str::to_owned))
            .or_else(|| self.s.console.as_ref().and_then(|(c, _)| c.trouble()))
    }

    fn lost_lines(&self) -> u64 {
        let eve = self.s.eve.as_ref().map_or(0, |eve| eve.stats().lost_lines);
        let console = &self.s.console;
        eve.saturating_add(console.as_ref().map_or(0, |(c, _)| c.stats().lost_lines))
    }

    fn stats_line(&self, totals: &Totals) -> String {
        eve_events::stats(
            Timestamp::of_clock(),
            &Stats {
                uptime: self.begun.elapsed().as_secs(),
                interfaces: &totals.interfaces,
                capture: totals.capture(),
                names: &names_counted(&totals.workers),
                not_read: &not_read(&totals.reader, &totals.workers),
                alerts: AlertCounts {
                    total: self.ledger.tally().alerts(),
                    repeats: self.ledger.tally().repeats(),
                    silenced: self.ledger.tally().silent_total(),
                    lost: self.lost_lines(),
                },
                rules: RuleCounts {
                    indicators: self.s.live.rules.get().len() as u64,
                    reloads: self.reloads,
                    refused: self.s.reloader.refused,
                },
            },
        )
    }

    /// False where that cannot be begun.
    fn begin_reload(&mut self, cause: Cause, force: bool) -> bool {
        self.s.notifier.reloading();
        let begun = self.s.reloader.begin(cause, force);
        if let Err(error) = &begun {
            self.say(&format!(
                "rules are not loaded again: cannot start a thread: {error}"
            ));
            self.s.notifier.ready("captures");
        }
        begun.is_ok()
    }

    fn reloaded(&mut self, done: Done) {
        let why = done.cause.words();
        match &done.result {
            Ok(text) => {
                self.reloads = self.reloads.saturating_add(1);
                self.say(&format!("rules loaded again ({why}): {text}"));
            }
            Err(text) => self.say(&format!(
                "rules not loaded again ({why}), those loaded before stay in use: {text}"
            )),
        }
        if !self.s.reloader.is_building() {
            self.s.notifier.ready("captures");
        }
        for reply in done.waiting {
            reply.send(match &done.result {
                Ok(text) => Reply::ok(text.clone()),
                Err(text) => Reply::error(text.clone()),
            });
        }
    }

    fn rotate(&mut self) -> String {
        let text = match &mut self.s.eve {
            Some(eve) => {
                let _ = eve.rotate();
                match eve.trouble() {
                    None => "the EVE file was opened anew".to_owned(),
                    Some(trouble) => trouble.to_owned(),
                }
            }
            None => "there is no EVE file (--eve)".to_owned(),
        };
        self.say(&text);
        text
    }

    fn answer(&mut self, request: Request) {
        let Request { command, reply } = request;
        match command {
            // Answered when they are loaded.
            Command::Reload { force } => {
                if self.begin_reload(Cause::Control, force) {
                    self.s.reloader.wait(reply);
                } else {
                    reply.send(Reply::error("cannot start a thread"));
                }
            }
            Command::Rotate => {
                let text = self.rotate();
                reply.send(match &self.s.eve {
                    Some(eve) if eve.trouble().is_none() => Reply::ok(text),
                    _ => Reply::error(text),
                });
            }
            Command::Stop => {
                self.s.asked.stop.store(true, Ordering::Relaxed);
                reply.send(Reply::ok("ending"));
            }
            Command::Status => {
                let totals = self.gather();
                let text = totals.status(self.ledger.tally().alerts());
                let line = self.stats_line(&totals);
                let data = serde_json::from_str::<serde_json::Value>(&line)
                    .ok()
                    .and_then(|event| event.get("stats").cloned())
                    .unwrap_or_default();
                reply.send(Reply::ok(text).with_data(data));
            }
        }
    }

    /// Writes out what there is, where the pipeline broke.
    pub(super) fn give_up(self) {
        if let Some(eve) = self.s.eve {
            let _ = eve.finish();
        }
        let deadline = Instant::now()
            .checked_add(Duration::from_secs(2))
            .unwrap_or_else(Instant::now);
        if let Some((console, _)) = self.s.console {
            let _ = console.shutdown(deadline);
        }
        let _ = self.s.log.shutdown(deadline);
    }

    /// Writes out what there is, and says what could not be written.
    pub(super) fn close(mut self, outcome: &Outcome) -> Left {
        self.s.notifier.stopping();
        let totals = Totals::at_the_end(outcome, &self.s.live, &mut self.s.kernel);
        if self.s.times.stats.is_some() {
            let line = self.stats_line(&totals);
            self.event(&line);
        }
        let mut errors = Vec::new();
        if let Some(eve) = self.s.eve {
            let (stats, news) = eve.finish();
            if stats.lost_lines != 0 {
                errors.push(format!(
                    "{} lines of EVE could not be written",
                    stats.lost_lines
                ));
            }
            for text in news {
                let line = format!("{}  {text}\n", Timestamp::of_clock().human());
                self.s.log.write_line(line.as_bytes());
            }
        }
        let deadline = Instant::now()
            .checked_add(Duration::from_secs(2))
            .unwrap_or_else(Instant::now);
        if let Some((console, _)) = self.s.console {
            let (stats, _) = console.shutdown(deadline);
            if stats.lost_lines != 0 {
                errors.push(format!(
                    "{} lines could not be written to standard output",
                    stats.lost_lines
                ));
            }
        }
        let _ = self.s.log.shutdown(deadline);
        Left {
            ledger: self.ledger,
            interfaces: totals.interfaces,
            rules: self.s.live.rules.get(),
            latency: self.latency,
            errors,
        }
    }
}

impl Sink for Desk {
    fn rules(&mut self, rules: &Arc<RuleSet>) {
        if !Arc::ptr_eq(&self.rules, rules) {
            self.rules = Arc::clone(rules);
        }
    }

    fn sighting(&mut self, input: usize, sighting: &Sighting) -> io::Result<()> {
        let Some((sighting, indicator, pack)) = self.ledger.take(sighting, &self.rules) else {
            return Ok(());
        };
        let sighting = &*sighting;
        let interface = self.s.interfaces.get(input).map_or("", String::as_str);
        let origin = Origin::Interface(interface);
        let line = eve::line(sighting, &indicator, pack, origin);
        if let Some((console, form)) = &mut self.s.console {
            match form {
                Lines::Text(style) => {
                    let mut text = console::line(sighting, &indicator, pack, *style);
                    text.push('\n');
                    console.write_line(text.as_bytes());
                }
                Lines::Eve => console.write_line(line.as_bytes()),
            }
        }
        if let Some(eve) = &mut self.s.eve {
            eve.write_line(line.as_bytes());
        }
        let late = Timestamp::of_clock()
            .nanos()
            .saturating_sub(sighting.timestamp.nanos());
        // A card's clock may be ahead of ours.
        self.latency
            .saturating_record(u64::try_from(late).unwrap_or(1).max(1));
        Ok(())
    }

    fn lines(&mut self, _: &[u8]) -> io::Result<()> {
        Ok(())
    }

    fn flush(&mut self) -> io::Result<()> {
        if let Some(eve) = &mut self.s.eve {
            eve.flush();
        }
        Ok(())
    }

    fn tick(&mut self, _: &Progress) {
        let now = Instant::now();
        if self
            .looked
            .is_none_or(|looked| now.saturating_duration_since(looked) >= LOOK)
        {
            self.looked = Some(now);
            self.look(now);
        }
    }
}
