use super::Socket;
use crate::system;
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd};
use tokio::io::unix::AsyncFd;

/// A listening socket of any family.
pub struct Listener {
    fd: AsyncFd<OwnedFd>,
    write_limit: usize,
    admits: fn(BorrowedFd<'_>) -> bool,
}

impl Listener {
    /// The descriptor has to be non-blocking; a connection that `admits` refuses is closed without a word.
    pub fn new(fd: OwnedFd, write_limit: usize, admits: fn(BorrowedFd<'_>) -> bool) -> io::Result<Self> {
        Ok(Self {
            fd: system::watch(fd)?,
            write_limit,
            admits,
        })
    }

    pub async fn accept(&self) -> io::Result<Socket> {
        loop {
            let mut guard = self.fd.readable().await?;
            match guard.try_io(|fd| accept(fd.get_ref())) {
                Ok(Ok(connection)) if (self.admits)(connection.as_fd()) => {
                    return Socket::new(connection, self.write_limit);
                }
                Ok(Err(error)) if !of_one_connection(&error) => return Err(error),
                _ => {}
            }
        }
    }
}

fn accept(fd: &OwnedFd) -> io::Result<OwnedFd> {
    let flags = libc::SOCK_CLOEXEC | libc::SOCK_NONBLOCK;
    let fd = unsafe { libc::accept4(fd.as_raw_fd(), std::ptr::null_mut(), std::ptr::null_mut(), flags) };
    if fd < 0 {
        Err(io::Error::last_os_error())
    } else {
        Ok(unsafe { OwnedFd::from_raw_fd(fd) })
    }
}

/// accept(2): errors that belong to the connection, not to the listener.
fn of_one_connection(error: &io::Error) -> bool {
    matches!(
        error.raw_os_error(),
        Some(libc::ECONNABORTED | libc::EINTR | libc::EPROTO | libc::EPERM)
    )
}
