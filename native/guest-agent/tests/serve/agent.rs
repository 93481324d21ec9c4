use guest_agent::proto::agent::agent_service_client::AgentServiceClient;
use guest_agent::proto::agent::exec_request::Message as Request;
use guest_agent::proto::agent::exec_response::Message as Response;
use guest_agent::proto::agent::process_service_client::ProcessServiceClient;
use guest_agent::proto::agent::system_service_client::SystemServiceClient;
use guest_agent::proto::agent::{
    EnvironmentVariable, ExecExited, ExecFailed, ExecRequest, ExecResponse, ExecStart, ExecStarted, Signal, StdinClose,
};
use guest_agent::rpc::{Channel, Outgoing};
use guest_agent::transport::unix;
use std::collections::HashSet;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use tokio::sync::mpsc;
use tonic::{Status, Streaming};

static COUNT: AtomicU32 = AtomicU32::new(0);

/// An agent process of its own, ended with the value.
pub struct Agent {
    pub process: Child,
    pub socket: PathBuf,
}

impl Agent {
    pub fn start() -> Self {
        Self::start_with(&[])
    }

    pub fn start_with(options: &[&str]) -> Self {
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let socket = std::env::temp_dir().join(format!("a3s-agent-{}-{number}.sock", std::process::id()));
        let mut process = Command::new(env!("CARGO_BIN_EXE_a3s-agent"))
            .args(["serve", "--unix"])
            .arg(&socket)
            .args(options)
            .env("INHERITED", "by mistake")
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        assert!(line.starts_with("serving "), "{line:?}");
        Self { process, socket }
    }

    pub async fn channel(&self) -> Channel {
        Channel::open(unix::connect(&self.socket).unwrap()).await.unwrap()
    }

    pub async fn client(&self) -> AgentServiceClient<Channel> {
        AgentServiceClient::with_origin(self.channel().await, Channel::origin())
    }

    pub async fn processes(&self) -> ProcessServiceClient<Channel> {
        ProcessServiceClient::with_origin(self.channel().await, Channel::origin())
    }

    pub async fn machine(&self) -> SystemServiceClient<Channel> {
        SystemServiceClient::with_origin(self.channel().await, Channel::origin())
    }

    /// Resident memory in KiB.
    pub fn resident_kib(&self) -> u64 {
        self.status("VmRSS:")
    }

    /// Of it what is no file's.
    pub fn anonymous_kib(&self) -> u64 {
        self.status("RssAnon:")
    }

    fn status(&self, key: &str) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.process.id())).unwrap();
        let line = status.lines().find(|line| line.starts_with(key)).unwrap();
        line.split_whitespace().nth(1).unwrap().parse().unwrap()
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        if let Ok(None) = self.process.try_wait() {
            kill_tree(self.process.id() as i32);
        }
        let _ = self.process.wait();
        let _ = std::fs::remove_file(&self.socket);
    }
}

/// Kills an agent with all that it has started. It stands still meanwhile and takes nobody away, so no number is another
/// process's; a process with a SIGKILL pending makes no more children, so a later round sees what the first ones have not.
fn kill_tree(agent: i32) {
    let signal = |pid, number| unsafe { libc::kill(pid, number) };
    signal(agent, libc::SIGSTOP);
    let mut killed = HashSet::new();
    loop {
        let found: Vec<_> = descendants(agent)
            .into_iter()
            .filter(|pid| killed.insert(*pid))
            .collect();
        if found.is_empty() {
            break;
        }
        for pid in found {
            signal(pid, libc::SIGKILL);
        }
    }
    signal(agent, libc::SIGKILL);
}

fn descendants(pid: i32) -> Vec<i32> {
    let threads = std::fs::read_dir(format!("/proc/{pid}/task"))
        .into_iter()
        .flatten()
        .flatten();
    let children: Vec<i32> = threads
        .filter_map(|thread| std::fs::read_to_string(thread.path().join("children")).ok())
        .flat_map(|list| {
            list.split_whitespace()
                .filter_map(|pid| pid.parse().ok())
                .collect::<Vec<_>>()
        })
        .collect();
    children
        .iter()
        .flat_map(|child| descendants(*child))
        .chain(children.iter().copied())
        .collect()
}

/// One Exec call under way.
pub struct Exec {
    pub requests: mpsc::Sender<ExecRequest>,
    pub responses: Streaming<ExecResponse>,
}

/// Everything that a call said.
#[derive(Debug, Default)]
pub struct Outcome {
    pub pid: i32,
    pub stdout: Vec<u8>,
    pub stderr: Vec<u8>,
    pub exited: Option<ExecExited>,
    pub failed: Option<ExecFailed>,
    pub largest: usize,
}

impl Outcome {
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.stdout).into_owned()
    }

    pub fn code(&self) -> i32 {
        self.exited.as_ref().unwrap_or_else(|| panic!("no exit: {self:?}")).code
    }
}

pub fn start(argv: &[&str]) -> ExecStart {
    let path = EnvironmentVariable {
        name: "PATH".to_owned(),
        value: "/usr/bin:/bin".to_owned(),
    };
    ExecStart {
        argv: argv.iter().map(|argument| (*argument).to_owned()).collect(),
        env: vec![path],
        ..ExecStart::default()
    }
}

pub fn shell(script: &str) -> ExecStart {
    start(&["sh", "-c", script])
}

impl Exec {
    pub async fn open(client: &mut AgentServiceClient<Channel>, start: ExecStart) -> Self {
        let (requests, outgoing) = mpsc::channel(16);
        requests
            .send(ExecRequest {
                message: Some(Request::Start(start)),
            })
            .await
            .unwrap();
        let responses = client.exec(Outgoing::new(outgoing)).await.unwrap().into_inner();
        Self { requests, responses }
    }

    pub async fn send(&self, message: Request) {
        self.requests
            .send(ExecRequest { message: Some(message) })
            .await
            .unwrap();
    }

    pub async fn stdin(&self, bytes: &[u8]) {
        self.send(Request::Stdin(bytes.to_vec())).await;
    }

    pub async fn close_stdin(&self) {
        self.send(Request::StdinClose(StdinClose {})).await;
    }

    pub async fn signal(&self, number: i32) {
        self.send(Request::Signal(Signal { number })).await;
    }

    pub async fn started(&mut self) -> i32 {
        self.begin().await.pid
    }

    pub async fn begin(&mut self) -> ExecStarted {
        match self.next().await {
            Some(Response::Started(started)) => started,
            other => panic!("not started: {other:?}"),
        }
    }

    pub async fn next(&mut self) -> Option<Response> {
        let response = self.responses.message().await.unwrap();
        response.and_then(|response| response.message)
    }

    /// Reads until the output of stdout, from here on, holds the text.
    pub async fn until(&mut self, text: &str) -> String {
        let mut output = String::new();
        while !output.contains(text) {
            match self.next().await {
                Some(Response::Stdout(bytes)) => output.push_str(&String::from_utf8_lossy(&bytes)),
                other => panic!("{other:?} instead of {text:?}, after {output:?}"),
            }
        }
        output
    }

    pub async fn finish(mut self) -> Result<Outcome, Status> {
        let mut outcome = Outcome::default();
        while let Some(response) = self.responses.message().await? {
            assert!(outcome.exited.is_none(), "something came after `exited`");
            match response.message {
                Some(Response::Started(started)) => outcome.pid = started.pid,
                Some(Response::Stdout(bytes)) => {
                    outcome.largest = outcome.largest.max(bytes.len());
                    outcome.stdout.extend(bytes);
                }
                Some(Response::Stderr(bytes)) => outcome.stderr.extend(bytes),
                Some(Response::Exited(exited)) => outcome.exited = Some(exited),
                Some(Response::Failed(failed)) => outcome.failed = Some(failed),
                Some(Response::StdoutConnection(_)) => panic!("a connection, which nobody asked for"),
                None => panic!("an empty response"),
            }
        }
        Ok(outcome)
    }
}

pub async fn run(start: ExecStart) -> Outcome {
    let agent = Agent::start();
    Exec::open(&mut agent.client().await, start)
        .await
        .finish()
        .await
        .unwrap()
}

/// Waits for the end of a process that is not ours, by its pidfd, while the test's connections go on.
pub async fn wait_gone(pid: i32) -> bool {
    tokio::task::spawn_blocking(move || {
        let pidfd = unsafe { libc::syscall(libc::SYS_pidfd_open, pid, 0) } as i32;
        if pidfd < 0 {
            return true;
        }
        let mut set = libc::pollfd {
            fd: pidfd,
            events: libc::POLLIN,
            revents: 0,
        };
        let gone = unsafe { libc::poll(&mut set, 1, 10_000) } == 1;
        unsafe { libc::close(pidfd) };
        gone
    })
    .await
    .unwrap()
}
