//! What becomes of one row of a table.

use std::borrow::Cow;

use super::facts::{facts, said};
use super::plan::{Headings, Plan};
use super::records::Record;
use super::role::Role;
use super::typed::Typed;
use crate::rules::format::listing::{Facts, Kind, Listing};
use crate::rules::format::remark::{give, several};
use crate::rules::format::text::{Bare, bare, is_clear, shortened};

/// How many entries of a row are compared with each other.
const COMPARED: usize = 16;

/// An indicator of a row.
struct Found<'r> {
    role: Role,
    cell: &'r str,
    what: Bare<'r>,
}

/// Hands on what a row lists.
pub(super) fn read(line: usize, record: &Record, plan: &Plan, to: &mut dyn Listing) {
    let cells = || record.cells().zip(&plan.roles);
    if let Some((what, fix)) = misshapen(record, plan) {
        to.defect(line, what, fix);
        return;
    }
    let lists = |role: &Option<Role>| role.filter(|role| role.lists());
    let listed = cells().find_map(|(cell, role)| lists(role).and(said(cell)));
    let Some(shown) = listed else {
        to.aside(
            line,
            "rows without an indicator",
            record.get(0).unwrap_or_default(),
        );
        return;
    };
    if cells().any(|(cell, role)| *role == Some(Role::Detect) && is_no(cell)) {
        to.aside(line, "entries not meant for detection", shown);
        return;
    }
    if cells().any(|(cell, role)| *role == Some(Role::Revoked) && is_yes(cell)) {
        to.aside(line, "entries that were taken back", shown);
        return;
    }
    let typed = cells()
        .filter(|(_, role)| **role == Some(Role::Type))
        .find_map(|(cell, _)| Typed::of(cell));
    let port = cells()
        .find(|(_, role)| **role == Some(Role::Port))
        .and_then(|(cell, _)| cell.parse::<u16>().ok().filter(|port| *port > 0));
    let mut found = Vec::new();
    for (cell, role) in cells() {
        if let (Some(role), Some(cell)) = (lists(role), said(cell)) {
            collect(role, cell, typed, port, &mut found);
        }
    }
    let facts = facts(record, &plan.roles);
    for (at, one) in found.iter().enumerate() {
        match spared(at, one, &found) {
            Some(why) => to.aside(line, why, one.cell),
            None => give_one(line, one, &facts, to),
        }
    }
}

/// Rows that cannot be told to be in their columns. Without headings a row may be shorter, as long as it has its indicators.
fn misshapen(record: &Record, plan: &Plan) -> Option<(String, &'static str)> {
    let last = plan
        .roles
        .iter()
        .rposition(|role| role.is_some_and(Role::lists));
    let least = match plan.headings {
        Headings::None => last
            .map_or(0, |last| last.saturating_add(1))
            .min(plan.width),
        _ => plan.width,
    };
    let first = shortened(record.get(0).unwrap_or_default());
    if record.len() < least {
        let what = format!(
            "the row of `{first}` has {} cells, and the table {}",
            record.len(),
            plan.width
        );
        return Some((what, "complete the row"));
    }
    let more = record.cells().skip(plan.width).any(|cell| !cell.is_empty());
    let counts = plan.headings != Headings::None;
    (more && counts).then(|| {
        let what = format!(
            "the row of `{first}` has {} cells, and the table {}",
            record.len(),
            plan.width
        );
        (what, "put cells that hold the delimiter into quotes")
    })
}

/// Reads a cell, which may hold several indicators.
fn collect<'r>(
    role: Role,
    cell: &'r str,
    typed: Option<Typed>,
    port: Option<u16>,
    found: &mut Vec<Found<'r>>,
) {
    let typed = typed.filter(|_| {
        role == Role::Any || matches!(role, Role::Name | Role::Url | Role::Address { .. })
    });
    let role = if role == Role::Any {
        typed_role(typed)
    } else {
        role
    };
    match (role, typed) {
        (Role::Aside(what), _) | (_, Some(Typed::Aside(what))) => {
            found.push(Found {
                role,
                cell,
                what: Bare::Aside(what),
            });
        }
        (Role::Hash, _) => found.push(Found {
            role,
            cell,
            what: Bare::Aside("file hashes"),
        }),
        (Role::Ja3 | Role::Ja4 | Role::Certificate | Role::Serial, _) => {
            found.push(Found {
                role,
                cell,
                what: fingerprint(role, cell),
            });
        }
        (_, Some(Typed::NameAndAddress)) => {
            let (name, address) = cell.split_once('|').unwrap_or((cell, ""));
            found.push(Found {
                role: Role::Name,
                cell: name,
                what: bare(name),
            });
            if !address.is_empty() {
                let role = Role::Address { own: false };
                found.push(Found {
                    role,
                    cell: address,
                    what: bare(address),
                });
            }
        }
        (_, Some(Typed::AndPort)) => {
            let (host, behind) = cell.split_once('|').unwrap_or((cell, ""));
            let port = behind.trim().parse().ok().or(port);
            found.push(Found {
                role: Role::Name,
                cell,
                what: with_port(bare(host), port),
            });
        }
        _ => {
            let what = bare(cell);
            let parts = if is_clear(&what) { None } else { several(cell) };
            match parts {
                Some(parts) => {
                    let parts = parts.into_iter();
                    found.extend(parts.map(|(cell, what)| Found { role, cell, what }));
                }
                None => found.push(Found {
                    role,
                    cell,
                    what: with_port(what, port),
                }),
            }
        }
    }
}

fn typed_role(typed: Option<Typed>) -> Role {
    match typed {
        Some(Typed::Ja3) => Role::Ja3,
        Some(Typed::Ja4) => Role::Ja4,
        Some(Typed::Certificate) => Role::Certificate,
        _ => Role::Any,
    }
}

/// Fingerprints are told by their column. Colons and blanks between their digits are taken out.
fn fingerprint(role: Role, cell: &str) -> Bare<'_> {
    let parted = cell.contains([':', ' ']) && role != Role::Ja4;
    let digits = if parted {
        Cow::Owned(cell.replace([':', ' '], ""))
    } else {
        Cow::Borrowed(cell)
    };
    match role {
        Role::Ja3 => Bare::Entry(Kind::Ja3, digits),
        Role::Ja4 => Bare::Entry(Kind::Ja4, digits),
        Role::Serial => Bare::Entry(Kind::Certificate, Cow::Owned(format!("serial:{digits}"))),
        // The program knows certificates by SHA-1 and SHA-256.
        _ if digits.len() == 32 => Bare::Aside("MD5 fingerprints of certificates"),
        _ => Bare::Entry(Kind::Certificate, digits),
    }
}

/// An address with the port of its row, unless it has one.
fn with_port(what: Bare<'_>, port: Option<u16>) -> Bare<'_> {
    let (Bare::Entry(Kind::Address, text), Some(port)) = (&what, port) else {
        return what;
    };
    let v6 = text.contains("::") || text.matches(':').count() > 1;
    let with = match (v6, text.starts_with('[') || (!v6 && text.contains(':'))) {
        (_, true) => return what,
        (true, false) => format!("[{text}]:{port}"),
        (false, false) => format!("{text}:{port}"),
    };
    Bare::Entry(Kind::Address, Cow::Owned(with))
}

/// Why an indicator is not listed for itself: another of its row is what is meant.
///
/// The address beside a name is where it once pointed, perhaps with thousands of innocents. The host beside a URL, and the domain
/// beside a host, may be a shared one.
fn spared(at: usize, one: &Found<'_>, row: &[Found<'_>]) -> Option<&'static str> {
    let Bare::Entry(kind, text) = &one.what else {
        return None;
    };
    let others = row
        .iter()
        .enumerate()
        .take(COMPARED)
        .filter(|(n, other)| *n != at && is_clear(&other.what));
    let names = others.filter_map(|(n, other)| match &other.what {
        Bare::Entry(kind @ (Kind::Domain | Kind::Url), text) => Some((n, *kind, text)),
        _ => None,
    });
    for (n, other, with) in names {
        match kind {
            Kind::Address if one.role == (Role::Address { own: false }) => {
                return Some("historic addresses of listed names");
            }
            Kind::Domain if other == Kind::Url && covers(text, host_of(with)) => {
                return Some("hosts of listed URLs");
            }
            Kind::Domain if other == Kind::Domain && covers(text, with) => {
                let same = text.len() == with.len();
                if !same || n < at {
                    return Some("domains of listed names");
                }
            }
            _ => {}
        }
    }
    None
}

/// Whether `name` is, or is below, `domain`.
fn covers(domain: &str, name: &str) -> bool {
    let start = name.len().checked_sub(domain.len());
    let Some((before, end)) = start.and_then(|start| name.split_at_checked(start)) else {
        return false;
    };
    end.eq_ignore_ascii_case(domain) && (before.is_empty() || before.ends_with('.'))
}

fn host_of(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host = authority
        .rsplit_once('@')
        .map_or(authority, |(_, host)| host);
    host.split_once(':').map_or(host, |(host, _)| host)
}

fn give_one(line: usize, one: &Found<'_>, facts: &Facts, to: &mut dyn Listing) {
    give(line, one.cell, one.what.clone(), facts, to);
}

fn is_no(cell: &str) -> bool {
    matches!(cell, "0")
        || ["false", "no", "n"]
            .iter()
            .any(|no| cell.eq_ignore_ascii_case(no))
}

fn is_yes(cell: &str) -> bool {
    matches!(cell, "1")
        || ["true", "yes", "y"]
            .iter()
            .any(|yes| cell.eq_ignore_ascii_case(yes))
}
