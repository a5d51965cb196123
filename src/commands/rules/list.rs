//! `bellerophon rules list`: which packs there are, or all that they list.

use std::error::Error;
use std::io::{self, BufWriter, Write};

use serde_json::{Map, Value, json};

use super::{age, holdings, kinds, unless_closed};
use crate::cli::RuleArgs;
use crate::cli::rules::List;
use crate::commands::{Status, complain};
use crate::feeds;
use crate::output::{Style, counted, printable};
use crate::rules::{self, DEFAULT_PACK, LoadOptions, PackInfo, RuleSet};
use crate::time::Timestamp;

/// Where packs of the program come from.
const BUILT_IN: &str = "built in";

/// Runs the command.
///
/// # Errors
/// Rules cannot be loaded, or what there is cannot be printed.
pub(super) fn run(args: &List) -> Result<Status, Box<dyn Error>> {
    let mut options = args.rules.options();
    if !args.entries {
        options = with_all_packs(options);
    }
    let loaded = rules::load(&options)?;
    for problem in &loaded.problems {
        complain(&problem.to_string());
    }
    let status = if loaded.problems.is_empty() {
        Status::Done
    } else {
        Status::Failed
    };
    let stdout = io::stdout();
    let style = Style::for_stream(&stdout);
    let mut out = BufWriter::new(stdout.lock());
    let written = match (args.entries, args.json) {
        (true, json) => entries(&loaded.rules, json, &mut out),
        (false, true) => packs_json(&loaded.rules, &args.rules, &mut out),
        (false, false) => packs(&loaded.rules, &args.rules, style, &mut out),
    };
    unless_closed(written.and_then(|()| out.flush()), status)
}

/// The same rules and all packs of the program.
pub(super) fn with_all_packs(options: LoadOptions) -> LoadOptions {
    LoadOptions {
        packs: vec!["all".to_owned()],
        ..options
    }
}

/// Whether a pack counts with these flags.
pub(super) fn is_in_use(pack: &PackInfo, args: &RuleArgs) -> bool {
    let asked = |name: &String| name == "all" || *name == pack.name;
    pack.file != BUILT_IN
        || (args.rules.is_empty() && pack.name == DEFAULT_PACK)
        || args.pack.iter().any(asked)
}

fn packs(rules: &RuleSet, args: &RuleArgs, style: Style, out: &mut impl Write) -> io::Result<()> {
    let now = Timestamp::of_clock();
    let mut rows =
        vec![["PACK", "HOLDS", "UPDATED", "DAYS AGO", "FILE", "TITLE"].map(String::from)];
    let (mut old, mut used) = (0_u64, 0_u64);
    for pack in rules.packs() {
        let age = age(pack, now);
        old = old.saturating_add(u64::from(age.as_ref().is_some_and(|age| age.is_old())));
        let in_use = is_in_use(pack, args);
        used = used.saturating_add(u64::from(in_use));
        let mark = if in_use { "*" } else { " " };
        let title = match &pack.vendor {
            Some(vendor) if !pack.title.contains(vendor.as_str()) => {
                format!("{} ({vendor})", pack.title)
            }
            _ => pack.title.clone(),
        };
        let file = if pack.file == BUILT_IN {
            pack.file.clone()
        } else {
            format!("{} ({})", pack.file, pack.format)
        };
        rows.push([
            format!("{mark} {}", pack.name),
            holdings(pack),
            pack.updated.clone().unwrap_or_else(|| "no date".to_owned()),
            age.map_or_else(|| "-".to_owned(), |age| age.days.to_string()),
            printable(&file),
            printable(&title),
        ]);
    }
    let wide = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column));
        cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let [pack, holds, updated, days, file] = [0, 1, 2, 3, 4].map(wide);
    for (nth, [a, b, c, d, e, f]) in rows.iter().enumerate() {
        let line = format!("{a:pack$}  {b:holds$}  {c:updated$}  {d:>days$}  {e:file$}  {f}");
        let line = if nth == 0 { style.strong(&line) } else { line };
        writeln!(out, "{line}")?;
    }
    let all = rules.packs().count() as u64;
    writeln!(
        out,
        "\n{}, * {used} in use with these flags; {old} older than 30 days",
        counted(all, "pack", "packs")
    )?;
    // Of fetched lists it counts when they were last asked for.
    match feeds::warning(&feeds::ages_of(rules, now)) {
        Some(text) => writeln!(out, "{}", style.caution(&text)),
        None => Ok(()),
    }
}

/// What is known about a pack, for machines.
pub(super) fn told(pack: &PackInfo, in_use: bool, now: Timestamp) -> Value {
    let age = age(pack, now);
    let holds: Map<String, Value> = kinds(pack)
        .map(|(kind, count)| (kind.as_str().to_owned(), count.into()))
        .collect();
    json!({
        "pack": pack.name,
        "title": pack.title,
        "vendor": pack.vendor,
        "description": pack.description,
        "licence": pack.licence,
        "attribution": pack.attribution,
        "updated": pack.updated,
        "age_days": age.as_ref().map(|age| age.days),
        "old": age.as_ref().map(|age| age.is_old()),
        "fetched": pack.fetched.as_ref().map(|list| json!({
            "url": list.url,
            "at": list.at.map(|at| at.to_string()),
            "confirmed": list.checked.map(|at| at.to_string()),
        })),
        "file": pack.file,
        "format": pack.format,
        "in_use": in_use,
        "indicators": holds,
        "aside": aside(pack),
        "refused": pack.refused,
    })
}

/// What a pack's file holds that is not looked for, for machines.
pub(super) fn aside(pack: &PackInfo) -> Value {
    let aside = pack.aside.iter();
    aside
        .map(|(what, count)| json!({"what": what, "count": count}))
        .collect()
}

fn packs_json(rules: &RuleSet, args: &RuleArgs, out: &mut impl Write) -> io::Result<()> {
    let now = Timestamp::of_clock();
    let packs = rules.packs();
    let packs: Vec<Value> = packs
        .map(|pack| told(pack, is_in_use(pack, args), now))
        .collect();
    writeln!(out, "{}", json!({ "packs": packs }))
}

/// One line for each indicator, written as it is met.
fn entries(rules: &RuleSet, json: bool, out: &mut impl Write) -> io::Result<()> {
    for (_, indicator) in rules.indicators() {
        let ids = std::iter::once(&indicator.details.pack).chain(&indicator.details.also_in);
        let packs = ids.filter_map(|id| Some(rules.pack(*id)?.name.as_str()));
        let (kind, scope) = (indicator.kind.as_str(), indicator.scope.as_str());
        if json {
            let packs: Vec<&str> = packs.collect();
            let line = json!({
                "kind": kind,
                "scope": scope,
                "indicator": indicator.name,
                "packs": packs,
                "severity": indicator.severity,
                "confidence": indicator.confidence,
                "expires": indicator.expires.as_deref(),
            });
            writeln!(out, "{line}")?;
            continue;
        }
        write!(out, "{kind}\t{scope}\t")?;
        // Names have no character that a terminal obeys.
        if indicator.name.bytes().all(|b| b.is_ascii_graphic()) {
            write!(out, "{}\t", indicator.name)?;
        } else {
            write!(out, "{}\t", printable(indicator.name))?;
        }
        for (nth, pack) in packs.enumerate() {
            write!(out, "{}{pack}", if nth == 0 { "" } else { "," })?;
        }
        writeln!(out)?;
    }
    Ok(())
}
