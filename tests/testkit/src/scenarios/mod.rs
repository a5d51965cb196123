//! The committed captures of `pcaps/` and what each of them holds.
//!
//! What is expected of a reader is noted while the packets are put together, so it owes nothing
//! to any reader. Every name comes from a builder's arguments; every contact is planted by name.

mod dns_kinds;
mod everyday;
mod expected;
mod hard_to_read;
mod infection;
mod innocents;
mod links;
mod story;
mod tls_ports;

use crate::capture;
pub use story::{Device, Observed, Planted, Story};

/// One capture file and what was put into it.
#[derive(Clone, Debug)]
pub struct Scenario {
    /// File name in `pcaps/`.
    pub file: &'static str,
    /// One paragraph for the manifest.
    pub about: &'static str,
    /// The capture, not compressed.
    pub bytes: Vec<u8>,
    /// Packets in it.
    pub packets: usize,
    /// Every name that a reader must find, once per packet and kind, in order.
    pub observed: Vec<Observed>,
    /// Names planted for an alert.
    pub planted: Vec<Planted>,
}

/// A contact that must raise an alert.
#[derive(Clone, Debug)]
pub struct Contact<'a> {
    /// Where and how the name was seen.
    pub observed: &'a Observed,
    /// The indicator that covers it.
    pub indicator: &'a str,
    /// `exact` or `below`.
    pub matched: &'static str,
}

impl Scenario {
    /// The planted contacts, one for every observation of a planted name.
    pub fn contacts(&self) -> Vec<Contact<'_>> {
        self.observed
            .iter()
            .filter_map(|observed| self.contact(observed))
            .collect()
    }

    fn contact<'a>(&'a self, observed: &'a Observed) -> Option<Contact<'a>> {
        let planted = self
            .planted
            .iter()
            .find(|planted| planted.name == observed.name)?;
        let exact = planted.name == planted.indicator;
        let matched = if exact { "exact" } else { "below" };
        Some(Contact {
            observed,
            indicator: &planted.indicator,
            matched,
        })
    }

    /// The bytes to commit, compressed if the file's name says so.
    pub fn file_bytes(&self) -> Vec<u8> {
        match self.file.rsplit('.').next() {
            Some("gz") => capture::gzip(&self.bytes),
            Some("zst") => capture::zstd(&self.bytes),
            _ => self.bytes.clone(),
        }
    }

    /// The capture inside a committed file's bytes. Compressors may change what they write from
    /// one release or processor to the next, so compressed files are compared by content.
    pub fn unpack(&self, committed: &[u8]) -> Vec<u8> {
        match self.file.rsplit('.').next() {
            Some("gz") => capture::gunzip(committed),
            Some("zst") => capture::unzstd(committed),
            _ => committed.to_vec(),
        }
    }

    /// `pcaps/expected/<file>.json`: what was planted and what must be observed.
    pub fn expected_json(&self) -> String {
        expected::json(self)
    }
}

/// Every committed capture, sorted by file name.
pub fn all() -> Vec<Scenario> {
    let mut all = vec![
        infection::redirect(),
        dns_kinds::every_kind(),
        tls_ports::every_port(),
        innocents::innocents(),
        hard_to_read::hard_to_read(),
        everyday::phone_backup(),
        everyday::office(),
    ];
    all.extend(links::every_link());
    all.sort_by_key(|scenario| scenario.file);
    all
}

/// One of them by its file name.
pub fn named(file: &str) -> Scenario {
    let found = all().into_iter().find(|scenario| scenario.file == file);
    found.unwrap_or_else(|| panic!("no scenario makes {file}"))
}

/// `pcaps/MANIFEST.md`.
pub fn manifest() -> String {
    expected::manifest(&all())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_runs_give_the_same_bytes() {
        for (first, second) in all().iter().zip(all()) {
            assert_eq!(first.bytes, second.bytes, "{}", first.file);
        }
    }

    #[test]
    fn every_planted_name_is_seen_and_every_row_points_into_the_file() {
        for scenario in all() {
            for planted in &scenario.planted {
                let seen = scenario.observed.iter().any(|row| row.name == planted.name);
                assert!(
                    seen,
                    "{} is planted in {} and never seen",
                    planted.name, scenario.file
                );
            }
            for row in &scenario.observed {
                assert!((1..=scenario.packets).contains(&row.packet), "{row:?}");
            }
            let sorted = scenario
                .observed
                .windows(2)
                .all(|pair| pair[0].packet <= pair[1].packet);
            assert!(sorted, "{}", scenario.file);
        }
    }

    #[test]
    fn files_stay_small() {
        let sizes: Vec<usize> = all()
            .iter()
            .map(|scenario| scenario.file_bytes().len())
            .collect();
        assert!(sizes.iter().all(|size| *size < 64 * 1024), "{sizes:?}");
        assert!(sizes.iter().sum::<usize>() < 300 * 1024, "{sizes:?}");
    }
}
