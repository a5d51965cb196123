//! What `instructions.rs` counts with, and how counts are kept and compared.

pub(crate) mod callgrind;
pub(crate) mod compare;
pub(crate) mod record;

use std::collections::BTreeMap;

/// Instructions for one unit of a piece.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Count {
    pub(crate) total: f64,
    /// Of each function by itself, without those that it calls; only those that matter.
    pub(crate) functions: BTreeMap<String, f64>,
}

/// All pieces by their names, in alphabetical order.
pub(crate) type Counts = BTreeMap<String, Count>;
