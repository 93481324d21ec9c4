use super::answers::{exited, response, started};
use super::attend::{Left, attend};
use super::audience::{Audience, Responses};
use super::context::Context;
use super::entry::{About, Ended, Entry};
use super::limits::Limits;
use super::requests::{ExecRequests, Said, Silence};
use super::starter::executed;
use crate::content::{Detour, Messages};
use crate::proto::agent::ExecStart;
use crate::proto::agent::exec_response::Message as Response;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::oneshot;
use tokio::time::Instant;
use tonic::Status;

/// How long the word that a process runs waits at most for what that says, or for its end, where as a rule nobody waits for the
/// word: all that a short command comes to then leaves in one write, and the agent does not interrupt it.
pub const HELD_BACK: Duration = Duration::from_millis(30);
/// How long it waits, in times of what making the process took: a fast machine runs a short command in few milliseconds.
const PATIENCE: u32 = 8;

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
    context.refuse_when_closed().map_err(Left::Refused)?;
    let (about, begun) = (About::of(&start), Instant::now());
    let mut process = context.starter.launch(&start)?;
    let patience = match (&calm, limits.timeout) {
        (Some(_), timeout) => patience(begun.elapsed()).min(timeout.unwrap_or(HELD_BACK)),
        (None, _) => Duration::ZERO,
    };
    let executed = tokio::select! {
        executed = executed(&mut process, &start, patience) => executed.map_err(Left::from),
        () = responses.closed(), if !start.detach => Err(Left::Gone),
    };
    // Until it is in the table, no shutdown knows of it.
    let executed = executed.and_then(|()| context.refuse_when_closed().map_err(Left::Refused));
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
        .table()
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
