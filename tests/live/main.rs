//! `watch` on real interfaces: veth pairs in network namespaces that the tests make, and that go away with them.
//!
//! It needs root and the program `ip`. Where they are missing each test says so on standard error and passes.
#![cfg(target_os = "linux")]
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::print_stderr
)] // a test may

/// Says why a test is not run. It goes past the test runner, which would keep it to itself.
macro_rules! skip {
    ($($why:tt)*) => {{
        use std::io::Write as _;
        let thread = std::thread::current();
        let test = thread.name().unwrap_or_default();
        let _ = writeln!(std::io::stderr(), "skipped: {test}: {}", format!($($why)*));
    }};
}

mod addresses;
mod alike;
mod clock;
mod confined;
mod ending;
mod harness;
mod interfaces;
mod loss;
mod metrics;
mod net;
mod output;
mod reload;
mod remarks;
mod settings;
mod sharing;
