//! What the VM process finds in its file tree.

use crate::fake::Vm;
use serde_json::{Value, json};
use std::fs;

fn call(function: &str, place: &str) -> Value {
    json!({ "fn": function, "args": [{ "str": place }] })
}

/// What the calls found; the tree has `more` besides `/out`.
fn found(vm: &mut Vm, calls: &[Value], more: &[Value]) -> String {
    let all = vm.spec["calls"].as_array_mut().unwrap();
    for call in calls.iter().rev() {
        all.insert(2, call.clone());
    }
    vm.spec["jail"]["tree"].as_array_mut().unwrap().extend_from_slice(more);
    let (status, stderr) = vm.start().finish();
    assert_eq!(status.code(), Some(0), "{stderr}");
    vm.read("calls")
}

#[test]
fn the_tree_holds_what_was_named_and_nothing_of_the_host() {
    let mut vm = Vm::new(("exit", 0), &[]);
    let shared = vm.path("shared");
    fs::write(shared.join("one"), "x").unwrap();
    let calls = [
        "/",
        "/dev",
        "/proc",
        "/proc/self",
        "/named",
        "/empty",
        "/etc",
        "/..",
        "/out/..",
    ]
    .map(|path| call("krun_list", path));
    let more = [
        json!({ "at": "/named", "path": shared, "readOnly": true }),
        json!({ "at": "/empty", "path": null, "readOnly": false }),
    ];
    let found = found(&mut vm, &calls, &more);
    let kvm = if fs::exists("/dev/kvm").unwrap() { " kvm" } else { "" };
    let dev = if kvm.is_empty() { "" } else { " dev" };
    let root = format!("{dev} empty named out proc").trim_start().to_owned();
    let lines = [
        format!("list /: {root}"),
        if kvm.is_empty() {
            "list /dev: missing".to_owned()
        } else {
            format!("list /dev:{kvm}")
        },
        "list /proc: self".to_owned(),
        "list /proc/self: fd".to_owned(),
        "list /named: one".to_owned(),
        "list /empty:".to_owned(),
        "list /etc: missing".to_owned(),
        format!("list /..: {root}"),
        format!("list /out/..: {root}"),
    ];
    assert_eq!(found.lines().collect::<Vec<_>>(), lines);
}

#[test]
fn a_file_of_the_host_is_not_there_by_any_name() {
    let secret = std::env::temp_dir().join(format!("a3s-secret-{}", std::process::id()));
    fs::write(&secret, "secret").unwrap();
    let mut vm = Vm::new(("exit", 0), &[]);
    let shared = vm.path("shared");
    std::os::unix::fs::symlink(&secret, shared.join("absolute")).unwrap();
    std::os::unix::fs::symlink(format!("../../../../..{}", secret.display()), shared.join("relative")).unwrap();
    let paths = [
        secret.display().to_string(),
        "/etc/passwd".into(),
        "/named/absolute".into(),
        "/named/relative".into(),
        format!("/named/../../../..{}", secret.display()),
        format!("/proc/self/fd/0/../..{}", secret.display()),
        "/proc/self/root/etc/passwd".into(),
        "/proc/1/root/etc/passwd".into(),
    ];
    let calls = paths.clone().map(|path| call("krun_look", &path));
    let found = found(
        &mut vm,
        &calls,
        &[json!({ "at": "/named", "path": shared, "readOnly": true })],
    );
    assert_eq!(found.lines().count(), paths.len());
    for line in found.lines() {
        assert!(line.contains(": \"\" "), "{line}");
        assert!(!line.ends_with("writable"), "{line}");
    }
    assert_eq!(fs::read_to_string(&secret).unwrap(), "secret");
    fs::remove_file(secret).unwrap();
}

#[test]
fn each_part_has_its_own_rights_and_no_siblings() {
    let mut vm = Vm::new(("exit", 0), &[]);
    let shared = vm.path("shared");
    let plain = shared.join("conf");
    fs::write(&plain, "single").unwrap();
    fs::write(shared.join("sibling"), "hidden").unwrap();
    vm.spec["jail"]["readOnly"] = json!([]);
    let more = [
        json!({ "at": "/shares/0/conf", "path": plain, "readOnly": true }),
        json!({ "at": "/shares/0/all", "path": shared, "readOnly": false }),
        json!({ "at": "/shares/1", "path": shared, "readOnly": true }),
    ];
    let paths = [
        "/shares/0/conf",
        "/shares/0/sibling",
        "/shares/0/all/conf",
        "/shares/1/conf",
        "/new",
    ];
    let found = found(&mut vm, &paths.map(|path| call("krun_look", path)), &more);
    let lines = [
        "look /shares/0/conf: \"single\" Read-only file system",
        "look /shares/0/sibling: \"\" Read-only file system",
        "look /shares/0/all/conf: \"single\" writable",
        "look /shares/1/conf: \"single\" Read-only file system",
        "look /new: \"\" Read-only file system",
    ];
    assert_eq!(found.lines().collect::<Vec<_>>(), lines);
}

#[test]
fn what_is_read_only_in_its_place_is_so_in_every_part_that_holds_it() {
    let mut vm = Vm::new(("exit", 0), &[]);
    fs::write(vm.path("shared").join("conf"), "x").unwrap();
    let found = found(&mut vm, &[call("krun_look", "/out/shared/conf")], &[]);
    assert_eq!(found, "look /out/shared/conf: \"x\" Read-only file system\n");
}

#[test]
fn a_share_of_the_whole_host_does_not_hold_the_tree() {
    let mut vm = Vm::new(("exit", 0), &[]);
    let calls = [call("krun_list", "/all/out"), call("krun_look", "/all/etc/passwd")];
    let found = found(
        &mut vm,
        &calls,
        &[json!({ "at": "/all", "path": "/", "readOnly": true })],
    );
    assert!(
        found.starts_with("list /all/out: missing\nlook /all/etc/passwd: \"root:"),
        "{found}"
    );
}

#[test]
fn devices_in_what_is_shared_are_nobodys_to_open() {
    let mut vm = Vm::new(("exit", 0), &[]);
    vm.spec["jail"]["readOnly"] = json!([]);
    let part = |at: &str, path: &str, read_only: bool| json!({ "at": at, "path": path, "readOnly": read_only });
    let more = [
        part("/writable", "/dev", false),
        part("/frozen", "/dev", true),
        part("/single", "/dev/zero", false),
        part("/disks/0", "/dev/null", false),
    ];
    let paths = ["/writable/null", "/frozen/null", "/single", "/disks/0"];
    let found = found(&mut vm, &paths.map(|path| call("krun_look", path)), &more);
    let lines = [
        "look /writable/null: \"\" Permission denied",
        "look /frozen/null: \"\" Permission denied",
        "look /single: \"\" Permission denied",
        "look /disks/0: \"\" writable",
    ];
    assert_eq!(found.lines().collect::<Vec<_>>(), lines);
}

#[test]
fn what_is_not_there_is_named() {
    for field in ["readOnly", "tree"] {
        let mut vm = Vm::new(("exit", 0), &[]);
        let missing = json!("/nowhere/at/all");
        vm.spec["jail"][field] = match field {
            "tree" => json!([{ "at": "/a", "path": missing, "readOnly": false }]),
            _ => json!([missing]),
        };
        assert_eq!(vm.start().finish().0.code(), Some(70));
        let failure = vm.exit_json()["failure"].clone();
        assert_eq!(
            (&failure["stage"], &failure["what"], &failure["errno"]),
            (&json!("jail"), &missing, &json!(2))
        );
    }
}
