use crate::agent::{Agent, Exec, run, shell, start};
use guest_agent::content::SENT_BYTES;
use guest_agent::proto::agent::EnvironmentVariable;

#[tokio::test]
async fn stdout_stderr_and_the_exit_code_come_apart() {
    let outcome = run(shell("echo out; echo err >&2; exit 3")).await;
    assert_eq!(
        (outcome.text().as_str(), outcome.stderr.as_slice(), outcome.code()),
        ("out\n", b"err\n".as_slice(), 3)
    );
}

#[tokio::test]
async fn the_environment_is_exactly_what_was_given() {
    let mut request = start(&["env"]);
    request.env.push(EnvironmentVariable {
        name: "A".to_owned(),
        value: "b=c d".to_owned(),
    });
    assert_eq!(run(request).await.text(), "PATH=/usr/bin:/bin\nA=b=c d\n");
}

#[tokio::test]
async fn a_process_has_nothing_but_its_stdio() {
    let script = "ls /proc/self/fd | tr '\\n' ' '; readlink /proc/self/fd/0; ulimit -n; \
                  grep -E 'Sig(Blk|Ign)' /proc/self/status | tr -d '\\t'; umask; pwd";
    let text = run(shell(script)).await.text();
    let lines: Vec<_> = text.lines().collect();
    // 3 is the directory that ls reads.
    assert_eq!(lines[0], "0 1 2 3 /dev/null");
    assert_eq!(
        &lines[1..],
        [
            "1024",
            "SigBlk:0000000000000000",
            "SigIgn:0000000000000000",
            "0022",
            "/"
        ]
    );
}

#[tokio::test]
async fn a_working_directory_is_made_when_missing() {
    let directory = std::env::temp_dir().join(format!("a3s-cwd-{}", std::process::id()));
    let mut request = start(&["pwd"]);
    request.cwd = directory.join("a/b").to_str().unwrap().to_owned();
    let outcome = run(request.clone()).await;
    assert_eq!(outcome.text().trim(), request.cwd);
    std::fs::remove_dir_all(directory).unwrap();
}

#[tokio::test]
async fn stdin_goes_through_and_its_end_too() {
    let agent = Agent::start();
    let mut request = start(&["cat"]);
    request.open_stdin = true;
    let exec = Exec::open(&mut agent.client().await, request).await;
    exec.stdin(b"one ").await;
    exec.stdin(b"two").await;
    exec.close_stdin().await;
    let outcome = exec.finish().await.unwrap();
    assert_eq!((outcome.text().as_str(), outcome.code()), ("one two", 0));
}

#[tokio::test]
async fn a_caller_that_closes_its_direction_ends_stdin_only() {
    let agent = Agent::start();
    let mut request = shell("cat; echo end");
    request.open_stdin = true;
    let mut exec = Exec::open(&mut agent.client().await, request).await;
    exec.stdin(b"x").await;
    exec.requests = tokio::sync::mpsc::channel(1).0;
    assert_eq!(exec.finish().await.unwrap().text(), "xend\n");
}

#[tokio::test]
async fn input_that_nobody_reads_is_dropped() {
    let agent = Agent::start();
    let mut request = shell("exec <&-; sleep 0.2; echo done");
    request.open_stdin = true;
    let exec = Exec::open(&mut agent.client().await, request).await;
    let requests = exec.requests.clone();
    let feeder = tokio::spawn(async move {
        let chunk = guest_agent::proto::agent::ExecRequest {
            message: Some(guest_agent::proto::agent::exec_request::Message::Stdin(vec![
                0;
                64 * 1024
            ])),
        };
        for _ in 0..64 {
            if requests.send(chunk.clone()).await.is_err() {
                return;
            }
        }
    });
    assert_eq!(exec.finish().await.unwrap().text(), "done\n");
    feeder.abort();
}

#[tokio::test]
async fn the_last_output_comes_before_the_exit_even_when_a_grandchild_holds_the_pipe() {
    let outcome = run(shell("sleep 60 & head -c 60000 /dev/zero; echo last; exit 5")).await;
    assert_eq!((outcome.stdout.len(), outcome.code()), (60_005, 5));
    assert!(outcome.largest <= SENT_BYTES);
}
