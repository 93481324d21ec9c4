//! The filter of system calls. A call that is not allowed ends the process by SIGSYS, and what it was is said first.

mod calls;

use super::request::Network;
use crate::descriptor::check;
use std::io;
use std::io::Write;
use std::os::fd::RawFd;

/// Where the end is explained: the starter's stderr, and the console, whose log is there also for a detached VM.
const TOLD: [RawFd; 2] = [libc::STDERR_FILENO, libc::STDOUT_FILENO];

/// For the calling thread and all that it makes.
pub fn install(network: Network) -> io::Result<()> {
    explain_the_end()?;
    let pid = unsafe { libc::getpid() };
    let program = calls::list(network, pid).compile();
    confinement::seccomp::install(&program).map_err(io::Error::from_raw_os_error)
}

fn explain_the_end() -> io::Result<()> {
    let mut action: libc::sigaction = unsafe { std::mem::zeroed() };
    action.sa_sigaction = on_refused as *const () as usize;
    // The second time, at once, the signal ends the process.
    action.sa_flags = libc::SA_SIGINFO | libc::SA_RESETHAND | libc::SA_NODEFER;
    check(unsafe { libc::sigaction(libc::SIGSYS, &action, std::ptr::null_mut()) }).map(drop)
}

/// The first arguments of the interrupted call, by which the filter judges many of them.
///
/// # Safety
/// The context is that of a signal handler.
unsafe fn arguments(context: *const libc::ucontext_t) -> [u64; 2] {
    let registers = unsafe { &(*context).uc_mcontext };
    #[cfg(target_arch = "x86_64")]
    return [libc::REG_RDI, libc::REG_RSI].map(|name| registers.gregs[name as usize] as u64);
    #[cfg(target_arch = "aarch64")]
    return [registers.regs[0], registers.regs[1]];
}

/// As much of siginfo_t as a SIGSYS of a filter fills: sigaction(2).
#[repr(C)]
struct Refused {
    signal: i32,
    errno: i32,
    code: i32,
    address: *const libc::c_void,
    number: i32,
    architecture: u32,
}

/// Runs in whatever state the thread was in: no allocation, no locks.
extern "C" fn on_refused(_: i32, refused: *const Refused, context: *mut libc::c_void) {
    let mut line = [0; 192];
    let mut rest = &mut line[..];
    let number = unsafe { (*refused).number };
    let [first, second] = unsafe { arguments(context.cast()) };
    let _ = writeln!(
        rest,
        "vm-host: system call {number} ({first:#x}, {second:#x}) is none that a VM makes; the VM process ends"
    );
    let unused = rest.len();
    for fd in TOLD {
        unsafe { libc::write(fd, line.as_ptr().cast(), line.len() - unused) };
    }
    unsafe { libc::raise(libc::SIGSYS) };
}
