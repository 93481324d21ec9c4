use super::attend::{check_chunk, signal_number, started_twice};
use super::command::terminal_size;
use super::entry::{Entry, MAIN};
use super::session::{Context, Responses, exited, started};
use super::table::Known;
use crate::proto::agent::attach_process_request::Message as Request;
use crate::proto::agent::{AttachProcessRequest, AttachStart, TerminalSize};
use std::sync::Arc;
use tokio::sync::Notify;
use tonic::{Status, Streaming};

pub type AttachRequests = Streaming<AttachProcessRequest>;

/// Serves one AttachProcess call to its end, or to the process's.
pub async fn attach(context: Arc<Context>, mut requests: AttachRequests, responses: Responses, ending: bool) {
    let first = tokio::select! {
        first = requests.message() => first,
        () = responses.closed() => return,
    };
    let start = match first {
        Ok(Some(AttachProcessRequest {
            message: Some(Request::Start(start)),
        })) => start,
        Ok(_) => {
            let refused = Status::invalid_argument("the first request of AttachProcess is `start`");
            return refuse(&responses, refused).await;
        }
        Err(status) => return refuse(&responses, status).await,
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
    match main.start(context, Some(responses), size).await {
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
    match context.table.find(id) {
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
        let request = match requests.message().await {
            Ok(Some(request)) => request.message,
            // A caller that only closes its direction goes on listening.
            Ok(None) => std::future::pending().await,
            Err(_) => return None,
        };
        let done = match request {
            Some(Request::Stdin(chunk)) => match check_chunk(&chunk) {
                Ok(()) => {
                    entry.write_stdin(chunk).await;
                    Ok(())
                }
                refused => refused,
            },
            Some(Request::StdinClose(_)) => {
                entry.close_stdin();
                Ok(())
            }
            Some(Request::Signal(signal)) => signal_number(&signal).map(|number| entry.signal(number)),
            Some(Request::Resize(size)) => match terminal_size(&size) {
                Ok(_) => {
                    resize(entry, Some(size));
                    Ok(())
                }
                Err(failure) => Err(Status::invalid_argument(failure.message)),
            },
            Some(Request::Start(_)) => Err(started_twice()),
            None => Ok(()),
        };
        if let Err(refused) = done {
            return Some(refused);
        }
    }
}
