use super::answers::{exited, started};
use super::audience::Responses;
use super::command::terminal_size;
use super::context::Context;
use super::entry::{Entry, MAIN};
use super::requests::{Requests, Said, Silence, started_twice};
use super::table::Known;
use crate::proto::agent::{AttachProcessRequest, AttachStart, TerminalSize};
use std::sync::Arc;
use tokio::sync::Notify;
use tonic::Status;

pub type AttachRequests = Requests<AttachProcessRequest>;

/// Serves one AttachProcess call to its end, or to the process's.
pub async fn attach(context: Arc<Context>, mut requests: AttachRequests, responses: Responses, ending: bool) {
    let first = tokio::select! {
        first = requests.next() => first,
        () = responses.closed() => return,
    };
    let start = match first {
        Ok(Some(Said::Start(start))) => start,
        Ok(_) => {
            let refused = Status::invalid_argument("the first request of AttachProcess is `start`");
            return refuse(&responses, refused).await;
        }
        Err(Silence::Refused(status)) => return refuse(&responses, status).await,
        Err(Silence::Gone) => return,
    };
    match join(&context, start, &responses, ending).await {
        Ok((entry, left_behind)) => {
            serve(&entry, requests, &responses, &left_behind).await;
            entry.audience.leave(&responses);
        }
        Err(Some(status)) => refuse(&responses, status).await,
        Err(None) => {}
    }
}

async fn refuse(responses: &Responses, status: Status) {
    let _ = responses.send(Err(status)).await;
}

/// Finds the process, or starts it, and has it write to the call. An error of None has been said.
async fn join(
    context: &Context,
    start: AttachStart,
    responses: &Responses,
    ending: bool,
) -> Result<(Arc<Entry>, Arc<Notify>), Option<Status>> {
    let size = start.size;
    if let Some(size) = &size {
        terminal_size(size).map_err(|failure| Status::invalid_argument(failure.message))?;
    }
    if start.id != MAIN {
        return Ok(join_running(detached(context, start.id)?, size, responses).await);
    }
    let main = context.main().ok_or_else(|| unknown(MAIN))?;
    main.note_question();
    if ending && main.is_waiting() {
        return Err(Some(Status::unavailable("the guest is shutting down")));
    }
    match main.start(&context.starter, Some(responses), size).await {
        Ok((entry, Some(left_behind))) => Ok((entry, left_behind)),
        Ok((entry, None)) => Ok(join_running(entry, size, responses).await),
        Err(failure) => {
            let _ = responses.send(Ok(failure.response())).await;
            Err(None)
        }
    }
}

/// Others belong to the call that started them, which an attached one would hold back.
fn detached(context: &Context, id: u64) -> Result<Arc<Entry>, Status> {
    match context.table().find(id) {
        Some(Known::Running(entry)) if entry.about.detached => Ok(entry),
        Some(Known::Running(_)) => Err(Status::failed_precondition(format!("process {id} is not detached"))),
        Some(Known::Ended(_)) => Err(Status::not_found(format!("process {id} has ended"))),
        None => Err(unknown(id)),
    }
}

fn unknown(id: u64) -> Status {
    Status::not_found(format!("no process {id}"))
}

async fn join_running(
    entry: Arc<Entry>,
    size: Option<TerminalSize>,
    responses: &Responses,
) -> (Arc<Entry>, Arc<Notify>) {
    resize(&entry, size);
    // Before its output, which may be under way already.
    let _ = responses.send(Ok(started(&entry))).await;
    let left_behind = entry.audience.join(responses);
    (entry, left_behind)
}

/// A size that no terminal has was refused before, and a terminal that is gone needs none.
fn resize(entry: &Entry, size: Option<TerminalSize>) {
    if let (Some(terminal), Some(Ok(size))) = (entry.terminal(), size.as_ref().map(terminal_size)) {
        let _ = terminal.resize(size);
    }
}

async fn serve(entry: &Entry, requests: AttachRequests, responses: &Responses, left_behind: &Notify) {
    let last = tokio::select! {
        biased;
        () = responses.closed() => return,
        ended = entry.drained() => Ok(exited(ended)),
        () = left_behind.notified() => Err(Status::resource_exhausted("the call did not take the process's output")),
        refused = receive(requests, entry) => match refused {
            Some(status) => Err(status),
            None => return,
        },
    };
    let _ = responses.send(last).await;
}

/// Takes requests until the call breaks off (None) or says something that it must not say.
async fn receive(mut requests: AttachRequests, entry: &Entry) -> Option<Status> {
    loop {
        match requests.next().await {
            Ok(Some(Said::Stdin(chunk))) => entry.write_stdin(chunk).await,
            Ok(Some(Said::StdinClose)) => entry.close_stdin(),
            Ok(Some(Said::Signal(number))) => entry.signal(number),
            Ok(Some(Said::Resize(size))) => match terminal_size(&size) {
                Ok(_) => resize(entry, Some(size)),
                Err(failure) => return Some(Status::invalid_argument(failure.message)),
            },
            Ok(Some(Said::Start(_))) => return Some(started_twice()),
            // A caller that only closes its direction goes on listening.
            Ok(None) => std::future::pending().await,
            Err(Silence::Gone) => return None,
            Err(Silence::Refused(status)) => return Some(status),
        }
    }
}
