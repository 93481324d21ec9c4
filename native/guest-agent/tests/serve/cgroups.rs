use crate::agent::{Agent, Exec, shell, start, wait_gone};
use guest_agent::proto::agent::{ExecStart, KillProcessRequest, SignalProcessRequest, WaitProcessRequest};
use std::path::PathBuf;

/// A group for one agent of a test, where root has a cgroup v2 hierarchy to make it in.
struct Place(PathBuf);

impl Place {
    fn make(name: &str) -> Option<Self> {
        let mounts = std::fs::read_to_string("/proc/mounts").unwrap();
        let hierarchy = mounts.lines().find_map(|line| {
            let mut fields = line.split(' ');
            let path = fields.nth(1)?;
            (fields.next() == Some("cgroup2")).then(|| PathBuf::from(path))
        })?;
        let place = hierarchy.join(format!("a3s-test-{name}-{}", std::process::id()));
        std::fs::create_dir(&place).ok()?;
        Some(Self(place))
    }

    fn agent(&self) -> Agent {
        Agent::start_with(&["--cgroups", self.0.to_str().unwrap()])
    }

    /// The groups of processes.
    fn groups(&self, agent: &Agent) -> usize {
        let own = self.0.join(format!("a3s-{}", agent.process.id()));
        let entries = std::fs::read_dir(own).map(|entries| entries.flatten().collect::<Vec<_>>());
        let entries = entries.unwrap_or_default();
        entries.iter().filter(|entry| entry.path().is_dir()).count()
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = std::fs::write(self.0.join("cgroup.kill"), "1");
        for entry in std::fs::read_dir(&self.0).into_iter().flatten().flatten() {
            let _ = std::fs::remove_dir(entry.path());
        }
        let _ = std::fs::remove_dir(&self.0);
    }
}

/// Starts a process that has a child in a session of its own, whose parent has gone, and says that child's number.
const ESCAPEE: &str = "(setsid sh -c 'echo $$; exec sleep 1000' </dev/null 2>/dev/null &); ";

async fn with_escapee(agent: &Agent, script: &str) -> (Exec, u64, i32) {
    let start = ExecStart {
        open_stdin: true,
        ..shell(&format!("{ESCAPEE}{script}"))
    };
    let mut exec = Exec::open(&mut agent.client().await, start).await;
    let id = exec.begin().await.id;
    let line = exec.until("\n").await;
    (exec, id, line.trim().parse().unwrap())
}

fn alive(pid: i32) -> bool {
    unsafe { libc::kill(pid, 0) == 0 }
}

#[tokio::test]
async fn what_has_left_the_group_dies_with_the_call() {
    let Some(place) = Place::make("call") else { return };
    let agent = place.agent();
    let (exec, _, escapee) = with_escapee(&agent, "sleep 1000").await;
    assert!(alive(escapee));
    assert_eq!(place.groups(&agent), 1);
    drop(exec);
    assert!(wait_gone(escapee).await);
    // The group is removed in the turn in which the agent learns of the end; another call comes later.
    let outcome = Exec::open(&mut agent.client().await, start(&["true"]))
        .await
        .finish()
        .await;
    assert_eq!(outcome.unwrap().code(), 0);
    assert_eq!(settled(&place, &agent).await, 0);
}

#[tokio::test]
async fn a_kill_and_a_timeout_reach_everything() {
    let Some(place) = Place::make("kill") else { return };
    let agent = place.agent();
    let (exec, id, escapee) = with_escapee(&agent, "sleep 1000").await;
    let mut processes = agent.processes().await;
    processes
        .kill_process(KillProcessRequest { id, grace: None })
        .await
        .unwrap();
    assert!(wait_gone(escapee).await);
    assert_eq!(exec.finish().await.unwrap().exited.unwrap().signal, 9);

    let timeout = Some(prost_types::Duration {
        seconds: 0,
        nanos: 900_000_000,
    });
    let start = ExecStart {
        timeout,
        ..shell(&format!("{ESCAPEE} sleep 1000"))
    };
    let mut exec = Exec::open(&mut agent.client().await, start).await;
    exec.begin().await;
    let escapee = exec.until("\n").await.trim().parse().unwrap();
    assert!(exec.finish().await.unwrap().exited.unwrap().timed_out);
    assert!(wait_gone(escapee).await);
    assert_eq!(settled(&place, &agent).await, 0);
}

#[tokio::test]
async fn what_a_process_leaves_behind_runs_on_until_it_is_killed() {
    let Some(place) = Place::make("left") else { return };
    let agent = place.agent();
    let (exec, id, escapee) = with_escapee(&agent, "read line; exit 3").await;
    exec.close_stdin().await;
    assert_eq!(exec.finish().await.unwrap().code(), 3);
    assert!(alive(escapee));
    let mut processes = agent.processes().await;
    let late = processes
        .signal_process(SignalProcessRequest { id, number: 15 })
        .await
        .unwrap_err();
    assert_eq!(late.code(), tonic::Code::NotFound);
    let killed = processes
        .kill_process(KillProcessRequest { id, grace: None })
        .await
        .unwrap()
        .into_inner();
    assert_eq!(killed.exited.unwrap().code, 3);
    assert!(wait_gone(escapee).await);
    let waited = processes
        .wait_process(WaitProcessRequest { id })
        .await
        .unwrap()
        .into_inner();
    assert_eq!(waited.exited.unwrap().code, 3);
    assert_eq!(settled(&place, &agent).await, 0);
}

#[tokio::test]
async fn a_fork_bomb_dies_as_a_whole() {
    let Some(place) = Place::make("bomb") else { return };
    let agent = place.agent();
    let script = "bomb() { i=0; while [ $i -lt 200 ]; do setsid sleep 1000 & i=$((i+1)); done; echo $!; wait; }; bomb";
    let mut exec = Exec::open(&mut agent.client().await, shell(script)).await;
    exec.begin().await;
    exec.until("\n").await;
    drop(exec);
    assert_eq!(settled(&place, &agent).await, 0);
}

#[tokio::test]
async fn groups_go_with_their_processes_also_of_commands_that_do_not_exist() {
    let Some(place) = Place::make("gone") else { return };
    let agent = place.agent();
    let mut client = agent.client().await;
    for round in 0..20 {
        let command = if round % 2 == 0 { "true" } else { "no-such-command" };
        Exec::open(&mut client, start(&[command])).await.finish().await.unwrap();
    }
    // A process may divide its own group further.
    let own = place.0.display();
    let script = format!(
        "cd {own}$(cut -d: -f3 /proc/self/cgroup | tail -1 | sed 's|.*\\(/a3s-[0-9]*/exec-[0-9]*\\)$|\\1|') && mkdir -p in/ner && pwd"
    );
    let outcome = Exec::open(&mut client, shell(&script)).await.finish().await.unwrap();
    assert!(outcome.text().contains("/exec-"), "{outcome:?}");
    assert_eq!(settled(&place, &agent).await, 0);
}

#[tokio::test]
async fn the_agent_takes_its_own_directory_with_it() {
    let Some(place) = Place::make("agent") else { return };
    let mut agent = place.agent();
    let mut client = agent.client().await;
    Exec::open(&mut client, start(&["true"])).await.finish().await.unwrap();
    client
        .shutdown(guest_agent::proto::agent::ShutdownRequest::default())
        .await
        .unwrap();
    drop(client);
    assert!(agent.process.wait().unwrap().success());
    let left = std::fs::read_dir(&place.0)
        .unwrap()
        .flatten()
        .filter(|entry| entry.path().is_dir());
    assert_eq!(left.count(), 0);
}

#[tokio::test]
async fn a_shutdown_tells_also_what_has_left_its_session() {
    let Some(place) = Place::make("shutdown") else { return };
    let mut agent = place.agent();
    let mut client = agent.client().await;
    let (exec, _, escapee) = with_escapee(&agent, "read line; exit 3").await;
    exec.close_stdin().await;
    assert_eq!(exec.finish().await.unwrap().code(), 3);
    let grace = Some(prost_types::Duration { seconds: 60, nanos: 0 });
    client
        .shutdown(guest_agent::proto::agent::ShutdownRequest { grace })
        .await
        .unwrap();
    drop(client);
    assert!(agent.process.wait().unwrap().success());
    assert!(wait_gone(escapee).await);
}

/// The groups that are there when the agent has dealt with every end so far: each `true` passes its event loop a few
/// times.
async fn settled(place: &Place, agent: &Agent) -> usize {
    for _ in 0..100 {
        let groups = place.groups(agent);
        if groups == 0 {
            return 0;
        }
        let outcome = Exec::open(&mut agent.client().await, start(&["sleep", "0.02"]))
            .await
            .finish()
            .await;
        assert_eq!(outcome.unwrap().code(), 0);
    }
    place.groups(agent)
}
