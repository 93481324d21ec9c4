use super::entry::{Ended, Entry};
use super::failure::Failure;
use super::input::{QUEUED_CHUNKS, feed, type_on};
use super::limits::Limits;
use super::output::{Source, pump};
use super::session::{Requests, Responses};
use super::spawn::Stdio;
use super::terminal::Terminal;
use crate::content::MAX_BYTES;
use crate::proto::agent::exec_request::Message as Request;
use crate::proto::agent::exec_response::Message as Response;
use std::convert::Infallible;
use std::future::pending;
use std::os::fd::OwnedFd;
use std::pin::pin;
use std::sync::Arc;
use tokio::io::unix::AsyncFd;
use tokio::sync::mpsc;
use tonic::Status;

/// Why a session ends without the end of its process.
pub enum Left {
    /// It was never started.
    Failed(Failure),
    /// The caller said something that it must not say.
    Refused(Status),
    /// The caller has gone.
    Gone,
}

impl From<Failure> for Left {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

/// Moves what the process reads and writes until it has ended, or until its caller leaves and it has ended for that.
pub async fn attend(
    entry: &Arc<Entry>,
    stdio: Stdio,
    limits: Limits,
    requests: Requests,
    responses: &Responses,
) -> Result<Ended, Left> {
    let (stdin, streams) = split(stdio);
    let (chunks, queue) = mpsc::channel(QUEUED_CHUNKS);
    let mut output = Box::pin(streams.drain(entry, responses));
    let mut limit = pin!(keep_limit(entry, limits));
    let left = tokio::select! {
        biased;
        () = responses.closed() => Left::Gone,
        ended = &mut output => return Ok(ended),
        left = receive(requests, chunks, entry) => left,
        never = stdin.feed(queue) => match never {},
        never = &mut limit => match never {},
    };
    // By here stdin is closed, too: the future that fed it has gone with the select.
    match (&left, limits.parting) {
        (Left::Gone, None) => tokio::select! {
            _ = output => {}
            never = limit => match never {},
        },
        (_, parting) if entry.has_terminal() => {
            // Hangs up, and the kernel sends SIGHUP.
            drop(output);
            entry.finish(parting.unwrap_or_default()).await;
        }
        (_, parting) => {
            tokio::join!(entry.end(parting.unwrap_or_default()), output);
        }
    }
    Err(left)
}

async fn keep_limit(entry: &Arc<Entry>, limits: Limits) -> Infallible {
    if let Some(timeout) = limits.timeout {
        tokio::time::sleep(timeout).await;
        entry.note_timeout();
        // Goes on when the session ends with the leader: others of its tree may be left.
        let entry = entry.clone();
        tokio::spawn(async move { entry.end(limits.grace).await });
    }
    pending().await
}

enum Stdin {
    None,
    Pipe(AsyncFd<OwnedFd>),
    Terminal(Arc<Terminal>),
}

enum Streams {
    Pipes(AsyncFd<OwnedFd>, AsyncFd<OwnedFd>),
    Terminal(Arc<Terminal>),
}

fn split(stdio: Stdio) -> (Stdin, Streams) {
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
    async fn feed(self, queue: mpsc::Receiver<Vec<u8>>) -> Infallible {
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
    async fn drain(self, entry: &Entry, responses: &Responses) -> Ended {
        match &self {
            Self::Pipes(stdout, stderr) => {
                let stdout = pump(Source::Pipe(stdout), Response::Stdout, responses, entry.ending());
                let stderr = pump(Source::Pipe(stderr), Response::Stderr, responses, entry.ending());
                tokio::join!(entry.ended(), stdout, stderr).0
            }
            Self::Terminal(terminal) => {
                let source = Source::Terminal(terminal.master());
                let stdout = pump(source, Response::Stdout, responses, entry.ending());
                tokio::join!(entry.ended(), stdout).0
            }
        }
    }
}

/// Takes requests until the call breaks off or says something that it must not say. A caller that only closes its
/// direction has no more input, and the process goes on.
async fn receive(mut requests: Requests, chunks: mpsc::Sender<Vec<u8>>, entry: &Entry) -> Left {
    let mut chunks = Some(chunks);
    loop {
        let request = match requests.message().await {
            Ok(Some(request)) => request.message,
            Ok(None) => {
                drop(chunks.take());
                pending().await
            }
            Err(_) => return Left::Gone,
        };
        match request {
            Some(Request::Stdin(chunk)) if chunk.len() > MAX_BYTES => {
                return Left::Refused(Status::invalid_argument(format!(
                    "stdin holds more than {MAX_BYTES} bytes"
                )));
            }
            Some(Request::Stdin(chunk)) => {
                if let Some(queue) = &chunks {
                    // The process may have closed its stdin; its input is dropped then.
                    let _ = queue.send(chunk).await;
                }
            }
            Some(Request::StdinClose(_)) => drop(chunks.take()),
            Some(Request::Signal(signal)) if (1..=64).contains(&signal.number) => entry.tree.signal(signal.number),
            Some(Request::Signal(signal)) => {
                return Left::Refused(Status::invalid_argument(format!("{} is no signal", signal.number)));
            }
            Some(Request::Start(_)) => return Left::Refused(Status::invalid_argument("`start` may come only once")),
            None => {}
        }
    }
}
