//! What is refused before or by the YAML library, and how that is said.

use super::problem::{Complaint, Place};

/// How many keys and items of lists a file may have. Each is checked by itself, and becomes an
/// argument.
pub(super) const MAX_VALUES: usize = 10_000;
/// How many brackets may be open. The file needs one, but those in texts and comments are counted
/// too; the YAML library takes quadratic time.
const MAX_OPEN_BRACKETS: usize = 100;

/// Said by the reader of values, to be known again by [`explain`].
pub(super) const TOO_MANY: &str = "too many values";

/// Refuses what the YAML library would take too much time for, in one cheap pass.
///
/// # Errors
/// Open brackets without end; aliases, of which a few can stand for gigabytes.
pub(super) fn check(text: &str) -> Result<(), Complaint> {
    let (mut open, mut line) = (0_usize, 1_usize);
    let (mut anchor, mut alias) = (false, None);
    // An anchor or alias stands where a value may begin: behind one of these, and gaps.
    let mut may_begin = true;
    let mut bytes = text.bytes().peekable();
    while let Some(byte) = bytes.next() {
        let named = bytes
            .peek()
            .is_some_and(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-'));
        match byte {
            b'[' | b'{' => open = open.saturating_add(1),
            b']' | b'}' => open = open.saturating_sub(1),
            b'\n' => line = line.saturating_add(1),
            b'&' if may_begin && named => anchor = true,
            b'*' if may_begin && named => alias = alias.or(Some(line)),
            _ => {}
        }
        may_begin = match byte {
            b':' | b'-' | b'?' | b',' | b'[' | b'{' | b'\n' => true,
            b' ' | b'\t' | b'\r' => may_begin,
            _ => false,
        };
        if open > MAX_OPEN_BRACKETS {
            let what = format!("more than {MAX_OPEN_BRACKETS} brackets are open");
            return Err(Complaint::new(line_at(line), what, "close them"));
        }
    }
    match alias {
        Some(line) if anchor => Err(Complaint::new(
            line_at(line),
            "anchors and aliases (`&x`, `*x`) are not supported",
            "write the value out",
        )),
        _ => Ok(()),
    }
}

/// Where the first thing stands that is neither blank nor a comment.
pub(super) fn first_content(text: &str) -> Option<Place> {
    let (line, content) = (1_usize..).zip(text.lines()).find(|(_, content)| {
        let content = content.trim();
        !content.is_empty() && !content.starts_with('#') && !content.starts_with("---")
    })?;
    let blanks = content.chars().take_while(|c| c.is_whitespace()).count();
    Some(Place {
        line,
        column: blanks.saturating_add(1),
    })
}

/// Says an error of the YAML library in the words of the file's author.
pub(super) fn explain(text: &str, error: &serde_yaml::Error) -> Complaint {
    let full = error.to_string();
    let message = full
        .rsplit_once(" at line ")
        .map_or(full.as_str(), |(m, _)| m);
    let at = error.location().map(|l| Place {
        line: l.line(),
        column: l.column(),
    });
    if message.contains(TOO_MANY) {
        let what = format!("more than {MAX_VALUES} keys and items of lists");
        return Complaint::new(at, what, "leave some out");
    }
    if message.contains("more than one document") {
        let what = "a second document begins (`---`)";
        let fix = "keep one, and remove the line `---` before it";
        return Complaint::new(second_document(text), what, fix);
    }
    if message.contains("invalid type") && message.contains("expected a text") {
        let fix = "write the name of a flag, a colon, a space and the value";
        return Complaint::new(at, "a key is no text", fix);
    }
    let line = at.and_then(|at| text.lines().nth(at.line.checked_sub(1)?));
    if line.is_some_and(|l| {
        l.chars()
            .take_while(|c| c.is_whitespace())
            .any(|c| c == '\t')
    }) {
        let what = "a tab stands at the beginning of the line";
        return Complaint::new(at, what, "YAML takes spaces only");
    }
    let fix = if message.contains("mapping values are not allowed") {
        "begin keys in the first column, write a space behind their colons (also in the line \
         before), and put a text with `: ` in quotes"
    } else if message.contains("cannot start any token") {
        "put the text in quotes"
    } else if message.contains("control characters") {
        "write it as an escape in double quotes, such as \"\\x07\""
    } else {
        "look for a bracket or quote that is not closed, a key without a colon, and wrong \
         indentation"
    };
    Complaint::new(at, format!("not valid YAML: {message}"), fix)
}

/// Where a document begins that is not the first.
fn second_document(text: &str) -> Option<Place> {
    let mut begun = false;
    for (line, content) in (1_usize..).zip(text.lines()) {
        let mark = content.starts_with("---");
        if mark && begun {
            return line_at(line);
        }
        let content = content.trim();
        begun |= mark || (!content.is_empty() && !content.starts_with(['#', '%']));
    }
    None
}

/// The beginning of a line.
fn line_at(line: usize) -> Option<Place> {
    Some(Place { line, column: 1 })
}
