//! Content that comes over connections of its own.

use crate::agent::{Agent, Exec, shell, start, wait_gone};
use guest_agent::proto::agent::change::Kind;
use guest_agent::proto::agent::exec_request::Message as Request;
use guest_agent::proto::agent::file_service_client::FileServiceClient;
use guest_agent::proto::agent::upload_request::Message as UploadMessage;
use guest_agent::proto::agent::watch_response::Message as Watched;
use guest_agent::proto::agent::write_request::Message as WriteMessage;
use guest_agent::proto::agent::{
    ContentConnection, ExecStart, Finish, UploadRequest, UploadStart, WatchRequest, WatchResponse, WriteRequest,
    WriteStart,
};
use guest_agent::rpc::{Channel, Outgoing};
use std::path::PathBuf;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;
use tokio::sync::mpsc;
use tokio::time::timeout;
use tonic::{Code, Streaming};

const GREETING: &[u8] = b"a3s-in1\n";

/// A connection of the caller.
struct Content(UnixStream);

impl Content {
    async fn open(agent: &Agent, token: u8) -> Self {
        let mut stream = UnixStream::connect(&agent.socket).await.unwrap();
        stream.write_all(&[GREETING, &[token; 16]].concat()).await.unwrap();
        Self(stream)
    }

    async fn send(&mut self, piece: &[u8]) {
        let length = (piece.len() as u32).to_be_bytes();
        self.0.write_all(&[&length, piece].concat()).await.unwrap();
    }

    async fn end(&mut self) {
        self.send(b"").await;
    }

    /// Waits until the agent has hung up.
    async fn hung_up(mut self) {
        match timeout(Duration::from_secs(20), self.0.read(&mut [0])).await.unwrap() {
            Ok(0) => {}
            Err(error) if error.kind() == std::io::ErrorKind::ConnectionReset => {}
            other => panic!("{other:?}"),
        }
    }
}

fn connection(token: u8) -> ContentConnection {
    ContentConnection { token: vec![token; 16] }
}

fn cat() -> ExecStart {
    ExecStart {
        open_stdin: true,
        ..start(&["cat"])
    }
}

fn scratch(name: &str) -> PathBuf {
    let path = std::env::temp_dir().join(format!("a3s-contents-{name}-{}", std::process::id()));
    let _ = std::fs::remove_dir_all(&path);
    std::fs::create_dir_all(&path).unwrap();
    path
}

fn bytes(path: &std::path::Path) -> Vec<u8> {
    path.to_str().unwrap().as_bytes().to_vec()
}

#[tokio::test]
async fn stdin_goes_on_over_a_connection_and_closes_behind_it() {
    let agent = Agent::start();
    let mut client = agent.client().await;
    let exec = Exec::open(&mut client, cat()).await;
    exec.stdin(b"one ").await;
    exec.send(Request::StdinConnection(connection(1))).await;
    // Overtakes what it closes behind.
    exec.close_stdin().await;
    let mut content = Content::open(&agent, 1).await;
    content.send(b"two ").await;
    content.send(b"three").await;
    content.end().await;
    let outcome = exec.finish().await.unwrap();
    assert_eq!((outcome.text().as_str(), outcome.code()), ("one two three", 0));
    content.hung_up().await;
}

#[tokio::test]
async fn the_connection_may_come_first_and_signals_are_heard_beside_it() {
    let agent = Agent::start();
    let mut client = agent.client().await;
    let mut content = Content::open(&agent, 1).await;
    content.send(b"taken\n").await;
    let request = ExecStart {
        open_stdin: true,
        ..shell("trap 'echo heard; exit 3' TERM; read line; echo $line; while :; do read line; done")
    };
    let mut exec = Exec::open(&mut client, request).await;
    exec.started().await;
    exec.send(Request::StdinConnection(connection(1))).await;
    exec.until("taken\n").await;
    exec.signal(libc::SIGTERM).await;
    let outcome = exec.finish().await.unwrap();
    assert_eq!((outcome.text().as_str(), outcome.code()), ("heard\n", 3));
    content.hung_up().await;
}

#[tokio::test]
async fn a_caller_that_closes_its_direction_has_sent_its_content_for_all_that() {
    let agent = Agent::start();
    let exec = Exec::open(&mut agent.client().await, cat()).await;
    exec.send(Request::StdinConnection(connection(1))).await;
    let Exec { requests, responses } = exec;
    let (kept, _) = mpsc::channel(1);
    drop(requests);
    let mut content = Content::open(&agent, 1).await;
    content.send(b"all").await;
    content.end().await;
    let exec = Exec {
        requests: kept,
        responses,
    };
    assert_eq!(exec.finish().await.unwrap().text(), "all");
}

#[tokio::test]
async fn content_that_breaks_off_ends_the_process() {
    let agent = Agent::start();
    let mut exec = Exec::open(&mut agent.client().await, cat()).await;
    let pid = exec.started().await;
    exec.send(Request::StdinConnection(connection(1))).await;
    let mut content = Content::open(&agent, 1).await;
    content.send(b"some").await;
    exec.until("some").await;
    drop(content);
    assert_eq!(exec.finish().await.unwrap_err().code(), Code::Aborted);
    assert!(wait_gone(pid).await);
}

#[tokio::test]
async fn what_the_protocol_does_not_have_is_refused() {
    let agent = Agent::start();
    let mut client = agent.client().await;
    for (token, messages) in [
        vec![Request::StdinConnection(ContentConnection { token: vec![0; 15] })],
        vec![Request::StdinConnection(connection(1)), Request::Stdin(b"x".to_vec())],
        vec![
            Request::StdinConnection(connection(2)),
            Request::StdinConnection(connection(9)),
        ],
    ]
    .into_iter()
    .enumerate()
    {
        let _content = Content::open(&agent, token as u8).await;
        let mut exec = Exec::open(&mut client, cat()).await;
        let pid = exec.started().await;
        for message in messages {
            exec.send(message).await;
        }
        let status = exec.finish().await.unwrap_err();
        assert_eq!(status.code(), Code::InvalidArgument, "{token}: {status:?}");
        assert!(wait_gone(pid).await);
    }
}

#[tokio::test]
async fn connections_that_no_call_can_mean_are_hung_up_on() {
    let agent = Agent::start();
    let mut other = UnixStream::connect(&agent.socket).await.unwrap();
    other.write_all(b"a3s-in2\n0123456789abcdef").await.unwrap();
    Content(other).hung_up().await;
    // Two that say the same.
    let (first, second) = (Content::open(&agent, 7).await, Content::open(&agent, 7).await);
    first.hung_up().await;
    second.hung_up().await;
    assert_eq!(
        Exec::open(&mut agent.client().await, start(&["true"]))
            .await
            .finish()
            .await
            .unwrap()
            .code(),
        0
    );
}

async fn files(agent: &Agent) -> FileServiceClient<Channel> {
    FileServiceClient::with_origin(agent.channel().await, Channel::origin())
}

async fn watch(agent: &Agent, directory: &std::path::Path) -> Streaming<WatchResponse> {
    let request = WatchRequest {
        path: bytes(directory),
        ..WatchRequest::default()
    };
    let mut changes = files(agent).await.watch(request).await.unwrap().into_inner();
    changes.message().await.unwrap();
    changes
}

fn write_start(path: &std::path::Path) -> WriteMessage {
    WriteMessage::Start(WriteStart {
        path: bytes(path),
        ..WriteStart::default()
    })
}

async fn send_write(requests: &mpsc::Sender<WriteRequest>, message: WriteMessage) {
    requests.send(WriteRequest { message: Some(message) }).await.unwrap();
}

#[tokio::test]
async fn a_file_is_written_from_messages_and_then_a_connection() {
    let agent = Agent::start();
    let directory = scratch("write");
    let (requests, outgoing) = mpsc::channel(16);
    send_write(&requests, write_start(&directory.join("file"))).await;
    send_write(&requests, WriteMessage::Data(b"one ".to_vec())).await;
    send_write(&requests, WriteMessage::DataConnection(connection(1))).await;
    send_write(&requests, WriteMessage::Finish(Finish {})).await;
    let mut client = files(&agent).await;
    let writing = tokio::spawn(async move { client.write(Outgoing::new(outgoing)).await });
    let mut content = Content::open(&agent, 1).await;
    content.send(&[b'x'; 300_000]).await;
    content.end().await;
    assert_eq!(writing.await.unwrap().unwrap().into_inner().bytes, 300_004);
    let found = std::fs::read(directory.join("file")).unwrap();
    assert!(found == [&b"one "[..], &[b'x'; 300_000]].concat());
    std::fs::remove_dir_all(directory).unwrap();
}

#[tokio::test]
async fn nothing_of_a_file_comes_beside_its_connection() {
    let agent = Agent::start();
    let directory = scratch("beside");
    for (token, beside) in [
        WriteMessage::Data(b"more".to_vec()),
        WriteMessage::DataConnection(connection(9)),
    ]
    .into_iter()
    .enumerate()
    {
        let (requests, outgoing) = mpsc::channel(16);
        send_write(&requests, write_start(&directory.join("file"))).await;
        send_write(&requests, WriteMessage::DataConnection(connection(token as u8))).await;
        send_write(&requests, beside).await;
        let mut content = Content::open(&agent, token as u8).await;
        content.send(b"all").await;
        content.end().await;
        let status = files(&agent).await.write(Outgoing::new(outgoing)).await.unwrap_err();
        assert_eq!(status.code(), Code::InvalidArgument, "{status:?}");
    }
    assert!(!directory.join("file").exists());
    std::fs::remove_dir_all(directory).unwrap();
}

#[tokio::test]
async fn a_write_whose_content_breaks_off_or_whose_caller_goes_leaves_nothing() {
    let agent = Agent::start();
    let directory = scratch("broken");
    for caller_goes in [false, true] {
        let mut changes = watch(&agent, &directory).await;
        let (requests, outgoing) = mpsc::channel(16);
        send_write(&requests, write_start(&directory.join("file"))).await;
        send_write(&requests, WriteMessage::DataConnection(connection(1))).await;
        let mut content = Content::open(&agent, 1).await;
        content.send(b"some").await;
        let mut client = files(&agent).await;
        let writing = tokio::spawn(async move { client.write(Outgoing::new(outgoing)).await });
        if caller_goes {
            // By now it is being read: the agent takes more than a socket holds.
            content.send(&vec![b'x'; 4 << 20]).await;
            writing.abort();
            // Although it is still open, the agent lets go of it.
            content.hung_up().await;
        } else {
            drop(content);
            assert!(writing.await.unwrap().is_err());
        }
        while !matches!(changes.message().await.unwrap().unwrap().message, Some(Watched::Change(change)) if change.kind() == Kind::Removed)
        {
        }
    }
    let left: Vec<_> = std::fs::read_dir(&directory).unwrap().collect();
    assert!(left.is_empty(), "{left:?}");
    std::fs::remove_dir_all(directory).unwrap();
}

#[tokio::test]
async fn an_archive_comes_over_a_connection_and_may_end_before_it() {
    let agent = Agent::start();
    let directory = scratch("upload");
    let mut archive = tar::Builder::new(Vec::new());
    let mut header = tar::Header::new_ustar();
    header.set_size(5);
    header.set_mode(0o644);
    archive.append_data(&mut header, "file", &b"hello"[..]).unwrap();
    let mut archive = archive.into_inner().unwrap();
    archive.resize(4 << 20, 0);
    let (requests, outgoing) = mpsc::channel(16);
    for message in [
        UploadMessage::Start(UploadStart {
            path: bytes(&directory),
            ..UploadStart::default()
        }),
        UploadMessage::Data(archive[..700].to_vec()),
        UploadMessage::DataConnection(connection(1)),
    ] {
        requests.send(UploadRequest { message: Some(message) }).await.unwrap();
    }
    let mut client = files(&agent).await;
    let uploading = tokio::spawn(async move { client.upload(Outgoing::new(outgoing)).await });
    let mut content = Content::open(&agent, 1).await;
    content.send(&archive[700..]).await;
    content.end().await;
    let finish = UploadMessage::Finish(Finish {});
    requests.send(UploadRequest { message: Some(finish) }).await.unwrap();
    assert_eq!(uploading.await.unwrap().unwrap().into_inner().entries, 1);
    assert_eq!(std::fs::read(directory.join("file")).unwrap(), b"hello");
    content.hung_up().await;
    std::fs::remove_dir_all(directory).unwrap();
}
