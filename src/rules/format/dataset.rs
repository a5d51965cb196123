//! Data sets of Suricata: type `string`, a Base64 text a line, as `dataset` and `datarep` load them.
//!
//! Data sets are looked up with the whole buffer, so a name is exact. With a dot before it (`dotprefix` in the rule) the
//! names below it are meant too.

use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use crate::rules::format::blocking;
use crate::rules::format::lines::{self, Line, Lines};
use crate::rules::format::listing::{Facts, Kind, Listing, Refused};

/// Forgiving: who made the set may have left out `=`.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// The longest text that is decoded, in bytes of Base64. No name or URL of use is longer.
const MAX_BASE64: usize = 16 * 1024;

/// Whether a file that begins like this is in this format. `head`: up to 64 KiB of it, cut behind a line where there is one.
///
/// All lines must decode to text with a dot: words of a plain list are Base64 by chance, but not for this.
pub(in crate::rules) fn is(head: &[u8]) -> bool {
    let mut lines = 0_usize;
    for (_, line) in Lines::new(head) {
        let Line::Text(line) = line else {
            return false;
        };
        if line.is_empty() {
            continue;
        }
        let (text, value) = split(line);
        let value_ok = value.is_none_or(|value| value.parse::<u16>().is_ok());
        if !value_ok || !decode(text).is_some_and(|text| text.contains('.')) {
            return false;
        }
        lines = lines.saturating_add(1);
    }
    lines > 0
}

/// # Errors
/// None: what is wrong concerns single lines.
pub(in crate::rules) fn read(text: &[u8], to: &mut dyn Listing) -> Result<(), Refused> {
    for (number, line) in Lines::new(text) {
        let Some(line) = lines::text(number, line, to) else {
            continue;
        };
        if !line.is_empty() {
            item(number, line, to);
        }
    }
    Ok(())
}

/// `TEXT` or `TEXT,VALUE`.
fn split(line: &str) -> (&str, Option<&str>) {
    line.split_once(',').map_or((line, None), |(text, value)| {
        (text.trim_end(), Some(value.trim()))
    })
}

/// The text that stands in Base64, if it is printable.
fn decode(text: &str) -> Option<String> {
    if text.len() > MAX_BASE64 {
        return None;
    }
    let text = String::from_utf8(BASE64.decode(text).ok()?).ok()?;
    (!text.is_empty() && !text.chars().any(char::is_control)).then_some(text)
}

fn is_hash(text: &str) -> bool {
    matches!(text.len(), 32 | 40 | 64) && text.bytes().all(|b| b.is_ascii_hexdigit())
}

fn item(number: usize, line: &str, to: &mut dyn Listing) {
    let (given, value) = split(line);
    let mut facts = Facts::default();
    if let Some(value) = value {
        if value.parse::<u16>().is_err() {
            to.defect(
                number,
                format!("`{}` is no reputation", blocking::short(value)),
                "write a number from 0 to 65535 behind the comma",
            );
            return;
        }
        facts.note = Some(format!("Reputation {value} in the data set."));
    }
    let decoded = decode(given);
    let Some(text) = decoded.filter(|text| text.contains('.') || !is_hash(given)) else {
        if is_hash(given) {
            to.aside(number, "file hashes", given);
        } else {
            to.defect(
                number,
                format!("`{}` is no text in Base64", blocking::short(given)),
                "write one text in Base64 a line",
            );
        }
        return;
    };
    let text = text.trim();
    let (host, path) = text.split_once('/').unwrap_or((text, ""));
    if text.contains("://") || (blocking::is_name(host) && !path.is_empty()) {
        to.entry(number, Kind::Url, text, &facts);
    } else if let Some(domain) = text
        .strip_prefix('.')
        .filter(|name| blocking::is_name(name))
    {
        to.entry(number, Kind::Domain, domain, &facts);
    } else {
        let (kind, entry) = blocking::host(text, Kind::Exact);
        if kind == Kind::Exact && !blocking::is_name(text) {
            to.aside(number, "texts that are no names", text);
        } else {
            to.entry(number, kind, &entry, &facts);
        }
    }
}

#[cfg(test)]
mod tests;
