//! The project's own rule files: YAML, strict.

use super::Parsed;
use super::lift::{Lifted, stand_in};
use crate::rules::locate;
use crate::rules::pack::{Entry, PackFile, SCHEMA_VERSION};
use crate::rules::problem::Problem;
use crate::rules::suggest::nearest;

/// How many entries, keys and lines a file may have. The YAML library holds about 100 bytes for
/// each, so this bounds memory at some hundreds of megabytes. A plain entry of a long list counts
/// as one, since the library sees only its line; any other as two.
const MAX_MARKS: usize = 2_500_000;
/// How deep brackets may be open. The schema needs two; the YAML library takes quadratic time.
const MAX_OPEN_BRACKETS: usize = 32;

/// Where rule authors find the schema.
const SCHEMA: &str = "see rules/README.md for the schema";

/// Reads a file whose plain entries have been taken out; where that goes wrong in any way, all of
/// it, so that what is wrong is said in the words of the file.
///
/// # Errors
/// As [`read`]; the names of the file are then no longer in `names`.
pub(super) fn read_lifted(
    file: &str,
    lifted: Lifted,
    names: &mut Vec<u8>,
) -> Result<Parsed, Problem> {
    if !lifted.runs.is_empty()
        && let Some(pack) = without_runs(&lifted)
        && let Ok(text) = String::from_utf8(lifted.rest.clone())
    {
        let runs = lifted.runs;
        return Ok(Parsed { pack, text, runs });
    }
    let bytes = lifted.undo(names);
    let pack = read(file, &bytes)?;
    // Checked by `read`.
    let text = String::from_utf8(bytes).unwrap_or_default();
    let runs = Vec::new();
    Ok(Parsed { pack, text, runs })
}

/// Reads what is left of a file; nothing where that is in doubt.
fn without_runs(lifted: &Lifted) -> Option<PackFile> {
    if !lifted.is_unambiguous() {
        return None;
    }
    let mut pack = read("", &lifted.rest).ok()?;
    let mut found = 0_usize;
    for group in &mut pack.groups {
        for list in [&mut group.domains, &mut group.exact, &mut group.below] {
            for entry in list {
                if let Entry::Short(text) = entry
                    && let Some(run) = stand_in(text)
                    && run < lifted.runs.len()
                {
                    *entry = Entry::Run(run);
                    found = found.saturating_add(1);
                }
            }
        }
    }
    (found == lifted.runs.len()).then_some(pack)
}

/// # Errors
/// What refuses the whole file: not text, not YAML, not the schema.
fn read(file: &str, bytes: &[u8]) -> Result<PackFile, Problem> {
    let text = text(file, bytes)?;
    guard(file, text)?;
    if text
        .lines()
        .all(|l| l.trim_start().is_empty() || l.trim_start().starts_with('#'))
    {
        return Err(Problem::new(
            file,
            "the file is empty",
            format!("add rules; {SCHEMA}"),
        ));
    }
    serde_yaml::from_str(text).map_err(|e| explain(file, text, &e))
}

fn text<'a>(file: &str, bytes: &'a [u8]) -> Result<&'a str, Problem> {
    if bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]) {
        return Err(Problem::new(file, "the file is UTF-16", "save it as UTF-8"));
    }
    let text = std::str::from_utf8(bytes).map_err(|e| {
        let good = bytes.get(..e.valid_up_to()).unwrap_or_default();
        let line = good
            .iter()
            .filter(|b| **b == b'\n')
            .count()
            .saturating_add(1);
        let what = format!("not UTF-8 at byte offset {}", e.valid_up_to());
        Problem::new(file, what, "save the file as UTF-8").at(Some(line), None)
    })?;
    Ok(text.strip_prefix('\u{feff}').unwrap_or(text))
}

/// Refuses what the YAML library would take too much time or memory for, in one cheap pass.
fn guard(file: &str, text: &str) -> Result<(), Problem> {
    let (mut marks, mut open, mut line) = (0_usize, 0_usize, 1_usize);
    let (mut anchor, mut alias) = (false, None);
    // The last two bytes: an anchor or alias is a sign after a gap and before a name.
    let (mut older, mut before) = (b'\n', b'\n');
    for byte in text.bytes() {
        let after_gap = matches!(older, b' ' | b'\t' | b'\n' | b'[' | b'{' | b',' | b':');
        if after_gap && (byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-')) {
            anchor |= before == b'&';
            alias = alias.or((before == b'*').then_some(line));
        }
        match byte {
            b'[' | b'{' => {
                open = open.saturating_add(1);
                marks = marks.saturating_add(1);
            }
            b']' | b'}' => open = open.saturating_sub(1),
            b',' => marks = marks.saturating_add(1),
            b'\n' => {
                line = line.saturating_add(1);
                marks = marks.saturating_add(1);
            }
            b' ' if matches!(before, b'-' | b':' | b'?') => marks = marks.saturating_add(1),
            _ => {}
        }
        (older, before) = (before, byte);
        if open > MAX_OPEN_BRACKETS {
            let what = format!("more than {MAX_OPEN_BRACKETS} brackets are open");
            return Err(Problem::new(file, what, SCHEMA).at(Some(line), None));
        }
        if marks > MAX_MARKS {
            let what = format!("more than {MAX_MARKS} entries, keys and lines");
            return Err(Problem::new(file, what, "split the file").at(Some(line), None));
        }
    }
    // A few lines of aliases can stand for gigabytes, and the library's own limit counts
    // aliases, not what they stand for. The schema has groups for what entries share.
    if anchor && alias.is_some() {
        let what = "anchors and aliases (`&x`, `*x`) are not supported";
        return Err(
            Problem::new(file, what, "write the value out, or use a group").at(alias, None),
        );
    }
    Ok(())
}

/// Says an error of the YAML library in the words of a rule author.
fn explain(file: &str, text: &str, error: &serde_yaml::Error) -> Problem {
    let full = error.to_string();
    let message = full
        .rsplit_once(" at line ")
        .map_or(full.as_str(), |(m, _)| m);
    let (what, fix) = if let Some((place, rest)) = split(message, "unknown field `") {
        unknown("key", place, rest)
    } else if let Some((place, rest)) = split(message, "unknown variant `") {
        unknown("value", place, rest)
    } else if message.contains("missing field `bellerophon`") {
        (
            "the key `bellerophon` is missing".to_owned(),
            format!("begin the file with `bellerophon: {SCHEMA_VERSION}`, the schema version"),
        )
    } else if let Some((place, rest)) = split(message, "missing field `") {
        let key = rest.split('`').next().unwrap_or_default();
        (
            format!("{place}the key `{key}` is missing"),
            format!("add it; {SCHEMA}"),
        )
    } else if let Some((place, rest)) = split(message, "duplicate field `") {
        let key = rest.split('`').next().unwrap_or_default();
        (
            format!("{place}the key `{key}` stands twice"),
            "join the two".to_owned(),
        )
    } else if message.contains("schema version") {
        let what = message
            .rsplit_once("invalid value: ")
            .map_or(message, |(_, m)| m);
        let fix = "update the program, or get the file for this version";
        // The library places this error at the mapping, which may begin elsewhere.
        let key = locate::Wanted {
            text: "bellerophon".into(),
            nth: 0,
            key: true,
        };
        let line = locate::lines(text, &[key]).first().copied().flatten();
        return Problem::new(file, what, fix).at(line, None);
    } else if message.contains("stands twice") {
        (message.to_owned(), "join the two".to_owned())
    } else if message.contains("repetition limit") || message.contains("recursion limit") {
        (
            format!("{message}: the file is nested or repeats itself too much"),
            SCHEMA.to_owned(),
        )
    } else if message.contains("invalid type") || message.contains("invalid value") {
        (message.to_owned(), SCHEMA.to_owned())
    } else {
        (
            format!("not valid YAML: {message}"),
            "look for tabs, wrong indentation, or a text with `: ` or `#` that needs quotes".into(),
        )
    };
    let at = error.location();
    Problem::new(file, what, fix).at(
        at.as_ref().map(|l| l.line()),
        at.as_ref().map(|l| l.column()),
    )
}

/// The text before and after `marker`.
fn split<'a>(message: &'a str, marker: &str) -> Option<(&'a str, &'a str)> {
    message.split_once(marker)
}

/// From serde's "`x`, expected one of `a`, `b`" (after the opening quote of `x`).
fn unknown(kind: &str, place: &str, rest: &str) -> (String, String) {
    let (wrong, expected) = rest.split_once('`').unwrap_or((rest, ""));
    let allowed: Vec<&str> = expected.split('`').skip(1).step_by(2).collect();
    let what = format!("{place}unknown {kind} `{wrong}`");
    let list = format!("allowed: {}", allowed.join(", "));
    let fix = match nearest(wrong, allowed.iter().copied()) {
        Some(near) => format!("did you mean `{near}`? {list}"),
        None => list,
    };
    (what, fix)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = "bellerophon: 1\npack: p\n";

    fn refused(text: &[u8]) -> String {
        read("f.yaml", text).unwrap_err().to_string()
    }

    #[test]
    fn a_small_file_is_read() {
        let text = format!("\u{feff}{HEAD}groups:\r\n  - domains: [evil.example]\r\n");
        let pack = read("f.yaml", text.as_bytes()).unwrap();
        assert_eq!(pack.groups[0].domains[0].text(), "evil.example");
    }

    #[test]
    fn structural_errors_name_line_and_remedy() {
        for (text, wanted) in [
            (
                "groups:\n  - genration: v4\n",
                "f.yaml:4:5: groups[0]: unknown key `genration`",
            ),
            (
                "groups:\n  - genration: v4\n",
                "did you mean `generation`? allowed: threat, generation, ",
            ),
            (
                "groups:\n  - colour: red\n",
                "unknown key `colour`: allowed: threat, generation, ",
            ),
            (
                "titel: x\ngroups: []\n",
                "f.yaml:3:1: unknown key `titel`: did you mean `title`?",
            ),
            (
                "groups:\n  - severity: hihg\n",
                "unknown value `hihg`: did you mean `high`?",
            ),
            (
                "groups: [{domains: [{nmae: a.b}]}]\n",
                "unknown key `nmae`: did you mean `name`?",
            ),
            (
                "groups: evil.example\n",
                "f.yaml:3:9: groups: invalid type: string",
            ),
            (
                "groups:\n  - domains: evil.example\n",
                "f.yaml:4:14: groups[0].domains: invalid type",
            ),
            (
                "groups:\n  - domains: [[a]]\n",
                "an entry: a text, or a mapping with `name`",
            ),
            (
                "title: [a]\ngroups: []\n",
                "f.yaml:3:8: title: invalid type: sequence",
            ),
            ("title: a\n", "the key `groups` is missing"),
            ("pack: q\ngroups: []\n", "the key `pack` stands twice"),
            (
                "sources:\n  a: {title: x}\n  a: {title: y}\ngroups: []\n",
                "`a` stands twice",
            ),
            (
                "sources: {a: {url: x}}\ngroups: []\n",
                "sources.a: the key `title` is missing",
            ),
            ("groups:\n\t- x\n", "f.yaml:4"),
            ("groups: [\n", "not valid YAML"),
            ("title: a: b\ngroups: []\n", "f.yaml:3:9: not valid YAML"),
            ("groups: []\n---\nx: y\n", "more than one document"),
        ] {
            let got = refused(format!("{HEAD}{text}").as_bytes());
            assert!(
                got.contains(wanted),
                "{text:?}\n  gave   {got}\n  wanted {wanted}"
            );
        }
    }

    #[test]
    fn versions_are_checked_before_anything_else() {
        let got = refused(b"bellerophon: 2\nnew_key: x\n");
        assert!(
            got.starts_with("f.yaml:1: integer `2`, expected schema version 1"),
            "{got}"
        );
        assert!(got.contains("update the program"), "{got}");
        assert!(refused(b"pack: p\ngroups: []\n").contains("begin the file with `bellerophon: 1`"));
        assert!(refused(b"bellerophon: one\npack: p\n").contains("invalid type"));
    }

    #[test]
    fn files_that_are_no_text_are_refused() {
        assert!(
            refused(b"bellerophon: 1\npack: \xff\n")
                .starts_with("f.yaml:2: not UTF-8 at byte offset 21")
        );
        assert!(refused(&[0xff, 0xfe, b'b', 0]).contains("UTF-16"));
        for empty in ["", "\n \n", "# only a comment\n"] {
            assert!(refused(empty.as_bytes()).contains("empty"), "{empty:?}");
        }
        assert!(refused(b"just text").contains("invalid type"));
        assert!(refused(b"--- \n").contains("the key `bellerophon` is missing"));
        assert!(refused(b"\0").contains("not valid YAML"));
    }

    type Read = Result<Vec<String>, String>;

    /// A list in a file, read with and without taking plain entries out.
    fn both(text: &str) -> (Read, Read, usize) {
        let listed = |pack: &PackFile, runs: &[super::super::Run], names: &[u8]| {
            let mut out = Vec::new();
            for group in &pack.groups {
                for list in [&group.domains, &group.exact, &group.below] {
                    for entry in list {
                        let Entry::Run(run) = entry else {
                            out.push(entry.text().to_owned());
                            continue;
                        };
                        let names = std::str::from_utf8(&names[runs[*run].names.clone()]).unwrap();
                        out.extend(names.lines().map(str::to_owned));
                    }
                    out.push("---".to_owned());
                }
                out.push(format!("{:?} {:?}", group.note, group.addresses));
            }
            out
        };
        let mut names = Vec::new();
        let lifted = Lifted::read(text.as_bytes(), &mut names).unwrap();
        let lean = read_lifted("f.yaml", lifted, &mut names);
        let count = lean.as_ref().map_or(0, |p| p.runs.len());
        (
            lean.map(|p| listed(&p.pack, &p.runs, &names))
                .map_err(|e| e.to_string()),
            read("f.yaml", text.as_bytes())
                .map(|p| listed(&p, &[], &[]))
                .map_err(|e| e.to_string()),
            count,
        )
    }

    #[test]
    fn lines_that_only_look_like_entries_are_left_where_they_are() {
        for (groups, runs) in [
            ("  - domains:\n    - a.b\n    - c.d\n", 1),
            (
                "  - domains:\n    - a.b\n    note: |\n      domains:\n        - a.b\n",
                0,
            ),
            ("  - domains:\n    - a.b\n      c.d\n", 0),
            (
                "  - domains:\n    - a.b\n    note: \"\n      domains:\n      - a.b\"\n",
                1,
            ),
            ("  - domains:\n    - \"x\n    - a.b\n    - c.d\"\n", 0),
            ("  - domains:\n    - a.b\n    - \u{f8d0}0\n", 0),
            (
                "  - domains: # x\n    - a.b\n\n    - 'c.d'\n    addresses:\n    - a.b\n",
                2,
            ),
            ("  - domain:\n      domains:\n      - a.b\n", 0),
            ("  - domains:\n    - a.b\n   - a.b\n", 0),
            ("  - domains:\n    - a.b\n    - - a.b\n", 0),
            ("  - domains:\n    - a.b\n    domains:\n    - a.b\n", 0),
        ] {
            let (lean, whole, count) = both(&format!("{HEAD}groups:\n{groups}"));
            assert_eq!(lean, whole, "{groups}");
            assert_eq!(count, runs, "{groups}");
        }
    }

    proptest::proptest! {
        #[test]
        fn taking_entries_out_changes_nothing(
            lines in proptest::collection::vec(proptest::prop_oneof![
                6 => "    - ['\"]?[a-d.1e]{3,5}['\"]?\r?",
                1 => "  (- |  )(domains|exact|below|addresses):",
                1 => "  (- |  )note: [|\"]?",
                1 => "[ #'\"-]{0,6}",
            ], 0..20),
        ) {
            let (lean, whole, _) = both(&format!("{HEAD}groups:\n  - domains:\n{}", lines.join("\n")));
            proptest::prop_assert_eq!(lean, whole);
        }
    }

    #[test]
    fn bombs_are_refused() {
        assert!(refused("[".repeat(10_000_000).as_bytes()).contains("brackets"));
        assert!(refused("- ".repeat(5_000_000).as_bytes()).contains("entries"));
        assert!(refused("[],".repeat(4_000_000).as_bytes()).contains("entries"));
        let deep = format!("{HEAD}groups: {}\n", "- ".repeat(1_000));
        assert!(refused(deep.as_bytes()).contains("not valid YAML"));
        let deep = format!("{HEAD}groups:\n{}x\n", "- ".repeat(100_000));
        assert!(refused(deep.as_bytes()).contains("invalid type"));
        let mut laughs = format!("{HEAD}tags: &a0 [x, x, x, x, x, x, x, x, x, x]\nsources:\n");
        for i in 1..40 {
            let refs = vec![format!("*a{}", i - 1); 10].join(", ");
            laughs.push_str(&format!("  s{i}: &a{i} [{refs}]\n"));
        }
        assert!(refused(laughs.as_bytes()).contains("f.yaml:5: anchors and aliases"));
        // Two hundred million tags, and every alias stands where the schema allows a list.
        let wide = format!("[{}]", vec!["x"; 1_000].join(", "));
        let mut groups = format!("{HEAD}tags: &t {wide}\ngroups:\n");
        groups.push_str(&"  - tags: *t\n".repeat(200_000));
        assert!(refused(groups.as_bytes()).contains("anchors and aliases"));
    }

    #[test]
    fn signs_in_prose_are_no_aliases() {
        let text = format!("{HEAD}description: Q&A & *.evil.example & 2 * 3 &c\ngroups: []\n");
        assert!(read("f.yaml", text.as_bytes()).is_ok());
    }
}
