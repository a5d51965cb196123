//! Which sightings are alerts: repeats are folded, and everything is counted.

use super::tally::Tally;
use crate::alert::{Folded, Folder, Sighting};
use crate::rules::{Indicator, PackInfo, RuleSet};

/// Folds and counts.
#[derive(Debug)]
pub struct Ledger {
    folder: Folder,
    tally: Tally,
}

impl Ledger {
    /// Folds repeats within so many seconds of packet time; 0 folds none.
    pub fn new(repeat_window: u32) -> Self {
        Self {
            folder: Folder::new(repeat_window),
            tally: Tally::default(),
        }
    }

    /// The indicator and the pack of a sighting that is an alert; `None` for a repeat of one.
    pub fn take<'r>(
        &mut self,
        sighting: &Sighting,
        rules: &'r RuleSet,
    ) -> Option<(Indicator<'r>, &'r PackInfo)> {
        if self.folder.fold(sighting) == Folded::Repeat {
            self.tally.repeat();
            return None;
        }
        let indicator = rules.indicator(sighting.hit.indicator)?;
        let pack = rules.pack(indicator.pack)?;
        self.tally.alert(sighting, &indicator, pack);
        Some((indicator, pack))
    }

    /// Another capture begins, with a clock of its own: nothing in it is a repeat of what came before.
    pub fn reset(&mut self) {
        self.folder.reset();
    }

    /// What was alerted so far, by device and indicator.
    pub fn tally(&self) -> &Tally {
        &self.tally
    }

    /// Alerts that could not be remembered for folding.
    pub fn not_folded(&self) -> u64 {
        self.folder.overflowed()
    }
}
