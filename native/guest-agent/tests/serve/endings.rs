use crate::agent::{Agent, Exec, shell, start, wait_gone};
use guest_agent::proto::agent::{
    ExecRequest, ExecStart, InfoRequest, KillProcessRequest, ShutdownRequest, WaitProcessRequest,
    exec_request::Message as Request, exec_response::Message as Response,
};
use guest_agent::rpc::Outgoing;
use std::time::{Duration, Instant};
use tokio::sync::mpsc;
use tonic::Code;

#[tokio::test]
async fn a_signal_reaches_the_whole_group() {
    let agent = Agent::start();
    let mut exec = Exec::open(&mut agent.client().await, shell("sleep 60 & sleep 61; echo never")).await;
    exec.started().await;
    exec.signal(libc::SIGTERM).await;
    let outcome = exec.finish().await.unwrap();
    let exited = outcome.exited.unwrap();
    assert_eq!((exited.code, exited.signal), (128 + 15, 15));
}

#[tokio::test]
async fn a_call_that_is_dropped_kills_the_tree() {
    let agent = Agent::start();
    let mut client = agent.client().await;
    let mut exec = Exec::open(&mut client, shell("trap '' TERM; sleep 60 & echo $!; wait")).await;
    let leader = exec.started().await;
    let Some(Response::Stdout(line)) = exec
        .responses
        .message()
        .await
        .unwrap()
        .and_then(|response| response.message)
    else {
        panic!("no output")
    };
    let grandchild = String::from_utf8(line).unwrap().trim().parse().unwrap();
    drop(exec);
    assert!(wait_gone(leader).await && wait_gone(grandchild).await);
}

#[tokio::test]
async fn a_connection_that_breaks_kills_its_trees() {
    let agent = Agent::start();
    let mut client = agent.client().await;
    let mut exec = Exec::open(&mut client, start(&["sleep", "60"])).await;
    let pid = exec.started().await;
    drop((exec, client));
    assert!(wait_gone(pid).await);
}

/// Its output does not stop: what is held back in pipes, queues and windows must not hold its end up.
#[tokio::test]
async fn a_client_that_goes_in_mid_stream_ends_its_tree_unless_that_is_detached() {
    let agent = Agent::start();
    let script = "yes & echo $!; wait";
    let mut pids = Vec::new();
    let mut calls = Vec::new();
    for detach in [false, true] {
        // A connection each: what is not read of the first call would fill the window that both have.
        let mut client = agent.client().await;
        let mut exec = Exec::open(
            &mut client,
            ExecStart {
                detach,
                ..shell(script)
            },
        )
        .await;
        pids.push(exec.begin().await);
        exec.until("y\ny\n").await;
        calls.push((exec, client));
    }
    let mut processes = agent.processes().await;
    let mut other = processes.clone();
    let id = pids[0].id;
    let killed = tokio::spawn(async move { other.wait_process(WaitProcessRequest { id }).await });
    drop(calls);
    let killed = killed.await.unwrap().unwrap().into_inner().exited.unwrap();
    assert_eq!(killed.signal, libc::SIGKILL);
    assert!(wait_gone(pids[0].pid).await);
    // The other one goes on, and what it writes goes to nobody.
    let kill = KillProcessRequest {
        id: pids[1].id,
        grace: None,
    };
    let ended = processes.kill_process(kill).await.unwrap().into_inner().exited.unwrap();
    assert_eq!(ended.signal, libc::SIGKILL);
}

#[tokio::test]
async fn shutdown_answers_ends_everything_and_leaves_nothing() {
    let mut agent = Agent::start();
    let mut client = agent.client().await;
    let mut polite = Exec::open(&mut client, start(&["sleep", "60"])).await;
    let mut stubborn = Exec::open(&mut client, shell("trap '' TERM; echo; while :; do sleep 60; done")).await;
    polite.started().await;
    stubborn.started().await;
    // The line says that the trap is set.
    stubborn.responses.message().await.unwrap();
    let grace = prost_types::Duration {
        seconds: 0,
        nanos: 200_000_000,
    };
    client.shutdown(ShutdownRequest { grace: Some(grace) }).await.unwrap();
    assert_eq!(polite.finish().await.unwrap().exited.unwrap().signal, 15);
    assert_eq!(stubborn.finish().await.unwrap().exited.unwrap().signal, 9);
    drop(client);
    assert!(agent.process.wait().unwrap().success());
    assert!(!agent.socket.exists());
}

/// Its call has been taken before the shutdown, and says afterwards what it is to start.
#[tokio::test]
async fn a_shutdown_that_has_begun_lets_no_process_start() {
    let mut agent = Agent::start();
    let mut client = agent.client().await;
    let (requests, outgoing) = mpsc::channel(1);
    let call = tokio::spawn({
        let mut client = client.clone();
        async move { client.exec(Outgoing::new(outgoing)).await?.into_inner().message().await }
    });
    // What is answered after it has come after it.
    tokio::task::yield_now().await;
    client.info(InfoRequest {}).await.unwrap();
    client.shutdown(ShutdownRequest { grace: None }).await.unwrap();
    let message = Some(Request::Start(start(&["sleep", "1000"])));
    requests.send(ExecRequest { message }).await.unwrap();
    assert_eq!(call.await.unwrap().unwrap_err().code(), Code::Unavailable);
    drop((client, requests));
    assert!(agent.process.wait().unwrap().success());
}

#[tokio::test]
async fn a_shutdown_asks_with_the_signal_that_the_process_wants_and_it_alone() {
    let mut agent = Agent::start();
    let mut client = agent.client().await;
    // As a server and its worker: whoever is told first says so, and the server tells its worker.
    let script =
        "sh -c \"trap 'echo worker told' QUIT TERM; trap 'exit 0' HUP; echo ready; while :; do sleep 0.01; done\" &
        trap 'echo server told; kill -HUP $!; wait; exit 3' QUIT; while :; do sleep 0.01; done";
    let start = ExecStart {
        stop_signal: libc::SIGQUIT,
        ..shell(script)
    };
    let mut exec = Exec::open(&mut client, start).await;
    exec.started().await;
    exec.until("ready\n").await;
    let grace = Some(prost_types::Duration { seconds: 60, nanos: 0 });
    client.shutdown(ShutdownRequest { grace }).await.unwrap();
    let outcome = exec.finish().await.unwrap();
    assert_eq!((outcome.code(), outcome.text().as_str()), (3, "server told\n"));
    drop(client);
    assert!(agent.process.wait().unwrap().success());
}

#[tokio::test]
async fn what_a_process_left_behind_is_told_when_that_has_ended() {
    let mut agent = Agent::start();
    let mut client = agent.client().await;
    let mut exec = Exec::open(&mut client, shell("sleep 1000 & echo $!; sleep 1000")).await;
    exec.started().await;
    let child = exec.until("\n").await.trim().parse().unwrap();
    let begun = Instant::now();
    let grace = Some(prost_types::Duration { seconds: 60, nanos: 0 });
    client.shutdown(ShutdownRequest { grace }).await.unwrap();
    assert_eq!(exec.finish().await.unwrap().exited.unwrap().signal, libc::SIGTERM);
    drop(client);
    assert!(agent.process.wait().unwrap().success());
    assert!(wait_gone(child).await && begun.elapsed() < Duration::from_secs(30));
}

#[tokio::test]
async fn a_connection_that_stays_open_does_not_hold_the_end_up() {
    let mut agent = Agent::start();
    let mut client = agent.client().await;
    let answered = Instant::now();
    client
        .shutdown(ShutdownRequest {
            grace: Some(prost_types::Duration { seconds: 10, nanos: 0 }),
        })
        .await
        .unwrap();
    let status = tokio::task::spawn_blocking(move || agent.process.wait().unwrap())
        .await
        .unwrap();
    assert!(status.success());
    assert!(
        answered.elapsed() < Duration::from_millis(900),
        "{:?}",
        answered.elapsed()
    );
    drop(client);
}

#[tokio::test]
async fn a_grace_out_of_range_is_refused() {
    let agent = Agent::start();
    let mut client = agent.client().await;
    for seconds in [-1, 3601] {
        let grace = Some(prost_types::Duration { seconds, nanos: 0 });
        assert!(client.shutdown(ShutdownRequest { grace }).await.is_err());
    }
    assert_eq!(
        Exec::open(&mut client, start(&["true"]))
            .await
            .finish()
            .await
            .unwrap()
            .code(),
        0
    );
}
