//! Boots a real VM with vm-host and the guest agent, without any TypeScript, and says what happened and how long it
//! took: `boot_host --vm-host PATH --agent PATH --libkrun PATH --libkrunfw PATH --lower DIR --home DIR
//! [--root read-only]`.
//!
//! `home` has to lie on a file system that virtio-fs can share (ext4 or tmpfs). It needs a usable /dev/kvm.

mod doorbell;
mod exercise;
mod spec;

use guest_agent::proto::boot::guest_message::Message as Said;
use spec::Boot;
use std::error::Error;
use std::fs;
use std::io::Write;
use std::os::fd::AsRawFd;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command};
use std::time::{Duration, Instant};

type Outcome<T> = Result<T, Box<dyn Error>>;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Outcome<()> {
    let boot = Boot::from_arguments(std::env::args().skip(1))?;
    boot.lay_out()?;
    let mut doorbell = doorbell::answer(&boot.doorbell_socket(), boot.guest_config())?;
    let begun = Instant::now();
    let (mut vm, lifeline) = start(&boot)?;
    loop {
        let said = tokio::time::timeout(Duration::from_secs(60), doorbell.recv())
            .await?
            .ok_or("the guest hung up")?;
        let at = begun.elapsed().as_millis();
        match said {
            Said::Hello(hello) => {
                let since = hello.since_kernel_start.unwrap_or_default();
                println!(
                    "{at:>6} ms  Hello, {}.{:03} s after the kernel's start",
                    since.seconds,
                    since.nanos / 1_000_000
                );
            }
            Said::Ready(ready) => {
                println!("{at:>6} ms  Ready");
                for stage in ready.stages {
                    let took = stage.duration.unwrap_or_default();
                    println!(
                        "           {:<8} {:>7} us",
                        stage.name,
                        took.seconds * 1_000_000 + i64::from(took.nanos) / 1000
                    );
                }
                break;
            }
            Said::Failed(failed) => {
                vm.wait()?;
                return Err(format!("{at} ms: {failed:?}").into());
            }
        }
    }
    fs::remove_file(boot.doorbell_socket())?;
    exercise::run(&boot.agent_socket(), begun).await?;
    let status = vm.wait()?;
    drop(lifeline);
    println!("{:>6} ms  vm-host ended: {status}", begun.elapsed().as_millis());
    println!("exit.json: {}", fs::read_to_string(boot.exit_path())?.trim());
    println!("agent socket left behind: {}", boot.agent_socket().exists());
    Ok(())
}

/// Starts vm-host with the spec on descriptor 3 and keeps the other end as its lifeline.
fn start(boot: &Boot) -> Outcome<(Child, impl Write)> {
    let (reader, mut writer) = std::io::pipe()?;
    let fd = reader.as_raw_fd();
    let mut command = Command::new(Path::new(&boot.vm_host));
    command.arg("run");
    unsafe {
        command.pre_exec(move || match libc::dup2(fd, 3) {
            3 if fd != 3 => Ok(()),
            3 if libc::fcntl(3, libc::F_SETFD, 0) == 0 => Ok(()),
            _ => Err(std::io::Error::last_os_error()),
        });
    }
    let child = command.spawn()?;
    writeln!(writer, "{}", boot.document())?;
    Ok((child, writer))
}
