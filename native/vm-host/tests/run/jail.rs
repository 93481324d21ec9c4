//! What the VM process may do.

use crate::fake::Vm;
use serde_json::{Value, json};
use std::fs;
use std::io;
use std::os::unix::fs::{PermissionsExt, chown};

/// All that a start without limits asks for.
const ALL: [&str; 10] = [
    "user-namespace",
    "mount-namespace",
    "ipc-namespace",
    "uts-namespace",
    "network-namespace",
    "resource-limits",
    "private-tree",
    "few-capabilities",
    "no-new-privileges",
    "system-call-filter",
];
/// The first user that is nobody's.
const NOBODY: u32 = 65534;

fn describing() -> Vm {
    let mut vm = Vm::new(
        ("wait", 0),
        &[json!({ "fn": "krun_describe", "args": [{ "str": "/shared" }] })],
    );
    let shared = json!({ "at": "/shared", "path": vm.path("shared"), "readOnly": true });
    vm.spec["jail"]["tree"].as_array_mut().unwrap().push(shared);
    vm
}

/// Files in /proc/PID/ns, by which namespaces are told apart.
fn namespace(pid: i32, name: &str) -> String {
    fs::read_link(format!("/proc/{pid}/ns/{name}"))
        .unwrap()
        .display()
        .to_string()
}

fn check_description(vm: &Vm) {
    let description = vm.read("calls");
    for line in [
        "write EROFS",
        "nofile raised",
        "core 0",
        "rtprio 0",
        "nproc 256",
        "no_new_privs 1",
        // CHOWN, DAC_OVERRIDE, FOWNER, FSETID, SETGID, SETUID, SETFCAP
        "capabilities 800000db 800000db 0 0",
        "bounding 7",
        "death 9",
        "environment empty",
        "descriptors 0 1 2 3 4 5 6 7",
    ] {
        assert!(
            description.lines().any(|found| found == line),
            "{line:?} is missing in {description}"
        );
    }
}

#[test]
fn the_vm_process_has_only_what_it_needs_and_the_start_says_so() {
    let vm = describing();
    let mut running = vm.start();
    let event = running.started();
    assert_eq!(event["jail"], json!(ALL));
    let pid = event["pid"].as_i64().unwrap() as i32;
    for name in ["user", "mnt", "ipc", "uts", "net"] {
        assert_ne!(
            namespace(pid, name),
            namespace(std::process::id() as i32, name),
            "{name}"
        );
    }
    check_description(&vm);
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    assert!(status.contains("Seccomp:\t2\n"), "{status}");
    running.lifeline = None;
    running.finish();
    assert!(
        fs::write(vm.path("shared").join("probe"), "").is_ok(),
        "the directory itself has become read-only"
    );
}

#[test]
fn an_ordinary_user_gets_the_same_jail() {
    if unsafe { libc::geteuid() } != 0 {
        // Then the test above is this one.
        return;
    }
    let vm = describing();
    for path in [vm.directory.clone(), vm.path("shared")] {
        chown(&path, Some(NOBODY), Some(NOBODY)).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o700)).unwrap();
    }
    let become_nobody = || match unsafe {
        (
            libc::setgroups(0, std::ptr::null()),
            libc::setgid(NOBODY),
            libc::setuid(NOBODY),
        )
    } {
        (0, 0, 0) => Ok(()),
        _ => Err(io::Error::last_os_error()),
    };
    let mut running = vm.start_after(become_nobody);
    assert_eq!(running.started()["jail"], json!(ALL));
    check_description(&vm);
    running.lifeline = None;
    running.finish();
}

#[test]
fn a_guest_with_the_hosts_sockets_stays_in_the_hosts_network() {
    let mut vm = Vm::new(
        ("wait", 0),
        &[json!({ "fn": "krun_try", "args": [{ "str": "internet" }] })],
    );
    vm.spec["jail"]["network"] = json!("host");
    let mut running = vm.start();
    let event = running.started();
    let pid = event["pid"].as_i64().unwrap() as i32;
    assert_eq!(namespace(pid, "net"), namespace(std::process::id() as i32, "net"));
    assert_ne!(namespace(pid, "mnt"), namespace(std::process::id() as i32, "mnt"));
    assert!(!event["jail"].as_array().unwrap().contains(&json!("network-namespace")));
}

#[test]
fn what_no_vm_does_ends_the_process_and_is_told() {
    let cases = [
        "fork",
        "exec",
        "mount",
        "namespace",
        "trace",
        "signal",
        "internet",
        "netlink",
        "terminal",
        "code",
        "chroot",
    ];
    for what in cases {
        let vm = Vm::new(("exit", 0), &[json!({ "fn": "krun_try", "args": [{ "str": what }] })]);
        let (status, stderr) = vm.start().finish();
        assert_eq!(status.code(), Some(128 + libc::SIGSYS), "{what}: {stderr}");
        assert_eq!(vm.exit_json()["signal"], libc::SIGSYS, "{what}");
        for told in [stderr, vm.read("log.000001")] {
            assert!(told.contains("is none that a VM makes"), "{what}: {told}");
        }
    }
}

/// Within a user namespace that allows no further ones of these kinds: namespaces(7), /proc/sys/user.
pub fn without(kinds: &'static [&str]) -> impl Fn() -> io::Result<()> + Send + Sync + 'static {
    move || {
        let (uid, gid) = unsafe { (libc::geteuid(), libc::getegid()) };
        if unsafe { libc::unshare(libc::CLONE_NEWUSER) } != 0 {
            return Err(io::Error::last_os_error());
        }
        fs::write("/proc/self/setgroups", "deny")?;
        fs::write("/proc/self/uid_map", format!("0 {uid} 1"))?;
        fs::write("/proc/self/gid_map", format!("0 {gid} 1"))?;
        kinds
            .iter()
            .try_for_each(|kind| fs::write(format!("/proc/sys/user/max_{kind}_namespaces"), "0"))
    }
}

fn failure(vm: &Vm) -> (Value, Value) {
    let failure = vm.exit_json()["failure"].clone();
    (failure["stage"].clone(), failure["what"].clone())
}

#[test]
fn a_measure_that_cannot_be_applied_ends_the_start_and_at_best_effort_is_left_out() {
    let mut vm = Vm::new(("wait", 0), &[]);
    assert_eq!(vm.start_after(without(&["user"])).finish().0.code(), Some(70));
    assert_eq!(failure(&vm), (json!("jail"), json!("user-namespace")));

    vm.spec["jail"]["mode"] = json!("best-effort");
    let mut running = vm.start_after(without(&["user"]));
    assert_eq!(running.started()["jail"], json!(ALL[1..]));
    running.lifeline = None;
    let (_, stderr) = running.finish();
    assert!(
        stderr.contains("the jail is without its user-namespace: No space left"),
        "{stderr}"
    );
}

#[test]
fn without_a_mount_namespace_a_vm_runs_in_the_hosts_tree_unless_something_is_to_be_read_only() {
    let mut vm = Vm::new(
        ("exit", 0),
        &[json!({ "fn": "krun_look", "args": [{ "place": "/out/shared/conf" }] })],
    );
    fs::write(vm.path("shared").join("conf"), "x").unwrap();
    vm.spec["jail"]["mode"] = json!("best-effort");
    assert_eq!(vm.start_after(without(&["user", "mnt"])).finish().0.code(), Some(70));
    let (stage, what) = failure(&vm);
    assert_eq!(stage, "jail");
    assert!(
        what.as_str()
            .unwrap()
            .ends_with("/shared read-only, without a mount namespace"),
        "{what}"
    );

    vm.spec["jail"]["readOnly"] = json!([]);
    let mut running = vm.start_after(without(&["user", "mnt"]));
    let in_force = running.started()["jail"].clone();
    assert_eq!(running.finish().0.code(), Some(0));
    let expected: Vec<&str> = ALL[2..]
        .iter()
        .copied()
        .filter(|name| *name != "private-tree")
        .collect();
    assert_eq!(in_force, json!(expected));
    let place = vm.path("shared").join("conf");
    assert_eq!(vm.read("calls"), format!("look {}: \"x\" writable\n", place.display()));
}
