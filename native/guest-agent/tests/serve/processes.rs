use crate::agent::{Agent, Exec, shell, start, wait_gone};
use guest_agent::proto::agent::{
    ExecStart, KillProcessRequest, ListProcessesRequest, ListProcessesResponse, SignalProcessRequest,
    WaitProcessRequest,
};
use std::time::{Duration, Instant};
use tonic::Code;

fn seconds(seconds: i64) -> Option<prost_types::Duration> {
    Some(prost_types::Duration { seconds, nanos: 0 })
}

async fn list(agent: &Agent) -> Vec<ListProcessesResponse> {
    let mut processes = agent.processes().await;
    let mut stream = processes
        .list_processes(ListProcessesRequest {})
        .await
        .unwrap()
        .into_inner();
    let mut listed = Vec::new();
    while let Some(process) = stream.message().await.unwrap() {
        listed.push(process);
    }
    listed
}

#[tokio::test]
async fn another_caller_sees_signals_and_awaits_a_process() {
    let agent = Agent::start();
    assert_eq!(list(&agent).await.len(), 0);
    let mut exec = Exec::open(&mut agent.client().await, start(&["sleep", "60"])).await;
    let started = exec.begin().await;
    let listed = list(&agent).await;
    assert_eq!(listed.len(), 1);
    assert_eq!((listed[0].id, listed[0].pid), (started.id, started.pid));
    assert_eq!(listed[0].argv, ["sleep", "60"]);
    assert!(!listed[0].terminal && !listed[0].detached);
    let age = std::time::SystemTime::now()
        .duration_since(listed[0].started_at.unwrap().try_into().unwrap())
        .unwrap();
    assert!(age < Duration::from_secs(60));

    let id = started.id;
    let mut processes = agent.processes().await;
    let mut other = processes.clone();
    let waiting = tokio::spawn(async move { other.wait_process(WaitProcessRequest { id }).await });
    processes
        .signal_process(SignalProcessRequest {
            id,
            number: libc::SIGUSR1,
        })
        .await
        .unwrap();
    let waited = waiting.await.unwrap().unwrap().into_inner().exited.unwrap();
    assert_eq!((waited.code, waited.signal), (128 + libc::SIGUSR1, libc::SIGUSR1));
    assert_eq!(exec.finish().await.unwrap().exited, Some(waited));
    assert_eq!(list(&agent).await.len(), 0);
    // Its end is remembered.
    let again = processes
        .wait_process(WaitProcessRequest { id })
        .await
        .unwrap()
        .into_inner();
    assert_eq!(again.exited, Some(waited));
    let late = processes
        .signal_process(SignalProcessRequest { id, number: 15 })
        .await
        .unwrap_err();
    assert_eq!(late.code(), Code::NotFound);
}

#[tokio::test]
async fn a_signal_overtakes_stdin_that_nobody_reads() {
    let agent = Agent::start();
    let start = ExecStart {
        open_stdin: true,
        ..start(&["sleep", "60"])
    };
    let mut exec = Exec::open(&mut agent.client().await, start).await;
    let id = exec.begin().await.id;
    let requests = exec.requests.clone();
    let feeding = tokio::spawn(async move {
        let chunk = guest_agent::proto::agent::exec_request::Message::Stdin(vec![0; 65536]);
        let chunk = guest_agent::proto::agent::ExecRequest { message: Some(chunk) };
        while requests.send(chunk.clone()).await.is_ok() {}
    });
    agent
        .processes()
        .await
        .signal_process(SignalProcessRequest { id, number: 15 })
        .await
        .unwrap();
    assert_eq!(exec.finish().await.unwrap().exited.unwrap().signal, 15);
    feeding.await.unwrap();
}

#[tokio::test]
async fn kill_is_polite_within_its_grace_and_answers_the_end() {
    let agent = Agent::start();
    let mut client = agent.client().await;
    let mut processes = agent.processes().await;
    let script = "trap 'exit 5' TERM; echo ready; while :; do sleep 0.01; done";
    let mut polite = Exec::open(&mut client, shell(script)).await;
    let id = polite.begin().await.id;
    polite.until("ready").await;
    let answer = processes
        .kill_process(KillProcessRequest { id, grace: seconds(60) })
        .await
        .unwrap();
    assert_eq!(answer.into_inner().exited.unwrap().code, 5);
    let mut stubborn = Exec::open(
        &mut client,
        shell("trap '' TERM; echo ready; while :; do sleep 0.01; done"),
    )
    .await;
    let id = stubborn.begin().await.id;
    stubborn.until("ready").await;
    let began = Instant::now();
    let grace = Some(prost_types::Duration {
        seconds: 0,
        nanos: 200_000_000,
    });
    let answer = processes.kill_process(KillProcessRequest { id, grace }).await.unwrap();
    assert_eq!(answer.into_inner().exited.unwrap().signal, 9);
    assert!(began.elapsed() >= Duration::from_millis(200));
}

#[tokio::test]
async fn what_cannot_be_asked_is_refused() {
    let agent = Agent::start();
    let mut processes = agent.processes().await;
    let unknown = processes.wait_process(WaitProcessRequest { id: 77 }).await.unwrap_err();
    assert_eq!(unknown.code(), Code::NotFound);
    for number in [0, 65, -9] {
        let refused = processes
            .signal_process(SignalProcessRequest { id: 1, number })
            .await
            .unwrap_err();
        assert_eq!(refused.code(), Code::InvalidArgument);
    }
    for grace in [seconds(-1), seconds(3601)] {
        let refused = processes
            .kill_process(KillProcessRequest { id: 1, grace })
            .await
            .unwrap_err();
        assert_eq!(refused.code(), Code::InvalidArgument);
    }
}

#[tokio::test]
async fn a_detached_process_outlives_its_call_and_writes_to_nobody() {
    let agent = Agent::start();
    // More than its pipes hold: it would block, or end by SIGPIPE, if nobody took it.
    let start = ExecStart {
        detach: true,
        open_stdin: true,
        ..shell("echo ready; cat; head -c 1000000 /dev/zero; sleep 0.1; exit 6")
    };
    let mut exec = Exec::open(&mut agent.client().await, start).await;
    let id = exec.begin().await.id;
    exec.until("ready").await;
    drop(exec);
    let mut processes = agent.processes().await;
    let waited = processes
        .wait_process(WaitProcessRequest { id })
        .await
        .unwrap()
        .into_inner();
    assert_eq!(waited.exited.unwrap().code, 6);
}

#[tokio::test]
async fn a_timeout_ends_the_process_detached_or_not() {
    let agent = Agent::start();
    let mut client = agent.client().await;
    for detach in [false, true] {
        let timeout = Some(prost_types::Duration {
            seconds: 0,
            nanos: 100_000_000,
        });
        let start = ExecStart {
            detach,
            timeout,
            ..shell("echo some; sleep 60 & wait")
        };
        let mut exec = Exec::open(&mut client, start).await;
        let started = exec.begin().await;
        let exited = if detach {
            drop(exec);
            let request = WaitProcessRequest { id: started.id };
            agent
                .processes()
                .await
                .wait_process(request)
                .await
                .unwrap()
                .into_inner()
                .exited
        } else {
            let outcome = exec.finish().await.unwrap();
            assert_eq!(outcome.text(), "some\n");
            outcome.exited
        };
        let exited = exited.unwrap();
        assert_eq!((exited.code, exited.signal, exited.timed_out), (137, 9, true));
        assert!(wait_gone(started.pid).await);
    }
    let in_time = ExecStart {
        timeout: seconds(60),
        ..start(&["true"])
    };
    let outcome = Exec::open(&mut client, in_time).await.finish().await.unwrap();
    assert!(!outcome.exited.unwrap().timed_out);
}

#[tokio::test]
async fn a_grace_lets_the_process_end_by_itself_when_its_caller_goes() {
    let agent = Agent::start();
    let note = std::env::temp_dir().join(format!("a3s-grace-{}", std::process::id()));
    // What it says while it ends would kill it if the pipe were closed.
    let script = format!(
        "trap 'echo ending; echo done > {}; exit' TERM; echo ready; while :; do sleep 0.01; done",
        note.display()
    );
    let start = ExecStart {
        kill_grace: seconds(60),
        ..shell(&script)
    };
    let mut exec = Exec::open(&mut agent.client().await, start).await;
    let pid = exec.started().await;
    exec.until("ready").await;
    drop(exec);
    assert!(wait_gone(pid).await);
    assert_eq!(std::fs::read_to_string(&note).unwrap(), "done\n");
    std::fs::remove_file(note).unwrap();
}
