use super::input::write_all;
use crate::system;
use std::io;
use std::os::fd::OwnedFd;
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

/// Where the main process's output goes besides the calls that are attached to it: the host's log.
pub struct Log {
    pub stdout: StreamPort,
    pub stderr: StreamPort,
}

/// One direction to the host, such as a virtio port. The host reads it, whatever becomes of what it reads.
pub struct StreamPort {
    fd: AsyncFd<OwnedFd>,
}

impl StreamPort {
    /// `fd` is non-blocking.
    pub fn new(fd: OwnedFd) -> io::Result<Self> {
        Ok(Self {
            fd: system::watch_for(fd, Interest::WRITABLE)?,
        })
    }

    /// What a host that has hung up does not take is lost.
    pub async fn write(&self, bytes: &[u8]) {
        let _ = write_all(&self.fd, bytes).await;
    }
}
