//! The command line of `rules update`.

use std::path::PathBuf;
use std::str::FromStr;

use clap::{ArgGroup, Args};

/// `rules update`
#[derive(Debug, Args)]
#[command(
    after_help = "The hosts that are asked learn this machine's address and that it runs Bellerophon. All rights are given \
    up before the first of them is asked; root becomes the owner of the folder.\n\nExit status: 0 every list is up to date; 2 a list \
    failed or was refused, and its old copy stays."
)]
#[command(group = ArgGroup::new("login").multiple(false))]
pub struct Update {
    /// Folder to keep the lists in, made where it is missing; give it to --rules afterwards [default:
    /// /var/lib/bellerophon/feeds where that is there and yours, else ~/.local/share/bellerophon/feeds]
    #[arg(long, value_name = "FOLDER")]
    pub to: Option<PathBuf>,
    /// Print JSON instead of a table
    #[arg(long)]
    pub json: bool,
    /// Take lists that lost more than half of their entries
    #[arg(long)]
    pub force: bool,

    /// Index in the form of MVT's indicators.yaml; without a URL that of the MVT project, which is also the default where
    /// neither --url nor --taxii is given
    #[arg(long, value_name = "URL", num_args = 0..=1, default_missing_value = "", help_heading = "Sources")]
    pub index: Option<String>,
    /// List at an address, in any format that --rules takes (repeatable); NAME is what to call it
    #[arg(long, value_name = "[NAME=]URL", help_heading = "Sources")]
    pub url: Vec<Named>,
    /// Collection of a TAXII 2.1 server (repeatable)
    #[arg(long, value_name = "URL", help_heading = "Sources")]
    pub taxii: Vec<String>,
    /// Connect to nobody: read an index and its lists from this folder, such as a clone of MVT's repository
    #[arg(long, value_name = "FOLDER", help_heading = "Sources", conflicts_with_all = ["url", "taxii"])]
    pub from: Option<PathBuf>,
    /// Read files of GitHub from this mirror instead, which continues with OWNER/REPO/BRANCH/PATH
    #[arg(long, value_name = "URL", help_heading = "Sources")]
    pub github_mirror: Option<String>,

    /// Variable of the environment with NAME:PASSWORD for the TAXII server
    #[arg(
        long,
        value_name = "VARIABLE",
        help_heading = "Login",
        group = "login",
        requires = "taxii"
    )]
    pub login_env: Option<String>,
    /// File with NAME:PASSWORD for the TAXII server, which others may not read
    #[arg(
        long,
        value_name = "FILE",
        help_heading = "Login",
        group = "login",
        requires = "taxii"
    )]
    pub login_file: Option<PathBuf>,
    /// Variable of the environment with a token for the TAXII server
    #[arg(
        long,
        value_name = "VARIABLE",
        help_heading = "Login",
        group = "login",
        requires = "taxii"
    )]
    pub token_env: Option<String>,
    /// File with a token for the TAXII server, which others may not read
    #[arg(
        long,
        value_name = "FILE",
        help_heading = "Login",
        group = "login",
        requires = "taxii"
    )]
    pub token_file: Option<PathBuf>,

    /// Believe the authorities in this PEM file instead of Mozilla's
    #[arg(long, value_name = "FILE", help_heading = "Trust")]
    pub ca: Option<PathBuf>,
    /// Connect only to servers with this key, as curl writes it: sha256//BASE64 (repeatable)
    #[arg(long, value_name = "PIN", help_heading = "Trust")]
    pub pin: Vec<String>,
    /// Allow http:// to other machines: anybody on the way may change the lists
    #[arg(long, help_heading = "Trust")]
    pub allow_http: bool,

    /// Seconds that one list may take
    #[arg(long, value_name = "SECONDS", default_value_t = 120, help_heading = "Limits",
          value_parser = clap::value_parser!(u32).range(1..=86_400))]
    pub timeout: u32,
    /// Largest list in MiB
    #[arg(long, value_name = "MIB", default_value_t = 64, help_heading = "Limits",
          value_parser = clap::value_parser!(u32).range(1..=64))]
    pub max_size: u32,
}

/// An address, with a name for what is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Named {
    /// The name.
    pub name: Option<String>,
    /// The address.
    pub url: String,
}

impl FromStr for Named {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        // Queries of addresses have `=` as well.
        let (name, url) = match text.split_once('=') {
            Some((name, url)) if !name.contains(['/', ':', '?']) => (Some(name), url),
            _ => (None, text),
        };
        let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
        if name.is_some_and(|name| name.is_empty() || !name.chars().all(fits)) {
            return Err("a NAME has letters, digits, `.`, `-` and `_` only".into());
        }
        Ok(Self {
            name: name.map(str::to_owned),
            url: url.to_owned(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stand_before_addresses() {
        let read = |text: &str| {
            let named: Named = text.parse().unwrap();
            (named.name, named.url)
        };
        let some = |text: &str| Some(text.to_owned());
        assert_eq!(
            read("a.b=https://h.example/?x=y"),
            (some("a.b"), "https://h.example/?x=y".into())
        );
        assert_eq!(
            read("https://h.example/?x=y"),
            (None, "https://h.example/?x=y".into())
        );
        assert!("=https://h.example/".parse::<Named>().is_err());
        assert!("a b=https://h.example/".parse::<Named>().is_err());
    }
}
