//! Tables: CSV, TSV, and cells parted by `;` or `|`.
//!
//! Which columns hold indicators is told by their headings, else by what is in them. The crate `csv` is not used: it reads neither
//! `"a", "b"` nor headings in comments, and a quote that is never closed makes it swallow the rest of the file.

mod facts;
mod plan;
mod records;
pub(in crate::rules::format) mod role;
mod row;
mod typed;

use self::plan::{Headings, Plan};
use self::records::{Next, Record, Records};
use super::listing::{Listing, Refused};
use super::{hosts, maltrail, remark};

/// What is looked at to tell how a table is laid out, in bytes.
const HEAD: usize = 64 * 1024;

/// What the user says about a table.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in crate::rules) struct Options {
    /// The column that holds the indicators: its heading, or its number from 1. Only it is read then.
    pub(in crate::rules) column: Option<String>,
}

/// Whether a file that begins like this is a table.
pub(in crate::rules) fn is(head: &[u8]) -> bool {
    let other = remark::is_structured(head) || hosts::is(head) || maltrail::is(head);
    !other
        && Plan::of(head, &Options::default())
            .is_ok_and(|plan| plan.is_certain() && !is_zone(head, &plan))
}

/// # Errors
/// No column of indicators is found, or not the one that is asked for.
pub(in crate::rules) fn read(
    text: &[u8],
    options: &Options,
    to: &mut dyn Listing,
) -> Result<(), Refused> {
    let plan = Plan::of(beginning(text), options)?;
    let mut headings = plan.headings == Headings::Record;
    let mut records = Records::new(text, plan.delimiter);
    let mut record = Record::default();
    while let Some((line, next)) = records.next(&mut record) {
        match next {
            Next::Record if line == 1 && plan::is_excel(&record) => {
                to.aside(line, "headings", record.get(0).unwrap_or_default());
            }
            Next::Record if std::mem::take(&mut headings) => {
                to.aside(line, "headings", record.get(0).unwrap_or_default());
            }
            Next::Record => row::read(line, &record, &plan, to),
            Next::Comment(_) => {}
            Next::Wrong(what, fix) => to.defect(line, what.into(), fix),
        }
    }
    Ok(())
}

/// As much of a text as layouts are told by, cut behind a line where there is one.
fn beginning(text: &[u8]) -> &[u8] {
    let Some(head) = text.get(..HEAD) else {
        return text;
    };
    let end = memchr::memrchr(b'\n', head).map_or(HEAD, |end| end.saturating_add(1));
    head.get(..end).unwrap_or(head)
}

/// Zone files part their fields by tabs, and have no headings.
fn is_zone(head: &[u8], plan: &Plan) -> bool {
    if plan.headings != Headings::None || plan.delimiter != b'\t' {
        return false;
    }
    let mut records = Records::new(head, plan.delimiter);
    let mut record = Record::default();
    while let Some((_, next)) = records.next(&mut record) {
        if next == Next::Record {
            let typed = |cell: &str| matches!(cell, "CNAME" | "SOA" | "IN" | "NS" | "A" | "TXT");
            return record.cells().any(|cell| cell.split(' ').any(typed));
        }
    }
    false
}

#[cfg(test)]
mod tests;
