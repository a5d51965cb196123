//! The sink of `replay`: folds repeats, writes alerts in the forms asked for, keeps the tally.

use std::io::{self, Write};
use std::sync::Arc;

use indicatif::ProgressBar;

use super::eve::Origin;
use super::ledger::Ledger;
use super::tally::Tally;
use super::{Style, console, eve};
use crate::alert::Sighting;
use crate::pipeline::{Progress, Sink};
use crate::rules::RuleSet;

/// Where alerts go.
pub struct Alerts {
    rules: Arc<RuleSet>,
    inputs: Vec<String>,
    ledger: Ledger,
    eve: Option<Box<dyn Write>>,
    console: Option<(Box<dyn Write>, Style)>,
    bar: ProgressBar,
    current: usize,
}

impl Alerts {
    /// `inputs` are the names that sightings refer to by number; `repeat_window` in seconds of
    /// packet time.
    pub fn new(
        rules: Arc<RuleSet>,
        inputs: Vec<String>,
        repeat_window: u32,
        bar: ProgressBar,
    ) -> Self {
        Self {
            rules,
            inputs,
            ledger: Ledger::new(repeat_window),
            eve: None,
            console: None,
            bar,
            current: 0,
        }
    }

    /// Writes EVE JSON lines to `to`.
    #[must_use]
    pub fn with_eve(mut self, to: Box<dyn Write>) -> Self {
        self.eve = Some(to);
        self
    }

    /// Writes readable lines to `to`.
    #[must_use]
    pub fn with_console(mut self, to: Box<dyn Write>, style: Style) -> Self {
        self.console = Some((to, style));
        self
    }

    /// What was alerted so far, by device and indicator.
    pub fn tally(&self) -> &Tally {
        self.ledger.tally()
    }

    /// Alerts that could not be remembered for folding.
    pub fn fold_overflow(&self) -> u64 {
        self.ledger.not_folded()
    }
}

impl Sink for Alerts {
    fn sighting(&mut self, input: usize, sighting: &Sighting) -> io::Result<()> {
        if input != self.current {
            self.ledger.reset();
            self.current = input;
        }
        let Some((sighting, indicator, pack)) = self.ledger.take(sighting, &self.rules) else {
            return Ok(());
        };
        let sighting = &*sighting;
        let file = self.inputs.get(input).map_or("", String::as_str);
        if let Some(eve) = &mut self.eve {
            eve.write_all(eve::line(sighting, &indicator, pack, Origin::Capture(file)).as_bytes())?;
        }
        if let Some((console, style)) = &mut self.console {
            let line = console::line(sighting, &indicator, pack, *style);
            if self.bar.is_hidden() {
                writeln!(console, "{line}")?;
            } else {
                // The bar may only be drawn again when the line is out.
                self.bar
                    .suspend(|| writeln!(console, "{line}").and_then(|()| console.flush()))?;
            }
        }
        Ok(())
    }

    fn lines(&mut self, _: &[u8]) -> io::Result<()> {
        Ok(())
    }

    fn flush(&mut self) -> io::Result<()> {
        if let Some(eve) = &mut self.eve {
            eve.flush()?;
        }
        if let Some((console, _)) = &mut self.console {
            console.flush()?;
        }
        Ok(())
    }

    fn tick(&mut self, progress: &Progress) {
        show(&self.bar, progress);
    }
}

/// The sink of `names`: passes the workers' lines on.
pub struct Lines<W> {
    to: W,
    bar: ProgressBar,
}

impl<W: Write> Lines<W> {
    /// Writes to `to`.
    pub fn new(to: W, bar: ProgressBar) -> Self {
        Self { to, bar }
    }
}

impl<W: Write> Sink for Lines<W> {
    fn sighting(&mut self, _: usize, _: &Sighting) -> io::Result<()> {
        Ok(())
    }

    fn lines(&mut self, lines: &[u8]) -> io::Result<()> {
        self.to.write_all(lines)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.to.flush()
    }

    fn tick(&mut self, progress: &Progress) {
        show(&self.bar, progress);
    }
}

fn show(bar: &ProgressBar, progress: &Progress) {
    if !bar.is_hidden() {
        bar.set_position(progress.bytes());
        bar.set_message(format!(
            "{} packets",
            super::style::grouped(progress.packets())
        ));
    }
}
