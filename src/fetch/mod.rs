//! Lists of indicators from the network: `rules update`.
//!
//! Lists are asked for over HTTPS, checked by the caller, and put into a folder one by one, each with a note of
//! where it came from. Nothing here runs with the rights that capture needs: [`update`] gives up every one of
//! them before the first byte goes out. Each host that is asked learns this machine's address and that it uses
//! Bellerophon; `from` reads a copy that somebody brought instead, and connects to nobody.

mod address;
mod driver;
mod http;
mod http_error;
mod index;
mod offline;
mod options;
mod report;
mod rights;
mod secret;
mod store;
mod taxii;
mod tls;

#[cfg(test)]
mod test_server;

pub use driver::update;
pub use http::{FetchError, Limits};
pub use index::{DEFAULT_INDEX, GITHUB_RAW};
pub use offline::OfflineError;
pub use options::{Collection, Single, UpdateError, UpdateOptions};
pub use report::{FeedReport, Outcome, Progress, UpdateReport};
pub use rights::RightsError;
pub use secret::{Secret, SecretError, SecretKind};
pub use store::{Check, Checked, StoreError};
pub use tls::{Trust, TrustError};
