use crate::fake::{Process, Vm};
use serde_json::{Value, json};
use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Read};
use std::os::fd::AsRawFd;
use std::os::unix::fs::OpenOptionsExt;
use std::os::unix::net::UnixListener;

fn with_state(ending: (&str, u32)) -> Vm {
    let mut vm = Vm::new(ending, &[]);
    vm.spec["statePath"] = json!(vm.path("vm.json"));
    vm
}

fn state(vm: &Vm) -> Value {
    serde_json::from_str(&vm.read("vm.json")).unwrap()
}

/// As somebody who waits for the end has it.
fn listener(vm: &Vm) -> File {
    let path = vm.path("vm.json.alive");
    OpenOptions::new()
        .read(true)
        .custom_flags(libc::O_NONBLOCK)
        .open(path)
        .unwrap()
}

fn await_end(mut alive: File) {
    let mut set = libc::pollfd {
        fd: alive.as_raw_fd(),
        events: libc::POLLIN,
        revents: 0,
    };
    assert_eq!(unsafe { libc::poll(&mut set, 1, 5000) }, 1);
    assert_eq!(alive.read(&mut [0; 1]).unwrap(), 0);
}

#[test]
fn a_vm_says_who_it_is_before_it_starts_and_the_kernel_tells_of_its_end() {
    let vm = with_state(("wait", 0));
    let mut running = vm.start();
    let child = running.starting();
    let found = state(&vm);
    assert_eq!(
        (&found["version"], &found["pid"], &found["vmPid"]),
        (&json!(1), &json!(running.child.id()), &json!(child))
    );
    let mut alive = listener(&vm);
    assert_eq!(alive.read(&mut [0; 1]).unwrap_err().kind(), ErrorKind::WouldBlock);
    running.signal(libc::SIGTERM);
    await_end(alive);
    running.finish();
    assert_eq!(vm.exit_json()["startedAt"], found["startedAt"]);
}

#[test]
fn the_end_is_told_when_the_monitor_is_killed_and_the_vm_process_with_it() {
    let vm = with_state(("wait", 0));
    let mut running = vm.start();
    let child = running.starting();
    let (alive, process) = (listener(&vm), Process::open(child));
    running.signal(libc::SIGKILL);
    await_end(alive);
    process.await_end();
    running.finish();
    assert_eq!(vm.read("exit.json"), "");
}

#[test]
fn a_place_that_a_vm_has_is_not_taken_by_another_one() {
    let vm = with_state(("wait", 0));
    let mut running = vm.start();
    running.starting();
    let before = state(&vm);
    let _socket = UnixListener::bind(vm.path("agent.sock")).unwrap();
    let (status, stderr) = vm.start().finish();
    let failure: Value = serde_json::from_str(stderr.lines().last().unwrap()).unwrap();
    assert_eq!(status.code(), Some(70));
    assert_eq!(
        (&failure["what"], &failure["errno"]),
        (&json!("statePath"), &json!(libc::EBUSY))
    );
    assert_eq!(state(&vm), before);
    assert!(vm.path("agent.sock").exists());
    running.signal(libc::SIGTERM);
    running.finish();
    let mut again = vm.start();
    again.starting();
    assert_ne!(state(&vm)["pid"], before["pid"]);
    again.signal(libc::SIGTERM);
    again.finish();
}
