//! The record of a folder of lists: where each came from and when, in one file beside them.

use std::collections::BTreeMap;
use std::os::fd::OwnedFd;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::folder::{self, FolderError};
use super::name::FeedName;
use crate::time::Timestamp;

/// The record's file in the folder of lists.
pub(crate) const FILE: &str = "feeds.json";
/// Its largest size in bytes.
pub(crate) const MAX_BYTES: u64 = 4 << 20;
/// What this program writes; a higher number is of a newer one.
const VERSION: u32 = 1;

/// Where a list came from.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Feed {
    /// What its publisher calls it; may be empty. Text from outside.
    pub title: String,
    /// Who gives it out: the owner of its repository, or its host. Empty where that is not known.
    pub publisher: String,
    /// The address that was asked.
    pub url: String,
    /// The address of the index that names it, where one does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub index: Option<String>,
    /// The file that it was copied from instead of fetched.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub copied_from: Option<String>,
    /// When these bytes came, RFC 3339, UTC.
    pub fetched_at: String,
    /// When the publisher last said that they are the newest, RFC 3339, UTC.
    pub checked_at: String,
    /// The server's validators (RFC 9110, section 8.8).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub etag: Option<String>,
    /// As `etag`, a date of HTTP.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_modified: Option<String>,
    /// Of the bytes, in lower-case hexadecimal.
    pub sha256: String,
    /// Number of bytes.
    pub size: u64,
    /// Number of entries, as the reader of the list counts them.
    pub entries: u64,
    /// The list's own date, `YYYY-MM-DD`, where it has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub date: Option<String>,
}

/// All lists of a folder.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Record {
    /// By name of file.
    pub feeds: BTreeMap<FeedName, Feed>,
}

#[derive(Serialize, Deserialize)]
struct Form {
    version: u32,
    #[serde(default)]
    feeds: BTreeMap<String, Feed>,
}

impl Record {
    /// The record of a folder; empty where there is none. Takes no lock: the file is replaced as a whole.
    ///
    /// # Errors
    ///
    /// The folder or record cannot be read, or the record is damaged.
    pub fn of_folder(folder: &Path) -> Result<Self, FolderError> {
        Self::at(&folder::open_folder(folder, true)?, folder)
    }

    /// The record of an open folder, whose path is for messages.
    pub(crate) fn at(handle: &OwnedFd, folder: &Path) -> Result<Self, FolderError> {
        let path = || folder.join(FILE);
        match folder::read_at(handle, FILE, MAX_BYTES) {
            Ok(Some(bytes)) => {
                Self::parse(&bytes).map_err(|why| FolderError::Record { path: path(), why })
            }
            Ok(None) => Ok(Self::default()),
            Err(source) => Err(FolderError::Io {
                path: path(),
                source,
            }),
        }
    }

    fn parse(bytes: &[u8]) -> Result<Self, String> {
        let form: Form = serde_json::from_slice(bytes).map_err(|e| e.to_string())?;
        if form.version > VERSION {
            return Err(format!(
                "version {}, written by a newer Bellerophon",
                form.version
            ));
        }
        let mut feeds = BTreeMap::new();
        for (name, feed) in form.feeds {
            let name = FeedName::existing(&name)
                .ok_or_else(|| format!("{name:?} is not the name of a list"))?;
            feeds.insert(name, feed);
        }
        Ok(Self { feeds })
    }

    #[cfg_attr(not(feature = "fetch"), allow(dead_code))]
    pub(crate) fn to_bytes(&self) -> Result<Vec<u8>, String> {
        let feeds = self.feeds.iter();
        let form = Form {
            version: VERSION,
            feeds: feeds.map(|(n, f)| (n.to_string(), f.clone())).collect(),
        };
        let mut bytes = serde_json::to_vec_pretty(&form).map_err(|e| e.to_string())?;
        bytes.push(b'\n');
        Ok(bytes)
    }
}

/// A moment as the record writes it: RFC 3339, UTC, whole seconds.
#[cfg_attr(not(feature = "fetch"), allow(dead_code))]
pub(crate) fn rfc3339(moment: Timestamp) -> String {
    let text = moment.human();
    format!("{}Z", text.replacen(' ', "T", 1))
}

/// Reads what [`rfc3339`] wrote.
pub(crate) fn moment(text: &str) -> Option<Timestamp> {
    let (date, time) = text.strip_suffix('Z')?.split_once('T')?;
    let mut parts = time.splitn(3, ':');
    let mut next = |most: i64| {
        let number: i64 = parts.next()?.parse().ok()?;
        (0..=most).contains(&number).then_some(number)
    };
    let (hours, minutes, seconds) = (next(23)?, next(59)?, next(60)?);
    let of_day = hours
        .saturating_mul(3_600)
        .saturating_add(minutes.saturating_mul(60))
        .saturating_add(seconds);
    let midnight = Timestamp::from_date(date)?.secs();
    Some(Timestamp::from_parts(midnight.saturating_add(of_day), 0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_read_as_written() {
        let then = Timestamp::from_parts(1_626_602_461, 5);
        assert_eq!(rfc3339(then), "2021-07-18T10:01:01Z");
        assert_eq!(moment(&rfc3339(then)).unwrap().secs(), 1_626_602_461);
        for bad in [
            "",
            "2021-07-18",
            "2021-07-18T10:01Z",
            "2021-07-18T24:00:00Z",
            "x",
        ] {
            assert_eq!(moment(bad), None, "{bad}");
        }
    }

    #[test]
    fn the_record_is_read_as_written_and_names_are_tested() {
        let mut record = Record::default();
        let feed = Feed {
            url: "https://a.example/x".into(),
            size: 7,
            ..Feed::default()
        };
        record
            .feeds
            .insert(FeedName::existing("a.txt").unwrap(), feed);
        assert_eq!(Record::parse(&record.to_bytes().unwrap()).unwrap(), record);
        let newer = Record::parse(br#"{"version": 2, "of_tomorrow": []}"#).unwrap_err();
        assert!(newer.contains("newer"), "{newer}");
        let odd = Record::parse(br#"{"version": 1, "feeds": {"../x": {}}}"#).unwrap_err();
        assert!(odd.contains("../x"), "{odd}");
        assert!(Record::parse(br#"{"version": 1, "feeds": {"x": {"more": 1}}}"#).is_ok());
    }
}
