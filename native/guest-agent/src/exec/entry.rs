use super::audience::Audience;
use super::spawn::Leader;
use super::terminal::Terminal;
use super::tree::Tree;
use crate::proto::agent::ExecStart;
use crate::reaper::{Ending, Exit};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, Weak};
use std::time::{Duration, SystemTime};
use tokio::sync::{mpsc, watch};
use tokio::time::timeout;

const MAX_ARGV_BYTES: usize = 4096;
const MAX_USER_BYTES: usize = 256;

/// The id of the guest's main process.
pub const MAIN: u64 = 0;

/// How a process that the agent started has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ended {
    pub exit: Exit,
    pub timed_out: bool,
}

/// A process that the agent started and that runs, for everyone who deals with it.
pub struct Entry {
    pub id: u64,
    pub pid: libc::pid_t,
    pub about: About,
    pub tree: Tree,
    pub audience: Audience,
    /// Into the stdin that whoever is attached may write to.
    stdin: Mutex<Option<mpsc::Sender<Vec<u8>>>>,
    /// All that it wrote is on its way.
    drained: watch::Sender<bool>,
    ending: Ending,
    terminal: Option<Weak<Terminal>>,
    timed_out: AtomicBool,
    stop_signal: Option<i32>,
}

/// What a list of processes says.
pub struct About {
    pub argv: Vec<String>,
    pub user: String,
    pub detached: bool,
    pub started_at: SystemTime,
}

impl About {
    pub fn of(start: &ExecStart) -> Self {
        let mut left = MAX_ARGV_BYTES;
        let mut argv = Vec::new();
        for argument in &start.argv {
            if left == 0 {
                break;
            }
            let shown = cut(argument, left);
            // Empty ones count too.
            left -= shown.len().max(1);
            argv.push(shown);
        }
        Self {
            argv,
            user: cut(&start.user, MAX_USER_BYTES),
            detached: start.detach,
            started_at: SystemTime::now(),
        }
    }
}

impl Entry {
    pub fn new(id: u64, leader: Leader, about: About, stop_signal: Option<i32>, audience: Audience) -> Self {
        Self {
            id,
            pid: leader.pid,
            about,
            tree: leader.tree,
            audience,
            stdin: Mutex::default(),
            drained: watch::channel(false).0,
            ending: leader.ending,
            terminal: leader.terminal,
            timed_out: AtomicBool::new(false),
            stop_signal,
        }
    }

    /// Lets calls that are attached write to its stdin.
    pub fn with_stdin(self, chunks: mpsc::Sender<Vec<u8>>) -> Self {
        *self.stdin.lock().expect("no holder panics") = Some(chunks);
        self
    }

    /// What it does not take any more is dropped.
    pub async fn write_stdin(&self, chunk: Vec<u8>) {
        let chunks = self.stdin.lock().expect("no holder panics").clone();
        if let Some(chunks) = chunks {
            let _ = chunks.send(chunk).await;
        }
    }

    pub fn close_stdin(&self) {
        *self.stdin.lock().expect("no holder panics") = None;
    }

    /// Its output has come to an end, or nobody takes it on: no call waits for more.
    pub fn note_drained(&self) {
        self.audience.close();
        self.drained.send_replace(true);
    }

    /// Resolves when it has ended and all that it wrote is on its way.
    pub async fn drained(&self) -> Ended {
        // The sender is this entry's own.
        let _ = self.drained.subscribe().wait_for(|drained| *drained).await;
        self.ended().await
    }

    pub fn ending(&self) -> Ending {
        self.ending.clone()
    }

    pub async fn ended(&self) -> Ended {
        let exit = self.ending().known().await;
        Ended {
            exit,
            timed_out: self.timed_out.load(Ordering::Relaxed),
        }
    }

    /// Resolves when it has ended and, where there are cgroups, everything that it started too.
    pub async fn over(&self) {
        self.ended().await;
        self.tree.emptied().await;
    }

    pub fn has_terminal(&self) -> bool {
        self.terminal.is_some()
    }

    /// None when it has none, or it was hung up.
    pub fn terminal(&self) -> Option<Arc<Terminal>> {
        self.terminal.as_ref().and_then(Weak::upgrade)
    }

    pub fn note_timeout(&self) {
        if !self.ending.is_known() {
            self.timed_out.store(true, Ordering::Relaxed);
        }
    }

    /// To the main process alone, as container engines do it: it tells its own. To the group of any other, as a shell does it.
    pub fn signal(&self, number: i32) {
        match self.id {
            MAIN => self.tree.signal_leader(number),
            _ => self.tree.signal(number),
        }
    }

    /// Asks it to end.
    pub fn ask(&self) {
        match self.stop_signal {
            Some(number) => self.tree.signal_leader(number),
            None => self.signal(libc::SIGTERM),
        }
        // A stopped process sees a signal only when it goes on.
        self.tree.signal(libc::SIGCONT);
    }

    /// Ends everything that the process has started: asks first where there is a grace.
    pub async fn end(&self, grace: Duration) {
        if !grace.is_zero() {
            self.ask();
        }
        self.finish(grace).await;
    }

    /// Kills whatever is left after the grace.
    pub async fn finish(&self, grace: Duration) {
        if !grace.is_zero() {
            let _ = timeout(grace, self.over()).await;
        }
        self.tree.kill();
    }
}

/// The longest beginning that fits and is whole characters.
fn cut(text: &str, most: usize) -> String {
    let ends = text
        .char_indices()
        .map(|(start, character)| start + character.len_utf8());
    text[..ends.take_while(|end| *end <= most).last().unwrap_or(0)].to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_told_of_a_command_is_bounded() {
        let about = |argv: &[&str]| {
            let argv = argv.iter().map(|argument| (*argument).to_owned()).collect();
            About::of(&ExecStart {
                argv,
                ..ExecStart::default()
            })
            .argv
        };
        assert_eq!(about(&["sh", "", "-c"]), ["sh", "", "-c"]);
        let long = "ü".repeat(3000);
        assert_eq!(about(&["sh", &long, "more"])[1].len(), 4094);
        assert_eq!(about(&["sh", &long, "more"]).len(), 2);
        assert_eq!(about(&[""; 5000]).len(), 4096);
    }
}
