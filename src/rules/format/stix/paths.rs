//! What the object paths of STIX patterns stand for, and what their values are as entries.

use std::borrow::Cow;
use std::net::IpAddr;

use super::super::listing::Kind;
use super::pattern::{Operator, Path, Test};

/// What a comparison is about. Of those that a network shows and an entry can say, the first is the most specific.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Role {
    Url,
    Domain,
    /// A name that stands for one host: `hostname:value`, the Host header, SNI.
    Host,
    Sha256,
    Sha1,
    Serial,
    Address,
    Ja4,
    Ja3,
    /// Where traffic comes from.
    Source,
    /// The port that traffic goes to.
    Port,
    /// What is asked for by HTTP.
    Request,
    /// What a name points to.
    Resolved,
    /// What goes without saying beside the rest (`protocols[*] = 'tcp'`).
    Neutral,
    /// More about a certificate: whom it is for, its other hashes.
    CertificateDetail,
    /// Anything else, by its plural name.
    Other(&'static str),
}

impl Role {
    /// Whether it can be an entry by itself.
    pub(super) const fn is_listed(self) -> bool {
        !matches!(
            self,
            Self::Port
                | Self::Request
                | Self::Resolved
                | Self::Neutral
                | Self::CertificateDetail
                | Self::Other(_)
        )
    }

    /// The plural name of such things that stand alone.
    pub(super) const fn plural(self) -> &'static str {
        match self {
            Self::Port => "ports without an address",
            Self::Request => "paths without a host",
            Self::Resolved => "addresses that names point to",
            Self::CertificateDetail => "certificate details",
            Self::Other(plural) => plural,
            _ => "other properties of traffic",
        }
    }
}

const WILDCARDS: &str = "values with wildcards";
const PRINTS: &str = "fingerprints of other kinds";

/// What the comparison is about.
pub(super) fn role(test: &Test<'_>) -> Role {
    if test.operator == Operator::Matches {
        return Role::Other("regular expressions");
    }
    let Path { object, steps } = &test.path;
    let object = object.to_ascii_lowercase();
    let steps: Vec<String> = steps.iter().map(|step| step.to_ascii_lowercase()).collect();
    let steps: Vec<&str> = steps.iter().map(String::as_str).collect();
    let role = of_path(&object, &steps);
    if test.negated && role != Role::Neutral {
        return Role::Other("negated comparisons");
    }
    match test.operator {
        Operator::Other if role.is_listed() || role == Role::Port => {
            Role::Other("ranges of values")
        }
        Operator::Subset if !matches!(role, Role::Address | Role::Source) => {
            Role::Other("ranges of values")
        }
        _ if role == Role::Address && test.values.iter().any(|value| is_name(test, value)) => {
            Role::Domain
        }
        _ if role != Role::Request => role,
        // A whole URL where a path is expected.
        _ if test.values.iter().all(|value| value.contains("://")) => Role::Url,
        Operator::Equal if test.values.iter().all(|value| value.starts_with('/')) => role,
        _ => Role::Other(role.plural()),
    }
}

fn of_path(object: &str, steps: &[&str]) -> Role {
    if let Some(print) = fingerprint(object, steps) {
        return print;
    }
    match (object, steps) {
        ("domain-name", ["value"]) => Role::Domain,
        ("domain-name", ["resolves_to_refs", ..]) => Role::Resolved,
        ("hostname" | "x-opencti-hostname", ["value"]) => Role::Host,
        ("url", ["value"]) => Role::Url,
        ("ipv4-addr" | "ipv6-addr", ["value"]) => Role::Address,
        // Whether it is a name is up to its value.
        ("network-traffic", ["dst_ref", "value"]) => Role::Address,
        ("network-traffic", ["src_ref", "value"]) => Role::Source,
        ("network-traffic", ["dst_port"]) => Role::Port,
        ("network-traffic", ["protocols" | "is_active"] | ["dst_ref" | "src_ref", "type"]) => {
            Role::Neutral
        }
        ("network-traffic", ["extensions", "http-request-ext" | "http-ext", rest @ ..])
        | ("http-request-ext", rest) => http(rest),
        ("network-traffic", [.., "server_name" | "sni"]) => Role::Host,
        ("x509-certificate", ["hashes", algorithm]) => match squeezed(algorithm).as_str() {
            "sha256" => Role::Sha256,
            "sha1" => Role::Sha1,
            _ => Role::CertificateDetail,
        },
        ("x509-certificate", ["serial_number"]) => Role::Serial,
        ("x509-certificate", _) => Role::CertificateDetail,
        ("domain-name" | "url" | "ipv4-addr" | "ipv6-addr" | "network-traffic", [step])
            if step.starts_with("x_") =>
        {
            Role::Neutral
        }
        _ => Role::Other(unseen(object, steps)),
    }
}

fn http(steps: &[&str]) -> Role {
    match steps {
        ["request_header", "host"] => Role::Host,
        ["request_header", "user-agent"] => Role::Other("user agents"),
        ["request_header", ..] => Role::Other("HTTP headers"),
        ["request_value"] => Role::Request,
        ["request_method" | "request_version"] => Role::Neutral,
        _ => Role::Other("other properties of traffic"),
    }
}

/// There is no standard property for TLS fingerprints, so producers make names of their own that have the method in them
/// (`x_ja3_hash`, `extensions.'ja3-ext'.value`). The last that is named counts.
fn fingerprint(object: &str, steps: &[&str]) -> Option<Role> {
    let steps = steps.iter().copied();
    let words = std::iter::once(object)
        .chain(steps)
        .flat_map(|step| step.split(|mark: char| !mark.is_ascii_alphanumeric()));
    words.rev().find_map(of_word)
}

fn of_word(word: &str) -> Option<Role> {
    match word {
        "ja3" => Some(Role::Ja3),
        "ja4" => Some(Role::Ja4),
        "ja3s" | "ja4s" | "ja4h" | "ja4x" | "ja4l" | "ja4t" | "ja4ts" | "ja4ssh" | "jarm"
        | "hassh" | "hasshserver" => Some(Role::Other(PRINTS)),
        _ => None,
    }
}

/// Less marks, so that `SHA-256`, `sha256` and `SHA_256` are the same.
fn squeezed(algorithm: &str) -> String {
    let kept = algorithm.chars().filter(char::is_ascii_alphanumeric);
    kept.map(|mark| mark.to_ascii_lowercase()).collect()
}

/// The plural name of what no network shows, or not so that a list could say it.
fn unseen(object: &str, steps: &[&str]) -> &'static str {
    match (object, steps) {
        ("file" | "artifact", ["hashes", ..]) => "file hashes",
        ("file", ["name"]) => "file names",
        ("file", ["path", ..] | ["parent_directory_ref", ..]) | ("directory", _) => "file paths",
        ("file" | "artifact", _) => "file properties",
        ("process", ["name"] | ["binary_ref" | "image_ref", "name"]) => "process names",
        ("process", ["command_line" | "arguments"]) => "command lines",
        ("process", _) => "process properties",
        ("email-addr", _) | ("email-message", [.., "value"]) => "e-mail addresses",
        ("email-message", _) => "e-mail messages",
        ("app", ["id"]) => "app ids",
        ("app", ["cert", ..]) => "app certificates",
        ("app", _) => "app properties",
        ("android-property", _) => "Android properties",
        ("configuration-profile", _) => "configuration profiles",
        ("windows-registry-key", _) => "registry keys",
        ("mutex", _) => "mutexes",
        ("user-account", _) => "user accounts",
        ("user-agent", _) => "user agents",
        ("software", _) => "software names",
        ("autonomous-system", _) => "autonomous systems",
        ("mac-addr", _) => "MAC addresses",
        ("phone-number", _) => "phone numbers",
        ("cryptocurrency-wallet" | "cryptocurrency", _) => "cryptocurrency wallets",
        ("domain-name" | "url" | "ipv4-addr" | "ipv6-addr" | "network-traffic", _) => {
            "other properties of traffic"
        }
        _ => "custom objects",
    }
}

/// A value as an entry, or why it is none.
pub(super) type Listed<'v> = Result<(Kind, Cow<'v, str>), &'static str>;

/// What the value of such a comparison is as an entry.
pub(super) fn listed<'v>(role: Role, test: &Test<'_>, value: &'v str) -> Listed<'v> {
    let value = value.trim();
    if test.operator == Operator::Like && (value.contains('%') || is_blurred(role, value)) {
        return like(role, value);
    }
    Ok(match role {
        Role::Url => (Kind::Url, Cow::Borrowed(value)),
        Role::Domain if is_traffic(test) && !is_name(test, value) => {
            (Kind::Address, Cow::Borrowed(value))
        }
        Role::Domain => name(Kind::Domain, value),
        Role::Host => host(value),
        Role::Source if is_name(test, value) => name(Kind::Domain, value),
        Role::Address | Role::Source => (Kind::Address, Cow::Borrowed(value)),
        Role::Sha256 | Role::Sha1 => (Kind::Certificate, without_colons(value)),
        Role::Serial => {
            let digits = without_colons(value);
            let digits = digits.strip_prefix("0x").unwrap_or(&digits);
            (Kind::Certificate, Cow::Owned(format!("serial:{digits}")))
        }
        // What is no hash is what the hash is made of, or a remark.
        Role::Ja3 if value.bytes().all(|byte| byte.is_ascii_hexdigit()) => {
            (Kind::Ja3, Cow::Borrowed(value))
        }
        Role::Ja4 if value.split('_').count() == 3 => (Kind::Ja4, Cow::Borrowed(value)),
        Role::Ja3 | Role::Ja4 => return Err(PRINTS),
        other => return Err(other.plural()),
    })
}

/// `_` is any character in LIKE. In names and addresses that would be something; in URLs it is meant as it stands.
fn is_blurred(role: Role, value: &str) -> bool {
    role != Role::Url && value.contains('_')
}

/// Whether `dst_ref.value` has a name. `ipv4-addr:value` has none, whatever stands there.
fn is_name(test: &Test<'_>, value: &str) -> bool {
    let last = value.rsplit('.').next().unwrap_or_default();
    let is_number = last.bytes().all(|byte| byte.is_ascii_digit());
    is_traffic(test) && !value.contains([':', '/']) && !is_number && last != "%"
}

fn is_traffic(test: &Test<'_>) -> bool {
    test.path.object.eq_ignore_ascii_case("network-traffic")
}

fn name(kind: Kind, value: &str) -> (Kind, Cow<'_, str>) {
    match value.strip_prefix("*.") {
        Some(parent) => (Kind::Below, Cow::Borrowed(parent)),
        None => (kind, Cow::Borrowed(value)),
    }
}

/// `HOST` or `HOST:PORT`, of which the port counts with addresses only.
fn host(value: &str) -> (Kind, Cow<'_, str>) {
    let (bare, port) = match value.rsplit_once(':') {
        Some((bare, port)) if !port.is_empty() && !bare.contains(':') || bare.ends_with(']') => {
            (bare, port)
        }
        _ => (value, ""),
    };
    let unbracketed = bare.trim_start_matches('[').trim_end_matches(']');
    if unbracketed.parse::<IpAddr>().is_err() {
        name(Kind::Exact, bare)
    } else if port.is_empty() {
        (Kind::Address, Cow::Borrowed(unbracketed))
    } else {
        (Kind::Address, Cow::Borrowed(value))
    }
}

fn without_colons(value: &str) -> Cow<'_, str> {
    if value.contains([':', ' ']) {
        Cow::Owned(value.replace([':', ' '], ""))
    } else {
        Cow::Borrowed(value)
    }
}

/// What a value with wildcards is, where a list can say it.
fn like(role: Role, value: &str) -> Listed<'_> {
    let found = match role {
        Role::Domain | Role::Host => like_name(value),
        Role::Url => like_url(value),
        Role::Address | Role::Source => like_address(value),
        _ => None,
    };
    found.ok_or(WILDCARDS)
}

fn like_name(value: &str) -> Option<(Kind, Cow<'_, str>)> {
    let end = value.strip_prefix('%')?;
    let (kind, text) = if let Some(middle) = end.strip_suffix('%') {
        (Kind::Keyword, middle)
    } else if let Some(parent) = end.strip_prefix('.') {
        (Kind::Below, parent)
    } else {
        // `%evil.example` is also `notevil.example`, which hardly anyone means.
        (Kind::Domain, end.contains('.').then_some(end)?)
    };
    let plain = !text.is_empty() && !text.contains(['%', '_']);
    plain.then_some((kind, Cow::Borrowed(text)))
}

/// `https://HOST/%`: everything on a host.
fn like_url(value: &str) -> Option<(Kind, Cow<'_, str>)> {
    let (scheme, rest) = value.split_once("://")?;
    let whole = rest.strip_suffix('%')?;
    let whole = whole.strip_suffix('/').unwrap_or(whole);
    let any_scheme = ["http", "https", "http%", "%", "http_"];
    let plain = any_scheme
        .iter()
        .any(|any| any.eq_ignore_ascii_case(scheme))
        && !whole.is_empty()
        && !whole.contains(['%', '/', '@', '?']);
    plain.then(|| host(whole))
}

/// `192.0.2.%`: a network.
fn like_address(value: &str) -> Option<(Kind, Cow<'_, str>)> {
    let parts: Vec<&str> = value.strip_suffix(".%")?.splitn(4, '.').collect();
    let all_numbers = parts.iter().all(|part| part.parse::<u8>().is_ok());
    let (rest, prefix) = match parts.len() {
        2 => (".0.0", 16),
        3 => (".0", 24),
        _ => return None,
    };
    all_numbers.then(|| {
        let network = format!("{}{rest}/{prefix}", parts.join("."));
        (Kind::Address, Cow::Owned(network))
    })
}
