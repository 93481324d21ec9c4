use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsRawFd, OwnedFd};

/// What is read at once while there is much to read; HTTP/2 asks for 8 KiB at a time.
const AHEAD_BYTES: usize = 64 * 1024;

/// What was read and not yet asked for. It takes memory only while more arrives than is asked for.
#[derive(Default)]
pub struct Ahead {
    bytes: Vec<u8>,
    taken: usize,
}

impl Ahead {
    /// Moves as much as there is and fits.
    pub fn take(&mut self, space: &mut [MaybeUninit<u8>]) -> usize {
        let rest = &self.bytes[self.taken..];
        let length = rest.len().min(space.len());
        unsafe {
            space
                .as_mut_ptr()
                .cast::<u8>()
                .copy_from_nonoverlapping(rest.as_ptr(), length)
        };
        self.taken += length;
        if self.taken == self.bytes.len() {
            self.bytes.clear();
            self.taken = 0;
        }
        length
    }

    /// Receives into the space and, where there is room for it, whatever follows. Nothing is left from before.
    pub fn receive(&mut self, fd: &OwnedFd, space: &mut [MaybeUninit<u8>]) -> io::Result<usize> {
        let spare = self.bytes.spare_capacity_mut();
        let mut parts = [part(space), part(spare)];
        let mut message: libc::msghdr = unsafe { std::mem::zeroed() };
        message.msg_iov = parts.as_mut_ptr();
        message.msg_iovlen = parts.len() as _;
        let received = unsafe { libc::recvmsg(fd.as_raw_fd(), &mut message, 0) };
        if received < 0 {
            return Err(io::Error::last_os_error());
        }
        let received = received as usize;
        match received.checked_sub(space.len()) {
            // There may be more.
            Some(beyond) if self.bytes.capacity() > 0 => unsafe { self.bytes.set_len(beyond) },
            Some(_) => self.bytes.reserve_exact(AHEAD_BYTES),
            None => self.bytes = Vec::new(),
        }
        Ok(received.min(space.len()))
    }

    #[cfg(test)]
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    #[cfg(test)]
    pub fn capacity(&self) -> usize {
        self.bytes.capacity()
    }
}

fn part(space: &mut [MaybeUninit<u8>]) -> libc::iovec {
    libc::iovec {
        iov_base: space.as_mut_ptr().cast(),
        iov_len: space.len(),
    }
}
