//! Filters of system calls, built from the lists in `syscalls` and from conditions on arguments.
//!
//! There are three, since a filter of this library has one answer for what it matches. The kernel runs all and
//! takes the strictest answer.

use std::collections::BTreeMap;

use nix::libc;
use seccompiler::{
    BackendError, BpfProgram, Error, SeccompAction, SeccompCmpArgLen as Len, SeccompCmpOp as Op,
    SeccompCondition as Condition, SeccompFilter, SeccompRule as Rule, TargetArch,
    apply_filter_all_threads,
};

use super::syscalls::{ALLOWED, ALLOWED_BY_C_LIBRARY, ALLOWED_OLD, KILLS, unknown};
use crate::sandbox::{Item, Layer, Level};

#[cfg(target_arch = "x86_64")]
const ARCH: TargetArch = TargetArch::x86_64;
#[cfg(target_arch = "aarch64")]
const ARCH: TargetArch = TargetArch::aarch64;

/// By number of the call; no rules means any arguments.
type Rules = BTreeMap<i64, Vec<Rule>>;
type Built<T> = Result<T, BackendError>;

/// Filters the calls of this thread and all that it spawns.
pub(super) fn confine(keep_raw: bool, inet: bool) -> Item {
    match Filters::new(keep_raw, inet, std::process::id()).map_err(Error::from) {
        Ok(filters) => match filters.apply() {
            Ok(()) => Item::new(
                Layer::Seccomp,
                Level::Applied,
                format!("{} calls", filters.calls),
            ),
            Err(e) => missing(&e),
        },
        Err(e) => missing(&e),
    }
}

fn missing(e: &Error) -> Item {
    let why = format!(
        "{e}; it needs a kernel with CONFIG_SECCOMP_FILTER (or a container runtime that lets its calls pass)"
    );
    Item::new(Layer::Seccomp, Level::Missing(why), "")
}

/// Programs for the kernel.
pub(super) struct Filters {
    /// In the order of loading. The list of what is allowed is the last, as it does not allow another.
    pub(super) programs: [BpfProgram; 3],
    /// How many calls are allowed.
    calls: usize,
}

impl Filters {
    pub(super) fn new(keep_raw: bool, inet: bool, pid: u32) -> Built<Self> {
        let any = |calls: &mut dyn Iterator<Item = i64>| -> Rules {
            calls.map(|call| (call, Vec::new())).collect()
        };
        let kills = any(&mut KILLS.iter().copied());
        let unknown_calls = any(&mut unknown());
        let mut allowed = allowed(keep_raw, inet, pid)?;
        let calls = allowed.len();
        // Of two errors the kernel takes that of the newer filter, so these have to pass the list.
        allowed.extend(any(&mut unknown()));
        Ok(Self {
            programs: [
                program(kills, SeccompAction::KillProcess, SeccompAction::Allow)?,
                program(
                    unknown_calls,
                    SeccompAction::Errno(libc::ENOSYS.unsigned_abs()),
                    SeccompAction::Allow,
                )?,
                program(
                    allowed,
                    SeccompAction::Allow,
                    SeccompAction::Errno(libc::EPERM.unsigned_abs()),
                )?,
            ],
            calls,
        })
    }

    fn apply(&self) -> Result<(), Error> {
        self.programs
            .iter()
            .try_for_each(|program| apply_filter_all_threads(program))
    }
}

fn program(rules: Rules, listed: SeccompAction, other: SeccompAction) -> Built<BpfProgram> {
    SeccompFilter::new(rules, other, listed, ARCH)?.try_into()
}

fn allowed(keep_raw: bool, inet: bool, pid: u32) -> Built<Rules> {
    let mut rules: Rules = [ALLOWED, ALLOWED_OLD, ALLOWED_BY_C_LIBRARY]
        .iter()
        .flat_map(|list| list.iter())
        .map(|call| (*call, Vec::new()))
        .collect();
    threads_and_memory(&mut rules, pid)?;
    sockets(&mut rules, keep_raw, inet)?;
    requests(&mut rules)?;
    Ok(rules)
}

fn threads_and_memory(rules: &mut Rules, pid: u32) -> Built<()> {
    // A thread and never a process, and in the namespaces that it is in.
    let thread = bits(libc::CLONE_VM | libc::CLONE_SIGHAND | libc::CLONE_THREAD);
    let elsewhere = bits(
        libc::CLONE_NEWNS
            | libc::CLONE_NEWUSER
            | libc::CLONE_NEWPID
            | libc::CLONE_NEWNET
            | libc::CLONE_NEWIPC
            | libc::CLONE_NEWUTS
            | libc::CLONE_NEWCGROUP
            | libc::CLONE_PTRACE,
    );
    let flags = Op::MaskedEq(thread | elsewhere);
    rules.insert(libc::SYS_clone, vec![when([(0, flags, thread)])?]);
    // Code that was not in the program at its start is not run.
    let data_only = || Op::MaskedEq(bits(libc::PROT_EXEC));
    rules.insert(libc::SYS_mmap, vec![when([(2, data_only(), 0)])?]);
    rules.insert(libc::SYS_mprotect, vec![when([(2, data_only(), 0)])?]);
    // Signals to ourselves, which is what `abort` does.
    rules.insert(libc::SYS_tgkill, vec![equal(0, u64::from(pid))?]);
    // Names of threads.
    let names = [libc::PR_SET_NAME, libc::PR_GET_NAME];
    rules.insert(libc::SYS_prctl, one_of(0, names.map(bits))?);
    // Limits are read, by whatever makes stacks, and not set: the third argument is the new limit.
    rules.insert(
        libc::SYS_prlimit64,
        vec![Rule::new(vec![
            Condition::new(0, Len::Dword, Op::Eq, 0)?,
            Condition::new(2, Len::Qword, Op::Eq, 0)?,
        ])?],
    );
    Ok(())
}

fn sockets(rules: &mut Rules, keep_raw: bool, inet: bool) -> Built<()> {
    /// What of a socket's type is not a flag.
    const KIND: u64 = 0xf;
    let kind = || Op::MaskedEq(KIND);
    let mut socket = vec![
        // A control socket that is made again.
        equal(0, bits(libc::AF_UNIX))?,
        // Questions about interfaces. UDP does not get anywhere with it: nothing connects or sends to an address.
        when([
            (0, Op::Eq, bits(libc::AF_INET)),
            (1, kind(), bits(libc::SOCK_DGRAM)),
            (2, Op::Eq, 0),
        ])?,
    ];
    // News of interfaces. The kernel treats both types alike, and programs use either.
    for each in [libc::SOCK_RAW, libc::SOCK_DGRAM] {
        socket.push(when([
            (0, Op::Eq, bits(libc::AF_NETLINK)),
            (1, kind(), bits(each)),
            (2, Op::Eq, bits(libc::NETLINK_ROUTE)),
        ])?);
    }
    if keep_raw {
        socket.push(equal(0, bits(libc::AF_PACKET))?);
    }
    rules.insert(libc::SYS_socket, socket);
    // Pairs connect to nothing else.
    rules.insert(libc::SYS_socketpair, vec![equal(0, bits(libc::AF_UNIX))?]);

    let mut levels = vec![libc::SOL_SOCKET, libc::SOL_NETLINK];
    if keep_raw {
        levels.push(libc::SOL_PACKET);
    }
    if inet {
        levels.push(libc::IPPROTO_TCP);
    }
    rules.insert(
        libc::SYS_setsockopt,
        one_of(1, levels.into_iter().map(bits))?,
    );

    // The C library sends its question for the list of interfaces to an address of netlink. None of another
    // family that leads anywhere is as short: an address of UDP has at least 16 bytes.
    let netlink_address = 12;
    rules.insert(
        libc::SYS_sendto,
        vec![
            Rule::new(vec![Condition::new(4, Len::Qword, Op::Eq, 0)?])?,
            equal(5, netlink_address)?,
        ],
    );
    Ok(())
}

/// Calls that are many in one, by a number.
fn requests(rules: &mut Rules) -> Built<()> {
    let descriptor = [
        libc::F_DUPFD,
        libc::F_DUPFD_CLOEXEC,
        libc::F_GETFD,
        libc::F_SETFD,
        libc::F_GETFL,
        libc::F_SETFL,
    ];
    rules.insert(libc::SYS_fcntl, one_of(1, descriptor.map(bits))?);
    // The numbers are the same on both architectures; their type in `libc` depends on the C library.
    let ioctl: [u64; 15] = [
        0x5401,      // TCGETS
        0x802c_542a, // TCGETS2
        0x5413,      // TIOCGWINSZ
        0x541b,      // FIONREAD
        0x5421,      // FIONBIO
        0x5451,      // FIOCLEX
        0x8910,      // SIOCGIFNAME
        0x8912,      // SIOCGIFCONF
        0x8913,      // SIOCGIFFLAGS
        0x8915,      // SIOCGIFADDR
        0x891b,      // SIOCGIFNETMASK
        0x8921,      // SIOCGIFMTU
        0x8927,      // SIOCGIFHWADDR
        0x8933,      // SIOCGIFINDEX
        0x8946,      // SIOCETHTOOL; changing anything with it takes CAP_NET_ADMIN
    ];
    rules.insert(libc::SYS_ioctl, one_of(1, ioctl)?);
    Ok(())
}

/// Flags and numbers are `int` in C, and compared as 32 bits.
fn bits(value: libc::c_int) -> u64 {
    u64::from(value.cast_unsigned())
}

/// All of these arguments (place, comparison, value) together, as 32 bits each.
fn when<const N: usize>(conditions: [(u8, Op, u64); N]) -> Built<Rule> {
    let conditions: Built<Vec<_>> = conditions
        .into_iter()
        .map(|(place, op, value)| Condition::new(place, Len::Dword, op, value))
        .collect();
    Rule::new(conditions?)
}

fn equal(place: u8, value: u64) -> Built<Rule> {
    when([(place, Op::Eq, value)])
}

fn one_of(place: u8, values: impl IntoIterator<Item = u64>) -> Built<Vec<Rule>> {
    values
        .into_iter()
        .map(|value| equal(place, value))
        .collect()
}

#[cfg(test)]
#[path = "seccomp_tests.rs"]
mod tests;
