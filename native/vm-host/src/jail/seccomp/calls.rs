//! The system calls of a VM: what libkrun 1.17 with glibc makes (seen with strace: boots, files of every kind through
//! virtio-fs, disks, vsock both ways, shutdown), and what stands beside those for other versions and for musl.
//!
//! Left out on purpose: everything that runs a program, makes a process, mounts, traces, signals or looks at other
//! processes, loads code, or talks to the kernel about itself (bpf, io_uring, userfaultfd, perf_event_open, keyctl).

use crate::jail::request::Network;
use confinement::kernel::SYS_fchmodat2;
use confinement::seccomp::{Action, AllowList, Pattern};
use libc::*;

/// `pid` is the process's own: it signals its own threads only.
pub fn list(network: Network, pid: pid_t) -> AllowList {
    let domains: &[Pattern] = match network {
        Network::Isolated => &[Pattern::exactly(AF_UNIX)],
        Network::Host => &[
            Pattern::exactly(AF_UNIX),
            Pattern::exactly(AF_INET),
            Pattern::exactly(AF_INET6),
        ],
    };
    AllowList::new(Action::Trap)
        .only(SYS_ioctl, 1, REQUESTS)
        .only(SYS_clone, 0, THREADS)
        .only(SYS_fcntl, 1, COMMANDS)
        .only(SYS_mmap, 2, NOT_EXECUTABLE)
        .only(SYS_mprotect, 2, NOT_EXECUTABLE)
        .only(SYS_prctl, 0, OPTIONS)
        .only(SYS_prlimit64, 0, &[Pattern::exactly(0)])
        // Its own thread: others may be anybody's.
        .only(SYS_sched_setscheduler, 0, &[Pattern::exactly(0)])
        .only(SYS_socket, 0, domains)
        .only(SYS_socketpair, 0, &[Pattern::exactly(AF_UNIX)])
        .only(SYS_tgkill, 0, &[Pattern::exactly(pid)])
        .only(SYS_unshare, 0, &[Pattern::exactly(CLONE_FS)])
        // Its flags lie in memory, where no filter sees them; glibc then takes clone.
        .fails(SYS_clone3, ENOSYS)
        .any(ANY)
        .any(OLD)
}

/// linux/kvm.h: all of KVM's requests have the type 0xAE.
const REQUESTS: &[Pattern] = &[
    Pattern {
        mask: 0xff00,
        value: 0xae00,
    },
    Pattern::exactly(TCGETS as c_int),
    // linux/fs.h: how large the blocks are that O_DIRECT wants.
    Pattern::exactly(BLKSSZGET as c_int),
    Pattern::exactly(FIONREAD as c_int),
    Pattern::exactly(FIONBIO as c_int),
];

const CLONE_DETACHED: c_int = 0x0040_0000;
/// The flags of pthread_create, with which musl also passes one that has no meaning any more.
const THREADS: &[Pattern] = &[Pattern {
    mask: !(CLONE_DETACHED as u32),
    value: (CLONE_VM
        | CLONE_FS
        | CLONE_FILES
        | CLONE_SIGHAND
        | CLONE_THREAD
        | CLONE_SYSVSEM
        | CLONE_SETTLS
        | CLONE_PARENT_SETTID
        | CLONE_CHILD_CLEARTID) as u32,
}];

/// Not those that make the kernel send signals, to whomever.
const COMMANDS: &[Pattern] = &[
    Pattern::exactly(F_DUPFD),
    Pattern::exactly(F_DUPFD_CLOEXEC),
    Pattern::exactly(F_GETFD),
    Pattern::exactly(F_SETFD),
    Pattern::exactly(F_GETFL),
    Pattern::exactly(F_SETFL),
    Pattern::exactly(F_GETLK),
    Pattern::exactly(F_SETLK),
    Pattern::exactly(F_SETLKW),
    Pattern::exactly(F_OFD_GETLK),
    Pattern::exactly(F_OFD_SETLK),
    Pattern::exactly(F_OFD_SETLKW),
    Pattern::exactly(F_GETPIPE_SZ),
    Pattern::exactly(F_SETPIPE_SZ),
    Pattern::exactly(F_ADD_SEALS),
    Pattern::exactly(F_GET_SEALS),
];

/// The libraries are loaded, so no code comes any more.
const NOT_EXECUTABLE: &[Pattern] = &[Pattern::without(PROT_EXEC)];

const OPTIONS: &[Pattern] = &[
    Pattern::exactly(PR_SET_NAME),
    Pattern::exactly(PR_GET_NAME),
    Pattern::exactly(PR_SET_VMA),
    Pattern::exactly(PR_CAPBSET_READ),
    Pattern::exactly(PR_CAP_AMBIENT),
    Pattern::exactly(PR_GET_SECUREBITS),
    Pattern::exactly(PR_GET_DUMPABLE),
    Pattern::exactly(PR_GET_PDEATHSIG),
    Pattern::exactly(PR_GET_NO_NEW_PRIVS),
];

const ANY: &[c_long] = &[
    // Waiting, threads, time.
    SYS_futex,
    SYS_epoll_create1,
    SYS_epoll_ctl,
    SYS_epoll_pwait,
    SYS_epoll_pwait2,
    SYS_eventfd2,
    SYS_ppoll,
    SYS_pselect6,
    SYS_timerfd_create,
    SYS_timerfd_gettime,
    SYS_timerfd_settime,
    SYS_clock_getres,
    SYS_clock_gettime,
    SYS_clock_nanosleep,
    SYS_gettimeofday,
    SYS_nanosleep,
    SYS_restart_syscall,
    SYS_membarrier,
    SYS_rseq,
    SYS_sched_getaffinity,
    SYS_sched_yield,
    SYS_set_robust_list,
    SYS_set_tid_address,
    SYS_rt_sigaction,
    SYS_rt_sigprocmask,
    SYS_rt_sigreturn,
    SYS_rt_sigsuspend,
    SYS_rt_sigtimedwait,
    SYS_sigaltstack,
    SYS_exit,
    SYS_exit_group,
    // Memory.
    SYS_brk,
    SYS_madvise,
    SYS_memfd_create,
    SYS_mincore,
    SYS_mlock,
    SYS_mremap,
    SYS_msync,
    SYS_munlock,
    SYS_munmap,
    // Itself.
    SYS_capget,
    SYS_capset,
    SYS_getcpu,
    SYS_getegid,
    SYS_geteuid,
    SYS_getgid,
    SYS_getpid,
    SYS_getppid,
    SYS_getrandom,
    SYS_getresgid,
    SYS_getresuid,
    SYS_getrlimit,
    SYS_gettid,
    SYS_getuid,
    SYS_setfsgid,
    SYS_setfsuid,
    SYS_setgroups,
    SYS_setresgid,
    SYS_setresuid,
    SYS_sysinfo,
    SYS_umask,
    SYS_uname,
    // Descriptors.
    SYS_close,
    SYS_close_range,
    SYS_dup,
    SYS_dup3,
    SYS_pipe2,
    SYS_pread64,
    SYS_preadv,
    SYS_preadv2,
    SYS_pwrite64,
    SYS_pwritev,
    SYS_pwritev2,
    SYS_read,
    SYS_readv,
    SYS_write,
    SYS_writev,
    // Files.
    SYS_chdir,
    SYS_copy_file_range,
    SYS_faccessat,
    SYS_faccessat2,
    SYS_fadvise64,
    SYS_fallocate,
    SYS_fchdir,
    SYS_fchmod,
    SYS_fchmodat,
    SYS_fchmodat2,
    SYS_fchown,
    SYS_fchownat,
    SYS_fdatasync,
    SYS_fgetxattr,
    SYS_flistxattr,
    SYS_flock,
    SYS_fremovexattr,
    SYS_fsetxattr,
    SYS_fstat,
    SYS_fstatfs,
    SYS_fsync,
    SYS_ftruncate,
    SYS_getcwd,
    SYS_getdents64,
    SYS_getxattr,
    SYS_lgetxattr,
    SYS_linkat,
    SYS_listxattr,
    SYS_llistxattr,
    SYS_lremovexattr,
    SYS_lseek,
    SYS_lsetxattr,
    SYS_mkdirat,
    SYS_mknodat,
    SYS_newfstatat,
    SYS_openat,
    SYS_openat2,
    SYS_readlinkat,
    SYS_removexattr,
    SYS_renameat,
    SYS_renameat2,
    SYS_setxattr,
    SYS_statfs,
    SYS_statx,
    SYS_symlinkat,
    SYS_sync_file_range,
    SYS_syncfs,
    SYS_truncate,
    SYS_unlinkat,
    SYS_utimensat,
    // Sockets; of which kinds, `socket` says.
    SYS_accept,
    SYS_accept4,
    SYS_bind,
    SYS_connect,
    SYS_getpeername,
    SYS_getsockname,
    SYS_getsockopt,
    SYS_listen,
    SYS_recvfrom,
    SYS_recvmsg,
    SYS_sendmsg,
    SYS_sendto,
    SYS_setsockopt,
    SYS_shutdown,
];

/// Older calls for what some of the above do, which newer architectures have not.
#[cfg(target_arch = "x86_64")]
const OLD: &[c_long] = &[
    SYS_access,
    SYS_dup2,
    SYS_epoll_wait,
    SYS_lstat,
    SYS_mkdir,
    SYS_open,
    SYS_pause,
    SYS_pipe,
    SYS_poll,
    SYS_readlink,
    SYS_rename,
    SYS_rmdir,
    SYS_select,
    SYS_stat,
    SYS_time,
    SYS_unlink,
];
#[cfg(not(target_arch = "x86_64"))]
const OLD: &[c_long] = &[];
