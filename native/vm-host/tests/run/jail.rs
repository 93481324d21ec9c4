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
fn views_hold_their_entries_and_nothing_else_each_with_its_own_rights() {
    let mut vm = Vm::new(("exit", 0), &[]);
    let shared = vm.path("shared");
    let plain = shared.join("conf");
    fs::write(&plain, "single").unwrap();
    fs::write(shared.join("sibling"), "hidden").unwrap();
    let calls = vm.spec["calls"].as_array_mut().unwrap();
    for path in ["/../0/conf", "/../0/sibling", "/../0/all/conf", "/../1/again/conf"] {
        calls.insert(2, json!({ "fn": "krun_look", "args": [{ "str": path }] }));
    }
    vm.spec["jail"]["readOnly"] = json!([]);
    vm.spec["jail"]["views"] = json!([
        [{ "name": "conf", "path": plain, "readOnly": true }, { "name": "all", "path": shared, "readOnly": false }],
        [{ "name": "again", "path": shared, "readOnly": true }]
    ]);
    let found = describe(&vm);
    for line in [
        "look /../0/conf: \"single\" Read-only file system",
        "look /../0/sibling: \"\" Read-only file system",
        "look /../0/all/conf: \"single\" writable",
        "look /../1/again/conf: \"single\" Read-only file system",
    ] {
        assert!(found.lines().any(|each| each == line), "{line:?} is missing in {found}");
    }
}

#[test]
fn what_is_read_only_in_its_place_is_so_in_every_view() {
    let look = json!({ "fn": "krun_look", "args": [{ "str": "/../0/all/conf" }] });
    let mut vm = Vm::new(("exit", 0), &[look]);
    let shared = vm.path("shared");
    fs::write(shared.join("conf"), "x").unwrap();
    vm.spec["jail"]["views"] = json!([[{ "name": "all", "path": shared, "readOnly": false }]]);
    assert_eq!(describe(&vm), "look /../0/all/conf: \"x\" Read-only file system\n");
}

#[test]
fn the_hosts_root_is_an_entry_like_any_other() {
    let mut vm = Vm::new(("exit", 0), &[]);
    let shared = vm.path("shared");
    fs::write(shared.join("conf"), "x").unwrap();
    let look = format!("/../0/host{}", shared.join("conf").display());
    let calls = vm.spec["calls"].as_array_mut().unwrap();
    calls.insert(2, json!({ "fn": "krun_look", "args": [{ "str": look }] }));
    vm.spec["jail"]["readOnly"] = json!([]);
    vm.spec["jail"]["views"] = json!([[{ "name": "host", "path": "/", "readOnly": true }]]);
    assert_eq!(describe(&vm), format!("look {look}: \"x\" Read-only file system\n"));
}

#[test]
fn devices_in_what_is_shared_are_nobodys_to_open() {
    let mut vm = Vm::new(("exit", 0), &[]);
    let calls = vm.spec["calls"].as_array_mut().unwrap();
    for path in ["/dev/null", "/../0/writable/null", "/../0/frozen/null"] {
        calls.insert(2, json!({ "fn": "krun_look", "args": [{ "str": path }] }));
    }
    vm.spec["jail"]["readOnly"] = json!(["/dev"]);
    let entry = |name: &str, read_only: bool| json!({ "name": name, "path": "/dev", "readOnly": read_only });
    vm.spec["jail"]["views"] = json!([[entry("writable", false), entry("frozen", true)]]);
    let found = describe(&vm);
    assert_eq!(found.matches("null: \"\" Permission denied\n").count(), 3, "{found}");
}

#[test]
fn an_entry_that_is_not_there_is_named() {
    let mut vm = Vm::new(("exit", 0), &[]);
    vm.spec["jail"]["views"] = json!([[{ "name": "a", "path": "/nowhere/at/all", "readOnly": false }]]);
    assert_eq!(vm.start().finish().0.code(), Some(70));
    let failure = vm.exit_json()["failure"].clone();
    assert_eq!(
        (&failure["stage"], &failure["what"], &failure["errno"]),
        (&json!("jail"), &json!("/nowhere/at/all"), &json!(2))
    );
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
