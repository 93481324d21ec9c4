use crate::fake::{Vm, is_alive};
use serde_json::json;
use std::ffi::CString;
use std::fs;
use std::os::unix::net::UnixListener;
use std::os::unix::process::ExitStatusExt;

#[test]
fn the_exit_code_is_passed_on_and_recorded() {
    let vm = Vm::new(("exit", 37), &[]);
    let _socket = UnixListener::bind(vm.path("agent.sock")).unwrap();
    let mut running = vm.start();
    running.starting();
    assert_eq!(running.finish().0.code(), Some(37));
    let exit = vm.exit_json();
    assert_eq!(
        (&exit["version"], &exit["code"], &exit["signal"]),
        (&json!(1), &json!(37), &json!(null))
    );
    assert!(exit["startedAt"].as_str() <= exit["endedAt"].as_str());
    assert_eq!(vm.read("console.log"), "console says hello\n");
    assert!(!vm.path("agent.sock").exists());
    // exit.json, console.log and the shared directory: no temporary file is left.
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
        (&vm.exit_json()["code"], &vm.exit_json()["signal"]),
        (&json!(null), &json!(11))
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
    assert!(!is_alive(child));
}

#[test]
fn a_detached_vm_outlives_its_starter_and_its_terminal() {
    let mut vm = Vm::new(("gate", 5), &[]);
    let gate = vm.path("gate");
    let name = CString::new(gate.to_str().unwrap()).unwrap();
    assert_eq!(unsafe { libc::mkfifo(name.as_ptr(), 0o600) }, 0);
    let call = json!({ "fn": "krun_set_gate", "args": [{ "place": "/out/gate" }] });
    vm.spec["calls"].as_array_mut().unwrap().insert(0, call);
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
    let pidfd = unsafe { libc::syscall(libc::SYS_pidfd_open, child, 0) } as i32;
    running.signal(libc::SIGKILL);
    assert_eq!(running.finish().0.signal(), Some(libc::SIGKILL));
    let mut set = libc::pollfd {
        fd: pidfd,
        events: libc::POLLIN,
        revents: 0,
    };
    assert_eq!(
        unsafe { libc::poll(&mut set, 1, 5000) },
        1,
        "the VM process is still there"
    );
    unsafe { libc::close(pidfd) };
}

#[test]
fn the_console_log_stays_small() {
    let print = json!({ "fn": "krun_print", "args": [{ "u32": 1 << 20 }, { "fd": "consoleOut" }] });
    let vm = Vm::new(("exit", 0), &[print]);
    vm.start().finish();
    let length = |name| fs::metadata(vm.path(name)).unwrap().len();
    assert!(length("console.log") <= 4096 && length("console.log.1") == 4096);
    assert!(vm.read("console.log").ends_with("console says hello\n"));
}
