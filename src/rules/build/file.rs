//! The work on one file: its sources, its defects and their lines, what becomes of its entries.

use std::sync::Arc;

use super::super::date::is_date;
use super::super::domain::Refusal;
use super::super::facts::push_source;
use super::super::indicator::{IndicatorKind, PackId, SourceRef};
use super::super::locate::{self, Stands, Wanted};
use super::super::problem::Problem;
use super::super::suggest::nearest;

/// How many defects of a file are told one by one.
const MAX_TOLD: usize = 1_000;

pub(super) struct File<'a> {
    pub(super) label: &'a str,
    pub(super) pack: PackId,
    pub(super) sources: Vec<SourceRef>,
    /// How often each defect-prone text has stood in the file's text so far, for [`locate`].
    stands: Stands,
    /// Defects whose lines are looked up when the file is done.
    pending: Vec<(Wanted, String, String)>,
    /// Defects whose lines are known.
    located: Vec<Problem>,
    /// Defects beyond those that are told.
    untold: usize,
    aside: Vec<(&'static str, usize)>,
    /// Entries that count, by kind.
    taken: [usize; IndicatorKind::ALL.len()],
    /// Entries that do not.
    pub(super) refused: usize,
}

impl<'a> File<'a> {
    pub(super) fn new(label: &'a str, pack: PackId) -> Self {
        Self {
            label,
            pack,
            sources: Vec::new(),
            stands: Stands::default(),
            pending: Vec::new(),
            located: Vec::new(),
            untold: 0,
            aside: Vec::new(),
            taken: [0; IndicatorKind::ALL.len()],
            refused: 0,
        }
    }

    /// Counts one stand of `text` as a value and returns how to find it again.
    pub(super) fn stand(&mut self, text: &str) -> Wanted {
        self.stands.count(text)
    }

    pub(super) fn defect(&mut self, at: Wanted, what: impl Into<String>, fix: impl Into<String>) {
        if self.has_room() {
            self.pending.push((at, what.into(), fix.into()));
        }
    }

    /// A defect on a line.
    pub(super) fn refuse(&mut self, line: usize, (what, fix): Refusal) {
        if self.has_room() {
            let problem = Problem::new(self.label, what, fix).at(Some(line), None);
            self.located.push(problem);
        }
    }

    /// Whether one more defect is told; otherwise it is counted.
    fn has_room(&mut self) -> bool {
        let told = self.pending.len().saturating_add(self.located.len());
        let room = told < MAX_TOLD;
        self.untold = self.untold.saturating_add(usize::from(!room));
        room
    }

    /// A date, or none and a defect.
    pub(super) fn date(&mut self, key: &str, text: Option<&str>) -> Option<Arc<str>> {
        let text = text?;
        if is_date(text) {
            return Some(text.into());
        }
        let at = self.stand(text);
        self.defect(
            at,
            format!("`{text}` is not a date, so `{key}` is ignored"),
            "write YYYY-MM-DD, for instance 2021-07-18",
        );
        None
    }

    pub(super) fn cited(&mut self, ids: &[String]) -> Arc<[SourceRef]> {
        let mut out = Vec::with_capacity(ids.len());
        for id in ids {
            match self.sources.iter().find(|s| s.id == *id) {
                Some(source) => push_source(&mut out, source),
                None => {
                    let at = self.stand(id);
                    let fix = match nearest(id, self.sources.iter().map(|s| s.id.as_str())) {
                        Some(near) => format!("did you mean `{near}`?"),
                        None => "describe it under `sources` at the top of the file".to_owned(),
                    };
                    self.defect(at, format!("unknown source `{id}`"), fix);
                }
            }
        }
        out.into()
    }

    /// Things that are understood and not looked for.
    pub(super) fn aside(&mut self, what: &'static str, count: usize) {
        if count == 0 {
            return;
        }
        match self.aside.iter_mut().find(|(known, _)| *known == what) {
            Some((_, n)) => *n = n.saturating_add(count),
            None => self.aside.push((what, count)),
        }
    }

    /// Entries that count.
    pub(super) fn took(&mut self, kind: IndicatorKind, count: usize) {
        if let Some(taken) = self.taken.get_mut(kind as usize) {
            *taken = taken.saturating_add(count);
        }
    }

    /// How many entries of a kind count.
    pub(super) fn taken(&self, kind: IndicatorKind) -> usize {
        self.taken.get(kind as usize).copied().unwrap_or(0)
    }

    /// Whether nothing stood in the file that is an entry, good or bad.
    pub(super) fn is_empty(&self) -> bool {
        self.refused == 0 && self.aside.is_empty() && self.taken.iter().all(|n| *n == 0)
    }

    /// What is not looked for, in the order in which it was met.
    pub(super) fn take_aside(&mut self) -> Vec<(&'static str, usize)> {
        std::mem::take(&mut self.aside)
    }

    /// Turns the defects into problems with lines, in the order of the file.
    pub(super) fn settle(&mut self, text: &str) -> Vec<Problem> {
        if self.pending.is_empty() && self.located.is_empty() {
            return Vec::new();
        }
        let (wanted, said): (Vec<Wanted>, Vec<(String, String)>) = self
            .pending
            .drain(..)
            .map(|(w, what, fix)| (w, (what, fix)))
            .unzip();
        let lines = if wanted.is_empty() {
            Vec::new()
        } else {
            locate::lines(text, &wanted)
        };
        let mut problems: Vec<Problem> = said
            .into_iter()
            .zip(lines)
            .map(|((what, fix), line)| Problem::new(self.label, what, fix).at(line, None))
            .collect();
        problems.append(&mut self.located);
        problems.sort_by_key(|p| p.line.unwrap_or(usize::MAX));
        if self.untold != 0 {
            let what = format!("{} more defects of entries", self.untold);
            let fix = "correct those above first, or convert the file with `rules import`";
            problems.push(Problem::new(self.label, what, fix));
        }
        problems
    }
}
