use std::collections::HashMap;
use std::sync::Mutex;
use tokio::sync::{Notify, watch};

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

/// How a process ends, for any number of those who wait for it.
#[derive(Clone, Debug)]
pub struct Ending(watch::Receiver<Option<Exit>>);

impl Ending {
    pub fn is_known(&self) -> bool {
        self.now().is_some()
    }

    pub fn now(&self) -> Option<Exit> {
        *self.0.borrow()
    }

    pub async fn known(&mut self) -> Exit {
        match self.0.wait_for(Option::is_some).await.map(|exit| *exit) {
            Ok(Some(exit)) => exit,
            _ => std::future::pending().await,
        }
    }
}

/// The only caller of waitpid: every child ends here, adopted orphans included. A child is registered in the same
/// turn of the single-threaded runtime in which it was forked, so none can be reaped before its waiter is known.
#[derive(Default)]
pub struct Reaper {
    waiters: Mutex<HashMap<libc::pid_t, watch::Sender<Option<Exit>>>>,
    reaped: Notify,
}

impl Reaper {
    pub fn register(&self, pid: libc::pid_t) -> Ending {
        let (sender, receiver) = watch::channel(None);
        self.waiters().insert(pid, sender);
        Ending(receiver)
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
                waiter.send_replace(Some(Exit::from_status(status)));
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

    fn waiters(&self) -> std::sync::MutexGuard<'_, HashMap<libc::pid_t, watch::Sender<Option<Exit>>>> {
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
