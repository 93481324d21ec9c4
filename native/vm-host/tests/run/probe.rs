use crate::jail::without;
use serde_json::{Value, json};
use std::os::unix::process::CommandExt;
use std::process::Command;

fn probe(command: &mut Command) -> Value {
    let output = command.arg("probe").output().unwrap();
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn the_probe_tells_which_measures_the_system_does_not_allow() {
    let vm_host = || Command::new(env!("CARGO_BIN_EXE_vm-host"));
    assert_eq!(probe(&mut vm_host())["jail"], json!([]));
    let mut hindered = vm_host();
    unsafe { hindered.pre_exec(without(&["user"])) };
    let missing = probe(&mut hindered)["jail"].clone();
    let sentence = "the jail is without its user-namespace: No space left on device (os error 28)";
    assert_eq!(missing, json!([sentence]));
}
