//! The captures to measure with: made one by one, since they are large, or given.

use std::error::Error;
use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use super::figures::Contact;
use crate::cli::bench::{Bench, GenerateArgs, WorkloadName};
use crate::generate::{self, Limit, Names, Options, Workload};
use crate::rules::RuleSet;

/// What is generated where nobody says how much.
const DEFAULT_SIZE: u64 = 300_000_000;

/// A capture to measure with.
pub(super) struct Subject {
    /// The workload, or the path of the capture.
    pub(super) name: String,
    pub(super) seed: Option<u64>,
    pub(super) capture: PathBuf,
    /// None where nobody knows.
    pub(super) planted: Option<Vec<Contact>>,
    recipe: Option<Recipe>,
}

/// What instructions are counted on: a large capture and a small one, so that the difference is that
/// of packets and not that of start and end.
pub(super) struct Pair {
    pub(super) large: PathBuf,
    pub(super) small: PathBuf,
    /// Packets that the large one has more. None: all that it has.
    pub(super) packets: Option<u64>,
}

/// Makes subjects. What it made goes away with it.
pub(super) struct Maker<'a> {
    args: &'a Bench,
    /// None where nothing is generated.
    names: Option<Names>,
    scratch: Scratch,
}

impl<'a> Maker<'a> {
    pub(super) fn new(args: &'a Bench, rules: &RuleSet) -> Result<Self, Box<dyn Error>> {
        let names = match args.capture {
            Some(_) => None,
            None => Some(Names::new(rules)?),
        };
        Ok(Self {
            args,
            names,
            scratch: Scratch::new(args.generate.dir.as_deref(), args.generate.keep)?,
        })
    }

    /// The workloads that are wanted, each once; `None` stands for the given capture.
    pub(super) fn wanted(&self) -> Vec<Option<WorkloadName>> {
        if self.args.capture.is_some() {
            return vec![None];
        }
        let mut wanted = Vec::new();
        for name in &self.args.workloads {
            if !wanted.contains(&Some(*name)) {
                wanted.push(Some(*name));
            }
        }
        if wanted.is_empty() {
            wanted.extend(WorkloadName::ALL.map(Some));
        }
        wanted
    }

    pub(super) fn make(&self, name: Option<WorkloadName>) -> Result<Subject, Box<dyn Error>> {
        let (Some(name), Some(names)) = (name, &self.names) else {
            let capture = self.args.capture.clone().unwrap_or_default();
            return Ok(Subject {
                name: capture.display().to_string(),
                seed: None,
                capture,
                planted: self.args.planted.as_deref().map(read_planted).transpose()?,
                recipe: None,
            });
        };
        // Those before were measured.
        self.scratch.clear();
        let recipe = Recipe::new(name, &self.args.generate);
        let capture = self.scratch.file(&format!("{}.pcap", name.as_str()));
        let record = self
            .scratch
            .file(&format!("{}.planted.json", name.as_str()));
        let limit = match (self.args.generate.packets, self.args.generate.size) {
            (Some(packets), _) => Limit::Packets(packets),
            (None, size) => Limit::Bytes(size.unwrap_or(DEFAULT_SIZE)),
        };
        recipe.write(limit, names, &capture, &record)?;
        Ok(Subject {
            name: name.as_str().to_owned(),
            seed: Some(recipe.seed),
            capture,
            planted: Some(read_planted(&record)?),
            recipe: Some(recipe),
        })
    }

    /// Captures to count instructions on: of the same kind as the subject, or itself and an empty one.
    pub(super) fn pair(&self, subject: &Subject) -> Result<Pair, Box<dyn Error>> {
        /// Valgrind takes fifty times as long as the program alone.
        const LARGE: u64 = 100_000;
        const SMALL: u64 = 20_000;
        let small = self.scratch.file("small.pcap");
        let (Some(recipe), Some(names)) = (&subject.recipe, &self.names) else {
            fs::write(&small, EMPTY)?;
            return Ok(Pair {
                large: subject.capture.clone(),
                small,
                packets: None,
            });
        };
        let (large, record) = (
            self.scratch.file("large.pcap"),
            self.scratch.file("planted.json"),
        );
        recipe.write(Limit::Packets(SMALL), names, &small, &record)?;
        recipe.write(Limit::Packets(LARGE), names, &large, &record)?;
        Ok(Pair {
            large,
            small,
            packets: LARGE.checked_sub(SMALL),
        })
    }

    /// The folder in which the captures stay.
    pub(super) fn kept(&self) -> Option<&Path> {
        (self.scratch.keep && self.names.is_some()).then_some(&self.scratch.folder)
    }
}

/// The header of a pcap file without packets: little-endian, microseconds, Ethernet.
#[rustfmt::skip]
const EMPTY: [u8; 24] = [
    0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0, 1, 0, 0, 0,
];

/// What a generated capture is made from.
struct Recipe {
    workload: Workload,
    seed: u64,
    flows: u32,
    every: u64,
}

impl Recipe {
    /// Options for all workloads hold for those that have such a thing.
    fn new(name: WorkloadName, args: &GenerateArgs) -> Self {
        let workload = name.workload();
        let default = workload.default_flows();
        Self {
            workload,
            seed: args.seed.unwrap_or(1),
            flows: default.map_or(0, |default| args.flows.unwrap_or(default)),
            every: match workload {
                Workload::Syn | Workload::Junk => 0,
                _ => args.plant_every.unwrap_or_else(|| workload.default_every()),
            },
        }
    }

    fn write(
        &self,
        limit: Limit,
        names: &Names,
        capture: &Path,
        record: &Path,
    ) -> Result<(), Box<dyn Error>> {
        let options = Options {
            workload: self.workload,
            limit,
            seed: self.seed,
            flows: self.flows,
            every: self.every,
            nanoseconds: true,
        };
        let write = || {
            let mut file = BufWriter::new(File::create(capture)?);
            let mut planted = BufWriter::new(File::create(record)?);
            generate::capture(&options, names, &mut file, Some(&mut planted))?;
            file.flush()?;
            planted.flush()
        };
        write().map_err(|e: io::Error| {
            format!("{}: cannot write the capture: {e}", capture.display()).into()
        })
    }
}

/// A folder that goes away with this, if it is not to be kept.
struct Scratch {
    folder: PathBuf,
    keep: bool,
}

impl Scratch {
    fn new(parent: Option<&Path>, keep: bool) -> Result<Self, Box<dyn Error>> {
        let parent = parent.map_or_else(std::env::temp_dir, Path::to_owned);
        let folder = parent.join(format!("bellerophon-bench-{}", std::process::id()));
        // Fails where something of this name is there: what is removed at the end is all our own.
        fs::create_dir(&folder).map_err(|e| {
            format!(
                "{}: cannot make a folder for captures: {e}",
                folder.display()
            )
        })?;
        Ok(Self { folder, keep })
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    fn clear(&self) {
        if self.keep {
            return;
        }
        for entry in fs::read_dir(&self.folder).into_iter().flatten().flatten() {
            let _ = fs::remove_file(entry.path());
        }
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        if !self.keep {
            let _ = fs::remove_dir_all(&self.folder);
        }
    }
}

fn read_planted(path: &Path) -> Result<Vec<Contact>, Box<dyn Error>> {
    let text = fs::read_to_string(path).map_err(|e| format!("{}: {e}", path.display()))?;
    let mut contacts = Vec::new();
    for (line, number) in text.lines().zip(1..) {
        let contact = serde_json::from_str(line).map_err(|e| {
            format!(
                "{}: line {number} is no contact as `generate --planted` writes it: {e}",
                path.display()
            )
        })?;
        contacts.push(contact);
    }
    Ok(contacts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scratch_folder_goes_away_and_takes_no_other_with_it() {
        let parent = tempfile::tempdir().unwrap();
        let scratch = Scratch::new(Some(parent.path()), false).unwrap();
        let file = scratch.file("a");
        fs::write(&file, "x").unwrap();
        // A second one of this process would have the same name.
        assert!(Scratch::new(Some(parent.path()), false).is_err());
        assert!(file.exists());
        scratch.clear();
        assert!(!file.exists());
        fs::write(&file, "x").unwrap();
        drop(scratch);
        assert_eq!(fs::read_dir(parent.path()).unwrap().count(), 0);

        let scratch = Scratch::new(Some(parent.path()), true).unwrap();
        fs::write(scratch.file("a"), "x").unwrap();
        scratch.clear();
        drop(scratch);
        assert!(file.exists());
    }

    #[test]
    fn a_record_of_contacts_is_strict() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("planted.json");
        fs::write(
            &path,
            r#"{"packet":7,"kind":"tls_sni","name":"a.b","sport":1}"#,
        )
        .unwrap();
        let contacts = read_planted(&path).unwrap();
        assert_eq!((contacts.len(), contacts[0].packet), (1, 7));
        fs::write(&path, "{\"packet\":7,\"kind\":\"x\",\"name\":\"y\"}\n{}\n").unwrap();
        let error = read_planted(&path).unwrap_err().to_string();
        assert!(error.contains("line 2 is no contact"), "{error}");
    }

    #[test]
    fn the_empty_capture_is_one() {
        let input = crate::source::Input::Memory(EMPTY.to_vec().into());
        let mut capture = crate::source::Capture::open(
            &input,
            &crate::source::Options::default(),
            &std::sync::Arc::default(),
        )
        .unwrap();
        assert!(capture.next_buffered().unwrap().is_none());
        assert_eq!(capture.fill().unwrap(), crate::source::Fill::End);
    }
}
