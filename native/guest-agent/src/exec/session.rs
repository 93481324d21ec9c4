use super::agent::Agent;
use super::attend::{Left, attend};
use super::audience::Audience;
use super::cgroup::{Cgroup, Cgroups};
use super::command::Command;
use super::entry::{About, Ended, Entry};
use super::failure::Failure;
use super::limits::Limits;
use super::main_process::MainProcess;
use super::requests::{Requests, Said, Silence};
use super::spawn::{Process, spawn};
use super::table::Table;
use crate::content::{Detour, Messages};
use crate::proto::agent::exec_response::Message as Response;
use crate::proto::agent::{ExecExited, ExecRequest, ExecResponse, ExecStart, ExecStarted};
use crate::reaper::Reaper;
use crate::system;
use std::os::fd::{AsFd, OwnedFd};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use tokio::sync::oneshot;
use tokio::time::Instant;
use tonic::Status;

pub use super::output::Responses;
pub type ExecRequests = Requests<ExecRequest>;

/// How long the word that a process runs waits at most for what that says, or for its end, where as a rule nobody waits for the
/// word: all that a short command comes to then leaves in one write, and the agent does not interrupt it.
pub const HELD_BACK: Duration = Duration::from_millis(30);
/// How long it waits, in times of what making the process took: a fast machine runs a short command in few milliseconds.
const PATIENCE: u32 = 8;

/// What every session shares.
pub struct Context {
    pub reaper: Arc<Reaper>,
    pub table: Arc<Table>,
    main: OnceLock<Arc<MainProcess>>,
    agent: Agent,
    /// Where groups are made; opened by the first exec, before anything runs that could put something else there.
    cgroup_parent: Option<OwnedFd>,
    cgroups: OnceLock<Option<Cgroups>>,
    closed: AtomicBool,
}

impl Context {
    /// Also tells the kernel that this process is to be the last to go when memory runs out. `cgroup_parent` is a directory of a cgroup v2 hierarchy: what is none of that is as good as None.
    pub fn new(reaper: Arc<Reaper>, cgroup_parent: Option<OwnedFd>) -> Self {
        Self {
            reaper,
            table: Arc::default(),
            main: OnceLock::new(),
            agent: Agent::this(system::shield_from_oom()),
            cgroup_parent,
            cgroups: OnceLock::new(),
            closed: AtomicBool::new(false),
        }
    }

    /// No call starts a process from now on: a shutdown ends those that it finds, and would wait for others in vain.
    pub fn close(&self) {
        self.closed.store(true, Ordering::Relaxed);
    }

    fn refuse_when_closed(&self) -> Result<(), Left> {
        match self.closed.load(Ordering::Relaxed) {
            true => Err(Left::Refused(Status::unavailable("the guest is shutting down"))),
            false => Ok(()),
        }
    }

    /// Of a guest that has one; known from its boot on.
    pub fn main(&self) -> Option<&Arc<MainProcess>> {
        self.main.get()
    }

    /// Once, before anybody can ask for it.
    pub fn set_main(&self, main: Arc<MainProcess>) {
        let _ = self.main.set(main);
    }

    /// A guest that breaks its own cgroups loses no more than the hold on what leaves its process groups.
    fn cgroup(&self) -> Option<Cgroup> {
        let open = || {
            self.cgroup_parent
                .as_ref()
                .and_then(|parent| Cgroups::open(parent.as_fd()))
        };
        self.cgroups.get_or_init(open).as_ref()?.create().ok()
    }
}

/// Serves one Exec call to its end. When the caller goes away first, the process is ended, unless it is detached.
pub async fn run(context: Arc<Context>, mut requests: ExecRequests, responses: Responses, calm: oneshot::Sender<()>) {
    let start = tokio::select! {
        first = requests.next() => first,
        () = responses.closed() => return,
    };
    let last = match start {
        Ok(Some(Said::Start(start))) => match serve(&context, start, requests, &responses, calm).await {
            Ok(ended) => Ok(exited(ended)),
            Err(Left::Failed(failure)) => Ok(failure.response()),
            Err(Left::Refused(status)) => Err(status),
            Err(Left::Gone) => return,
        },
        Ok(_) => Err(Status::invalid_argument("the first request of Exec is `start`")),
        Err(Silence::Refused(status)) => Err(status),
        Err(Silence::Gone) => return,
    };
    let _ = responses.send(last).await;
}

async fn serve(
    context: &Context,
    start: ExecStart,
    requests: ExecRequests,
    responses: &Responses,
    calm: oneshot::Sender<()>,
) -> Result<Ended, Left> {
    let mut calm = Some(calm).filter(|_| !is_awaited(&start));
    let mut limits = Limits::of(&start)?;
    // The call may have come long before its first message.
    context.refuse_when_closed()?;
    let (about, begun) = (About::of(&start), Instant::now());
    let mut process = launch(context, &start)?;
    let patience = match (&calm, limits.timeout) {
        (Some(_), timeout) => patience(begun.elapsed()).min(timeout.unwrap_or(HELD_BACK)),
        (None, _) => Duration::ZERO,
    };
    let executed = tokio::select! {
        executed = executed(&mut process, &start, patience) => executed.map_err(Left::from),
        () = responses.closed(), if !start.detach => Err(Left::Gone),
    };
    // Until it is in the table, no shutdown knows of it.
    let executed = executed.and_then(|()| context.refuse_when_closed());
    if let Err(left) = executed {
        process.abandon();
        return Err(left);
    }
    let elapsed = begun.elapsed();
    if elapsed >= patience {
        drop(calm.take());
    }
    limits.timeout = limits.timeout.map(|timeout| timeout.saturating_sub(elapsed));
    let (leader, stdio) = process.split();
    let audience = Audience::of(Some(responses.clone()));
    let entry = context
        .table
        .add(|id| Entry::new(id, leader, about, limits.stop_signal, audience));
    // Who has gone by now is noticed next.
    let _ = responses.send(Ok(started(&entry))).await;
    let offers = start.takes_stdout_connection.then(|| requests.offers());
    let messages = Messages {
        content: |bytes| response(Response::Stdout(bytes)),
        connection: |connection| response(Response::StdoutConnection(connection)),
    };
    let detour = Detour::new(responses.clone(), offers, messages);
    let ended = attend(&entry, stdio, limits, requests, detour).await;
    entry.note_drained();
    drop(calm);
    ended
}

fn patience(making: Duration) -> Duration {
    (making * PATIENCE).min(HELD_BACK)
}

/// Whether the caller may have something to do as soon as the process runs.
fn is_awaited(start: &ExecStart) -> bool {
    start.detach || start.open_stdin || start.terminal.is_some()
}

/// Makes the process.
pub fn launch(context: &Context, start: &ExecStart) -> Result<Process, Failure> {
    let command = Command::plan(start, &context.agent)?;
    spawn(command, &context.reaper, context.cgroup())
}

/// Waits until the process has become its command.
pub async fn executed(process: &mut Process, start: &ExecStart, patience: Duration) -> Result<(), Failure> {
    match process.executed(patience).await {
        Ok(None) => Ok(()),
        Ok(Some(report)) => Err(report.failure(&start.argv[0], &start.cwd, &start.user)),
        Err(error) => Err(Failure::resources("start of the process", &error)),
    }
}

pub fn started(entry: &Entry) -> ExecResponse {
    let (pid, id) = (entry.pid, entry.id);
    response(Response::Started(ExecStarted { pid, id }))
}

fn response(message: Response) -> ExecResponse {
    ExecResponse { message: Some(message) }
}

pub fn exited_message(ended: Ended) -> ExecExited {
    ExecExited {
        code: ended.exit.code,
        signal: ended.exit.signal,
        timed_out: ended.timed_out,
    }
}

pub fn exited(ended: Ended) -> ExecResponse {
    response(Response::Exited(exited_message(ended)))
}
