//! What the child does between fork and exec. It only makes system calls on memory that was laid out before.

use super::check::{check, errno};
use super::command::Command;
use super::failure::{Step, encode_report};
use super::privileges;
use confinement::seccomp;
use std::ffi::{CString, c_char};
use std::os::fd::RawFd;
use std::ptr::null;

/// The pointer arrays of execve and the descriptors that become 0, 1 and 2.
pub struct Frame<'a> {
    command: &'a Command,
    argv: Vec<*const c_char>,
    env: Vec<*const c_char>,
    /// cgroup.procs of the child's own group.
    entrance: Option<RawFd>,
    stdio: [RawFd; 3],
    /// stdio is a terminal, which becomes the controlling one of the child's session.
    terminal: bool,
    errors: RawFd,
}

impl<'a> Frame<'a> {
    pub fn new(command: &'a Command, entrance: Option<RawFd>, stdio: [RawFd; 3], errors: RawFd) -> Self {
        Self {
            command,
            argv: pointers(&command.argv),
            env: pointers(&command.env),
            entrance,
            stdio,
            terminal: command.terminal.is_some(),
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
            self.limit().map_err(|errno| (Step::Limits, errno))?;
            self.take_privileges().map_err(|errno| (Step::User, errno))?;
            Err((Step::Exec, self.exec()))
        }
    }

    unsafe fn set_up(&self) -> Result<(), i32> {
        unsafe {
            if let Some(entrance) = self.entrance {
                check(libc::write(entrance, c"0".as_ptr().cast(), 1) as i32)?;
            }
            check(libc::setsid())?;
            if self.terminal {
                check(libc::ioctl(self.stdio[0], libc::TIOCSCTTY, 0))?;
            }
            for (target, fd) in self.stdio.iter().enumerate() {
                check(libc::dup2(*fd, target as RawFd))?;
            }
            // The agent ignores SIGPIPE and blocks what it takes from its signalfd.
            libc::signal(libc::SIGPIPE, libc::SIG_DFL);
            let mut none: libc::sigset_t = std::mem::zeroed();
            libc::sigemptyset(&mut none);
            check(libc::sigprocmask(libc::SIG_SETMASK, &none, std::ptr::null_mut()))?;
            libc::umask(0o022);
            if self.command.reset_oom {
                self.reset_oom();
            }
        }
        Ok(())
    }

    /// Children are not as precious as the agent. Done while the child may: its own score is then also the lowest that it
    /// can go back to.
    unsafe fn reset_oom(&self) {
        let flags = libc::O_WRONLY | libc::O_NONBLOCK | libc::O_NOFOLLOW | libc::O_CLOEXEC;
        unsafe {
            let fd = libc::open(c"/proc/self/oom_score_adj".as_ptr(), flags);
            if fd >= 0 {
                libc::write(fd, c"0".as_ptr().cast(), 1);
                libc::close(fd);
            }
        }
    }

    unsafe fn limit(&self) -> Result<(), i32> {
        for limit in &self.command.rlimits {
            let limits = libc::rlimit {
                rlim_cur: limit.soft,
                rlim_max: limit.hard,
            };
            check(unsafe { libc::setrlimit(limit.resource, &limits) })?;
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

    unsafe fn take_privileges(&self) -> Result<(), i32> {
        unsafe {
            if !self.command.new_privileges {
                check(libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))?;
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
