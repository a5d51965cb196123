//! The 5-tuple of a flow.
