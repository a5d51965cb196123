//! What a rule is an entry of.

use crate::rules::format::blocking;
use crate::rules::format::listing::{Facts, Kind, Listing};

use super::address;
use super::buffer::Buffer;
use super::conditions::{Conditions, Content};
use super::rule::Rule;

const MORE: &str = "rules that look for more than a name";
const TRAFFIC: &str = "rules that look into traffic";

/// The shortest text that is looked for within names: a shorter one is in names of all kinds.
const MIN_KEYWORD: usize = 4;

/// How many hexadecimal digits a serial number needs to say which certificate it is of. Many are 0 or 1.
const MIN_SERIAL: usize = 16;

/// Takes a rule.
pub(super) fn take(number: usize, rule: &Rule<'_>, to: &mut dyn Listing) {
    let aside = |why: &'static str, to: &mut dyn Listing| to.aside(number, why, &rule.label());
    let found = match Conditions::new(rule) {
        Ok(found) => found,
        Err((what, fix)) => {
            to.defect(number, format!("{what} in rule {}", rule.label()), fix);
            return;
        }
    };
    if rule.action == "pass" {
        aside("pass rules", to);
    } else if found.data_set {
        aside("rules that use data sets", to);
    } else if found.silent {
        aside("rules that do not alert", to);
    } else if certificates(number, rule, &found, to) {
    } else if found.regex {
        aside("regular expressions", to);
    } else if found.contents.iter().any(|content| content.negated) {
        aside("rules with negated contents", to);
    } else if found.contents.is_empty() {
        let plain = !found.more && address::take(number, rule, &rule.facts(), to);
        if !plain {
            aside(TRAFFIC, to);
        }
    } else if let Some(why) = contents(number, rule, &found, to) {
        aside(why, to);
    }
}

/// Takes the certificates whose fingerprints a rule gives. Whatever it wants besides, they say which they are.
fn certificates(number: usize, rule: &Rule<'_>, found: &Conditions, to: &mut dyn Listing) -> bool {
    let mut facts = None;
    for content in &found.contents {
        if content.buffer == Buffer::Fingerprint
            && !content.negated
            && let Some(digits) = hex(content).filter(|digits| matches!(digits.len(), 40 | 64))
        {
            let facts = facts.get_or_insert_with(|| rule.facts());
            to.entry(number, Kind::Certificate, &digits, facts);
        }
    }
    facts.is_some()
}

/// Takes a rule with contents, none of them negated. Returns why it is none that is taken.
fn contents(
    number: usize,
    rule: &Rule<'_>,
    found: &Conditions,
    to: &mut dyn Listing,
) -> Option<&'static str> {
    let (mut names, mut uris, mut hashes, mut serials) = (vec![], vec![], vec![], vec![]);
    let (mut subjects, mut others, mut raw) = (false, false, vec![]);
    for content in &found.contents {
        match content.buffer {
            Buffer::Name | Buffer::Host => names.push(content),
            Buffer::Uri => uris.push(content),
            Buffer::Ja3 | Buffer::Ja4 => hashes.push(content),
            Buffer::Serial => serials.push(content),
            Buffer::CertificateName => subjects = true,
            Buffer::Mild => (),
            Buffer::Payload | Buffer::Header => raw.push(content),
            Buffer::ServerHash | Buffer::Fingerprint | Buffer::Other => others = true,
        }
    }
    let more = found.more || others;
    let with_raw = |why| {
        if raw.is_empty() && !more {
            None
        } else {
            Some(why)
        }
    };
    match (
        names.as_slice(),
        uris.as_slice(),
        hashes.as_slice(),
        serials.as_slice(),
    ) {
        ([], uris, [], []) if !raw.is_empty() => {
            if more || subjects {
                return Some(TRAFFIC);
            }
            in_raw(number, rule, &raw, uris, to)
        }
        ([name], [], [], []) if !subjects => with_raw(MORE).or_else(|| {
            let facts = rule.facts();
            self::name(number, name, facts, to)
        }),
        ([host], [uri], [], []) if host.buffer == Buffer::Host && !subjects => with_raw(MORE)
            .or_else(|| {
                let host = text_of(host).unwrap_or_default();
                url(number, rule, host.trim_start_matches('.'), uri, to)
            }),
        ([], [], [hash], []) if !subjects => with_raw(MORE).or_else(|| {
            let kind = if hash.buffer == Buffer::Ja3 {
                Kind::Ja3
            } else {
                Kind::Ja4
            };
            let text = hash.text().unwrap_or_default();
            if kind == Kind::Ja3 && (text.len() != 32 || hex(hash).is_none()) {
                return Some("parts of fingerprints");
            }
            to.entry(number, kind, text, &rule.facts());
            None
        }),
        ([], [], [], [serial]) => with_raw(MORE).or_else(|| {
            let digits = hex(serial).unwrap_or_default();
            if digits.is_empty() || (subjects && digits.len() < MIN_SERIAL) {
                return Some("certificate names");
            }
            to.entry(
                number,
                Kind::Certificate,
                &format!("serial:{digits}"),
                &rule.facts(),
            );
            None
        }),
        ([], [], [], []) if subjects => with_raw(MORE).or(Some("certificate names")),
        ([], ..) => Some(TRAFFIC),
        _ => Some(MORE),
    }
}

/// Digits of a fingerprint or serial number, without colons.
fn hex(content: &Content) -> Option<String> {
    let text = content.text()?.replace([':', ' '], "").to_ascii_lowercase();
    (!text.is_empty() && text.bytes().all(|b| b.is_ascii_hexdigit())).then_some(text)
}

fn text_of(content: &Content) -> Option<&str> {
    content.text().map(str::trim)
}

/// Takes a content of a buffer that holds a name.
fn name(
    number: usize,
    content: &Content,
    mut facts: Facts,
    to: &mut dyn Listing,
) -> Option<&'static str> {
    let Some(text) = text_of(content) else {
        return Some(TRAFFIC);
    };
    let text = text.strip_suffix('.').unwrap_or(text);
    let (dot, bare) = match text.strip_prefix('.') {
        Some(bare) => (true, bare),
        None => (false, text),
    };
    // An address or a host with a port is not in DNS and SNI, but it is in HTTP.
    let whole = blocking::is_name(bare) || blocking::host(bare, Kind::Exact).0 != Kind::Exact;
    let open = !content.ends && content.text().is_some_and(|text| text.ends_with('.'));
    let (kind, wider) = match (dot, content.starts, content.ends) {
        // `dotprefix`: the buffer is the name with a dot before it.
        (true, true, true) if content.dotted => (Kind::Exact, None),
        (true, _, true) if content.dotted => (Kind::Domain, None),
        (true, _, false) if content.dotted && !open => {
            (Kind::Domain, Some("names that go on behind it"))
        }
        (true, false, true) if !content.dotted => (Kind::Below, None),
        (true, false, false) if whole && !open => (Kind::Below, Some("names that go on behind it")),
        (false, true, true) => (Kind::Exact, None),
        // Text before and behind is let through, though hardly meant.
        (false, false, true) if bare.len() >= MIN_KEYWORD => {
            (Kind::Domain, Some("names that only end in this text"))
        }
        (false, true, false) if whole && !open => {
            (Kind::Exact, Some("names that only begin with this text"))
        }
        (false, false, false) if whole && !open => {
            (Kind::Domain, Some("names that contain this text anywhere"))
        }
        (_, false, false) if bare.len() >= MIN_KEYWORD => {
            let text = content.text().unwrap_or_default();
            to.entry(number, Kind::Keyword, text, &facts);
            return None;
        }
        _ => return Some("rules for parts of names"),
    };
    let (kind, entry) = blocking::host(bare, kind);
    if bare.contains(['/', ' ']) {
        return Some("rules for parts of names");
    }
    if let Some(wider) = wider.filter(|_| kind != Kind::Address) {
        let note = facts.note.take().unwrap_or_default();
        facts.note = Some(
            format!("{note} (the rule also means {wider})")
                .trim_start()
                .to_string(),
        );
    }
    to.entry(number, kind, &entry, &facts);
    None
}

/// Takes host and path as a URL.
fn url(
    number: usize,
    rule: &Rule<'_>,
    host: &str,
    uri: &Content,
    to: &mut dyn Listing,
) -> Option<&'static str> {
    let (kind, _) = blocking::host(host, Kind::Exact);
    let path = text_of(uri).filter(|path| path.starts_with('/'));
    match path {
        Some(path) if blocking::is_name(host) || kind != Kind::Exact => {
            to.entry(number, Kind::Url, &format!("{host}{path}"), &rule.facts());
            None
        }
        _ => Some(MORE),
    }
}

/// Takes names that rules look for in packets: a question of DNS with its labels, or the `Host` of HTTP.
fn in_raw(
    number: usize,
    rule: &Rule<'_>,
    raw: &[&Content],
    uris: &[&Content],
    to: &mut dyn Listing,
) -> Option<&'static str> {
    let dns = rule.protocol == "dns"
        || [rule.source.1, rule.target.1]
            .iter()
            .any(|port| has_53(port));
    let mut hosts = raw.iter().filter_map(|content| of_host(content));
    if let (Some((host, closed)), None, 1) = (hosts.next(), hosts.next(), raw.len()) {
        return match uris {
            [] => {
                let (kind, entry) = blocking::host(&host, Kind::Exact);
                if !closed && !blocking::is_name(&host) {
                    return Some("rules for parts of names");
                }
                to.entry(number, kind, &entry, &rule.facts());
                None
            }
            [uri] => url(number, rule, &host, uri, to),
            _ => Some(MORE),
        };
    }
    // Flags, counts and types of the question are no texts.
    let words = |content: &&&Content| content.bytes.iter().any(u8::is_ascii_alphanumeric);
    let mut texts = raw.iter().filter(words);
    match (texts.next(), texts.next()) {
        (Some(text), None) if dns && uris.is_empty() => {
            let Some((name, closed)) = labels(&text.bytes) else {
                return Some(TRAFFIC);
            };
            let mut facts = rule.facts();
            if !closed {
                let note = facts.note.take().unwrap_or_default();
                let note = format!("{note} (the rule also means names that go on behind it)");
                facts.note = Some(note.trim_start().to_string());
            }
            to.entry(number, Kind::Domain, &name, &facts);
            None
        }
        _ => Some(TRAFFIC),
    }
}

/// Whether a port or a list of ports has that of DNS.
fn has_53(ports: &str) -> bool {
    let mut ports = ports.split(['[', ']', ',']);
    ports.any(|port| port.trim() == "53" || port.trim() == "$DNS_PORTS")
}

/// The host of `Host: evil.example`, and whether the line ends behind it.
fn of_host(content: &Content) -> Option<(String, bool)> {
    let text = std::str::from_utf8(&content.bytes).ok()?.trim_start();
    let (key, host) = text.split_once(':')?;
    let closed = host.ends_with(['\r', '\n']);
    let host = host.trim();
    let sound = !host.is_empty() && !host.contains(|c: char| c.is_whitespace() || c.is_control());
    (key.eq_ignore_ascii_case("host") && sound).then(|| (host.to_string(), closed))
}

/// The name that a question of DNS spells with the lengths of its labels (RFC 1035 section 3.1), and whether it ends.
/// Since labels are whole, names below it are spelt with the same bytes.
fn labels(bytes: &[u8]) -> Option<(String, bool)> {
    let (mut name, mut rest, mut count) = (String::new(), bytes, 0_usize);
    while let Some((length, after)) = rest.split_first() {
        if *length == 0 {
            // Type and class may follow.
            let closed = after.iter().all(|b| *b < 0x20);
            return (closed && count >= 2).then_some((name, true));
        }
        let (label, after) = after.split_at_checked(usize::from(*length))?;
        if *length > 63
            || !label
                .iter()
                .all(|b| b.is_ascii_alphanumeric() || b"-_".contains(b))
        {
            return None;
        }
        if count > 0 {
            name.push('.');
        }
        name.push_str(std::str::from_utf8(label).ok()?);
        count = count.saturating_add(1);
        rest = after;
    }
    (count >= 2).then_some((name, false))
}

#[cfg(test)]
#[path = "meaning_tests.rs"]
mod tests;
