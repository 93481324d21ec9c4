use super::entry::{Ended, Entry};
use super::input::{feed, type_on};
use super::listeners::{Listeners, StdoutDetour};
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
    pub async fn drain(self, entry: &Entry, log: Option<&Log>, detour: Option<StdoutDetour>) -> Ended {
        let audience = &entry.audience;
        let stdout = Listeners::new(audience, Response::Stdout, log.map(|log| &log.stdout));
        match &self {
            Self::Pipes(out, err) => {
                let stderr = Listeners::new(audience, Response::Stderr, log.map(|log| &log.stderr));
                let stdout = pump(Source::Pipe(out), stdout.with_detour(detour), entry.ending());
                let stderr = pump(Source::Pipe(err), stderr, entry.ending());
                tokio::join!(entry.ended(), stdout, stderr).0
            }
            Self::Terminal(terminal) => {
                let stdout = pump(Source::Terminal(terminal.master()), stdout, entry.ending());
                tokio::join!(entry.ended(), stdout).0
            }
        }
    }
}
