//! The options of `bellerophon bench`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::RuleArgs;
use super::generate::size;
use crate::generate::{self, Workload};

/// `bench`
#[derive(Debug, Args)]
#[command(
    after_help = "Exit status: 0 all that was planted was found, and nothing else; 1 it was not; 2 something \
    could not be read or written; 130 stopped by a signal."
)]
pub struct Bench {
    /// What to generate and measure [default: all of them]
    #[arg(value_name = "WORKLOAD", conflicts_with = "capture")]
    pub workloads: Vec<WorkloadName>,
    /// Measure this capture (a plain file, not compressed) instead
    #[arg(long, value_name = "FILE")]
    pub capture: Option<PathBuf>,
    /// What has to be found in it: the record that `generate --planted` wrote
    #[arg(long, value_name = "FILE", requires = "capture")]
    pub planted: Option<PathBuf>,
    /// Worker threads [default: processors less one]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=256))]
    pub workers: Option<u16>,
    /// Measure so many times, all in turn, and give the medians
    #[arg(long, value_name = "N", default_value_t = 3,
          value_parser = clap::value_parser!(u16).range(1..=1_000))]
    pub runs: u16,
    /// Count instructions with valgrind where perf cannot: some seconds for each workload
    #[arg(long)]
    pub instructions: bool,
    /// What to generate.
    #[command(flatten)]
    pub generate: GenerateArgs,
    /// Whose names are planted and matched.
    #[command(flatten)]
    pub rules: RuleArgs,
    /// Print JSON instead of a table
    #[arg(long)]
    pub json: bool,
    /// One measured run: what this program starts itself with.
    #[arg(long, hide = true, requires = "capture")]
    pub inside: Option<Mode>,
}

/// What to generate.
#[derive(Debug, Args)]
pub struct GenerateArgs {
    /// Generate captures of this size [default: 300M]
    #[arg(long, value_name = "SIZE", help_heading = "Generated captures", value_parser = size,
          conflicts_with_all = ["packets", "capture"])]
    pub size: Option<u64>,
    /// Generate captures of so many packets
    #[arg(long, value_name = "N", help_heading = "Generated captures", conflicts_with = "capture",
          value_parser = clap::value_parser!(u64).range(1..))]
    pub packets: Option<u64>,
    /// The same seed gives the same captures [default: 1]
    #[arg(
        long,
        value_name = "N",
        help_heading = "Generated captures",
        conflicts_with = "capture"
    )]
    pub seed: Option<u64>,
    /// Flows that are open at once, in mix and tls: see `generate`
    #[arg(long, value_name = "N", help_heading = "Generated captures", conflicts_with = "capture",
          value_parser = clap::value_parser!(u32).range(1..=i64::from(generate::MAX_FLOWS)))]
    pub flows: Option<u32>,
    /// Plant a contact about every so many packets in mix, dns and tls: see `generate`
    #[arg(
        long,
        value_name = "N",
        help_heading = "Generated captures",
        conflicts_with = "capture"
    )]
    pub plant_every: Option<u64>,
    /// Folder for the captures [default: the system's for temporary files]
    #[arg(
        long,
        value_name = "FOLDER",
        help_heading = "Generated captures",
        conflicts_with = "capture"
    )]
    pub dir: Option<PathBuf>,
    /// Leave them there
    #[arg(long, help_heading = "Generated captures", conflicts_with = "capture")]
    pub keep: bool,
}

/// A workload by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum WorkloadName {
    /// Bulk around handshakes.
    Mix,
    /// Queries and answers.
    Dns,
    /// Short connections.
    Tls,
    /// A flood of SYNs.
    Syn,
    /// What only begins like a name.
    Junk,
}

impl WorkloadName {
    /// All, in the order in which they are measured.
    pub const ALL: [Self; 5] = [Self::Mix, Self::Dns, Self::Tls, Self::Syn, Self::Junk];

    /// As on the command line.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Mix => "mix",
            Self::Dns => "dns",
            Self::Tls => "tls",
            Self::Syn => "syn",
            Self::Junk => "junk",
        }
    }

    /// The workload.
    pub const fn workload(self) -> Workload {
        match self {
            Self::Mix => Workload::Mix,
            Self::Dns => Workload::Dns,
            Self::Tls => Workload::Tls,
            Self::Syn => Workload::Syn,
            Self::Junk => Workload::Junk,
        }
    }
}

/// Where a measured run has its capture from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Mode {
    /// The file.
    File,
    /// Memory, into which the file was read before.
    Memory,
}
