//! `vm-host run` becomes a VM, `vm-host switch` the switch of a network of VMs, `vm-host probe` tells whether /dev/kvm can run one. See
//! PROTOCOL.md.

mod argument;
mod call;
mod card;
mod copy_up;
mod descriptor;
mod encoding;
mod failure;
mod field;
mod frame;
#[cfg(target_arch = "x86_64")]
mod guest_memory;
mod jail;
mod library;
mod log;
mod monitor;
mod outcome;
mod parameters;
mod probe;
mod reserved_file;
mod scheduling;
mod spec;
mod state;
mod switch;
mod timestamp;
mod vm;

fn main() {
    let mut arguments = std::env::args().skip(1);
    let code = match (arguments.next().as_deref(), arguments.next()) {
        (Some("run"), None) => monitor::run(),
        (Some("switch"), None) => switch::run(),
        (Some("probe"), None) => probe::run(),
        (Some("--version"), None) => {
            println!("vm-host {}", env!("CARGO_PKG_VERSION"));
            0
        }
        _ => {
            eprintln!("usage: vm-host run 3<SPEC | vm-host switch 3<>SOCKET | vm-host probe | vm-host --version");
            64
        }
    };
    std::process::exit(code);
}
