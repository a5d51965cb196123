//! A program for the tests, with flags of all kinds.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use clap::{ArgAction, Args, CommandFactory, Parser, Subcommand, ValueEnum, ValueHint};

#[derive(Debug, Parser, PartialEq)]
#[command(name = "sample", version)]
pub(super) struct Program {
    /// Say less
    #[arg(long, global = true)]
    pub(super) quiet: bool,
    /// Run in this folder
    #[arg(long)]
    folder: Option<String>,
    #[command(subcommand)]
    pub(super) what: What,
}

#[derive(Debug, Subcommand, PartialEq)]
pub(super) enum What {
    /// Watch
    Watch(Box<Watch>),
    /// Another command
    Replay { paths: Vec<PathBuf> },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Form {
    /// For people.
    Text,
    /// For machines.
    Json,
    /// None.
    None,
}

#[derive(Debug, Args, PartialEq)]
pub(super) struct Watch {
    /// Read flags from this file
    #[arg(long, value_name = "FILE")]
    pub(super) config: Option<PathBuf>,
    /// Interface to listen on
    #[arg(
        short,
        long,
        visible_alias = "iface",
        value_name = "IFACE",
        help_heading = "Capture"
    )]
    pub(super) interface: Option<String>,
    /// Look only at packets that match this BPF expression; this help is long enough to need a
    /// second line in a template of one hundred columns, and ends here
    #[arg(long, value_name = "EXPRESSION", help_heading = "Capture")]
    pub(super) bpf: Option<String>,
    /// Size of the ring
    #[arg(long, value_name = "SIZE", default_value = "64M", value_parser = size, help_heading = "Capture")]
    pub(super) ring: u64,
    /// Wait so long
    #[arg(long, value_name = "TIME", default_value = "1s", value_parser = duration)]
    pub(super) timeout: Duration,
    /// Worker threads
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=256))]
    pub(super) workers: Option<u16>,
    /// Offset, which may be negative
    #[arg(long, value_name = "N", default_value_t = -3, allow_negative_numbers = true)]
    pub(super) offset: i32,
    /// Rule file, or folder of them
    #[arg(long, value_name = "PATH", help_heading = "Rules")]
    pub(super) rules: Vec<PathBuf>,
    /// Packs
    #[arg(long, value_name = "NAME", default_values = ["pegasus", "no"], help_heading = "Rules")]
    pub(super) pack: Vec<String>,
    /// Networks, with commas between them
    #[arg(long, value_name = "NET", value_delimiter = ',')]
    pub(super) home: Vec<String>,
    /// Two names
    #[arg(long, value_name = "NAME", num_args = 2)]
    pub(super) rename: Vec<String>,
    /// A varying number, once
    #[arg(long, num_args = 2.., action = ArgAction::Set)]
    pub(super) many: Option<Vec<String>>,
    /// Two names with a sign between them
    #[arg(long, value_name = "NAME", num_args = 2, value_delimiter = ':')]
    pub(super) pair: Option<Vec<String>>,
    /// Forms, of which some
    #[arg(long, num_args = 1..=3, value_delimiter = '+', action = ArgAction::Set)]
    pub(super) forms: Option<Vec<Form>>,
    /// Form of the summary
    #[arg(
        long,
        value_name = "FORM",
        default_value = "text",
        help_heading = "Output"
    )]
    pub(super) summary: Form,
    /// Write EVE to this file
    #[arg(long, value_name = "PATH", help_heading = "Output")]
    pub(super) eve: Option<PathBuf>,
    /// Write the state to this file
    #[arg(long, value_name = "PATH", default_value = "state.json", value_hint = ValueHint::FilePath)]
    pub(super) state: String,
    /// Colours
    #[arg(long, value_name = "WHEN", num_args = 0..=1, default_missing_value = "always", default_value = "auto")]
    pub(super) color: String,
    /// Promiscuous mode
    #[arg(long, value_name = "BOOL", action = ArgAction::Set, default_value_t = true)]
    pub(super) promiscuous: bool,
    /// Show no progress bar
    #[arg(long, help_heading = "Output")]
    pub(super) no_progress: bool,
    /// Not the other
    #[arg(long, action = ArgAction::SetFalse)]
    pub(super) no_names: bool,
    /// Write nothing
    #[arg(long, conflicts_with_all = ["eve", "stats"])]
    pub(super) dry_run: bool,
    /// Write statistics to this address
    #[arg(long, value_name = "ADDRESS")]
    pub(super) stats: Option<String>,
    /// Key for the address
    #[arg(long, value_name = "KEY", requires = "stats")]
    pub(super) stats_key: Option<String>,
    /// Say more
    #[arg(short, long, action = ArgAction::Count)]
    pub(super) verbose: u8,
    /// Internal
    #[arg(long, hide = true)]
    pub(super) inside: Option<String>,
}

fn size(text: &str) -> Result<u64, String> {
    let number = text.strip_suffix('M').unwrap_or(text);
    let number: u64 = number
        .parse()
        .map_err(|_| "write for instance 64M or 1000000".to_owned())?;
    let unit = if text.ends_with('M') { 1_000_000 } else { 1 };
    Ok(number.saturating_mul(unit))
}

fn duration(text: &str) -> Result<Duration, String> {
    let seconds = text.strip_suffix('s').and_then(|n| n.parse().ok());
    let seconds = seconds.ok_or_else(|| "write for instance 5s".to_owned())?;
    Ok(Duration::from_secs(seconds))
}

pub(super) fn command() -> clap::Command {
    Program::command()
}

pub(super) fn args(line: &[&str]) -> Vec<OsString> {
    line.iter().map(OsString::from).collect()
}

/// The whole outcome of a command line, without `config`.
pub(super) fn parsed(argv: &[OsString]) -> Result<(bool, Watch), clap::Error> {
    let program = Program::try_parse_from(argv)?;
    match program.what {
        What::Watch(watch) => {
            let mut watch = *watch;
            watch.config = None;
            Ok((program.quiet, watch))
        }
        What::Replay { .. } => panic!("another command"),
    }
}
