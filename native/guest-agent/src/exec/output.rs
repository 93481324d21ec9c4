use crate::proto::agent::ExecResponse;
use crate::proto::agent::exec_response::Message;
use rustix::io::{ioctl_fionread, read, retry_on_intr};
use std::io;
use std::os::fd::OwnedFd;
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;
use tokio::sync::{mpsc, watch};
use tonic::Status;

/// Most bytes of one message; it also fits into one vsock write.
const CHUNK_BYTES: usize = 28 * 1024;

pub type Responses = mpsc::Sender<Result<ExecResponse, Status>>;

/// Sends what comes out of a pipe until its end. When `exited` becomes true and another process still holds the pipe
/// open, only what is in it by then is sent. Nothing is read before there is room for it: a slow client fills the
/// pipe and so stops the writer.
pub async fn pump(
    pipe: AsyncFd<OwnedFd>,
    message: fn(Vec<u8>) -> Message,
    responses: &Responses,
    mut exited: watch::Receiver<bool>,
) {
    let mut buffer = vec![0; CHUNK_BYTES];
    let mut remaining = None;
    loop {
        if remaining.is_none() && *exited.borrow_and_update() {
            remaining = ioctl_fionread(&pipe).ok();
        }
        if remaining == Some(0) {
            return;
        }
        if remaining.is_none() {
            tokio::select! {
                ready = pipe.readable() => match ready {
                    Ok(ready) => drop(ready),
                    Err(_) => return,
                },
                _ = exited.changed() => continue,
            }
        }
        let Ok(permit) = responses.reserve().await else { return };
        // What FIONREAD counted is there, whatever the reactor knows.
        let taken = match remaining {
            Some(_) => take(pipe.get_ref(), &mut buffer),
            None => pipe.try_io(Interest::READABLE, |fd| take(fd, &mut buffer)),
        };
        match taken {
            Ok(0) => return,
            Ok(n) => {
                permit.send(Ok(ExecResponse {
                    message: Some(message(buffer[..n].to_vec())),
                }));
                remaining = remaining.map(|left: u64| left.saturating_sub(n as u64));
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock && remaining.is_none() => {}
            Err(_) => return,
        }
    }
}

fn take(pipe: &OwnedFd, buffer: &mut [u8]) -> io::Result<usize> {
    Ok(retry_on_intr(|| read(pipe, &mut *buffer))?)
}
