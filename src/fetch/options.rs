//! What an update is asked to do, and why there may be none.

use std::path::PathBuf;

use super::http::{FetchError, Limits};
use super::index;
use super::offline::OfflineError;
use super::rights::RightsError;
use super::secret::Secret;
use super::store::StoreError;
use super::tls::Trust;

/// A collection of a TAXII server.
#[derive(Debug, Clone)]
pub struct Collection {
    /// Its address, or that of its objects.
    pub url: String,
    /// What the server wants to see.
    pub secret: Option<Secret>,
}

/// A list at an address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Single {
    /// What to call it and its file; otherwise that is made of the address.
    pub name: Option<String>,
    /// Its address.
    pub url: String,
}

/// What to update and how. Files that it needs (roots, secrets) were read before, since rights to read them may be gone.
#[derive(Debug, Clone)]
pub struct UpdateOptions {
    /// The folder of lists.
    pub folder: PathBuf,
    /// The address of an index in MVT's form.
    pub index: Option<String>,
    /// A folder with a copy of an index and its lists, to be read instead of any address. `index` is then where the copy is said to be from.
    pub from: Option<PathBuf>,
    /// Addresses of single lists.
    pub urls: Vec<Single>,
    /// Collections of TAXII.
    pub taxii: Vec<Collection>,
    /// Where files of GitHub are read from, for those who keep a mirror.
    pub github_raw: String,
    /// Whose certificates are believed.
    pub trust: Trust,
    /// Allow `http` to any host, for `index`, `urls` and `taxii`.
    pub allow_http: bool,
    /// Take lists that lost more than half of their entries.
    pub force: bool,
    /// How much each list may take.
    pub limits: Limits,
}

impl UpdateOptions {
    /// The default index into a folder.
    #[must_use]
    pub fn new(folder: PathBuf, trust: Trust) -> Self {
        Self {
            folder,
            index: Some(index::DEFAULT_INDEX.into()),
            from: None,
            urls: Vec::new(),
            taxii: Vec::new(),
            github_raw: index::GITHUB_RAW.into(),
            trust,
            allow_http: false,
            force: false,
            limits: Limits::default(),
        }
    }
}

/// Why there was no update at all.
#[derive(Debug, thiserror::Error)]
pub enum UpdateError {
    /// Rights could not be given up.
    #[error(transparent)]
    Rights(#[from] RightsError),
    /// The folder of lists cannot be used.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The copy on disk cannot be used.
    #[error(transparent)]
    Offline(#[from] OfflineError),
    /// A proxy in the environment cannot be used.
    #[error(transparent)]
    Client(#[from] FetchError),
    /// Both a copy on disk and addresses.
    #[error("--from reads a copy and connects to nobody; leave it out, or leave out the addresses")]
    FromAndUrls,
}
