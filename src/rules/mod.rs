//! What is looked for.
