use crate::descriptor::check;
use std::io;
use std::os::fd::{AsFd, AsRawFd, FromRawFd, OwnedFd};

/// Tells which of many descriptors have something to say.
pub struct Epoll(OwnedFd);

impl Epoll {
    pub fn new() -> io::Result<Self> {
        let fd = check(unsafe { libc::epoll_create1(libc::EPOLL_CLOEXEC) })?;
        Ok(Self(unsafe { OwnedFd::from_raw_fd(fd) }))
    }

    /// Until it is closed.
    pub fn add(&self, fd: &impl AsFd, token: u64) -> io::Result<()> {
        self.control(libc::EPOLL_CTL_ADD, fd, token, false)
    }

    /// Also, or no longer, when it can be written to.
    pub fn change(&self, fd: &impl AsFd, token: u64, for_room: bool) -> io::Result<()> {
        self.control(libc::EPOLL_CTL_MOD, fd, token, for_room)
    }

    /// Waits for as long as it takes; the tokens of those that are ready.
    pub fn wait<'a>(&self, events: &'a mut [libc::epoll_event]) -> io::Result<&'a [libc::epoll_event]> {
        loop {
            let most = events.len() as i32;
            match check(unsafe { libc::epoll_wait(self.0.as_raw_fd(), events.as_mut_ptr(), most, -1) }) {
                Ok(count) => return Ok(&events[..count as usize]),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }

    fn control(&self, operation: i32, fd: &impl AsFd, token: u64, for_room: bool) -> io::Result<()> {
        let mut event = libc::epoll_event {
            events: (libc::EPOLLIN | if for_room { libc::EPOLLOUT } else { 0 }) as u32,
            u64: token,
        };
        let fd = fd.as_fd().as_raw_fd();
        check(unsafe { libc::epoll_ctl(self.0.as_raw_fd(), operation, fd, &mut event) }).map(drop)
    }
}
