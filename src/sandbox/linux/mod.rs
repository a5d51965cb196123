//! The sandbox on Linux: what is prepared, and the order in which it is applied.

mod capabilities;
mod files;
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
mod seccomp;
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
mod syscalls;
mod user;

/// There is no list of calls for this architecture.
#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
mod seccomp {
    use crate::sandbox::{Item, Layer, Level};

    pub(super) fn confine(_keep_raw: bool, _inet: bool) -> Item {
        let arch = std::env::consts::ARCH;
        let why = format!("only available on x86_64 and aarch64, and this is {arch}");
        Item::new(Layer::Seccomp, Level::Missing(why), "")
    }
}

#[cfg(test)]
mod confined_tests;

use std::fs;

use rustix::process::{DumpableBehavior, set_dumpable_behavior};
use rustix::thread::{no_new_privs, set_no_new_privs};

use super::{Item, Layer, Level, Mode, Plan, SandboxError, State};

/// A plan whose user is known and whose paths are open.
#[derive(Debug)]
pub struct Prepared {
    mode: Mode,
    wanted: Option<Wanted>,
}

#[derive(Debug)]
struct Wanted {
    target: user::Target,
    grants: files::Grants,
    keep_raw: bool,
    inet: bool,
}

impl Prepared {
    pub(super) fn new(plan: Plan) -> Result<Self, SandboxError> {
        let mode = plan.mode;
        if mode == Mode::Off {
            return Ok(Self { mode, wanted: None });
        }
        let target = user::Target::resolve(plan.user.as_deref())?;
        if mode == Mode::Strict
            && let Some(why) = target.obstacle()
        {
            return Err(SandboxError::Incomplete {
                layer: Layer::User,
                why,
            });
        }
        let grants = files::Grants::open(&plan.read, &plan.write)?;
        let wanted = Some(Wanted {
            target,
            grants,
            keep_raw: plan.keep_raw,
            inet: plan.inet,
        });
        Ok(Self { mode, wanted })
    }

    /// Gives up what the plan does not need, in the calling thread and all that it spawns. There is no way back.
    ///
    /// # Errors
    ///
    /// Other threads are running already; privileges are still there after they were given up; in [`Mode::Strict`]
    /// also the first layer that does not hold in full. The process may then be partly confined, and should end.
    pub fn apply(self) -> Result<State, SandboxError> {
        if self.wanted.is_some() {
            alone()?;
        }
        self.confine()
    }

    /// [`apply`](Self::apply) without a look at other threads, of which a test always has one.
    fn confine(self) -> Result<State, SandboxError> {
        let Some(wanted) = self.wanted else {
            return Ok(State::off());
        };
        let mut done = Done {
            mode: self.mode,
            items: Vec::with_capacity(Layer::ALL.len()),
        };
        done.put(give_up_new_privileges())?;
        done.put(wanted.grants.confine())?;
        let changed = wanted.target.become_it();
        // The capabilities go also where the user could not be changed.
        let capabilities = capabilities::limit(wanted.keep_raw);
        wanted.target.verify(&changed)?;
        capabilities::verify(&capabilities)?;
        done.put(wanted.target.report(changed, &wanted.grants))?;
        done.put(capabilities.report(wanted.keep_raw))?;
        done.put(seccomp::confine(wanted.keep_raw, wanted.inet))?;
        Ok(State::new(self.mode, done.items))
    }
}

/// Gives up every right for a command that needs none: `no_new_privs`, another user where one is named, and all
/// capabilities with the bounding set. Unlike the sandbox of `watch`, files and connections stay allowed. There is no way back.
///
/// # Errors
///
/// Anything that cannot be given up in full, other threads that would keep it, and a process that would stay root.
/// The process may then be partly confined, and should end.
#[cfg(feature = "fetch")]
pub(crate) fn surrender(user: Option<&str>) -> Result<(), SandboxError> {
    alone()?;
    surrender_thread(user)
}

/// [`surrender`] without a look at other threads, of which a test always has one.
#[cfg(feature = "fetch")]
pub(crate) fn surrender_thread(user: Option<&str>) -> Result<(), SandboxError> {
    let target = user::Target::resolve(user)?;
    let grants = files::Grants::open(&[], &[])?;
    let mut done = Done {
        mode: Mode::Strict,
        items: Vec::with_capacity(3),
    };
    done.put(give_up_new_privileges())?;
    let changed = target.become_it();
    // The capabilities go also where the user could not be changed.
    let capabilities = capabilities::limit(false);
    target.verify(&changed)?;
    capabilities::verify(&capabilities)?;
    done.put(target.report(changed, &grants))?;
    done.put(capabilities.report(false))
}

/// What this kernel has of Landlock. Nothing of this thread changes.
#[must_use]
pub fn landlock() -> Item {
    files::offered()
}

/// The layers so far.
struct Done {
    mode: Mode,
    items: Vec<Item>,
}

impl Done {
    fn put(&mut self, item: Item) -> Result<(), SandboxError> {
        if self.mode == Mode::Strict
            && let Some(why) = item.level.why()
        {
            return Err(SandboxError::Incomplete {
                layer: item.layer,
                why: why.into(),
            });
        }
        self.items.push(item);
        Ok(())
    }
}

/// Capabilities and Landlock belong to threads, and others would keep what they have. Where `/proc` is
/// not mounted this cannot be seen.
fn alone() -> Result<(), SandboxError> {
    let Ok(threads) = fs::read_dir("/proc/self/task") else {
        return Ok(());
    };
    match threads.count().saturating_sub(1) {
        0 => Ok(()),
        others => Err(SandboxError::Threads { others }),
    }
}

fn give_up_new_privileges() -> Item {
    // A core file would hold other people's traffic, and a process of the same user could read our memory. A
    // change of the user does the same, so that a failure here only matters where there is none.
    let undumpable = set_dumpable_behavior(DumpableBehavior::NotDumpable);
    let level = match set_no_new_privs(true).and_then(|()| no_new_privs()) {
        Ok(true) => match undumpable {
            Ok(()) => Level::Applied,
            Err(e) => Level::Partly(format!("core files cannot be switched off: {e}")),
        },
        Ok(false) => Level::Missing("the kernel took it and did not keep it".into()),
        Err(e) => Level::Missing(format!("{e}; it needs Linux 3.5 or newer")),
    };
    Item::new(Layer::NoNewPrivs, level, "")
}

/// Reasons, joined to a level: none of them is [`Level::Applied`].
fn level_of(lacks: &[String]) -> Level {
    if lacks.is_empty() {
        Level::Applied
    } else {
        Level::Partly(lacks.join(", and "))
    }
}
