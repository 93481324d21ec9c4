use super::config::Config;
use super::doorbell::Doorbell;
use super::main_plan::{self, MainPlan};
use super::stages::{Attempt, Stages, Trouble};
use super::{etc, interfaces, kernel_mounts, root, streams, sysctl, volumes};
use crate::exec::{Context, Log};
use crate::machine::Random;
use crate::power::{EXIT_BOOT_FAILED, EXIT_NO_DOORBELL, Power};
use crate::program;
use crate::proto::boot::{Failed, GuestConfig};
use crate::reaper::Reaper;
use crate::rpc::{Health, Server, Services, serve};
use crate::shutdown::{self, Reach};
use crate::signals::Signals;
use crate::system;
use crate::transport::vsock;
use crate::trigger::Trigger;
use std::os::fd::AsFd;
use std::sync::Arc;
use tokio::sync::watch;

/// The agent's services.
const PORT: u32 = 4088;

/// The whole life of PID 1.
pub async fn run(power: &Power) -> ! {
    let mut stages = Stages::begin();
    program::load();
    power.off_on_panic();
    rustix::process::umask(rustix::fs::Mode::empty());
    system::forbid_tracing();
    system::close_inherited_on_exec();
    system::reset_signals();
    system::raise_nofile();
    let reaper = Arc::new(Reaper::default());
    match Signals::block(&[libc::SIGCHLD]) {
        Ok(signals) => drop(tokio::spawn(reap(signals, reaper.clone()))),
        Err(error) => give_up(power, EXIT_BOOT_FAILED, &format!("signalfd: {error}")),
    }
    let (doorbell, config) = match Doorbell::ring().await {
        Ok(answered) => answered,
        Err(message) => give_up(power, EXIT_NO_DOORBELL, &message),
    };
    stages.record("doorbell");
    let (serving, health) = watch::channel(true);
    let trigger = Trigger::default();
    let context = Arc::new(Context::new(reaper.clone(), kernel_mounts::own_cgroups()));
    let services = Services::new(&context, trigger.clone(), Health::new(health));
    stages.record("services");
    let booted = match become_box(config, services, &mut stages) {
        Ok((place, main)) => start_main(main, &context, &trigger, &mut stages).await.map(|()| place),
        Err(failure) => Err((failure, EXIT_BOOT_FAILED)),
    };
    let (server, mounted) = match booted {
        Ok(place) => place,
        Err((failure, code)) => {
            let message = format!("{}: {}", failure.stage, failure.message);
            doorbell.fail(failure).await;
            give_up(power, code, &message);
        }
    };
    if let Err(message) = doorbell.ready(stages.finish()).await {
        give_up(power, EXIT_NO_DOORBELL, &message);
    }
    let grace = trigger.grace().await;
    shutdown::run(grace, Reach::Machine, &context, &serving, server).await;
    rustix::fs::sync();
    volumes::unmount_all(&mounted);
    power.off(context.main().and_then(|main| main.exit_code()).unwrap_or(0))
}

/// The running server and the paths of the mounted volumes.
type Place = (Server, Vec<String>);

fn become_box(
    config: GuestConfig,
    services: Services,
    stages: &mut Stages,
) -> Result<(Place, Option<(MainPlan, Log)>), Failed> {
    let config = stages.run("config", || Config::check(config))?;
    stages.run("clock", || {
        rustix::time::clock_settime(rustix::time::ClockId::Realtime, config.host_time)
            .attempt(|| "set the clock".into())?;
        rustix::system::sethostname(config.hostname.as_bytes()).attempt(|| "set the host name".into())
    })?;
    stages.run("random", || reseed(&config.random_seed))?;
    let main = match config.main {
        Some(plan) => Some((plan, stages.run("streams", streams::open_log)?)),
        None => None,
    };
    let layers = stages.run("root", || root::open_layers(&config.root))?;
    let named = stages.run("etc", || etc::write_below(&layers, &config.hostname, &config.names))?;
    let merged = stages.run("overlay", || root::merge(&layers))?;
    stages.run("kernel", || kernel_mounts::provide(merged.as_fd()))?;
    stages.run("sysctls", || sysctl::apply(merged.as_fd(), &config.sysctls))?;
    stages.run("network", || interfaces::set_up(&config.interfaces))?;
    if !named {
        stages.run("etc", || etc::write(merged.as_fd(), &config.hostname, &config.names))?;
    }
    stages.run("mounts", || volumes::mount(merged.as_fd(), &config.volumes))?;
    stages.run("pivot", || {
        root::enter(&merged)?;
        if config.root.read_only { root::seal() } else { Ok(()) }
    })?;
    let listener = stages.run("listen", || {
        vsock::listen(PORT).attempt(|| format!("listen on vsock port {PORT}"))
    })?;
    let mounted = config.volumes.iter().map(|volume| volume.path()).collect();
    let contents = services.contents();
    Ok(((serve(listener, services, contents), mounted), main))
}

fn reseed(seed: &[u8]) -> Result<(), Trouble> {
    let random = Random::open().attempt(|| "open /dev/urandom".into())?;
    // None: there is no seed.
    random
        .reseed(seed)
        .unwrap_or(Ok(()))
        .attempt(|| "seed the random numbers".into())
}

/// Otherwise answers what the host is told, and what the VM ends with.
async fn start_main(
    main: Option<(MainPlan, Log)>,
    context: &Context,
    trigger: &Trigger,
    stages: &mut Stages,
) -> Result<(), (Failed, i32)> {
    let Some((plan, log)) = main else { return Ok(()) };
    let started = plan.carry_out(context, log, trigger).await;
    stages.record("main");
    started.map_err(|failure| {
        let code = failure.exit_code();
        (main_plan::failed(failure), code)
    })
}

async fn reap(signals: Signals, reaper: Arc<Reaper>) {
    while signals.next().await.is_ok() {
        reaper.reap();
    }
}

/// The kernel console is the only way left to say why.
fn give_up(power: &Power, code: i32, message: &str) -> ! {
    eprintln!("a3s-agent: {message}");
    power.off(code)
}
