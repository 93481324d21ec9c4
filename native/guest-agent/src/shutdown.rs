use crate::exec::Context;
use crate::rpc::{Server, Serving};
use crate::transport::closed_by_peer;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::timeout;

/// A process in an uninterruptible call survives SIGKILL; the VM ends without it.
const KILL_DEADLINE: Duration = Duration::from_secs(5);
/// For the last responses and for the peer to take them.
const FAREWELL_DEADLINE: Duration = Duration::from_secs(1);

/// Starts the shutdown, from an RPC or a signal. The first pull counts.
#[derive(Clone)]
pub struct Trigger {
    grace: watch::Sender<Option<Duration>>,
}

impl Default for Trigger {
    fn default() -> Self {
        Self {
            grace: watch::channel(None).0,
        }
    }
}

impl Trigger {
    pub fn pull(&self, grace: Duration) {
        self.grace.send_if_modified(|current| match current {
            Some(_) => false,
            None => {
                *current = Some(grace);
                true
            }
        });
    }

    pub fn pulled(&self) -> bool {
        self.grace.borrow().is_some()
    }

    pub async fn grace(&self) -> Duration {
        let mut grace = self.grace.subscribe();
        loop {
            if let Some(grace) = *grace.borrow_and_update() {
                return grace;
            }
            let _ = grace.changed().await;
        }
    }
}

/// Which processes a shutdown ends.
#[derive(Clone, Copy, Debug)]
pub enum Reach {
    /// Every process but the caller: only for PID 1 of a guest.
    Machine,
    /// The process groups that this agent has started.
    Sessions,
}

impl Reach {
    fn signal(self, context: &Context, number: i32) {
        match self {
            // To anyone but PID 1, -1 would be the whole machine that the agent is tested on.
            Self::Machine if std::process::id() == 1 => unsafe {
                libc::kill(-1, number);
            },
            _ => {
                for entry in context.table.running() {
                    entry.tree.signal(number);
                }
            }
        }
    }
}

/// Ends every process and then every connection. The caller powers off.
pub async fn run(grace: Duration, reach: Reach, context: &Context, serving: &Serving, server: Server) {
    let _ = serving.send(false);
    reach.signal(context, libc::SIGTERM);
    // A stopped process only sees SIGTERM once it goes on.
    reach.signal(context, libc::SIGCONT);
    if timeout(grace, context.reaper.childless()).await.is_err() {
        reach.signal(context, libc::SIGKILL);
        let _ = timeout(KILL_DEADLINE, context.reaper.childless()).await;
    }
    let _ = timeout(FAREWELL_DEADLINE, async {
        for socket in server.stop().await {
            let _ = closed_by_peer(socket).await;
        }
    })
    .await;
}
