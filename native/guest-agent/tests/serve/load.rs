use crate::agent::{Agent, Exec, run, shell, start};
use guest_agent::content::MAX_BYTES;
use guest_agent::proto::agent::exec_request::Message as Request;
use guest_agent::proto::agent::exec_response::Message as Response;
use guest_agent::proto::agent::{ExecRequest, ExecStart};
use rustix::fs::{Mode, OFlags, open};
use rustix::pipe::fcntl_getpipe_size;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::timeout;

const MIB: usize = 1 << 20;
const TRANSFER: usize = 64 * MIB;
/// More than this in one read is bulk.
const BULK: usize = 32 * 1024;

#[tokio::test]
async fn a_slow_reader_stops_the_writer_instead_of_filling_memory() {
    let agent = Agent::start();
    // This side's window is one for all calls of a connection.
    let (mut client, mut other) = (agent.client().await, agent.client().await);
    let before = agent.resident_kib();
    let mut exec = Exec::open(&mut client, start(&["head", "-c", &TRANSFER.to_string(), "/dev/zero"])).await;
    let mut received = 0;
    let mut peak = 0;
    while let Some(response) = exec.responses.message().await.unwrap() {
        if let Some(Response::Stdout(bytes)) = response.message {
            let (before, after) = (received / MIB, (received + bytes.len()) / MIB);
            received += bytes.len();
            if before != after {
                // The time of a whole process: the agent could go on meanwhile.
                Exec::open(&mut other, start(&["true"])).await.finish().await.unwrap();
                peak = peak.max(agent.resident_kib());
            }
        }
    }
    assert_eq!(received, TRANSFER);
    assert!(peak - before < 8 * 1024, "the agent grew from {before} to {peak} KiB");
}

/// Sends stdin until nobody takes it any more, and answers how much of it was taken so far.
fn flood(requests: mpsc::Sender<ExecRequest>, bytes: usize) -> Arc<AtomicUsize> {
    let taken = Arc::new(AtomicUsize::new(0));
    let count = taken.clone();
    tokio::spawn(async move {
        for _ in 0..bytes / MAX_BYTES {
            let message = Some(Request::Stdin(vec![1; MAX_BYTES]));
            if requests.send(ExecRequest { message }).await.is_err() {
                return;
            }
            count.fetch_add(MAX_BYTES, Ordering::Relaxed);
        }
        let message = Some(Request::StdinClose(Default::default()));
        let _ = requests.send(ExecRequest { message }).await;
    });
    taken
}

#[tokio::test]
async fn stdin_flows_back_too() {
    let agent = Agent::start();
    let mut client = agent.client().await;
    let before = agent.resident_kib();
    let gate = Gate::new();
    let request = ExecStart {
        open_stdin: true,
        ..shell(&format!("read go < {}; wc -c", gate.path()))
    };
    let exec = Exec::open(&mut client, request).await;
    let taken = flood(exec.requests.clone(), TRANSFER);
    // As long as another one needs for as much, the process has not read a byte.
    let other = Exec::open(&mut client, start(&["head", "-c", &TRANSFER.to_string(), "/dev/zero"])).await;
    assert_eq!(other.finish().await.unwrap().stdout.len(), TRANSFER);
    let grown = agent.resident_kib() - before;
    assert!(grown < 8 * 1024, "the agent grew by {grown} KiB");
    assert!(taken.load(Ordering::Relaxed) < 16 * MIB);
    gate.open().await;
    assert_eq!(exec.finish().await.unwrap().text().trim(), TRANSFER.to_string());
}

#[tokio::test]
async fn sixty_four_mebibytes_go_through_a_process_and_back() {
    let agent = Agent::start();
    let request = ExecStart {
        open_stdin: true,
        ..start(&["cat"])
    };
    let mut exec = Exec::open(&mut agent.client().await, request).await;
    let requests = exec.requests.clone();
    // A period that no power of two divides: a piece that is lost, doubled or out of order shows.
    let bytes: Arc<Vec<u8>> = Arc::new((0..TRANSFER).map(|at| (at % 251) as u8).collect());
    let sent = bytes.clone();
    tokio::spawn(async move {
        for piece in sent.chunks(MAX_BYTES) {
            let message = Some(Request::Stdin(piece.to_vec()));
            requests.send(ExecRequest { message }).await.unwrap();
        }
        let message = Some(Request::StdinClose(Default::default()));
        requests.send(ExecRequest { message }).await.unwrap();
    });
    let mut at = 0;
    while let Some(response) = exec.next().await {
        if let Response::Stdout(piece) = response {
            assert!(piece == bytes[at..at + piece.len()], "wrong from {at} on");
            at += piece.len();
        }
    }
    assert_eq!(at, TRANSFER);
}

#[tokio::test]
async fn processes_that_read_nothing_hold_back_no_other_call_of_their_connection() {
    let agent = Agent::start();
    let mut client = agent.client().await;
    let mut stalled = Vec::new();
    let all = async {
        for _ in 0..64 {
            let request = ExecStart {
                open_stdin: true,
                ..start(&["sleep", "1000"])
            };
            let mut exec = Exec::open(&mut client, request).await;
            exec.started().await;
            flood(exec.requests.clone(), 4 * MIB);
            stalled.push(exec);
        }
        let request = ExecStart {
            open_stdin: true,
            ..start(&["wc", "-c"])
        };
        let exec = Exec::open(&mut client, request).await;
        flood(exec.requests.clone(), 4 * MIB);
        exec.finish().await.unwrap()
    };
    let outcome = timeout(Duration::from_secs(30), all).await.expect("one of them waits");
    assert_eq!(outcome.text().trim(), (4 * MIB).to_string());
    // Of the pipes that nobody reads few are wide.
    let wide = wide_pipes(agent.process.id());
    assert!((1..=16).contains(&wide), "{wide} pipes are wide");
}

#[tokio::test]
async fn of_commands_whose_output_nobody_reads_few_have_a_wide_pipe() {
    let agent = Agent::start();
    let mut stalled = Vec::new();
    for _ in 0..24 {
        // This side's window is one for all calls of a connection.
        let mut client = agent.client().await;
        let mut exec = Exec::open(&mut client, start(&["cat", "/dev/zero"])).await;
        let bulk = async {
            while let Some(response) = exec.next().await {
                if matches!(response, Response::Stdout(bytes) if bytes.len() > BULK) {
                    return;
                }
            }
            panic!("it has ended");
        };
        timeout(Duration::from_secs(30), bulk).await.expect("it gives no bulk");
        stalled.push((client, exec));
    }
    let wide = wide_pipes(agent.process.id());
    assert!((1..=16).contains(&wide), "{wide} pipes are wide");
}

/// How many pipes of a process hold a MiB.
fn wide_pipes(pid: u32) -> usize {
    let descriptors = std::fs::read_dir(format!("/proc/{pid}/fd")).unwrap();
    let pipes = descriptors.flatten().map(|entry| entry.path()).filter(|path| {
        let target = std::fs::read_link(path).unwrap_or_default();
        target.to_string_lossy().starts_with("pipe:")
    });
    let flags = OFlags::WRONLY | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let sizes = pipes.filter_map(|path| fcntl_getpipe_size(open(path, flags, Mode::empty()).ok()?).ok());
    sizes.filter(|size| *size >= MIB).count()
}

#[tokio::test]
async fn a_thousand_instant_exits_at_once_lose_no_byte_and_no_status() {
    let agent = Agent::start();
    // h2 gives a connection up on which too many small frames wait to be read: on a busy machine 1000 calls have more than it bears.
    let mut clients = Vec::new();
    for _ in 0..5 {
        clients.push(agent.client().await);
    }
    let mut calls = Vec::new();
    for number in 0..1000 {
        let mut client = clients[number as usize % clients.len()].clone();
        calls.push(tokio::spawn(async move {
            let request = shell(&format!("echo {number}; echo not {number} >&2; exit {}", number % 256));
            let outcome = Exec::open(&mut client, request).await.finish().await.unwrap();
            (number, outcome)
        }));
    }
    for call in calls {
        let (number, outcome) = call.await.unwrap();
        assert_eq!(outcome.code(), number % 256);
        assert_eq!(outcome.text(), format!("{number}\n"));
        assert_eq!(outcome.stderr, format!("not {number}\n").into_bytes());
    }
}

#[tokio::test]
async fn a_process_that_closes_its_output_lives_on_until_its_end() {
    let gate = Gate::new();
    let script = format!("echo last; exec >&- 2>&-; read go < {}; exit 7", gate.path());
    let agent = Agent::start();
    let mut exec = Exec::open(&mut agent.client().await, shell(&script)).await;
    let pid = exec.started().await;
    exec.until("last\n").await;
    assert_eq!(unsafe { libc::kill(pid, 0) }, 0);
    gate.open().await;
    assert_eq!(exec.finish().await.unwrap().code(), 7);
}

#[tokio::test]
async fn a_daemon_that_a_process_leaves_behind_does_not_hold_up_its_end() {
    // Its output is the process's, and it has a session of its own.
    let outcome = run(shell("setsid sleep 1000 & echo $!; exit 3")).await;
    assert_eq!(outcome.code(), 3);
    unsafe { libc::kill(outcome.text().trim().parse().unwrap(), libc::SIGKILL) };
}

/// A FIFO that a process reads from, so that it goes on when it is told to.
struct Gate(std::path::PathBuf);

impl Gate {
    fn new() -> Self {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("a3s-gate-{}-{number}", std::process::id()));
        let mode = rustix::fs::Mode::from_raw_mode(0o600);
        rustix::fs::mknodat(rustix::fs::CWD, &path, rustix::fs::FileType::Fifo, mode, 0).unwrap();
        Self(path)
    }

    fn path(&self) -> &str {
        self.0.to_str().unwrap()
    }

    /// Waits for the process to be there.
    async fn open(&self) {
        let path = self.0.clone();
        let opened = tokio::task::spawn_blocking(move || std::fs::write(path, "\n"));
        opened.await.unwrap().unwrap();
    }
}

impl Drop for Gate {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}
