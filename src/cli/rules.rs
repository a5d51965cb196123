//! The command line of `rules`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::{RuleArgs, update};
use crate::rules::LoadOptions;

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
    /// Judge lists: what counts, what is left aside or refused, and why
    Check(Check),
    /// List packs, or all their indicators
    List(List),
    /// Show all that is known about indicators or packs
    Show(Show),
    /// Compare two lists
    Diff(Diff),
    /// Make one rule file of lists in any format
    Import(Import),
    /// Fetch lists of indicators into a folder, each with a note of where it came from and when
    Update(Box<update::Update>),
}

/// How lists are read.
#[derive(Debug, Clone, Args)]
pub struct ReadArgs {
    /// Format of the lists, where their content is not to decide; an unknown one lists those there are
    #[arg(long, value_name = "NAME", help_heading = "Reading")]
    pub format: Option<String>,
    /// Column of tables (CSV) that holds the indicators: its heading, or its number from 1
    #[arg(long, value_name = "COLUMN", help_heading = "Reading")]
    pub column: Option<String>,
    /// Entry that counts although it looks harmful: a popular name, a shared parent, a private address
    /// (repeatable)
    #[arg(long, value_name = "ENTRY", help_heading = "Reading")]
    pub force_entry: Vec<String>,
}

impl ReadArgs {
    /// For these files.
    pub fn options(&self, rules: Vec<PathBuf>) -> LoadOptions {
        LoadOptions {
            rules,
            force: self.force_entry.clone(),
            format: self.format.clone(),
            column: self.column.clone(),
            ..LoadOptions::default()
        }
    }
}

/// `rules check`
#[derive(Debug, Args)]
#[command(
    after_help = "Exit status: 0 no errors; 1 warnings (only with --strict); 2 a file or an entry is refused."
)]
pub struct Check {
    /// Lists in any format, or folders of them
    #[arg(required = true, value_name = "PATH")]
    pub paths: Vec<PathBuf>,
    /// How they are read.
    #[command(flatten)]
    pub read: ReadArgs,
    /// File of contacts that need no alert to check as well (repeatable)
    #[arg(long, value_name = "FILE")]
    pub allow: Vec<PathBuf>,
    /// Tell everything that is left aside or wrong, line by line
    #[arg(short, long)]
    pub verbose: bool,
    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
    /// Exit with status 1 where there are warnings
    #[arg(long)]
    pub strict: bool,
}

/// `rules list`
#[derive(Debug, Args)]
pub struct List {
    /// Which rules.
    #[command(flatten)]
    pub rules: RuleArgs,
    /// Print every indicator of the packs in use, one a line: kind, scope, what is listed, packs
    #[arg(long)]
    pub entries: bool,
    /// Print JSON: one object, or one a line with --entries
    #[arg(long)]
    pub json: bool,
}

/// `rules show`
#[derive(Debug, Args)]
#[command(
    after_help = "Exit status: 0 all is known; 1 something is neither listed nor a pack; 2 something cannot be read."
)]
pub struct Show {
    /// Names, addresses, URLs or fingerprints, or names of packs
    #[arg(required = true, value_name = "WHAT")]
    pub what: Vec<String>,
    /// Which rules, beside all packs that are built in.
    #[command(flatten)]
    pub rules: RuleArgs,
    /// Print JSON lines
    #[arg(long)]
    pub json: bool,
}

/// `rules diff`
#[derive(Debug, Args)]
#[command(after_help = "Exit status: 0 the same; 1 different; 2 something could not be read.")]
pub struct Diff {
    /// List or folder of lists as it was
    #[arg(value_name = "OLD")]
    pub old: PathBuf,
    /// List or folder of lists as it is
    #[arg(value_name = "NEW")]
    pub new: PathBuf,
    /// How they are read.
    #[command(flatten)]
    pub read: ReadArgs,
    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
}

/// `rules import`
#[derive(Debug, Args)]
#[command(
    after_help = "Exit status: 0 written; 1 written, but an entry was refused (only with --strict); 2 nothing was written."
)]
pub struct Import {
    /// Lists in any format, or folders of them
    #[arg(required = true, value_name = "IN")]
    pub paths: Vec<PathBuf>,
    /// Rule file to write, or `-` for standard output
    #[arg(short, long, value_name = "OUT")]
    pub output: PathBuf,
    /// How they are read.
    #[command(flatten)]
    pub read: ReadArgs,
    /// Name of the pack: lower-case letters, digits and `-` [default: from the name of OUT]
    #[arg(long, value_name = "NAME", help_heading = "Pack")]
    pub pack: Option<String>,
    /// Title of the pack
    #[arg(long, value_name = "TEXT", help_heading = "Pack")]
    pub title: Option<String>,
    /// Who makes the spyware
    #[arg(long, value_name = "TEXT", help_heading = "Pack")]
    pub vendor: Option<String>,
    /// What the pack is about
    #[arg(long, value_name = "TEXT", help_heading = "Pack")]
    pub description: Option<String>,
    /// Licence of the lists
    #[arg(long, value_name = "TEXT", help_heading = "Pack")]
    pub licence: Option<String>,
    /// Whom to credit
    #[arg(long, value_name = "TEXT", help_heading = "Pack")]
    pub attribution: Option<String>,
    /// Date of the lists, YYYY-MM-DD [default: the newest that they give]
    #[arg(long, value_name = "DATE", help_heading = "Pack")]
    pub updated: Option<String>,
    /// Replace OUT where it is there already; never one of the lists
    #[arg(long)]
    pub overwrite: bool,
    /// Exit with status 1 where an entry was refused
    #[arg(long)]
    pub strict: bool,
}
