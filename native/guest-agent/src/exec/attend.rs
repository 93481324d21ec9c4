use super::entry::{Ended, Entry};
use super::failure::Failure;
use super::input::QUEUED_CHUNKS;
use super::limits::Limits;
use super::session::{Requests, Responses};
use super::spawn::Stdio;
use super::streams::split;
use crate::content::MAX_BYTES;
use crate::proto::agent::Signal;
use crate::proto::agent::exec_request::Message as Request;
use std::convert::Infallible;
use std::future::pending;
use std::pin::pin;
use std::sync::Arc;
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
    let mut output = Box::pin(streams.drain(entry, None));
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
            Some(Request::Stdin(chunk)) => {
                if let Err(refused) = check_chunk(&chunk) {
                    return Left::Refused(refused);
                }
                if let Some(queue) = &chunks {
                    // The process may have closed its stdin; its input is dropped then.
                    let _ = queue.send(chunk).await;
                }
            }
            Some(Request::StdinClose(_)) => drop(chunks.take()),
            Some(Request::Signal(signal)) => match signal_number(&signal) {
                Ok(number) => entry.signal(number),
                Err(refused) => return Left::Refused(refused),
            },
            Some(Request::Start(_)) => return Left::Refused(started_twice()),
            None => {}
        }
    }
}

pub fn check_chunk(chunk: &[u8]) -> Result<(), Status> {
    match chunk.len() > MAX_BYTES {
        true => Err(Status::invalid_argument(format!(
            "stdin holds more than {MAX_BYTES} bytes"
        ))),
        false => Ok(()),
    }
}

pub fn signal_number(signal: &Signal) -> Result<i32, Status> {
    match signal.number {
        number @ 1..=64 => Ok(number),
        number => Err(Status::invalid_argument(format!("{number} is no signal"))),
    }
}

pub fn started_twice() -> Status {
    Status::invalid_argument("`start` may come only once")
}
