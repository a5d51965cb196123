//! What the lists of name servers, ad blockers and detection rules have in common.

use std::net::{IpAddr, SocketAddr};

use crate::rules::format::listing::{About, Kind, Listing};

/// How many lines from the beginning are searched for what the list says about itself.
const ABOUT_LINES: usize = 100;

/// The longest value that a list may give about itself, in bytes.
const MAX_ABOUT: usize = 1024;

/// Names and addresses that search services give for "safe search". Who rewrites a name to one of them filters what the
/// service shows, and does not say that the name is bad.
const SAFE_SEARCH: &[&str] = &[
    "forcesafesearch.google.com",
    "restrict.youtube.com",
    "restrictmoderate.youtube.com",
    "strict.bing.com",
    "safe.duckduckgo.com",
    "safesearch.pixabay.com",
    "familysearch.yandex.ru",
    "216.239.38.119",
    "216.239.38.120",
    "2001:4860:4802:32::77",
    "2001:4860:4802:32::78",
    "204.79.197.220",
    "213.180.193.56",
];

/// The beginning of a text, for messages.
pub(super) fn short(text: &str) -> &str {
    let end = text
        .char_indices()
        .nth(120)
        .map_or(text.len(), |(at, _)| at);
    text.get(..end).unwrap_or(text)
}

/// Whether a name is of the tree that maps addresses to names. Private networks use it all the time.
pub(super) fn is_reverse(name: &str) -> bool {
    let name = name.trim_end_matches('.');
    ["in-addr.arpa", "ip6.arpa"].iter().any(|tree| {
        let below = name.len().checked_sub(tree.len());
        below.is_some_and(|at| {
            name.get(at..)
                .is_some_and(|end| end.eq_ignore_ascii_case(tree))
                && name
                    .get(..at)
                    .is_some_and(|left| left.is_empty() || left.ends_with('.'))
        })
    })
}

/// Whether what a name is rewritten to is a "safe search" service.
pub(super) fn is_safe_search(target: &str) -> bool {
    let target = target.trim_end_matches('.');
    let mut known = SAFE_SEARCH.iter();
    known.any(|known| known.eq_ignore_ascii_case(target))
}

/// Whether a text is the address that stands for none: `0.0.0.0` or `::`.
pub(super) fn is_null(text: &str) -> bool {
    text.parse::<IpAddr>()
        .is_ok_and(|address| address.is_unspecified())
}

/// Whether a text looks like a whole domain name: two labels or more, the last of which is not a number.
pub(super) fn is_name(text: &str) -> bool {
    let text = text.strip_suffix('.').unwrap_or(text);
    let Some((_, last)) = text.rsplit_once('.') else {
        return false;
    };
    let known = |c: char| c.is_alphanumeric() || c == '-' || c == '_';
    let mut labels = text.split('.');
    text.len() < 254
        && labels.all(|label| {
            !label.is_empty()
                && !label.starts_with('-')
                && label.len() < 64
                && label.chars().all(known)
        })
        && last.chars().nth(1).is_some()
        && last.chars().all(|c| c.is_alphanumeric() || c == '-')
        && !last.starts_with(|c: char| c.is_ascii_digit() || c == '-')
        && !last.ends_with('-')
}

/// A host as an entry: an address where it is one, `kind` where it is a name. A name with a port is a URL, since nothing
/// else says that the other ports are not meant.
pub(super) fn host(text: &str, kind: Kind) -> (Kind, String) {
    let bare = text
        .strip_prefix('[')
        .and_then(|text| text.strip_suffix(']'));
    let bare = bare.unwrap_or(text);
    if bare.parse::<IpAddr>().is_ok() {
        return (Kind::Address, bare.into());
    }
    if text.parse::<SocketAddr>().is_ok() {
        return (Kind::Address, text.into());
    }
    match text.rsplit_once(':') {
        Some((_, port)) if port.parse::<u16>().is_ok() => (Kind::Url, format!("{text}/")),
        _ => (kind, text.into()),
    }
}

/// Takes what a remark near the beginning says about the list: `Title: Bad names`. `remark` is without its mark.
pub(super) fn remark(number: usize, remark: &str, to: &mut dyn Listing) {
    if number > ABOUT_LINES {
        return;
    }
    if let Some(about) = about(remark) {
        to.about(about);
    }
}

fn about(remark: &str) -> Option<About> {
    let (key, value) = remark
        .trim_start_matches(['#', '!', ';', ' '])
        .split_once(':')?;
    let (key, value) = (key.trim().to_ascii_lowercase(), value.trim());
    if value.is_empty() || value.len() > MAX_ABOUT {
        return None;
    }
    let given = Some(value.to_string());
    let none = About::default();
    Some(match key.as_str() {
        "title" => About {
            title: given,
            ..none
        },
        "description" => About {
            description: given,
            ..none
        },
        "homepage" | "website" | "project page" => About { url: given, ..none },
        "licence" | "license" => About {
            licence: given,
            ..none
        },
        "author" | "authors" | "maintainer" | "publisher" => About {
            publisher: given,
            ..none
        },
        "last modified" | "last updated" | "last update" | "updated" | "date" => About {
            updated: Some(date(value)?),
            ..none
        },
        _ => return None,
    })
}

/// The first date in a text, as `YYYY-MM-DD`: `2021-07-18`, `2021/07/18`, `2021_07_18`, `18 Jul 2021`.
pub(super) fn date(text: &str) -> Option<String> {
    const MONTHS: [&str; 12] = [
        "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
    ];
    let parts: Vec<&str> = text
        .split(|c: char| !c.is_ascii_alphanumeric())
        .filter(|part| !part.is_empty())
        .take(16)
        .collect();
    let number = |part: &str| part.parse::<u16>().ok();
    let day = |part: &str| {
        let digits = part
            .find(|c: char| !c.is_ascii_digit())
            .unwrap_or(part.len());
        number(part.get(..digits)?)
    };
    let month = |part: &str| {
        let name = part.get(..3)?.to_ascii_lowercase();
        let at = MONTHS.iter().position(|month| *month == name)?;
        u16::try_from(at).ok()?.checked_add(1)
    };
    parts.windows(3).find_map(|three| {
        let [a, b, c] = three else { return None };
        let (year, month, day) = if a.len() == 4 {
            (number(a)?, number(b)?, day(c)?)
        } else if c.len() == 4 {
            (number(c)?, month(b)?, day(a)?)
        } else {
            return None;
        };
        let sound =
            (1970..=2999).contains(&year) && (1..=12).contains(&month) && (1..=31).contains(&day);
        sound.then(|| format!("{year:04}-{month:02}-{day:02}"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_found_in_the_ways_that_lists_write_them() {
        let found = |text| date(text);
        for text in [
            "2021-07-18T10:00:00Z",
            "18 Jul 2021 10:00 UTC",
            "Sun, 18 July 2021",
            "2021_07_18",
            "2021/07/18",
        ] {
            assert_eq!(found(text).as_deref(), Some("2021-07-18"), "{text}");
        }
        for text in ["", "1.2.3", "2021", "2021-13-01", "soon", "99 Foo 2021"] {
            assert_eq!(found(text), None, "{text}");
        }
    }

    #[test]
    fn names_and_hosts() {
        for name in [
            "a.example",
            "_x.evil-one.example",
            "xn--a.xn--p1ai",
            "evil.example.",
        ] {
            assert!(is_name(name), "{name}");
        }
        for other in [
            "evil",
            "evil.",
            ".evil.example",
            "192.0.2.1",
            "a..example",
            "a b.example",
            "a.b-",
            "",
        ] {
            assert!(!is_name(other), "{other}");
        }
        let host = |text| host(text, Kind::Domain);
        assert_eq!(host("a.example"), (Kind::Domain, "a.example".into()));
        assert_eq!(host("a.example:81"), (Kind::Url, "a.example:81/".into()));
        assert_eq!(host("192.0.2.1:81"), (Kind::Address, "192.0.2.1:81".into()));
        assert_eq!(host("[2001:db8::1]"), (Kind::Address, "2001:db8::1".into()));
        assert_eq!(
            host("[2001:db8::1]:81"),
            (Kind::Address, "[2001:db8::1]:81".into())
        );
    }

    #[test]
    fn reverse_names_and_safe_search() {
        assert!(is_reverse("10.in-addr.arpa.") && is_reverse("IP6.ARPA"));
        assert!(!is_reverse("xin-addr.arpa") && !is_reverse("in-addr.arpa.example"));
        assert!(!is_reverse("é.arpa") && !is_reverse(""));
        assert!(is_safe_search("ForceSafeSearch.google.com.") && !is_safe_search("google.com"));
        assert_eq!(short(&"é".repeat(500)).chars().count(), 120);
    }
}

#[cfg(test)]
#[path = "apart_tests.rs"]
mod apart;
