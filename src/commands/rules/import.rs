//! `bellerophon rules import`: one rule file of lists in any format.

mod place;

use std::error::Error;
use std::ffi::OsStr;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use super::{holdings, of_kind, unless_closed};
use crate::cli::rules::Import;
use crate::commands::{Status, complain};
use crate::output::{counted, grouped};
use crate::rules::{self, Heading, IndicatorKind, LoadOptions, Loaded, PackInfo};
use place::Place;

/// How many files are told about in the remarks of a rule file, and how many defects.
const MAX_REMARKS: usize = 50;

/// Runs the command.
///
/// # Errors
/// Why nothing was written.
pub(super) fn run(args: &Import) -> Result<Status, Box<dyn Error>> {
    let to_stdout = args.output.as_os_str() == "-";
    let place = if to_stdout {
        None
    } else {
        Some(Place::new(&args.output, &inputs(args)?, args.overwrite)?)
    };
    let pack = pack_name(args)?;
    if let Some(day) = &args.updated
        && crate::time::Timestamp::from_date(day).is_none()
    {
        return Err(format!("--updated {day}: write YYYY-MM-DD").into());
    }
    let loaded = rules::load(&args.read.options(args.paths.clone()))?;
    for problem in &loaded.problems {
        complain(&problem.to_string());
    }
    if loaded.rules.is_empty() {
        let what = "no indicator in these lists can be looked for: nothing is written";
        return Err(what.into());
    }
    let heading = heading(args, pack, &loaded);
    let refused = loaded.rules.packs().any(|pack| pack.refused != 0);
    let status = if refused && args.strict {
        Status::Wrong
    } else {
        Status::Done
    };
    let Some(place) = place else {
        let mut out = BufWriter::new(io::stdout().lock());
        let written = rules::write_pack(&loaded.rules, &heading, &mut out);
        return unless_closed(written.and_then(|()| out.flush()), status);
    };
    place.write(|out| rules::write_pack(&loaded.rules, &heading, out))?;
    let counts = counts(&loaded);
    let what = said(&counts);
    drop(loaded);
    // What does not load again as it was is not worth keeping.
    let again = rules::load(&LoadOptions {
        rules: vec![place.temporary().to_owned()],
        ..LoadOptions::default()
    })
    .map_err(|e| format!("the file that was made cannot be loaded, so it is not kept: {e}; import fewer lists at once"))?;
    if self::counts(&again) != counts || !again.problems.is_empty() {
        return Err(format!(
            "the file that was made loads as {} in place of {what}, so it is not kept; import fewer lists at once",
            said(&self::counts(&again))
        )
        .into());
    }
    place.keep()?;
    let line = format!("{}: {what}", args.output.display());
    let written = writeln!(io::stdout(), "{}", crate::output::printable(&line));
    unless_closed(written, status)
}

/// The files that are read.
fn inputs(args: &Import) -> Result<Vec<PathBuf>, Box<dyn Error>> {
    let mut files = Vec::new();
    for path in &args.paths {
        let (found, _) = rules::rule_files(path).map_err(|problem| problem.to_string())?;
        files.extend(found);
    }
    Ok(files)
}

fn pack_name(args: &Import) -> Result<String, Box<dyn Error>> {
    if let Some(name) = &args.pack {
        let good = rules::pack_name(name);
        if good != *name || good.is_empty() {
            let fix = "use 1 to 64 lower-case letters, digits and `-`";
            return Err(format!("--pack {name}: not a pack name: {fix}").into());
        }
        return Ok(good);
    }
    let of = |path: &Path| {
        rules::pack_name(&path.file_stem().unwrap_or(OsStr::new("")).to_string_lossy())
    };
    let first = args.paths.first().map(|path| of(path));
    let names = [Some(of(&args.output)), first];
    let name = names.into_iter().flatten().find(|name| !name.is_empty());
    Ok(name.unwrap_or_else(|| "imported".to_owned()))
}

fn counts(loaded: &Loaded) -> Vec<(IndicatorKind, usize)> {
    let kinds = IndicatorKind::ALL.iter();
    kinds
        .map(|kind| (*kind, loaded.rules.count(*kind)))
        .collect()
}

fn said(counts: &[(IndicatorKind, usize)]) -> String {
    let counts = counts.iter().filter(|(_, count)| *count != 0);
    let said: Vec<String> = counts.map(|(kind, count)| of_kind(*kind, *count)).collect();
    said.join(", ")
}

fn heading(args: &Import, pack: String, loaded: &Loaded) -> Heading {
    let packs: Vec<&PackInfo> = loaded.rules.packs().collect();
    let joined = |get: fn(&PackInfo) -> Option<&String>| {
        let mut all: Vec<&str> = Vec::new();
        for text in packs.iter().filter_map(|pack| get(pack)) {
            if !all.contains(&text.as_str()) && all.len() < MAX_REMARKS {
                all.push(text);
            }
        }
        (!all.is_empty()).then(|| all.join("; "))
    };
    let only = match packs.as_slice() {
        [only] => Some(only),
        _ => None,
    };
    let newest = packs.iter().filter_map(|pack| pack.updated.clone()).max();
    let description = only.and_then(|pack| pack.description.clone());
    Heading {
        pack,
        title: args
            .title
            .clone()
            .or_else(|| only.map(|pack| pack.title.clone())),
        vendor: args
            .vendor
            .clone()
            .or_else(|| joined(|pack| pack.vendor.as_ref())),
        description: args.description.clone().or(description),
        licence: args
            .licence
            .clone()
            .or_else(|| joined(|pack| pack.licence.as_ref())),
        attribution: args
            .attribution
            .clone()
            .or_else(|| joined(|pack| pack.attribution.as_ref())),
        updated: args.updated.clone().or(newest),
        remarks: remarks(loaded),
    }
}

/// What was read, and what became of it.
fn remarks(loaded: &Loaded) -> Vec<String> {
    let mut remarks = vec!["Made by `bellerophon rules import` of:".to_owned()];
    for pack in loaded.rules.packs().take(MAX_REMARKS) {
        remarks.push(format!(
            "  {} ({}): {}",
            pack.file,
            pack.format,
            holdings(pack)
        ));
        let aside = pack.aside.iter().take(MAX_REMARKS);
        let aside: Vec<String> = aside
            .map(|(what, count)| format!("{} {what}", grouped(*count as u64)))
            .collect();
        if !aside.is_empty() {
            remarks.push(format!("    left aside: {}", aside.join(", ")));
        }
        if pack.refused != 0 {
            let refused = counted(pack.refused as u64, "entry", "entries");
            remarks.push(format!("    refused: {refused}"));
        }
    }
    let packs = loaded.rules.packs().count();
    if packs > MAX_REMARKS {
        let more = packs.saturating_sub(MAX_REMARKS) as u64;
        remarks.push(format!(
            "  and {}",
            counted(more, "more file", "more files")
        ));
    }
    let problems = loaded.problems.iter().take(MAX_REMARKS);
    remarks.extend(problems.map(ToString::to_string));
    if loaded.problems.len() > MAX_REMARKS {
        let more = loaded.problems.len().saturating_sub(MAX_REMARKS) as u64;
        remarks.push(format!(
            "and {}",
            counted(more, "more defect", "more defects")
        ));
    }
    remarks
}
