use crate::fake::{Vm, is_alive};
use serde_json::{Value, json};
use std::path::PathBuf;
use std::process::Command;
use std::sync::LazyLock;

static PEER: LazyLock<PathBuf> = LazyLock::new(|| {
    let program = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("fake-peer");
    let source = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/run/fake_peer.c");
    let status = Command::new("cc")
        .args(["-O1", "-Wall", "-o"])
        .arg(&program)
        .arg(source)
        .status();
    assert!(status.expect("cc is needed to build the fake peer").success());
    program
});

/// A VM with a card that leads to the program.
fn with_peer(ending: (&str, u32), args: &[&str]) -> Vm {
    let mut vm = Vm::new(ending, &[json!({ "fn": "krun_card", "args": [{ "peer": 0 }] })]);
    let report = vm.path("peer").to_str().unwrap().to_owned();
    let args: Vec<_> = [report.as_str()].iter().chain(args).map(|text| json!(text)).collect();
    vm.spec["peers"] = json!([{
        "program": &*PEER, "args": args, "mac": [2, 0, 0, 0, 0, 2], "address": "10.0.2.2", "gateway": "10.0.2.1"
    }]);
    vm
}

fn pid(vm: &Vm) -> i32 {
    vm.read("peer").split(' ').next().unwrap().parse().unwrap()
}

fn failure(vm: &Vm) -> Value {
    assert_eq!(vm.exit_json()["cause"], "start");
    vm.exit_json()["failure"].clone()
}

#[test]
fn a_program_has_the_frames_that_do_not_lead_to_this_machine_and_goes_with_the_vm() {
    let vm = with_peer(("exit", 0), &[]);
    assert_eq!(vm.start().finish().0.code(), Some(0));
    assert_eq!(vm.read("calls"), "card 9.9.9.9\n");
    let (_, given) = vm
        .read("peer")
        .split_once(' ')
        .map(|(a, b)| (a.to_owned(), b.to_owned()))
        .unwrap();
    assert_eq!(given, "death 9 environment empty descriptors 0 1 2 3\n");
    assert!(!is_alive(pid(&vm)));
}

#[test]
fn a_program_that_does_not_go_by_itself_is_ended() {
    let vm = with_peer(("exit", 0), &["stay"]);
    assert_eq!(vm.start().finish().0.code(), Some(0));
    assert!(!is_alive(pid(&vm)));
}

#[test]
fn a_program_that_fails_is_the_reason_with_what_it_said() {
    let vm = with_peer(("exit", 0), &["fail"]);
    assert_eq!(vm.start().finish().0.code(), Some(70));
    let failure = failure(&vm);
    assert_eq!(
        (&failure["stage"], &failure["what"]),
        (&json!("program"), &json!(&*PEER))
    );
    assert_eq!(
        failure["message"],
        "it ended with exit status: 3: no such port;  [1mgiving up"
    );
    assert_eq!(vm.read("calls"), "");
}

#[test]
fn a_program_that_is_not_there_is_named() {
    let mut vm = with_peer(("exit", 0), &[]);
    vm.spec["peers"][0]["program"] = json!("/nowhere/passt");
    assert_eq!(vm.start().finish().0.code(), Some(70));
    let failure = failure(&vm);
    assert_eq!(
        (&failure["what"], &failure["errno"]),
        (&json!("/nowhere/passt"), &json!(libc::ENOENT))
    );
}

#[test]
fn a_start_that_waits_for_a_program_can_be_given_up() {
    let mut vm = with_peer(("exit", 0), &[]);
    // It reads nothing of what it is sent, and says nothing.
    vm.spec["peers"][0]["program"] = json!("/bin/sh");
    let gate = vm.gate();
    vm.spec["peers"][0]["args"] = json!(["-c", "echo >\"$0\"; exec sleep 60", gate]);
    let running = vm.start();
    // Opens when the program has.
    std::fs::read(&gate).unwrap();
    running.signal(libc::SIGTERM);
    assert_eq!(running.finish().0.code(), Some(70));
    let failure = failure(&vm);
    assert_eq!(failure["message"], "the start was given up before it was ready");
}

#[test]
fn a_killed_monitor_leaves_neither_vm_nor_program() {
    let vm = with_peer(("wait", 0), &["stay"]);
    let mut running = vm.start();
    running.starting();
    let program = crate::fake::Process::open(pid(&vm));
    running.signal(libc::SIGKILL);
    program.await_end();
}
