//! Readable packet, message and capture builders for tests and benchmarks.
