//! `a3s-agent` as PID 1 boots the guest; `a3s-agent serve --unix PATH` serves the same services on a Unix socket,
//! without touching the system it runs on. With `--cgroups DIR` it puts each process into a cgroup below that directory; with
//! `--main FILE` it has the main process that an a3s.boot.v1.MainProcess in that file describes, which writes to the
//! descriptors 3 and 4, and it ends with that one's exit code.

use guest_agent::boot::MainPlan;
use guest_agent::exec::{Context, Log, StreamPort};
use guest_agent::power::Power;
use guest_agent::proto::boot::MainProcess;
use guest_agent::reaper::Reaper;
use guest_agent::rpc::{Health, Services, serve};
use guest_agent::shutdown::{self, Reach};
use guest_agent::signals::Signals;
use guest_agent::trigger::Trigger;
use guest_agent::{VERSION, boot, system, transport};
use prost::Message;
use rustix::fs::{OFlags, fcntl_setfl};
use std::fs::File;
use std::io;
use std::os::fd::{FromRawFd, OwnedFd};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::runtime::Builder;
use tokio::sync::watch;

/// For processes that are still there when the test agent is told to end.
const SERVE_GRACE: Duration = Duration::from_secs(1);

fn main() {
    if std::process::id() == 1 {
        let power = Power::open();
        match Builder::new_current_thread().enable_all().build() {
            Ok(runtime) => runtime.block_on(boot::run(&power)),
            Err(error) => panic!("no runtime: {error}"),
        }
    }
    let arguments: Vec<_> = std::env::args_os().skip(1).collect();
    let words: Vec<_> = arguments.iter().filter_map(|argument| argument.to_str()).collect();
    let result = match words.as_slice() {
        ["--version"] => {
            println!("a3s-agent {VERSION}");
            Ok(0)
        }
        ["serve", "--unix", path] => serve_unix(path, None, None),
        ["serve", "--unix", path, "--cgroups", directory] => serve_unix(path, Some(directory), None),
        ["serve", "--unix", path, "--main", file] => serve_unix(path, None, Some(file)),
        _ => {
            eprintln!(
                "usage: a3s-agent serve --unix PATH [--cgroups DIR | --main FILE] | a3s-agent --version (without arguments it is PID 1 of a guest)"
            );
            std::process::exit(64);
        }
    };
    std::process::exit(result.unwrap_or_else(|error| {
        eprintln!("a3s-agent: {error}");
        1
    }));
}

fn serve_unix(path: &str, cgroups: Option<&str>, main: Option<&str>) -> io::Result<i32> {
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let result = runtime.block_on(serve_until_told(Path::new(path), cgroups, main));
    let _ = std::fs::remove_file(path);
    result
}

async fn serve_until_told(path: &Path, cgroups: Option<&str>, main: Option<&str>) -> io::Result<i32> {
    let main = main.map(read_main).transpose()?;
    let cgroups = cgroups.map(File::open).transpose()?.map(OwnedFd::from);
    system::forbid_tracing();
    system::close_inherited_on_exec();
    system::reset_signals();
    system::raise_nofile();
    // Orphans come here as they come to PID 1.
    let _ = rustix::process::set_child_subreaper(Some(rustix::process::getpid()));
    let signals = Signals::block(&[libc::SIGCHLD, libc::SIGTERM, libc::SIGINT])?;
    let listener = transport::unix::listen(path)?;
    let reaper = Arc::new(Reaper::default());
    let (serving, health) = watch::channel(true);
    let trigger = Trigger::default();
    let context = Arc::new(Context::new(reaper.clone(), cgroups));
    let services = Services::new(&context, trigger.clone(), Health::new(health));
    let contents = services.contents();
    let server = serve(listener, services, contents);
    tokio::spawn(attend(signals, reaper.clone(), trigger.clone()));
    if let Some(plan) = main {
        let log = inherited_log()?;
        let started = plan.carry_out(&context, log, &trigger).await;
        started.map_err(|failure| io::Error::other(failure.message))?;
    }
    println!("serving {}", path.display());
    let grace = trigger.grace().await;
    shutdown::run(grace, Reach::Sessions, &context, &serving, server).await;
    Ok(context.main().and_then(|main| main.exit_code()).unwrap_or(0))
}

fn read_main(file: &str) -> io::Result<MainPlan> {
    let main = MainProcess::decode(std::fs::read(file)?.as_slice())?;
    MainPlan::check(main).map_err(|trouble| io::Error::other(trouble.message))
}

/// Whoever gives a main process has also opened these.
fn inherited_log() -> io::Result<Log> {
    let port = |fd| {
        let fd = unsafe { OwnedFd::from_raw_fd(fd) };
        fcntl_setfl(&fd, OFlags::NONBLOCK)?;
        StreamPort::new(fd)
    };
    let (stdout, stderr) = (port(3)?, port(4)?);
    Ok(Log { stdout, stderr })
}

async fn attend(signals: Signals, reaper: Arc<Reaper>, trigger: Trigger) {
    while let Ok(signal) = signals.next().await {
        match signal {
            libc::SIGCHLD => reaper.reap(),
            _ => trigger.pull(SERVE_GRACE),
        }
    }
}
