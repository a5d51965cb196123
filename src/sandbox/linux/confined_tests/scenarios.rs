//! What happens in the process that a test started: each scenario once, with a sandbox that stays.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::os::unix::fs::{MetadataExt, chown};
use std::os::unix::net::{UnixDatagram, UnixListener, UnixStream};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::mpsc::sync_channel;
use std::thread;

use nix::libc;
use nix::unistd::{Gid, Uid, getgroups, getresgid, getresuid, setresuid};
use rustix::net::{AddressFamily, SocketType, socket};
use rustix::thread::{CapabilitySet, capabilities};

use super::{FOLDER, SCENARIO, UID, plan};
use crate::sandbox::rights::has_net_raw;
use crate::sandbox::{Layer, Level, Mode, Plan, SandboxError, State};

/// Does nothing but in a process that a test started.
#[test]
fn child() {
    let Ok(scenario) = std::env::var(SCENARIO) else {
        return;
    };
    let folder = PathBuf::from(std::env::var_os(FOLDER).unwrap());
    match scenario.as_str() {
        "strict" => strict(&folder),
        "no_raw" => no_raw(&folder),
        "exec" => exec(&folder),
        "abort" => abort(&folder),
        "still_root" => still_root(&folder),
        "not_permitted" => not_permitted(&folder),
        "unprivileged" => unprivileged(&folder),
        "off" => off(&folder),
        other => panic!("no scenario {other}"),
    }
}

/// `None`, with a reason, where this kernel has not all that the strict mode needs.
fn apply_strict(plan: Plan) -> Option<State> {
    match plan.prepare().and_then(|p| p.confine()) {
        Ok(state) => Some(state),
        Err(
            e @ SandboxError::Incomplete {
                layer: Layer::Landlock | Layer::Seccomp,
                ..
            },
        ) => {
            println!("\nSKIP: {e}");
            None
        }
        Err(e) => panic!("{e}"),
    }
}

#[track_caller]
fn refused<T>(result: io::Result<T>, error: i32) {
    match result {
        Ok(_) => panic!("was allowed"),
        Err(e) => assert_eq!(e.raw_os_error(), Some(error), "{e}"),
    }
}

fn packet_socket() -> io::Result<()> {
    socket(AddressFamily::PACKET, SocketType::RAW, None)?;
    Ok(())
}

fn strict(folder: &Path) {
    let tcp = TcpListener::bind("127.0.0.1:0").unwrap();
    let unix = UnixListener::bind(folder.join("out/control")).unwrap();
    let log = folder.join("out/alerts.json");
    let mut open_log = OpenOptions::new()
        .create(true)
        .append(true)
        .open(&log)
        .unwrap();
    let notify = UnixDatagram::unbound().unwrap();
    notify.connect(folder.join("notify")).unwrap();

    let Some(state) = apply_strict(plan(Mode::Strict, folder)) else {
        return;
    };
    assert!(state.is_complete(), "{state}");
    let text = state.to_string();
    assert!(
        text.contains("capabilities cap_net_raw, no_new_privs, landlock (ABI"),
        "{text}"
    );

    nobody_with_one_right();
    thread::spawn(nobody_with_one_right).join().unwrap();
    closed(folder);
    let elsewhere = folder.to_owned();
    thread::Builder::new()
        .name("worker".into())
        .spawn(move || closed(&elsewhere))
        .unwrap()
        .join()
        .unwrap();
    threads_and_channels();

    open_log.write_all(b"one\n").unwrap();
    rotate(&log);
    notify.send(b"READY=1").unwrap();

    // A name is bound again, as for a control socket that somebody removed.
    fs::remove_file(folder.join("out/control")).unwrap();
    let again = UnixListener::bind(folder.join("out/control")).unwrap();
    drop(again);

    assert_eq!(
        fs::read_to_string(folder.join("rules/a.yaml")).unwrap(),
        "first"
    );
    println!("\nREADY {}", tcp.local_addr().unwrap());
    let mut line = String::new();
    io::stdin().read_line(&mut line).unwrap();
    assert_eq!(
        fs::read_to_string(folder.join("rules/a.yaml")).unwrap(),
        "second"
    );
    assert_eq!(fs::read_dir(folder.join("rules")).unwrap().count(), 1);

    let (mut served, _) = tcp.accept().unwrap();
    served.set_nodelay(true).unwrap();
    let mut asked = [0; 4];
    served.read_exact(&mut asked).unwrap();
    served.write_all(&asked).unwrap();
    drop(unix);
}

fn nobody_with_one_right() {
    let (uid, gid) = (Uid::from_raw(UID), Gid::from_raw(UID));
    let (users, groups) = (getresuid().unwrap(), getresgid().unwrap());
    assert_eq!([users.real, users.effective, users.saved], [uid; 3]);
    assert_eq!([groups.real, groups.effective, groups.saved], [gid; 3]);
    let root = Uid::from_raw(0);
    assert_eq!(setresuid(root, root, root), Err(nix::Error::EPERM));
    let sets = capabilities(None).unwrap();
    assert_eq!(sets.effective, CapabilitySet::NET_RAW);
    assert_eq!(sets.permitted, CapabilitySet::NET_RAW);
    assert_eq!(sets.inheritable, CapabilitySet::empty());
    assert!(has_net_raw());
    packet_socket().unwrap();
}

fn closed(folder: &Path) {
    refused(File::open("/etc/passwd"), libc::EACCES);
    refused(fs::read_dir("/"), libc::EACCES);
    // The file's own permissions would let nobody pass.
    refused(File::open(folder.join("outside")), libc::EACCES);
    refused(File::create(folder.join("outside")), libc::EACCES);
    refused(File::create(folder.join("rules/b.yaml")), libc::EACCES);
    refused(
        OpenOptions::new()
            .write(true)
            .open(folder.join("rules/a.yaml")),
        libc::EACCES,
    );
    refused(
        fs::rename(folder.join("rules/a.yaml"), folder.join("out/a")),
        libc::EACCES,
    );
    refused(fs::create_dir(folder.join("out/d")), libc::EPERM);
    refused(
        std::os::unix::fs::symlink("/", folder.join("out/l")),
        libc::EPERM,
    );

    refused(TcpStream::connect("127.0.0.1:9"), libc::EPERM);
    refused(TcpListener::bind("127.0.0.1:0"), libc::EPERM);
    refused(UdpSocket::bind("[::1]:0"), libc::EPERM);
    if let Ok(udp) = UdpSocket::bind("127.0.0.1:0") {
        refused(udp.send_to(b"x", "127.0.0.1:9"), libc::EPERM);
        refused(udp.connect("127.0.0.1:9"), libc::EPERM);
    }
    refused(UnixStream::connect(folder.join("out/control")), libc::EPERM);
    refused(Command::new("/bin/true").spawn(), libc::EPERM);
}

fn threads_and_channels() {
    let (to, from) = sync_channel(1);
    let workers: Vec<_> = (0..4_u64)
        .map(|n| {
            let to = to.clone();
            thread::spawn(move || {
                // Large enough to be mapped and given back.
                let block = vec![n; 1 << 20];
                to.send(block.iter().sum::<u64>() >> 20).unwrap();
            })
        })
        .collect();
    drop(to);
    assert_eq!(from.iter().sum::<u64>(), 6);
    workers.into_iter().for_each(|w| w.join().unwrap());
    assert!(thread::available_parallelism().is_ok());
    let panicked = thread::spawn(|| panic!("on purpose")).join();
    assert!(panicked.is_err());
}

fn rotate(log: &Path) {
    let old = log.with_extension("json.1");
    fs::rename(log, &old).unwrap();
    fs::write(log, "two\n").unwrap();
    assert_eq!(fs::read_to_string(&old).unwrap(), "one\n");
    let file = OpenOptions::new().append(true).open(log).unwrap();
    file.set_len(0).unwrap();
    file.sync_all().unwrap();
    assert_eq!(file.metadata().unwrap().uid(), UID);
    fs::remove_file(old).unwrap();
}

fn no_raw(folder: &Path) {
    let mut plan = plan(Mode::Strict, folder);
    plan.keep_raw = false;
    let Some(state) = apply_strict(plan) else {
        return;
    };
    assert!(state.to_string().contains("capabilities none"), "{state}");
    let sets = capabilities(None).unwrap();
    assert!((sets.effective | sets.permitted | sets.inheritable).is_empty());
    assert!(!has_net_raw());
    refused(packet_socket(), libc::EPERM);
    assert!(getgroups().unwrap().is_empty());
    let status = Path::new("/proc/thread-self/status");
    // Not one of the files of the plan, so it has to be refused as well.
    refused(File::open(status), libc::EACCES);
    println!("\nDONE");
}

fn exec(folder: &Path) {
    if apply_strict(plan(Mode::Strict, folder)).is_some() {
        let e = Command::new("/bin/true").exec();
        println!("\nDONE {e}");
    }
}

fn abort(folder: &Path) {
    if apply_strict(plan(Mode::Strict, folder)).is_some() {
        std::process::abort();
    }
}

fn still_root(folder: &Path) {
    let mut plan = plan(Mode::BestEffort, folder);
    plan.user = None;
    // What is asked for here is read in the end, by a root without capabilities.
    plan.read.push("/proc/thread-self/status".into());
    let state = plan.prepare().unwrap().confine().unwrap();
    let user = &state.items()[0];
    assert!(
        matches!(&user.level, Level::Partly(why) if why.contains("stays root")),
        "{state}"
    );
    assert!(!state.is_complete());
    let sets = capabilities(None).unwrap();
    assert_eq!(sets.permitted, CapabilitySet::NET_RAW);
    let status = fs::read_to_string("/proc/thread-self/status").unwrap();
    let line = |name: &str| {
        let found = status.lines().find_map(|l| l.strip_prefix(name)).unwrap();
        found.trim().to_owned()
    };
    assert_eq!(line("CapBnd:"), "0000000000000000");
    assert_eq!(line("CapAmb:"), "0000000000000000");
    assert_eq!(line("NoNewPrivs:"), "1");
    println!("\nDONE");
}

fn not_permitted(folder: &Path) {
    // Nobody's permissions, and root's folder.
    chown(folder.join("out"), Some(0), Some(0)).unwrap();
    let user = shown();
    let e = plan(Mode::Strict, folder)
        .prepare()
        .unwrap()
        .confine()
        .unwrap_err();
    let told = e.to_string();
    let out = folder.join("out").display().to_string();
    assert!(
        told.contains(&format!("user {user} "))
            && told.contains(&format!("may not write to {out}: ")),
        "{told}"
    );
    println!("\nDONE");
}

/// How people see [`UID`].
fn shown() -> String {
    let user = nix::unistd::User::from_uid(Uid::from_raw(UID)).unwrap();
    user.map_or_else(|| UID.to_string(), |u| u.name)
}

fn unprivileged(folder: &Path) {
    let other = Plan {
        user: Some("12345:12345".into()),
        ..plan(Mode::Strict, folder)
    };
    let told = other.clone().prepare().unwrap_err().to_string();
    assert!(
        told.contains("cannot be changed to 12345 without root"),
        "{told}"
    );
    let state = Plan {
        mode: Mode::BestEffort,
        ..other
    }
    .prepare()
    .unwrap()
    .confine()
    .unwrap();
    let [user, capabilities, ..] = state.items() else {
        panic!("{state}");
    };
    assert!(matches!(user.level, Level::Missing(_)), "{state}");
    assert!(
        matches!(&capabilities.level, Level::Partly(why) if why.contains("setcap")),
        "{state}"
    );
    assert!(File::open("/etc/passwd").is_err() || !state.items()[3].level.holds());
    println!("\nDONE {state}");
}

fn off(folder: &Path) {
    let mut plan = plan(Mode::Off, folder);
    assert!(matches!(
        plan.clone().prepare(),
        Err(SandboxError::UserWithoutSandbox { .. })
    ));
    plan.user = None;
    // Not even looked at.
    plan.read = vec!["/does/not/exist".into()];
    let before = capabilities(None).unwrap();
    let state = plan.prepare().unwrap().apply().unwrap();
    assert_eq!(state, State::off());
    assert_eq!(capabilities(None).unwrap(), before);
    File::open("/etc/passwd").unwrap();
    println!("\nDONE");
}
