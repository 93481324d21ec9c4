use super::command::{Command, identify};
use super::failure::{Failure, decode_report};
use super::group::Group;
use super::input::{MAX_CHUNK_BYTES, QUEUED_CHUNKS, feed};
use super::output::pump;
use super::spawn::{Process, spawn};
use crate::proto::agent::exec_request::Message as Request;
use crate::proto::agent::exec_response::Message as Response;
use crate::proto::agent::{ExecExited, ExecRequest, ExecResponse, ExecStart, ExecStarted};
use crate::reaper::{Exit, Reaper};
use std::sync::Arc;
use tokio::sync::{mpsc, watch};
use tonic::{Status, Streaming};

pub use super::output::Responses;
pub type Requests = Streaming<ExecRequest>;

/// What every session shares.
pub struct Context {
    pub reaper: Arc<Reaper>,
}

/// Serves one Exec call to its end. When the caller goes away first, the process group is killed.
pub async fn run(context: Arc<Context>, mut requests: Requests, responses: Responses) {
    let start = tokio::select! {
        first = requests.message() => first,
        () = responses.closed() => return,
    };
    let last = match start {
        Ok(Some(ExecRequest {
            message: Some(Request::Start(start)),
        })) => match serve(&context, start, requests, &responses).await {
            Ok(Some(exit)) => Ok(exited(exit)),
            Ok(None) => return,
            Err(Ended::Failed(failure)) => Ok(failure.response()),
            Err(Ended::Refused(status)) => Err(status),
        },
        Ok(_) => Err(Status::invalid_argument("the first request of Exec is `start`")),
        Err(status) => Err(status),
    };
    let _ = responses.send(last).await;
}

enum Ended {
    Failed(Failure),
    Refused(Status),
}

impl From<Failure> for Ended {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

/// None: the caller has gone.
async fn serve(
    context: &Context,
    start: ExecStart,
    requests: Requests,
    responses: &Responses,
) -> Result<Option<Exit>, Ended> {
    let command = Command::plan(&start, identify(&start.user)?)?;
    let process = spawn(&command, &context.reaper)?;
    let report = tokio::select! {
        report = process.executed() => report.map_err(|error| Failure::resources("start of the process", &error))?,
        () = responses.closed() => {
            process.group.kill();
            return Ok(None);
        }
    };
    if let Some(report) = report {
        return Err(decode_report(report, &start.argv[0], &start.cwd, &start.user).into());
    }
    let started = ExecStarted { pid: process.pid };
    if responses
        .send(Ok(ExecResponse {
            message: Some(Response::Started(started)),
        }))
        .await
        .is_err()
    {
        process.group.kill();
        return Ok(None);
    }
    attend(process, requests, responses).await
}

async fn attend(process: Process, requests: Requests, responses: &Responses) -> Result<Option<Exit>, Ended> {
    let Process {
        group,
        exit,
        stdin,
        stdout,
        stderr,
        ..
    } = process;
    let (exited, has_exited) = watch::channel(false);
    let (chunks, queue) = mpsc::channel(QUEUED_CHUNKS);
    let output = async {
        let wait = async {
            let exit = exit.await;
            let _ = exited.send(true);
            exit
        };
        let out = pump(stdout, Response::Stdout, responses, has_exited.clone());
        let err = pump(stderr, Response::Stderr, responses, has_exited.clone());
        tokio::join!(wait, out, err).0
    };
    let feeding = async {
        match stdin {
            Some(pipe) => feed(pipe, queue).await,
            None => drop(queue),
        }
        // Input never ends a session.
        std::future::pending::<()>().await;
    };
    tokio::select! {
        biased;
        () = responses.closed() => {
            group.kill();
            Ok(None)
        }
        exit = output => Ok(exit.ok()),
        ended = receive(requests, chunks, &group) => {
            group.kill();
            match ended {
                Some(status) => Err(Ended::Refused(status)),
                None => Ok(None),
            }
        }
        () = feeding => unreachable!("feeding never ends"),
    }
}

/// Takes requests until the call breaks off (None) or says something that it must not say. A caller that only
/// closes its direction has no more input, and the process goes on.
async fn receive(mut requests: Requests, chunks: mpsc::Sender<Vec<u8>>, group: &Group) -> Option<Status> {
    let mut chunks = Some(chunks);
    loop {
        let request = match requests.message().await {
            Ok(Some(request)) => request.message,
            Ok(None) => {
                drop(chunks.take());
                std::future::pending().await
            }
            Err(_) => return None,
        };
        match request {
            Some(Request::Stdin(chunk)) if chunk.len() > MAX_CHUNK_BYTES => {
                return Some(Status::invalid_argument(format!(
                    "stdin holds more than {MAX_CHUNK_BYTES} bytes"
                )));
            }
            Some(Request::Stdin(chunk)) => {
                if let Some(queue) = &chunks {
                    // The process may have closed its stdin; its input is dropped then.
                    let _ = queue.send(chunk).await;
                }
            }
            Some(Request::StdinClose(_)) => drop(chunks.take()),
            Some(Request::Signal(signal)) if (1..=64).contains(&signal.number) => group.signal(signal.number),
            Some(Request::Signal(signal)) => {
                return Some(Status::invalid_argument(format!("{} is no signal", signal.number)));
            }
            Some(Request::Start(_)) => return Some(Status::invalid_argument("`start` may come only once")),
            None => {}
        }
    }
}

fn exited(exit: Exit) -> ExecResponse {
    let exited = ExecExited {
        code: exit.code,
        signal: exit.signal,
    };
    ExecResponse {
        message: Some(Response::Exited(exited)),
    }
}
