//! Why the sandbox could not be built, said so that the operator can put it right.

use std::io;
use std::path::PathBuf;

use super::Layer;

/// Why privileges could not be given up as asked. After one from [`apply`](super::Prepared::apply) the process
/// may be partly confined, and should end.
#[derive(Debug, thiserror::Error)]
pub enum SandboxError {
    /// `--user` names nobody.
    #[error(
        "--user {user}: no such user; create it with: sudo useradd --system --shell /usr/sbin/nologin {user}"
    )]
    NoSuchUser {
        /// What was asked for.
        user: String,
    },
    /// `--user` is a number without an account, and so without a group.
    #[error(
        "--user {user}: no account has this number; give the group as well, as in --user {user}:{user}"
    )]
    NoGroupForNumber {
        /// What was asked for.
        user: String,
    },
    /// `--user` is not of the form that it should have.
    #[error("--user {user:?}: expected NAME, NAME:GROUP, UID or UID:GID")]
    BadUser {
        /// What was asked for.
        user: String,
    },
    /// The group in `--user` does not exist.
    #[error(
        "--user {user}: no such group {group:?}; create it with: sudo groupadd --system {group}"
    )]
    NoSuchGroup {
        /// What was asked for.
        user: String,
        /// The part that is not known.
        group: String,
    },
    /// The user database could not be asked.
    #[error("--user {user}: cannot ask the user database: {source}")]
    Lookup {
        /// What was asked for.
        user: String,
        /// What the system says.
        source: io::Error,
    },
    /// `--user` makes no sense without a sandbox.
    #[error(
        "--user {user}: the sandbox is off, so the user would not change; leave out one of them"
    )]
    UserWithoutSandbox {
        /// What was asked for.
        user: String,
    },
    /// A path of the plan cannot be opened.
    #[error("{}: {source}; it must exist before privileges are given up", path.display())]
    Path {
        /// The path as it was given.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// A path to be written to is not a folder.
    #[error("{}: not a folder; what is written later needs a folder to be made and renamed in", path.display())]
    NotFolder {
        /// The path as it was given.
        path: PathBuf,
    },
    /// Other threads run already and would not be confined.
    #[error(
        "{others} other threads are already running and would keep their privileges; apply the sandbox before they are spawned"
    )]
    Threads {
        /// How many there are beside the calling one.
        others: usize,
    },
    /// [`Mode::Strict`](super::Mode::Strict): a layer does not hold in full.
    #[error(
        "the sandbox is not complete: {layer}: {why}. To run with less, allow best effort instead of strict"
    )]
    Incomplete {
        /// The layer that is missing.
        layer: Layer,
        /// What is missing, and what to do.
        why: String,
    },
    /// Privileges were given up and are still there. Never recorded, always an error.
    #[error(
        "privileges that were given up are still there: {what}; this is a defect of the kernel or of what filters its calls, do not run here"
    )]
    StillThere {
        /// What was found.
        what: String,
    },
}
