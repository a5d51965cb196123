//! Long lists that already stand in the memory of the names, a line each.

use super::super::domain::{Refusal, plain_name};
use super::super::format::Run;
use super::super::format::listing::Kind;
use super::super::indicator::Scope;
use super::super::matcher::NameHash;
use super::{Builder, Counted, DetailsId, File};
use crate::names::label;

/// How many lines of a list are looked at at once.
const TOGETHER: usize = 32;

/// A line of a list, in the memory of the names.
#[derive(Debug, Clone, Copy, Default)]
struct Line {
    start: usize,
    end: usize,
    /// The length and the hash of the name, where it is a plain one.
    name: Option<(usize, NameHash)>,
    /// The hash of its last two labels.
    last_two: Option<u64>,
}

impl Builder {
    /// Takes in a list that already stands in the memory of the names; how many count.
    pub(super) fn run(
        &mut self,
        file: &mut File<'_>,
        id: DetailsId,
        scope: Scope,
        run: &Run,
    ) -> usize {
        let (mut start, mut taken) = (run.names.start, 0_usize);
        let mut number = run.line;
        let mut lines = [Line::default(); TOGETHER];
        let end = run.line.saturating_add(run.count);
        while number < end {
            let count = end.saturating_sub(number).min(TOGETHER);
            let lines = lines.get_mut(..count).unwrap_or_default();
            start = self.ahead(start, lines);
            for line in lines {
                match self.line(line, id, scope) {
                    Ok(Counted::Yes) => taken = taken.saturating_add(1),
                    Ok(Counted::Twice(defect)) => file.refuse(number, defect),
                    Err((what, fix)) => {
                        file.refused = file.refused.saturating_add(1);
                        file.refuse(number, (format!("{what}: left out"), fix));
                    }
                }
                number = number.saturating_add(1);
            }
        }
        taken
    }

    /// Looks at the lines of a list that come next, from `start` on, and at what they will need of the index. Where
    /// the line behind them begins.
    fn ahead(&mut self, mut start: usize, lines: &mut [Line]) -> usize {
        for line in &mut *lines {
            let rest = self.names.bytes().get(start..).unwrap_or_default();
            let end = memchr::memchr(b'\n', rest).unwrap_or(rest.len());
            let text = rest.get(..end).unwrap_or_default();
            let name = plain_name(text).and_then(|length| text.get(..length));
            *line = Line {
                start,
                end: start.saturating_add(end),
                name: name.map(|name| (name.len(), self.names.hash(name))),
                last_two: name.and_then(label::last_two),
            };
            start = line.end.saturating_add(1);
        }
        let hashes = lines.iter().filter_map(|line| line.name);
        self.names.touch(hashes.map(|(_, hash)| hash));
        self.endings
            .add(lines.iter().filter_map(|line| line.last_two));
        start
    }

    /// Takes in a line of a list. An error where it does not count.
    fn line(&mut self, line: &Line, id: DetailsId, scope: Scope) -> Result<Counted, Refusal> {
        if let Some((length, hash)) = line.name {
            let at = line.start..line.start.saturating_add(length);
            if !self.options.trusted {
                let name = self.names.bytes().get(at.clone()).unwrap_or_default();
                self.judge.plain(name, scope, &self.options.forced)?;
            }
            let added = self.names.add_hashed(at, hash);
            return self.take(added, id, scope);
        }
        let text = self.names.bytes().get(line.start..line.end);
        let text = String::from_utf8_lossy(text.unwrap_or_default()).into_owned();
        let kind = match scope {
            Scope::Suffix => Kind::Domain,
            Scope::Exact => Kind::Exact,
            Scope::Below => Kind::Below,
        };
        // Says what is wrong.
        self.entry(kind, &text, id, false)
    }
}
