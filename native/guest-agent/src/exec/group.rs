use std::os::fd::{AsRawFd, OwnedFd};

/// PIDFD_SIGNAL_PROCESS_GROUP, Linux 6.9.
const TO_GROUP: libc::c_uint = 1 << 2;

/// A process group led by a child. The pidfd pins the group's number: it cannot be given to anyone else while
/// something can still be signalled through it, not even after the leader has been reaped.
pub struct Group {
    leader: libc::pid_t,
    pidfd: OwnedFd,
}

impl Group {
    /// Of a child, with its pidfd.
    pub fn of(leader: libc::pid_t, pidfd: OwnedFd) -> Self {
        Self { leader, pidfd }
    }

    /// A group that has ended takes no signal, which is no error.
    pub fn signal(&self, number: i32) {
        let result = unsafe { libc::syscall(libc::SYS_pidfd_send_signal, self.pidfd.as_raw_fd(), number, 0, TO_GROUP) };
        if result == 0 || std::io::Error::last_os_error().raw_os_error() == Some(libc::ESRCH) {
            return;
        }
        // Kernels before 6.9, that is, outside of a guest.
        unsafe { libc::kill(-self.leader, number) };
    }

    /// To the leader alone.
    pub fn signal_leader(&self, number: i32) {
        unsafe { libc::syscall(libc::SYS_pidfd_send_signal, self.pidfd.as_raw_fd(), number, 0, 0) };
    }

    /// The leader too: one that was just made is not yet in the group that it will lead.
    pub fn kill(&self) {
        self.signal(libc::SIGKILL);
        self.signal_leader(libc::SIGKILL);
    }
}
