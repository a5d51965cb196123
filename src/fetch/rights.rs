//! Rights: an update runs with none. What comes from the network is read here, and a fault in a reader must not find
//! `CAP_NET_RAW` or root.
//!
//! Root without capabilities still owns the system's files, so root does not stay root: it becomes the owner of the folder
//! of lists. That is the only user who has to write there, so there is nothing to choose, and no flag that could
//! name somebody who may not. A folder that belongs to root is refused.

use std::path::{Path, PathBuf};

/// Why an update does not run as it was started.
#[derive(Debug, thiserror::Error)]
pub enum RightsError {
    /// Root was given a folder that root owns.
    #[error(
        "{}: belongs to root, and an update does not run as root. Give the folder to an ordinary user, whom the update then becomes: \
         chown bellerophon: {}; or run the update as such a user", .0.display(), .0.display()
    )]
    RootFolder(PathBuf),
    /// Root was given a folder whose group is root's and whose owner has no account with another.
    #[error(
        "{}: belongs to user {uid}, who has no account, and to root's group; give it a group as well: chown {uid}:{uid} {}",
        path.display(), path.display()
    )]
    RootGroup {
        /// The folder.
        path: PathBuf,
        /// Its owner.
        uid: u32,
    },
    /// Root was given a folder that is not there.
    #[error(
        "{}: {source}; make the folder for an ordinary user first: install -d -m 755 -o bellerophon {}",
        path.display(), path.display()
    )]
    Folder {
        /// The folder.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// Root was given a symbolic link, or no folder.
    #[error("{}: a symbolic link or no folder; give the path of the folder itself", .0.display())]
    NotFolder(PathBuf),
    /// The program has the set-user-ID bit.
    #[error(
        "the program runs with the rights of a user other than the one who started it; take the bit away: chmod u-s,g-s PROGRAM"
    )]
    SetUser,
    /// Something could not be given up.
    #[error("rights cannot be given up before connecting, so nothing was fetched: {0}")]
    NotGivenUp(String),
}

/// Proof that the process has nothing left to lose.
#[derive(Debug)]
pub(super) struct Surrendered(());

impl Surrendered {
    /// For tests, whose process is shared.
    #[cfg(test)]
    pub(super) fn pretended() -> Self {
        Self(())
    }
}

/// Gives up every right of the process for good; root becomes the owner of `folder`.
///
/// # Errors
///
/// Something cannot be given up. The process should end then.
#[cfg(target_os = "linux")]
pub(super) fn give_up(folder: &Path) -> Result<Surrendered, RightsError> {
    let user = successor(folder)?;
    crate::sandbox::linux::surrender(user.as_deref()).map_err(told)?;
    Ok(Surrendered(()))
}

/// Only Linux has capabilities; elsewhere root is refused, and nobody else has rights to give up.
///
/// # Errors
///
/// The process is root.
#[cfg(not(target_os = "linux"))]
pub(super) fn give_up(folder: &Path) -> Result<Surrendered, RightsError> {
    use rustix::process::{geteuid, getuid};
    if getuid() != geteuid() {
        return Err(RightsError::SetUser);
    }
    if geteuid().is_root() {
        return Err(RightsError::RootFolder(folder.into()));
    }
    Ok(Surrendered(()))
}

/// Whom root becomes, as `uid` or `uid:gid`; nobody else becomes anybody.
#[cfg(target_os = "linux")]
fn successor(folder: &Path) -> Result<Option<String>, RightsError> {
    use std::os::unix::fs::MetadataExt;

    use rustix::process::{getegid, geteuid, getgid, getuid};

    if getuid() != geteuid() || getgid() != getegid() {
        return Err(RightsError::SetUser);
    }
    if !geteuid().is_root() {
        return Ok(None);
    }
    // A link is not followed: whoever made it would choose whom to become.
    let found = std::fs::symlink_metadata(folder).map_err(|source| RightsError::Folder {
        path: folder.into(),
        source,
    })?;
    let (uid, gid) = (found.uid(), found.gid());
    if !found.is_dir() {
        return Err(RightsError::NotFolder(folder.into()));
    }
    if uid == 0 {
        return Err(RightsError::RootFolder(folder.into()));
    }
    let has_account = nix::unistd::User::from_uid(nix::unistd::Uid::from_raw(uid))
        .is_ok_and(|user| user.is_some_and(|user| user.gid.as_raw() != 0));
    match (has_account, gid) {
        (true, _) => Ok(Some(uid.to_string())),
        (false, 0) => Err(RightsError::RootGroup {
            path: folder.into(),
            uid,
        }),
        (false, gid) => Ok(Some(format!("{uid}:{gid}"))),
    }
}

/// The advice of `watch` to be content with less does not apply here.
#[cfg(target_os = "linux")]
fn told(error: crate::sandbox::SandboxError) -> RightsError {
    use crate::sandbox::SandboxError;
    RightsError::NotGivenUp(match error {
        SandboxError::Incomplete { layer, why } => format!("{layer}: {why}"),
        SandboxError::Threads { others } => {
            format!("{others} other threads are running, and would keep them")
        }
        other => other.to_string(),
    })
}

#[cfg(test)]
#[cfg(target_os = "linux")]
#[path = "rights_tests.rs"]
mod tests;
