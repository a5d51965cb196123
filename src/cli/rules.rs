//! The command line of `rules`.

use clap::{Args, Subcommand};

use super::update;

/// `rules`
#[derive(Debug, Args)]
pub struct Rules {
    /// What to do.
    #[command(subcommand)]
    pub command: RulesCommand,
}

/// What to do with rules.
#[derive(Debug, Subcommand)]
pub enum RulesCommand {
    /// Fetch lists of indicators into a folder, each with a note of where it came from and when
    Update(Box<update::Update>),
}
