//! The options of `bellerophon generate`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::RuleArgs;
use crate::generate;

/// `generate`
#[derive(Debug, Args)]
pub struct Generate {
    /// What to make.
    #[command(subcommand)]
    pub what: What,
}

/// What to make.
#[derive(Debug, Subcommand)]
pub enum What {
    /// Bulk over TCP and QUIC around handshakes, HTTP and DNS: 950 bytes a packet
    Mix(CaptureArgs),
    /// DNS queries and answers, a thousandth of them planted
    Dns(CaptureArgs),
    /// Short TLS connections, two in five with a hello over two segments
    Tls(CaptureArgs),
    /// A flood of SYNs from random addresses
    Syn(CaptureArgs),
    /// Things that begin like hellos, QUIC Initials, queries and requests, and are none
    Junk(CaptureArgs),
    /// A list of made-up indicators
    List(ListArgs),
}

/// A capture.
#[derive(Debug, Args)]
pub struct CaptureArgs {
    /// Write the capture (pcap) to this file, made anew, or to `-`
    #[arg(short, long, value_name = "FILE")]
    pub output: PathBuf,
    /// Write so many packets
    #[arg(long, value_name = "N", required_unless_present = "size",
          value_parser = clap::value_parser!(u64).range(1..))]
    pub packets: Option<u64>,
    /// Write as many packets as fit a file of this size: `2.5G`, `300M`, `64K` or bytes
    #[arg(long, value_name = "SIZE", conflicts_with = "packets", value_parser = size)]
    pub size: Option<u64>,
    /// The same seed gives the same bytes
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub seed: u64,
    /// Flows that are open at once: mix [default: 10000] and tls [default: 1000] only
    #[arg(long, value_name = "N",
          value_parser = clap::value_parser!(u32).range(1..=i64::from(generate::MAX_FLOWS)))]
    pub flows: Option<u32>,
    /// Write timestamps in microseconds instead of nanoseconds
    #[arg(long)]
    pub micros: bool,
    /// Plant a contact about every so many packets, 0 for none [default: mix 70000, dns 1000, tls
    /// 10400 (one connection in a thousand)]
    #[arg(long, value_name = "N", help_heading = "Planting")]
    pub plant_every: Option<u64>,
    /// Write a line of JSON for each planted contact to this file, made anew
    #[arg(long, value_name = "FILE", help_heading = "Planting")]
    pub planted: Option<PathBuf>,
    /// Whose names are planted.
    #[command(flatten)]
    pub rules: RuleArgs,
    /// Say in JSON what was written
    #[arg(long)]
    pub json: bool,
}

/// A list.
#[derive(Debug, Args)]
pub struct ListArgs {
    /// Write the list to this file, made anew, or to `-`
    #[arg(short, long, value_name = "FILE")]
    pub output: PathBuf,
    /// How many names
    #[arg(long, value_name = "N",
          value_parser = clap::value_parser!(u32).range(1..=i64::from(generate::MAX_NAMES)))]
    pub names: u32,
    /// The same seed gives the same names
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub seed: u64,
    /// Write one name a line instead of a rule pack
    #[arg(long)]
    pub plain: bool,
    /// Say in JSON what was written
    #[arg(long)]
    pub json: bool,
}

/// Bytes from a number with a unit: powers of ten, as link speeds and file sizes are given.
pub(super) fn size(text: &str) -> Result<u64, String> {
    let wrong = || format!("`{text}` is no size: write for instance 2.5G, 300M, 64K or 1000000");
    let number = text.trim_end_matches(['B', 'b']);
    let (number, unit) = match number.char_indices().last() {
        Some((at, 'k' | 'K')) => (number.get(..at), 1_000),
        Some((at, 'm' | 'M')) => (number.get(..at), 1_000_000),
        Some((at, 'g' | 'G')) => (number.get(..at), 1_000_000_000),
        Some((at, 't' | 'T')) => (number.get(..at), 1_000_000_000_000u64),
        _ => (Some(number), 1),
    };
    let number = number.ok_or_else(wrong)?;
    let (whole, part) = number.split_once('.').unwrap_or((number, "0"));
    let digits = |text: &str| {
        let fits = !text.is_empty() && text.len() <= 15 && text.bytes().all(|b| b.is_ascii_digit());
        fits.then(|| text.parse::<u64>().ok()).flatten()
    };
    let (Some(whole), Some(fraction)) = (digits(whole), digits(part)) else {
        return Err(wrong());
    };
    // In whole numbers, so that a size is the same everywhere.
    let scale = 10u128.saturating_pow(u32::try_from(part.len()).unwrap_or(u32::MAX));
    let fraction = u128::from(fraction).saturating_mul(u128::from(unit));
    let fraction = fraction
        .checked_div(scale)
        .and_then(|n| u64::try_from(n).ok());
    let bytes = whole
        .checked_mul(unit)
        .and_then(|whole| whole.checked_add(fraction?))
        .ok_or_else(wrong)?;
    if bytes < SMALLEST {
        return Err(format!(
            "`{text}` has no room for a packet: give {SMALLEST} bytes or more"
        ));
    }
    Ok(bytes)
}

/// A header and a packet of any size.
const SMALLEST: u64 = 2_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes() {
        for (text, bytes) in [
            ("2.5G", 2_500_000_000),
            ("300M", 300_000_000),
            ("64K", 64_000),
            ("64kB", 64_000),
            ("1.000001T", 1_000_001_000_000),
            ("1000000", 1_000_000),
        ] {
            assert_eq!(size(text), Ok(bytes), "{text}");
        }
        for text in [
            "",
            "G",
            ".5G",
            "1.G",
            "-1",
            "1e9",
            "2,5G",
            "12Q",
            "99999999T",
            "1 G",
            "é",
            "5é",
            "1.5.5G",
        ] {
            let error = size(text).unwrap_err();
            assert!(error.contains("no size"), "{text}: {error}");
        }
        assert!(size("1K").unwrap_err().contains("no room"));
    }
}
