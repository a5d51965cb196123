//! Undoes what people do to indicators so that nobody clicks on them: `hxxp://evil[.]example`.

use std::borrow::Cow;

/// What is written, and what it stands for.
const FANGS: [(&str, &str); 17] = [
    ("[.]", "."),
    ("(.)", "."),
    ("{.}", "."),
    ("[dot]", "."),
    ("(dot)", "."),
    ("{dot}", "."),
    (" dot ", "."),
    ("[:]", ":"),
    ("(:)", ":"),
    ("[://]", "://"),
    ("[/]", "/"),
    ("[@]", "@"),
    ("(@)", "@"),
    ("[at]", "@"),
    ("(at)", "@"),
    ("\\.", "."),
    ("\\/", "/"),
];

/// The text as it was before it was made harmless. It is borrowed where nothing had to be undone.
pub(in crate::rules) fn refang(text: &str) -> Cow<'_, str> {
    let seen = shown(text);
    let scheme = scheme(&seen);
    let fanged = seen
        .bytes()
        .any(|b| matches!(b, b'[' | b'(' | b'{' | b'\\' | b' '))
        && find(&seen, escapes(&seen)).is_some();
    if scheme.is_none() && !fanged {
        return seen;
    }
    let mut out = String::with_capacity(seen.len());
    let mut rest: &str = &seen;
    if let Some((written, meant)) = scheme {
        out.push_str(meant);
        rest = rest.get(written..).unwrap_or_default();
    }
    let escapes = escapes(rest);
    while let Some((at, written, meant)) = find(rest, escapes) {
        out.push_str(rest.get(..at).unwrap_or_default());
        out.push_str(meant);
        let after = at.saturating_add(written);
        rest = rest.get(after..).unwrap_or_default();
    }
    out.push_str(rest);
    Cow::Owned(out)
}

/// Whether each `\` escapes a `.` or a `/`. Elsewhere it parts the folders of a path.
fn escapes(text: &str) -> bool {
    let mut after = text.split('\\').skip(1);
    after.all(|after| after.starts_with(['.', '/']))
}

/// Where the first fang is, how long it is, and what it stands for.
fn find(text: &str, escapes: bool) -> Option<(usize, usize, &'static str)> {
    let bytes = text.as_bytes();
    let may_begin = |b: &u8| matches!(b, b'[' | b'(' | b'{' | b'\\' | b' ');
    let mut from = 0_usize;
    loop {
        let rest = bytes.get(from..)?;
        let at = from.saturating_add(rest.iter().position(may_begin)?);
        let here = bytes.get(at..)?;
        let fang = FANGS.iter().find(|(written, _)| {
            here.get(..written.len())
                .is_some_and(|here| here.eq_ignore_ascii_case(written.as_bytes()))
                && (escapes || !written.starts_with('\\'))
        });
        if let Some((written, meant)) = fang {
            return Some((at, written.len(), meant));
        }
        from = at.saturating_add(1);
    }
}

/// The scheme of a URL that was written so that it is none: its length, and what it stands for.
fn scheme(text: &str) -> Option<(usize, &'static str)> {
    let bytes = text.as_bytes();
    if !bytes.first()?.eq_ignore_ascii_case(&b'h') && !bytes.first()?.eq_ignore_ascii_case(&b'f') {
        return None;
    }
    let end = bytes
        .iter()
        .take(8)
        .position(|b| matches!(b, b':' | b'['))?;
    let (scheme, after) = bytes.split_at_checked(end)?;
    // A name may begin with `hxxp.`, but no host is followed by `://`.
    let follows = [&b"://"[..], b"[://]", b"[:]//", b"[:]/", b":\\"];
    if !follows.iter().any(|follows| after.starts_with(follows)) {
        return None;
    }
    let blurred = |b: &u8| matches!(b, b'x' | b'X' | b'*' | b't' | b'T');
    match scheme {
        [_, a, b, p] if blurred(a) && blurred(b) && p.eq_ignore_ascii_case(&b'p') => {
            (!scheme.eq_ignore_ascii_case(b"http")).then_some((end, "http"))
        }
        [_, a, b, p, s]
            if blurred(a)
                && blurred(b)
                && p.eq_ignore_ascii_case(&b'p')
                && s.eq_ignore_ascii_case(&b's') =>
        {
            (!scheme.eq_ignore_ascii_case(b"https")).then_some((end, "https"))
        }
        [f, b'x' | b'X' | b'*', p]
            if f.eq_ignore_ascii_case(&b'f') && p.eq_ignore_ascii_case(&b'p') =>
        {
            Some((end, "ftp"))
        }
        _ => None,
    }
}

/// The text without characters that nobody sees.
fn shown(text: &str) -> Cow<'_, str> {
    if text.is_ascii() {
        return Cow::Borrowed(text);
    }
    // Joiners are part of some names in Persian and in scripts of India, so they go only where nothing else needs them.
    let joins = text
        .chars()
        .any(|c| !c.is_ascii() && !unseen(c) && !joiner(c));
    let hidden = |c: char| unseen(c) || (!joins && joiner(c));
    if text.contains(hidden) {
        Cow::Owned(text.chars().filter(|c| !hidden(*c)).collect())
    } else {
        Cow::Borrowed(text)
    }
}

const fn joiner(c: char) -> bool {
    matches!(c, '\u{200c}' | '\u{200d}')
}

/// Zero-width spaces, the soft hyphen, byte order marks, and marks of the direction of writing.
const fn unseen(c: char) -> bool {
    matches!(
        c,
        '\u{ad}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{202a}'
            ..='\u{202e}' | '\u{2060}' | '\u{2066}'..='\u{2069}' | '\u{feff}'
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn harmless_texts_are_undone() {
        for (written, meant) in [
            ("evil[.]example", "evil.example"),
            ("a(.)evil{.}example", "a.evil.example"),
            ("a[dot]evil(DOT)example", "a.evil.example"),
            ("evil dot example", "evil.example"),
            (r"evil\.example", "evil.example"),
            (r"http:\/\/evil\.example\/x", "http://evil.example/x"),
            ("hxxp://evil.example/x", "http://evil.example/x"),
            ("hXXps://evil[.]example", "https://evil.example"),
            ("h**p://evil.example", "http://evil.example"),
            ("hxxps[://]evil[.]example[/]x", "https://evil.example/x"),
            ("hxxp[:]//evil.example", "http://evil.example"),
            ("http[:]//evil.example", "http://evil.example"),
            ("fxp://evil.example/", "ftp://evil.example/"),
            ("2001[:]db8[:][:]1", "2001:db8::1"),
            ("me[@]evil[.]example", "me@evil.example"),
            ("me[at]evil(.)example", "me@evil.example"),
            ("\u{feff}evil.\u{200b}exa\u{ad}mple\u{200d}", "evil.example"),
        ] {
            assert_eq!(refang(written), meant);
            assert!(matches!(refang(written), Cow::Owned(_)), "{written}");
        }
    }

    #[test]
    fn what_is_as_it_should_be_is_borrowed() {
        for text in [
            "evil.example",
            "hxxp.example",
            "http://evil.example/a[b]",
            "https://evil.example",
            "[2001:db8::1]:443",
            r"C:\.hidden\x",
            r"\\.\pipe\x",
            "نامه\u{200c}ای.example",
            "",
            "h",
        ] {
            assert!(matches!(refang(text), Cow::Borrowed(_)), "{text}");
        }
    }
}
