use super::terminal::BACKLOG_BYTES;
use crate::proto::agent::ExecResponse;
use crate::proto::agent::exec_response::Message;
use crate::reaper::Ending;
use rustix::io::{ioctl_fionread, read, retry_on_intr};
use std::io;
use std::os::fd::OwnedFd;
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;
use tokio::sync::mpsc;
use tonic::Status;

/// Most bytes of one message; it also fits into one vsock write.
const CHUNK_BYTES: usize = 28 * 1024;

pub type Responses = mpsc::Sender<Result<ExecResponse, Status>>;

/// Where output comes from.
#[derive(Clone, Copy)]
pub enum Source<'a> {
    Pipe(&'a AsyncFd<OwnedFd>),
    Terminal(&'a AsyncFd<OwnedFd>),
}

impl<'a> Source<'a> {
    fn fd(self) -> &'a AsyncFd<OwnedFd> {
        match self {
            Self::Pipe(fd) | Self::Terminal(fd) => fd,
        }
    }

    /// Bytes that may be in it now. A terminal cannot tell; reading one says when there is no more, as it moves on
    /// everything that was written before.
    fn backlog(self) -> Option<u64> {
        match self {
            Self::Pipe(fd) => ioctl_fionread(fd).ok(),
            Self::Terminal(_) => Some(BACKLOG_BYTES),
        }
    }
}

/// Sends what comes out of a source until its end. When the process has ended and another one still holds the source
/// open, only what is in it by then is sent. Nothing is read before there is room for it: a slow client fills the
/// source and so stops the writer. When the client has gone, output is dropped.
pub async fn pump(source: Source<'_>, message: fn(Vec<u8>) -> Message, responses: &Responses, mut ending: Ending) {
    let mut buffer = vec![0; CHUNK_BYTES];
    let mut remaining = None;
    loop {
        if remaining.is_none() && ending.is_known() {
            remaining = source.backlog();
        }
        if remaining == Some(0) {
            return;
        }
        if remaining.is_none() {
            tokio::select! {
                ready = source.fd().readable() => match ready {
                    Ok(ready) => drop(ready),
                    Err(_) => return,
                },
                _ = ending.known() => continue,
            }
        }
        let permit = responses.reserve().await.ok();
        // What a backlog counts is there, whatever the reactor knows.
        let taken = match remaining {
            Some(_) => take(source.fd().get_ref(), &mut buffer),
            None => source.fd().try_io(Interest::READABLE, |fd| take(fd, &mut buffer)),
        };
        match taken {
            Ok(0) => return,
            Ok(n) => {
                if let Some(permit) = permit {
                    permit.send(Ok(ExecResponse {
                        message: Some(message(buffer[..n].to_vec())),
                    }));
                }
                remaining = remaining.map(|left: u64| left.saturating_sub(n as u64));
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock && remaining.is_none() => {}
            Err(_) => return,
        }
    }
}

fn take(source: &OwnedFd, buffer: &mut [u8]) -> io::Result<usize> {
    Ok(retry_on_intr(|| read(source, &mut *buffer))?)
}
