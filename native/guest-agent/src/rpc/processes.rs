use super::agent::{ExecStream, QUEUED_RESPONSES, execute};
use super::outgoing::Outgoing;
use crate::content::Contents;
use crate::exec::{Context, Ended, Entry, Known, MAIN, MAX_GRACE, Requests, attach, exited_message, terminal_size};
use crate::proto::agent::attach_process_response::Message as Attach;
use crate::proto::agent::exec_response::Message as Exec;
use crate::proto::agent::process_service_server::ProcessService;
use crate::proto::agent::{
    AttachProcessRequest, AttachProcessResponse, ExecRequest, ExecResponse, KillProcessRequest, KillProcessResponse,
    ListProcessesRequest, ListProcessesResponse, ResizeTerminalRequest, ResizeTerminalResponse, SignalProcessRequest,
    SignalProcessResponse, WaitProcessRequest, WaitProcessResponse,
};
use crate::trigger::Trigger;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;
use tonic::codegen::tokio_stream::{Stream, StreamExt};
use tonic::{Request, Response, Status, Streaming};

/// a3s.agent.v1.ProcessService.
pub struct Processes {
    context: Arc<Context>,
    shutdown: Trigger,
    contents: Contents,
}

impl Processes {
    pub fn new(context: Arc<Context>, shutdown: Trigger, contents: Contents) -> Self {
        Self {
            context,
            shutdown,
            contents,
        }
    }

    fn known(&self, id: u64) -> Result<Known, Status> {
        let found = self.context.table().find(id);
        found.ok_or_else(|| Status::not_found(format!("no process {id}")))
    }

    fn running(&self, id: u64) -> Result<Arc<Entry>, Status> {
        match self.known(id)? {
            Known::Running(entry) => Ok(entry),
            Known::Ended(_) => Err(Status::not_found(format!("process {id} has ended"))),
        }
    }
}

#[tonic::async_trait]
impl ProcessService for Processes {
    type ExecStream = ExecStream;

    async fn exec(&self, request: Request<Streaming<ExecRequest>>) -> Result<Response<Self::ExecStream>, Status> {
        execute(&self.context, &self.shutdown, &self.contents, request).await
    }

    type ListProcessesStream = Outgoing<Result<ListProcessesResponse, Status>>;

    async fn list_processes(
        &self,
        _: Request<ListProcessesRequest>,
    ) -> Result<Response<Self::ListProcessesStream>, Status> {
        let (sender, receiver) = mpsc::channel(1);
        let running = self.context.table().running();
        tokio::spawn(async move {
            for entry in running {
                if sender.send(Ok(describe(&entry))).await.is_err() {
                    return;
                }
            }
        });
        Ok(Response::new(Outgoing::primed(receiver).await))
    }

    async fn signal_process(
        &self,
        request: Request<SignalProcessRequest>,
    ) -> Result<Response<SignalProcessResponse>, Status> {
        let SignalProcessRequest { id, number } = request.into_inner();
        if !(1..=64).contains(&number) {
            return Err(Status::invalid_argument(format!("{number} is no signal")));
        }
        self.running(id)?.signal(number);
        Ok(Response::new(SignalProcessResponse {}))
    }

    async fn kill_process(
        &self,
        request: Request<KillProcessRequest>,
    ) -> Result<Response<KillProcessResponse>, Status> {
        let KillProcessRequest { id, grace } = request.into_inner();
        let grace = Duration::try_from(grace.unwrap_or_default()).unwrap_or(Duration::MAX);
        if grace > MAX_GRACE {
            return Err(Status::invalid_argument("the grace is not from 0 to 3600 seconds"));
        }
        let known = self.known(id)?;
        if let Some(entry) = self.context.table().tree(id) {
            // A task of its own: it goes on when the caller does not wait.
            tokio::spawn(async move { entry.end(grace).await });
        }
        let exited = Some(exited_message(ended(known).await));
        Ok(Response::new(KillProcessResponse { exited }))
    }

    async fn wait_process(
        &self,
        request: Request<WaitProcessRequest>,
    ) -> Result<Response<WaitProcessResponse>, Status> {
        let id = request.into_inner().id;
        let ended = match self.context.main() {
            Some(main) if id == MAIN => {
                main.note_question();
                let entry = main.started().await;
                let entry = entry.map_err(|failure| Status::failed_precondition(failure.message))?;
                entry.drained().await
            }
            _ => ended(self.known(id)?).await,
        };
        let exited = Some(exited_message(ended));
        Ok(Response::new(WaitProcessResponse { exited }))
    }

    async fn resize_terminal(
        &self,
        request: Request<ResizeTerminalRequest>,
    ) -> Result<Response<ResizeTerminalResponse>, Status> {
        let ResizeTerminalRequest { id, size } = request.into_inner();
        let size =
            terminal_size(&size.unwrap_or_default()).map_err(|failure| Status::invalid_argument(failure.message))?;
        let terminal = self.running(id)?.terminal();
        let terminal = terminal.ok_or_else(|| Status::failed_precondition(format!("process {id} has no terminal")))?;
        terminal
            .resize(size)
            .map_err(|error| Status::internal(error.to_string()))?;
        Ok(Response::new(ResizeTerminalResponse {}))
    }

    type AttachProcessStream = Pin<Box<dyn Stream<Item = Result<AttachProcessResponse, Status>> + Send>>;

    async fn attach_process(
        &self,
        request: Request<Streaming<AttachProcessRequest>>,
    ) -> Result<Response<Self::AttachProcessStream>, Status> {
        let (responses, outgoing) = mpsc::channel(QUEUED_RESPONSES);
        let ending = self.shutdown.pulled();
        let requests = Requests::new(request.into_inner(), self.contents.clone());
        tokio::spawn(attach(self.context.clone(), requests, responses, ending));
        Ok(Response::new(Box::pin(Outgoing::primed(outgoing).await.map(attached))))
    }
}

fn attached(said: Result<ExecResponse, Status>) -> Result<AttachProcessResponse, Status> {
    let message = said?.message.and_then(|message| match message {
        Exec::Started(started) => Some(Attach::Started(started)),
        Exec::Stdout(bytes) => Some(Attach::Stdout(bytes)),
        Exec::Stderr(bytes) => Some(Attach::Stderr(bytes)),
        Exec::Exited(exited) => Some(Attach::Exited(exited)),
        Exec::Failed(failed) => Some(Attach::Failed(failed)),
        // Offered to the call that starts a process alone.
        Exec::StdoutConnection(_) => None,
    });
    Ok(AttachProcessResponse { message })
}

async fn ended(known: Known) -> Ended {
    match known {
        Known::Running(entry) => entry.ended().await,
        Known::Ended(ended) => ended,
    }
}

fn describe(entry: &Entry) -> ListProcessesResponse {
    ListProcessesResponse {
        id: entry.id,
        pid: entry.pid,
        argv: entry.about.argv.clone(),
        user: entry.about.user.clone(),
        terminal: entry.has_terminal(),
        detached: entry.about.detached,
        main: entry.id == MAIN,
        started_at: Some(entry.about.started_at.into()),
    }
}
