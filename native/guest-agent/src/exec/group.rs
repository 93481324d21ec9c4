use rustix::process::{Pid, PidfdFlags, pidfd_open};
use std::os::fd::{AsRawFd, OwnedFd};

/// PIDFD_SIGNAL_PROCESS_GROUP, Linux 6.9.
const TO_GROUP: libc::c_uint = 1 << 2;

/// A process group led by a child. The pidfd pins the group's number: it cannot be given to anyone else while
/// something can still be signalled through it, not even after the leader has been reaped.
pub struct Group {
    leader: libc::pid_t,
    pidfd: Option<OwnedFd>,
}

impl Group {
    /// `leader` is a child that has not been reaped.
    pub fn of(leader: libc::pid_t) -> Self {
        let pidfd = Pid::from_raw(leader).and_then(|pid| pidfd_open(pid, PidfdFlags::empty()).ok());
        Self { leader, pidfd }
    }

    /// A group that has ended takes no signal, which is no error.
    pub fn signal(&self, number: i32) {
        if let Some(pidfd) = &self.pidfd {
            let fd = pidfd.as_raw_fd();
            let result = unsafe { libc::syscall(libc::SYS_pidfd_send_signal, fd, number, 0, TO_GROUP) };
            if result == 0 || std::io::Error::last_os_error().raw_os_error() == Some(libc::ESRCH) {
                return;
            }
        }
        // Kernels before 6.9, that is, outside of a guest.
        unsafe { libc::kill(-self.leader, number) };
    }

    /// To the leader alone.
    pub fn signal_leader(&self, number: i32) {
        match &self.pidfd {
            Some(pidfd) => unsafe {
                libc::syscall(libc::SYS_pidfd_send_signal, pidfd.as_raw_fd(), number, 0, 0);
            },
            // Out of descriptors, or a kernel before 5.3.
            None => unsafe {
                libc::kill(self.leader, number);
            },
        }
    }

    /// The leader too: one that was just forked is not yet in the group that it will lead.
    pub fn kill(&self) {
        self.signal(libc::SIGKILL);
        if self.pidfd.is_some() {
            self.signal_leader(libc::SIGKILL);
        }
    }
}
