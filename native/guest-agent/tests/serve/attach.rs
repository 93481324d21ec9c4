use crate::agent::{Agent, Exec, shell};
use guest_agent::proto::agent::attach_process_request::Message as Request;
use guest_agent::proto::agent::attach_process_response::Message as Response;
use guest_agent::proto::agent::{
    AttachProcessRequest, AttachProcessResponse, AttachStart, ExecStart, Signal, TerminalSize,
};
use guest_agent::rpc::Outgoing;
use tokio::sync::mpsc;
use tonic::{Code, Status, Streaming};

struct Attached {
    requests: mpsc::Sender<AttachProcessRequest>,
    responses: Streaming<AttachProcessResponse>,
}

impl Attached {
    async fn open(agent: &Agent, first: Request) -> Result<Self, Status> {
        let (requests, outgoing) = mpsc::channel(16);
        let first = AttachProcessRequest { message: Some(first) };
        requests.send(first).await.unwrap();
        let mut processes = agent.processes().await;
        let responses = processes.attach_process(Outgoing::new(outgoing)).await?.into_inner();
        Ok(Self { requests, responses })
    }

    async fn to(agent: &Agent, id: u64) -> Self {
        Self::open(agent, Request::Start(AttachStart { id, size: None }))
            .await
            .unwrap()
    }

    async fn send(&self, message: Request) {
        let message = AttachProcessRequest { message: Some(message) };
        self.requests.send(message).await.unwrap();
    }

    async fn next(&mut self) -> Result<Option<Response>, Status> {
        Ok(self.responses.message().await?.and_then(|response| response.message))
    }

    /// What ends the call, after whatever was said before.
    async fn end(mut self) -> Result<Option<Response>, Status> {
        let mut last = None;
        while let Some(response) = self.next().await? {
            last = Some(response);
        }
        Ok(last)
    }
}

async fn detached(agent: &Agent, start: ExecStart) -> (u64, Exec) {
    let start = ExecStart { detach: true, ..start };
    let mut exec = Exec::open(&mut agent.client().await, start).await;
    (exec.begin().await.id, exec)
}

#[tokio::test]
async fn an_attached_call_hears_what_the_process_writes_from_then_on_and_its_end() {
    let agent = Agent::start();
    let script = "echo before; trap 'echo after; echo err >&2; exit 3' USR1; echo ready; while :; do :; done";
    let (id, mut exec) = detached(&agent, shell(script)).await;
    exec.until("ready").await;
    drop(exec);
    let mut attached = Attached::to(&agent, id).await;
    let started = attached.next().await.unwrap();
    assert!(matches!(started, Some(Response::Started(started)) if started.id == id));
    attached.send(Request::Signal(Signal { number: libc::SIGUSR1 })).await;
    let mut said = Vec::new();
    while let Some(response) = attached.next().await.unwrap() {
        said.push(response);
    }
    let exited = said.pop();
    assert!(matches!(exited, Some(Response::Exited(exited)) if exited.code == 3));
    assert_eq!(said.len(), 2);
    assert!(said.contains(&Response::Stdout(b"after\n".to_vec())));
    assert!(said.contains(&Response::Stderr(b"err\n".to_vec())));
}

#[tokio::test]
async fn what_a_caller_must_not_say_ends_its_call_alone() {
    let agent = Agent::start();
    let terminal = Some(TerminalSize { columns: 80, rows: 24 });
    let start = ExecStart {
        terminal,
        ..shell("echo ready; exec sleep 60")
    };
    let (id, mut exec) = detached(&agent, start).await;
    exec.until("ready").await;
    for message in [
        Request::Start(AttachStart { id, size: None }),
        Request::Stdin(vec![0; 256 * 1024 + 1]),
        Request::Signal(Signal { number: 65 }),
        Request::Resize(TerminalSize { columns: 0, rows: 1 }),
    ] {
        let attached = Attached::to(&agent, id).await;
        attached.send(message).await;
        assert_eq!(attached.end().await.unwrap_err().code(), Code::InvalidArgument);
    }
    let size = Some(TerminalSize { columns: 0, rows: 0 });
    for first in [
        Request::Stdin(b"early".to_vec()),
        Request::Start(AttachStart { id, size }),
    ] {
        let refused = match Attached::open(&agent, first).await {
            Ok(attached) => attached.end().await.unwrap_err(),
            Err(refused) => refused,
        };
        assert_eq!(refused.code(), Code::InvalidArgument);
    }
    // It runs on, with the first call at it.
    exec.signal(libc::SIGKILL).await;
    assert_eq!(exec.finish().await.unwrap().exited.unwrap().signal, libc::SIGKILL);
}
