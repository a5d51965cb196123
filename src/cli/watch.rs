//! The command line of `watch`, and of what belongs to it.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum, ValueHint};

use super::{AlertForm, MatchArgs, RuleArgs, SummaryForm};
use crate::live;

/// `watch`
#[derive(Debug, Args)]
pub struct Watch {
    /// YAML file with flags, see `bellerophon config`; flags on the command line win
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub config: Option<PathBuf>,
    /// How packets are captured.
    #[command(flatten)]
    pub capture: CaptureArgs,
    /// Which rules.
    #[command(flatten)]
    pub rules: RuleArgs,
    /// What becomes of findings.
    #[command(flatten)]
    pub matching: MatchArgs,
    /// Do not look for changes of the files given with --rules; SIGHUP and `ctl reload` still load them again
    #[arg(long, help_heading = "Rules")]
    pub no_auto_reload: bool,
    /// Where results go.
    #[command(flatten)]
    pub output: OutputArgs,
    /// How it runs as a service.
    #[command(flatten)]
    pub service: ServiceArgs,
}

/// How packets are captured.
#[derive(Debug, Args)]
pub struct CaptureArgs {
    /// Network interface to capture on (repeatable)
    #[arg(
        short,
        long,
        value_name = "NAME",
        required = true,
        help_heading = "Capture"
    )]
    pub interface: Vec<String>,
    /// By what packets are captured: the kernel's ring (Linux), or libpcap, with one thread an interface
    #[arg(long, value_name = "METHOD", default_value = METHOD, help_heading = "Capture")]
    pub method: CaptureMethod,
    /// Capture threads for each interface [default: half of the processors, at least 1, shared by the
    /// interfaces]
    #[arg(long, value_name = "N", help_heading = "Capture",
          value_parser = clap::value_parser!(u16).range(1..=64))]
    pub threads: Option<u16>,
    /// Worker threads in all, at least one a capture thread [default: the other processors]
    #[arg(long, value_name = "N", help_heading = "Capture",
          value_parser = clap::value_parser!(u16).range(1..=256))]
    pub workers: Option<u16>,
    /// Processors to pin capture threads to, in their order, such as 2,4,6 or 2-7
    #[arg(long, value_name = "LIST", help_heading = "Capture", value_parser = cpus)]
    pub cpus: Option<Cpus>,
    /// How the threads of an interface share its packets
    #[arg(
        long,
        value_name = "MODE",
        default_value = "addresses",
        help_heading = "Capture"
    )]
    pub fanout: FanoutMode,
    /// Look only at packets that match this BPF expression (see `man pcap-filter`)
    #[arg(long, value_name = "EXPRESSION", help_heading = "Capture")]
    pub bpf: Option<String>,
    /// Have the kernel hand over every packet, also those that cannot name a host
    #[arg(long, help_heading = "Capture")]
    pub no_kernel_filter: bool,
    /// Take only packets for this machine
    #[arg(long, help_heading = "Capture")]
    pub no_promiscuous: bool,
    /// Memory of each capture thread's ring, in bytes or with K, M or G
    #[arg(long, value_name = "SIZE", default_value = "64M", help_heading = "Capture",
          value_parser = size)]
    pub ring_size: u64,
    /// Memory of a block of the ring: a power of two from 64K to 16M
    #[arg(long, value_name = "SIZE", default_value = "256K", help_heading = "Capture",
          value_parser = block_size)]
    pub block_size: u32,
    /// Milliseconds after which the kernel hands over a block that is not full
    #[arg(long, value_name = "MS", default_value_t = 20, help_heading = "Capture",
          value_parser = clap::value_parser!(u16).range(1..=1000))]
    pub block_timeout: u16,
    /// Whose clock gives packets their time: this machine's, or the network card's
    #[arg(
        long,
        value_name = "CLOCK",
        default_value = "host",
        help_heading = "Capture"
    )]
    pub clock: ClockSource,
    /// Stop after this many seconds
    #[arg(long, value_name = "SECONDS", help_heading = "Capture")]
    pub stop_after: Option<u32>,
}

/// The default of `--method`.
const METHOD: &str = if cfg!(target_os = "linux") {
    "ring"
} else {
    "libpcap"
};

/// `--method`
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum CaptureMethod {
    /// A packet socket with a ring of blocks that the kernel fills.
    Ring,
    /// libpcap; without the kernel's filter.
    Libpcap,
}

/// `--fanout`
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum FanoutMode {
    /// By both addresses: all packets between two hosts go to one thread.
    Addresses,
    /// By addresses and ports, the same both ways; the kernel puts IPv4 fragments together first, and what stays
    /// incomplete of them is neither seen nor counted.
    Hash,
    /// By the processor that took the packet; only where the card's hash is the same both ways.
    Cpu,
    /// By the card's queue; likewise.
    Queue,
}

/// `--clock`
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ClockSource {
    /// This machine's, in nanoseconds.
    Host,
    /// The network card's own; refused where it has none.
    Card,
}

impl CaptureArgs {
    /// How interfaces are captured.
    pub fn options(&self) -> live::Options {
        live::Options {
            method: match self.method {
                CaptureMethod::Ring => live::Method::Ring,
                CaptureMethod::Libpcap => live::Method::Libpcap,
            },
            ring_bytes: self.ring_size,
            block_bytes: self.block_size,
            block_timeout: Duration::from_millis(self.block_timeout.into()),
            fanout: match self.fanout {
                FanoutMode::Hash => live::Fanout::Hash,
                FanoutMode::Addresses => live::Fanout::Addresses,
                FanoutMode::Cpu => live::Fanout::Cpu,
                FanoutMode::Queue => live::Fanout::Queue,
            },
            promiscuous: !self.no_promiscuous,
            kernel_filter: !self.no_kernel_filter,
            clock: match self.clock {
                ClockSource::Host => live::Clock::Host,
                ClockSource::Card => live::Clock::Card,
            },
        }
    }
}

/// Where results go.
#[derive(Debug, Args)]
pub struct OutputArgs {
    /// Append alerts and events as EVE JSON lines to this file or named pipe
    #[arg(long, value_name = "PATH", help_heading = "Output", value_hint = ValueHint::FilePath)]
    pub eve: Option<PathBuf>,
    /// Begin a new EVE file when it would grow beyond this size, and keep older ones as PATH.1, PATH.2 and so on
    #[arg(long, value_name = "SIZE", help_heading = "Output", value_parser = file_size)]
    pub eve_max_size: Option<u64>,
    /// How many older EVE files are kept
    #[arg(long, value_name = "N", default_value_t = 8, help_heading = "Output",
          value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub eve_keep: u32,
    /// Form of alerts on standard output
    #[arg(
        long,
        value_name = "FORM",
        default_value = "auto",
        help_heading = "Output"
    )]
    pub alerts: AlertForm,
    /// Count the same name in the same flow again only after this many seconds; 0 gives an alert for
    /// every packet
    #[arg(
        long,
        value_name = "SECONDS",
        default_value_t = 300,
        help_heading = "Output"
    )]
    pub repeat_window: u32,
    /// Seconds between `stats` events in EVE output; 0 gives none
    #[arg(
        long,
        value_name = "SECONDS",
        default_value_t = 60,
        help_heading = "Output"
    )]
    pub stats_interval: u32,
    /// Seconds between status lines on standard error; 0 gives none
    #[arg(
        long,
        value_name = "SECONDS",
        default_value_t = 60,
        help_heading = "Output"
    )]
    pub status_interval: u32,
    /// Report a loss of more than this share of packets, in percent
    #[arg(long, value_name = "PERCENT", default_value_t = 1.0, help_heading = "Output",
          value_parser = percent)]
    pub max_loss: f64,
    /// Form of the summary on standard error at the end
    #[arg(
        long,
        value_name = "FORM",
        default_value = "text",
        help_heading = "Output"
    )]
    pub summary: SummaryForm,
}

/// How it runs as a service.
#[derive(Debug, Args)]
pub struct ServiceArgs {
    /// Serve Prometheus metrics, /healthz and /readyz on this address, such as 127.0.0.1:9469
    #[arg(long, value_name = "HOST:PORT", help_heading = "Service")]
    pub metrics: Option<String>,
    /// Unix socket for `bellerophon ctl`
    #[arg(long, value_name = "PATH", help_heading = "Service", value_hint = ValueHint::FilePath)]
    pub control: Option<PathBuf>,
    /// Become this user once the interfaces are open: name, name:group or number
    #[arg(long, value_name = "USER", help_heading = "Service")]
    pub user: Option<String>,
    /// How much this process takes from itself once everything is open
    #[arg(
        long,
        value_name = "MODE",
        default_value = "best-effort",
        help_heading = "Service"
    )]
    pub sandbox: SandboxMode,
}

/// `--sandbox`
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum SandboxMode {
    /// All of it, or an error.
    Strict,
    /// What this kernel offers; the rest is told.
    BestEffort,
    /// Nothing.
    Off,
}

/// `ctl`
#[derive(Debug, Args)]
pub struct Ctl {
    /// Socket of the running `watch`
    #[arg(
        long,
        value_name = "PATH",
        default_value = "/run/bellerophon/control.sock",
        value_hint = ValueHint::FilePath
    )]
    pub control: PathBuf,
    /// What it should do.
    #[command(subcommand)]
    pub command: CtlCommand,
}

/// What a running `watch` can be asked for.
#[derive(Debug, Clone, PartialEq, Eq, clap::Subcommand)]
pub enum CtlCommand {
    /// Load the rules again
    Reload {
        /// Also where the new rules have defects or are less than half of the old ones
        #[arg(long)]
        force: bool,
    },
    /// Say how it goes
    Status {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Open the EVE file anew
    Rotate,
    /// End, as SIGTERM does
    Stop,
}

/// `config`
#[derive(Debug, Args)]
pub struct ConfigArgs {
    /// What to do.
    #[command(subcommand)]
    pub command: ConfigCommand,
}

/// What can be done with configuration files.
#[derive(Debug, clap::Subcommand)]
pub enum ConfigCommand {
    /// Check a file, and say everything that is wrong with it
    Check {
        /// The file
        #[arg(value_name = "FILE", value_hint = ValueHint::FilePath)]
        file: PathBuf,
    },
    /// Print a file with every flag of `watch`, explained and commented out
    Template,
}

/// Numbers of processors.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cpus(pub Vec<u16>);

fn cpus(text: &str) -> Result<Cpus, String> {
    let number = |text: &str| {
        let text = text.trim();
        text.parse::<u16>()
            .ok()
            .filter(|&n| n < 4096)
            .ok_or_else(|| format!("{text:?} is no number of a processor; write 2,4 or 2-7"))
    };
    let mut all = Vec::new();
    for part in text.split(',') {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        let (first, last) = (number(first)?, number(last)?);
        if first > last {
            return Err(format!("{part:?} ends before it begins"));
        }
        all.extend(first..=last);
    }
    Ok(Cpus(all))
}

/// Bytes, with a binary unit.
fn size(text: &str) -> Result<u64, String> {
    let wrong = || format!("{text:?} is no size; write bytes, or a number with K, M or G");
    let (digits, unit) = match text.char_indices().next_back() {
        Some((at, 'K' | 'k')) => (text.get(..at), 1u64 << 10),
        Some((at, 'M' | 'm')) => (text.get(..at), 1 << 20),
        Some((at, 'G' | 'g')) => (text.get(..at), 1 << 30),
        _ => (Some(text), 1),
    };
    let number: u64 = digits.unwrap_or("").parse().map_err(|_| wrong())?;
    let bytes = number.checked_mul(unit).filter(|&n| n != 0);
    bytes.ok_or_else(wrong)
}

/// A file that holds some events at least.
fn file_size(text: &str) -> Result<u64, String> {
    let bytes = size(text)?;
    if bytes < 4 << 10 {
        return Err(format!("{text} is less than 4K"));
    }
    Ok(bytes)
}

fn block_size(text: &str) -> Result<u32, String> {
    let (least, most) = live::Options::BLOCK_BYTES;
    let bytes = size(text)?;
    u32::try_from(bytes)
        .ok()
        .filter(|bytes| bytes.is_power_of_two() && (least..=most).contains(bytes))
        .ok_or_else(|| format!("{text} is no power of two from 64K to 16M"))
}

fn percent(text: &str) -> Result<f64, String> {
    text.parse()
        .ok()
        .filter(|percent| (0.0..=100.0).contains(percent))
        .ok_or_else(|| format!("{text:?} is no number from 0 to 100"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_of_processors() {
        assert_eq!(cpus("2,4,6").unwrap().0, [2, 4, 6]);
        assert_eq!(cpus("2-4, 8").unwrap().0, [2, 3, 4, 8]);
        for wrong in ["", "a", "4-2", "1,,2", "70000", "1-"] {
            assert!(cpus(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn sizes() {
        assert_eq!(size("64M").unwrap(), 64 << 20);
        assert_eq!(size("1k").unwrap(), 1_024);
        assert_eq!(size("512").unwrap(), 512);
        for wrong in ["", "M", "0", "1T", "-1", "99999999999G"] {
            assert!(size(wrong).is_err(), "{wrong}");
        }
        assert_eq!(block_size("256K").unwrap(), 256 << 10);
        for wrong in ["32K", "100K", "32M"] {
            assert!(block_size(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn percents() {
        assert_eq!(percent("0.5").unwrap(), 0.5);
        for wrong in ["-1", "101", "NaN", "x"] {
            assert!(percent(wrong).is_err(), "{wrong}");
        }
    }
}
