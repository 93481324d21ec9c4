use super::ahead::Ahead;
use crate::system;
use hyper::rt::{Read, ReadBufCursor, Write};
use rustix::net::{RecvFlags, recv};
use std::future::poll_fn;
use std::io::{self, IoSlice};
use std::os::fd::{AsRawFd, BorrowedFd, OwnedFd};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

const MAX_PARTS: usize = 16;

/// A connected stream socket of any family. `write_limit` is the most that one system call may hand to the kernel.
pub struct Socket {
    fd: AsyncFd<OwnedFd>,
    write_limit: usize,
    ahead: Ahead,
}

impl Socket {
    /// The descriptor has to be non-blocking.
    pub fn new(fd: OwnedFd, write_limit: usize) -> io::Result<Self> {
        Ok(Self {
            fd: system::watch(fd)?,
            write_limit,
            ahead: Ahead::default(),
        })
    }

    /// Waits for the end of a non-blocking connect.
    pub async fn connected(self) -> io::Result<Self> {
        let _ = self.fd.writable().await?;
        match rustix::net::sockopt::socket_error(&self.fd)? {
            Ok(()) => Ok(self),
            Err(errno) => Err(errno.into()),
        }
    }

    pub fn try_clone_fd(&self) -> io::Result<OwnedFd> {
        self.fd.get_ref().try_clone()
    }

    /// Waits for the first byte and leaves it there; None when the peer closes before it. Before anything is read.
    pub async fn first_byte(&self) -> io::Result<Option<u8>> {
        let mut byte = [0];
        loop {
            let mut guard = self.fd.readable().await?;
            let peeked = guard.try_io(|fd| Ok(recv(fd.get_ref(), &mut byte, RecvFlags::PEEK)?.0));
            match peeked {
                Ok(Ok(n)) => return Ok((n > 0).then_some(byte[0])),
                Ok(Err(error)) if error.kind() == io::ErrorKind::Interrupted => {}
                Ok(Err(error)) => return Err(error),
                Err(_would_block) => {}
            }
        }
    }

    /// What has come, at least one byte; nothing at the end. For those who read nothing ahead.
    pub async fn receive(&self, space: &mut [u8]) -> io::Result<usize> {
        loop {
            let mut guard = self.fd.readable().await?;
            match guard.try_io(|fd| receive(fd.get_ref(), space.as_mut_ptr(), space.len())) {
                Ok(Err(error)) if error.kind() == io::ErrorKind::Interrupted => {}
                Ok(result) => return result,
                Err(_would_block) => {}
            }
        }
    }

    /// The same without waiting: None when nothing has come.
    pub fn receive_now(&self, space: &mut [u8]) -> io::Result<Option<usize>> {
        match self
            .fd
            .try_io(Interest::READABLE, |fd| receive(fd, space.as_mut_ptr(), space.len()))
        {
            Ok(n) => Ok(Some(n)),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Sends both, the first of which is short, and waits until the system has taken them.
    pub async fn send_all(&self, head: &[u8], bytes: &[u8]) -> io::Result<()> {
        let length = head.len() + bytes.len();
        let mut sent = 0;
        while sent < length {
            let parts = [
                IoSlice::new(&head[sent.min(head.len())..]),
                IoSlice::new(&bytes[sent.saturating_sub(head.len())..]),
            ];
            sent += poll_fn(|cx| self.poll_send(cx, &parts)).await?;
        }
        Ok(())
    }

    /// Before anything is read.
    pub fn into_fd(self) -> AsyncFd<OwnedFd> {
        self.fd
    }
}

/// Waits until the peer has closed its direction: everything sent before has then been read.
pub async fn closed_by_peer(fd: OwnedFd) -> io::Result<()> {
    let fd = system::watch(fd)?;
    let mut scratch = [0u8; 1024];
    loop {
        let mut guard = fd.readable().await?;
        match guard.try_io(|fd| receive(fd.get_ref(), scratch.as_mut_ptr(), scratch.len())) {
            Ok(Ok(0)) | Ok(Err(_)) => return Ok(()),
            Ok(Ok(_)) | Err(_) => {}
        }
    }
}

fn receive(fd: &OwnedFd, buffer: *mut u8, length: usize) -> io::Result<usize> {
    let n = unsafe { libc::recv(fd.as_raw_fd(), buffer.cast(), length, 0) };
    if n < 0 {
        Err(io::Error::last_os_error())
    } else {
        Ok(n as usize)
    }
}

fn send(fd: &OwnedFd, parts: &[IoSlice<'_>]) -> io::Result<usize> {
    let mut message: libc::msghdr = unsafe { std::mem::zeroed() };
    // IoSlice has the layout of iovec.
    message.msg_iov = parts.as_ptr().cast_mut().cast();
    message.msg_iovlen = parts.len() as _;
    let n = unsafe { libc::sendmsg(fd.as_raw_fd(), &message, libc::MSG_NOSIGNAL) };
    if n < 0 {
        Err(io::Error::last_os_error())
    } else {
        Ok(n as usize)
    }
}

impl Read for Socket {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        mut cursor: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        let Self { fd, ahead, .. } = &mut *self;
        let space = unsafe { cursor.as_mut() };
        let taken = ahead.take(space);
        if taken > 0 {
            unsafe { cursor.advance(taken) };
            return Poll::Ready(Ok(()));
        }
        loop {
            let mut guard = ready!(fd.poll_read_ready(cx))?;
            let space = unsafe { cursor.as_mut() };
            match guard.try_io(|fd| ahead.receive(fd.get_ref(), space)) {
                Ok(Ok(n)) => {
                    // The kernel has initialised the first n bytes.
                    unsafe { cursor.advance(n) };
                    return Poll::Ready(Ok(()));
                }
                Ok(Err(error)) if error.kind() == io::ErrorKind::Interrupted => {}
                Ok(Err(error)) => return Poll::Ready(Err(error)),
                Err(_would_block) => {}
            }
        }
    }
}

impl Socket {
    fn poll_send(&self, cx: &mut Context<'_>, parts: &[IoSlice<'_>]) -> Poll<io::Result<usize>> {
        let (parts, count) = within(parts, self.write_limit);
        loop {
            let mut guard = ready!(self.fd.poll_write_ready(cx))?;
            match guard.try_io(|fd| send(fd.get_ref(), &parts[..count])) {
                Ok(Err(error)) if error.kind() == io::ErrorKind::Interrupted => {}
                Ok(result) => return Poll::Ready(result),
                Err(_would_block) => {}
            }
        }
    }
}

impl Write for Socket {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.poll_send(cx, &[IoSlice::new(bytes)])
    }

    /// Gathered, because HTTP/2 has a head of 9 bytes before each 16 KiB of data and a write in a guest is dear.
    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        parts: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.poll_send(cx, parts)
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        let fd: BorrowedFd<'_> = rustix::fd::AsFd::as_fd(&self.fd);
        Poll::Ready(rustix::net::shutdown(fd, rustix::net::Shutdown::Write).map_err(Into::into))
    }
}

/// The first parts, cut so that together they do not pass the limit.
fn within<'a>(parts: &'a [IoSlice<'a>], limit: usize) -> ([IoSlice<'a>; MAX_PARTS], usize) {
    let mut chosen = [IoSlice::new(&[]); MAX_PARTS];
    let mut left = limit;
    let mut count = 0;
    for part in parts {
        if left == 0 || count == MAX_PARTS {
            break;
        }
        let length = part.len().min(left);
        // Dereferencing would bind the slice to `part`; the bytes live as long as what `part` was made of.
        chosen[count] = IoSlice::new(unsafe { std::slice::from_raw_parts(part.as_ptr(), length) });
        left -= length;
        count += 1;
    }
    (chosen, count)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Read as _, Write as _};
    use std::mem::MaybeUninit;
    use std::os::unix::net::UnixStream;

    #[tokio::test]
    async fn no_write_passes_the_limit() {
        let (ours, mut theirs) = UnixStream::pair().unwrap();
        ours.set_nonblocking(true).unwrap();
        let mut socket = Socket::new(ours.into(), 28 * 1024).unwrap();
        let bytes = [7u8; 40_000];
        let n = poll_fn(|cx| Pin::new(&mut socket).poll_write(cx, &bytes))
            .await
            .unwrap();
        assert_eq!(n, 28 * 1024);
        let parts = [
            IoSlice::new(&bytes[..9]),
            IoSlice::new(&bytes[..20_000]),
            IoSlice::new(&bytes),
        ];
        let gathered = poll_fn(|cx| Pin::new(&mut socket).poll_write_vectored(cx, &parts))
            .await
            .unwrap();
        assert_eq!(gathered, 28 * 1024);
        let mut received = vec![0; n + gathered];
        theirs.read_exact(&mut received).unwrap();
    }

    /// Asks for so many bytes at a time until there are no more for now.
    async fn read(socket: &mut Socket, asked: usize) -> Vec<u8> {
        let mut all = Vec::new();
        loop {
            let mut space = vec![MaybeUninit::uninit(); asked];
            let mut buffer = hyper::rt::ReadBuf::uninit(&mut space);
            let polled = poll_fn(|cx| Poll::Ready(Pin::new(&mut *socket).poll_read(cx, buffer.unfilled()))).await;
            match polled {
                Poll::Ready(read) => read.unwrap(),
                Poll::Pending => return all,
            }
            all.extend_from_slice(buffer.filled());
            if buffer.filled().is_empty() {
                return all;
            }
        }
    }

    #[tokio::test]
    async fn what_was_read_ahead_comes_in_order_and_takes_no_memory_afterwards() {
        let (ours, mut theirs) = UnixStream::pair().unwrap();
        ours.set_nonblocking(true).unwrap();
        let mut socket = Socket::new(ours.into(), usize::MAX).unwrap();
        for (sent, asked) in [(100, 10), (100, 100), (3, 10), (150_000, 8192), (150_000, 1), (1, 1)] {
            let bytes: Vec<u8> = (0..sent).map(|number: u32| (number % 251) as u8).collect();
            let (copy, writer) = (bytes.clone(), theirs.try_clone().unwrap());
            let writing = std::thread::spawn(move || (&writer).write_all(&copy).unwrap());
            let mut all = Vec::new();
            while all.len() < bytes.len() {
                if socket.ahead.is_empty() {
                    drop(socket.fd.readable().await.unwrap());
                }
                all.extend(read(&mut socket, asked).await);
            }
            writing.join().unwrap();
            assert_eq!(all, bytes, "{sent} by {asked}");
        }
        theirs.write_all(b"end").unwrap();
        drop(socket.fd.readable().await.unwrap());
        assert_eq!(read(&mut socket, 8192).await, b"end");
        assert_eq!(socket.ahead.capacity(), 0);
        drop(theirs);
        drop(socket.fd.readable().await.unwrap());
        assert_eq!(read(&mut socket, 8192).await, b"");
    }

    #[test]
    fn parts_are_cut_in_order() {
        let bytes = [0u8; 100];
        let lengths = |parts: &[usize], limit| {
            let parts: Vec<_> = parts.iter().map(|length| IoSlice::new(&bytes[..*length])).collect();
            let (chosen, count) = within(&parts, limit);
            chosen[..count].iter().map(|part| part.len()).collect::<Vec<_>>()
        };
        assert_eq!(lengths(&[9, 50, 9], 100), [9, 50, 9]);
        assert_eq!(lengths(&[9, 50, 9], 30), [9, 21]);
        assert_eq!(lengths(&[1; 40], 100).len(), MAX_PARTS);
    }
}
