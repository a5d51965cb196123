//! Least privilege for the long-lived `watch`: what is open is kept, nearly everything else is given up.
//!
//! A detector reads what anybody sends, so a fault in a parser must not become a foothold. [`Plan::prepare`]
//! looks up users and paths while everything is still allowed, so that mistakes are told early.
//! [`Prepared::apply`] is called once, when sockets, rings, listeners and alert files are open and before the first
//! thread is spawned; threads inherit all of it. In this order:
//!
//! 1. `no_new_privs`, and no core files (they would hold other people's traffic);
//! 2. Landlock: only the files of the plan, no TCP, no UDP where the kernel knows the right, no abstract Unix sockets
//!    and no signals outside;
//! 3. another user and group, no supplementary groups;
//! 4. capabilities: none, or `CAP_NET_RAW` alone; an empty bounding set and locked securebits where they are ours to set;
//! 5. a look whether all of that is so, and whether root can be regained;
//! 6. seccomp: only the system calls of the later life.
//!
//! # What seccomp does with a call that is not on the list
//!
//! It fails with `EPERM`, in every mode. A monitor in the field must not die of a C library that is newer than this
//! list: it meets an error that it has to handle anyway, and the call is no more possible than if the process
//! had been killed. Calls which this program has no honest way to make, and which an exploit makes first (`execve`,
//! `ptrace`, `process_vm_writev`, loading kernel modules and the like), kill the process: by then its memory is not its own, its
//! alerts cannot be trusted, and the kernel writes a line to the audit log that somebody can be woken by. Calls that are
//! newer than the list, and `clone3`, whose flags a filter cannot see, fail with `ENOSYS`, which makes the
//! C library use the older call.
//!
//! # What the caller must know
//!
//! * A datagram cannot be sent to an address: connect a socket to `NOTIFY_SOCKET` or to syslog before `apply`, and `send` on it.
//!   The exception is netlink, which the C library's list of interfaces needs.
//! * Nothing connects any more, and nothing is mapped executable, so no library is loaded: look up users and names before.
//! * A name can be read again after its file was replaced only where the plan grants the folder (see [`Plan::read`]).
//! * `/proc/self/fd` and the like belong to root afterwards, since the process is not dumpable.

mod error;
pub mod rights;
mod state;

#[cfg(target_os = "linux")]
pub(crate) mod linux;
#[cfg(target_os = "linux")]
use linux as system;

#[cfg(not(target_os = "linux"))]
mod other;
#[cfg(not(target_os = "linux"))]
use other as system;

use std::path::PathBuf;

pub use error::SandboxError;
pub use state::{Item, Layer, Level, State};
pub use system::{Prepared, landlock};

/// How much must hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// What cannot be applied in full is an error.
    Strict,
    /// What can be applied is applied, and the rest is in the [`State`].
    BestEffort,
    /// Nothing is applied.
    Off,
}

/// What is needed after the privileges are gone.
#[derive(Debug, Clone)]
pub struct Plan {
    /// How much must hold.
    pub mode: Mode,
    /// Whom to become: `name`, `name:group`, `uid` or `uid:gid`. Without a group it is the user's primary group.
    /// Supplementary groups are always given up. `None` stays who it is.
    pub user: Option<String>,
    /// Keep `CAP_NET_RAW`, to open a packet socket again when an interface comes back.
    pub keep_raw: bool,
    /// Files and folders that are read later. A file stands for the folder that it is in, since a file that an
    /// editor puts in its place is another file to the kernel. Where that folder is shared with half the
    /// system (`/etc`, `/tmp`, a home), the file alone is granted, and the [`State`] says so.
    pub read: Vec<PathBuf>,
    /// Folders in which files and sockets are made, read, appended to, truncated, renamed and removed later.
    pub write: Vec<PathBuf>,
    /// A TCP listener that is already bound is served: options of TCP may be set on its connections.
    pub inet: bool,
}

impl Plan {
    /// Looks up the user and opens the paths, while that is still allowed. Changes nothing.
    ///
    /// # Errors
    ///
    /// A user, group or path that does not exist; `user` where the mode is [`Mode::Off`]; in [`Mode::Strict`] also where the
    /// process would stay root, or may not change its user.
    pub fn prepare(self) -> Result<Prepared, SandboxError> {
        if self.mode == Mode::Off
            && let Some(user) = self.user
        {
            return Err(SandboxError::UserWithoutSandbox { user });
        }
        Prepared::new(self)
    }
}
