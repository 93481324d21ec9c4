use crate::fake::{Process, Vm, is_alive};
use serde_json::json;
use std::fs;
use std::os::unix::net::UnixListener;
use std::os::unix::process::ExitStatusExt;

#[test]
fn the_exit_code_is_passed_on_and_recorded() {
    let vm = Vm::new(("exit", 37), &[]);
    let _socket = UnixListener::bind(vm.path("agent.sock")).unwrap();
    let mut running = vm.start();
    running.starting();
    let told = running.ended();
    assert_eq!(running.finish().0.code(), Some(37));
    let exit = vm.exit_json();
    assert_eq!(
        (&exit["version"], &exit["code"], &exit["signal"], &exit["cause"]),
        (&json!(1), &json!(37), &json!(null), &json!("guest"))
    );
    assert_eq!(exit["log"], json!({ "records": 0, "bytes": 0 }));
    assert_eq!(told, json!({ "event": "ended", "exit": exit }));
    assert!(exit["startedAt"].as_str() <= exit["endedAt"].as_str());
    assert_eq!(vm.log(1)[0]["text"], "console says hello");
    assert!(!vm.path("agent.sock").exists());
    // exit.json, log.000001 and the shared directory: no temporary file is left.
    assert_eq!(fs::read_dir(&vm.directory).unwrap().count(), 3);
}

#[test]
fn only_sockets_are_removed() {
    let vm = Vm::new(("exit", 0), &[]);
    fs::write(vm.path("agent.sock"), "no socket").unwrap();
    vm.start().finish();
    assert_eq!(vm.read("agent.sock"), "no socket");
}

#[test]
fn a_signal_that_ends_the_vm_is_recorded() {
    let vm = Vm::new(("kill", 11), &[]);
    assert_eq!(vm.start().finish().0.code(), Some(128 + 11));
    assert_eq!(
        (
            &vm.exit_json()["code"],
            &vm.exit_json()["signal"],
            &vm.exit_json()["cause"]
        ),
        (&json!(null), &json!(11), &json!("signal"))
    );
}

#[test]
fn sigterm_and_sigint_end_the_vm() {
    for signal in [libc::SIGTERM, libc::SIGINT, libc::SIGHUP] {
        let vm = Vm::new(("wait", 0), &[]);
        let mut running = vm.start();
        let child = running.starting();
        assert!(is_alive(child));
        running.signal(signal);
        assert_eq!(running.finish().0.code(), Some(128 + 9));
        assert_eq!(vm.exit_json()["signal"], 9);
        assert_eq!(vm.exit_json()["cause"], "stopped");
        assert!(!is_alive(child));
    }
}

#[test]
fn the_vm_ends_with_its_starter() {
    let vm = Vm::new(("wait", 0), &[]);
    let mut running = vm.start();
    let child = running.starting();
    running.lifeline = None;
    assert_eq!(running.finish().0.code(), Some(128 + 9));
    assert_eq!(vm.exit_json()["cause"], "creator");
    assert!(!is_alive(child));
}

#[test]
fn a_detached_vm_outlives_its_starter_and_its_terminal() {
    let mut vm = Vm::new(("gate", 5), &[]);
    let gate = vm.gate();
    vm.spec["detached"] = json!(true);
    let mut running = vm.start();
    running.starting();
    running.lifeline = None;
    running.signal(libc::SIGHUP);
    fs::write(&gate, "x").unwrap();
    assert_eq!(running.finish().0.code(), Some(5));
}

#[test]
fn the_vm_dies_with_its_monitor() {
    let vm = Vm::new(("wait", 0), &[]);
    let mut running = vm.start();
    let child = running.starting();
    let process = Process::open(child);
    running.signal(libc::SIGKILL);
    assert_eq!(running.finish().0.signal(), Some(libc::SIGKILL));
    process.await_end();
}
