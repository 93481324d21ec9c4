use crate::fake::Vm;
use serde_json::json;
use std::fs;

fn describe(vm: &Vm) -> String {
    vm.start().finish();
    vm.read("calls")
}

#[test]
fn the_vm_process_has_only_what_it_needs() {
    let shared = std::env::temp_dir().join(format!("a3s-jail-{}", std::process::id()));
    fs::create_dir_all(&shared).unwrap();
    let mut vm = Vm::new(
        ("exit", 0),
        &[json!({ "fn": "krun_describe", "args": [{ "str": shared }] })],
    );
    vm.spec["jail"]["readOnly"] = json!([shared]);
    let description = describe(&vm);
    for line in [
        "write EROFS",
        "nofile raised",
        "no_new_privs 1",
        "death 9",
        "environment empty",
        "descriptors 0 1 2 3 4 5",
        // An empty network namespace holds a loopback device and, on some kernels, tunnel fallbacks; nothing is up.
        "interfaces",
    ] {
        assert!(
            description.lines().any(|found| found.starts_with(line)),
            "{line:?} is missing in {description}"
        );
    }
    assert!(
        fs::write(shared.join("probe"), "").is_ok(),
        "the directory itself has become read-only"
    );
    fs::remove_dir_all(shared).unwrap();
}

#[test]
fn a_directory_that_is_not_there_is_named() {
    let mut vm = Vm::new(("exit", 0), &[]);
    vm.spec["jail"]["readOnly"] = json!(["/nowhere/at/all"]);
    assert_eq!(vm.start().finish().0.code(), Some(70));
    let failure = vm.exit_json()["failure"].clone();
    assert_eq!(
        (&failure["stage"], &failure["what"], &failure["errno"]),
        (&json!("jail"), &json!("/nowhere/at/all"), &json!(2))
    );
}
