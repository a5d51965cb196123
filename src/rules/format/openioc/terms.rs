//! Search terms of OpenIOC, and what its conditions on names, addresses and URLs come to.

use super::super::listing::Kind;

/// What a search term is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Term {
    Host,
    Address,
    Url,
    /// Nothing that is looked for.
    Aside(&'static str),
}

/// How the content of an item is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Condition {
    Is,
    Contains,
    StartsWith,
    EndsWith,
    Matches,
    /// `greater-than` and `less-than`.
    Range,
    /// One of those above, denied; or something else.
    Not,
    Unknown,
}

impl Condition {
    pub(super) fn new(name: &str, negate: bool) -> Self {
        let name = name.to_ascii_lowercase();
        match name.as_str() {
            _ if negate => Self::Not,
            "isnot" | "is not" | "containsnot" | "contains not" => Self::Not,
            "is" => Self::Is,
            "contains" => Self::Contains,
            "starts-with" | "begins-with" => Self::StartsWith,
            "ends-with" => Self::EndsWith,
            "matches" => Self::Matches,
            "greater-than" | "less-than" => Self::Range,
            _ => Self::Unknown,
        }
    }
}

/// What an item comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Meaning<'c> {
    Entry(Kind, &'c str),
    /// A URL that is a host alone: with a slash it is its front page.
    FrontPage(&'c str),
    Aside(&'static str),
}

/// What a search term, `Network/DNS` and so on, is about. Upper and lower case do not count.
pub(super) fn term(search: &str) -> Term {
    let search = search.trim().to_ascii_lowercase();
    let document = search.split('/').next().unwrap_or_default();
    let last = search.rsplit('/').next().unwrap_or_default();
    match (document, last) {
        ("network", "dns" | "host" | "hostname" | "http_host")
        | ("dnsentryitem", "host" | "recordname")
        | ("dnslookupevent", "hostname")
        | ("urlhistoryitem" | "cookiehistoryitem" | "formhistoryitem", "hostname")
        | ("urlmonitorevent", "hostname") => Term::Host,
        ("portitem" | "ipv4networkevent" | "ipv6networkevent", "remoteip")
        | ("urlmonitorevent", "remoteipaddress")
        | ("routeentryitem", "destination")
        | ("dnsentryitem", "ipv4address" | "ipv6address")
        | ("network", "ip" | "remoteip") => Term::Address,
        ("network", "uri" | "url")
        | ("urlhistoryitem", "url" | "visitfrom")
        | ("filedownloadhistoryitem", "sourceurl")
        | ("formhistoryitem", "formsubmiturl")
        | ("urlmonitorevent", "requesturl" | "url") => Term::Url,
        (_, "useragent" | "httpheader") => Term::Aside("HTTP headers"),
        (_, "localip" | "localport" | "remoteport" | "protocol" | "state") => {
            Term::Aside("ports, protocols and local addresses")
        }
        ("email", "from" | "to" | "cc" | "bcc" | "sender" | "replyto") => {
            Term::Aside("e-mail addresses")
        }
        ("email", _) => Term::Aside("properties of e-mails"),
        ("snort" | "yara", _) => Term::Aside("rules of other programs"),
        _ if ["md5", "sha1", "sha256", "md5sum", "sha1sum", "sha256sum"].contains(&last) => {
            Term::Aside("file hashes")
        }
        _ if ["md5sum", "sha1sum", "sha256sum"]
            .iter()
            .any(|hash| last.ends_with(hash)) =>
        {
            Term::Aside("file hashes")
        }
        ("fileitem" | "filewriteevent" | "imageloadevent" | "prefetchitem", _) => {
            Term::Aside("properties of files")
        }
        ("registryitem" | "regkeyevent", _) => Term::Aside("registry keys"),
        ("processitem" | "processevent" | "moduleitem" | "handleitem" | "driveritem", _) => {
            Term::Aside("properties of processes")
        }
        ("serviceitem" | "taskitem" | "persistenceitem", _) => {
            Term::Aside("services and scheduled tasks")
        }
        _ => Term::Aside("conditions that no network shows"),
    }
}

/// What an item comes to whose term is about hosts, addresses or URLs.
pub(super) fn meaning(term: Term, condition: Condition, content: &str) -> Meaning<'_> {
    match condition {
        Condition::Not => return Meaning::Aside("negated conditions"),
        Condition::Matches => return Meaning::Aside("regular expressions"),
        Condition::Range => return Meaning::Aside("ranges of values"),
        Condition::Unknown => return Meaning::Aside("conditions that are not known"),
        _ => {}
    }
    match term {
        Term::Host => host(condition, content),
        Term::Address if condition == Condition::Is || is_address(content) => {
            Meaning::Entry(Kind::Address, content)
        }
        Term::Address => Meaning::Aside("parts of addresses"),
        Term::Url => url(condition, content),
        Term::Aside(what) => Meaning::Aside(what),
    }
}

fn host(condition: Condition, content: &str) -> Meaning<'_> {
    // `.evil.example` at the end of a name: the domain is meant, with or without something before it.
    let name = content.strip_prefix('.').unwrap_or(content);
    if condition == Condition::Is || is_name(name) {
        return if is_address(content) {
            Meaning::Entry(Kind::Address, content)
        } else {
            Meaning::Entry(Kind::Domain, name)
        };
    }
    match condition {
        Condition::Contains if is_address(content) => Meaning::Entry(Kind::Address, content),
        // No part of a name either: left to whoever judges names.
        Condition::Contains if !has_name_characters(content) => {
            Meaning::Entry(Kind::Domain, content)
        }
        Condition::Contains if is_keyword(content) => Meaning::Entry(Kind::Keyword, content),
        Condition::Contains => Meaning::Aside("parts of names that are too short or too common"),
        _ => Meaning::Aside("beginnings and ends of names"),
    }
}

fn url(condition: Condition, content: &str) -> Meaning<'_> {
    let rest = content.split_once("://").map_or(content, |(_, rest)| rest);
    let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host = host.rsplit('@').next().unwrap_or_default();
    let (before_port, after) = host.rsplit_once(':').unwrap_or((host, ""));
    let host = if after.bytes().all(|byte| byte.is_ascii_digit()) {
        before_port
    } else {
        host
    };
    let bracketed = host
        .strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'));
    let whole = is_name(host) || is_address(bracketed.unwrap_or(host));
    match condition {
        _ if !whole => Meaning::Aside("parts of URLs without a host"),
        Condition::EndsWith => Meaning::Aside("ends of URLs"),
        // `gate.php` has the form of a name. Nobody owns a top-level domain that programs end with.
        _ if rest == content && is_script(host) => Meaning::Aside("parts of URLs without a host"),
        // Somewhere in a URL: in the place of the host, as that is what it has the form of.
        Condition::Contains if rest == content && rest.len() == host.len() => {
            if is_address(host) {
                Meaning::Entry(Kind::Address, content)
            } else {
                Meaning::Entry(Kind::Domain, content)
            }
        }
        _ if rest.contains(['/', '?', '#']) => Meaning::Entry(Kind::Url, content),
        _ => Meaning::FrontPage(content),
    }
}

fn is_script(name: &str) -> bool {
    let end = name.rsplit('.').next().unwrap_or_default();
    let ends = [
        "php", "asp", "aspx", "jsp", "cgi", "exe", "dll", "html", "htm", "js", "gif", "jpg",
        "jpeg", "png", "txt", "xml", "json", "css", "bin", "dat", "rar", "swf", "jar", "apk",
        "doc", "docx", "xls", "pdf", "hta", "ini", "cfg", "msi", "bat", "vbs",
    ];
    ends.contains(&end.to_ascii_lowercase().as_str())
}

/// Whether a text has the form of a full domain name: at least two labels, the last of letters or `xn--`.
pub(super) fn is_name(text: &str) -> bool {
    let text = text.strip_suffix('.').unwrap_or(text);
    let label = |label: &str| {
        !label.is_empty()
            && label.len() <= 63
            && !label.starts_with('-')
            && label
                .chars()
                .all(|c| c.is_alphanumeric() || matches!(c, '-' | '_'))
    };
    let Some((_, last)) = text.rsplit_once('.') else {
        return false;
    };
    let top = last.starts_with("xn--")
        || (last.chars().count() > 1 && last.chars().all(char::is_alphabetic));
    text.len() <= 253 && text.split('.').all(label) && top
}

/// An address or a network.
fn is_address(text: &str) -> bool {
    let (address, prefix) = text.split_once('/').unwrap_or((text, "0"));
    address.parse::<std::net::IpAddr>().is_ok() && prefix.parse::<u8>().is_ok()
}

/// Parts of many names of innocents.
const COMMON: [&str; 44] = [
    "account",
    "accounts",
    "amazon",
    "android",
    "appleid",
    "banking",
    "browser",
    "client",
    "cloudflare",
    "cloudfront",
    "connect",
    "content",
    "control",
    "domain",
    "download",
    "dropbox",
    "dyndns",
    "exchange",
    "facebook",
    "github",
    "google",
    "hotmail",
    "instagram",
    "iphone",
    "linkedin",
    "mailer",
    "microsoft",
    "mobile",
    "office",
    "online",
    "outlook",
    "paypal",
    "portal",
    "secure",
    "security",
    "server",
    "service",
    "services",
    "static",
    "support",
    "twitter",
    "update",
    "updates",
    "windows",
];

fn has_name_characters(text: &str) -> bool {
    let mut characters = text.chars();
    characters.all(|c| c.is_alphanumeric() || matches!(c, '.' | '-' | '_'))
}

/// Whether a part of a name is long and rare enough to be looked for in all names.
fn is_keyword(text: &str) -> bool {
    let bare = text.trim_matches(['.', '-', '_']);
    bare.len() >= 6
        && bare.is_ascii()
        && bare.bytes().any(|byte| byte.is_ascii_alphabetic())
        && !COMMON.contains(&bare.to_ascii_lowercase().as_str())
}

#[cfg(test)]
#[path = "terms_tests.rs"]
mod tests;
