//! Folders of lists that `rules update` made: what each list is, where it came from, how old it is.
//!
//! To read them takes no network, so this is there also where the program was built without fetching.

mod age;
mod folder;
mod name;
mod record;

pub use age::{FeedAge, OLD_DAYS, ages, warning};
pub use folder::FolderError;
pub use name::{FeedName, is_own};
pub use record::{Feed, Record};

pub(crate) use age::ages_of;
#[cfg(feature = "fetch")]
pub(crate) use folder::{open_folder, read_at};
pub(crate) use record::moment;
#[cfg(feature = "fetch")]
pub(crate) use record::{FILE as RECORD, rfc3339};
