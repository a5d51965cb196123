//! `bellerophon rules diff`: what changed from one list to another.

mod changes;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::error::Error;
use std::io::{self, BufWriter, Write};
use std::path::Path;

use serde_json::json;

use super::{of_kind, unless_closed};
use crate::cli::rules::Diff;
use crate::commands::{Status, complain};
use crate::output::{Style, counted, printable};
use crate::rules::{self, Details, Indicator, IndicatorId, IndicatorKind, Loaded, RuleSet};
use changes::{Change, changes};

/// What became of an indicator.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Fate {
    Added,
    Removed,
    Changed,
}

impl Fate {
    const ALL: [Self; 3] = [Self::Added, Self::Removed, Self::Changed];

    const fn word(self) -> &'static str {
        match self {
            Self::Added => "added",
            Self::Removed => "removed",
            Self::Changed => "changed",
        }
    }

    const fn sign(self) -> char {
        match self {
            Self::Added => '+',
            Self::Removed => '-',
            Self::Changed => '~',
        }
    }
}

/// An indicator that is not as it was: its place in the old rules, the new ones, or both.
#[derive(Debug, Clone, Copy)]
struct Moved {
    fate: Fate,
    old: Option<IndicatorId>,
    new: Option<IndicatorId>,
}

/// Runs the command.
///
/// # Errors
/// One of the two cannot be loaded, or what changed cannot be printed.
pub(super) fn run(args: &Diff) -> Result<Status, Box<dyn Error>> {
    let load = |path: &Path| rules::load(&args.read.options(vec![path.to_owned()]));
    let old = load(&args.old)?;
    let new = load(&args.new)?;
    for problem in old.problems.iter().chain(&new.problems) {
        complain(&problem.to_string());
    }
    let compared = Compared::of(&old, &new);
    let status = if compared.moved.is_empty() {
        Status::Done
    } else {
        Status::Wrong
    };
    let stdout = io::stdout();
    let style = Style::for_stream(&stdout);
    let mut out = BufWriter::new(stdout.lock());
    let written = if args.json {
        compared.write_json(args, &mut out)
    } else {
        compared.write_text(style, &mut out)
    };
    unless_closed(written.and_then(|()| out.flush()), status)
}

struct Compared<'r> {
    old: &'r RuleSet,
    new: &'r RuleSet,
    moved: Vec<Moved>,
}

/// How many of a kind met each fate.
type Counts = BTreeMap<(String, IndicatorKind), [usize; 3]>;

impl<'r> Compared<'r> {
    fn of(old: &'r Loaded, new: &'r Loaded) -> Self {
        let (old, new) = (&old.rules, &new.rules);
        let others = |rules: &'r RuleSet| -> HashMap<(IndicatorKind, &'r str), IndicatorId> {
            let others = rules.indicators().skip(rules.name_count());
            others.map(|(id, i)| ((i.kind, i.name), id)).collect()
        };
        let (others_old, others_new) = (others(old), others(new));
        let find = |rules: &RuleSet, others: &HashMap<_, IndicatorId>, i: &Indicator<'r>| {
            if i.kind == IndicatorKind::Name {
                rules.named(i.name)
            } else {
                others.get(&(i.kind, i.name)).copied()
            }
        };
        let mut moved = Vec::new();
        for (id, indicator) in old.indicators() {
            if find(new, &others_new, &indicator).is_none() {
                moved.push(Moved {
                    fate: Fate::Removed,
                    old: Some(id),
                    new: None,
                });
            }
        }
        // Nearly all indicators have attributes that were compared before.
        let mut equal: HashSet<(*const Details, *const Details)> = HashSet::new();
        for (id, indicator) in new.indicators() {
            let before = find(old, &others_old, &indicator);
            let was = before.and_then(|id| old.indicator(id));
            if let Some(was) = was {
                let both: (*const Details, *const Details) = (was.details, indicator.details);
                let same = was.scope == indicator.scope && was.resolved == indicator.resolved;
                if same && (equal.contains(&both) || changes(&was, &indicator, old, new).is_empty())
                {
                    equal.insert(both);
                    continue;
                }
            }
            let fate = match was {
                None => Fate::Added,
                Some(_) => Fate::Changed,
            };
            moved.push(Moved {
                fate,
                old: before,
                new: Some(id),
            });
        }
        let mut compared = Self { old, new, moved };
        let mut moved = std::mem::take(&mut compared.moved);
        moved.sort_by_cached_key(|moved| {
            let (rules, indicator) = compared.shown(moved)?;
            let pack = rules.pack(indicator.details.pack)?;
            Some((
                pack.name.as_str(),
                indicator.kind,
                moved.fate,
                indicator.name,
            ))
        });
        compared.moved = moved;
        compared
    }

    /// An indicator as it is, or as it was where it is gone.
    fn shown(&self, moved: &Moved) -> Option<(&'r RuleSet, Indicator<'r>)> {
        match moved.new {
            Some(id) => Some((self.new, self.new.indicator(id)?)),
            None => Some((self.old, self.old.indicator(moved.old?)?)),
        }
    }

    /// The same, with the name of its pack.
    fn told(&self, moved: &Moved) -> Option<(&'r str, Indicator<'r>, Vec<Change>)> {
        let (rules, indicator) = self.shown(moved)?;
        let pack = rules.pack(indicator.details.pack)?.name.as_str();
        let before = moved.old.and_then(|id| self.old.indicator(id));
        let changes = match before {
            Some(before) if moved.fate == Fate::Changed => {
                changes(&before, &indicator, self.old, self.new)
            }
            _ => Vec::new(),
        };
        Some((pack, indicator, changes))
    }

    fn counts(&self) -> Counts {
        let mut counts = Counts::new();
        for moved in &self.moved {
            let Some((rules, indicator)) = self.shown(moved) else {
                continue;
            };
            let pack = rules.pack(indicator.details.pack);
            let pack = pack.map(|pack| pack.name.clone()).unwrap_or_default();
            let of = counts.entry((pack, indicator.kind)).or_default();
            if let Some(count) = of.get_mut(moved.fate as usize) {
                *count = count.saturating_add(1);
            }
        }
        counts
    }

    fn write_text(&self, style: Style, out: &mut impl Write) -> io::Result<()> {
        let all = |rules: &RuleSet| counted(rules.len() as u64, "indicator", "indicators");
        if self.moved.is_empty() {
            return writeln!(out, "no difference: {} in both", all(self.new));
        }
        writeln!(out, "{} before, {} now", all(self.old), all(self.new))?;
        for ((pack, kind), counts) in self.counts() {
            let said: Vec<String> = Fate::ALL
                .iter()
                .zip(counts)
                .filter(|(_, count)| *count != 0)
                .map(|(fate, count)| format!("{} {}", of_kind(kind, count), fate.word()))
                .collect();
            let line = format!("{}: {}", printable(&pack), said.join(", "));
            writeln!(out, "{}", style.strong(&line))?;
        }
        writeln!(out)?;
        for moved in &self.moved {
            let Some((pack, indicator, changes)) = self.told(moved) else {
                continue;
            };
            let sign = moved.fate.sign();
            let (kind, name) = (indicator.kind.as_str(), printable(indicator.name));
            write!(out, "{sign} {kind} {name} ({})", printable(pack))?;
            for (nth, change) in changes.iter().enumerate() {
                let join = if nth == 0 { ": " } else { "; " };
                write!(out, "{join}{}", printable(&change.to_string()))?;
            }
            writeln!(out)?;
        }
        Ok(())
    }

    /// One object, written piece by piece: there may be a million pieces.
    fn write_json(&self, args: &Diff, out: &mut impl Write) -> io::Result<()> {
        let counts = self.counts();
        let counts: Vec<_> = counts
            .iter()
            .map(|((pack, kind), [added, removed, changed])| {
                json!({
                    "pack": pack, "kind": kind.as_str(),
                    "added": added, "removed": removed, "changed": changed,
                })
            })
            .collect();
        let head = json!({
            "old": args.old.display().to_string(),
            "new": args.new.display().to_string(),
            "same": self.moved.is_empty(),
            "counts": counts,
        });
        let head = head.to_string();
        // Without its closing brace.
        write!(out, "{}", head.strip_suffix('}').unwrap_or(&head))?;
        for fate in Fate::ALL {
            write!(out, ",\"{}\":[", fate.word())?;
            let mut join = "";
            for moved in self.moved.iter().filter(|moved| moved.fate == fate) {
                let Some((pack, indicator, changes)) = self.told(moved) else {
                    continue;
                };
                let mut line = json!({
                    "pack": pack,
                    "kind": indicator.kind.as_str(),
                    "indicator": indicator.name,
                    "scope": indicator.scope.as_str(),
                });
                if fate == Fate::Changed
                    && let Some(line) = line.as_object_mut()
                {
                    let changes = changes.iter();
                    let changes =
                        changes.map(|c| (c.what.to_owned(), json!({"old": c.old, "new": c.new})));
                    line.insert(
                        "changes".to_owned(),
                        changes.collect::<serde_json::Map<_, _>>().into(),
                    );
                }
                write!(out, "{join}{line}")?;
                join = ",";
            }
            write!(out, "]")?;
        }
        writeln!(out, "}}")
    }
}
