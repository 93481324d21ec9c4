use crate::fake::Vm;
use serde_json::json;

#[test]
fn every_kind_of_argument_reaches_the_library() {
    let ctx = json!({ "ref": "ctx" });
    let calls = [
        json!({ "fn": "krun_set_vm_config", "args": [ctx, { "u8": 255 }, { "u32": 4294967295u32 }] }),
        json!({ "fn": "krun_set_exec", "args": [ctx, { "str": "/a3s-agent" }, { "strs": ["one", "two"] }, { "strs": ["A=1"] }] }),
        json!({ "fn": "krun_eight", "args": [{ "u32": 1 }, { "i32": -2 }, { "u64": 18446744073709551615u64 }, { "bool": true },
            { "bytes": [9, 0, 0, 0, 0, 8] }, { "str": null }, { "fd": "consoleIn" }, { "fd": "consoleOut" }] }),
    ];
    let vm = Vm::new(("exit", 0), &calls);
    assert_eq!(vm.start().finish().0.code(), Some(0));
    assert_eq!(
        vm.read("calls"),
        "config 7 255 4294967295\nexec 7 /a3s-agent argv=one,two env=A=1\neight 1 -2 18446744073709551615 1 9,8 NULL 3 4\n"
    );
}

#[test]
fn a_call_that_answers_below_zero_ends_the_start() {
    let vm = Vm::new(("exit", 0), &[json!({ "fn": "krun_refuse", "args": [] })]);
    let (status, stderr) = vm.start().finish();
    assert_eq!(status.code(), Some(70));
    let failure: serde_json::Value = serde_json::from_str(stderr.lines().last().unwrap()).unwrap();
    assert_eq!(
        (&failure["stage"], &failure["what"], &failure["errno"]),
        (&json!("call"), &json!("krun_refuse"), &json!(22))
    );
    assert_eq!(vm.exit_json()["failure"], failure);
    assert_eq!(vm.exit_json()["code"], 70);
}

#[test]
fn krun_start_enter_that_returns_is_a_failure() {
    let vm = Vm::new(("fail", 0), &[]);
    let mut running = vm.start();
    running.starting();
    assert_eq!(running.finish().0.code(), Some(70));
    assert_eq!(vm.exit_json()["failure"]["what"], "krun_start_enter");
}

#[test]
fn a_missing_library_or_function_is_named() {
    let mut vm = Vm::new(("exit", 0), &[json!({ "fn": "krun_of_tomorrow", "args": [] })]);
    assert_eq!(vm.start().finish().0.code(), Some(70));
    assert_eq!(vm.exit_json()["failure"]["what"], "krun_of_tomorrow");
    vm.spec["libkrun"] = json!("/nowhere/libkrun.so.1");
    assert_eq!(vm.start().finish().0.code(), Some(70));
    assert_eq!(vm.exit_json()["failure"]["stage"], "load");
    assert_eq!(vm.exit_json()["failure"]["what"], "/nowhere/libkrun.so.1");
}

#[test]
fn an_invalid_spec_writes_nothing() {
    let mut vm = Vm::new(("exit", 0), &[]);
    vm.spec["version"] = json!(2);
    let (status, stderr) = vm.start().finish();
    assert_eq!(status.code(), Some(70));
    assert!(stderr.contains("\"stage\":\"spec\""), "{stderr}");
    assert!(!vm.path("exit.json").exists());
}
