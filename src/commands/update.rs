//! `bellerophon rules update`: lists of indicators, fetched into a folder.

#[cfg(feature = "fetch")]
mod table;
#[cfg(feature = "fetch")]
mod told;

use std::error::Error;

use super::Status;
use crate::cli::update::Update;

/// Runs the command.
///
/// # Errors
/// This program was built without it.
#[cfg(not(feature = "fetch"))]
pub fn run(_args: &Update) -> Result<Status, Box<dyn Error>> {
    Err("this program was built without the feature `fetch`, so it fetches nothing; put lists into a folder and give it to --rules".into())
}

/// Runs the command. Must be called before other threads begin.
///
/// # Errors
/// There was no update at all, or what came of it cannot be printed.
#[cfg(feature = "fetch")]
pub fn run(args: &Update) -> Result<Status, Box<dyn Error>> {
    fetching::run(args)
}

#[cfg(feature = "fetch")]
mod fetching {
    use std::io::{self, Write};
    use std::path::{Path, PathBuf};
    use std::time::Duration;

    use super::{Error, Status, Update, table, told};
    use crate::feeds::FeedName;
    use crate::fetch::{
        Checked, Collection, DEFAULT_INDEX, GITHUB_RAW, Limits, Secret, SecretError, SecretKind,
        Single, Trust, UpdateOptions, update,
    };
    use crate::output::Style;
    use crate::rules;

    /// Where the package's timer keeps lists.
    const SYSTEM: &str = "/var/lib/bellerophon/feeds";

    pub(super) fn run(args: &Update) -> Result<Status, Box<dyn Error>> {
        let folder = match &args.to {
            Some(folder) => folder.clone(),
            None => default_folder()?,
        };
        let options = options(args, folder)?;
        let stderr = io::stderr();
        let mut say = |progress: crate::fetch::Progress<'_>| {
            if let Some(line) = told::line(&progress) {
                // There is nowhere left to say that this failed.
                let _ = writeln!(stderr.lock(), "{line}");
            }
        };
        let report = update(&options, &check, &mut say)?;
        let stdout = io::stdout();
        let style = Style::for_stream(&stdout);
        let mut out = io::BufWriter::new(stdout.lock());
        if args.json {
            table::write_json(&mut out, &options.folder, &report)?;
        } else {
            table::write_text(&mut out, style, &options.folder, &report)?;
        }
        out.flush()?;
        Ok(if report.bad() == 0 {
            Status::Done
        } else {
            Status::Failed
        })
    }

    /// Whether what came is a list, as `--rules` would read it.
    fn check(name: &FeedName, bytes: &[u8]) -> Result<Checked, String> {
        let list = rules::inspect(Path::new(name.as_str()), bytes).map_err(|e| e.to_string())?;
        Ok(Checked {
            entries: list.entries,
            date: list.updated,
        })
    }

    fn options(args: &Update, folder: PathBuf) -> Result<UpdateOptions, Box<dyn Error>> {
        let trust = Trust::new(args.ca.as_deref(), &args.pin)?;
        let secret = secret(args)?;
        if secret.is_some() && args.taxii.len() > 1 {
            return Err("a login is for one --taxii: run the update once for each server".into());
        }
        // Who names an address asks for no other.
        let by_default = args.url.is_empty() && args.taxii.is_empty() && args.from.is_none();
        let index = match args.index.as_deref() {
            Some("") => Some(DEFAULT_INDEX.to_owned()),
            Some(url) => Some(url.to_owned()),
            None => by_default.then(|| DEFAULT_INDEX.to_owned()),
        };
        let urls = args.url.iter().map(|named| Single {
            name: named.name.clone(),
            url: named.url.clone(),
        });
        let taxii = args.taxii.iter().map(|url| Collection {
            url: url.clone(),
            secret: secret.clone(),
        });
        Ok(UpdateOptions {
            index,
            from: args.from.clone(),
            urls: urls.collect(),
            taxii: taxii.collect(),
            github_raw: match &args.github_mirror {
                Some(mirror) => mirror.trim_end_matches('/').to_owned(),
                None => GITHUB_RAW.to_owned(),
            },
            allow_http: args.allow_http,
            force: args.force,
            limits: Limits {
                bytes: u64::from(args.max_size) << 20,
                time: Duration::from_secs(args.timeout.into()),
                ..Limits::default()
            },
            ..UpdateOptions::new(folder, trust)
        })
    }

    fn secret(args: &Update) -> Result<Option<Secret>, SecretError> {
        use SecretKind::{Login, Token};
        if let Some(variable) = &args.login_env {
            return Secret::from_env(Login, variable).map(Some);
        }
        if let Some(file) = &args.login_file {
            return Secret::from_file(Login, file).map(Some);
        }
        if let Some(variable) = &args.token_env {
            return Secret::from_env(Token, variable).map(Some);
        }
        if let Some(file) = &args.token_file {
            return Secret::from_file(Token, file).map(Some);
        }
        Ok(None)
    }

    /// The folder of the package, where it is there and ours to write to; otherwise one of the user's own, whose parents are
    /// made here.
    fn default_folder() -> Result<PathBuf, Box<dyn Error>> {
        use std::os::unix::fs::MetadataExt;
        let us = rustix::process::geteuid();
        let system = Path::new(SYSTEM);
        if let Ok(found) = std::fs::symlink_metadata(system)
            && (us.is_root() || found.uid() == us.as_raw())
        {
            return Ok(system.to_owned());
        }
        if us.is_root() {
            // A folder of root's own would be refused anyway.
            return Err(format!(
                "{SYSTEM} is missing; make it for an ordinary user, whom the update then becomes (install -d -o bellerophon-update \
                 {SYSTEM}), or name a folder with --to"
            )
            .into());
        }
        let variable = |name| std::env::var_os(name).filter(|value| !value.is_empty());
        let data = match (variable("XDG_DATA_HOME"), variable("HOME")) {
            (Some(data), _) => PathBuf::from(data),
            (None, Some(home)) => PathBuf::from(home).join(".local/share"),
            (None, None) => return Err("HOME is not set; say with --to where lists go".into()),
        };
        let parent = data.join("bellerophon");
        std::fs::create_dir_all(&parent).map_err(|e| format!("{}: {e}", parent.display()))?;
        Ok(parent.join("feeds"))
    }
}
