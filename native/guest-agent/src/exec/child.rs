//! What the child does between fork and exec. It only makes system calls on memory that was laid out before.

use super::command::Command;
use super::failure::{Step, encode_report};
use std::ffi::{CString, c_char};
use std::os::fd::RawFd;
use std::ptr::null;

/// A soft limit that select() can live with; programs raise it to the hard limit themselves.
pub const SOFT_NOFILE: libc::rlim_t = 1024;

/// The pointer arrays of execve and the descriptors that become 0, 1 and 2.
pub struct Frame<'a> {
    command: &'a Command,
    argv: Vec<*const c_char>,
    env: Vec<*const c_char>,
    pub stdio: [RawFd; 3],
    pub errors: RawFd,
}

impl<'a> Frame<'a> {
    pub fn new(command: &'a Command, stdio: [RawFd; 3], errors: RawFd) -> Self {
        Self {
            command,
            argv: pointers(&command.argv),
            env: pointers(&command.env),
            stdio,
            errors,
        }
    }

    /// # Safety
    /// Only in a child that was just forked. It allocates nothing and takes no lock, which another thread might have held.
    pub unsafe fn run(&self) -> ! {
        let (step, errno) = match unsafe { self.become_command() } {
            Ok(never) => match never {},
            Err(failed) => failed,
        };
        let report = encode_report(step, errno);
        unsafe {
            libc::write(self.errors, report.as_ptr().cast(), report.len());
            libc::_exit(127)
        }
    }

    unsafe fn become_command(&self) -> Result<std::convert::Infallible, (Step, i32)> {
        unsafe {
            self.set_up().map_err(|errno| (Step::Setup, errno))?;
            self.enter_cwd().map_err(|errno| (Step::Cwd, errno))?;
            self.take_identity().map_err(|errno| (Step::User, errno))?;
            Err((Step::Exec, self.exec()))
        }
    }

    unsafe fn set_up(&self) -> Result<(), i32> {
        unsafe {
            check(libc::setsid())?;
            for (target, fd) in self.stdio.iter().enumerate() {
                check(libc::dup2(*fd, target as RawFd))?;
            }
            // The agent ignores SIGPIPE and blocks what it takes from its signalfd.
            libc::signal(libc::SIGPIPE, libc::SIG_DFL);
            let mut none: libc::sigset_t = std::mem::zeroed();
            libc::sigemptyset(&mut none);
            check(libc::sigprocmask(libc::SIG_SETMASK, &none, std::ptr::null_mut()))?;
            let mut limit = libc::rlimit {
                rlim_cur: 0,
                rlim_max: 0,
            };
            check(libc::getrlimit(libc::RLIMIT_NOFILE, &mut limit))?;
            limit.rlim_cur = limit.rlim_max.min(SOFT_NOFILE);
            check(libc::setrlimit(libc::RLIMIT_NOFILE, &limit))?;
            libc::umask(0o022);
        }
        Ok(())
    }

    /// Entered before the credentials change: a directory that only root may pass is still a valid place to start in.
    unsafe fn enter_cwd(&self) -> Result<(), i32> {
        unsafe {
            match check(libc::chdir(self.command.cwd.as_ptr())) {
                Err(libc::ENOENT) => {}
                result => return result,
            }
            for directory in &self.command.cwd_ancestry {
                match check(libc::mkdir(directory.as_ptr(), 0o755)) {
                    Ok(()) | Err(libc::EEXIST) => {}
                    failed => return failed,
                }
            }
            check(libc::chdir(self.command.cwd.as_ptr()))
        }
    }

    unsafe fn take_identity(&self) -> Result<(), i32> {
        let Some(identity) = &self.command.identity else {
            return Ok(());
        };
        unsafe {
            check(libc::setgroups(identity.groups.len(), identity.groups.as_ptr()))?;
            check(libc::setresgid(identity.gid, identity.gid, identity.gid))?;
            check(libc::setresuid(identity.uid, identity.uid, identity.uid))
        }
    }

    /// The errno of the most telling failure. A candidate that is there but may not be executed counts more than the
    /// ones that are missing; a directory of PATH that may not be searched is a miss.
    unsafe fn exec(&self) -> i32 {
        let mut verdict = libc::ENOENT;
        for candidate in &self.command.candidates {
            unsafe { libc::execve(candidate.as_ptr(), self.argv.as_ptr(), self.env.as_ptr()) };
            match errno() {
                libc::ENOENT | libc::ENOTDIR => {}
                libc::EACCES if self.command.candidates.len() == 1 => verdict = libc::EACCES,
                libc::EACCES => {
                    if unsafe { libc::access(candidate.as_ptr(), libc::F_OK) } == 0 {
                        verdict = libc::EACCES;
                    }
                }
                errno => return errno,
            }
        }
        verdict
    }
}

fn pointers(strings: &[CString]) -> Vec<*const c_char> {
    strings.iter().map(|string| string.as_ptr()).chain([null()]).collect()
}

fn check(result: i32) -> Result<(), i32> {
    if result < 0 { Err(errno()) } else { Ok(()) }
}

fn errno() -> i32 {
    unsafe { *libc::__errno_location() }
}
