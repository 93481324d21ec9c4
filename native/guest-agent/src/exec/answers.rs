//! What a call about a process is told of it.

use super::entry::{Ended, Entry};
use crate::proto::agent::exec_response::Message as Response;
use crate::proto::agent::{ExecExited, ExecResponse, ExecStarted};

pub fn started(entry: &Entry) -> ExecResponse {
    let (pid, id) = (entry.pid, entry.id);
    response(Response::Started(ExecStarted { pid, id }))
}

pub fn response(message: Response) -> ExecResponse {
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
