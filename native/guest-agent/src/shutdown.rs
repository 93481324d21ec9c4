use crate::exec::{Context, MAIN};
use crate::rpc::{Server, Serving};
use crate::transport::closed_by_peer;
use std::time::Duration;
use tokio::time::timeout;

/// A process in an uninterruptible call survives SIGKILL; the VM ends without it.
const KILL_DEADLINE: Duration = Duration::from_secs(5);
/// For the last responses and for the peer to take them.
const FAREWELL_DEADLINE: Duration = Duration::from_secs(1);

/// Which processes a shutdown ends.
#[derive(Clone, Copy, Debug)]
pub enum Reach {
    /// Every process but the caller: only for PID 1 of a guest.
    Machine,
    /// What this agent has started.
    Sessions,
}

impl Reach {
    /// To all that are left, whoever started them.
    fn signal(self, context: &Context, number: i32) {
        match self {
            // To anyone but PID 1, -1 would be the whole machine that the agent is tested on.
            Self::Machine if std::process::id() == 1 => unsafe {
                libc::kill(-1, number);
            },
            _ => {
                for entry in context.table().running().iter().chain(&context.table().left()) {
                    match number {
                        libc::SIGKILL => entry.tree.kill(),
                        _ => entry.tree.signal_all(number),
                    }
                }
            }
        }
    }

    /// The main process is asked first, as it wants to be; when that has ended, each process that Exec has started; when they
    /// have ended, so is the rest. A server whose workers are told to end before it is cannot end in order.
    async fn ask(self, context: &Context) {
        let (main, running): (Vec<_>, Vec<_>) = context
            .table()
            .running()
            .into_iter()
            .partition(|entry| entry.id == MAIN);
        for entry in main {
            entry.ask();
            entry.ended().await;
        }
        for entry in &running {
            entry.ask();
        }
        for entry in context.table().left() {
            entry.tree.signal_all(libc::SIGTERM);
            entry.tree.signal_all(libc::SIGCONT);
        }
        for entry in &running {
            entry.ended().await;
        }
        self.signal(context, libc::SIGTERM);
        self.signal(context, libc::SIGCONT);
        context.reaper().childless().await;
    }
}

/// Ends every process and then every connection. The caller powers off.
pub async fn run(grace: Duration, reach: Reach, context: &Context, serving: &Serving, server: Server) {
    let _ = serving.send(false);
    context.close();
    if timeout(grace, reach.ask(context)).await.is_err() {
        reach.signal(context, libc::SIGKILL);
        let _ = timeout(KILL_DEADLINE, context.reaper().childless()).await;
    }
    if let Some(main) = context.main() {
        // Within a deadline of its own.
        main.drained().await;
    }
    let _ = timeout(FAREWELL_DEADLINE, async {
        for socket in server.stop().await {
            let _ = closed_by_peer(socket).await;
        }
    })
    .await;
}
