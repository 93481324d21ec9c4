use super::entry::{Ended, Entry};
use super::input::{feed, type_on};
use super::output::{Source, pump};
use super::spawn::Stdio;
use super::stream_port::Log;
use super::terminal::Terminal;
use crate::proto::agent::exec_response::Message as Response;
use std::convert::Infallible;
use std::future::pending;
use std::os::fd::OwnedFd;
use std::sync::Arc;
use tokio::io::unix::AsyncFd;
use tokio::sync::mpsc;

/// Our end of what a process reads.
pub enum Stdin {
    None,
    Pipe(AsyncFd<OwnedFd>),
    Terminal(Arc<Terminal>),
}

/// Our ends of what a process writes.
pub enum Streams {
    Pipes(AsyncFd<OwnedFd>, AsyncFd<OwnedFd>),
    Terminal(Arc<Terminal>),
}

pub fn split(stdio: Stdio) -> (Stdin, Streams) {
    match stdio {
        Stdio::Pipes { stdin, stdout, stderr } => {
            (stdin.map_or(Stdin::None, Stdin::Pipe), Streams::Pipes(stdout, stderr))
        }
        Stdio::Terminal { terminal, open_stdin } => {
            let stdin = if open_stdin {
                Stdin::Terminal(terminal.clone())
            } else {
                Stdin::None
            };
            (stdin, Streams::Terminal(terminal))
        }
    }
}

impl Stdin {
    /// Input never ends a session.
    pub async fn feed(self, queue: mpsc::Receiver<Vec<u8>>) -> Infallible {
        match self {
            Self::None => drop(queue),
            Self::Pipe(pipe) => feed(pipe, queue).await,
            Self::Terminal(terminal) => type_on(&terminal, queue).await,
        }
        pending().await
    }
}

impl Streams {
    /// Resolves when the process has ended and everything that it wrote is on its way.
    pub async fn drain(self, entry: &Entry, log: Option<&Log>) -> Ended {
        let (out, err) = (log.map(|log| &log.stdout), log.map(|log| &log.stderr));
        let audience = &entry.audience;
        match &self {
            Self::Pipes(stdout, stderr) => {
                let (stdout, stderr) = (Source::Pipe(stdout), Source::Pipe(stderr));
                let stdout = pump(stdout, Response::Stdout, audience, out, entry.ending());
                let stderr = pump(stderr, Response::Stderr, audience, err, entry.ending());
                tokio::join!(entry.ended(), stdout, stderr).0
            }
            Self::Terminal(terminal) => {
                let source = Source::Terminal(terminal.master());
                let stdout = pump(source, Response::Stdout, audience, out, entry.ending());
                tokio::join!(entry.ended(), stdout).0
            }
        }
    }
}
