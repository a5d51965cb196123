//! Which system calls are made after the sandbox stands, which kill, and which are said not to exist.

use nix::libc;

/// Called whatever the arguments are.
pub(super) const ALLOWED: &[i64] = &[
    // Threads, locks and memory. Mapping with its conditions is in `seccomp`.
    libc::SYS_futex,
    libc::SYS_munmap,
    libc::SYS_mremap,
    libc::SYS_madvise,
    libc::SYS_brk,
    libc::SYS_sched_yield,
    libc::SYS_sched_getaffinity,
    libc::SYS_sched_setaffinity,
    libc::SYS_getcpu,
    libc::SYS_set_robust_list,
    libc::SYS_set_tid_address,
    libc::SYS_rseq,
    libc::SYS_exit,
    libc::SYS_exit_group,
    // Signals that arrive. `restart_syscall` is how a wait goes on after the process was stopped.
    libc::SYS_rt_sigprocmask,
    libc::SYS_rt_sigaction,
    libc::SYS_rt_sigreturn,
    libc::SYS_sigaltstack,
    libc::SYS_restart_syscall,
    // Who and where we are.
    libc::SYS_gettid,
    libc::SYS_getpid,
    libc::SYS_getppid,
    libc::SYS_getuid,
    libc::SYS_geteuid,
    libc::SYS_getgid,
    libc::SYS_getegid,
    libc::SYS_getresuid,
    libc::SYS_getresgid,
    libc::SYS_getgroups,
    libc::SYS_capget,
    libc::SYS_uname,
    libc::SYS_sysinfo,
    libc::SYS_getrusage,
    libc::SYS_getcwd,
    libc::SYS_getrandom,
    // Time.
    libc::SYS_clock_gettime,
    libc::SYS_clock_getres,
    libc::SYS_clock_nanosleep,
    libc::SYS_nanosleep,
    libc::SYS_gettimeofday,
    // Files that Landlock lets pass, and those that were open.
    libc::SYS_openat,
    libc::SYS_close,
    libc::SYS_read,
    libc::SYS_readv,
    libc::SYS_pread64,
    libc::SYS_preadv,
    libc::SYS_write,
    libc::SYS_writev,
    libc::SYS_pwrite64,
    libc::SYS_lseek,
    libc::SYS_fstat,
    libc::SYS_newfstatat,
    libc::SYS_statx,
    libc::SYS_faccessat,
    libc::SYS_readlinkat,
    libc::SYS_getdents64,
    libc::SYS_ftruncate,
    libc::SYS_fsync,
    libc::SYS_fdatasync,
    libc::SYS_flock,
    libc::SYS_renameat2,
    libc::SYS_unlinkat,
    // Waiting.
    libc::SYS_inotify_init1,
    libc::SYS_inotify_add_watch,
    libc::SYS_inotify_rm_watch,
    libc::SYS_eventfd2,
    libc::SYS_pipe2,
    libc::SYS_epoll_create1,
    libc::SYS_epoll_ctl,
    libc::SYS_epoll_pwait,
    libc::SYS_ppoll,
    // Sockets. Nothing connects; `socket`, `setsockopt` and `sendto` have conditions. `sendmsg` is
    // missing because a filter cannot see the address in it.
    libc::SYS_bind,
    libc::SYS_listen,
    libc::SYS_accept4,
    libc::SYS_getsockopt,
    libc::SYS_getsockname,
    libc::SYS_getpeername,
    libc::SYS_recvfrom,
    libc::SYS_recvmsg,
    libc::SYS_recvmmsg,
    libc::SYS_shutdown,
];

/// Older forms of the same calls, which some C libraries use where the architecture has them.
#[cfg(target_arch = "x86_64")]
pub(super) const ALLOWED_OLD: &[i64] = &[
    libc::SYS_open,
    libc::SYS_stat,
    libc::SYS_lstat,
    libc::SYS_access,
    libc::SYS_readlink,
    libc::SYS_rename,
    libc::SYS_renameat,
    libc::SYS_unlink,
    libc::SYS_poll,
    libc::SYS_epoll_wait,
    libc::SYS_time,
];

/// Older forms of the same calls, which some C libraries use where the architecture has them.
#[cfg(target_arch = "aarch64")]
pub(super) const ALLOWED_OLD: &[i64] = &[libc::SYS_renameat];

/// musl aborts with `tkill`, which names a thread and no process. Signals to others are left to
/// Landlock (ABI 6) and the kernel's rules about users.
#[cfg(target_env = "musl")]
pub(super) const ALLOWED_BY_C_LIBRARY: &[i64] = &[libc::SYS_tkill];

/// The GNU library needs nothing that is not in the other lists.
#[cfg(not(target_env = "musl"))]
pub(super) const ALLOWED_BY_C_LIBRARY: &[i64] = &[];

/// What an exploit makes and this program never does. These kill the process.
pub(super) const KILLS: &[i64] = &[
    // Another program in our place.
    libc::SYS_execve,
    libc::SYS_execveat,
    // Memory and files of other processes.
    libc::SYS_ptrace,
    libc::SYS_process_vm_readv,
    libc::SYS_process_vm_writev,
    libc::SYS_pidfd_getfd,
    // The kernel.
    libc::SYS_init_module,
    libc::SYS_finit_module,
    libc::SYS_delete_module,
    libc::SYS_kexec_load,
    libc::SYS_reboot,
    libc::SYS_bpf,
    libc::SYS_perf_event_open,
    libc::SYS_userfaultfd,
    // Keys.
    libc::SYS_keyctl,
    libc::SYS_add_key,
    libc::SYS_request_key,
    // What is mounted, and namespaces.
    libc::SYS_mount,
    libc::SYS_umount2,
    libc::SYS_pivot_root,
    libc::SYS_chroot,
    libc::SYS_unshare,
    libc::SYS_setns,
    libc::SYS_open_by_handle_at,
];

/// `clone3` keeps its flags in memory, where a filter cannot look. Told that it does not exist, the C library uses `clone`.
const CLONE3: i64 = libc::SYS_clone3;

/// The first number that all architectures share, and one that no kernel has reached yet.
const SHARED_NUMBERS: std::ops::Range<i64> = 424..520;

/// Calls that are said not to exist, so that a C library that is newer than this list uses what it used before.
pub(super) fn unknown() -> impl Iterator<Item = i64> {
    SHARED_NUMBERS.filter(|call| {
        *call == CLONE3
            || ![ALLOWED, ALLOWED_OLD, ALLOWED_BY_C_LIBRARY, KILLS]
                .iter()
                .any(|list| list.contains(call))
    })
}
