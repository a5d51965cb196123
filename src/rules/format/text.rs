//! What a bare text is: a name, an address, a URL, or something that no network can show.

use std::borrow::Cow;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::listing::Kind;
use super::refang::refang;

/// What is made of a bare text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::rules) enum Bare<'t> {
    /// An entry.
    Entry(Kind, Cow<'t, str>),
    /// Well-formed, and nothing that is looked for: what it is, in the plural.
    Aside(&'static str),
    /// Nothing but white space and quotes.
    Empty,
    /// What is wrong, and what to do about it.
    Wrong(String, &'static str),
}

/// Endings of file names that are no top-level domains. `com`, `zip`, `sh`, `app` and others are both, so they are not here.
const FILE_ENDINGS: [&str; 53] = [
    "apk", "asp", "aspx", "bat", "bin", "bmp", "cfg", "class", "conf", "css", "dat", "dex", "dll",
    "dmg", "doc", "docm", "docx", "elf", "exe", "gif", "hta", "htm", "html", "ini", "ipa", "iso",
    "jar", "jpeg", "jpg", "js", "json", "jsp", "lnk", "log", "msi", "pdf", "php", "plist", "png",
    "ppt", "pptx", "ps1", "rar", "rtf", "scr", "sqlite", "swf", "sys", "tmp", "txt", "vbs", "xls",
    "xlsx",
];

/// What a text is that stands alone, as in a line of a list or a cell of a table.
///
/// A name stands for itself and every name below it, with or without `*.` or a dot before it: whoever writes
/// those into a list of threats means the domain, and to leave out the domain itself would be a miss. A host name with a port loses
/// it, and so does a URL without a path, since it says no more than its host.
pub(in crate::rules) fn bare(text: &str) -> Bare<'_> {
    let text = unquote(text);
    if text.is_empty() {
        return Bare::Empty;
    }
    match refang(text) {
        Cow::Borrowed(text) => judge(text),
        Cow::Owned(text) => match judge(text.trim()) {
            Bare::Entry(kind, text) => Bare::Entry(kind, Cow::Owned(text.into_owned())),
            Bare::Aside(what) => Bare::Aside(what),
            Bare::Empty => Bare::Empty,
            Bare::Wrong(what, fix) => Bare::Wrong(what, fix),
        },
    }
}

/// Whether something is a name, an address, a URL or a fingerprint beyond doubt: not merely what remains when
/// nothing else fits.
pub(in crate::rules) fn is_clear(found: &Bare<'_>) -> bool {
    match found {
        Bare::Entry(Kind::Domain, text) => looks_like_name(text),
        Bare::Entry(Kind::Address, text) => is_address(text),
        Bare::Entry(Kind::Url, text) => {
            let (_, rest) = text.split_once("://").unwrap_or(("", text));
            let (authority, _) = split_authority(rest);
            let (host, _) = split_port(after_user(authority));
            looks_like_name(host) || is_address(host)
        }
        Bare::Entry(Kind::Ja3 | Kind::Ja4 | Kind::Certificate, _) => true,
        _ => false,
    }
}

/// The beginning of a text, for messages.
pub(in crate::rules) fn shortened(text: &str) -> Cow<'_, str> {
    const SHOWN: usize = 80;
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => Cow::Owned(format!("{}...", text.get(..end).unwrap_or_default())),
        None => Cow::Borrowed(text),
    }
}

/// Less white space, quotes, the brackets that mail programs put around a URL, and a comma or semicolon at the end.
fn unquote(text: &str) -> &str {
    const PAIRS: [(char, char); 7] = [
        ('"', '"'),
        ('\'', '\''),
        ('`', '`'),
        ('<', '>'),
        ('\u{201c}', '\u{201d}'),
        ('\u{2018}', '\u{2019}'),
        ('\u{ab}', '\u{bb}'),
    ];
    let edge = |c: char| c.is_whitespace() || matches!(c, '\u{feff}' | '\u{200b}');
    let mut text = text.trim_matches(edge);
    text = text.trim_end_matches([',', ';']).trim_end();
    // Four layers are more than anybody writes, and bound the work.
    for _ in 0..4 {
        let inner = PAIRS
            .iter()
            .find_map(|(open, close)| text.strip_prefix(*open)?.strip_suffix(*close));
        let Some(inner) = inner else { break };
        text = inner.trim_matches(edge);
    }
    text
}

fn judge(text: &str) -> Bare<'_> {
    if text.is_empty() {
        return Bare::Empty;
    }
    if text
        .bytes()
        .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_'))
    {
        return word(text);
    }
    if text.chars().any(char::is_control) {
        return Bare::Wrong(
            format!(
                "`{}` holds control characters",
                shortened(text).escape_debug()
            ),
            "remove them",
        );
    }
    if let Some(aside) = of_a_machine(text).or_else(|| mail(text)) {
        return aside;
    }
    if text.contains(char::is_whitespace) {
        return Bare::Wrong(
            format!("`{}` is more than one thing", shortened(text)),
            "give one entry a line, and remarks behind ` # `",
        );
    }
    if let Some((scheme, rest)) = text.split_once("://")
        && is_scheme(scheme)
    {
        return url(text, rest);
    }
    if let Some(rest) = text.strip_prefix("//") {
        return url(rest, rest);
    }
    if text.starts_with('/') || text.starts_with("~/") || text.starts_with("./") {
        return Bare::Aside("file paths");
    }
    if let Some(found) = colons(text) {
        return found;
    }
    match text.split_once('/') {
        Some((address, prefix)) if is_prefix(address, prefix) => {
            Bare::Entry(Kind::Address, Cow::Borrowed(text))
        }
        Some(_) => url(text, text),
        None => host(text),
    }
}

/// A text of letters, digits, `.`, `-` and `_`: what nearly all entries are.
fn word(text: &str) -> Bare<'_> {
    if !text.contains('.') {
        let hex = text.bytes().all(|b| b.is_ascii_hexdigit());
        // MD5 and JA3, SHA-1, SHA-224, SHA-256, SHA-384, SHA-512. Only a heading can tell a JA3 or a certificate from a file.
        return if hex && matches!(text.len(), 32 | 40 | 56 | 64 | 96 | 128) {
            Bare::Aside("file hashes")
        } else if is_ja4(text) {
            Bare::Entry(Kind::Ja4, Cow::Borrowed(text))
        } else {
            Bare::Entry(Kind::Domain, Cow::Borrowed(text))
        };
    }
    host(text)
}

/// A host without a port: an address or a name.
fn host(text: &str) -> Bare<'_> {
    if text.bytes().all(|b| b.is_ascii_digit() || b == b'.') {
        return Bare::Entry(Kind::Address, Cow::Borrowed(text));
    }
    if let Some((first, last)) = text.split_once('-')
        && first.trim().parse::<IpAddr>().is_ok()
        && last.trim().parse::<IpAddr>().is_ok()
    {
        return Bare::Wrong(
            format!("`{text}` is a range of addresses"),
            "write it as networks, for instance `192.0.2.0/24`",
        );
    }
    name(text)
}

fn name(text: &str) -> Bare<'_> {
    let name = text.strip_suffix('.').unwrap_or(text);
    let name = name
        .strip_prefix("*.")
        .or_else(|| name.strip_prefix('.'))
        .unwrap_or(name);
    if name.is_empty() {
        return Bare::Wrong(format!("`{text}` is no name"), "remove the line");
    }
    if name.contains('*') {
        return Bare::Wrong(
            format!("`{}` is a pattern", shortened(text)),
            "give the domain alone: `evil.example` stands for every name below it too",
        );
    }
    let ending = name.rsplit_once('.').map_or("", |(_, ending)| ending);
    if (2..=6).contains(&ending.len())
        && FILE_ENDINGS
            .iter()
            .any(|known| ending.eq_ignore_ascii_case(known))
    {
        return Bare::Aside("file names");
    }
    Bare::Entry(Kind::Domain, Cow::Borrowed(name))
}

/// `whole` is the URL, `rest` what follows its scheme.
fn url<'t>(whole: &'t str, rest: &'t str) -> Bare<'t> {
    let (authority, path) = split_authority(rest);
    if authority.is_empty() {
        return Bare::Aside("file paths");
    }
    // `/*` is all of the host.
    if !matches!(path, "" | "/" | "/*") {
        return Bare::Entry(Kind::Url, Cow::Borrowed(whole));
    }
    let authority = after_user(authority);
    if let Some(found) = colons(authority) {
        return found;
    }
    host(authority)
}

/// `HOST:PORT`, IPv6 addresses with and without brackets, and fingerprints written `AB:CD`.
fn colons(text: &str) -> Option<Bare<'_>> {
    if text.contains('/') && !text.contains(']') {
        let (address, prefix) = text.split_once('/')?;
        let entry = Bare::Entry(Kind::Address, Cow::Borrowed(text));
        return is_prefix(address, prefix).then_some(entry);
    }
    if let Some(inner) = text.strip_prefix('[') {
        let (inner, after) = inner.split_once(']')?;
        if !after.is_empty() && !after.starts_with(':') {
            return None;
        }
        if inner.contains(|c: char| !(c.is_ascii_hexdigit() || ":./".contains(c))) {
            return None;
        }
        let address = if after.is_empty() { inner } else { text };
        return Some(Bare::Entry(Kind::Address, Cow::Borrowed(address)));
    }
    let (before, after) = text.split_once(':')?;
    if !after.contains(':') {
        let (start, port) = split_port(text);
        port?;
        let digits = start.bytes().all(|b| b.is_ascii_digit() || b == b'.');
        return Some(if digits && before.contains('.') {
            Bare::Entry(Kind::Address, Cow::Borrowed(text))
        } else {
            host(start)
        });
    }
    if !text
        .bytes()
        .all(|b| b.is_ascii_hexdigit() || b":.".contains(&b))
    {
        // A zone (`fe80::1%eth0`) is for the judge to refuse.
        return text
            .split_once('%')
            .filter(|(address, _)| address.parse::<Ipv6Addr>().is_ok())
            .map(|_| Bare::Entry(Kind::Address, Cow::Borrowed(text)));
    }
    let pairs = text.split(':').all(|pair| pair.len() == 2);
    match text.split(':').count() {
        6 if pairs => Some(Bare::Aside("hardware addresses")),
        16 if pairs => Some(Bare::Aside("file hashes")),
        // Certificates are shown so, files are not.
        20 | 32 if pairs => {
            let digits = text.chars().filter(|c| *c != ':').collect();
            Some(Bare::Entry(Kind::Certificate, Cow::Owned(digits)))
        }
        _ => Some(Bare::Entry(Kind::Address, Cow::Borrowed(text))),
    }
}

/// Paths and registry keys of Windows, and what browsers call themselves.
fn of_a_machine(text: &str) -> Option<Bare<'static>> {
    const KEYS: [&str; 6] = ["HKLM", "HKCU", "HKCR", "HKU\\", "HKEY_", "HKCC"];
    let starts = |with: &str| {
        let start = text.get(..with.len());
        start.is_some_and(|start| start.eq_ignore_ascii_case(with))
    };
    if text.contains('\\') && KEYS.iter().any(|key| starts(key)) {
        return Some(Bare::Aside("registry keys"));
    }
    if starts("Mozilla/") {
        return Some(Bare::Aside("user agents"));
    }
    let drive =
        matches!(text.as_bytes(), [letter, b':', b'\\' | b'/', ..] if letter.is_ascii_alphabetic());
    let parted = text.contains('\\') && !text.contains("://");
    let path = drive || parted || starts("file:///");
    let with_blanks = text.starts_with('/') && text.contains(' ') && !text.starts_with("//");
    (path || with_blanks).then_some(Bare::Aside("file paths"))
}

fn mail(text: &str) -> Option<Bare<'static>> {
    let start = text.get(..7);
    let named = start.is_some_and(|start| start.eq_ignore_ascii_case("mailto:"));
    let before = text.split_once('@').map(|(before, _)| before);
    // In a URL an `@` stands behind `//` or in the path.
    let has_user = before.is_some_and(|before| !before.contains('/') && !before.is_empty());
    (named || has_user).then_some(Bare::Aside("e-mail addresses"))
}

fn is_scheme(text: &str) -> bool {
    let mut bytes = text.bytes();
    bytes.next().is_some_and(|b| b.is_ascii_alphabetic())
        && bytes.all(|b| b.is_ascii_alphanumeric() || b"+-.".contains(&b))
}

/// The authority of a URL without its scheme, and its path, query and fragment.
fn split_authority(rest: &str) -> (&str, &str) {
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    rest.split_at_checked(end).unwrap_or((rest, ""))
}

fn after_user(authority: &str) -> &str {
    authority
        .rsplit_once('@')
        .map_or(authority, |(_, host)| host)
}

/// A host, less its brackets, and its port.
fn split_port(text: &str) -> (&str, Option<u16>) {
    if let Some((host, after)) = text.strip_prefix('[').and_then(|t| t.split_once(']')) {
        let port = after.strip_prefix(':').and_then(|port| port.parse().ok());
        return (host, port);
    }
    match text.rsplit_once(':') {
        Some((host, port)) if !host.contains(':') && port.bytes().all(|b| b.is_ascii_digit()) => {
            port.parse().map_or((text, None), |port| (host, Some(port)))
        }
        _ => (text, None),
    }
}

/// `ADDRESS/PREFIX`, either with a port behind. Whether the prefix is too long is for the judge.
fn is_prefix(address: &str, prefix: &str) -> bool {
    let (length, port) = prefix.split_once(':').unwrap_or((prefix, "0"));
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let v4 = address.bytes().all(|b| b.is_ascii_digit() || b == b'.') && address.contains('.');
    let is_address = v4 || address.parse::<Ipv6Addr>().is_ok();
    is_address && digits(length) && length.len() <= 3 && digits(port)
}

fn is_address(text: &str) -> bool {
    let (text, _) = split_port(text);
    let (address, prefix) = text.split_once('/').unwrap_or((text, "0"));
    let prefix = prefix.split_once(':').map_or(prefix, |(prefix, _)| prefix);
    let most = match (address.parse::<Ipv4Addr>(), address.parse::<Ipv6Addr>()) {
        (Ok(_), _) => 32,
        (_, Ok(_)) => 128,
        _ => return false,
    };
    prefix.parse::<u8>().is_ok_and(|prefix| prefix <= most)
}

/// Two labels or more of the right characters and lengths, the last of them no number.
fn looks_like_name(text: &str) -> bool {
    let mut last = "";
    let mut labels = 0_usize;
    let good = text.split('.').all(|label| {
        labels = labels.saturating_add(1);
        last = label;
        let good = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_' || !b.is_ascii();
        !label.is_empty() && label.len() <= 63 && label.bytes().all(good)
    });
    let ending = last.len() >= 2
        && last
            .bytes()
            .any(|b| b.is_ascii_alphabetic() || !b.is_ascii());
    good && labels >= 2 && ending && text.len() <= 253
}

/// Three parts as FoxIO writes them: protocol, version and counts; the ciphers; the extensions.
fn is_ja4(text: &str) -> bool {
    let [first, ciphers, extensions] = [0, 1, 2].map(|part| text.split('_').nth(part));
    let hash = |part: Option<&str>| {
        part.is_some_and(|part| part.len() == 12 && part.bytes().all(|b| b.is_ascii_hexdigit()))
    };
    let shape = first.is_some_and(|first| {
        first.len() == 10
            && first.bytes().enumerate().all(|(at, b)| match at {
                0 => matches!(b, b't' | b'q' | b'd'),
                3 => matches!(b, b'd' | b'i'),
                4..=7 => b.is_ascii_digit(),
                _ => b.is_ascii_alphanumeric(),
            })
    });
    shape && hash(ciphers) && hash(extensions) && text.split('_').count() == 3
}

#[cfg(test)]
mod tests;
