//! `bellerophon rules check`: judges lists before they are used.

mod judge;
mod report;

use std::collections::HashSet;
use std::error::Error;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use super::unless_closed;
use crate::cli::rules::Check;
use crate::commands::Status;
use crate::output::Style;
use crate::rules::{self, IndicatorKind, LoadOptions, Problem, RuleSet};
use crate::time::Timestamp;
use judge::{Judged, judge};

/// Everything that is to be said.
#[derive(Debug, Default)]
struct Findings {
    files: Vec<Judged>,
    /// What cannot be read at all, by itself or with the others.
    errors: Vec<Problem>,
    /// What is odd, beside the files.
    warnings: Vec<Problem>,
    overlaps: Overlaps,
}

/// Entries that several of the lists have.
#[derive(Debug, Default)]
struct Overlaps {
    count: usize,
    /// Kind, entry and the files that have it; where all is to be told.
    entries: Vec<(IndicatorKind, String, Vec<String>)>,
}

impl Findings {
    fn errors(&self) -> usize {
        let files = self.files.iter();
        files.fold(self.errors.len(), |sum, file| {
            sum.saturating_add(file.errors())
        })
    }

    fn warnings(&self) -> usize {
        let files = self.files.iter();
        files.fold(self.warnings.len(), |sum, file| {
            sum.saturating_add(file.warnings())
        })
    }
}

/// Runs the command.
///
/// # Errors
/// What was found cannot be printed.
pub(super) fn run(args: &Check) -> Result<Status, Box<dyn Error>> {
    let findings = look(args);
    let status = match (findings.errors(), findings.warnings()) {
        (0, 0) => Status::Done,
        (0, _) if args.strict => Status::Wrong,
        (0, _) => Status::Done,
        _ => Status::Failed,
    };
    let stdout = io::stdout();
    let style = Style::for_stream(&stdout);
    let mut out = BufWriter::new(stdout.lock());
    let written = if args.json {
        report::json(&findings, args.verbose, &mut out)
    } else {
        report::text(&findings, args.verbose, style, &mut out)
    };
    unless_closed(written.and_then(|()| out.flush()), status)
}

fn look(args: &Check) -> Findings {
    let now = Timestamp::of_clock();
    let mut findings = Findings::default();
    let mut good: Vec<PathBuf> = Vec::new();
    for path in &args.paths {
        match rules::rule_files(path) {
            Ok((files, skipped)) => {
                findings.warnings.extend(skipped);
                for file in files {
                    let options = LoadOptions {
                        detail: args.verbose,
                        ..args.read.options(vec![file.clone()])
                    };
                    let judged = judge(&file, &options, now, args.verbose);
                    // A pipe cannot be read a second time.
                    if judged.pack.is_some() && file.is_file() {
                        good.push(file);
                    }
                    findings.files.push(judged);
                }
            }
            Err(problem) => findings.errors.push(problem),
        }
    }
    if !args.allow.is_empty() {
        let options = LoadOptions {
            allow: args.allow.clone(),
            ..LoadOptions::default()
        };
        if let Err(refused) = rules::load(&options) {
            findings.errors.extend(refused.errors);
        }
    }
    if good.len() > 1 {
        together(&args.read.options(good), args.verbose, &mut findings);
    }
    findings
}

/// What shows only where lists meet.
fn together(options: &LoadOptions, verbose: bool, findings: &mut Findings) {
    match rules::load(options) {
        Ok(loaded) => {
            let known = findings.files.iter().flat_map(|file| &file.problems);
            let known: HashSet<String> = known.map(ToString::to_string).collect();
            let new = loaded.problems.into_iter();
            let new = new.filter(|problem| !known.contains(&problem.to_string()));
            findings.warnings.extend(new);
            findings.overlaps = overlaps(&loaded.rules, verbose);
        }
        Err(refused) => findings.errors.extend(refused.errors),
    }
}

fn overlaps(rules: &RuleSet, verbose: bool) -> Overlaps {
    let mut overlaps = Overlaps::default();
    for (_, indicator) in rules.indicators() {
        if indicator.also_in.is_empty() {
            continue;
        }
        overlaps.count = overlaps.count.saturating_add(1);
        if verbose {
            let ids = std::iter::once(&indicator.details.pack).chain(&indicator.details.also_in);
            let files = ids.filter_map(|id| Some(rules.pack(*id)?.file.clone()));
            let entry = (indicator.kind, indicator.name.to_owned(), files.collect());
            overlaps.entries.push(entry);
        }
    }
    overlaps
}

/// The lines of a file in which texts stand first, where they are found.
fn lines(path: &Path, texts: &[&str]) -> Vec<Option<usize>> {
    // A pipe cannot be read a second time.
    let file = if path.is_file() {
        std::fs::read(path).unwrap_or_default()
    } else {
        Vec::new()
    };
    let line = |text: &&str| {
        let at = memchr::memmem::find(&file, text.as_bytes())?;
        let before = file.get(..at)?;
        Some(memchr::memchr_iter(b'\n', before).count().saturating_add(1))
    };
    texts.iter().map(line).collect()
}
