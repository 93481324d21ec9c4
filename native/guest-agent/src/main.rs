//! `a3s-agent` as PID 1 boots the guest; `a3s-agent serve --unix PATH` serves the same services on a Unix socket,
//! without touching the system it runs on. With `--cgroups DIR` it puts each process into a cgroup below that directory.

use guest_agent::exec::Context;
use guest_agent::power::Power;
use guest_agent::reaper::Reaper;
use guest_agent::rpc::{Health, Services, serve};
use guest_agent::shutdown::{self, Reach, Trigger};
use guest_agent::signals::Signals;
use guest_agent::{VERSION, boot, system, transport};
use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
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
            Ok(())
        }
        ["serve", "--unix", path] => serve_unix(path.into(), None),
        ["serve", "--unix", path, "--cgroups", directory] => serve_unix(path.into(), Some(directory.into())),
        _ => {
            eprintln!(
                "usage: a3s-agent serve --unix PATH [--cgroups DIR] | a3s-agent --version (without arguments it is PID 1 of a guest)"
            );
            std::process::exit(64);
        }
    };
    if let Err(error) = result {
        eprintln!("a3s-agent: {error}");
        std::process::exit(1);
    }
}

fn serve_unix(path: PathBuf, cgroups: Option<PathBuf>) -> io::Result<()> {
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let result = runtime.block_on(serve_until_told(&path, cgroups));
    let _ = std::fs::remove_file(&path);
    result
}

async fn serve_until_told(path: &Path, cgroups: Option<PathBuf>) -> io::Result<()> {
    let cgroups = cgroups.map(File::open).transpose()?.map(OwnedFd::from);
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
    let server = serve(listener, Services::new(&context, trigger.clone(), Health::new(health)));
    println!("serving {}", path.display());
    tokio::spawn(attend(signals, reaper.clone(), trigger.clone()));
    let grace = trigger.grace().await;
    shutdown::run(grace, Reach::Sessions, &context, &serving, server).await;
    Ok(())
}

async fn attend(signals: Signals, reaper: Arc<Reaper>, trigger: Trigger) {
    while let Ok(signal) = signals.next().await {
        match signal {
            libc::SIGCHLD => reaper.reap(),
            _ => trigger.pull(SERVE_GRACE),
        }
    }
}
