use crate::agent::{Agent, Exec, run, start};
use guest_agent::content::MAX_BYTES;
use guest_agent::proto::agent::exec_failed::Reason;
use guest_agent::proto::agent::{EnvironmentVariable, ExecStart};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use tonic::Code;

async fn reason(start: ExecStart) -> Reason {
    let outcome = run(start).await;
    let failed = outcome
        .failed
        .as_ref()
        .unwrap_or_else(|| panic!("no failure: {outcome:?}"));
    assert!(outcome.pid == 0 && !failed.message.is_empty());
    failed.reason()
}

#[tokio::test]
async fn what_is_not_there_is_not_found() {
    assert_eq!(reason(start(&["no-such-command"])).await, Reason::NotFound);
    assert_eq!(reason(start(&["/no/such/command"])).await, Reason::NotFound);
    assert_eq!(reason(start(&[""])).await, Reason::NotFound);
}

#[tokio::test]
async fn what_cannot_run_is_not_executable() {
    let directory = std::env::temp_dir().join(format!("a3s-exec-{}", std::process::id()));
    fs::create_dir_all(&directory).unwrap();
    let file = directory.join("script");
    fs::write(&file, "no interpreter").unwrap();
    let path = file.to_str().unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
    assert_eq!(reason(start(&[path])).await, Reason::NotExecutable);
    let mut by_name = start(&["script"]);
    by_name.env = vec![EnvironmentVariable {
        name: "PATH".to_owned(),
        value: directory.to_str().unwrap().to_owned(),
    }];
    assert_eq!(reason(by_name).await, Reason::NotExecutable);
    fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).unwrap();
    assert_eq!(reason(start(&[path])).await, Reason::NotExecutable, "ENOEXEC");
    assert_eq!(reason(start(&["/tmp"])).await, Reason::NotExecutable, "a directory");
    fs::remove_dir_all(directory).unwrap();
}

#[tokio::test]
async fn requests_that_make_no_sense_are_refused() {
    assert_eq!(reason(start(&[])).await, Reason::Invalid);
    let with = |edit: fn(&mut ExecStart)| {
        let mut request = start(&["true"]);
        edit(&mut request);
        request
    };
    assert_eq!(
        reason(with(|request| request.user = "no-such-user".to_owned())).await,
        Reason::BadUser
    );
    assert_eq!(
        reason(with(|request| request.cwd = "relative".to_owned())).await,
        Reason::BadCwd
    );
    assert_eq!(
        reason(with(|request| request.cwd = "/etc/passwd".to_owned())).await,
        Reason::BadCwd
    );
    assert_eq!(
        reason(with(|request| request.argv.push("x".repeat(3 << 20)))).await,
        Reason::Invalid
    );
}

#[tokio::test]
async fn a_broken_protocol_ends_the_call_and_the_process() {
    let agent = Agent::start();
    let mut client = agent.client().await;
    let mut exec = Exec::open(&mut client, start(&["sleep", "60"])).await;
    let pid = exec.started().await;
    exec.signal(65).await;
    assert_eq!(exec.finish().await.unwrap_err().code(), Code::InvalidArgument);
    assert!(crate::agent::wait_gone(pid).await);
    let mut request = start(&["cat"]);
    request.open_stdin = true;
    let exec = Exec::open(&mut client, request).await;
    exec.stdin(&vec![0; MAX_BYTES + 1]).await;
    assert_eq!(exec.finish().await.unwrap_err().code(), Code::InvalidArgument);
}
