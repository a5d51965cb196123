//! The index of public lists that the Mobile Verification Toolkit (MVT) updates from: `indicators.yaml`.
//!
//! Each entry has `name` and either `github` (owner, repo, branch, path) or `download_url`. Keys that are not known are
//! passed over, so that a newer index still works; an entry that cannot be used is refused alone.

use serde::Deserialize;
use serde::de::IgnoredAny;

use super::address::Address;
use crate::feeds::FeedName;
use crate::problem::Plain;

/// The index of the MVT project.
pub const DEFAULT_INDEX: &str =
    "https://raw.githubusercontent.com/mvt-project/mvt-indicators/main/indicators.yaml";
/// Where files of GitHub repositories are read from; `OWNER/REPO/BRANCH/PATH` follows.
pub const GITHUB_RAW: &str = "https://raw.githubusercontent.com";
/// The index in a copy on disk.
pub(super) const FILE: &str = "indicators.yaml";

/// Largest index in bytes.
pub(super) const MAX_BYTES: u64 = 256 << 10;
/// Most entries.
const MAX_ENTRIES: usize = 256;
/// Brackets that may be open; the YAML library takes quadratic time for them, and the format needs none.
const MAX_BRACKETS: usize = 64;
/// Longest title in characters.
const MAX_TITLE: usize = 200;

/// A list that the index names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Listed {
    pub(super) title: String,
    pub(super) name: FeedName,
    pub(super) address: Address,
    /// Where it stands in a copy on disk, and the folders that may stand before that: owner and repository, or host.
    pub(super) path: Vec<String>,
    pub(super) before: Vec<String>,
}

impl Listed {
    /// Who gives it out: the owner of the repository, or the host.
    pub(super) fn publisher(&self) -> &str {
        self.before.first().map_or("", String::as_str)
    }
}

/// An entry: a list, or what is wrong with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Entry {
    List(Box<Listed>),
    Refused { title: String, why: String },
}

#[derive(Deserialize)]
struct File {
    indicators: Vec<MaybeItem>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum MaybeItem {
    Item(Box<Item>),
    Odd(IgnoredAny),
}

#[derive(Deserialize)]
struct Item {
    #[serde(rename = "type", default)]
    kind: Option<String>,
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    github: Option<Github>,
    #[serde(default)]
    download_url: Option<String>,
}

#[derive(Deserialize)]
struct Github {
    owner: String,
    repo: String,
    #[serde(default)]
    branch: Option<String>,
    path: String,
}

/// Reads an index. `github_raw` is where files of GitHub are read from. `http` is allowed in it only for this machine.
///
/// # Errors
///
/// It is no index at all.
pub(super) fn parse(bytes: &[u8], github_raw: &str) -> Result<Vec<Entry>, String> {
    let text = std::str::from_utf8(bytes).map_err(|e| format!("not UTF-8: {e}"))?;
    guard(text)?;
    let file: File =
        serde_yaml::from_str(text).map_err(|e| format!("not the form of an index of MVT: {e}"))?;
    if file.indicators.is_empty() {
        return Err("it names no lists".into());
    }
    if file.indicators.len() > MAX_ENTRIES {
        return Err(format!("it names more than {MAX_ENTRIES} lists"));
    }
    let mut entries: Vec<Entry> = Vec::with_capacity(file.indicators.len());
    for item in file.indicators {
        let entry = match item {
            MaybeItem::Item(item) => read(*item, github_raw),
            MaybeItem::Odd(_) => Entry::Refused {
                title: String::new(),
                why: "an entry is not of the form that it should have".into(),
            },
        };
        entries.push(without_twin(entry, &entries));
    }
    Ok(entries)
}

/// Refuses what the YAML library would take too much time or memory for. An index has no use for anchors.
fn guard(text: &str) -> Result<(), String> {
    if u64::try_from(text.len()).unwrap_or(u64::MAX) > MAX_BYTES {
        return Err(format!("larger than {MAX_BYTES} bytes"));
    }
    let brackets = text.bytes().filter(|b| matches!(b, b'[' | b'{')).count();
    if brackets > MAX_BRACKETS {
        return Err(format!("more than {MAX_BRACKETS} brackets"));
    }
    let (mut older, mut before) = (b'\n', b'\n');
    for byte in text.bytes() {
        let after_gap = older.is_ascii_whitespace() || matches!(older, b'[' | b'{' | b',' | b':');
        let begins_name = byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
        if after_gap && matches!(before, b'&' | b'*') && begins_name {
            return Err("anchors and aliases of YAML are not read".into());
        }
        (older, before) = (before, byte);
    }
    Ok(())
}

fn read(item: Item, github_raw: &str) -> Entry {
    let title: String = item
        .name
        .unwrap_or_default()
        .chars()
        .take(MAX_TITLE)
        .collect();
    let listed = match (&item.github, &item.download_url) {
        (Some(github), _) if item.kind.as_deref().is_none_or(|kind| kind == "github") => {
            of_github(github, github_raw)
        }
        (_, Some(url)) => of_url(url),
        (_, None) => Err(format!(
            "neither github nor download_url says where it is (type {:?})",
            item.kind.unwrap_or_default()
        )),
    };
    match listed {
        Ok((address, name, path, before)) => Entry::List(Box::new(Listed {
            title: Plain(&title).to_string(),
            name,
            address,
            path,
            before,
        })),
        Err(why) => Entry::Refused { title, why },
    }
}

type Found = (Address, FeedName, Vec<String>, Vec<String>);

fn of_github(github: &Github, raw: &str) -> Result<Found, String> {
    let branch = github.branch.as_deref().unwrap_or("main");
    let path = github.path.trim_start_matches('/');
    let folders = [github.owner.as_str(), &github.repo];
    for (key, value) in [
        ("owner", folders[0]),
        ("repo", folders[1]),
        ("branch", branch),
        ("path", path),
    ] {
        let one = matches!(key, "owner" | "repo");
        if value.split('/').any(|part| !is_plain(part)) || (one && value.contains('/')) {
            return Err(format!("github.{key} is {value:?}, which is refused"));
        }
    }
    let url = format!("{raw}/{}/{}/{branch}/{path}", folders[0], folders[1]);
    let address = Address::parse(&url, false).map_err(|e| e.to_string())?;
    // The branch is left out: the list stays the same when it is renamed.
    let parts = [folders[0], folders[1], path];
    found(address, &parts, path, &folders)
}

fn of_url(url: &str) -> Result<Found, String> {
    let address = Address::parse(url, false).map_err(|e| e.to_string())?;
    let path = address.path().trim_matches('/').to_owned();
    if path.split('/').any(|part| !is_plain(part)) {
        return Err(format!("the path of {url:?} is refused"));
    }
    let host = address.host().to_owned();
    found(address, &[&host, &path], &path, &[&host])
}

fn found(address: Address, parts: &[&str], path: &str, before: &[&str]) -> Result<Found, String> {
    let name = FeedName::from_parts(parts.iter().copied())
        .ok_or_else(|| format!("no file name can be made of {parts:?}"))?;
    let path = path.split('/').map(str::to_owned).collect();
    let before = before.iter().map(|part| (*part).to_owned()).collect();
    Ok((address, name, path, before))
}

/// What may stand between slashes: no way up, nothing that ends the path, nothing that needs an escape.
fn is_plain(part: &str) -> bool {
    !part.is_empty()
        && part != "."
        && part != ".."
        && part
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "._-+~@,()=".contains(c))
}

/// Of two lists that would be one file, the first counts.
fn without_twin(entry: Entry, before: &[Entry]) -> Entry {
    let Entry::List(listed) = &entry else {
        return entry;
    };
    let same = before.iter().any(|other| match other {
        Entry::List(other) => other.name == listed.name,
        Entry::Refused { .. } => false,
    });
    if !same {
        return entry;
    }
    Entry::Refused {
        title: listed.title.clone(),
        why: format!("another entry before it is kept as {} already", listed.name),
    }
}

#[cfg(test)]
#[path = "index_tests.rs"]
mod tests;
