//! Clock readings and process-wide settings.

use prost_types::Duration as ProtoDuration;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use rustix::time::{ClockId, clock_gettime};
use std::io;
use std::os::fd::OwnedFd;
use std::time::Duration;
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

/// What programs in a box may raise their limit to.
const HARD_NOFILE: u64 = 524_288;

pub fn since_kernel_start() -> Duration {
    let now = clock_gettime(ClockId::Boottime);
    Duration::new(now.tv_sec.try_into().unwrap_or(0), now.tv_nsec.try_into().unwrap_or(0))
}

pub fn duration(duration: Duration) -> ProtoDuration {
    ProtoDuration::try_from(duration).unwrap_or_default()
}

/// Every exec takes four descriptors of the agent; children get a lower soft limit.
pub fn raise_nofile() {
    let hard = getrlimit(Resource::Nofile).maximum;
    // Only PID 1 with its capabilities can raise the hard limit; the rest makes do with what there is.
    let wanted = hard.map_or(HARD_NOFILE, |hard| hard.max(HARD_NOFILE));
    let raised = Rlimit {
        current: Some(wanted),
        maximum: Some(wanted),
    };
    if setrlimit(Resource::Nofile, raised).is_err() {
        let _ = setrlimit(
            Resource::Nofile,
            Rlimit {
                current: hard,
                maximum: hard,
            },
        );
    }
}

/// When memory runs out the kernel ends any other process first: a box without its agent is of no use. False where it
/// may not be asked.
pub fn shield_from_oom() -> bool {
    std::fs::write("/proc/self/oom_score_adj", "-1000").is_ok()
}

/// Who may trace a child may write to its memory, which is the agent's until the child has executed its command, by then with
/// somebody else's rights. Takes CAP_SYS_PTRACE from now on: ptrace(2).
pub fn forbid_tracing() {
    unsafe { libc::prctl(libc::PR_SET_DUMPABLE, 0, 0, 0, 0) };
}

/// Nothing that the predecessor left open may reach a child.
pub fn close_inherited_on_exec() {
    unsafe { libc::syscall(libc::SYS_close_range, 3, u32::MAX, libc::CLOSE_RANGE_CLOEXEC) };
}

/// Ignored signals are inherited through exec; processes in a box start with none. The agent itself goes on ignoring
/// SIGPIPE, as Rust programs do.
pub fn reset_signals() {
    // The kernel's struct sigaction: no handler means SIG_DFL. glibc would refuse signals 32 and 33, which it uses itself.
    let default = [0u64; 4];
    for number in (1..=64).filter(|number| *number != libc::SIGPIPE) {
        unsafe {
            libc::syscall(
                libc::SYS_rt_sigaction,
                number,
                default.as_ptr(),
                std::ptr::null::<u64>(),
                8,
            )
        };
    }
}

/// Readiness of a descriptor that nobody else reads from or writes to.
pub fn watch(fd: OwnedFd) -> io::Result<AsyncFd<OwnedFd>> {
    watch_for(fd, Interest::READABLE | Interest::WRITABLE)
}

pub fn watch_for(fd: OwnedFd, interest: Interest) -> io::Result<AsyncFd<OwnedFd>> {
    // Safety: an OwnedFd keeps its descriptor open, and the same one, for as long as the AsyncFd holds it.
    Ok(unsafe { AsyncFd::register_with_interest(fd, interest) }?)
}
