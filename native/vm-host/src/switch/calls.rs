//! The system calls of a switch: it waits, reads, writes, and makes sockets in its directory. It opens no file.

use confinement::seccomp::{Action, AllowList, Pattern, install};
use libc::*;
use std::io;

pub fn seal() -> io::Result<()> {
    let list = AllowList::new(Action::KillProcess)
        .only(SYS_socket, 0, &[Pattern::exactly(AF_UNIX)])
        .only(SYS_ioctl, 1, &[Pattern::exactly(FIONBIO as c_int)])
        .only(SYS_mmap, 2, NOT_EXECUTABLE)
        .only(SYS_mprotect, 2, NOT_EXECUTABLE)
        .only(SYS_fcntl, 1, COMMANDS)
        .any(ANY)
        .any(OLD);
    install(&list.compile()).map_err(io::Error::from_raw_os_error)
}

const NOT_EXECUTABLE: &[Pattern] = &[Pattern::without(PROT_EXEC)];

const COMMANDS: &[Pattern] = &[
    Pattern::exactly(F_GETFD),
    Pattern::exactly(F_GETFL),
    Pattern::exactly(F_SETFL),
    Pattern::exactly(F_SETFD),
];

const ANY: &[c_long] = &[
    SYS_read,
    SYS_write,
    SYS_readv,
    SYS_writev,
    SYS_recvfrom,
    SYS_sendto,
    SYS_recvmsg,
    SYS_sendmsg,
    SYS_epoll_pwait,
    SYS_epoll_ctl,
    SYS_accept,
    SYS_accept4,
    SYS_bind,
    SYS_listen,
    SYS_shutdown,
    SYS_getsockopt,
    SYS_setsockopt,
    SYS_getsockname,
    SYS_unlinkat,
    SYS_close,
    SYS_munmap,
    SYS_mremap,
    SYS_madvise,
    SYS_brk,
    SYS_futex,
    SYS_getrandom,
    SYS_clock_gettime,
    SYS_rt_sigprocmask,
    SYS_rt_sigaction,
    SYS_rt_sigreturn,
    SYS_restart_syscall,
    SYS_sigaltstack,
    SYS_exit,
    SYS_exit_group,
];

/// Those of before there were the ones above, which AArch64 has not.
#[cfg(target_arch = "x86_64")]
const OLD: &[c_long] = &[SYS_epoll_wait, SYS_unlink];
#[cfg(target_arch = "aarch64")]
const OLD: &[c_long] = &[];
