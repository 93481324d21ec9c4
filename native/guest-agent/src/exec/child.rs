//! What the child does from its first instruction to the command's. It shares the agent's memory for that long: it only makes
//! system calls, without the C library, on memory that was laid out before.

use super::command::Command;
use super::failure::{Report, Step};
use super::privileges;
use confinement::kernel::call;
use confinement::seccomp;
use std::convert::Infallible;
use std::ffi::{CStr, CString, c_char};
use std::os::fd::RawFd;
use std::ptr::null;
use std::sync::atomic::{AtomicU64, Ordering};

/// The command with the pointer arrays of execve and the descriptors that become 0, 1 and 2.
pub struct Frame {
    command: Command,
    argv: Vec<*const c_char>,
    env: Vec<*const c_char>,
    stdio: [RawFd; 3],
    /// Why there will be no command. All that the child writes to besides its stack.
    report: AtomicU64,
}

// Safety: the pointers lead into `command`, which nobody changes.
unsafe impl Send for Frame {}
unsafe impl Sync for Frame {}

impl Frame {
    pub fn new(command: Command, stdio: [RawFd; 3]) -> Self {
        Self {
            argv: pointers(&command.argv),
            env: pointers(&command.env),
            command,
            stdio,
            report: AtomicU64::new(0),
        }
    }

    /// The child's last words, if it has left any.
    pub fn report(&self) -> Option<Report> {
        Report::decode(self.report.load(Ordering::Acquire))
    }

    /// # Safety
    /// Only in a child that was just made, with a stack of its own. It allocates nothing and takes no lock.
    pub unsafe extern "C" fn run(frame: *const Self) -> ! {
        unsafe {
            let frame = &*frame;
            let (step, errno) = match frame.become_command() {
                Ok(never) => match never {},
                Err(failed) => failed,
            };
            frame.report.store(Report { step, errno }.encode(), Ordering::Release);
            exit()
        }
    }

    unsafe fn become_command(&self) -> Result<Infallible, (Step, i32)> {
        unsafe {
            self.set_up().map_err(|errno| (Step::Setup, errno))?;
            self.enter_cwd().map_err(|errno| (Step::Cwd, errno))?;
            self.limit().map_err(|errno| (Step::Limits, errno))?;
            self.take_privileges().map_err(|errno| (Step::User, errno))?;
            Err((Step::Exec, self.exec()))
        }
    }

    unsafe fn set_up(&self) -> Result<(), i32> {
        unsafe {
            call(libc::SYS_setsid, [])?;
            if self.command.terminal.is_some() {
                // It becomes the controlling one of the new session.
                call(libc::SYS_ioctl, [self.stdio[0] as usize, libc::TIOCSCTTY as usize, 0])?;
            }
            for (target, fd) in self.stdio.iter().enumerate() {
                // The agent's own descriptors lie above, so these are never the same.
                call(libc::SYS_dup3, [*fd as usize, target, 0])?;
            }
            // The agent ignores SIGPIPE and blocks what it takes from its signalfd; it handles none. The kernel's struct
            // sigaction: no handler means SIG_DFL.
            let (default, nothing) = ([0u64; 4], 0u64);
            let default = default.as_ptr() as usize;
            call(libc::SYS_rt_sigaction, [libc::SIGPIPE as usize, default, 0, 8])?;
            let nothing = &raw const nothing as usize;
            call(libc::SYS_rt_sigprocmask, [libc::SIG_SETMASK as usize, nothing, 0, 8])?;
            call(libc::SYS_umask, [0o022])?;
            if self.command.reset_oom {
                self.reset_oom();
            }
        }
        Ok(())
    }

    /// Children are not as precious as the agent. Done while the child may: its own score is then also the lowest that it
    /// can go back to. The kernel gives it to all that share the memory, but not to PID 1: a guest's agent keeps its own.
    unsafe fn reset_oom(&self) {
        let flags = libc::O_WRONLY | libc::O_NONBLOCK | libc::O_NOFOLLOW | libc::O_CLOEXEC;
        let score = c"/proc/self/oom_score_adj";
        unsafe {
            let opened = call(libc::SYS_openat, [HERE, score.as_ptr() as usize, flags as usize, 0]);
            if let Ok(fd) = opened {
                let _ = call(libc::SYS_write, [fd, c"0".as_ptr() as usize, 1]);
                let _ = call(libc::SYS_close, [fd]);
            }
        }
    }

    unsafe fn limit(&self) -> Result<(), i32> {
        for limit in &self.command.rlimits {
            let limits = [limit.soft, limit.hard];
            unsafe {
                call(
                    libc::SYS_prlimit64,
                    [0, limit.resource as usize, limits.as_ptr() as usize, 0],
                )
            }?;
        }
        Ok(())
    }

    /// Entered before the credentials change: a directory that only root may pass is still a valid place to start in.
    unsafe fn enter_cwd(&self) -> Result<(), i32> {
        let enter = || unsafe { call(libc::SYS_chdir, [self.command.cwd.as_ptr() as usize]) }.map(drop);
        match enter() {
            Err(libc::ENOENT) => {}
            result => return result,
        }
        for directory in &self.command.cwd_ancestry {
            match unsafe { call(libc::SYS_mkdirat, [HERE, directory.as_ptr() as usize, 0o755]) } {
                Ok(_) | Err(libc::EEXIST) => {}
                Err(errno) => return Err(errno),
            }
        }
        enter()
    }

    unsafe fn take_privileges(&self) -> Result<(), i32> {
        unsafe {
            if !self.command.new_privileges {
                call(libc::SYS_prctl, [libc::PR_SET_NO_NEW_PRIVS as usize, 1, 0, 0, 0])?;
            }
            // While the child still may, also where new privileges are allowed.
            if let Some(filter) = &self.command.filter {
                seccomp::install(filter)?;
            }
            if let Some((identity, granted)) = &self.command.identity {
                privileges::take(identity, *granted)?;
            }
        }
        Ok(())
    }

    /// The errno of the most telling failure. A candidate that is there but may not be executed counts more than the
    /// ones that are missing; a directory of PATH that may not be searched is a miss.
    unsafe fn exec(&self) -> i32 {
        let mut verdict = libc::ENOENT;
        for candidate in &self.command.candidates {
            let (argv, env) = (self.argv.as_ptr() as usize, self.env.as_ptr() as usize);
            match unsafe { call(libc::SYS_execve, [candidate.as_ptr() as usize, argv, env]) } {
                Ok(_) | Err(libc::ENOENT | libc::ENOTDIR) => {}
                Err(libc::EACCES) if self.command.candidates.len() == 1 || unsafe { exists(candidate) } => {
                    verdict = libc::EACCES;
                }
                Err(libc::EACCES) => {}
                Err(errno) => return errno,
            }
        }
        verdict
    }
}

/// Paths are taken from the working directory.
const HERE: usize = libc::AT_FDCWD as usize;

unsafe fn exists(path: &CStr) -> bool {
    unsafe { call(libc::SYS_faccessat, [HERE, path.as_ptr() as usize, libc::F_OK as usize]) }.is_ok()
}

/// Of this task alone.
pub unsafe fn exit() -> ! {
    loop {
        let _ = unsafe { call(libc::SYS_exit_group, [127]) };
    }
}

fn pointers(strings: &[CString]) -> Vec<*const c_char> {
    strings.iter().map(|string| string.as_ptr()).chain([null()]).collect()
}
