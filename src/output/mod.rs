//! Where alerts and the summary go: one file per form.

pub mod console;
pub mod eve;
pub mod eve_events;
pub mod ledger;
pub mod log_file;
pub mod report;
mod style;
pub mod summary;
pub mod tally;

pub use style::{Style, printable};
pub(crate) use style::{counted, grouped};
