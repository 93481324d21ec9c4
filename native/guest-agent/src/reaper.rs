use std::collections::HashMap;
use std::sync::Mutex;
use tokio::sync::{Notify, oneshot};

/// How a process ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exit {
    /// 128 + signal when a signal ended it, as shells have it.
    pub code: i32,
    /// 0 when no signal ended it.
    pub signal: i32,
}

impl Exit {
    fn from_status(status: i32) -> Self {
        match libc::WIFSIGNALED(status) {
            true => Self {
                code: 128 + libc::WTERMSIG(status),
                signal: libc::WTERMSIG(status),
            },
            false => Self {
                code: libc::WEXITSTATUS(status),
                signal: 0,
            },
        }
    }
}

/// The only caller of waitpid: every child ends here, adopted orphans included. A child is registered in the same
/// turn of the single-threaded runtime in which it was forked, so none can be reaped before its waiter is known.
#[derive(Default)]
pub struct Reaper {
    waiters: Mutex<HashMap<libc::pid_t, oneshot::Sender<Exit>>>,
    reaped: Notify,
}

impl Reaper {
    pub fn register(&self, pid: libc::pid_t) -> oneshot::Receiver<Exit> {
        let (sender, receiver) = oneshot::channel();
        self.waiters().insert(pid, sender);
        receiver
    }

    /// Registered processes that have not ended.
    pub fn running(&self) -> Vec<libc::pid_t> {
        self.waiters().keys().copied().collect()
    }

    /// To be called after each SIGCHLD; one signal may stand for many children.
    pub fn reap(&self) {
        loop {
            let mut status = 0;
            let pid = unsafe { libc::waitpid(-1, &mut status, libc::WNOHANG) };
            if pid <= 0 {
                break;
            }
            if let Some(waiter) = self.waiters().remove(&pid) {
                // A session that was cancelled no longer waits.
                let _ = waiter.send(Exit::from_status(status));
            }
        }
        self.reaped.notify_waiters();
    }

    /// Resolves when this process has no child left.
    pub async fn childless(&self) {
        loop {
            let reaped = self.reaped.notified();
            if !has_children() {
                return;
            }
            reaped.await;
        }
    }

    fn waiters(&self) -> std::sync::MutexGuard<'_, HashMap<libc::pid_t, oneshot::Sender<Exit>>> {
        self.waiters.lock().expect("no holder panics")
    }
}

fn has_children() -> bool {
    let mut info: libc::siginfo_t = unsafe { std::mem::zeroed() };
    unsafe { libc::waitid(libc::P_ALL, 0, &mut info, libc::WEXITED | libc::WNOHANG | libc::WNOWAIT) == 0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signal_becomes_128_plus_its_number() {
        assert_eq!(Exit::from_status(37 << 8), Exit { code: 37, signal: 0 });
        assert_eq!(Exit::from_status(9), Exit { code: 137, signal: 9 });
        // 0x80: the process also left a core dump.
        assert_eq!(Exit::from_status(11 | 0x80), Exit { code: 139, signal: 11 });
    }
}
