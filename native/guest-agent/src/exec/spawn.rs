use super::cgroup::Cgroup;
use super::child::Frame;
use super::command::Command;
use super::failure::{Failure, Report};
use super::group::Group;
use super::launch::{Child, Launch, launch};
use super::terminal::Terminal;
use super::tree::Tree;
use crate::reaper::{Ending, Reaper};
use crate::system;
use rustix::fs::{OFlags, fchown, fcntl_setfl};
use rustix::io::{Errno, read, retry_on_intr};
use rustix::pipe::{PipeFlags, fcntl_setpipe_size, pipe_with};
use rustix::process::Uid;
use std::fs::File;
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::sync::{Arc, Weak};
use std::time::Duration;
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;
use tokio::time::sleep;

/// Room of each pipe that is a process's stdio.
const PIPE_BYTES: usize = 128 * 1024;

/// A process that was just made and our ends of its stdio.
pub struct Process {
    pub pid: libc::pid_t,
    pub tree: Tree,
    pub ending: Ending,
    pub stdio: Stdio,
    launch: Launch,
    /// Closes when it has executed its command or has ended.
    launched: OwnedFd,
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

/// Makes a child. Whether the command could be executed is known after [`Process::executed`].
pub fn spawn(command: Command, reaper: &Reaper, cgroup: Option<Cgroup>) -> Result<Process, Failure> {
    try_spawn(command, reaper, cgroup).map_err(|error| Failure::resources("start of the process", &error))
}

fn try_spawn(command: Command, reaper: &Reaper, cgroup: Option<Cgroup>) -> io::Result<Process> {
    if let Some(size) = command.terminal {
        let terminal = Arc::new(Terminal::open(size)?);
        let stdio = Stdio::Terminal {
            terminal: terminal.clone(),
            open_stdin: command.open_stdin,
        };
        own(&command, &[terminal.peer()])?;
        return begin(command, reaper, cgroup, [terminal.peer(); 3], stdio);
    }
    let (child_stdin, stdin) = match command.open_stdin {
        true => wide_pipe(End::Write).map(|(theirs, ours)| (theirs, Some(ours)))?,
        false => (File::open("/dev/null")?.into(), None),
    };
    let (child_stdout, stdout) = wide_pipe(End::Read)?;
    let (child_stderr, stderr) = wide_pipe(End::Read)?;
    let theirs = [&child_stdin, &child_stdout, &child_stderr].map(AsFd::as_fd);
    let given = if command.open_stdin { &theirs } else { &theirs[1..] };
    own(&command, given)?;
    begin(command, reaper, cgroup, theirs, Stdio::Pipes { stdin, stdout, stderr })
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

fn begin(
    command: Command,
    reaper: &Reaper,
    cgroup: Option<Cgroup>,
    theirs: [BorrowedFd<'_>; 3],
    stdio: Stdio,
) -> io::Result<Process> {
    // Nobody writes to it. Only the child has the other end, and only until it executes its command.
    let (launched, until_launched) = pipe_with(PipeFlags::CLOEXEC)?;
    fcntl_setfl(&launched, OFlags::NONBLOCK)?;
    let frame = Frame::new(command, theirs.map(|fd| fd.as_raw_fd()));
    let Child { pid, pidfd, launch } = launch(frame, cgroup.as_ref().map(Cgroup::fd))?;
    drop(until_launched);
    Ok(Process {
        pid,
        tree: Tree::new(Group::of(pid, pidfd), cgroup),
        ending: reaper.register(pid),
        stdio,
        launch,
        launched,
    })
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
        let (tree, mut ending, mut launch) = (self.tree, self.ending, self.launch);
        tokio::spawn(async move {
            ending.known().await;
            launch.over();
            tree.emptied().await;
        });
    }

    /// Waits until the child has executed the command or has ended. Answers why it could not. With patience it is looked at
    /// when there is something to see besides, which spares the turns of the two processes in between.
    pub async fn executed(&mut self, patience: Duration) -> io::Result<Option<Report>> {
        if !patience.is_zero() {
            tokio::select! {
                _ = self.ending.known() => {}
                () = self.stdio.said() => {}
                () = sleep(patience) => {}
            }
        }
        if !is_closed(&self.launched)? {
            let launched = system::watch_for(self.launched.try_clone()?, Interest::READABLE)?;
            loop {
                let mut guard = launched.readable().await?;
                if is_closed(launched.get_ref())? {
                    break;
                }
                guard.clear_ready();
            }
        }
        Ok(self.launch.over())
    }
}

impl Stdio {
    /// Resolves when the process has written something, or has closed what it could write to.
    async fn said(&self) {
        match self {
            Self::Pipes { stdout, stderr, .. } => {
                let _ = tokio::select! {
                    said = stdout.readable() => said,
                    said = stderr.readable() => said,
                };
            }
            Self::Terminal { terminal, .. } => drop(terminal.master().readable().await),
        }
    }
}

/// Of a pipe that nobody writes to: whether the other end is closed.
fn is_closed(pipe: &OwnedFd) -> io::Result<bool> {
    match retry_on_intr(|| read(pipe, &mut [0; 1])) {
        Ok(_) => Ok(true),
        Err(Errno::AGAIN) => Ok(false),
        Err(errno) => Err(errno.into()),
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
