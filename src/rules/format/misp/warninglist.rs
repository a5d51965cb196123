//! MISP warning lists: names and addresses of innocents that turn up among indicators. They excuse, they never alert.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::super::listing::{Listing, Refused};
use super::super::place::clip;
use super::head::Head;
use super::json::{self, Scalar, each, plain};

/// The most entries. The longest lists that are published have a million.
const MAX_ENTRIES: usize = 2_000_000;
/// The longest entry, in bytes. No name or network is longer.
const MAX_ENTRY: usize = 1024;

/// Whether a file that begins like this is in this format. `head`: up to 64 KiB of it, cut behind a line where there is one.
pub(in crate::rules) fn is(head: &[u8]) -> bool {
    let Some(head) = Head::scan(head) else {
        return false;
    };
    let about = ["name", "description", "matching_attributes", "version"];
    // A long list may come before all else and fill the head.
    let cut = !head.whole && head.has("/list/[]=text") && head.roots().count() == 1;
    head.has("/list=[]") && !head.has("/list/[]={}") && (head.count("", &about) > 0 || cut)
}

/// # Errors
/// Always: nothing in such a list is an indicator.
pub(in crate::rules) fn read(text: &[u8], _: &mut dyn Listing) -> Result<(), Refused> {
    let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
    json::check(text)?;
    let name = parse(text).ok().and_then(|list| named(&list));
    Err(Refused {
        line: None,
        what: format!(
            "a MISP warning list{}: it excuses innocent names and addresses, and none of them is an indicator",
            name.map(|name| format!(" ({name})")).unwrap_or_default()
        ),
        fix: "give it with `--allow` instead, so that what it lists raises no alert".into(),
    })
}

/// The name of a warning list, and what it lists, for use as a list of what is allowed: names, addresses, networks.
/// A dot before a name, which stands for all names below, is taken off.
///
/// # Errors
/// Where it is no warning list, has more than two million entries, or lists what is no name or address: regular
/// expressions, parts of texts, hashes. Says which.
pub(in crate::rules) fn entries(text: &[u8]) -> Result<(String, Vec<String>), Refused> {
    let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
    json::check(text)?;
    let list = parse(text)?;
    let name = named(&list).unwrap_or_else(|| "unnamed warning list".into());
    let refuse = |what: String, fix: &str| Refused {
        line: None,
        what: format!("{name}: {what}"),
        fix: fix.into(),
    };
    let kind = list.kind.text().unwrap_or("string"); // As MISP takes it where it is missing.
    if !matches!(kind, "hostname" | "string" | "cidr") {
        let kind = clip(kind, 80);
        return Err(refuse(
            format!("a warning list of type {kind:?} does not list names or addresses"),
            "give one of type hostname, string or cidr",
        ));
    }
    if !concerns_network(list.matching_attributes) {
        return Err(refuse(
            "it is about things that are no names or addresses".into(),
            "leave it out: no alert is about them",
        ));
    }
    let Some(pieces) = list.list else {
        return Err(refuse("it has no `list`".into(), "get the file again"));
    };
    let mut entries = Vec::new();
    let (mut count, mut bad) = (0_usize, None);
    let done = each(pieces, &mut |piece| {
        count = count.saturating_add(1);
        match entry(piece) {
            Some(entry) if count <= MAX_ENTRIES => entries.push(entry),
            Some(_) => {}
            None => bad = bad.or(Some(count)),
        }
    });
    done.map_err(|what| refuse(what, "get the file again"))?;
    if count > MAX_ENTRIES {
        return Err(refuse(
            format!("more than {MAX_ENTRIES} entries"),
            "give a shorter list",
        ));
    }
    if let Some(number) = bad {
        return Err(refuse(
            format!("entry {number} of `list` is no name or address"),
            "take it out, or get the file again",
        ));
    }
    Ok((name, entries))
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct List<'t> {
    #[serde(borrow)]
    name: Scalar<'t>,
    #[serde(borrow, rename = "type")]
    kind: Scalar<'t>,
    #[serde(borrow)]
    matching_attributes: Option<&'t RawValue>,
    #[serde(borrow)]
    list: Option<&'t RawValue>,
}

fn parse(text: &[u8]) -> Result<List<'_>, Refused> {
    if !text.trim_ascii_start().starts_with(b"{") {
        return Err(Refused {
            line: None,
            what: "no MISP warning list: not an object".into(),
            fix: "give the `list.json` of a warning list".into(),
        });
    }
    serde_json::from_slice(text).map_err(|error| Refused {
        line: Some(error.line()),
        what: format!("no MISP warning list: {}", plain(&error)),
        fix: "get the file again".into(),
    })
}

fn named(list: &List<'_>) -> Option<String> {
    super::super::place::clipped(list.name.text()?, 200)
}

/// Whether a list is about what a network shows; yes where it does not say.
fn concerns_network(attributes: Option<&RawValue>) -> bool {
    let (mut any, mut network) = (false, false);
    json::each_of(attributes, &mut |piece| {
        let kind: Option<Scalar<'_>> = serde_json::from_str(piece.get()).ok();
        if let Some(kind) = kind.as_ref().and_then(Scalar::text) {
            any = true;
            network |= ["domain", "hostname", "ip-", "url", "uri"]
                .iter()
                .any(|start| kind.starts_with(start));
        }
    });
    network || !any
}

fn entry(piece: &RawValue) -> Option<String> {
    let entry: Scalar<'_> = serde_json::from_str(piece.get()).ok()?;
    let entry = entry.text()?;
    let entry = entry.strip_prefix('.').unwrap_or(entry);
    (!entry.is_empty() && entry.len() <= MAX_ENTRY).then(|| entry.to_owned())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::super::listing::Kept;
    use super::*;

    fn list(kind: &str, attributes: &str, entries: &str) -> String {
        format!(
            "{{\n \"description\": \"Names of innocents\",\n \"list\": [{entries}],\n \
             \"matching_attributes\": [{attributes}],\n \"name\": \"Innocents\",\n \"type\": \"{kind}\",\n \"version\": 7\n}}"
        )
    }

    #[test]
    fn entries_are_given_with_the_name() {
        let text = list(
            "hostname",
            "\"hostname\",\"domain\"",
            "\".a.example\", \"b.example\"",
        );
        assert!(is(text.as_bytes()));
        let want = (
            "Innocents".into(),
            vec!["a.example".into(), "b.example".into()],
        );
        assert_eq!(entries(text.as_bytes()), Ok(want));
        let text = list("cidr", "\"ip-src\"", "\"192.0.2.0/24\"");
        assert_eq!(entries(text.as_bytes()).unwrap().1, ["192.0.2.0/24"]);
        assert_eq!(
            entries(list("string", "", "").as_bytes()).unwrap().1.len(),
            0
        );
    }

    #[test]
    fn it_never_alerts() {
        let mut kept = Kept::default();
        let text = list("string", "\"domain\"", "\"a.example\"");
        let refused = read(text.as_bytes(), &mut kept).unwrap_err();
        assert!(
            refused.what.contains("(Innocents)") && refused.fix.contains("--allow"),
            "{refused:?}"
        );
        assert_eq!(kept, Kept::default());
    }

    #[test]
    fn what_cannot_excuse_names_is_refused() {
        for (text, what) in [
            (list("regex", "\"domain\"", "\".*\""), "type \"regex\""),
            (
                list("substring", "\"domain\"", "\"a\""),
                "type \"substring\"",
            ),
            (
                list("string", "\"md5\"", "\"d41d8cd98f00b204e9800998ecf8427e\""),
                "no names",
            ),
            (list("string", "\"domain\"", "\"a.example\", 7"), "entry 2"),
            (
                list("string", "\"domain\"", "\"a.example\", \"\""),
                "entry 2",
            ),
            ("{\"name\":\"x\"}".into(), "no `list`"),
            ("{\"list\":7}".into(), "unnamed"),
            ("[]".into(), "no MISP warning list"),
            (String::new(), "no JSON"),
            ("{\"list\":[".into(), "ends in the middle"),
        ] {
            let refused = entries(text.as_bytes()).unwrap_err();
            assert!(refused.what.contains(what), "{refused:?}");
        }
    }

    #[test]
    fn a_head_that_is_cut_is_told() {
        assert!(is(b"{\"list\": [\n\"a.example\",\n"));
        assert!(is(b"{\"name\": \"x\", \"list\": [\n"));
        assert!(!is(b"{\"list\": [\"a.example\"]}"));
        assert!(!is(b"{\"list\": [{\"name\": 1}], \"name\": 2}"));
        assert!(!is(b"[\"a.example\"]"));
    }

    proptest! {
        #[test]
        fn what_was_written_is_read_back(names in proptest::collection::vec("[a-z]{1,9}\\.example", 0..20)) {
            let json = serde_json::to_string(&names).unwrap();
            let text = list("hostname", "\"domain\"", json.trim_matches(['[', ']']));
            prop_assert_eq!(entries(text.as_bytes()).unwrap().1, names);
        }

        #[test]
        fn any_bytes_do(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = is(&bytes);
            let _ = entries(&bytes);
            prop_assert!(read(&bytes, &mut Kept::default()).is_err());
        }
    }
}
