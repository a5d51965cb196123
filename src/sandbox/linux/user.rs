//! Whom to become: looked up early, changed late, and checked.

use std::io;

use nix::unistd::{
    Gid, Group, Uid, User, getgroups, getresgid, getresuid, setgroups, setresgid, setresuid,
};
use rustix::thread::{CapabilitySet, capabilities, set_keep_capabilities};

use super::files::Grants;
use super::level_of;
use crate::sandbox::{Item, Layer, Level, SandboxError};

/// The user and group to run as.
#[derive(Debug)]
pub(super) struct Target {
    uid: Uid,
    gid: Gid,
    /// For people.
    name: String,
    /// Whether this is somebody else than now.
    change: bool,
}

/// How the change went.
#[derive(Debug)]
pub(super) struct Changed {
    /// What kept it from happening.
    failed: Option<String>,
}

impl Target {
    /// # Errors
    ///
    /// There is no such user or group.
    pub(super) fn resolve(user: Option<&str>) -> Result<Self, SandboxError> {
        let (uid, gid, name) = match user {
            Some(text) => look_up(text)?,
            None => current()?,
        };
        let change = user.is_some() && !is_now(uid, gid);
        Ok(Self {
            uid,
            gid,
            name,
            change,
        })
    }

    /// What makes it plain already that this layer cannot hold in full.
    pub(super) fn obstacle(&self) -> Option<String> {
        self.stays_root().or_else(|| self.cannot_change())
    }

    fn stays_root(&self) -> Option<String> {
        self.uid.is_root().then(|| {
            "the process stays root, and owns the system's files even without capabilities; give --user NAME"
                .into()
        })
    }

    fn cannot_change(&self) -> Option<String> {
        let needed = CapabilitySet::SETUID | CapabilitySet::SETGID;
        let may = capabilities(None).is_ok_and(|sets| sets.effective.contains(needed));
        (self.change && !may).then(|| {
            format!(
                "the user cannot be changed to {} without root; start as root, or start as this user and leave out --user",
                self.name
            )
        })
    }

    /// Changes user and group, where that is wanted. Capabilities that are permitted stay so for the
    /// moment, for [`limit`](super::capabilities::limit) to give up in order.
    pub(super) fn become_it(&self) -> Changed {
        let change = || -> Result<(), String> {
            if let Some(why) = self.cannot_change() {
                return Err(why);
            }
            // Where this is refused capabilities are lost rather than kept, and the report says so.
            let _ = set_keep_capabilities(true);
            setgroups(&[]).map_err(|e| format!("cannot give up the supplementary groups: {e}"))?;
            setresgid(self.gid, self.gid, self.gid)
                .map_err(|e| format!("cannot become group {}: {e}", self.gid))?;
            setresuid(self.uid, self.uid, self.uid)
                .map_err(|e| format!("cannot become user {}: {e}", self.uid))
        };
        let failed = if self.change { change().err() } else { None };
        Changed { failed }
    }

    /// Looks whether the change is real and cannot be undone. Called when the capabilities are gone.
    ///
    /// # Errors
    ///
    /// The old user is still there, or can be had again.
    pub(super) fn verify(&self, changed: &Changed) -> Result<(), SandboxError> {
        let still = |what: &str| Err(SandboxError::StillThere { what: what.into() });
        if self.change && changed.failed.is_none() {
            if !is_now(self.uid, self.gid) {
                return still("user or group are not the ones that were set");
            }
            if !getgroups().is_ok_and(|groups| groups.is_empty()) {
                return still("supplementary groups");
            }
        }
        // To ask for root and be refused proves it; who is root now has nothing to prove.
        if is_root_now() {
            return Ok(());
        }
        let root = Uid::from_raw(0);
        if setresuid(root, root, root).is_ok() {
            return still("the user can become root again");
        }
        let group = Gid::from_raw(0);
        let has_root_group =
            getresgid().is_ok_and(|g| [g.real, g.effective, g.saved].contains(&group));
        if !has_root_group && setresgid(group, group, group).is_ok() {
            return still("the group can become root again");
        }
        Ok(())
    }

    /// The item of the state. Also asks whether the files of the plan are this user's to use.
    pub(super) fn report(&self, changed: Changed, grants: &Grants) -> Item {
        let name = if is_root_now() { "root" } else { &self.name };
        if let Some(why) = changed.failed {
            return Item::new(Layer::User, Level::Missing(why), "");
        }
        let mut lacks = Vec::new();
        lacks.extend(self.stays_root());
        lacks.extend(grants.refused_to(name));
        Item::new(Layer::User, level_of(&lacks), name)
    }
}

fn is_now(uid: Uid, gid: Gid) -> bool {
    let user = getresuid().is_ok_and(|u| [u.real, u.effective, u.saved] == [uid; 3]);
    let group = getresgid().is_ok_and(|g| [g.real, g.effective, g.saved] == [gid; 3]);
    user && group
}

/// Whether root is one of the three users, as in a program with the set-user-ID bit.
fn is_root_now() -> bool {
    getresuid().is_ok_and(|u| [u.real, u.effective, u.saved].iter().any(|u| u.is_root()))
}

fn current() -> Result<(Uid, Gid, String), SandboxError> {
    let lookup = |e: nix::Error| SandboxError::Lookup {
        user: "(the current one)".into(),
        source: e.into(),
    };
    let ids = getresuid().map_err(lookup)?;
    let groups = getresgid().map_err(lookup)?;
    let uid = if is_root_now() {
        Uid::from_raw(0)
    } else {
        ids.effective
    };
    let name = User::from_uid(uid)
        .ok()
        .flatten()
        .map_or_else(|| uid.to_string(), |user| user.name);
    Ok((uid, groups.effective, name))
}

fn look_up(text: &str) -> Result<(Uid, Gid, String), SandboxError> {
    let failed = |source: io::Error| SandboxError::Lookup {
        user: text.into(),
        source,
    };
    let bad = || SandboxError::BadUser { user: text.into() };
    let (name, group) = match text.split_once(':') {
        Some((name, group)) => (name, Some(group)),
        None => (text, None),
    };
    let odd = |part: &str| {
        part.is_empty() || part.contains(|c: char| c == ':' || c.is_whitespace() || c.is_control())
    };
    if odd(name) || group.is_some_and(odd) {
        return Err(bad());
    }
    let number = number(name).map_err(|()| bad())?.map(Uid::from_raw);
    let user = match number {
        Some(uid) => User::from_uid(uid),
        None => User::from_name(name),
    }
    .map_err(|e| failed(e.into()))?;
    let uid = match (&user, number) {
        (Some(user), _) => user.uid,
        (None, Some(uid)) => uid,
        (None, None) => {
            return Err(SandboxError::NoSuchUser { user: name.into() });
        }
    };
    let gid = match group {
        Some(group) => look_up_group(text, group)?,
        None => match &user {
            Some(user) => user.gid,
            None => return Err(SandboxError::NoGroupForNumber { user: text.into() }),
        },
    };
    let shown = user.map_or_else(|| uid.to_string(), |user| user.name);
    Ok((uid, gid, shown))
}

fn look_up_group(text: &str, group: &str) -> Result<Gid, SandboxError> {
    let number = number(group).map_err(|()| SandboxError::BadUser { user: text.into() })?;
    if let Some(gid) = number {
        return Ok(Gid::from_raw(gid));
    }
    match Group::from_name(group) {
        Ok(Some(group)) => Ok(group.gid),
        Ok(None) => Err(SandboxError::NoSuchGroup {
            user: text.into(),
            group: group.into(),
        }),
        Err(e) => Err(SandboxError::Lookup {
            user: text.into(),
            source: e.into(),
        }),
    }
}

/// The number that `part` is, if it is one. All ones means "leave as it is" to the kernel, so it is none of them.
fn number(part: &str) -> Result<Option<u32>, ()> {
    if !part.bytes().all(|b| b.is_ascii_digit()) {
        return Ok(None);
    }
    match part.parse() {
        Ok(u32::MAX) | Err(_) => Err(()),
        Ok(id) => Ok(Some(id)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(text: &str) -> (u32, u32, String) {
        let (uid, gid, name) = look_up(text).unwrap();
        (uid.as_raw(), gid.as_raw(), name)
    }

    #[test]
    fn names_and_numbers() {
        assert_eq!(ids("root"), (0, 0, "root".into()));
        assert_eq!(ids("0"), (0, 0, "root".into()));
        assert_eq!(ids("root:4000"), (0, 4000, "root".into()));
        assert_eq!(ids("0:root"), (0, 0, "root".into()));
        assert_eq!(ids("3999999:3"), (3_999_999, 3, "3999999".into()));
    }

    #[test]
    fn what_is_wrong_is_said() {
        let told = |text| look_up(text).unwrap_err().to_string();
        assert!(told("nobody2x").starts_with("--user nobody2x: no such user; create it with"));
        assert!(told("root:groupx").contains("no such group \"groupx\""));
        assert!(told("3999999").contains("--user 3999999:3999999"));
        for bad in [
            "",
            ":",
            "a:",
            ":b",
            "a:b:c",
            "a b",
            "4294967295",
            "root:4294967296",
        ] {
            assert!(
                matches!(look_up(bad), Err(SandboxError::BadUser { .. })),
                "{bad:?}"
            );
        }
    }
}
