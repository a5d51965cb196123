//! What does not work at the moment, in words, and when it is tried again.

use std::io;
use std::path::Path;
use std::time::{Duration, Instant};

/// Wait before the second try; it doubles with every try.
const SHORTEST: Duration = Duration::from_millis(100);

/// Longest wait between two tries.
const LONGEST: Duration = Duration::from_secs(5);

/// So many tries in a row may find a pipe full before it is called trouble: about a second.
const BUSY_TRIES: u32 = 10;

/// News that wait to be taken.
const MAX_NEWS: usize = 32;

/// Trouble of one kind, with its back-off. Time comes from `tick`, so that tests need no clock.
#[derive(Debug, Default)]
pub(super) struct Health {
    words: Option<String>,
    tries: u32,
    waits: bool,
    due: Option<Instant>,
}

impl Health {
    /// Something failed. `busy` says that the other end is only slow: then the wait stays short,
    /// and it is trouble only when it lasts. True if this is new trouble, to be reported.
    pub(super) fn fail(&mut self, words: String, busy: bool) -> bool {
        self.waits = true;
        self.due = None;
        self.tries = self.tries.saturating_add(1);
        if busy && self.words.is_none() && self.tries < BUSY_TRIES {
            return false;
        }
        self.words.replace(words).is_none()
    }

    /// It works. True if it was in trouble, to be reported.
    pub(super) fn heal(&mut self) -> bool {
        std::mem::take(self).words.is_some()
    }

    /// Something got through, though not all.
    pub(super) fn progress(&mut self) {
        self.tries = 0;
    }

    /// Whether nothing is to be tried now.
    pub(super) fn waits(&self) -> bool {
        self.waits
    }

    /// The next try is to be made at once, whatever the back-off says.
    pub(super) fn hurry(&mut self) {
        self.waits = false;
    }

    /// Ends the wait when it is over. It begins with the first tick after the failure.
    pub(super) fn tick(&mut self, now: Instant, busy: bool) {
        if !self.waits {
            return;
        }
        match self.due {
            Some(due) => self.waits = now < due,
            None => {
                let doublings = if busy {
                    0
                } else {
                    self.tries.saturating_sub(1)
                };
                let wait = SHORTEST
                    .saturating_mul(2_u32.saturating_pow(doublings))
                    .min(LONGEST);
                self.due = now.checked_add(wait);
            }
        }
    }

    /// What is wrong.
    pub(super) fn words(&self) -> Option<&str> {
        self.words.as_deref()
    }
}

/// Things to log, until somebody takes them.
#[derive(Debug, Default)]
pub(super) struct News {
    waiting: Vec<String>,
    lost: u64,
}

impl News {
    pub(super) fn push(&mut self, text: String) {
        if self.waiting.len() < MAX_NEWS {
            self.waiting.push(text);
        } else {
            self.lost = self.lost.saturating_add(1);
        }
    }

    pub(super) fn take(&mut self) -> Vec<String> {
        std::mem::take(&mut self.waiting)
    }

    /// News that found no room.
    pub(super) fn lost(&self) -> u64 {
        self.lost
    }
}

/// An error in the system's words, without its number.
pub(super) fn reason(error: &io::Error) -> String {
    let text = error.to_string();
    match text.rfind(" (os error ") {
        Some(at) => text.get(..at).unwrap_or(&text).to_owned(),
        None => text,
    }
}

/// A path on one line, without anything that a terminal would obey.
pub(super) fn shown(path: &Path) -> String {
    let mut text = String::new();
    for c in path.to_string_lossy().chars() {
        if c.is_control() {
            text.extend(c.escape_default());
        } else {
            text.push(c);
        }
    }
    text
}

/// `1 alert`, `2 alerts`.
pub(super) fn counted(n: u64, noun: &str) -> String {
    let s = if n == 1 { "" } else { "s" };
    format!("{n} {noun}{s}")
}

/// `1 alert waits`, `2 alerts wait`.
pub(super) fn waiting(n: u64, noun: &str) -> String {
    let verb = if n == 1 { "waits" } else { "wait" };
    format!("{} {verb}", counted(n, noun))
}

#[cfg(test)]
#[allow(clippy::arithmetic_side_effects)] // tests compute with numbers they chose
mod tests {
    use super::*;

    /// Milliseconds from a failure until the next try is allowed.
    fn wait(health: &mut Health, now: Instant, busy: bool) -> u64 {
        (0..)
            .find(|ms| {
                health.tick(now + Duration::from_millis(*ms), busy);
                !health.waits()
            })
            .unwrap()
    }

    #[test]
    fn waits_double_up_to_a_bound() {
        let now = Instant::now();
        let mut health = Health::default();
        let mut waits = Vec::new();
        for n in 0..9 {
            assert_eq!(health.fail("x".into(), false), n == 0);
            waits.push(wait(&mut health, now, false));
        }
        assert_eq!(
            waits,
            [100, 200, 400, 800, 1_600, 3_200, 5_000, 5_000, 5_000]
        );
        assert!(health.heal());
        assert!(!health.heal());
    }

    #[test]
    fn a_busy_reader_is_trouble_only_when_it_lasts() {
        let now = Instant::now();
        let mut health = Health::default();
        for _ in 1..BUSY_TRIES {
            assert!(!health.fail("x".into(), true));
            assert_eq!(wait(&mut health, now, true), 100);
        }
        assert_eq!(health.words(), None);
        assert!(health.fail("x".into(), true));
        assert_eq!(health.words(), Some("x"));
        let mut health = Health::default();
        health.fail("x".into(), true);
        assert!(!health.heal());
    }

    #[test]
    fn news_are_bounded() {
        let mut news = News::default();
        for n in 0..40 {
            news.push(n.to_string());
        }
        assert_eq!(news.take().len(), MAX_NEWS);
        assert_eq!(news.lost(), 8);
        assert!(news.take().is_empty());
    }

    #[test]
    fn words_are_plain() {
        assert_eq!(
            reason(&io::Error::from_raw_os_error(28)),
            "No space left on device"
        );
        assert_eq!(shown(Path::new("a\n\u{1b}b")), "a\\n\\u{1b}b");
        assert_eq!(counted(1, "alert"), "1 alert");
        assert_eq!(counted(0, "alert"), "0 alerts");
        assert_eq!(waiting(1, "alert"), "1 alert waits");
        assert_eq!(waiting(12, "alert"), "12 alerts wait");
    }
}
