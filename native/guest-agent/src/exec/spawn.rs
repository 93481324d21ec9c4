use super::child::Frame;
use super::command::Command;
use super::failure::{Failure, REPORT_BYTES};
use super::group::Group;
use crate::reaper::{Exit, Reaper};
use crate::system;
use rustix::fs::{OFlags, fcntl_setfl};
use rustix::pipe::{PipeFlags, pipe_with};
use std::fs::File;
use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use tokio::io::unix::AsyncFd;
use tokio::sync::oneshot;

/// A forked process and our ends of its pipes, all non-blocking.
pub struct Process {
    pub pid: libc::pid_t,
    pub group: Group,
    pub exit: oneshot::Receiver<Exit>,
    pub stdin: Option<AsyncFd<OwnedFd>>,
    pub stdout: AsyncFd<OwnedFd>,
    pub stderr: AsyncFd<OwnedFd>,
    errors: AsyncFd<OwnedFd>,
}

/// Forks. Whether the command could be executed is known after [`Process::executed`].
pub fn spawn(command: &Command, reaper: &Reaper) -> Result<Process, Failure> {
    try_spawn(command, reaper).map_err(|error| Failure::resources("start of the process", &error))
}

fn try_spawn(command: &Command, reaper: &Reaper) -> io::Result<Process> {
    let (child_stdin, stdin) = match command.open_stdin {
        true => pipe(End::Write).map(|(theirs, ours)| (theirs, Some(ours)))?,
        false => (File::open("/dev/null")?.into(), None),
    };
    let (child_stdout, stdout) = pipe(End::Read)?;
    let (child_stderr, stderr) = pipe(End::Read)?;
    let (child_errors, errors) = pipe(End::Read)?;
    let stdio = [
        child_stdin.as_raw_fd(),
        child_stdout.as_raw_fd(),
        child_stderr.as_raw_fd(),
    ];
    let frame = Frame::new(command, stdio, child_errors.as_raw_fd());
    let pid = unsafe { libc::fork() };
    match pid {
        0 => unsafe { frame.run() },
        pid if pid < 0 => Err(io::Error::last_os_error()),
        pid => Ok(Process {
            pid,
            group: Group::of(pid),
            exit: reaper.register(pid),
            stdin,
            stdout,
            stderr,
            errors,
        }),
    }
}

impl Process {
    /// Waits until the child has executed the command (the error pipe closes on exec) or has said why not.
    pub async fn executed(&self) -> io::Result<Option<[u8; REPORT_BYTES]>> {
        let mut report = [0; REPORT_BYTES];
        loop {
            let mut guard = self.errors.readable().await?;
            match guard.try_io(|fd| Ok(rustix::io::read(fd, &mut report)?)) {
                // Pipes pass writes of this size on in one piece.
                Ok(Ok(REPORT_BYTES)) => return Ok(Some(report)),
                Ok(Ok(_)) => return Ok(None),
                Ok(Err(error)) if error.kind() == io::ErrorKind::Interrupted => {}
                Ok(Err(error)) => return Err(error),
                Err(_would_block) => {}
            }
        }
    }
}

enum End {
    Read,
    Write,
}

/// The child's end and, of the given kind, our own. Only ours is non-blocking: programs do not expect such stdio.
fn pipe(ours: End) -> io::Result<(OwnedFd, AsyncFd<OwnedFd>)> {
    let (read, write) = pipe_with(PipeFlags::CLOEXEC)?;
    let (theirs, ours) = match ours {
        End::Read => (write, read),
        End::Write => (read, write),
    };
    fcntl_setfl(&ours, OFlags::NONBLOCK)?;
    Ok((theirs, system::watch(ours)?))
}
