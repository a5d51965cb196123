#![allow(clippy::arithmetic_side_effects)] // tests compute with numbers they chose
//! The filters, run by a small interpreter, so that no call has to be made.

use nix::libc;
use seccompiler::BpfProgram;

use super::*;

const PID: u32 = 4242;
#[cfg(target_arch = "x86_64")]
const AUDIT_ARCH: u32 = 0xc000_003e;
#[cfg(target_arch = "aarch64")]
const AUDIT_ARCH: u32 = 0xc000_00b7;

#[derive(Debug, PartialEq)]
enum Answer {
    Allow,
    Errno(i32),
    Kill,
}

/// Only the instructions that are in use; `data` is `struct seccomp_data`, as 32-bit words.
fn run(program: &BpfProgram, data: &[u32; 16]) -> u32 {
    let (mut at, mut a) = (0, 0);
    loop {
        let ins = &program[at];
        at += 1;
        let jump = |yes: bool| usize::from(if yes { ins.jt } else { ins.jf });
        match ins.code {
            0x20 => a = data[ins.k as usize / 4],
            0x54 => a &= ins.k,
            0x06 => return ins.k,
            0x05 => at += ins.k as usize,
            0x15 => at += jump(a == ins.k),
            0x25 => at += jump(a > ins.k),
            0x35 => at += jump(a >= ins.k),
            code => panic!("instruction {code:#x}"),
        }
    }
}

fn ask_as(arch: u32, filters: &Filters, call: i64, args: &[u64]) -> Answer {
    let mut data = [0_u32; 16];
    data[0] = call as u32;
    data[1] = arch;
    for (i, arg) in args.iter().enumerate() {
        data[4 + 2 * i] = *arg as u32;
        data[5 + 2 * i] = (*arg >> 32) as u32;
    }
    let mut strictest: Option<u32> = None;
    // The newest filter first, and another only where it is stricter, as the kernel does.
    for program in filters.programs.iter().rev() {
        let answer = run(program, &data);
        let rank = |a: u32| (a & 0xffff_0000) as i32;
        if strictest.is_none_or(|s| rank(answer) < rank(s)) {
            strictest = Some(answer);
        }
    }
    match strictest.unwrap() {
        0x7fff_0000 => Answer::Allow,
        0x8000_0000 => Answer::Kill,
        e if e & 0xffff_0000 == 0x0005_0000 => Answer::Errno((e & 0xffff) as i32),
        other => panic!("answer {other:#x}"),
    }
}

fn ask(filters: &Filters, call: i64, args: &[u64]) -> Answer {
    ask_as(AUDIT_ARCH, filters, call, args)
}

fn full() -> Filters {
    Filters::new(true, true, PID).unwrap()
}

const NO: Answer = Answer::Errno(libc::EPERM);

#[test]
fn the_list_is_allowed_and_the_rest_is_not() {
    let filters = full();
    for call in ALLOWED.iter().chain(ALLOWED_OLD) {
        assert_eq!(
            ask(&filters, *call, &[u64::MAX; 6]),
            Answer::Allow,
            "{call}"
        );
    }
    for call in KILLS {
        assert_eq!(ask(&filters, *call, &[]), Answer::Kill, "{call}");
    }
    for call in [
        libc::SYS_connect,
        libc::SYS_sendmsg,
        libc::SYS_sendmmsg,
        libc::SYS_kill,
        libc::SYS_setuid,
        libc::SYS_setresuid,
        libc::SYS_capset,
        libc::SYS_seccomp,
        libc::SYS_memfd_create,
        libc::SYS_pkey_mprotect,
        libc::SYS_mkdirat,
        libc::SYS_linkat,
        libc::SYS_symlinkat,
        libc::SYS_fchmodat,
        libc::SYS_personality,
        libc::SYS_io_setup,
    ] {
        assert_eq!(ask(&filters, call, &[]), NO, "{call}");
    }
    let known = [ALLOWED, ALLOWED_OLD, KILLS].concat();
    let twice = known
        .iter()
        .filter(|c| known.iter().filter(|d| d == c).count() > 1);
    assert_eq!(twice.count(), 0);
}

#[test]
fn what_is_newer_than_the_list_does_not_exist() {
    let filters = full();
    for call in [
        libc::SYS_clone3,
        libc::SYS_io_uring_setup,
        libc::SYS_openat2,
        470,
        519,
    ] {
        assert_eq!(
            ask(&filters, call, &[]),
            Answer::Errno(libc::ENOSYS),
            "{call}"
        );
    }
    assert_eq!(ask(&filters, 520, &[]), NO);
}

#[test]
fn other_ways_into_the_kernel_are_closed() {
    let i386 = 0x4000_0003;
    assert_eq!(ask_as(i386, &full(), libc::SYS_read, &[]), Answer::Kill);
    // The x32 calls of x86_64.
    assert_eq!(ask(&full(), libc::SYS_read | 0x4000_0000, &[]), NO);
}

#[test]
fn threads_and_no_processes() {
    let filters = full();
    let pthread = bits(
        libc::CLONE_VM
            | libc::CLONE_FS
            | libc::CLONE_FILES
            | libc::CLONE_SIGHAND
            | libc::CLONE_THREAD
            | libc::CLONE_SYSVSEM
            | libc::CLONE_SETTLS
            | libc::CLONE_PARENT_SETTID
            | libc::CLONE_CHILD_CLEARTID,
    );
    assert_eq!(ask(&filters, libc::SYS_clone, &[pthread]), Answer::Allow);
    for process in [
        bits(libc::SIGCHLD),
        bits(libc::CLONE_VM | libc::CLONE_VFORK | libc::SIGCHLD),
        pthread | bits(libc::CLONE_NEWNET),
        pthread | bits(libc::CLONE_NEWUSER),
    ] {
        assert_eq!(
            ask(&filters, libc::SYS_clone, &[process]),
            NO,
            "{process:#x}"
        );
    }
    assert_eq!(
        ask(&filters, libc::SYS_tgkill, &[u64::from(PID), 1, 6]),
        Answer::Allow
    );
    assert_eq!(ask(&filters, libc::SYS_tgkill, &[1, 1, 6]), NO);
}

#[test]
fn memory_is_not_made_executable() {
    let filters = full();
    let (rw, exec) = (3, 7);
    for call in [libc::SYS_mmap, libc::SYS_mprotect] {
        assert_eq!(ask(&filters, call, &[0, 4096, rw]), Answer::Allow);
        assert_eq!(ask(&filters, call, &[0, 4096, exec]), NO);
        assert_eq!(ask(&filters, call, &[0, 4096, 4]), NO);
    }
}

#[test]
fn sockets_by_family_and_type() {
    let cloexec = bits(libc::SOCK_CLOEXEC);
    let socket =
        |family: i32, kind: i32, protocol: u64| [bits(family), bits(kind) | cloexec, protocol];
    let packet = socket(libc::AF_PACKET, libc::SOCK_RAW, 0x300);
    let (with, without) = (full(), Filters::new(false, false, PID).unwrap());
    assert_eq!(ask(&with, libc::SYS_socket, &packet), Answer::Allow);
    assert_eq!(ask(&without, libc::SYS_socket, &packet), NO);
    for (args, answer) in [
        (socket(libc::AF_UNIX, libc::SOCK_STREAM, 0), Answer::Allow),
        (socket(libc::AF_INET, libc::SOCK_DGRAM, 0), Answer::Allow),
        (socket(libc::AF_NETLINK, libc::SOCK_RAW, 0), Answer::Allow),
        (socket(libc::AF_NETLINK, libc::SOCK_RAW, 9), NO),
        (socket(libc::AF_INET, libc::SOCK_STREAM, 0), NO),
        (socket(libc::AF_INET, libc::SOCK_RAW, 6), NO),
        (socket(libc::AF_INET, libc::SOCK_DGRAM, 1), NO),
        (socket(libc::AF_INET6, libc::SOCK_STREAM, 0), NO),
        (socket(libc::AF_VSOCK, libc::SOCK_STREAM, 0), NO),
        (socket(libc::AF_ALG, libc::SOCK_SEQPACKET, 0), NO),
    ] {
        assert_eq!(ask(&with, libc::SYS_socket, &args), answer, "{args:x?}");
    }
    let level = |l: i32| [3, bits(l), 1];
    assert_eq!(
        ask(&with, libc::SYS_setsockopt, &level(libc::IPPROTO_TCP)),
        Answer::Allow
    );
    assert_eq!(
        ask(&without, libc::SYS_setsockopt, &level(libc::IPPROTO_TCP)),
        NO
    );
    assert_eq!(
        ask(&without, libc::SYS_setsockopt, &level(libc::SOL_PACKET)),
        NO
    );
    assert_eq!(
        ask(&without, libc::SYS_setsockopt, &level(libc::SOL_SOCKET)),
        Answer::Allow
    );
}

#[test]
fn nothing_is_sent_to_an_address_of_udp() {
    let filters = full();
    let send =
        |address: u64, len: u64| ask(&filters, libc::SYS_sendto, &[3, 1, 1, 0, address, len]);
    assert_eq!(send(0, 0), Answer::Allow);
    assert_eq!(send(0x7fff_0000_0000, 12), Answer::Allow);
    assert_eq!(send(0x7fff_0000_0000, 16), NO);
    assert_eq!(send(0x7fff_0000_0000, 28), NO);
}

#[test]
fn requests_by_number() {
    let filters = full();
    for (request, answer) in [
        (0x8933, Answer::Allow), // SIOCGIFINDEX
        (0x8946, Answer::Allow), // SIOCETHTOOL
        (0x5421, Answer::Allow), // FIONBIO
        (0x5413, Answer::Allow), // TIOCGWINSZ
        (0x5412, NO),            // TIOCSTI: keys typed for somebody else
        (0x8914, NO),            // SIOCSIFFLAGS
    ] {
        assert_eq!(
            ask(&filters, libc::SYS_ioctl, &[1, request]),
            answer,
            "{request:#x}"
        );
    }
    assert_eq!(
        ask(&filters, libc::SYS_fcntl, &[1, bits(libc::F_SETFL)]),
        Answer::Allow
    );
    assert_eq!(
        ask(&filters, libc::SYS_fcntl, &[1, bits(libc::F_SETOWN)]),
        NO
    );
    assert_eq!(
        ask(&filters, libc::SYS_prlimit64, &[0, 3, 0, 1]),
        Answer::Allow
    );
    assert_eq!(ask(&filters, libc::SYS_prlimit64, &[0, 3, 1 << 40, 1]), NO);
    assert_eq!(
        ask(&filters, libc::SYS_prctl, &[bits(libc::PR_SET_DUMPABLE), 1]),
        NO
    );
}
