//! Checks an exposition against Prometheus' format and its conventions for names: for tests.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::exposition::{LEFT_OUT, is_label, is_name};

/// Parts of names that say a unit other than a base unit, or a type.
const WRONG_PARTS: &[&str] = &[
    "s",
    "ms",
    "us",
    "ns",
    "sec",
    "secs",
    "msec",
    "usec",
    "milliseconds",
    "microseconds",
    "nanoseconds",
    "minutes",
    "hours",
    "days",
    "weeks",
    "b",
    "kb",
    "mb",
    "gb",
    "kib",
    "mib",
    "gib",
    "kilobytes",
    "megabytes",
    "gigabytes",
    "kibibytes",
    "mebibytes",
    "bits",
    "kbps",
    "mbps",
    "percent",
    "pct",
    "counter",
    "gauge",
    "histogram",
    "summary",
    "metric",
];

/// Parts of names that say a base unit, which stand at the end.
const UNITS: &[&str] = &["seconds", "bytes", "ratio"];

#[derive(Debug, Default)]
struct Family {
    help: bool,
    kind: String,
    samples: usize,
}

/// A sample without its value.
type Series = (String, BTreeMap<String, String>);

#[derive(Debug, Default)]
struct Linter {
    findings: Vec<String>,
    families: HashMap<String, Family>,
    /// The family of the lines now read.
    open: String,
    seen: BTreeSet<Series>,
    /// By the name of a histogram and its labels but `le`.
    histograms: BTreeMap<Series, Parts>,
}

/// The samples of a histogram.
#[derive(Debug, Default)]
struct Parts {
    /// Bounds with counts, in the order of the text.
    buckets: Vec<(f64, f64)>,
    count: Option<f64>,
    sum: bool,
}

/// What is wrong with `text`: one line for each finding, none where all is right.
pub fn lint(text: &str) -> Vec<String> {
    let mut linter = Linter::default();
    if !text.is_empty() && !text.ends_with('\n') {
        linter.find("the last line has no end");
    }
    for line in text.lines() {
        linter.line(line);
    }
    linter.end();
    linter.findings
}

impl Linter {
    fn find(&mut self, what: impl Into<String>) {
        self.findings.push(what.into());
    }

    fn line(&mut self, line: &str) {
        if line.is_empty() {
            return;
        }
        if let Some(rest) = line.strip_prefix("# HELP ") {
            let (name, help) = rest.split_once(' ').unwrap_or((rest, ""));
            self.header(name);
            if help.trim().is_empty() {
                self.find(format!("{name}: HELP is empty"));
            }
            let family = self.families.entry(name.into()).or_default();
            if std::mem::replace(&mut family.help, true) {
                self.find(format!("{name}: HELP stands twice"));
            }
        } else if let Some(rest) = line.strip_prefix("# TYPE ") {
            let (name, kind) = rest.split_once(' ').unwrap_or((rest, ""));
            self.header(name);
            let family = self.families.entry(name.into()).or_default();
            let (twice, late) = (!family.kind.is_empty(), family.samples > 0);
            family.kind = kind.into();
            if twice || late {
                self.find(format!("{name}: TYPE stands twice or behind samples"));
            }
            self.name(name, kind);
        } else if line.starts_with(LEFT_OUT) {
            self.find(line.trim_start_matches("# "));
        } else if !line.starts_with('#') {
            match read_sample(line) {
                Some((name, labels, value)) => self.sample(&name, labels, value),
                None => self.find(format!("not a sample: {line}")),
            }
        }
    }

    /// HELP or TYPE of `name`.
    fn header(&mut self, name: &str) {
        if self.open != name {
            if self.families.contains_key(name) {
                self.find(format!("{name}: the lines of a family are not together"));
            }
            self.open = name.into();
        }
    }

    fn name(&mut self, name: &str, kind: &str) {
        if name.contains(':') {
            self.find(format!("{name}: colons are for recording rules"));
        } else if !is_name(name) {
            self.find(format!("{name}: not a name"));
        }
        if name.bytes().any(|b| b.is_ascii_uppercase()) {
            self.find(format!("{name}: capital letters"));
        }
        match kind {
            "counter" if !name.ends_with("_total") => {
                self.find(format!("{name}: a counter ends in _total"));
            }
            "gauge" | "histogram" if name.ends_with("_total") => {
                self.find(format!("{name}: only a counter ends in _total"));
            }
            "counter" | "gauge" | "histogram" => {}
            _ => self.find(format!("{name}: the type {kind:?} is not used here")),
        }
        for suffix in ["_bucket", "_sum", "_count"] {
            if name.ends_with(suffix) {
                self.find(format!("{name}: {suffix} is for histograms' samples"));
            }
        }
        let base = name.strip_suffix("_total").unwrap_or(name);
        let parts: Vec<&str> = base.split('_').collect();
        for (i, part) in parts.iter().enumerate() {
            if part.is_empty() || WRONG_PARTS.contains(part) {
                self.find(format!(
                    "{name}: {part:?} is no base unit, or says the type"
                ));
            }
            if UNITS.contains(part) && i.saturating_add(1) < parts.len() {
                self.find(format!("{name}: the unit stands at the end"));
            }
        }
        if kind == "histogram" && !parts.last().is_some_and(|part| UNITS.contains(part)) {
            self.find(format!("{name}: a histogram ends in its unit"));
        }
    }

    fn sample(&mut self, name: &str, labels: BTreeMap<String, String>, value: f64) {
        let open = self.open.clone();
        let kind = self
            .families
            .get(&open)
            .map_or("", |f| f.kind.as_str())
            .to_string();
        let is_histogram = kind == "histogram";
        let suffix = name
            .strip_prefix(open.as_str())
            .filter(|_| !open.is_empty());
        let fits = match suffix {
            Some("") => !is_histogram && !kind.is_empty(),
            Some("_bucket" | "_sum" | "_count") => is_histogram,
            _ => false,
        };
        if !fits {
            self.find(format!("{name}: stands below no TYPE of its own"));
        }
        if kind == "counter" && (value.is_nan() || value < 0.0) {
            self.find(format!("{name}: a counter of {value}"));
        }
        for label in labels.keys() {
            if !is_label(label) || (label == "le" && suffix != Some("_bucket")) {
                self.find(format!("{name}: the label {label}"));
            }
        }
        if is_histogram && fits {
            self.part(&open, suffix.unwrap_or(""), &labels, value);
        }
        if let Some(family) = self.families.get_mut(&open) {
            family.samples = family.samples.saturating_add(1);
        }
        if !self.seen.insert((name.into(), labels)) {
            self.find(format!("{name}: the same series twice"));
        }
    }

    /// A sample of a histogram.
    fn part(&mut self, name: &str, suffix: &str, labels: &BTreeMap<String, String>, value: f64) {
        let mut key = labels.clone();
        let le = key.remove("le");
        let entry = self.histograms.entry((name.into(), key)).or_default();
        match (suffix, le.and_then(|le| read_value(&le))) {
            ("_bucket", Some(bound)) => entry.buckets.push((bound, value)),
            ("_count", _) => entry.count = Some(value),
            ("_sum", _) => entry.sum = true,
            _ => self.find(format!("{name}: a bucket without le")),
        }
    }

    fn end(&mut self) {
        let mut families: Vec<_> = std::mem::take(&mut self.families).into_iter().collect();
        families.sort_by(|a, b| a.0.cmp(&b.0));
        for (name, family) in families {
            if !family.help {
                self.find(format!("{name}: no HELP"));
            }
            if family.kind.is_empty() {
                self.find(format!("{name}: no TYPE"));
            }
        }
        for ((name, _), parts) in std::mem::take(&mut self.histograms) {
            let Parts {
                buckets,
                count,
                sum,
            } = parts;
            let rising = buckets
                .iter()
                .zip(buckets.iter().skip(1))
                .all(|(a, b)| a.0 < b.0 && a.1 <= b.1);
            let whole = buckets
                .last()
                .is_some_and(|(bound, all)| *bound == f64::INFINITY && Some(*all) == count);
            if !rising || !whole || !sum {
                self.find(format!("{name}: buckets, sum and count do not fit"));
            }
        }
    }
}

/// `name{label="value",...} number`.
fn read_sample(line: &str) -> Option<(String, BTreeMap<String, String>, f64)> {
    let end = line.find(['{', ' '])?;
    let (name, rest) = line.split_at_checked(end)?;
    let mut labels = BTreeMap::new();
    let mut rest = rest;
    if let Some(inside) = rest.strip_prefix('{') {
        rest = inside;
        loop {
            if let Some(after) = rest.strip_prefix('}') {
                rest = after;
                break;
            }
            let (label, after) = rest.split_once("=\"")?;
            let (value, after) = read_quoted(after)?;
            if labels.insert(label.into(), value).is_some() {
                return None;
            }
            rest = after.strip_prefix(',').unwrap_or(after);
            if rest.len() == after.len() && !rest.starts_with('}') {
                return None;
            }
        }
    }
    let value = read_value(rest.strip_prefix(' ')?)?;
    (!name.is_empty()).then(|| (name.into(), labels, value))
}

/// Up to the closing quotation mark.
fn read_quoted(text: &str) -> Option<(String, &str)> {
    let mut value = String::new();
    let mut chars = text.chars();
    loop {
        match chars.next()? {
            '"' => return Some((value, chars.as_str())),
            '\\' => value.push(match chars.next()? {
                'n' => '\n',
                c @ ('\\' | '"') => c,
                _ => return None,
            }),
            c => value.push(c),
        }
    }
}

fn read_value(text: &str) -> Option<f64> {
    match text {
        "NaN" | "+Inf" | "-Inf" => text.parse().ok(),
        _ => text.parse().ok().filter(|n: &f64| n.is_finite()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn finds(text: &str, what: &str) {
        let found = lint(text);
        assert!(found.iter().any(|f| f.contains(what)), "{text}: {found:?}");
    }

    #[test]
    fn a_good_text_has_no_findings() {
        let text = "# HELP a_total x\n# TYPE a_total counter\na_total{b=\"}\\\" \\\\\\n,=\"} 1\na_total 2\n\
            # HELP t_seconds x\n# TYPE t_seconds histogram\nt_seconds_bucket{le=\"0.1\"} 1\n\
            t_seconds_bucket{le=\"+Inf\"} 2\nt_seconds_sum 1e-3\nt_seconds_count 2\n\
            # HELP g_bytes x\n# TYPE g_bytes gauge\ng_bytes NaN\n";
        assert_eq!(lint(text), [""; 0]);
        assert_eq!(lint(""), [""; 0]);
    }

    #[test]
    fn each_mistake_is_found() {
        let family = |kind: &str, name: &str| format!("# HELP {name} x\n# TYPE {name} {kind}\n");
        finds(&family("counter", "a"), "ends in _total");
        finds(&family("gauge", "a_total"), "only a counter");
        finds(&family("gauge", "a:b"), "colons");
        finds(&family("gauge", "aB"), "capital");
        finds(&family("gauge", "a_ms"), "base unit");
        finds(&family("counter", "a_milliseconds_total"), "base unit");
        finds(&family("gauge", "a_bytes_used"), "at the end");
        finds(&family("gauge", "a_count"), "histograms' samples");
        finds(&family("histogram", "a"), "its unit");
        finds(&family("summary", "a"), "not used");
        finds("# TYPE a gauge\na 1\n", "no HELP");
        finds("# HELP a x\na 1\n", "no TYPE");
        finds("a 1\n", "no TYPE of its own");
        finds("# HELP a \n# TYPE a gauge\n", "HELP is empty");
        let a = family("gauge", "a");
        finds(&format!("{a}{a}"), "HELP stands twice");
        finds(
            &format!("{a}a 1\n{}a 2\n", family("gauge", "b")),
            "no TYPE of its own",
        );
        finds(
            &format!("{a}{}# TYPE a gauge\n", family("gauge", "b")),
            "not together",
        );
        finds(
            &format!("{a}a{{x=\"1\",y=\"2\"}} 1\na{{y=\"2\",x=\"1\"}} 1\n"),
            "twice",
        );
        finds(&format!("{a}a{{le=\"1\"}} 1\n"), "label le");
        finds(&format!("{a}a{{__x=\"1\"}} 1\n"), "label __x");
        for line in [
            "a",
            "a x",
            "a{x=1} 1",
            "a{x=\"1} 1",
            "a{x=\"1\"y=\"2\"} 1",
            "a inf",
            "a  1",
            " 1",
            "a{x=\"\\t\"} 1",
            "a{x=\"\",x=\"\"} 1",
        ] {
            finds(&format!("{a}{line}\n"), "not a sample");
        }
        finds(&format!("{a}a 1"), "no end");
        finds(
            &format!("{}a_total -1\n", family("counter", "a_total")),
            "a counter of",
        );
        finds("# left out: x\n", "left out");
        let t = family("histogram", "t_seconds");
        let buckets = |a, b, count| {
            format!(
                "{t}t_seconds_bucket{{le=\"1\"}} {a}\nt_seconds_bucket{{le=\"+Inf\"}} {b}\nt_seconds_sum 1\nt_seconds_count {count}\n"
            )
        };
        assert_eq!(lint(&buckets(1, 2, 2)), [""; 0]);
        finds(&buckets(2, 1, 1), "do not fit");
        finds(&buckets(1, 2, 3), "do not fit");
    }
}
