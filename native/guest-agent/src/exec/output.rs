use super::listeners::Listeners;
use super::terminal::BACKLOG_BYTES;
use super::width::Width;
use crate::content::{BULK_SENT_BYTES, SENT_BYTES};
use crate::reaper::Ending;
use rustix::buffer::spare_capacity;
use rustix::io::{ioctl_fionread, read, retry_on_intr};
use std::io;
use std::os::fd::OwnedFd;
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

/// Read when the source cannot tell what is in it.
const UNKNOWN_BYTES: usize = 4 * 1024;

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

/// Sends what comes out of a source to whoever listens, until its end. When the process has ended and another
/// one still holds the source open, only what is in it by then is sent. Nothing is read before there is room for it: a slow
/// client fills the source and so stops the writer. Where nobody listens, output is dropped.
pub async fn pump(source: Source<'_>, mut listeners: Listeners<'_>, ending: Ending) {
    pour(source, &mut listeners, ending).await;
    listeners.end().await;
}

async fn pour(source: Source<'_>, listeners: &mut Listeners<'_>, mut ending: Ending) {
    let mut remaining = None;
    let mut width = Width::of_output();
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
        let places = listeners.room(&mut ending).await;
        let most = places.most(if width.is_wide() { BULK_SENT_BYTES } else { SENT_BYTES });
        // What a backlog counts is there, whatever the reactor knows.
        let taken = match remaining {
            Some(_) => take(source.fd().get_ref(), most),
            None => source.fd().try_io(Interest::READABLE, |fd| take(fd, most)),
        };
        match taken {
            Ok(bytes) if bytes.is_empty() => return,
            Ok(bytes) => {
                remaining = remaining.map(|left: u64| left.saturating_sub(bytes.len() as u64));
                if let Source::Pipe(pipe) = source {
                    width.suit(pipe, bytes.len());
                }
                listeners.tell(places, bytes).await;
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock && remaining.is_none() => {}
            Err(_) => return,
        }
    }
}

/// Nothing at the end. What is read goes on as it is, so it takes no more room than there are bytes.
fn take(source: &OwnedFd, most: usize) -> io::Result<Vec<u8>> {
    let there = ioctl_fionread(source)
        .ok()
        .and_then(|bytes| usize::try_from(bytes).ok());
    let mut bytes = Vec::with_capacity(there.unwrap_or(0).max(UNKNOWN_BYTES).min(most));
    retry_on_intr(|| read(source, spare_capacity(&mut bytes)))?;
    Ok(bytes)
}
