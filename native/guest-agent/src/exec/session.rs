use super::attend::{Left, attend};
use super::command::{Command, identify};
use super::entry::{About, Ended, Entry};
use super::failure::{Failure, decode_report};
use super::limits::Limits;
use super::spawn::{Stdio, spawn};
use super::table::Table;
use crate::proto::agent::exec_request::Message as Request;
use crate::proto::agent::exec_response::Message as Response;
use crate::proto::agent::{ExecExited, ExecRequest, ExecResponse, ExecStart, ExecStarted};
use crate::reaper::Reaper;
use std::sync::Arc;
use tonic::{Status, Streaming};

pub use super::output::Responses;
pub type Requests = Streaming<ExecRequest>;

/// What every session shares.
pub struct Context {
    pub reaper: Arc<Reaper>,
    pub table: Arc<Table>,
}

impl Context {
    pub fn new(reaper: Arc<Reaper>) -> Self {
        Self {
            reaper,
            table: Arc::default(),
        }
    }
}

/// Serves one Exec call to its end. When the caller goes away first, the process is ended, unless it is detached.
pub async fn run(context: Arc<Context>, mut requests: Requests, responses: Responses) {
    let start = tokio::select! {
        first = requests.message() => first,
        () = responses.closed() => return,
    };
    let last = match start {
        Ok(Some(ExecRequest {
            message: Some(Request::Start(start)),
        })) => match serve(&context, start, requests, &responses).await {
            Ok(ended) => Ok(exited(ended)),
            Err(Left::Failed(failure)) => Ok(failure.response()),
            Err(Left::Refused(status)) => Err(status),
            Err(Left::Gone) => return,
        },
        Ok(_) => Err(Status::invalid_argument("the first request of Exec is `start`")),
        Err(status) => Err(status),
    };
    let _ = responses.send(last).await;
}

async fn serve(context: &Context, start: ExecStart, requests: Requests, responses: &Responses) -> Result<Ended, Left> {
    let limits = Limits::of(&start)?;
    let command = Command::plan(&start, identify(&start.user)?)?;
    let process = spawn(&command, &context.reaper)?;
    let report = tokio::select! {
        report = process.executed() => report.map_err(|error| Failure::resources("start of the process", &error))?,
        () = responses.closed(), if !start.detach => {
            process.group.kill();
            return Err(Left::Gone);
        }
    };
    if let Some(report) = report {
        return Err(decode_report(report, &start.argv[0], &start.cwd, &start.user).into());
    }
    let (stdio, pid) = (process.stdio, process.pid);
    let terminal = match &stdio {
        Stdio::Terminal { terminal, .. } => Some(terminal),
        Stdio::Pipes { .. } => None,
    };
    let about = About::of(&start);
    let entry = context
        .table
        .add(|id| Entry::new(id, pid, about, process.group, process.ending, terminal));
    let started = ExecStarted { pid, id: entry.id };
    // Who has gone by now is noticed next.
    let _ = responses
        .send(Ok(ExecResponse {
            message: Some(Response::Started(started)),
        }))
        .await;
    attend(&entry, stdio, limits, requests, responses).await
}

pub fn exited_message(ended: Ended) -> ExecExited {
    ExecExited {
        code: ended.exit.code,
        signal: ended.exit.signal,
        timed_out: ended.timed_out,
    }
}

fn exited(ended: Ended) -> ExecResponse {
    ExecResponse {
        message: Some(Response::Exited(exited_message(ended))),
    }
}
