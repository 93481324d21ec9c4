use crate::system;
use std::io;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use tokio::io::unix::AsyncFd;

/// Signals as events. They are blocked in this process; children get a clean mask.
pub struct Signals {
    fd: AsyncFd<OwnedFd>,
}

impl Signals {
    /// Called before any other thread or child exists, inside a runtime.
    pub fn block(numbers: &[i32]) -> io::Result<Self> {
        let fd = unsafe {
            let mut set: libc::sigset_t = std::mem::zeroed();
            libc::sigemptyset(&mut set);
            for number in numbers {
                libc::sigaddset(&mut set, *number);
            }
            libc::sigprocmask(libc::SIG_BLOCK, &set, std::ptr::null_mut());
            libc::signalfd(-1, &set, libc::SFD_CLOEXEC | libc::SFD_NONBLOCK)
        };
        if fd < 0 {
            return Err(io::Error::last_os_error());
        }
        Ok(Self {
            fd: system::watch(unsafe { OwnedFd::from_raw_fd(fd) })?,
        })
    }

    pub async fn next(&self) -> io::Result<i32> {
        loop {
            let mut guard = self.fd.readable().await?;
            if let Ok(result) = guard.try_io(|fd| read(fd.get_ref())) {
                return result;
            }
        }
    }
}

fn read(fd: &OwnedFd) -> io::Result<i32> {
    let mut info: libc::signalfd_siginfo = unsafe { std::mem::zeroed() };
    let n = unsafe { libc::read(fd.as_raw_fd(), (&raw mut info).cast(), size_of_val(&info)) };
    if n < 0 {
        Err(io::Error::last_os_error())
    } else {
        Ok(info.ssi_signo as i32)
    }
}
