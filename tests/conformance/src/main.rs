//! `make conformance`: compares the names that Bellerophon finds in a folder of captures with what
//! an oracle says, and prints recall and precision.
//!
//! An oracle is a file of JSON lines, one for each name in each capture:
//!
//! ```json
//! {"file": "set/a.pcap", "proto": "tls_sni", "name": "www.example.com", "cls": "fqdn", "only_tags": []}
//! ```
//!
//! | field | what |
//! | --- | --- |
//! | `file` | the capture's path from the folder on; its first folder is its collection |
//! | `proto` | the kind, in the words of `bellerophon names` |
//! | `name` | the name; case, final dots, a port, a leading `*.` do not count, IP addresses are left out |
//! | `cls` | `fqdn` (taken where it is missing), `single` (one label), `ip` or `odd` (anything else) |
//! | `only_tags` | what every occurrence in this capture was inside of, in any words; may be missing |
//!
//! Other fields are ignored and kept in the list of misses. `--make-oracle` asks tshark for one.

mod normalise;
mod oracle;
mod program;
mod rows;
mod score;
mod table;

use std::collections::HashSet;
use std::fs::File;
use std::io::{BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Parser;
use serde_json::{Value, json};

use crate::score::{Match, Rules, Score, Scorer, Wrong};

/// Compares the names that Bellerophon finds in captures with what an oracle says.
#[derive(Debug, Parser)]
#[command(max_term_width = 100)]
#[command(
    after_help = "Exit status: 0 done; 1 less recall or precision than asked for; 2 something \
    could not be read or written."
)]
struct Cli {
    /// Folder of captures
    #[arg(value_name = "FOLDER")]
    captures: PathBuf,
    /// The oracle [default: FOLDER/oracle.jsonl]
    #[arg(long, value_name = "FILE")]
    oracle: Option<PathBuf>,
    /// Make the oracle with tshark, and end; a file that exists is not overwritten
    #[arg(long)]
    make_oracle: bool,
    /// Captures to compare, one path a line or JSON lines with "file": also those in which the
    /// oracle has no name, so that any name there is wrong
    #[arg(long, value_name = "FILE")]
    files: Option<PathBuf>,
    /// Compare these names, as `bellerophon names` prints them, instead of running it
    #[arg(long, value_name = "FILE")]
    names: Option<PathBuf>,
    /// The program to run [default: the one beside this program]
    #[arg(long, value_name = "PATH")]
    program: Option<PathBuf>,
    /// What has to be the same, beside capture and name
    #[arg(
        long = "match",
        value_name = "HOW",
        default_value = "group",
        help_heading = "What counts"
    )]
    by: Match,
    /// Classes of names that are wanted
    #[arg(
        long,
        value_name = "CLASS",
        value_delimiter = ',',
        default_value = "fqdn",
        help_heading = "What counts"
    )]
    cls: Vec<String>,
    /// Families of kinds that are wanted, or `all`
    #[arg(
        long,
        value_name = "FAMILY",
        value_delimiter = ',',
        help_heading = "What counts",
        default_value = "dns,tls_sni,quic_sni,gquic_sni,dtls_sni,http,x509,http2,socks_host"
    )]
    families: Vec<String>,
    /// Names only seen in something with this tag are optional (repeatable; `none`)
    #[arg(long, value_name = "TAG", help_heading = "What counts",
          default_values = ["icmp_quoted", "unconfirmed"])]
    optional_tag: Vec<String>,
    /// Only captures of this collection (repeatable)
    #[arg(long, value_name = "NAME", help_heading = "What counts")]
    collection: Vec<String>,
    /// Take `*.a.b` and `a.b` for different names
    #[arg(long, help_heading = "What counts")]
    keep_wildcard: bool,
    /// Show recall of names that were only seen in something with a tag
    #[arg(long, help_heading = "Output")]
    by_tag: bool,
    /// How many of the worst captures to show
    #[arg(long, value_name = "N", default_value_t = 10, help_heading = "Output")]
    worst: usize,
    /// Write the oracle's rows that were missed to this file
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    misses: Option<PathBuf>,
    /// Write the rows that are spurious or mislabelled to this file
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    spurious: Option<PathBuf>,
    /// Write all numbers to this file
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    json: Option<PathBuf>,
    /// Fail with less recall than this, of all or of a family: 99.5, dns=99 (repeatable)
    #[arg(long, value_name = "[FAMILY=]PERCENT", help_heading = "Output")]
    min_recall: Vec<Least>,
    /// Fail with less precision than this, of all or of a family (repeatable)
    #[arg(long, value_name = "[FAMILY=]PERCENT", help_heading = "Output")]
    min_precision: Vec<Least>,
}

/// What is asked for at least.
#[derive(Debug, Clone, PartialEq)]
struct Least {
    family: Option<String>,
    percent: f64,
}

impl std::str::FromStr for Least {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (family, percent) = match text.split_once('=') {
            Some((family, percent)) => (Some(family.to_owned()), percent),
            None => (None, text),
        };
        match percent.parse() {
            Ok(percent) if (0.0..=100.0).contains(&percent) => Ok(Self { family, percent }),
            _ => Err(format!("`{percent}` is not a number from 0 to 100")),
        }
    }
}

fn main() -> ExitCode {
    match run(&Cli::parse()) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::from(2)
        }
    }
}

fn run(cli: &Cli) -> Result<ExitCode, String> {
    let at_hand = || cli.captures.join("oracle.jsonl");
    let oracle = cli.oracle.clone().unwrap_or_else(at_hand);
    if cli.make_oracle {
        oracle::make(&cli.captures, &oracle)?;
        return Ok(ExitCode::SUCCESS);
    }
    if !oracle.exists() {
        return Err(format!(
            "{}: there is no oracle; --make-oracle asks tshark for one",
            oracle.display()
        ));
    }
    let score = score(cli, &oracle)?;
    let show = table::Show {
        tags: cli.by_tag,
        worst: cli.worst,
    };
    print!("{}", table::text(&score, show));
    if let Some(path) = &cli.misses {
        write_rows(path, score.misses.iter().map(|(_, row)| row.json.clone()))?;
    }
    if let Some(path) = &cli.spurious {
        write_rows(path, score.wrong.iter().map(wrong_row))?;
    }
    if let Some(path) = &cli.json {
        write_rows(path, std::iter::once(table::json(&score)))?;
    }
    let failures = failures(cli, &score);
    for failure in &failures {
        eprintln!("error: {failure}");
    }
    Ok(ExitCode::from(u8::from(!failures.is_empty())))
}

fn score(cli: &Cli, oracle: &Path) -> Result<Score, String> {
    let set = |words: &[String]| -> HashSet<String> { words.iter().cloned().collect() };
    let mut optional_tags = set(&cli.optional_tag);
    optional_tags.remove("none");
    let files = match &cli.files {
        Some(path) => Some(rows::read_files(open(path)?, &path.display().to_string())?),
        None => None,
    };
    let all = cli.families.iter().any(|family| family == "all");
    let mut scorer = Scorer::new(Rules {
        by: cli.by,
        classes: set(&cli.cls),
        families: (!all).then(|| set(&cli.families)),
        optional_tags,
        files: files.map(|files| files.into_iter().collect()),
        collections: set(&cli.collection),
        keep_wildcard: cli.keep_wildcard,
    });
    rows::read(open(oracle)?, &oracle.display().to_string(), |row| {
        scorer.oracle(row)
    })?;
    match &cli.names {
        Some(path) => {
            let what = path.display().to_string();
            rows::read(open(path)?, &what, |row| scorer.program(row))?;
        }
        None => {
            let program = match &cli.program {
                Some(program) => program.clone(),
                None => beside_this_program()?,
            };
            program::names(&program, &cli.captures, |row| scorer.program(row))?;
        }
    }
    Ok(scorer.finish())
}

fn beside_this_program() -> Result<PathBuf, String> {
    let this = std::env::current_exe().map_err(|e| format!("this program's path: {e}"))?;
    Ok(this.with_file_name(format!("bellerophon{}", std::env::consts::EXE_SUFFIX)))
}

fn open(path: &Path) -> Result<BufReader<File>, String> {
    let file = File::open(path).map_err(|e| format!("{}: {e}", path.display()))?;
    Ok(BufReader::new(file))
}

fn wrong_row((key, wrong, row): &(score::Key, Wrong, rows::Row)) -> Value {
    let mut json = row.json.clone();
    json["file"] = json!(key.0);
    json["verdict"] = json!(match wrong {
        Wrong::Mislabelled => "mislabelled",
        Wrong::Spurious => "spurious",
    });
    json
}

fn write_rows(path: &Path, rows: impl Iterator<Item = Value>) -> Result<(), String> {
    let fail = |e: std::io::Error| format!("{}: {e}", path.display());
    let mut out = BufWriter::new(File::create(path).map_err(fail)?);
    for row in rows {
        writeln!(out, "{row}").map_err(fail)?;
    }
    out.flush().map_err(fail)
}

/// What is below what was asked for. A family without a name to judge by fails too: nothing was
/// shown about it.
fn failures(cli: &Cli, score: &Score) -> Vec<String> {
    let mut failures = Vec::new();
    for (what, least) in [
        ("recall", &cli.min_recall),
        ("precision", &cli.min_precision),
    ] {
        for Least { family, percent } in least {
            let name = family.as_deref().unwrap_or("all");
            let counts = match family {
                Some(family) => score.families.get(family).copied().unwrap_or_default(),
                None => score.total,
            };
            let value = match what {
                "recall" => counts.recall(),
                _ => counts.precision(),
            };
            match value {
                Some(value) if value >= *percent => {}
                Some(value) => failures.push(format!(
                    "{what} of {name} is {value:.4} %, less than {percent} %"
                )),
                None => failures.push(format!("{what} of {name}: there is no name to judge by")),
            }
        }
    }
    failures
}

#[cfg(test)]
#[path = "main_tests.rs"]
mod tests;
