use super::outgoing::Outgoing;
use crate::content::Contents;
use crate::exec::{self, Context, MAX_GRACE, Requests};
use crate::proto::agent::agent_service_server::AgentService;
use crate::proto::agent::{ExecRequest, ExecResponse, InfoRequest, InfoResponse, ShutdownRequest, ShutdownResponse};
use crate::trigger::Trigger;
use crate::{PROTOCOL, VERSION, system};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};
use tonic::{Request, Response, Status, Streaming};

/// Messages between a process and its call, besides the one that is being sent: a call holds little more than its pipes.
pub const QUEUED_RESPONSES: usize = 1;

/// a3s.agent.v1.AgentService.
pub struct Agent {
    context: Arc<Context>,
    shutdown: Trigger,
    contents: Contents,
}

impl Agent {
    pub fn new(context: Arc<Context>, shutdown: Trigger, contents: Contents) -> Self {
        Self {
            context,
            shutdown,
            contents,
        }
    }
}

/// What a process says and how it ends.
pub type ExecStream = Outgoing<Result<ExecResponse, Status>>;

/// Exec of both services that have it.
pub async fn execute(
    context: &Arc<Context>,
    shutdown: &Trigger,
    contents: &Contents,
    request: Request<Streaming<ExecRequest>>,
) -> Result<Response<ExecStream>, Status> {
    if shutdown.pulled() {
        return Err(Status::unavailable("the guest is shutting down"));
    }
    let (responses, outgoing) = mpsc::channel(QUEUED_RESPONSES);
    let (calm, hurried) = oneshot::channel();
    let requests = Requests::new(request.into_inner(), contents.clone());
    tokio::spawn(exec::run(context.clone(), requests, responses, calm));
    Ok(Response::new(
        Outgoing::primed_twice(outgoing, hurried, exec::HELD_BACK).await,
    ))
}

#[tonic::async_trait]
impl AgentService for Agent {
    async fn info(&self, _: Request<InfoRequest>) -> Result<Response<InfoResponse>, Status> {
        let name = rustix::system::uname();
        let text = |part: &std::ffi::CStr| part.to_string_lossy().into_owned();
        Ok(Response::new(InfoResponse {
            agent_version: VERSION.to_owned(),
            protocol: PROTOCOL,
            kernel_release: text(name.release()),
            machine: text(name.machine()),
            hostname: text(name.nodename()),
            uptime: Some(system::duration(system::since_kernel_start())),
            content_connections: true,
        }))
    }

    type ExecStream = ExecStream;

    async fn exec(&self, request: Request<Streaming<ExecRequest>>) -> Result<Response<Self::ExecStream>, Status> {
        execute(&self.context, &self.shutdown, &self.contents, request).await
    }

    async fn shutdown(&self, request: Request<ShutdownRequest>) -> Result<Response<ShutdownResponse>, Status> {
        let grace = Duration::try_from(request.into_inner().grace.unwrap_or_default())
            .map_err(|_| Status::invalid_argument("the grace is negative"))?;
        if grace > MAX_GRACE {
            return Err(Status::invalid_argument("the grace is longer than one hour"));
        }
        self.shutdown.pull(grace);
        Ok(Response::new(ShutdownResponse {}))
    }
}
