use super::answers::started;
use super::audience::{Audience, Responses};
use super::entry::{About, Entry, MAIN};
use super::failure::Failure;
use super::input::QUEUED_CHUNKS;
use super::limits::Limits;
use super::spawn::Stdio;
use super::starter::{Starter, executed};
use super::stream_port::Log;
use super::streams::split;
use crate::proto::agent::{ExecStart, TerminalSize};
use crate::trigger::Trigger;
use std::pin::pin;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::{Notify, mpsc, watch};
use tokio::time::{Instant, sleep, timeout_at};

/// For the last output to reach a log and calls that do not take it.
const DRAIN_DEADLINE: Duration = Duration::from_secs(4);
/// A host that has just booted the guest asks for the end of its main process, which may have been there before the
/// question. From the process's start.
const FIRST_QUESTION_DEADLINE: Duration = Duration::from_secs(5);

/// The process that the guest is for. It belongs to no call.
pub struct MainProcess {
    process: ExecStart,
    /// Taken by who starts it.
    log: Mutex<Option<Log>>,
    state: watch::Sender<State>,
    /// Somebody has asked for its end.
    asked: watch::Sender<bool>,
    after: AfterEnd,
}

/// The process, and what is notified when the call that started it is left behind.
type Attached = (Arc<Entry>, Option<Arc<Notify>>);

#[derive(Clone)]
enum State {
    /// Until somebody attaches.
    Waiting,
    Started(Arc<Entry>),
    Failed(Failure),
}

/// What follows its end.
pub enum AfterEnd {
    Nothing,
    /// What else runs is ended within the grace, and the guest is.
    Shutdown(Trigger, Duration),
}

/// What only a call can have is no part of a main process.
pub fn check_main(process: &ExecStart) -> Result<(), Failure> {
    match process.detach || process.timeout.is_some() || process.kill_grace.is_some() {
        true => Err(Failure::invalid(
            "a main process has no caller, and no end of its own making",
        )),
        false => Limits::of(process).map(drop),
    }
}

impl MainProcess {
    /// Not started yet.
    pub fn new(process: ExecStart, log: Log, after: AfterEnd) -> Arc<Self> {
        Arc::new(Self {
            process,
            log: Mutex::new(Some(log)),
            state: watch::channel(State::Waiting).0,
            asked: watch::channel(false).0,
            after,
        })
    }

    /// Starts it unless that was done. `caller` gets all of its output then, and `size` is the terminal's; what is notified
    /// when the caller is left behind is None when another call has started it.
    pub async fn start(
        self: &Arc<Self>,
        starter: &Starter,
        caller: Option<&Responses>,
        size: Option<TerminalSize>,
    ) -> Result<Attached, Failure> {
        let log = self.log.lock().expect("no holder panics").take();
        let Some(log) = log else {
            return Ok((self.started().await?, None));
        };
        let began = Instant::now();
        let mut process = self.process.clone();
        if process.terminal.is_some() && size.is_some() {
            process.terminal = size;
        }
        match run(starter, &process, caller).await {
            Ok((attached, stdio, chunks)) => {
                let entry = &attached.0;
                self.state.send_replace(State::Started(entry.clone()));
                tokio::spawn(self.clone().attend(entry.clone(), stdio, chunks, log, began));
                Ok(attached)
            }
            Err(failure) => {
                self.state.send_replace(State::Failed(failure.clone()));
                self.follow_up();
                Err(failure)
            }
        }
    }

    /// Resolves when it was started, or could not be.
    pub async fn started(&self) -> Result<Arc<Entry>, Failure> {
        let mut state = self.state.subscribe();
        loop {
            match &*state.borrow_and_update() {
                State::Waiting => {}
                State::Started(entry) => return Ok(entry.clone()),
                State::Failed(failure) => return Err(failure.clone()),
            }
            // The sender is this value's own.
            let _ = state.changed().await;
        }
    }

    /// Whether it is still to be started.
    pub fn is_waiting(&self) -> bool {
        matches!(*self.state.borrow(), State::Waiting)
    }

    /// Somebody will hear of its end.
    pub fn note_question(&self) {
        self.asked.send_replace(true);
    }

    /// What the VM ends with; None while it runs.
    pub fn exit_code(&self) -> Option<i32> {
        match &*self.state.borrow() {
            State::Waiting => None,
            State::Started(entry) => entry.ending().now().map(|exit| exit.code),
            State::Failed(failure) => Some(failure.exit_code()),
        }
    }

    /// Resolves when what it wrote is on its way; at once when it does not run.
    pub async fn drained(&self) {
        let state = self.state.borrow().clone();
        if let State::Started(entry) = state {
            entry.drained().await;
        }
    }

    async fn attend(
        self: Arc<Self>,
        entry: Arc<Entry>,
        stdio: Stdio,
        chunks: mpsc::Receiver<Vec<u8>>,
        log: Log,
        began: Instant,
    ) {
        let (stdin, streams) = split(stdio);
        let mut drained = pin!(streams.drain(&entry, Some(&log), None));
        let given_up = async {
            entry.ended().await;
            sleep(DRAIN_DEADLINE).await;
        };
        tokio::select! {
            biased;
            _ = &mut drained => {}
            () = given_up => {}
            never = stdin.feed(chunks) => match never {},
        }
        entry.note_drained();
        let mut asked = self.asked.subscribe();
        let _ = timeout_at(began + FIRST_QUESTION_DEADLINE, asked.wait_for(|asked| *asked)).await;
        self.follow_up();
    }

    fn follow_up(&self) {
        if let AfterEnd::Shutdown(trigger, grace) = &self.after {
            trigger.pull(*grace);
        }
    }
}

async fn run(
    starter: &Starter,
    process: &ExecStart,
    caller: Option<&Responses>,
) -> Result<(Attached, Stdio, mpsc::Receiver<Vec<u8>>), Failure> {
    let limits = Limits::of(process)?;
    let mut launched = starter.launch(process)?;
    if let Err(failure) = executed(&mut launched, process, Duration::ZERO).await {
        launched.abandon();
        return Err(failure);
    }
    let (leader, stdio) = launched.split();
    let (chunks, queue) = mpsc::channel(QUEUED_CHUNKS);
    let about = About::of(process);
    let entry = Entry::new(MAIN, leader, about, limits.stop_signal, Audience::of(None)).with_stdin(chunks);
    let entry = starter.table.insert(entry);
    let mut left_behind = None;
    if let Some(caller) = caller {
        // Nothing is read before; who has gone by now is noticed then.
        let _ = caller.send(Ok(started(&entry))).await;
        left_behind = Some(entry.audience.join(caller));
    }
    Ok(((entry, left_behind), stdio, queue))
}
