use super::cgroup::Cgroup;
use super::child::Frame;
use super::command::Command;
use super::failure::{Failure, REPORT_BYTES};
use super::group::Group;
use super::terminal::Terminal;
use super::tree::Tree;
use crate::reaper::{Ending, Reaper};
use crate::system;
use rustix::fs::{OFlags, fchown, fcntl_setfl};
use rustix::pipe::{PipeFlags, fcntl_setpipe_size, pipe_with};
use rustix::process::Uid;
use std::fs::File;
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::sync::{Arc, Weak};
use tokio::io::unix::AsyncFd;

/// Room of each pipe that is a process's stdio.
const PIPE_BYTES: usize = 128 * 1024;

/// A forked process and our ends of its stdio.
pub struct Process {
    pub pid: libc::pid_t,
    pub tree: Tree,
    pub ending: Ending,
    pub stdio: Stdio,
    errors: AsyncFd<OwnedFd>,
}

/// What is left of a [`Process`] for those who neither read nor write its stdio.
pub struct Leader {
    pub pid: libc::pid_t,
    pub tree: Tree,
    pub ending: Ending,
    /// Held by who reads and writes it alone, so that its end is the terminal's.
    pub terminal: Option<Weak<Terminal>>,
}

/// Our ends, all non-blocking.
pub enum Stdio {
    Pipes {
        stdin: Option<AsyncFd<OwnedFd>>,
        stdout: AsyncFd<OwnedFd>,
        stderr: AsyncFd<OwnedFd>,
    },
    Terminal {
        terminal: Arc<Terminal>,
        open_stdin: bool,
    },
}

/// Forks. Whether the command could be executed is known after [`Process::executed`].
pub fn spawn(command: &Command, reaper: &Reaper, cgroup: Option<Cgroup>) -> Result<Process, Failure> {
    try_spawn(command, reaper, cgroup).map_err(|error| Failure::resources("start of the process", &error))
}

fn try_spawn(command: &Command, reaper: &Reaper, cgroup: Option<Cgroup>) -> io::Result<Process> {
    if let Some(size) = command.terminal {
        let terminal = Arc::new(Terminal::open(size)?);
        let stdio = Stdio::Terminal {
            terminal: terminal.clone(),
            open_stdin: command.open_stdin,
        };
        own(command, &[terminal.peer()])?;
        return fork(command, reaper, cgroup, [terminal.peer(); 3], stdio);
    }
    let (child_stdin, stdin) = match command.open_stdin {
        true => wide_pipe(End::Write).map(|(theirs, ours)| (theirs, Some(ours)))?,
        false => (File::open("/dev/null")?.into(), None),
    };
    let (child_stdout, stdout) = wide_pipe(End::Read)?;
    let (child_stderr, stderr) = wide_pipe(End::Read)?;
    let theirs = [&child_stdin, &child_stdout, &child_stderr].map(AsFd::as_fd);
    let given = if command.open_stdin { &theirs } else { &theirs[1..] };
    own(command, given)?;
    fork(command, reaper, cgroup, theirs, Stdio::Pipes { stdin, stdout, stderr })
}

/// /dev/stdout and its like open the pipe again, which only its owner may do.
fn own(command: &Command, stdio: &[BorrowedFd<'_>]) -> io::Result<()> {
    if let Some((identity, _)) = &command.identity {
        for fd in stdio {
            fchown(fd, Some(Uid::from_raw(identity.uid)), None)?;
        }
    }
    Ok(())
}

fn fork(
    command: &Command,
    reaper: &Reaper,
    cgroup: Option<Cgroup>,
    theirs: [BorrowedFd<'_>; 3],
    stdio: Stdio,
) -> io::Result<Process> {
    let (child_errors, errors) = pipe(End::Read)?;
    let entrance = cgroup.as_ref().map(Cgroup::entrance).transpose()?;
    let frame = Frame::new(
        command,
        entrance.as_ref().map(AsRawFd::as_raw_fd),
        theirs.map(|fd| fd.as_raw_fd()),
        child_errors.as_raw_fd(),
    );
    let pid = unsafe { libc::fork() };
    match pid {
        0 => unsafe { frame.run() },
        pid if pid < 0 => Err(io::Error::last_os_error()),
        pid => Ok(Process {
            pid,
            tree: Tree::new(Group::of(pid), cgroup),
            ending: reaper.register(pid),
            stdio,
            errors,
        }),
    }
}

impl Process {
    pub fn split(self) -> (Leader, Stdio) {
        let terminal = match &self.stdio {
            Stdio::Terminal { terminal, .. } => Some(Arc::downgrade(terminal)),
            Stdio::Pipes { .. } => None,
        };
        let leader = Leader {
            pid: self.pid,
            tree: self.tree,
            ending: self.ending,
            terminal,
        };
        (leader, self.stdio)
    }

    /// Nobody will ask for it again: it is killed, and its group removed when it has ended.
    pub fn abandon(self) {
        self.tree.kill();
        let (tree, mut ending) = (self.tree, self.ending);
        tokio::spawn(async move {
            ending.known().await;
            tree.emptied().await;
        });
    }

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

/// A pipe with room for a whole message; where the user has too many pipes already it keeps its 64 KiB.
fn wide_pipe(ours: End) -> io::Result<(OwnedFd, AsyncFd<OwnedFd>)> {
    let (theirs, ours) = pipe(ours)?;
    let _ = fcntl_setpipe_size(&theirs, PIPE_BYTES);
    Ok((theirs, ours))
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
