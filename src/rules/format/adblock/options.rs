//! What follows `$` in a rule of an ad blocker.

use crate::rules::format::blocking;

pub(super) const SOME_PAGES: &str = "rules for some pages only";

/// Pattern and options of a rule. A `$` begins options where what follows looks like them.
pub(super) fn split(line: &str) -> (&str, Option<&str>) {
    for (at, _) in line.match_indices('$') {
        let Some((pattern, options)) = line.split_at_checked(at) else {
            continue;
        };
        let options = options.get(1..).unwrap_or_default();
        let name = options.strip_prefix('~').unwrap_or(options);
        let rest = name.trim_start_matches(|c: char| c.is_ascii_alphanumeric() || "-_".contains(c));
        if rest.len() < name.len() && (rest.is_empty() || rest.starts_with(['=', ','])) {
            return (pattern, Some(options));
        }
    }
    (line, None)
}

/// Why a rule with these options says nothing about every contact; `None` where it does.
///
/// Kinds of requests (`script`, `popup`) and `third-party` do not narrow it for this: who lists a host for them does not
/// want it to be asked.
pub(super) fn aside(options: &str) -> Option<&'static str> {
    options.split(',').find_map(option)
}

fn option(option: &str) -> Option<&'static str> {
    let (name, value) = option.split_once('=').unwrap_or((option, ""));
    let name = name.trim().to_ascii_lowercase();
    let (negated, name) = match name.strip_prefix('~') {
        Some(name) => (true, name),
        None => (false, name.as_str()),
    };
    match name {
        "domain" | "from" | "denyallow" | "to" | "first-party" | "1p" | "strict1p"
            if !(negated && matches!(name, "first-party" | "1p" | "strict1p")) =>
        {
            Some(SOME_PAGES)
        }
        "third-party" | "3p" | "strict3p" if negated => Some(SOME_PAGES),
        "app" | "client" | "ctag" | "dnstype" | "method" | "header" | "ipaddress" => {
            Some("rules for some clients or types only")
        }
        "badfilter" => Some("disabled rules"),
        "csp" | "permissions" | "removeparam" | "queryprune" | "removeheader" | "replace"
        | "uritransform" | "urltransform" | "urlskip" | "redirect-rule" | "cookie" | "hls"
        | "jsonprune" | "xmlprune" | "generichide" | "ghide" | "elemhide" | "ehide"
        | "specifichide" | "shide" | "stealth" | "genericblock" | "jsinject" | "urlblock"
        | "content" | "extension" | "referrerpolicy" => Some("rules that change pages"),
        "dnsrewrite" => {
            let target = value.rsplit(';').next().unwrap_or_default();
            blocking::is_safe_search(target).then_some("rules for safe search")
        }
        _ => None,
    }
}
