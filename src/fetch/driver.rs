//! An update from beginning to end: every list ends in an [`Outcome`], and none stops the others.

use std::collections::BTreeSet;
use std::path::Path;

use super::address::Address;
use super::http::{Answer, Client, FetchError, Question, Validators};
use super::index::{self, Entry, Listed};
use super::offline::{self, Copy, OfflineError};
use super::options::{Collection, Single, UpdateError, UpdateOptions};
use super::report::{FeedReport, Outcome, Progress, UpdateReport};
use super::rights::{self, Surrendered};
use super::store::{Check, Folder, Put, Refusal};
use super::taxii;
use crate::feeds::{Feed, FeedName};
use crate::time::Timestamp;

/// Gives up all rights of the process for good, whatever comes of it, and then updates the lists of a folder. Must be called
/// before other threads begin. Started by root, the process becomes the folder's owner.
///
/// # Errors
///
/// There was no update at all. What is wrong with one list is in the report.
pub fn update(
    options: &UpdateOptions,
    check: Check<'_>,
    say: &mut dyn FnMut(Progress<'_>),
) -> Result<UpdateReport, UpdateError> {
    let rights = rights::give_up(&options.folder)?;
    run(&rights, options, check, say)
}

/// [`update`] behind the giving up.
pub(super) fn run(
    rights: &Surrendered,
    options: &UpdateOptions,
    check: Check<'_>,
    say: &mut dyn FnMut(Progress<'_>),
) -> Result<UpdateReport, UpdateError> {
    if options.from.is_some() && !(options.urls.is_empty() && options.taxii.is_empty()) {
        return Err(UpdateError::FromAndUrls);
    }
    let client = Client::new(rights, &options.trust, options.allow_http, options.limits)?;
    let folder = Folder::open(&options.folder, Timestamp::of_clock())?;
    if let Some(warning) = &folder.warning {
        say(Progress::Warning(warning));
    }
    let mut update = Update {
        options,
        check,
        say,
        client,
        folder,
        report: UpdateReport::default(),
        done: BTreeSet::new(),
    };
    if let Some(from) = &options.from {
        update.copy(from)?;
    } else {
        if let Some(url) = &options.index {
            update.index(url);
        }
        for url in &options.urls {
            update.single(url);
        }
        for collection in &options.taxii {
            update.collection(collection);
        }
    }
    Ok(update.report)
}

struct Update<'a> {
    options: &'a UpdateOptions,
    check: Check<'a>,
    say: &'a mut dyn FnMut(Progress<'_>),
    client: Client,
    folder: Folder,
    report: UpdateReport,
    /// Names that have their list already: two addresses must not take turns in one file.
    done: BTreeSet<FeedName>,
}

impl Update<'_> {
    fn end(&mut self, title: &str, name: Option<FeedName>, from: &str, outcome: Outcome) {
        let report = FeedReport {
            title: title.into(),
            name,
            from: from.into(),
            outcome,
        };
        (self.say)(Progress::Done(&report));
        self.report.feeds.push(report);
    }

    fn get(
        &mut self,
        address: &Address,
        known: Option<&Feed>,
        most: u64,
    ) -> Result<Answer, FetchError> {
        let from = address.to_string();
        (self.say)(Progress::Asking { from: &from });
        // Only what came from this very address can be the same there.
        let known = known.filter(|feed| feed.url == from);
        let answer = self.client.get(&Question {
            address,
            accept: None,
            secret: None,
            known: Validators {
                etag: known.and_then(|feed| feed.etag.as_deref()),
                last_modified: known.and_then(|feed| feed.last_modified.as_deref()),
            },
            max_bytes: most,
            until: self.client.until(),
        })?;
        if let Answer::Content(content) = &answer
            && content.host != address.host()
        {
            (self.say)(Progress::Answered {
                host: &content.host,
            });
        }
        Ok(answer)
    }

    /// All lists that an index names.
    fn index(&mut self, url: &str) {
        let entries = Address::parse(url, self.options.allow_http)
            .and_then(|address| self.get(&address, None, index::MAX_BYTES))
            .map_err(|e| e.to_string())
            .and_then(|answer| match answer {
                Answer::Content(content) => index::parse(&content.bytes, &self.options.github_raw)
                    .map_err(|why| format!("{url}: {why}")),
                Answer::NotModified => Err(format!("{url}: unexpected status 304")),
            });
        match entries {
            Ok(entries) => self.entries(url, entries, |update, listed, index| {
                let about = Feed {
                    title: listed.title.clone(),
                    publisher: listed.publisher().to_owned(),
                    index: Some(index.into()),
                    ..Feed::default()
                };
                let outcome = update.list(&listed.address, &listed.name, about);
                (listed.address.to_string(), outcome)
            }),
            Err(why) => self.end("index", None, url, Outcome::Failed(why)),
        }
    }

    /// All lists of a copy on disk.
    fn copy(&mut self, from: &Path) -> Result<(), OfflineError> {
        let copy = Copy::look(from)?;
        let path = copy.index()?;
        let shown = path.display().to_string();
        (self.say)(Progress::Asking { from: &shown });
        let bytes = offline::read(&path, index::MAX_BYTES)?;
        match index::parse(&bytes, &self.options.github_raw) {
            Ok(entries) => {
                let url = self.options.index.clone().unwrap_or(shown);
                self.entries(&url, entries, |update, listed, index| {
                    let most = update.options.limits.bytes;
                    match copy.find(listed, most) {
                        Ok((path, bytes)) => {
                            let path = path.display().to_string();
                            let feed = Feed {
                                title: listed.title.clone(),
                                publisher: listed.publisher().to_owned(),
                                url: listed.address.to_string(),
                                index: Some(index.into()),
                                copied_from: Some(path.clone()),
                                ..Feed::default()
                            };
                            (path, update.put(&listed.name, &bytes, feed))
                        }
                        Err(why) => (listed.address.to_string(), Outcome::Failed(why)),
                    }
                });
            }
            Err(why) => self.end(
                "index",
                None,
                &shown,
                Outcome::Failed(format!("{shown}: {why}")),
            ),
        }
        Ok(())
    }

    fn entries(
        &mut self,
        index: &str,
        entries: Vec<Entry>,
        each: impl Fn(&mut Self, &Listed, &str) -> (String, Outcome),
    ) {
        let listed = || {
            entries.iter().filter_map(|entry| match entry {
                Entry::List(listed) => Some(listed),
                Entry::Refused { .. } => None,
            })
        };
        let hosts: BTreeSet<_> = listed().map(|l| l.address.host().to_owned()).collect();
        let hosts: Vec<_> = hosts.into_iter().collect();
        (self.say)(Progress::Index {
            lists: listed().count(),
            hosts: &hosts,
        });
        self.report.gone = self
            .folder
            .record()
            .feeds
            .iter()
            .filter(|(name, feed)| {
                feed.index.as_deref() == Some(index) && !listed().any(|l| l.name == **name)
            })
            .map(|(name, _)| name.clone())
            .collect();
        for entry in &entries {
            match entry {
                Entry::List(listed) => {
                    let (from, outcome) = each(self, listed, index);
                    self.done.insert(listed.name.clone());
                    self.end(&listed.title, Some(listed.name.clone()), &from, outcome);
                }
                Entry::Refused { title, why } => {
                    self.end(title, None, "", Outcome::Refused(why.clone()));
                }
            }
        }
    }

    /// Asks for a list, and takes it. `about` is what is known of it beforehand.
    fn list(&mut self, address: &Address, name: &FeedName, about: Feed) -> Outcome {
        let known = self.folder.known(name).cloned();
        match self.get(address, known.as_ref(), self.options.limits.bytes) {
            Ok(Answer::NotModified) => match self.folder.confirm(name) {
                Ok(()) => Outcome::Unchanged {
                    entries: known.map_or(0, |feed| feed.entries),
                },
                Err(e) => Outcome::Failed(e.to_string()),
            },
            Ok(Answer::Content(content)) => {
                let feed = Feed {
                    url: address.to_string(),
                    etag: content.etag,
                    last_modified: content.last_modified,
                    ..about
                };
                self.put(name, &content.bytes, feed)
            }
            Err(e) => Outcome::Failed(e.to_string()),
        }
    }

    fn put(&mut self, name: &FeedName, bytes: &[u8], feed: Feed) -> Outcome {
        if is_page(bytes) {
            return Outcome::Refused(
                "it is a web page and no list; check the address (on GitHub, take the one behind Raw)".into(),
            );
        }
        match self
            .folder
            .put(name, bytes, feed, self.check, self.options.force)
        {
            Ok(Put::New { entries }) => Outcome::New { entries },
            Ok(Put::Updated { entries, before }) => Outcome::Updated { entries, before },
            Ok(Put::Unchanged { entries }) => Outcome::Unchanged { entries },
            Err(Refusal::Refused(why)) => Outcome::Refused(why),
            Err(Refusal::Failed(e)) => Outcome::Failed(e.to_string()),
        }
    }

    fn single(&mut self, single: &Single) {
        let title = single.name.as_deref().unwrap_or_default();
        let address = match Address::parse(&single.url, self.options.allow_http) {
            Ok(address) => address,
            Err(e) => return self.end(title, None, "", Outcome::Refused(e.to_string())),
        };
        let query = address.query().unwrap_or_default();
        let name = match &single.name {
            Some(name) => FeedName::from_parts([name.as_str()]),
            None => FeedName::from_parts([address.host(), address.path(), query]),
        };
        let Some(name) = self.free(name, &single.url) else {
            return;
        };
        let about = Feed {
            title: title.into(),
            publisher: address.host().into(),
            ..Feed::default()
        };
        let outcome = self.list(&address, &name, about);
        self.end(title, Some(name), &address.to_string(), outcome);
    }

    fn collection(&mut self, collection: &Collection) {
        let address = match Address::parse(&collection.url, self.options.allow_http) {
            Ok(address) => address,
            Err(e) => return self.end("", None, "", Outcome::Refused(e.to_string())),
        };
        let from = address.to_string();
        let name = match taxii::name(&address) {
            Some(name) => match self.free(Some(name), &from) {
                Some(name) => Some(name),
                None => return,
            },
            // Whatever the name would be: the address is wrong, and asking tells in what way.
            None => None,
        };
        (self.say)(Progress::Asking { from: &from });
        let collected = taxii::collect(&self.client, &address, collection.secret.as_ref());
        let outcome = match (collected, &name) {
            (Ok(collected), Some(name)) => {
                (self.say)(Progress::Collected {
                    objects: collected.objects,
                    pages: collected.pages,
                });
                let feed = Feed {
                    publisher: address.host().into(),
                    url: from.clone(),
                    ..Feed::default()
                };
                self.put(name, &collected.bundle, feed)
            }
            (Ok(_), None) => Outcome::Refused(format!("{from}: no file name can be made of it")),
            (Err(e), _) => Outcome::Failed(e.to_string()),
        };
        self.end("", name, &from, outcome);
    }

    /// The name, if no list of this update has it yet.
    fn free(&mut self, name: Option<FeedName>, url: &str) -> Option<FeedName> {
        let why = match name {
            None => "no file name can be made of it".into(),
            Some(name) if self.done.contains(&name) => {
                format!("another list of this update is kept as {name} already")
            }
            Some(name) => {
                self.done.insert(name.clone());
                return Some(name);
            }
        };
        self.end("", None, url, Outcome::Refused(format!("{url}: {why}")));
        None
    }
}

/// Whether this is HTML: what a portal of a network, or an address meant for people, gives. A reader of plain lists might
/// find a few names in it.
fn is_page(bytes: &[u8]) -> bool {
    let text = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let text = text.trim_ascii_start();
    [&b"<!doctype html"[..], b"<html"].iter().any(|begin| {
        text.get(..begin.len())
            .is_some_and(|head| head.eq_ignore_ascii_case(begin))
    })
}

#[cfg(test)]
#[path = "driver_tests.rs"]
mod tests;
