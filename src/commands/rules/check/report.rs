//! What `rules check` prints.

use std::io::{self, Write};

use serde_json::{Map, Value, json};

use super::super::list::aside;
use super::super::{holdings, kinds, when};
use super::Findings;
use super::judge::{FEW, Judged};
use crate::output::{Style, counted, grouped, printable};
use crate::rules::Problem;

/// How many of a kind are told where not all are asked for.
const TOLD: usize = 10;

/// For people.
pub(super) fn text(
    findings: &Findings,
    verbose: bool,
    style: Style,
    out: &mut impl Write,
) -> io::Result<()> {
    for file in &findings.files {
        judged(file, verbose, style, out)?;
    }
    for problem in &findings.errors {
        writeln!(out, "{} {problem}", style.alarm("error:"))?;
    }
    for problem in &findings.warnings {
        writeln!(out, "{} {problem}", style.caution("warning:"))?;
    }
    let overlaps = &findings.overlaps;
    if overlaps.count != 0 {
        let entries = match overlaps.count {
            1 => "1 entry is in several of the lists".to_owned(),
            n => format!("{} entries are in several of the lists", grouped(n as u64)),
        };
        let more = if verbose {
            ""
        } else {
            " (--verbose lists them)"
        };
        writeln!(out, "{entries}; sources of all are kept{more}")?;
        for (kind, entry, files) in &overlaps.entries {
            let line = format!("  {} {entry}: {}", kind.as_str(), files.join(", "));
            writeln!(out, "{}", printable(&line))?;
        }
    }
    let line = format!(
        "{}: {}, {}",
        counted(findings.files.len() as u64, "list", "lists"),
        counted(findings.errors() as u64, "error", "errors"),
        counted(findings.warnings() as u64, "warning", "warnings"),
    );
    writeln!(out, "{}", style.strong(&line))
}

fn judged(file: &Judged, verbose: bool, style: Style, out: &mut impl Write) -> io::Result<()> {
    let name = style.strong(&printable(&file.file.display().to_string()));
    match &file.pack {
        Some(pack) => writeln!(out, "{name}: {}, {}", pack.format, holdings(pack))?,
        None => writeln!(out, "{name}: refused")?,
    }
    for problem in &file.refused {
        writeln!(out, "  {} {}", style.alarm("error   "), Said(problem))?;
    }
    if let Some(pack) = &file.pack {
        for (what, count) in &pack.aside {
            writeln!(out, "  aside    {what}: {}", grouped(*count as u64))?;
        }
        match &file.age {
            Some(age) if age.is_old() => {
                let text = format!("updated on {}: look for a newer one", when(age));
                writeln!(out, "  {} {text}", style.caution("warning "))?;
            }
            Some(age) => writeln!(out, "  updated  {}", when(age))?,
            None => {}
        }
    }
    if file.expired != 0 {
        let text = format!(
            "{} expired: no alert comes of what is seen after the last day",
            counted(file.expired as u64, "entry has", "entries have")
        );
        writeln!(out, "  {} {text}", style.caution("warning "))?;
    }
    let most = if verbose { usize::MAX } else { TOLD };
    for problem in file.problems.iter().take(most) {
        let level = if problem.left_out() {
            style.alarm("error   ")
        } else {
            style.caution("warning ")
        };
        writeln!(out, "  {level} {}", Said(problem))?;
    }
    more(file.problems.len(), most, "defects", out)?;
    for (name, line) in &file.odd.some {
        let at = line
            .map(|line| format!("line {line}: "))
            .unwrap_or_default();
        let ending = name.rsplit('.').next().unwrap_or(name);
        let text = format!(
            "{at}`{name}` ends in `{ending}`, which is no top-level domain that is known: a misprint?"
        );
        writeln!(out, "  {} {}", style.caution("warning "), printable(&text))?;
    }
    more(file.odd.count, file.odd.some.len(), "such names", out)?;
    if file.covered.count != 0 {
        let some = if verbose { usize::MAX } else { 3 };
        let said: Vec<String> = file
            .covered
            .some
            .iter()
            .take(some)
            .map(|(name, above)| format!("{name} by {above}"))
            .collect();
        let count = counted(file.covered.count as u64, "entry is", "entries are");
        let text = format!(
            "{count} covered by another of the list: {}",
            said.join(", ")
        );
        let dots = if said.len() < file.covered.count {
            ", ..."
        } else {
            ""
        };
        writeln!(out, "  note     {}{dots}", printable(&text))?;
    }
    for aside in &file.asides {
        let text = format!("line {}: {}: {}", aside.line, aside.what, aside.text);
        writeln!(out, "  aside    {}", printable(&text))?;
    }
    Ok(())
}

/// Says how much is not told.
fn more(all: usize, told: usize, what: &str, out: &mut impl Write) -> io::Result<()> {
    match all.checked_sub(told) {
        None | Some(0) => Ok(()),
        Some(more) => writeln!(
            out,
            "           and {} more {what} (--verbose tells them)",
            grouped(more as u64)
        ),
    }
}

/// A problem under the name of its file.
struct Said<'p>(&'p Problem);

impl std::fmt::Display for Said<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Problem { line, column, .. } = self.0;
        match (line, column) {
            (Some(line), Some(column)) => write!(f, "line {line}, column {column}: ")?,
            (Some(line), None) => write!(f, "line {line}: ")?,
            _ => {}
        }
        f.write_str(&printable(&self.0.what))?;
        if !self.0.fix.is_empty() {
            write!(f, ": {}", printable(&self.0.fix))?;
        }
        Ok(())
    }
}

/// For machines: one object.
pub(super) fn json(findings: &Findings, verbose: bool, out: &mut impl Write) -> io::Result<()> {
    let files: Vec<Value> = findings
        .files
        .iter()
        .map(|file| told(file, verbose))
        .collect();
    let level = |level: &str, problems: &[Problem]| -> Vec<Value> {
        problems.iter().map(|p| problem(level, p)).collect()
    };
    let mut problems = level("error", &findings.errors);
    problems.extend(level("warning", &findings.warnings));
    let entries = findings.overlaps.entries.iter();
    let entries: Vec<Value> = entries
        .map(|(kind, entry, files)| json!({"kind": kind.as_str(), "indicator": entry, "files": files}))
        .collect();
    let mut all = json!({
        "files": files,
        "problems": problems,
        "overlaps": {"count": findings.overlaps.count},
        "errors": findings.errors(),
        "warnings": findings.warnings(),
    });
    if verbose && let Some(overlaps) = all.get_mut("overlaps").and_then(Value::as_object_mut) {
        overlaps.insert("entries".to_owned(), entries.into());
    }
    writeln!(out, "{all}")
}

fn problem(level: &str, problem: &Problem) -> Value {
    json!({
        "level": level,
        "file": problem.file,
        "line": problem.line,
        "column": problem.column,
        "what": problem.what,
        "fix": problem.fix,
    })
}

fn told(file: &Judged, verbose: bool) -> Value {
    let refused = file.refused.iter().map(|p| problem("error", p));
    let entries = file.problems.iter().map(|p| {
        let level = if p.left_out() { "error" } else { "warning" };
        problem(level, p)
    });
    let problems: Vec<Value> = refused.chain(entries).collect();
    let mut told = Map::new();
    let mut put = |key: &str, value: Value| told.insert(key.to_owned(), value);
    put("file", file.file.display().to_string().into());
    put("good", file.pack.is_some().into());
    if let Some(pack) = &file.pack {
        let taken: Map<String, Value> = kinds(pack)
            .map(|(kind, count)| (kind.as_str().to_owned(), count.into()))
            .collect();
        put("format", pack.format.into());
        put("pack", pack.name.as_str().into());
        put("title", pack.title.as_str().into());
        put("updated", pack.updated.as_deref().into());
        put("taken", taken.into());
        put("aside", aside(pack));
        put("refused", pack.refused.into());
    }
    put("age_days", file.age.as_ref().map(|age| age.days).into());
    put("old", file.age.as_ref().map(|age| age.is_old()).into());
    put("expired", file.expired.into());
    let some = if verbose { usize::MAX } else { FEW };
    let odd = file.odd.some.iter().take(some);
    put(
        "unknown_tld",
        json!({
            "count": file.odd.count,
            "names": odd.map(|(name, line)| json!({"name": name, "line": line})).collect::<Vec<_>>(),
        }),
    );
    let covered = file.covered.some.iter().take(some);
    put(
        "covered",
        json!({
            "count": file.covered.count,
            "names": covered.map(|(name, above)| json!({"name": name, "by": above})).collect::<Vec<_>>(),
        }),
    );
    put("problems", problems.into());
    if verbose {
        let asides = file.asides.iter();
        let asides: Vec<Value> = asides
            .map(|a| json!({"line": a.line, "what": a.what, "text": a.text}))
            .collect();
        put("asides", asides.into());
    }
    put("errors", file.errors().into());
    put("warnings", file.warnings().into());
    told.into()
}
