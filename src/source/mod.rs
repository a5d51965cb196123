//! Where frames come from: capture files, folders of them, standard input.
//!
//! [`expand`] turns paths into [`Input`]s, a [`Capture`] reads one of them. Formats are told by
//! content, never by name. A capture that is damaged gives every frame before the damage.

mod background;
mod block;
mod capture;
mod compressed;
mod decode;
mod error;
pub mod filter;
mod format;
mod frames;
mod input;
mod link;
mod memory;
mod pcap;
mod pcap_variant;
mod pcapng;
mod pcapng_interface;
mod report;
#[cfg(test)]
pub(crate) mod test_support;
mod walk;

pub use capture::{Capture, Fill, Frame};
pub use error::{Damage, SourceError};
pub use frames::Frames;
pub use input::{Input, Options};
pub use link::LinkType;
pub use memory::Bytes;
pub use report::{
    CaptureReport, InterfaceReport, MAX_BLOCK_TYPES, MAX_DESCRIBED_INTERFACES, Resolution,
    block_type_name,
};
pub use walk::{Expansion, expand};
