//! The command line.

pub mod bench;
pub mod doctor;
pub mod generate;
pub mod rules;
pub mod update;
pub mod watch;

use std::path::PathBuf;

use clap::{Args, CommandFactory, Parser, Subcommand, ValueEnum};

use crate::config::{self, ConfigError};
use crate::rules::LoadOptions;

/// Names every contact with mercenary-spyware infrastructure in network traffic.
#[derive(Debug, Parser)]
#[command(name = "bellerophon", version, about, max_term_width = 100)]
#[command(
    after_help = "Exit status: 0 done; 1 alerts or matches were found (only with \
    --exit-code); 2 something could not be read or written, or `doctor` found an error; \
    130 stopped by a signal."
)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

impl Cli {
    /// The command line of this process, with what a configuration file adds to it. Ends the process where the line
    /// makes no sense, or asks for help.
    ///
    /// # Errors
    /// The configuration file cannot be read, or makes no sense.
    pub fn of_process() -> Result<Self, ConfigError> {
        let arguments = std::env::args_os().collect();
        let arguments = config::merge(&Self::command(), "watch", arguments)?;
        Ok(Self::parse_from(arguments))
    }
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Search capture files for contacts with listed infrastructure
    Replay(Replay),
    /// Print every host name in capture files as JSON lines
    Names(Names),
    /// Search the traffic of network interfaces, for as long as it runs
    Watch(watch::Watch),
    /// Say whether an interface shows what `watch` needs, and how to mend what is missing
    Doctor(doctor::Doctor),
    /// Tell a running `watch` what to do
    Ctl(watch::Ctl),
    /// Check or make configuration files for `watch`
    Config(watch::ConfigArgs),
    /// Say whether names, addresses, URLs or fingerprints are listed, and why
    Lookup(Lookup),
    /// Check, list, show, compare, convert and fetch lists of indicators
    Rules(rules::Rules),
    /// Make captures and lists from a seed, to measure with
    Generate(generate::Generate),
    /// Measure speed, memory and what is found, on generated captures or a given one
    Bench(bench::Bench),
}

/// Which rules.
#[derive(Debug, Clone, Args)]
pub struct RuleArgs {
    /// Rule file, or folder of them, to use instead of the built-in pack `pegasus` (repeatable)
    #[arg(long, value_name = "PATH", help_heading = "Rules")]
    pub rules: Vec<PathBuf>,
    /// Built-in pack to use as well, or `all` (repeatable); an unknown name lists them
    #[arg(long, value_name = "NAME", help_heading = "Rules")]
    pub pack: Vec<String>,
    /// Entry of the rule files that counts although it looks harmful: a popular name, a shared parent, a
    /// private address (repeatable)
    #[arg(long, value_name = "ENTRY", help_heading = "Rules")]
    pub force_entry: Vec<String>,
    /// File of contacts that need no alert, each with the reason; they are counted and listed (repeatable)
    #[arg(long, value_name = "FILE", help_heading = "Rules")]
    pub allow: Vec<PathBuf>,
}

impl RuleArgs {
    /// Which rules that is.
    pub fn options(&self) -> LoadOptions {
        LoadOptions {
            rules: self.rules.clone(),
            packs: self.pack.clone(),
            force: self.force_entry.clone(),
            allow: self.allow.clone(),
            ..LoadOptions::default()
        }
    }
}

/// What becomes of findings.
#[derive(Debug, Clone, Args)]
pub struct MatchArgs {
    /// Do not look for addresses that listed names were resolved to
    #[arg(long, help_heading = "Rules")]
    pub no_resolved: bool,
}

/// Which packets.
#[derive(Debug, Clone, Args)]
pub struct InputArgs {
    /// Capture files (pcap or pcapng, also in gzip or zstd), folders, or `-` for standard input
    #[arg(required = true, value_name = "PATH")]
    pub paths: Vec<PathBuf>,
    /// Look only at packets that match this BPF expression (see `man pcap-filter`); `len` is the
    /// captured length
    #[arg(long, value_name = "EXPRESSION", help_heading = "Input")]
    pub bpf: Option<String>,
    /// Refuse compressed input that expands to more than this many times its size
    #[arg(long, value_name = "RATIO", default_value_t = 200, help_heading = "Input",
          value_parser = clap::value_parser!(u32).range(1..))]
    pub max_expansion: u32,
    /// Files that are read at once; the output does not depend on it [default: one a processor, at
    /// most 8 and no more than workers]
    #[arg(long, value_name = "N", help_heading = "Input",
          value_parser = clap::value_parser!(u16).range(1..=64))]
    pub readers: Option<u16>,
    /// Worker threads, at least one a reader; the output does not depend on it [default: processors
    /// less readers]
    #[arg(long, value_name = "N", help_heading = "Input",
          value_parser = clap::value_parser!(u16).range(1..=256))]
    pub workers: Option<u16>,
}

/// What to say at the end, and while running.
#[derive(Debug, Clone, Args)]
pub struct ReportArgs {
    /// Form of the summary on standard error
    #[arg(
        long,
        value_name = "FORM",
        default_value = "text",
        help_heading = "Output"
    )]
    pub summary: SummaryForm,
    /// Show no progress bar
    #[arg(long, help_heading = "Output")]
    pub no_progress: bool,
}

/// Form of the summary.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum SummaryForm {
    /// For people.
    Text,
    /// One line of JSON.
    Json,
    /// None; errors are still shown.
    None,
}

/// Form of alerts on standard output.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum AlertForm {
    /// `text` on a terminal or where `--eve PATH` is given, else `eve`.
    Auto,
    /// One readable line an alert.
    Text,
    /// One EVE JSON line an alert.
    Eve,
    /// None.
    None,
}

/// `replay`
#[derive(Debug, Args)]
pub struct Replay {
    /// Which packets.
    #[command(flatten)]
    pub input: InputArgs,
    /// Which rules.
    #[command(flatten)]
    pub rules: RuleArgs,
    /// What becomes of findings.
    #[command(flatten)]
    pub matching: MatchArgs,
    /// Write alerts as EVE JSON lines to this file, made anew, or to `-`
    #[arg(long, value_name = "PATH", help_heading = "Output")]
    pub eve: Option<PathBuf>,
    /// Form of alerts on standard output
    #[arg(
        long,
        value_name = "FORM",
        default_value = "auto",
        help_heading = "Output"
    )]
    pub alerts: AlertForm,
    /// Count the same name in the same flow again only after this many seconds of packet time;
    /// 0 gives an alert for every packet
    #[arg(
        long,
        value_name = "SECONDS",
        default_value_t = 300,
        help_heading = "Output"
    )]
    pub repeat_window: u32,
    /// Exit with status 1 where there were alerts
    #[arg(long, help_heading = "Output")]
    pub exit_code: bool,
    /// What to say.
    #[command(flatten)]
    pub report: ReportArgs,
}

/// `names`
#[derive(Debug, Args)]
pub struct Names {
    /// Which packets.
    #[command(flatten)]
    pub input: InputArgs,
    /// What to say.
    #[command(flatten)]
    pub report: ReportArgs,
}

/// `lookup`
#[derive(Debug, Args)]
pub struct Lookup {
    /// Names, addresses, networks, URLs or fingerprints (JA3, JA4, certificates) to look up, also defanged; or `-` for
    /// standard input, one a line
    #[arg(required = true, value_name = "WHAT")]
    pub names: Vec<String>,
    /// Which rules.
    #[command(flatten)]
    pub rules: RuleArgs,
    /// Print only what matches
    #[arg(long)]
    pub matches_only: bool,
    /// Print JSON lines
    #[arg(long)]
    pub json: bool,
    /// Exit with status 1 where something matched
    #[arg(long)]
    pub exit_code: bool,
}
