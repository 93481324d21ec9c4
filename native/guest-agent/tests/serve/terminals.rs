use crate::agent::{Agent, Exec, run, shell, start, wait_gone};
use guest_agent::proto::agent::{ExecStart, ResizeTerminalRequest, TerminalSize};

const SIZE: TerminalSize = TerminalSize { columns: 101, rows: 33 };

fn on_terminal(start: ExecStart) -> ExecStart {
    ExecStart {
        terminal: Some(SIZE),
        open_stdin: true,
        ..start
    }
}

#[tokio::test]
async fn a_process_leads_a_session_with_a_terminal_of_the_given_size() {
    let script = "tty; stty size; test -t 0 && test -t 1 && test -t 2 && echo whole; tty </dev/tty; ps -o sid=,tpgid= -p $$; echo $$ $$; echo err >&2";
    let outcome = run(on_terminal(shell(script))).await;
    let text = outcome.text();
    let lines: Vec<_> = text.split("\r\n").collect();
    assert!(lines[0].starts_with("/dev/pts/"), "{text:?}");
    assert_eq!(&lines[1..3], ["33 101", "whole"]);
    let numbers = |line: &str| line.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(numbers(lines[4]), numbers(lines[5]), "{text:?}");
    assert_eq!(lines[6], "err");
    assert!(outcome.stderr.is_empty());
}

#[tokio::test]
async fn ctrl_c_interrupts_and_is_130() {
    let agent = Agent::start();
    let mut exec = Exec::open(&mut agent.client().await, on_terminal(shell("echo ready; exec cat"))).await;
    exec.started().await;
    exec.until("ready").await;
    exec.stdin(b"\x03").await;
    let outcome = exec.finish().await.unwrap();
    let exited = outcome.exited.unwrap();
    assert_eq!((exited.code, exited.signal), (130, 2));
    assert!(outcome.text().ends_with("^C"), "{outcome:?}");
}

#[tokio::test]
async fn a_resize_is_seen_and_signalled() {
    let agent = Agent::start();
    let script = "trap 'stty size; exit 7' WINCH; echo ready; while :; do sleep 0.01; done";
    let mut exec = Exec::open(&mut agent.client().await, on_terminal(shell(script))).await;
    let id = exec.begin().await.id;
    exec.until("ready").await;
    let size = Some(TerminalSize { columns: 200, rows: 50 });
    let mut processes = agent.processes().await;
    processes
        .resize_terminal(ResizeTerminalRequest { id, size })
        .await
        .unwrap();
    let outcome = exec.finish().await.unwrap();
    assert_eq!((outcome.code(), outcome.text().trim()), (7, "50 200"));
    for size in [
        None,
        Some(TerminalSize {
            columns: 1,
            rows: 65536,
        }),
    ] {
        let refused = processes
            .resize_terminal(ResizeTerminalRequest { id, size })
            .await
            .unwrap_err();
        assert_eq!(refused.code(), tonic::Code::InvalidArgument);
    }
    let ended = processes
        .resize_terminal(ResizeTerminalRequest { id, size })
        .await
        .unwrap_err();
    assert_eq!(ended.code(), tonic::Code::NotFound);
}

#[tokio::test]
async fn the_end_of_stdin_is_typed_also_in_the_middle_of_a_line() {
    for input in ["one\ntwo\n", "one\ntwo"] {
        let agent = Agent::start();
        let script = "stty -echo; echo ready; cat; echo end";
        let mut exec = Exec::open(&mut agent.client().await, on_terminal(shell(script))).await;
        exec.started().await;
        exec.until("ready\r\n").await;
        exec.stdin(input.as_bytes()).await;
        exec.close_stdin().await;
        let outcome = exec.finish().await.unwrap();
        assert_eq!(outcome.code(), 0);
        assert_eq!(outcome.text(), format!("{}end\r\n", input.replace('\n', "\r\n")));
    }
}

#[tokio::test]
async fn nothing_that_was_written_before_the_exit_is_lost() {
    for length in [4095, 12_000, 300_000] {
        // A child that goes on holds the terminal open.
        let script = format!("stty raw; head -c {length} /dev/zero; (trap '' HUP; sleep 60) & exit 3");
        let agent = Agent::start();
        let outcome = Exec::open(&mut agent.client().await, on_terminal(shell(&script))).await;
        let outcome = outcome.finish().await.unwrap();
        assert_eq!((outcome.code(), outcome.stdout.len()), (3, length));
    }
}

#[tokio::test]
async fn a_terminal_may_be_left_and_opened_again() {
    let outcome = run(on_terminal(shell("exec <&- >&- 2>&-; sleep 0.1; echo back >/dev/tty"))).await;
    assert_eq!(outcome.text(), "back\r\n");
}

#[tokio::test]
async fn a_caller_that_goes_hangs_up_and_the_stubborn_are_killed() {
    let agent = Agent::start();
    let mut client = agent.client().await;
    let directory = std::env::temp_dir().join(format!("a3s-hup-{}", std::process::id()));
    let note = directory.display();
    let script = format!("trap 'echo hup > {note}; exit' HUP; echo ready; while :; do sleep 0.01; done");
    let mut polite = Exec::open(&mut client, on_terminal(shell(&script))).await;
    let mut stubborn = Exec::open(
        &mut client,
        on_terminal(shell("trap '' HUP; echo ready; while :; do sleep 0.01; done")),
    )
    .await;
    let pids = [polite.started().await, stubborn.started().await];
    polite.until("ready").await;
    stubborn.until("ready").await;
    drop((polite, stubborn));
    for pid in pids {
        assert!(wait_gone(pid).await);
    }
    assert_eq!(std::fs::read_to_string(&directory).unwrap(), "hup\n");
    std::fs::remove_file(&directory).unwrap();
}

#[tokio::test]
async fn a_user_owns_the_terminal_and_the_pipes() {
    if unsafe { libc::geteuid() } != 0 {
        // Only root can start processes as somebody else.
        return;
    }
    let script = "echo out >/dev/stdout; echo err >/dev/stderr; id -u";
    let as_nobody = |start: ExecStart| ExecStart {
        user: "65534".to_owned(),
        ..start
    };
    let outcome = run(as_nobody(shell(script))).await;
    assert_eq!(
        (outcome.text().as_str(), outcome.stderr.as_slice()),
        ("out\n65534\n", b"err\n".as_slice())
    );
    let outcome = run(as_nobody(on_terminal(shell(&format!(
        "{script}; test -O $(tty) && echo mine"
    )))))
    .await;
    assert_eq!(outcome.text(), "out\r\nerr\r\n65534\r\nmine\r\n");
}

#[tokio::test]
async fn a_terminal_without_a_size_is_refused() {
    let terminal = Some(TerminalSize { columns: 0, rows: 1 });
    let outcome = run(ExecStart {
        terminal,
        ..start(&["true"])
    })
    .await;
    assert!(outcome.failed.unwrap().message.contains("0 columns"));
}
