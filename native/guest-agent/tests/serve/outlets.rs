//! Content that leaves over connections of its own.

use crate::agent::{Agent, Exec, shell, wait_gone};
use guest_agent::proto::agent::exec_response::Message as Response;
use guest_agent::proto::agent::file_service_client::FileServiceClient;
use guest_agent::proto::agent::{ContentConnection, DownloadRequest, ExecStart, ReadRequest, ReadResponse};
use guest_agent::rpc::Channel;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;
use tokio::time::{sleep, timeout};
use tonic::{Status, Streaming};

const WINDOW: u32 = 100_000;
const PATIENCE: Duration = Duration::from_secs(20);

/// A connection of the caller.
struct Content {
    stream: UnixStream,
    credit: u32,
}

impl Content {
    async fn open(agent: &Agent, token: &[u8], credit: u32) -> Self {
        let mut stream = UnixStream::connect(&agent.socket).await.unwrap();
        let head = [b"a3s-out\n", token, &credit.to_be_bytes()].concat();
        stream.write_all(&head).await.unwrap();
        Self { stream, credit }
    }

    /// Adds what comes up to the end, and gives back credit in halves of the window.
    async fn read_to(mut self, content: &mut Vec<u8>) {
        while let Some(piece) = self.piece().await {
            content.extend(&piece);
            if self.credit <= WINDOW / 2 {
                self.stream.write_all(&(WINDOW / 2).to_be_bytes()).await.unwrap();
                self.credit += WINDOW / 2;
            }
        }
    }

    async fn piece(&mut self) -> Option<Vec<u8>> {
        let length = timeout(PATIENCE, self.stream.read_u32()).await.unwrap().unwrap();
        assert!(length <= self.credit, "{length} bytes for a credit of {}", self.credit);
        self.credit -= length;
        let mut piece = vec![0; length as usize];
        self.stream.read_exact(&mut piece).await.unwrap();
        (length > 0).then_some(piece)
    }
}

/// What a call says of its content: some of it, or where it goes.
enum Word {
    Content(Vec<u8>),
    Connection(ContentConnection),
}

/// Reads content of a call up to its end, over the connection that it offers.
async fn read_over_connection<T>(
    agent: &Agent,
    responses: &mut Streaming<T>,
    word: fn(T) -> Option<Word>,
) -> (Vec<u8>, Vec<u8>) {
    let (mut in_messages, mut over_connection) = (Vec::new(), Vec::new());
    let mut open: Option<(Vec<u8>, Content)> = None;
    loop {
        let message = responses.message().await.unwrap().expect("the call goes on");
        match word(message) {
            Some(Word::Content(bytes)) => in_messages.extend(bytes),
            Some(Word::Connection(ContentConnection { token })) => match open.take() {
                None => {
                    let content = Content::open(agent, &token, WINDOW).await;
                    open = Some((token, content));
                }
                Some((offered, content)) => {
                    assert_eq!(token, offered);
                    content.read_to(&mut over_connection).await;
                    return (in_messages, over_connection);
                }
            },
            None => {}
        }
    }
}

fn taking_connections(start: ExecStart) -> ExecStart {
    ExecStart {
        takes_stdout_connection: true,
        ..start
    }
}

fn stdout(response: guest_agent::proto::agent::ExecResponse) -> Option<Word> {
    match response.message {
        Some(Response::Stdout(bytes)) => Some(Word::Content(bytes)),
        Some(Response::StdoutConnection(connection)) => Some(Word::Connection(connection)),
        _ => None,
    }
}

#[tokio::test]
async fn stdout_goes_on_over_a_connection_in_order_and_stderr_beside_it() {
    let agent = Agent::start();
    let request = taking_connections(shell("seq 1 600000; echo said >&2"));
    let mut exec = Exec::open(&mut agent.client().await, request).await;
    let (mut all, beside) = read_over_connection(&agent, &mut exec.responses, stdout).await;
    assert!(
        all.len() >= 256 * 1024 && beside.len() > 1_000_000,
        "{} {}",
        all.len(),
        beside.len()
    );
    all.extend(beside);
    let expected: String = (1..=600_000).map(|number| format!("{number}\n")).collect();
    assert!(all == expected.as_bytes());
    let outcome = exec.finish().await.unwrap();
    assert_eq!((outcome.stderr.as_slice(), outcome.code()), (&b"said\n"[..], 0));
    assert!(outcome.stdout.is_empty());
}

#[tokio::test]
async fn an_offer_that_nobody_takes_changes_nothing() {
    let agent = Agent::start();
    let request = taking_connections(shell("head -c 2000000 /dev/zero"));
    let mut exec = Exec::open(&mut agent.client().await, request).await;
    let (mut bytes, mut offers) = (0, 0);
    loop {
        match exec.next().await.unwrap() {
            Response::Stdout(chunk) => bytes += chunk.len(),
            Response::StdoutConnection(_) => offers += 1,
            Response::Exited(exited) => break assert_eq!(exited.code, 0),
            _ => {}
        }
    }
    assert_eq!((bytes, offers), (2_000_000, 1));
}

/// Opens the connection that a command without end offers, and reads nothing of it, nor gives credit for more.
async fn endless(agent: &Agent, command: &str) -> (Exec, i32, Content) {
    let mut exec = Exec::open(&mut agent.client().await, taking_connections(shell(command))).await;
    let pid = exec.started().await;
    let mut content = None;
    loop {
        if let Some(Response::StdoutConnection(ContentConnection { token })) = exec.next().await {
            match content.take() {
                None => content = Some(Content::open(agent, &token, 10).await),
                Some(content) => return (exec, pid, content),
            }
        }
    }
}

#[tokio::test]
async fn a_call_that_ends_while_its_content_has_no_credit_ends_its_process() {
    let agent = Agent::start();
    let (exec, pid, mut content) = endless(&agent, "exec cat /dev/zero").await;
    assert_eq!(content.piece().await.unwrap(), [0; 10]);
    drop(exec);
    assert!(wait_gone(pid).await);
    let end = timeout(PATIENCE, content.stream.read(&mut [0])).await.unwrap();
    assert_eq!(end.unwrap_or(0), 0);
}

#[tokio::test]
async fn a_connection_that_the_caller_closes_takes_its_content_with_it() {
    let agent = Agent::start();
    let (exec, _, content) = endless(&agent, "head -c 9000000 /dev/zero; exit 5").await;
    drop(content);
    let outcome = exec.finish().await.unwrap();
    assert_eq!((outcome.stdout.len(), outcome.code()), (0, 5));
}

#[tokio::test]
async fn a_connection_that_no_call_offered_is_hung_up_on() {
    let agent = Agent::start();
    let mut content = Content::open(&agent, &[7; 16], 10).await;
    let end = timeout(PATIENCE, content.stream.read(&mut [0])).await.unwrap();
    assert_eq!(end.unwrap_or(0), 0);
}

/// A directory with a file of some megabytes.
struct Scratch {
    directory: PathBuf,
    content: Vec<u8>,
}

impl Scratch {
    fn new(name: &str) -> Self {
        let directory = std::env::temp_dir().join(format!("a3s-outlets-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&directory).unwrap();
        let content: Vec<u8> = (0..3_000_017_u32).map(|at| (at % 251) as u8).collect();
        std::fs::write(directory.join("file"), &content).unwrap();
        Self { directory, content }
    }

    fn file(&self) -> Vec<u8> {
        bytes(&self.directory.join("file"))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.directory);
    }
}

fn bytes(path: &Path) -> Vec<u8> {
    path.to_str().unwrap().as_bytes().to_vec()
}

fn either(data: Vec<u8>, connection: Option<ContentConnection>) -> Option<Word> {
    Some(connection.map_or(Word::Content(data), Word::Connection))
}

async fn files(agent: &Agent) -> FileServiceClient<Channel> {
    FileServiceClient::with_origin(agent.channel().await, Channel::origin())
}

async fn ended<T>(mut responses: Streaming<T>) -> Result<bool, Status> {
    Ok(responses.message().await?.is_none())
}

#[tokio::test]
async fn a_file_is_read_from_messages_and_then_a_connection() {
    let agent = Agent::start();
    let scratch = Scratch::new("read");
    let request = ReadRequest {
        path: scratch.file(),
        offset: 5,
        takes_data_connection: true,
        ..ReadRequest::default()
    };
    let mut responses = files(&agent).await.read(request).await.unwrap().into_inner();
    let (mut all, beside) = read_over_connection(&agent, &mut responses, |response| {
        either(response.data, response.data_connection)
    })
    .await;
    assert!(beside.len() > 1_000_000);
    all.extend(beside);
    assert!(all == scratch.content[5..]);
    assert!(ended(responses).await.unwrap());
}

#[tokio::test]
async fn memory_that_bulk_took_is_given_back_some_time_after_it() {
    let agent = Agent::start();
    let scratch = Scratch::new("memory");
    let request = ReadRequest {
        path: scratch.file(),
        takes_data_connection: true,
        ..ReadRequest::default()
    };
    let mut responses = files(&agent).await.read(request).await.unwrap().into_inner();
    let word = |response: ReadResponse| either(response.data, response.data_connection);
    read_over_connection(&agent, &mut responses, word).await;
    assert!(ended(responses).await.unwrap());
    let kept = agent.anonymous_kib();
    let given_back = async {
        while agent.anonymous_kib() + 128 > kept {
            sleep(Duration::from_millis(50)).await;
        }
    };
    timeout(PATIENCE, given_back).await.unwrap();
}

#[tokio::test]
async fn an_archive_leaves_over_a_connection() {
    let agent = Agent::start();
    let scratch = Scratch::new("download");
    let request = DownloadRequest {
        path: bytes(&scratch.directory),
        name: b"tree".to_vec(),
        takes_data_connection: true,
        ..DownloadRequest::default()
    };
    let mut responses = files(&agent).await.download(request).await.unwrap().into_inner();
    let (mut all, beside) = read_over_connection(&agent, &mut responses, |response| {
        either(response.data, response.data_connection)
    })
    .await;
    all.extend(beside);
    let mut archive = tar::Archive::new(&all[..]);
    let mut found = Vec::new();
    for entry in archive.entries().unwrap() {
        let mut entry = entry.unwrap();
        if entry.path().unwrap() == Path::new("tree/file") {
            std::io::Read::read_to_end(&mut entry, &mut found).unwrap();
        }
    }
    assert!(found == scratch.content);
    assert!(ended(responses).await.unwrap());
}
