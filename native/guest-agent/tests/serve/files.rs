//! What clients other than ours may send.

use crate::agent::Agent;
use guest_agent::content::MAX_BYTES;
use guest_agent::proto::agent::file_service_client::FileServiceClient;
use guest_agent::proto::agent::upload_request::Message as UploadMessage;
use guest_agent::proto::agent::write_request::Message as WriteMessage;
use guest_agent::proto::agent::{
    Finish, MakeDirectoryRequest, SetAttributesRequest, StatRequest, UploadRequest, UploadStart, WriteRequest,
    WriteStart,
};
use guest_agent::rpc::{Channel, Outgoing};
use std::fs;
use std::path::{Path, PathBuf};
use tokio::sync::mpsc;
use tonic::{Code, Status};

async fn client(agent: &Agent) -> FileServiceClient<Channel> {
    FileServiceClient::with_origin(agent.channel().await, Channel::origin())
}

fn scratch(name: &str) -> PathBuf {
    let path = std::env::temp_dir().join(format!("a3s-files-{name}-{}", std::process::id()));
    let _ = fs::remove_dir_all(&path);
    fs::create_dir_all(&path).unwrap();
    path
}

fn bytes(path: &Path) -> Vec<u8> {
    path.to_str().unwrap().as_bytes().to_vec()
}

async fn write(client: &mut FileServiceClient<Channel>, messages: Vec<WriteMessage>) -> Result<u64, Status> {
    let (requests, outgoing) = mpsc::channel(16);
    for message in messages {
        requests.send(WriteRequest { message: Some(message) }).await.unwrap();
    }
    drop(requests);
    let response = client.write(Outgoing::new(outgoing)).await?;
    Ok(response.into_inner().bytes)
}

async fn upload(client: &mut FileServiceClient<Channel>, messages: Vec<UploadMessage>) -> Result<u64, Status> {
    let (requests, outgoing) = mpsc::channel(16);
    for message in messages {
        requests.send(UploadRequest { message: Some(message) }).await.unwrap();
    }
    drop(requests);
    let response = client.upload(Outgoing::new(outgoing)).await?;
    Ok(response.into_inner().entries)
}

#[tokio::test]
async fn a_write_that_breaks_the_protocol_changes_nothing() {
    let agent = Agent::start();
    let mut client = client(&agent).await;
    let directory = scratch("write");
    let file = directory.join("file");
    fs::write(&file, "old").unwrap();
    let start = || {
        WriteMessage::Start(WriteStart {
            path: bytes(&file),
            ..WriteStart::default()
        })
    };
    let data = |length| WriteMessage::Data(vec![b'x'; length]);
    for broken in [
        vec![],
        vec![data(1)],
        vec![start(), data(1)],
        vec![start(), start()],
        vec![start(), data(MAX_BYTES + 1), WriteMessage::Finish(Finish {})],
        vec![WriteMessage::Start(WriteStart {
            manner: 99,
            path: bytes(&file),
            ..WriteStart::default()
        })],
        vec![WriteMessage::Start(WriteStart {
            mode: Some(0o100_644),
            path: bytes(&file),
            ..WriteStart::default()
        })],
    ] {
        let status = write(&mut client, broken.clone()).await.unwrap_err();
        assert_eq!(status.code(), Code::InvalidArgument, "{broken:?}");
    }
    let finish = WriteMessage::Finish(Finish {});
    assert_eq!(
        write(&mut client, vec![start(), data(MAX_BYTES), finish])
            .await
            .unwrap(),
        MAX_BYTES as u64
    );
    let left: Vec<_> = fs::read_dir(&directory)
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    assert_eq!(left, ["file"]);
    fs::remove_dir_all(directory).unwrap();
}

#[tokio::test]
async fn an_upload_without_its_end_is_refused() {
    let agent = Agent::start();
    let mut client = client(&agent).await;
    let directory = scratch("upload");
    let start = || {
        UploadMessage::Start(UploadStart {
            path: bytes(&directory),
            ..UploadStart::default()
        })
    };
    let zeros = || UploadMessage::Data(vec![0; 1024]);
    for broken in [
        vec![],
        vec![zeros()],
        vec![start()],
        vec![start(), zeros()],
        vec![start(), start()],
    ] {
        let status = upload(&mut client, broken.clone()).await.unwrap_err();
        assert_eq!(status.code(), Code::InvalidArgument, "{broken:?}");
    }
    let finish = UploadMessage::Finish(Finish {});
    assert_eq!(upload(&mut client, vec![start(), zeros(), finish]).await.unwrap(), 0);
    fs::remove_dir_all(directory).unwrap();
}

#[tokio::test]
async fn values_out_of_range_are_refused_and_faults_carry_their_errno() {
    let agent = Agent::start();
    let mut client = client(&agent).await;
    let mode = MakeDirectoryRequest {
        path: b"/tmp/x".to_vec(),
        mode: Some(0o10_000),
        ..MakeDirectoryRequest::default()
    };
    assert_eq!(
        client.make_directory(mode).await.unwrap_err().code(),
        Code::InvalidArgument
    );
    let time = SetAttributesRequest {
        path: b"/tmp".to_vec(),
        modified: Some(prost_types::Timestamp { seconds: 0, nanos: -1 }),
        ..SetAttributesRequest::default()
    };
    assert_eq!(
        client.set_attributes(time).await.unwrap_err().code(),
        Code::InvalidArgument
    );
    let missing = StatRequest {
        path: b"/no/such/file".to_vec(),
        ..StatRequest::default()
    };
    let status = client.stat(missing).await.unwrap_err();
    assert_eq!(status.code(), Code::NotFound);
    let name = b"type.googleapis.com/a3s.agent.v1.FileFault";
    assert!(status.details().windows(name.len()).any(|window| window == name));
}
