//! Each scenario in a process of its own, since there is no way back.

use std::fs;
use std::os::unix::fs::chown;
use std::process::Command;

use rustix::process::{geteuid, getuid};
use rustix::thread::{capabilities, no_new_privs};

use super::*;

const SCENARIO: &str = "BELLEROPHON_RIGHTS";
const UID: u32 = 4_002;

/// Does nothing but in a process that a test started.
#[test]
fn child() {
    let Some(folder) = std::env::var_os(SCENARIO) else {
        return;
    };
    let folder = PathBuf::from(folder);
    let user = successor(&folder).unwrap();
    assert_eq!(user, geteuid().is_root().then(|| format!("{UID}:{UID}")));
    // What `give_up` does, but for the look at other threads, of which a test always has one.
    crate::sandbox::linux::surrender_thread(user.as_deref()).unwrap();
    assert!(no_new_privs().unwrap());
    let sets = capabilities(None).unwrap();
    assert!(sets.permitted.is_empty() && sets.effective.is_empty() && sets.inheritable.is_empty());
    let uids = [getuid(), geteuid()].map(rustix::process::Uid::as_raw);
    println!("\nGIVEN UP as {uids:?}");
    fs::write(folder.join("written"), "").unwrap();
    if user.is_some() {
        assert_eq!(uids, [UID; 2]);
        assert!(fs::write("/etc/bellerophon-test", "").is_err());
        assert!(nix::unistd::setuid(nix::unistd::Uid::from_raw(0)).is_err());
    }
}

#[test]
fn everything_is_given_up() {
    let folder = tempfile::tempdir().unwrap();
    if geteuid().is_root() {
        chown(folder.path(), Some(UID), Some(UID)).unwrap();
    } else {
        println!("SKIP: what root becomes is seen only by root");
    }
    let out = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "--nocapture", &format!("{}::child", path())])
        .env(SCENARIO, folder.path())
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&out.stdout);
    let errors = String::from_utf8_lossy(&out.stderr);
    assert!(
        out.status.success() && text.contains("GIVEN UP"),
        "{text}{errors}"
    );
    assert!(folder.path().join("written").exists());
}

/// This module, as the test harness names it.
fn path() -> &'static str {
    module_path!().split_once("::").unwrap().1
}

#[test]
fn other_threads_would_keep_their_rights() {
    // Another one than the harness has, so that the test also holds with `--test-threads 1`.
    let (wait, waiting) = std::sync::mpsc::channel::<()>();
    let other = std::thread::spawn(move || waiting.recv());
    let folder = tempfile::tempdir().unwrap();
    if geteuid().is_root() {
        chown(folder.path(), Some(UID), Some(UID)).unwrap();
    }
    let error = give_up(folder.path()).unwrap_err();
    assert!(
        error.to_string().contains("other threads are running"),
        "{error}"
    );
    drop(wait);
    assert!(other.join().unwrap().is_err());
}

#[test]
fn root_becomes_the_owner_of_the_folder_or_nobody() {
    if !geteuid().is_root() {
        println!("SKIP: only root can give folders away");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    let said = |path: &Path| successor(path).unwrap_err().to_string();
    assert!(said(path).contains("chown bellerophon:"), "{}", said(path));
    assert!(said(&path.join("none")).contains("install -d"));

    chown(path, Some(UID), Some(0)).unwrap();
    assert!(said(path).contains(&format!("chown {UID}:{UID}")));
    chown(path, Some(UID), Some(7)).unwrap();
    assert_eq!(successor(path).unwrap(), Some(format!("{UID}:7")));

    let elsewhere = tempfile::tempdir().unwrap();
    let link = elsewhere.path().join("link");
    std::os::unix::fs::symlink(path, &link).unwrap();
    std::os::unix::fs::lchown(&link, Some(UID), Some(UID)).unwrap();
    assert!(matches!(successor(&link), Err(RightsError::NotFolder(_))));
}
