use super::bulk::Bulk;
use super::pieces::Pieces;
use crate::transport::Socket;
use rustix::fs::{OFlags, fcntl_setfl};
use rustix::io::retry_on_intr;
use rustix::net::{RecvFlags, Shutdown, recv, shutdown};
use std::io::{self, Read};
use std::os::fd::OwnedFd;
use tokio::io::unix::AsyncFd;

/// What is read at once: half of what the pipe of a process that gets bulk holds, so that the two seldom wait for each other.
const CHUNK_BYTES: usize = 480 * 1024;

/// A connection that carries content of one call into the guest.
pub struct Connection {
    fd: AsyncFd<OwnedFd>,
    pieces: Pieces,
    /// What chunks are read into; empty before the first one.
    buffer: Vec<u8>,
    bulk: Bulk,
}

impl Connection {
    /// Of a socket of which what stands before the content has been read, and nothing else.
    pub fn new(socket: Socket) -> Self {
        Self {
            fd: socket.into_fd(),
            pieces: Pieces::default(),
            buffer: Vec::new(),
            bulk: Bulk::default(),
        }
    }

    /// What comes next; None at the end. A reader that is dropped while it waits has lost nothing.
    pub async fn chunk(&mut self) -> io::Result<Option<Vec<u8>>> {
        let Self { fd, pieces, buffer, .. } = self;
        buffer.resize(CHUNK_BYTES, 0);
        let n = receive(fd, |fd| pieces.read(buffer, |space| take(fd, space))).await?;
        Ok((n > 0).then(|| buffer[..n].to_vec()))
    }

    /// For a thread that may block, and what wakes it.
    pub fn into_blocking(self) -> io::Result<(Incoming, Hangup)> {
        let fd = self.fd.into_inner();
        fcntl_setfl(&fd, OFlags::empty())?;
        let hangup = Hangup(fd.try_clone()?);
        let Self { pieces, bulk, .. } = self;
        let incoming = Incoming {
            fd,
            pieces,
            _bulk: bulk,
        };
        Ok((incoming, hangup))
    }
}

/// The content of a connection, up to its end.
pub struct Incoming {
    fd: OwnedFd,
    pieces: Pieces,
    _bulk: Bulk,
}

impl Read for Incoming {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let fd = &self.fd;
        self.pieces.read(buffer, |space| take(fd, space))
    }
}

/// Dropped, it ends the connection for whoever waits for its content.
pub struct Hangup(OwnedFd);

impl Drop for Hangup {
    fn drop(&mut self) {
        let _ = shutdown(&self.0, Shutdown::Both);
    }
}

fn take(fd: &OwnedFd, space: &mut [u8]) -> io::Result<usize> {
    Ok(retry_on_intr(|| recv(fd, &mut *space, RecvFlags::empty()))?.0)
}

async fn receive(fd: &AsyncFd<OwnedFd>, mut read: impl FnMut(&OwnedFd) -> io::Result<usize>) -> io::Result<usize> {
    loop {
        let mut guard = fd.readable().await?;
        if let Ok(result) = guard.try_io(|fd| read(fd.get_ref())) {
            return result;
        }
    }
}
