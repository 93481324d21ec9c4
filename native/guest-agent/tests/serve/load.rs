use crate::agent::{Agent, Exec, start};
use guest_agent::proto::agent::exec_request::Message as Request;
use guest_agent::proto::agent::exec_response::Message as Response;
use guest_agent::proto::agent::{ExecRequest, ExecStart};

const MIB: usize = 1 << 20;
const TRANSFER: usize = 64 * MIB;

#[tokio::test]
async fn a_slow_reader_stops_the_writer_instead_of_filling_memory() {
    let agent = Agent::start();
    let mut client = agent.client().await;
    let before = agent.resident_kib();
    let mut exec = Exec::open(&mut client, start(&["head", "-c", &TRANSFER.to_string(), "/dev/zero"])).await;
    let mut received = 0;
    let mut peak = 0;
    while let Some(response) = exec.responses.message().await.unwrap() {
        if let Some(Response::Stdout(bytes)) = response.message {
            let (before, after) = (received / MIB, (received + bytes.len()) / MIB);
            received += bytes.len();
            if before != after {
                // The reader rests while the agent could go on.
                tokio::time::sleep(std::time::Duration::from_millis(5)).await;
                peak = peak.max(agent.resident_kib());
            }
        }
    }
    assert_eq!(received, TRANSFER);
    assert!(peak - before < 8 * 1024, "the agent grew from {before} to {peak} KiB");
}

#[tokio::test]
async fn stdin_flows_back_too() {
    let agent = Agent::start();
    let mut client = agent.client().await;
    let request = ExecStart {
        open_stdin: true,
        ..start(&["sh", "-c", "sleep 0.5; wc -c"])
    };
    let before = agent.resident_kib();
    let exec = Exec::open(&mut client, request).await;
    let requests = exec.requests.clone();
    let feeder = tokio::spawn(async move {
        let chunk = ExecRequest {
            message: Some(Request::Stdin(vec![1; 64 * 1024])),
        };
        for _ in 0..TRANSFER / (64 * 1024) {
            requests.send(chunk.clone()).await.unwrap();
        }
    });
    // By now everything has been taken that fits, and the process has not read a byte.
    tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    let grown = agent.resident_kib() - before;
    assert!(grown < 8 * 1024, "the agent grew by {grown} KiB");
    feeder.await.unwrap();
    exec.close_stdin().await;
    assert_eq!(exec.finish().await.unwrap().text().trim(), TRANSFER.to_string());
}

#[tokio::test]
async fn two_hundred_fast_exits_at_once_are_all_seen() {
    let agent = Agent::start();
    let client = agent.client().await;
    let mut calls = Vec::new();
    for number in 0..200 {
        let mut client = client.clone();
        calls.push(tokio::spawn(async move {
            let code = (number % 256).to_string();
            let script = format!("exit {code}");
            (
                number,
                Exec::open(&mut client, start(&["sh", "-c", &script]))
                    .await
                    .finish()
                    .await
                    .unwrap()
                    .code(),
            )
        }));
    }
    for call in calls {
        let (number, code) = call.await.unwrap();
        assert_eq!(code, number % 256);
    }
}
