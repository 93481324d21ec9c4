use crate::fake::Vm;
use serde_json::{Value, json};
use std::fs;

fn print(bytes: u32, fd: &str) -> Value {
    json!({ "fn": "krun_print", "args": [{ "u32": bytes }, { "fd": fd }] })
}

#[test]
fn each_stream_of_the_guest_is_told_apart() {
    let vm = Vm::new(("exit", 0), &[print(100, "stdout"), print(100, "stderr")]);
    vm.start().finish();
    let mut streams: Vec<_> = vm.log(1).iter().map(|record| record["stream"].clone()).collect();
    // Which pipe is looked at first when several have something is not promised.
    streams.sort_by_key(|stream| stream.to_string());
    assert_eq!(streams, [json!("console"), json!("stderr"), json!("stdout")]);
    let text = "x".repeat(100);
    let stdout = vm
        .log(1)
        .into_iter()
        .find(|record| record["stream"] == "stdout")
        .unwrap();
    assert_eq!(stdout["text"], text);
    assert!(stdout["time"].as_str().unwrap().ends_with('Z'));
}

#[test]
fn the_log_stays_small_and_ends_with_what_came_last() {
    let vm = Vm::new(("exit", 0), &[print(1 << 20, "consoleOut")]);
    vm.start().finish();
    let mut names: Vec<_> = fs::read_dir(&vm.directory)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.starts_with("log."))
        .collect();
    names.sort();
    assert_eq!(names.len(), 2);
    for name in &names {
        assert!(fs::metadata(vm.path(name)).unwrap().len() <= 131_072);
    }
    assert!(vm.read(&names[1]).contains("console says hello"));
}

#[test]
fn a_directory_that_is_gone_does_not_end_the_vm_and_its_end_is_told_all_the_same() {
    let flood = json!({ "fn": "krun_set_flood", "args": [{ "u32": 1 << 20 }] });
    let mut vm = Vm::new(("gate", 5), &[flood]);
    let gate = vm.gate();
    fs::create_dir(vm.path("gone")).unwrap();
    vm.spec["exitPath"] = json!(vm.path("gone/exit.json"));
    vm.spec["log"]["path"] = json!(vm.path("gone/log"));
    let mut running = vm.start();
    running.starting();
    fs::remove_dir_all(vm.path("gone")).unwrap();
    fs::write(&gate, "x").unwrap();
    let ended = running.ended();
    let (status, stderr) = running.finish();
    assert_eq!(status.code(), Some(5));
    assert!(stderr.contains("cannot write"), "{stderr}");
    assert_eq!((&ended["event"], &ended["exit"]["code"]), (&json!("ended"), &json!(5)));
    // What fits into the file that was open is written, though nobody will find it.
    let dropped = ended["exit"]["log"]["bytes"].as_u64().unwrap();
    assert!((900_000..1 << 20).contains(&dropped), "{dropped}");
}

#[test]
fn an_end_that_cannot_be_recorded_is_refused_at_the_start() {
    let mut vm = Vm::new(("exit", 0), &[]);
    vm.spec["exitPath"] = json!(vm.path("none/exit.json"));
    let (status, stderr) = vm.start().finish();
    let failure: Value = serde_json::from_str(stderr.lines().last().unwrap()).unwrap();
    assert_eq!(
        (status.code(), &failure["what"], &failure["errno"]),
        (Some(70), &json!("exitPath"), &json!(2))
    );
}
