use super::entry::{Ended, Entry};
use super::failure::Failure;
use super::input::QUEUED_CHUNKS;
use super::limits::Limits;
use super::listeners::StdoutDetour;
use super::requests::{ExecRequests, Said, Silence, started_twice};
use super::spawn::Stdio;
use super::streams::split;
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

impl From<Silence> for Left {
    fn from(silence: Silence) -> Self {
        match silence {
            Silence::Gone => Self::Gone,
            Silence::Refused(status) => Self::Refused(status),
        }
    }
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
    requests: ExecRequests,
    detour: StdoutDetour,
) -> Result<Ended, Left> {
    let (stdin, streams) = split(stdio);
    let (chunks, queue) = mpsc::channel(QUEUED_CHUNKS);
    let responses = detour.responses().clone();
    let mut output = Box::pin(streams.drain(entry, None, Some(detour)));
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
async fn receive(mut requests: ExecRequests, chunks: mpsc::Sender<Vec<u8>>, entry: &Entry) -> Left {
    let mut chunks = Some(chunks);
    loop {
        match requests.next().await {
            Ok(Some(Said::Stdin(chunk))) => {
                if let Some(queue) = &chunks {
                    // The process may have closed its stdin; its input is dropped then.
                    let _ = queue.send(chunk).await;
                }
            }
            Ok(Some(Said::StdinClose)) => drop(chunks.take()),
            Ok(Some(Said::Signal(number))) => entry.signal(number),
            // Of a terminal that belongs to this call, another one tells the size.
            Ok(Some(Said::Resize(_))) => {}
            Ok(Some(Said::Start(_))) => return Left::Refused(started_twice()),
            Ok(None) => {
                drop(chunks.take());
                pending().await
            }
            Err(silence) => return silence.into(),
        }
    }
}
