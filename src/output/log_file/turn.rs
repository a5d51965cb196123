//! Rotation: the file is renamed, or opened anew where another program has renamed it.

use std::io;

use super::health::{counted, reason};
use super::place::{Leads, Place};
use super::{Kind, LogFile, Rotated, shift};

impl LogFile {
    /// Notices what other programs did to the path.
    pub(super) fn look(&mut self) {
        let Some(place) = &mut self.place else {
            return;
        };
        match place.led_to_by(&self.path) {
            Leads::Here => {
                if place.measure() {
                    self.news.push(format!(
                        "{} was cut to {} by another program",
                        self.name,
                        counted(place.size, "byte")
                    ));
                }
                if !self.owed {
                    self.rotating.heal();
                }
            }
            // A removed file is noticed before a write as well, and said there.
            Leads::Elsewhere | Leads::Nowhere if self.rotating.waits() || place.deleted() => {}
            Leads::Elsewhere | Leads::Nowhere => {
                if self.turn() == Rotated::Reopened {
                    self.news.push(format!(
                        "{} was renamed or replaced by another program; it is opened anew",
                        self.name
                    ));
                }
            }
            Leads::Unknown => {}
        }
    }

    /// Reopens or rotates, as [`rotate`](Self::rotate) says.
    pub(super) fn turn(&mut self) -> Rotated {
        let Some(place) = &self.place else {
            // It is opened anew anyway.
            self.owed = false;
            return Rotated::Reopened;
        };
        let ours = place.kind == Kind::File && self.options.max_bytes.is_some() && place.size > 0;
        let rotated = match place.led_to_by(&self.path) {
            Leads::Here if !ours => Rotated::Unchanged,
            Leads::Here if place.led_to_by(&place.target) == Leads::Here => {
                if let Err(why) = shift::shift(&place.target, self.options.keep) {
                    return self.turn_failed(&why);
                }
                self.stats.rotations = self.stats.rotations.saturating_add(1);
                Rotated::Renamed
            }
            Leads::Here => return self.turn_failed("a folder above it was renamed"),
            Leads::Elsewhere | Leads::Nowhere => Rotated::Reopened,
            Leads::Unknown => return self.turn_failed("its folder cannot be searched"),
        };
        if rotated != Rotated::Unchanged && place.kind != Kind::File {
            self.place = None;
        } else if rotated != Rotated::Unchanged {
            match Place::open(&self.path, self.options.mode) {
                Ok(new) => {
                    let synced = place.file.sync_data();
                    self.synced(&synced);
                    self.stats.reopened = self.stats.reopened.saturating_add(1);
                    self.adopt(new);
                }
                Err(e) => return self.turn_failed(&e.to_string()),
            }
        }
        self.owed = false;
        if self.rotating.heal() {
            self.news.push(format!("{} could be rotated", self.name));
        }
        rotated
    }

    fn turn_failed(&mut self, why: &str) -> Rotated {
        self.stats.failures = self.stats.failures.saturating_add(1);
        let words = format!(
            "cannot rotate {}: {why}; {}s go on into the file that is open",
            self.name, self.options.noun
        );
        if self.rotating.fail(words.clone(), false) {
            self.news.push(words);
        }
        Rotated::Failed
    }

    pub(super) fn synced(&mut self, result: &io::Result<()>) {
        if let Err(e) = result {
            self.stats.failures = self.stats.failures.saturating_add(1);
            self.news.push(format!(
                "the disk does not confirm what was written to {}: {}",
                self.name,
                reason(e)
            ));
        }
    }
}
