//! From the bytes of an allow list to its entries as written, or why not, in the words of who wrote it.

use super::file::{AllowFile, RawEntry, VERSION};
use crate::rules::locate::{self, Wanted};
use crate::rules::problem::Problem;
use crate::rules::suggest::nearest;

/// The largest file, in bytes.
const MAX_BYTES: usize = 1 << 20;
/// How many brackets may be open. The schema needs three; the YAML library takes quadratic time over them.
const MAX_OPEN: usize = 16;
/// How many lines, keys and items a file may have: the YAML library holds hundreds of bytes for each.
const MAX_MARKS: usize = 200_000;

/// What an entry looks like, for whoever has it wrong.
pub(super) const EXAMPLE: &str =
    "an entry is for instance `- {name: host.example, reason: our own test}`";

/// The text of the file and its entries.
///
/// # Errors
/// What refuses the file as a whole.
pub(super) fn read<'b>(file: &str, bytes: &'b [u8]) -> Result<(&'b str, Vec<RawEntry>), Problem> {
    if bytes.len() > MAX_BYTES {
        let what = format!("the file has {} bytes, over {MAX_BYTES}", bytes.len());
        let fix = "an allow list is for exceptions: take listed names out of the rules instead";
        return Err(Problem::new(file, what, fix));
    }
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let good = bytes.get(..error.valid_up_to()).unwrap_or_default();
        let ends = good.iter().filter(|byte| **byte == b'\n').count();
        let what = "the file is not UTF-8 text";
        Problem::new(file, what, "save it as UTF-8").at(Some(ends.saturating_add(1)), None)
    })?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    bounded(text).map_err(|(line, what)| Problem::new(file, what, EXAMPLE).at(Some(line), None))?;
    let comment = |line: &str| line.is_empty() || line.starts_with('#');
    if text.lines().all(|line| comment(line.trim())) {
        let fix = format!("begin it with `bellerophon-allow: {VERSION}` and `entries:`");
        return Err(Problem::new(file, "the file is empty", fix));
    }
    let parsed: AllowFile =
        serde_yaml::from_str(text).map_err(|error| explain(file, text, &error))?;
    Ok((text, parsed.entries.0))
}

/// # Errors
/// The line where it becomes too much for the YAML library, and what does.
fn bounded(text: &str) -> Result<(), (usize, String)> {
    let (mut open, mut marks) = (0_usize, 0_usize);
    for (number, line) in (1_usize..).zip(text.lines()) {
        let mut before = b' ';
        for byte in line.bytes() {
            match byte {
                b'[' | b'{' => open = open.saturating_add(1),
                b']' | b'}' => open = open.saturating_sub(1),
                _ => {}
            }
            let mark = matches!(byte, b'[' | b'{' | b',')
                || byte == b' ' && matches!(before, b'-' | b':' | b'?');
            marks = marks.saturating_add(usize::from(mark));
            before = byte;
            if open > MAX_OPEN {
                return Err((number, format!("more than {MAX_OPEN} brackets are open")));
            }
        }
        marks = marks.saturating_add(1);
        if marks > MAX_MARKS {
            let what = format!("more than {MAX_MARKS} lines, keys and items");
            return Err((number, what));
        }
    }
    Ok(())
}

/// An error of the YAML library, in other words.
fn explain(file: &str, text: &str, error: &serde_yaml::Error) -> Problem {
    let full = error.to_string();
    let message = full.split(" at line ").next().unwrap_or(&full);
    let (mut line, mut column) = match error.location() {
        Some(at) => (Some(at.line()), Some(at.column())),
        None => (None, None),
    };
    let quoted = |marker: &str| {
        let (place, rest) = message.split_once(marker)?;
        let (word, rest) = rest.split_once('`')?;
        Some((place, word, rest))
    };
    let (what, fix) = if let Some((place, word, rest)) = quoted("unknown field `") {
        let keys: Vec<&str> = rest.split('`').skip(1).step_by(2).collect();
        let allowed = format!("allowed: {}", keys.join(", "));
        let fix = match nearest(word, keys) {
            Some(near) => format!("did you mean `{near}`? {allowed}"),
            None => allowed,
        };
        (format!("{place}unknown key `{word}`"), fix)
    } else if let Some((place, word, _)) = quoted("missing field `") {
        let fix = match word {
            "bellerophon-allow" => format!("begin the file with `{word}: {VERSION}`"),
            _ => format!("add it; {EXAMPLE}"),
        };
        (format!("{place}the key `{word}` is missing"), fix)
    } else if let Some((place, word, _)) = quoted("duplicate field `") {
        let what = format!("{place}the key `{word}` stands twice");
        (what, "remove one, or make two entries".to_owned())
    } else if let Some((_, version)) = message.split_once("invalid value: ")
        && version.contains("schema version")
    {
        // The library gives the place of the mapping.
        let key = Wanted {
            text: "bellerophon-allow".into(),
            nth: 0,
            key: true,
        };
        line = locate::lines(text, &[key]).first().copied().flatten();
        column = None;
        let fix = "update the program, or write the list for this version";
        (version.to_owned(), fix.to_owned())
    } else if message.contains("expected a text") {
        (
            message.to_owned(),
            "put the value in quotes, or remove the key".to_owned(),
        )
    } else if message.contains("invalid type") {
        (message.to_owned(), EXAMPLE.to_owned())
    } else if message.contains(", over ") || message.contains("a list of more than") {
        (message.to_owned(), "make it shorter, or two".to_owned())
    } else {
        let fix = "look for tabs, wrong indentation, or a text with `: ` or ` #` that needs quotes";
        (format!("not valid YAML: {message}"), fix.to_owned())
    };
    Problem::new(file, what, fix).at(line, column)
}
