//! The command line of `doctor`.

use clap::Args;

use super::RuleArgs;

/// `doctor`
#[derive(Debug, Args)]
pub struct Doctor {
    /// Network interface to look at (repeatable)
    #[arg(short, long, value_name = "NAME", required = true)]
    pub interface: Vec<String>,
    /// Seconds to look at traffic; 0 looks at none
    #[arg(long, value_name = "SECONDS", default_value_t = 5,
          value_parser = clap::value_parser!(u32).range(..=86_400))]
    pub seconds: u32,
    /// Which rules.
    #[command(flatten)]
    pub rules: RuleArgs,
    /// Print JSON, with what was measured
    #[arg(long)]
    pub json: bool,
}
