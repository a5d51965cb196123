//! Listed URLs, and the index that finds the one that an HTTP request is for.
//!
//! A listed path applies to itself and to what goes on behind it at a boundary: `/a` to `/a`, `/a/b`, `/a?c`
//! and `/a#d`, not to `/ab`; `/a/` to all below it; `/a?b=1` to `/a?b=1&c=2`. So `/` applies to all of the
//! host. Scheme and port do not matter here: whoever asks for the path at the host is told.

mod normal;
mod text;

use std::cmp::Ordering;
use std::collections::HashMap;
use std::io::Write as _;
use std::net::Ipv6Addr;

use foldhash::fast::RandomState;

use super::super::domain::Refusal;
use super::refuse::refuse;
use crate::words::{lower, mix};
use normal::{Normal, is_normal};
pub(in crate::rules) use text::{Url, parse_url};

/// How many URLs may be listed.
pub(in crate::rules) const MAX_URLS: usize = 1 << 24;
/// In place of a host or a path: there is none.
const NONE: u32 = u32::MAX;

/// The set of listed URLs. Immutable once built; lookups allocate nothing.
#[derive(Debug)]
pub(in crate::rules) struct Urls {
    /// Hosts and paths, one behind the other.
    texts: Vec<u8>,
    /// In order.
    hosts: Vec<Host>,
    /// The paths of each host, in order.
    paths: Vec<Path>,
    /// By the hash of its name, the last host that has it.
    index: HashMap<u64, u32, RandomState>,
}

#[derive(Debug, Clone, Copy)]
struct Text {
    start: u32,
    length: u32,
}

#[derive(Debug, Clone, Copy)]
struct Host {
    name: Text,
    /// Its first path; the next host's is its end.
    paths: u32,
    /// The host before it that has the same hash, or [`NONE`].
    other: u32,
}

#[derive(Debug, Clone, Copy)]
struct Path {
    path: Text,
    /// The longest listed path of the host that this one begins with, or [`NONE`].
    shorter: u32,
    number: u32,
}

impl Urls {
    /// Of these URLs, numbered from 0 in their order. Of those with the same host and path the first
    /// number counts.
    ///
    /// # Errors
    /// When there are more than [`MAX_URLS`], or they have 4 GiB of text.
    pub(in crate::rules) fn new<'u>(
        urls: impl IntoIterator<Item = &'u Url>,
    ) -> Result<Self, Refusal> {
        let mut items: Vec<(&str, &str, u32)> = Vec::new();
        let mut bytes = 0_usize;
        for (number, url) in urls.into_iter().enumerate() {
            items.push((url.host(), url.path(), number as u32));
            bytes = bytes
                .saturating_add(url.host().len())
                .saturating_add(url.path().len());
            if number >= MAX_URLS || u32::try_from(bytes).is_err() {
                return Err(refuse(
                    format!("more than {MAX_URLS} URLs, or 4 GiB of them"),
                    "load fewer lists",
                ));
            }
        }
        items.sort_unstable();
        // Of equal ones the lowest number stands first.
        items.dedup_by_key(|(host, path, _)| (*host, *path));
        Ok(Self::sorted(&items))
    }

    fn sorted(items: &[(&str, &str, u32)]) -> Self {
        let (mut texts, mut hosts, mut paths) = (Vec::new(), Vec::new(), Vec::new());
        let mut index = HashMap::default();
        let mut keep = |text: &str| {
            let start = texts.len() as u32;
            texts.extend_from_slice(text.as_bytes());
            Text {
                start,
                length: text.len() as u32,
            }
        };
        for same in items.chunk_by(|a, b| a.0 == b.0) {
            let Some((host, _, _)) = same.first() else {
                continue;
            };
            let other = index.insert(hash(host.as_bytes()), hosts.len() as u32);
            hosts.push(Host {
                name: keep(host),
                paths: paths.len() as u32,
                other: other.unwrap_or(NONE),
            });
            // The listed paths that the one at hand begins with, the shortest first.
            let mut around: Vec<(&str, u32)> = Vec::new();
            for &(_, path, number) in same {
                while let Some((shorter, _)) = around.last()
                    && !path.starts_with(shorter)
                {
                    around.pop();
                }
                let shorter = around.last().map_or(NONE, |(_, at)| *at);
                around.push((path, paths.len() as u32));
                paths.push(Path {
                    path: keep(path),
                    shorter,
                    number,
                });
            }
        }
        texts.shrink_to_fit();
        hosts.shrink_to_fit();
        paths.shrink_to_fit();
        Self {
            texts,
            hosts,
            paths,
            index,
        }
    }

    /// False where no URL of the host is listed. The host is as [`Self::find`] takes it.
    #[cfg(test)]
    #[inline]
    pub(in crate::rules) fn may_have_host(&self, host: &[u8]) -> bool {
        !self.is_empty() && with_host(host, |host| self.index.contains_key(&hash(host)))
    }

    /// The number of the URL with this host and the longest listed path that applies to the target of
    /// a request.
    ///
    /// `host` is a name or an address without a port; case, a final dot and brackets do not matter. `target` is a
    /// path with its query, or a whole URL (RFC 9112, sections 3.2.1 and 3.2.2); other forms are for no
    /// URL.
    pub(in crate::rules) fn find(&self, host: &[u8], target: &[u8]) -> Option<u32> {
        if self.is_empty() {
            return None;
        }
        let paths = with_host(host, |host| self.paths_of(host))?;
        let (target, slash) = path_of(target)?;
        if slash && is_normal(target) {
            return self.longest(
                paths,
                |listed| listed.cmp(target),
                |listed| Some(target.strip_prefix(listed)?.first().copied()),
            );
        }
        // A URL may have no slash behind its host.
        let slash: &[u8] = if slash { b"" } else { b"/" };
        let target = || slash.iter().copied().chain(Normal::new(target));
        self.longest(
            paths,
            |listed| listed.iter().copied().cmp(target()),
            |listed| {
                let mut target = target();
                let same = listed.iter().all(|byte| target.next() == Some(*byte));
                same.then(|| target.next())
            },
        )
    }

    /// The paths of a host: the place of the first, and the place behind the last.
    fn paths_of(&self, host: &[u8]) -> Option<(usize, usize)> {
        let mut at = *self.index.get(&hash(host))? as usize;
        loop {
            let listed = self.hosts.get(at)?;
            if self.text(listed.name).eq_ignore_ascii_case(host) {
                let next = self.hosts.get(at.saturating_add(1));
                let end = next.map_or(self.paths.len(), |next| next.paths as usize);
                return Some((listed.paths as usize, end));
            }
            at = listed.other as usize;
        }
    }

    /// The longest of some paths that applies to a target, of which is known: the order in which a listed path and it
    /// stand, and the byte that follows where it begins with the listed path.
    fn longest(
        &self,
        (begin, end): (usize, usize),
        order: impl Fn(&[u8]) -> Ordering,
        behind: impl Fn(&[u8]) -> Option<Option<u8>>,
    ) -> Option<u32> {
        // The last path that is not behind the target in the order begins with each path that the target begins
        // with.
        let paths = self.paths.get(begin..end)?;
        let before = paths
            .partition_point(|path| order(self.text(path.path)) != Ordering::Greater)
            .checked_sub(1)?;
        let mut at = begin.saturating_add(before);
        loop {
            let path = self.paths.get(at)?;
            let listed = self.text(path.path);
            if behind(listed).is_some_and(|next| applies(listed, next)) {
                return Some(path.number);
            }
            at = path.shorter as usize;
        }
    }

    /// The listed hosts, each once and in order, with the lowest number of its URLs. Addresses are
    /// without brackets.
    #[cfg(test)]
    pub(in crate::rules) fn hosts(&self) -> impl Iterator<Item = (&str, u32)> {
        let ends = self.hosts.iter().skip(1).map(|host| host.paths as usize);
        let ends = ends.chain([self.paths.len()]);
        self.hosts.iter().zip(ends).filter_map(|(host, end)| {
            let paths = self.paths.get(host.paths as usize..end)?;
            let number = paths.iter().map(|path| path.number).min()?;
            Some((std::str::from_utf8(self.text(host.name)).ok()?, number))
        })
    }

    fn text(&self, text: Text) -> &[u8] {
        let start = text.start as usize;
        let end = start.saturating_add(text.length as usize);
        self.texts.get(start..end).unwrap_or_default()
    }

    /// How many different URLs are listed, whatever their schemes and ports.
    #[cfg(test)]
    pub(in crate::rules) fn len(&self) -> usize {
        self.paths.len()
    }

    /// Whether no URL is listed.
    #[inline]
    pub(in crate::rules) fn is_empty(&self) -> bool {
        self.paths.is_empty()
    }

    /// Bytes of heap, roughly.
    pub(in crate::rules) fn memory(&self) -> usize {
        self.texts
            .len()
            .saturating_add(size_of_val(self.hosts.as_slice()))
            .saturating_add(size_of_val(self.paths.as_slice()))
            .saturating_add(self.index.capacity().saturating_mul(20))
    }
}

/// Whether a listed path applies to a target that begins with it, by the byte that follows there.
fn applies(listed: &[u8], next: Option<u8>) -> bool {
    let query = listed.contains(&b'?');
    match next {
        None | Some(b'#') => true,
        Some(next) if query => next == b'&' || listed.ends_with(b"&") || listed.ends_with(b"?"),
        Some(next) => matches!(next, b'/' | b'?') || listed.ends_with(b"/"),
    }
}

/// The path of a request's target, and whether it has its slash. `None` where the target is for
/// no path (`CONNECT host:port`, `OPTIONS *`).
fn path_of(target: &[u8]) -> Option<(&[u8], bool)> {
    if target.first() == Some(&b'/') {
        return Some((target, true));
    }
    let colon = memchr::memchr(b':', target)?;
    let (scheme, rest) = target.split_at_checked(colon)?;
    let rest = rest.strip_prefix(b"://")?;
    let in_scheme = |b: &u8| b.is_ascii_alphanumeric() || b"+-.".contains(b);
    if scheme.is_empty() || !scheme.iter().all(in_scheme) {
        return None;
    }
    match rest.iter().position(|b| b"/?#".contains(b)) {
        None => Some((&[], false)),
        Some(at) => {
            let path = rest.get(at..)?;
            Some((path, path.first() == Some(&b'/')))
        }
    }
}

/// Calls `then` with the host in the form that it is listed in, but for its case.
#[inline]
fn with_host<T>(host: &[u8], then: impl FnOnce(&[u8]) -> T) -> T {
    if memchr::memchr(b':', host).is_some() {
        return with_address(host, then);
    }
    then(host.strip_suffix(b".").unwrap_or(host))
}

/// The same for IPv6 addresses, which have many forms.
#[cold]
fn with_address<T>(host: &[u8], then: impl FnOnce(&[u8]) -> T) -> T {
    let inner = host
        .strip_prefix(b"[")
        .and_then(|host| host.strip_suffix(b"]"))
        .unwrap_or(host);
    let address = std::str::from_utf8(inner).ok();
    let Some(address) = address.and_then(|text| text.parse::<Ipv6Addr>().ok()) else {
        return then(host);
    };
    // The longest form has 45 characters.
    let mut form = [0; 48];
    let mut free = form.as_mut_slice();
    let _ = write!(free, "{}", address.to_canonical());
    let left = free.len();
    then(
        form.get(..form.len().saturating_sub(left))
            .unwrap_or_default(),
    )
}

/// The hash of a host in any case.
#[inline]
fn hash(host: &[u8]) -> u64 {
    let (words, rest) = host.as_chunks();
    let hash = words.iter().fold(host.len() as u64, |hash, word| {
        mix(hash, lower(u64::from_le_bytes(*word)))
    });
    let rest = rest
        .iter()
        .fold(0, |word, byte| word << 8 | u64::from(*byte));
    mix(hash, lower(rest))
}

#[cfg(test)]
#[path = "urls_tests.rs"]
mod tests;
