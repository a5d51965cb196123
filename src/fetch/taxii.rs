//! TAXII 2.1 (OASIS): all objects of a collection, as one STIX bundle.
//!
//! The whole collection is asked for each time. An increment (`added_after`) brings what was added and never what was taken
//! away or withdrawn, so a name that was listed by mistake would be alerted on for ever; and pages of two
//! updates would have to be merged by the rules of object versions. Lists of this kind are small, and the bounds hold.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::time::Instant;

use ring::digest;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::address::Address;
use super::http::{Answer, Client, Content, FetchError, Question, Validators};
use super::secret::Secret;
use crate::feeds::FeedName;

/// TAXII 2.1, section 1.6.8.
const MEDIA_TYPE: &str = "application/taxii+json;version=2.1";
/// Objects of a page that are asked for; servers give fewer where they like.
const PAGE: u32 = 1_000;
/// Most pages.
const MAX_PAGES: usize = 1_000;
/// Collections that are named in a message.
const MAX_NAMED: usize = 20;

/// Why a collection was not read.
#[derive(Debug, thiserror::Error)]
pub(super) enum TaxiiError {
    /// HTTP failed.
    #[error(transparent)]
    Fetch(#[from] FetchError),
    /// The address is not that of a collection.
    #[error(
        "{url}: not the address of a collection; expected https://HOST/API-ROOT/collections/ID/{hint}"
    )]
    NotCollection {
        /// The address.
        url: String,
        /// What there is instead; may be empty.
        hint: String,
    },
    /// The answer is not TAXII 2.1.
    #[error("{url}: the answer is not TAXII 2.1: {why}")]
    Form {
        /// The address.
        url: String,
        /// What is wrong, and what to do.
        why: String,
    },
    /// More pages than allowed, or pages that lead back to themselves.
    #[error("{url}: {why}; nothing was taken, since a part would look like the whole")]
    Endless {
        /// The address.
        url: String,
        /// What happened.
        why: String,
    },
}

/// What a collection held.
#[derive(Debug)]
pub(super) struct Collected {
    /// A STIX bundle. The same objects in the same order give the same bytes.
    pub(super) bundle: Vec<u8>,
    pub(super) objects: u64,
    pub(super) pages: usize,
}

/// A page: section 3.7.
#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(default)]
    more: bool,
    #[serde(default)]
    next: Option<String>,
    #[serde(borrow, default)]
    objects: Vec<&'a RawValue>,
}

/// Section 5.1.
#[derive(Deserialize)]
struct Collections {
    #[serde(default)]
    collections: Vec<CollectionInfo>,
}

#[derive(Deserialize)]
struct CollectionInfo {
    id: String,
    #[serde(default)]
    title: String,
    #[serde(default)]
    can_read: bool,
}

/// Where the objects of a collection are, from the collection's address or that of its objects.
fn objects_of(address: &Address) -> Option<String> {
    let path = address.path().trim_end_matches('/');
    let path = path.strip_suffix("/objects").unwrap_or(path);
    let (before, id) = path.rsplit_once('/')?;
    let good = before.ends_with("/collections") && !id.is_empty() && address.query().is_none();
    good.then(|| format!("{path}/objects/"))
}

/// The file name of a collection.
pub(super) fn name(address: &Address) -> Option<FeedName> {
    let path = objects_of(address)?;
    let id = path.trim_end_matches("/objects/").rsplit('/').next()?;
    FeedName::from_parts(["taxii", address.host(), &format!("{id}.json")])
}

/// Reads all of a collection.
///
/// # Errors
///
/// It is none, or any of its pages failed: half a collection is not given.
pub(super) fn collect(
    client: &Client,
    address: &Address,
    secret: Option<&Secret>,
) -> Result<Collected, TaxiiError> {
    let until = client.until();
    let Some(path) = objects_of(address) else {
        return Err(not_collection(client, address, secret, until));
    };
    let mut bundle = Bundle::default();
    let mut seen = BTreeSet::new();
    let mut turn = String::new();
    let mut pages = 0_usize;
    loop {
        let page = address.with_path(&format!("{path}?limit={PAGE}{turn}"))?;
        let left = client.limits.bytes.saturating_sub(bundle.len());
        let content = ask(client, &page, secret, until, left).map_err(|e| match e {
            // Said of all pages, not of what was left for this one.
            TaxiiError::Fetch(FetchError::TooLarge { .. }) => FetchError::TooLarge {
                url: address.to_string(),
                limit: client.limits.bytes,
            }
            .into(),
            other => other,
        })?;
        pages = pages.saturating_add(1);
        let next = bundle.add(&page, &content)?;
        let Some(next) = next else {
            break;
        };
        let endless = |why: &str| TaxiiError::Endless {
            url: address.to_string(),
            why: why.into(),
        };
        if pages >= MAX_PAGES {
            return Err(endless(&format!("more than {MAX_PAGES} pages")));
        }
        if !seen.insert(next.clone()) {
            return Err(endless("a page leads back to one before it"));
        }
        turn = next;
    }
    Ok(Collected {
        objects: bundle.objects,
        pages,
        bundle: bundle.finish(),
    })
}

fn ask(
    client: &Client,
    address: &Address,
    secret: Option<&Secret>,
    until: Instant,
    max_bytes: u64,
) -> Result<Content, TaxiiError> {
    let question = Question {
        address,
        accept: Some(MEDIA_TYPE),
        secret,
        known: Validators::default(),
        max_bytes,
        until,
    };
    let content = match client.get(&question)? {
        Answer::Content(content) => content,
        // Not asked for.
        Answer::NotModified => {
            return Err(FetchError::Status {
                url: address.to_string(),
                code: 304,
                retry_after: None,
            }
            .into());
        }
    };
    let media_type = content.media_type.to_ascii_lowercase();
    let why = if media_type.contains("html") {
        "it is a web page; check the address"
    } else if media_type.contains("version=2.0") || media_type.contains("oasis.stix") {
        "it is of TAXII 2.0, which is not read; ask the server's owner for an address of TAXII 2.1"
    } else if media_type.contains("xml") {
        "it is of TAXII 1, which is not read; ask the server's owner for an address of TAXII 2.1"
    } else {
        return Ok(content);
    };
    Err(TaxiiError::Form {
        url: address.to_string(),
        why: why.into(),
    })
}

/// The objects so far, as text between commas.
#[derive(Default)]
struct Bundle {
    text: Vec<u8>,
    objects: u64,
}

impl Bundle {
    fn len(&self) -> u64 {
        u64::try_from(self.text.len()).unwrap_or(u64::MAX)
    }

    /// Adds a page. Gives the parameters that ask for the next, if there is one (section 3.5).
    fn add(&mut self, page: &Address, content: &Content) -> Result<Option<String>, TaxiiError> {
        let form = |why: String| TaxiiError::Form {
            url: page.to_string(),
            why,
        };
        let envelope: Envelope<'_> =
            serde_json::from_slice(&content.bytes).map_err(|e| form(e.to_string()))?;
        for object in &envelope.objects {
            if !object.get().starts_with('{') {
                return Err(form("an object of the page is none".into()));
            }
            if !self.text.is_empty() {
                self.text.extend_from_slice(b",\n");
            }
            self.text.extend_from_slice(object.get().as_bytes());
            self.objects = self.objects.saturating_add(1);
        }
        if !envelope.more {
            return Ok(None);
        }
        match (&envelope.next, &content.added_last) {
            (Some(next), _) => Ok(Some(format!("&next={}", escaped(next)))),
            (None, Some(time)) => Ok(Some(format!("&added_after={}", escaped(time)))),
            (None, None) => Err(form(
                "more pages are announced, and it does not say how to ask for them".into(),
            )),
        }
    }

    fn finish(self) -> Vec<u8> {
        // The name follows from the content, so that a collection that did not change gives the same file.
        let hash = digest::digest(&digest::SHA256, &self.text);
        let mut id = String::new();
        for (i, byte) in hash.as_ref().iter().take(16).enumerate() {
            if matches!(i, 4 | 6 | 8 | 10) {
                id.push('-');
            }
            // UUIDs of version 8, whose content is free: RFC 9562, section 5.8.
            let byte = match i {
                6 => (byte & 0x0f) | 0x80,
                8 => (byte & 0x3f) | 0x80,
                _ => *byte,
            };
            let _ = write!(id, "{byte:02x}");
        }
        let mut bundle =
            format!("{{\"type\":\"bundle\",\"id\":\"bundle--{id}\",\"objects\":[\n").into_bytes();
        bundle.extend_from_slice(&self.text);
        bundle.extend_from_slice(b"\n]}\n");
        bundle
    }
}

/// A value in a query (RFC 3986, section 2.1).
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

/// Says what is wrong with an address. Where it is that of all collections, they are named.
fn not_collection(
    client: &Client,
    address: &Address,
    secret: Option<&Secret>,
    until: Instant,
) -> TaxiiError {
    let url = address.to_string();
    if !address
        .path()
        .trim_end_matches('/')
        .ends_with("/collections")
    {
        let hint = String::new();
        return TaxiiError::NotCollection { url, hint };
    }
    let content = match ask(client, address, secret, until, client.limits.bytes) {
        Ok(content) => content,
        Err(error) => return error,
    };
    match serde_json::from_slice::<Collections>(&content.bytes) {
        Ok(list) if list.collections.is_empty() => TaxiiError::NotCollection {
            url,
            hint: ". The server shows no collections here; it may want a login".into(),
        },
        Ok(list) => TaxiiError::NotCollection {
            url,
            hint: format!(". Collections here: {}", named(&list.collections)),
        },
        Err(e) => TaxiiError::Form {
            url,
            why: e.to_string(),
        },
    }
}

fn named(collections: &[CollectionInfo]) -> String {
    let mut texts: Vec<_> = collections
        .iter()
        .take(MAX_NAMED)
        .map(|c| {
            let closed = if c.can_read {
                ""
            } else {
                ", not readable with this login"
            };
            format!("{} ({}{closed})", c.id, c.title)
        })
        .collect();
    let more = collections.len().saturating_sub(MAX_NAMED);
    if more > 0 {
        texts.push(format!("and {more} more"));
    }
    texts.join("; ")
}

#[cfg(test)]
#[path = "taxii_tests.rs"]
mod tests;
