//! Landlock: which files can be opened, and that nothing connects.

use std::io;
use std::path::{Path, PathBuf};

use landlock::{
    ABI, Access, AccessFs, AccessNet, BitFlags, CompatLevel, Compatible, LandlockStatus,
    PathBeneath, PathFd, RestrictionStatus, Ruleset, RulesetAttr, RulesetCreatedAttr, RulesetError,
    Scope, make_bitflags,
};
use rustix::fs::{Access as Ask, access};

use crate::sandbox::{Item, Layer, Level, SandboxError};

/// The newest rights that this program knows; the kernel's own are a part of them.
const NEWEST: ABI = ABI::V10;

/// Since ABI 3 (Linux 6.2) a file cannot be emptied without a right to. Before, what lies outside
/// of the plan could be.
const WHOLE: ABI = ABI::V3;

/// The paths of a plan, open.
#[derive(Debug)]
pub(super) struct Grants {
    read: Vec<Grant>,
    write: Vec<Grant>,
    /// Files whose folder is too wide to be granted.
    alone: Vec<PathBuf>,
}

#[derive(Debug)]
struct Grant {
    path: PathBuf,
    is_folder: bool,
    fd: PathFd,
}

/// What this kernel has of Landlock: tried on a thread of its own, which ends with it.
pub(super) fn offered() -> Item {
    let tried = std::thread::Builder::new().spawn(|| {
        Ruleset::default()
            .handle_access(AccessFs::from_all(ABI::V1))?
            .create()?
            .restrict_self()
    });
    let missing = |why: String| Item::new(Layer::Landlock, Level::Missing(why), "");
    match tried.map(std::thread::JoinHandle::join) {
        Err(e) => missing(e.to_string()),
        Ok(Err(_)) => missing("it cannot be tried".into()),
        Ok(Ok(Err(e))) => missing(e.to_string()),
        Ok(Ok(Ok(status))) => match abi_of(status) {
            Err(why) => missing(why.into()),
            Ok(abi) => {
                let level = lacks(abi).map_or(Level::Applied, |why| Level::Partly(why.into()));
                Item::new(Layer::Landlock, level, format!("ABI {abi}"))
            }
        },
    }
}

fn abi_of(status: RestrictionStatus) -> Result<ABI, &'static str> {
    match status.landlock {
        LandlockStatus::NotImplemented => Err(
            "this kernel has none; it needs Linux 5.13 or newer with CONFIG_SECURITY_LANDLOCK \
             (or a container runtime that lets its calls pass)",
        ),
        LandlockStatus::NotEnabled => Err(
            "this kernel has it switched off; add landlock to the lsm= list on the kernel's command line",
        ),
        LandlockStatus::Available { effective_abi, .. } => Ok(effective_abi),
    }
}

/// What this version of Landlock cannot keep.
fn lacks(abi: ABI) -> Option<&'static str> {
    (abi < WHOLE).then_some(
        "this kernel lets files outside of the plan be emptied; Linux 6.2 or newer does not",
    )
}

impl Grants {
    /// # Errors
    ///
    /// A path does not exist, or one to be written to is no folder.
    pub(super) fn open(read: &[PathBuf], write: &[PathBuf]) -> Result<Self, SandboxError> {
        let mut grants = Self {
            read: Vec::new(),
            write: Vec::new(),
            alone: Vec::new(),
        };
        for path in read {
            let grant = Grant::open(path)?;
            if grant.is_folder {
                grants.read.push(grant);
                continue;
            }
            let mut narrow = false;
            for folder in folders_of(path)? {
                if is_shared(&folder) {
                    narrow = true;
                } else {
                    grants.read.push(Grant::open(&folder)?);
                }
            }
            if narrow {
                grants.alone.push(path.clone());
            }
            grants.read.push(grant);
        }
        for path in write {
            let grant = Grant::open(path)?;
            if !grant.is_folder {
                return Err(SandboxError::NotFolder { path: path.clone() });
            }
            grants.write.push(grant);
        }
        Ok(grants)
    }

    /// Lets this thread, and all that it spawns, open nothing else.
    pub(super) fn confine(&self) -> Item {
        let missing = |why: String| Item::new(Layer::Landlock, Level::Missing(why), "");
        let status = match self.restrict() {
            Ok(status) => status,
            Err(e) => return missing(e.to_string()),
        };
        let abi = match abi_of(status) {
            Ok(abi) => abi,
            Err(why) => return missing(why.into()),
        };
        let mut detail = format!("ABI {abi}");
        for path in &self.alone {
            detail.push_str(&format!(
                ", {} as it is now and not what replaces it: give it a folder of its own",
                path.display()
            ));
        }
        let level = match lacks(abi) {
            Some(why) => Level::Partly(why.into()),
            None => Level::Applied,
        };
        Item::new(Layer::Landlock, level, detail)
    }

    fn restrict(&self) -> Result<RestrictionStatus, RulesetError> {
        let read = make_bitflags!(AccessFs::{ReadFile | ReadDir});
        // Neither folders nor links nor devices are made, and no file moves from one folder to another.
        let write = read
            | make_bitflags!(AccessFs::{WriteFile | Truncate | MakeReg | MakeSock | RemoveFile});
        Ruleset::default()
            .set_compatibility(CompatLevel::BestEffort)
            .handle_access(AccessFs::from_all(NEWEST))?
            .handle_access(AccessNet::from_all(NEWEST))?
            .scope(Scope::from_all(NEWEST))?
            .create()?
            .add_rules(rules(&self.read, read))?
            .add_rules(rules(&self.write, write))?
            .restrict_self()
    }

    /// Which paths the ordinary permissions refuse to the present user, as sentences.
    pub(super) fn refused_to<'a>(&'a self, user: &'a str) -> impl Iterator<Item = String> + 'a {
        let read = self.read.iter().map(|g| (g, Ask::READ_OK, "read"));
        let write = self.write.iter().map(|g| (g, Ask::WRITE_OK, "write to"));
        read.chain(write).filter_map(move |(grant, ask, verb)| {
            let enter = if grant.is_folder {
                Ask::EXEC_OK
            } else {
                Ask::empty()
            };
            let e = access(&grant.path, ask | enter).err()?;
            Some(format!(
                "user {user} may not {verb} {}: {}; change its owner or permissions",
                grant.path.display(),
                io::Error::from(e)
            ))
        })
    }
}

impl Grant {
    fn open(path: &Path) -> Result<Self, SandboxError> {
        let failed = |source| SandboxError::Path {
            path: path.into(),
            source,
        };
        let is_folder = path.metadata().map_err(failed)?.is_dir();
        let fd = PathFd::new(path).map_err(|e| failed(io::Error::other(e)))?;
        Ok(Self {
            path: std::path::absolute(path).map_err(failed)?,
            is_folder,
            fd,
        })
    }
}

type Rule<'a> = Result<PathBeneath<&'a PathFd>, RulesetError>;

fn rules(grants: &[Grant], rights: BitFlags<AccessFs>) -> impl Iterator<Item = Rule<'_>> {
    grants.iter().map(move |grant| {
        // A right that only folders have makes no sense for a file, and the kernel refuses it.
        let rights = if grant.is_folder {
            rights
        } else {
            rights & AccessFs::ReadFile
        };
        Ok(PathBeneath::new(&grant.fd, rights))
    })
}

/// The folder in which a file's name stands, and that in which the file itself does, where the name is a link.
fn folders_of(file: &Path) -> Result<Vec<PathBuf>, SandboxError> {
    let failed = |source| SandboxError::Path {
        path: file.into(),
        source,
    };
    let named = std::path::absolute(file).map_err(failed)?;
    let real = file.canonicalize().map_err(failed)?;
    let mut folders = Vec::new();
    for folder in [named.parent(), real.parent()].into_iter().flatten() {
        let folder = folder.canonicalize().map_err(failed)?;
        if !folders.contains(&folder) {
            folders.push(folder);
        }
    }
    Ok(folders)
}

/// Whether a folder (absolute, without links) belongs to many programs, so that to grant it would grant far
/// more than was meant: the root, what stands directly below it, and homes and the like.
fn is_shared(folder: &Path) -> bool {
    const OF_MANY: [&str; 4] = ["/home", "/usr", "/var", "/run"];
    let Some(above) = folder.parent() else {
        return true;
    };
    above.parent().is_none() || OF_MANY.iter().any(|many| above == Path::new(many))
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn shared_folders_are_not_granted_for_a_file() {
        for shared in ["/", "/etc", "/tmp", "/home/alice", "/var/lib", "/root"] {
            assert!(is_shared(Path::new(shared)), "{shared}");
        }
        for own in [
            "/etc/bellerophon",
            "/var/lib/bellerophon",
            "/home/alice/rules",
            "/opt/b/rules",
        ] {
            assert!(!is_shared(Path::new(own)), "{own}");
        }
    }

    #[test]
    fn a_file_stands_for_its_folders() {
        let folder = tempfile::tempdir().unwrap();
        let base = folder.path().canonicalize().unwrap();
        fs::create_dir(base.join("a")).unwrap();
        fs::create_dir(base.join("b")).unwrap();
        fs::write(base.join("b/rules.yaml"), "x").unwrap();
        symlink("../b/rules.yaml", base.join("a/link.yaml")).unwrap();
        assert_eq!(
            folders_of(&base.join("a/link.yaml")).unwrap(),
            [base.join("a"), base.join("b")]
        );
        let grants = Grants::open(&[base.join("b/rules.yaml")], &[base.join("a")]).unwrap();
        let read: Vec<_> = grants.read.iter().map(|g| g.path.clone()).collect();
        assert_eq!(read, [base.join("b"), base.join("b/rules.yaml")]);
        assert!(grants.alone.is_empty());
    }

    #[test]
    fn a_file_in_a_shared_folder_stands_alone() {
        let file = PathBuf::from("/etc/passwd");
        let grants = Grants::open(std::slice::from_ref(&file), &[]).unwrap();
        let read: Vec<_> = grants.read.iter().map(|g| g.path.clone()).collect();
        assert_eq!((read, grants.alone), (vec![file.clone()], vec![file]));
    }

    #[test]
    fn paths_that_are_not_there_are_told_early() {
        let folder = tempfile::tempdir().unwrap();
        let gone = folder.path().join("gone");
        let told = Grants::open(std::slice::from_ref(&gone), &[])
            .unwrap_err()
            .to_string();
        assert!(told.starts_with(&format!("{}: ", gone.display())), "{told}");
        let file = folder.path().join("file");
        fs::write(&file, "").unwrap();
        let told = Grants::open(&[], &[file]).unwrap_err().to_string();
        assert!(told.contains("not a folder"), "{told}");
    }
}
