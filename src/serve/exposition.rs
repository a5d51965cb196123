//! Writes metrics in the text format of Prometheus, version 0.0.4.
//!
//! What would spoil the whole scrape (a malformed name, one name with two types) is left out, counted, and named in
//! a comment, which [`super::lint::lint`] finds in tests.

use std::collections::HashMap;
use std::fmt::{self, Write};

use hdrhistogram::Histogram;

/// Bytes of a whole exposition; samples beyond are left out. Prometheus' own bound is set by its users.
const MAX_BYTES: usize = 4 * 1024 * 1024;

/// Reasons that are spelled out; all are counted.
const MAX_REASONS: usize = 16;

/// How a comment begins that says what is left out.
pub(super) const LEFT_OUT: &str = "# left out: ";

/// The number in a sample.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Value {
    /// Written with all its digits.
    Unsigned(u64),
    /// Written with all its digits.
    Signed(i64),
    /// Written so that it reads back as the same number.
    Float(f64),
}

impl From<u64> for Value {
    fn from(n: u64) -> Self {
        Self::Unsigned(n)
    }
}

impl From<u32> for Value {
    fn from(n: u32) -> Self {
        Self::Unsigned(n.into())
    }
}

impl From<usize> for Value {
    fn from(n: usize) -> Self {
        Self::Unsigned(u64::try_from(n).unwrap_or(u64::MAX))
    }
}

impl From<bool> for Value {
    fn from(yes: bool) -> Self {
        Self::Unsigned(yes.into())
    }
}

impl From<i64> for Value {
    fn from(n: i64) -> Self {
        Self::Signed(n)
    }
}

impl From<f64> for Value {
    fn from(n: f64) -> Self {
        Self::Float(n)
    }
}

/// As Go's `ParseFloat` reads it.
impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Unsigned(n) => write!(f, "{n}"),
            Self::Signed(n) => write!(f, "{n}"),
            Self::Float(n) if n.is_nan() => f.write_str("NaN"),
            Self::Float(f64::INFINITY) => f.write_str("+Inf"),
            Self::Float(f64::NEG_INFINITY) => f.write_str("-Inf"),
            Self::Float(n) if n == 0.0 || (1e-4..1e17).contains(&n.abs()) => write!(f, "{n}"),
            Self::Float(n) => {
                // The same bound of a bucket should be the same text as in programs written in Go.
                let text = format!("{n:e}");
                let (digits, exponent) = text.split_once('e').unwrap_or((&text, "0"));
                let (sign, exponent) = match exponent.strip_prefix('-') {
                    Some(exponent) => ('-', exponent),
                    None => ('+', exponent),
                };
                write!(f, "{digits}e{sign}{exponent:0>2}")
            }
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Counter,
    Gauge,
    Histogram,
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::Gauge => "gauge",
            Self::Histogram => "histogram",
        }
    }
}

#[derive(Debug)]
struct Entry {
    name: String,
    kind: Kind,
    /// HELP, TYPE and samples.
    text: String,
}

/// An exposition that is being written. Families stand in the order in which they were first named.
#[derive(Debug, Default)]
pub struct Exposition {
    families: Vec<Entry>,
    by_name: HashMap<String, usize>,
    bytes: usize,
    left_out: u64,
    reasons: Vec<String>,
}

/// A family that takes samples. While it is there no other can be written to; naming it again adds to it.
#[derive(Debug)]
pub struct Family<'a> {
    exposition: &'a mut Exposition,
    /// None where the family is left out.
    at: Option<usize>,
}

impl Exposition {
    /// An empty one.
    pub fn new() -> Self {
        Self::default()
    }

    /// A number that only grows; `name` ends in `_total`.
    pub fn counter(&mut self, name: &str, help: &str) -> Family<'_> {
        self.family(Kind::Counter, name, help)
    }

    /// A number that goes up and down.
    pub fn gauge(&mut self, name: &str, help: &str) -> Family<'_> {
        self.family(Kind::Gauge, name, help)
    }

    /// A distribution of times. `histogram` is in nanoseconds and must only grow; `name` ends in `_seconds`, and
    /// `buckets` are upper bounds in seconds.
    ///
    /// A value near a bound is counted by the lower end of its slot in `histogram`, and the sum is made of the middles
    /// of slots, so both are as exact as the histogram's digits.
    pub fn histogram(
        &mut self,
        name: &str,
        help: &str,
        labels: &[(&str, &str)],
        histogram: &Histogram<u64>,
        buckets: &[f64],
    ) {
        let mut family = self.family(Kind::Histogram, name, help);
        if labels.iter().any(|(label, _)| *label == "le") {
            family.leave_out(format!("{name}: a histogram has the label `le` of its own"));
            return;
        }
        let mut buckets: Vec<f64> = buckets.iter().copied().filter(|b| b.is_finite()).collect();
        buckets.sort_by(f64::total_cmp);
        buckets.dedup();

        let bucket = format!("{name}_bucket");
        let mut bounds = buckets.iter().peekable();
        let (mut count, mut nanos) = (0u64, 0u128);
        let mut lines = Vec::with_capacity(buckets.len());
        for slot in histogram.iter_recorded() {
            let value = slot.value_iterated_to();
            let lowest = histogram.lowest_equivalent(value);
            while let Some(bound) = bounds.next_if(|bound| **bound * 1e9 < lowest as f64) {
                lines.push((*bound, count));
            }
            let slot_count = slot.count_at_value();
            count = count.saturating_add(slot_count);
            let middle = u128::from(histogram.median_equivalent(value));
            nanos = nanos.saturating_add(middle.saturating_mul(slot_count.into()));
        }
        lines.extend(bounds.map(|bound| (*bound, count)));
        lines.push((f64::INFINITY, count));

        for (bound, count) in lines {
            let le = Value::Float(bound).to_string();
            let mut labelled = labels.to_vec();
            labelled.push(("le", &le));
            family.line(&bucket, &labelled, count.into());
        }
        family.line(&format!("{name}_sum"), labels, (nanos as f64 / 1e9).into());
        family.line(&format!("{name}_count"), labels, count.into());
    }

    /// How many families and samples were left out: a mistake of the program, or too much.
    pub fn left_out(&self) -> u64 {
        self.left_out
    }

    /// The whole text.
    pub fn finish(self) -> String {
        let mut text = String::with_capacity(self.bytes);
        for family in &self.families {
            text.push_str(&family.text);
        }
        for reason in &self.reasons {
            let _ = writeln!(text, "{LEFT_OUT}{}", Escaped(reason, false));
        }
        if let Some(more) = usize::try_from(self.left_out)
            .ok()
            .and_then(|n| n.checked_sub(self.reasons.len()))
            .filter(|more| *more > 0)
        {
            let _ = writeln!(text, "{LEFT_OUT}{more} more");
        }
        text
    }

    fn family(&mut self, kind: Kind, name: &str, help: &str) -> Family<'_> {
        let known = self.by_name.get(name).copied();
        let known_kind = known.and_then(|at| self.families.get(at)).map(|f| f.kind);
        let at = match known_kind {
            Some(before) if before == kind => known,
            Some(before) => {
                let (before, now) = (before.name(), kind.name());
                self.leave_out(format!("{name} is a {before} and a {now}"));
                None
            }
            None if !is_name(name) => {
                self.leave_out(format!("{name:?} is no name of a metric"));
                None
            }
            None => {
                let at = self.families.len();
                let text = format!(
                    "# HELP {name} {}\n# TYPE {name} {}\n",
                    Escaped(help, false),
                    kind.name()
                );
                self.bytes = self.bytes.saturating_add(text.len());
                self.families.push(Entry {
                    name: name.into(),
                    kind,
                    text,
                });
                self.by_name.insert(name.into(), at);
                Some(at)
            }
        };
        Family {
            exposition: self,
            at,
        }
    }

    fn leave_out(&mut self, why: String) {
        self.left_out = self.left_out.saturating_add(1);
        if self.reasons.len() < MAX_REASONS {
            self.reasons.push(why);
        }
    }
}

impl Family<'_> {
    /// Adds a sample. Label values may hold anything.
    pub fn sample(&mut self, labels: &[(&str, &str)], value: impl Into<Value>) -> &mut Self {
        let name = self
            .at
            .and_then(|at| self.exposition.families.get(at))
            .map(|family| family.name.clone());
        if let Some(name) = name {
            self.line(&name, labels, value.into());
        }
        self
    }

    fn line(&mut self, name: &str, labels: &[(&str, &str)], value: Value) {
        // That the family is left out was counted when it was named.
        let Some(at) = self.at else { return };
        for (i, (label, _)) in labels.iter().enumerate() {
            if !is_label(label) || labels.iter().take(i).any(|(before, _)| before == label) {
                self.leave_out(format!(
                    "{name}: {label:?} is no label, or one that stands twice"
                ));
                return;
            }
        }
        let mut line = String::from(name);
        for (i, (label, text)) in labels.iter().enumerate() {
            let before = if i == 0 { '{' } else { ',' };
            let _ = write!(line, "{before}{label}=\"{}\"", Escaped(text, true));
        }
        let end = if labels.is_empty() { "" } else { "}" };
        let _ = writeln!(line, "{end} {value}");
        let bytes = self.exposition.bytes.saturating_add(line.len());
        if bytes > MAX_BYTES {
            self.leave_out(format!("{name}: there are more than {MAX_BYTES} bytes"));
        } else if let Some(family) = self.exposition.families.get_mut(at) {
            self.exposition.bytes = bytes;
            family.text.push_str(&line);
        }
    }

    fn leave_out(&mut self, why: String) {
        self.exposition.leave_out(why);
    }
}

/// Text in which line ends and backslashes are escaped, and quotation marks too where it stands in them.
struct Escaped<'a>(&'a str, bool);

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for c in self.0.chars() {
            match c {
                '\\' => f.write_str("\\\\")?,
                '\n' => f.write_str("\\n")?,
                '"' if self.1 => f.write_str("\\\"")?,
                c => f.write_char(c)?,
            }
        }
        Ok(())
    }
}

/// Colons are allowed by the format, but they are for rules of Prometheus' users.
pub(super) fn is_name(name: &str) -> bool {
    !name.starts_with(|c: char| c.is_ascii_digit())
        && !name.is_empty()
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

/// Names that begin with two underscores are Prometheus' own.
pub(super) fn is_label(name: &str) -> bool {
    is_name(name) && !name.starts_with("__")
}

#[cfg(test)]
#[path = "exposition_tests.rs"]
mod tests;
