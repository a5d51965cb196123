//! Filter lists of ad blockers (Adblock Plus, uBlock Origin, AdGuard): `||evil.example^`.
//!
//! `||` covers a name and all names below it, by whole labels ([`Kind::Domain`]). Rules that hold on some pages only, that
//! change pages, or that are exceptions say nothing about a contact.

mod options;

use crate::rules::format::blocking;
use crate::rules::format::lines::{self, Line, Lines};
use crate::rules::format::listing::{Facts, Kind, Listing, Refused};

const PATTERNS: &str = "address patterns";
const WILDCARDS: &str = "wildcards";

/// Whether a file that begins like this is in this format. `head`: up to 64 KiB of it, cut behind a line where there is one.
pub(in crate::rules) fn is(head: &[u8]) -> bool {
    let (mut sure, mut like, mut other) = (0_usize, 0_usize, 0_usize);
    let mut first = true;
    for (_, line) in Lines::new(head) {
        let Line::Text(line) = line else {
            other = other.saturating_add(1);
            continue;
        };
        if line.is_empty() {
            continue;
        }
        if std::mem::take(&mut first) && (is_header(line) || is_title(line)) {
            return true;
        }
        let rule = ["||", "@@|", "|http"]
            .iter()
            .any(|start| line.starts_with(start));
        let count = if rule {
            &mut sure
        } else if line.starts_with('!') || is_comment(line) {
            continue;
        } else if is_cosmetic(line) || is_regex(line) {
            &mut like
        } else {
            &mut other
        };
        *count = count.saturating_add(1);
    }
    sure > 0 && sure.saturating_add(like) >= other
}

/// # Errors
/// None: what is wrong concerns single lines.
pub(in crate::rules) fn read(text: &[u8], to: &mut dyn Listing) -> Result<(), Refused> {
    for (number, line) in Lines::new(text) {
        let Some(line) = lines::text(number, line, to) else {
            continue;
        };
        if line.starts_with('!') || is_comment(line) {
            blocking::remark(number, line, to);
        } else if !line.is_empty() && !is_header(line) {
            rule(number, line, to);
        }
    }
    Ok(())
}

/// `[Adblock Plus 2.0]`.
fn is_header(line: &str) -> bool {
    let inside = line
        .strip_prefix('[')
        .and_then(|line| line.strip_suffix(']'));
    inside.is_some_and(|inside| {
        let inside = inside.trim_start().to_ascii_lowercase();
        ["adblock", "ublock", "adguard"]
            .iter()
            .any(|name| inside.starts_with(name))
    })
}

/// `! Title: Bad names`, as lists without a header begin.
fn is_title(line: &str) -> bool {
    const KEYS: &[&str] = &[
        "title",
        "homepage",
        "description",
        "expires",
        "version",
        "checksum",
    ];
    let key = line.strip_prefix('!').and_then(|line| line.split_once(':'));
    key.is_some_and(|(key, _)| KEYS.contains(&key.trim().to_ascii_lowercase().as_str()))
}

/// `# remark`, as lists for name servers have it. `##.banner` is a rule.
fn is_comment(line: &str) -> bool {
    let Some(rest) = line.strip_prefix('#') else {
        return false;
    };
    let selector = rest
        .trim_start_matches(['@', '?', '$', '%'])
        .strip_prefix('#');
    selector.is_none_or(|selector| selector.is_empty() || selector.starts_with([' ', '\t', '#']))
}

/// Whether a rule is about elements or scripts of pages: `evil.example##.banner`, `#@#`, `#?#`, `#$#`, `#%#`, `$$`.
fn is_cosmetic(line: &str) -> bool {
    let end = line
        .find(['/', '|', '"', '!', '@', ' '])
        .unwrap_or(line.len());
    let sites = line.get(..end).unwrap_or_default();
    if line
        .find("$$")
        .or_else(|| line.find("$@$"))
        .is_some_and(|at| at <= end)
    {
        return true;
    }
    let Some(at) = line.find('#').filter(|at| *at <= sites.len()) else {
        return false;
    };
    let mark = line.get(at..).unwrap_or_default().trim_start_matches('#');
    let behind = line.get(at..).unwrap_or_default();
    behind.starts_with("##")
        || mark.split_once('#').is_some_and(|(kind, _)| {
            !kind.is_empty() && kind.len() < 4 && kind.chars().all(|c| "@?$%".contains(c))
        })
}

/// `/banner[0-9]+/`, `/banner[0-9]+/$script`.
fn is_regex(line: &str) -> bool {
    let (pattern, _) = options::split(line);
    pattern.len() > 1 && pattern.starts_with('/') && pattern.ends_with('/')
}

fn rule(number: usize, line: &str, to: &mut dyn Listing) {
    if line.starts_with("@@") {
        to.aside(number, "exceptions", line);
    } else if line.starts_with("[$") {
        to.aside(number, options::SOME_PAGES, line);
    } else if is_cosmetic(line) {
        to.aside(number, "page rules", line);
    } else if is_regex(line) {
        to.aside(number, "regular expressions", line);
    } else {
        let (text, options) = options::split(line);
        match options.and_then(options::aside) {
            Some(why) => to.aside(number, why, line),
            None => pattern(number, text, to),
        }
    }
}

fn pattern(number: usize, text: &str, to: &mut dyn Listing) {
    if let Some(text) = text.strip_prefix("||") {
        place(number, text, Kind::Domain, to);
    } else if let Some(url) = text.strip_prefix('|') {
        match url.split_once("://") {
            Some((scheme, rest)) => page(number, scheme, rest, to),
            // AdGuard: the beginning of a host name.
            None => place(number, url, Kind::Exact, to),
        }
    } else if let Some(rest) = text.strip_prefix("://") {
        place(number, rest, Kind::Exact, to);
    } else if text.starts_with("http://") || text.starts_with("https://") {
        let (scheme, rest) = text.split_once("://").unwrap_or_default();
        page(number, scheme, rest, to);
    } else if text.contains(char::is_whitespace) {
        hosts(number, text, to);
    } else {
        plain(number, text, to);
    }
}

/// What stands behind `||`: host and perhaps path.
fn place(number: usize, text: &str, kind: Kind, to: &mut dyn Listing) {
    let end = text.find(['/', '^', '?', '|']).unwrap_or(text.len());
    let (host, tail) = text.split_at_checked(end).unwrap_or((text, ""));
    let (below, bare) = match host.strip_prefix("*.") {
        Some(bare) => (true, bare),
        None => (false, host),
    };
    // Nothing ends the name: `||ads.` is the beginning of many.
    let open = tail.is_empty() && !blocking::is_name(bare) && !is_address(bare);
    if bare.contains('*') {
        to.aside(number, WILDCARDS, text);
    } else if bare.is_empty() || open || bare.ends_with(['.', '-']) {
        to.aside(number, PATTERNS, text);
    } else if tail.chars().all(|c| matches!(c, '/' | '^' | '|' | '*')) {
        let kind = if below { Kind::Below } else { kind };
        let (kind, entry) = blocking::host(bare, kind);
        to.entry(number, kind, &entry, &Facts::default());
    } else if below {
        to.aside(number, WILDCARDS, text);
    } else {
        let path = tail.trim_end_matches(['^', '|', '*']);
        if !path.starts_with('/') || !(blocking::is_name(bare) || is_address(bare)) {
            to.aside(number, PATTERNS, text);
        } else if path.contains(['*', '^', '|']) {
            to.aside(number, WILDCARDS, text);
        } else {
            to.entry(
                number,
                Kind::Url,
                &format!("{bare}{path}"),
                &Facts::default(),
            );
        }
    }
}

fn is_address(host: &str) -> bool {
    blocking::host(host, Kind::Domain).0 != Kind::Domain
}

/// A pattern with a scheme. Without a path, and without `|` that says that none may follow, it is all of the host.
fn page(number: usize, scheme: &str, rest: &str, to: &mut dyn Listing) {
    let end = rest.find(['/', '^', '?', '|']).unwrap_or(rest.len());
    let (host, tail) = rest.split_at_checked(end).unwrap_or((rest, ""));
    let closed = tail.ends_with('|');
    let path = tail.trim_end_matches(['^', '|', '*']);
    if host.contains('*') || path.contains(['*', '^', '|']) || scheme.contains('*') {
        to.aside(number, WILDCARDS, rest);
    } else if host.ends_with(['.', '-'])
        || (tail.is_empty() && !blocking::is_name(host) && !is_address(host))
    {
        to.aside(number, PATTERNS, rest);
    } else if matches!(path, "" | "/") && !closed {
        let (kind, entry) = blocking::host(host, Kind::Exact);
        to.entry(number, kind, &entry, &Facts::default());
    } else {
        let url = format!("{scheme}://{host}{path}");
        to.entry(number, Kind::Url, &url, &Facts::default());
    }
}

/// `0.0.0.0 evil.example`, as lists for name servers may have it. It is exact, as in a hosts file.
fn hosts(number: usize, text: &str, to: &mut dyn Listing) {
    let mut words = text.split_whitespace();
    let address = words.next().unwrap_or_default();
    let mut names = words.take_while(|word| !word.starts_with('#')).peekable();
    if !is_address(address) || names.peek().is_none() {
        to.defect(
            number,
            format!("`{}` is no rule of a filter list", blocking::short(text)),
            "write `||NAME^`, or begin a remark with `!`",
        );
        return;
    }
    for name in names {
        if blocking::is_name(name) {
            to.entry(number, Kind::Exact, name, &Facts::default());
        } else {
            to.aside(number, "local names", name);
        }
    }
}

/// A pattern without anchors. For name servers a name alone is the name; elsewhere a text in addresses of pages.
fn plain(number: usize, text: &str, to: &mut dyn Listing) {
    /// Endings of files that are no top-level domains.
    const FILES: &[&str] = &[
        "js", "gif", "png", "jpg", "jpeg", "php", "html", "htm", "css", "swf", "aspx", "asp",
        "json", "xml", "svg", "webp", "ico", "txt", "jsp", "cgi", "mp4", "woff", "woff2",
    ];
    let bare = text.trim_end_matches(['^', '|']);
    let file = bare
        .rsplit_once('.')
        .is_some_and(|(_, end)| FILES.iter().any(|file| file.eq_ignore_ascii_case(end)));
    // `-ads.min.` is a text that may stand anywhere.
    let name = blocking::is_name(bare)
        && bare.starts_with(|c: char| c.is_alphanumeric())
        && !bare.ends_with('.');
    if is_address(bare) || (name && !file) {
        let (kind, entry) = blocking::host(bare, Kind::Domain);
        to.entry(number, kind, &entry, &Facts::default());
    } else if bare.contains('*') {
        to.aside(number, WILDCARDS, text);
    } else {
        to.aside(number, PATTERNS, text);
    }
}

#[cfg(test)]
mod tests;
