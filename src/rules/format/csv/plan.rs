//! How a table is laid out: what parts its cells, where its headings are, and which columns hold indicators.

use std::collections::BTreeSet;

use super::Options;
use super::records::{Next, Record, Records};
use super::role::{Role, normal};
use crate::rules::format::listing::{Kind, Refused};
use crate::rules::format::text::{Bare, bare, is_clear};

/// How many records are looked at before the table is read.
const SAMPLE: usize = 200;

/// Where the headings are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Headings {
    None,
    /// In a comment before the first record, as abuse.ch does.
    Comment,
    /// The first record.
    Record,
}

/// The layout of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Plan {
    pub(super) delimiter: u8,
    pub(super) headings: Headings,
    /// How many columns there are.
    pub(super) width: usize,
    pub(super) roles: Vec<Option<Role>>,
    /// How many of a hundred records have that many cells.
    regular: usize,
}

impl Plan {
    /// The layout of a table that begins like this.
    ///
    /// # Errors
    /// No column of indicators is found, or not the one that is asked for.
    pub(super) fn of(head: &[u8], options: &Options) -> Result<Self, Refused> {
        let line = head.split(|b| *b == b'\n').next().unwrap_or_default();
        let line = line
            .strip_prefix(b"\xef\xbb\xbf")
            .unwrap_or(line)
            .trim_ascii();
        // Excel writes `sep=;` to tell itself.
        let told = line
            .get(..4)
            .filter(|start| start.eq_ignore_ascii_case(b"sep="))
            .and(line.get(4));
        let delimiters: &[u8] = told.map_or(b"\t,;|", std::slice::from_ref);
        let samples = delimiters.iter().filter_map(|d| Sample::of(head, *d));
        let (mut missing, mut widest) = (None, 0_usize);
        let mut best: Option<Self> = None;
        for sample in samples {
            match sample.plan(options) {
                Ok(Some(plan)) => {
                    let better = best.as_ref().is_none_or(|best| plan.worth() > best.worth());
                    if better {
                        best = Some(plan);
                    }
                }
                Ok(None) => {}
                Err((width, refused)) if width > widest => {
                    widest = width;
                    missing = Some(refused);
                }
                Err(_) => {}
            }
        }
        best.ok_or_else(|| {
            missing.unwrap_or_else(|| Refused {
                line: None,
                what: "no column holds names, addresses or URLs".into(),
                fix: "say which column does: its heading or its number".into(),
            })
        })
    }

    /// Whether it is a table beyond doubt.
    pub(super) fn is_certain(&self) -> bool {
        self.width >= 2 && self.regular >= 90
    }

    fn worth(&self) -> (bool, usize, usize) {
        let headed = self.headings != Headings::None;
        (headed && self.width > 1, self.regular, self.width)
    }
}

/// The first records of a table.
struct Sample {
    delimiter: u8,
    width: usize,
    regular: usize,
    rows: Vec<Vec<String>>,
    /// The last comment before them that may be their headings.
    comment: Option<Vec<String>>,
}

impl Sample {
    fn of(head: &[u8], delimiter: u8) -> Option<Self> {
        let mut records = Records::new(head, delimiter);
        let mut record = Record::default();
        let mut rows: Vec<Vec<String>> = Vec::new();
        let mut comment = None;
        while let Some((line, next)) = records.next(&mut record) {
            match next {
                Next::Record if line == 1 && is_excel(&record) => {}
                Next::Record => rows.push(record.cells().map(String::from).collect()),
                Next::Comment(text) if rows.is_empty() => {
                    let cells = Record::of_line(text, delimiter);
                    let cells: Vec<_> = cells.cells().map(String::from).collect();
                    if cells.iter().any(|cell| is_listing(cell)) {
                        comment = Some(cells);
                    }
                }
                Next::Comment(_) | Next::Wrong(..) => {}
            }
            if rows.len() >= SAMPLE {
                break;
            }
        }
        let width = rows.first()?.len();
        let like_first = rows.iter().filter(|row| row.len() == width).count();
        let regular = like_first.saturating_mul(100).checked_div(rows.len())?;
        let comment = comment.filter(|cells| cells.len() > 1 && cells.len() == width);
        Some(Self {
            delimiter,
            width,
            regular,
            rows,
            comment,
        })
    }

    /// None where no column holds indicators.
    ///
    /// # Errors
    /// The column that is asked for is not there: how many there are, and what to say.
    fn plan(&self, options: &Options) -> Result<Option<Plan>, (usize, Refused)> {
        let first = self.rows.first().map(Vec::as_slice).unwrap_or_default();
        let clear = |cell: &String| is_clear(&bare(cell));
        let is_asked = |cell: &String| {
            let asked = options.column.as_deref();
            asked.is_some_and(|asked| normal(cell) == normal(asked) && !normal(cell).is_empty())
        };
        let heads = |cells: &[String]| cells.iter().any(|c| is_listing(c) || is_asked(c));
        let (mut headings, names) = match &self.comment {
            _ if heads(first) && !first.iter().any(clear) => (Headings::Record, first),
            Some(comment) => (Headings::Comment, comment.as_slice()),
            None => (Headings::None, &[][..]),
        };
        let mut roles: Vec<Option<Role>> = names.iter().map(|name| Role::of(name)).collect();
        // Such a table lists certificates; elsewhere a SHA-1 is that of a file.
        if names.iter().any(|name| normal(name) == "listingreason") {
            for role in roles.iter_mut().filter(|role| **role == Some(Role::Hash)) {
                *role = Some(Role::Certificate);
            }
        }
        roles.resize(self.width, None);
        if !roles.iter().flatten().any(|role| role.lists()) {
            let body = self.rows.get(1..).unwrap_or_default();
            let found = by_content(body, &roles);
            let headed = !found.is_empty() && !first.iter().any(clear);
            if headed && headings == Headings::None {
                headings = Headings::Record;
                roles = first.iter().map(|name| Role::of(name)).collect();
            }
            let rows = if headings == Headings::Record {
                body
            } else {
                &self.rows
            };
            for (column, role) in by_content(rows, &roles) {
                if let Some(place) = roles.get_mut(column) {
                    *place = Some(role);
                }
            }
        }
        if let Some(asked) = &options.column {
            let number = asked
                .trim()
                .parse::<usize>()
                .ok()
                .and_then(|n| n.checked_sub(1));
            let named = names.iter().position(is_asked);
            let column = named.or(number).filter(|column| *column < self.width);
            let Some(column) = column else {
                return Err((self.width, not_there(asked, names, self.width)));
            };
            for (at, role) in roles.iter_mut().enumerate() {
                if at == column {
                    let known = role.filter(|role| role.lists() && *role != Role::Hash);
                    *role = Some(known.unwrap_or(Role::Any));
                } else if role.is_some_and(Role::lists) {
                    *role = None;
                }
            }
        }
        let lists = roles.iter().flatten().any(|role| role.lists());
        Ok(lists.then_some(Plan {
            delimiter: self.delimiter,
            headings,
            width: self.width,
            roles,
            regular: self.regular,
        }))
    }
}

fn not_there(asked: &str, names: &[String], width: usize) -> Refused {
    let fix = if names.is_empty() {
        format!("give a number from 1 to {width}: the table has no headings")
    } else {
        let names: Vec<_> = names
            .iter()
            .take(40)
            .map(|name| format!("`{name}`"))
            .collect();
        format!(
            "it has {}; give one of these, or a number from 1",
            names.join(", ")
        )
    };
    Refused {
        line: None,
        what: format!("the table has no column `{asked}`"),
        fix,
    }
}

/// `sep=;` is for Excel.
pub(super) fn is_excel(record: &Record) -> bool {
    let first = record.get(0).and_then(|cell| cell.get(..4));
    first.is_some_and(|start| start.eq_ignore_ascii_case("sep="))
}

fn is_listing(cell: &str) -> bool {
    Role::of(cell).is_some_and(Role::lists)
}

/// The columns of which nearly all cells are indicators.
///
/// A column with few different cells is passed over where another will do: a source (`abuse.ch`) looks like a
/// name too. Of several columns of URLs the first counts, since the others lead to reports.
fn by_content(rows: &[Vec<String>], known: &[Option<Role>]) -> Vec<(usize, Role)> {
    let width = rows.iter().map(Vec::len).max().unwrap_or(0);
    let mut found = Vec::new();
    for column in (0..width).filter(|column| known.get(*column).copied().flatten().is_none()) {
        let cells = rows.iter().filter_map(|row| row.get(column));
        let (mut filled, mut addresses, mut urls, mut clear) = (0_usize, 0_usize, 0_usize, 0_usize);
        let mut different = BTreeSet::new();
        for cell in cells.filter(|cell| super::facts::said(cell).is_some()) {
            filled = filled.saturating_add(1);
            different.insert(cell);
            let kind = bare(cell);
            if is_clear(&kind) {
                clear = clear.saturating_add(1);
            }
            match kind {
                Bare::Entry(Kind::Address, _) => addresses = addresses.saturating_add(1),
                Bare::Entry(Kind::Url, _) => urls = urls.saturating_add(1),
                _ => {}
            }
        }
        if clear == 0 || clear.saturating_mul(10) < filled.saturating_mul(8) {
            continue;
        }
        let most = |some: usize| some.saturating_mul(2) > clear;
        let role = if most(addresses) {
            Role::Address { own: false }
        } else if most(urls) {
            Role::Url
        } else {
            Role::Any
        };
        let few = filled >= 4 && different.len().saturating_mul(2) < filled;
        found.push((column, role, few));
    }
    if found.iter().any(|(.., few)| !few) {
        found.retain(|(.., few)| !few);
    } else {
        found.truncate(1);
    }
    let mut urls = 0_usize;
    found.retain(|(_, role, _)| {
        urls = urls.saturating_add(usize::from(*role == Role::Url));
        *role != Role::Url || urls == 1
    });
    found
        .into_iter()
        .map(|(column, role, _)| (column, role))
        .collect()
}
