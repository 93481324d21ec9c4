use crate::fake::Vm;
use serde_json::json;
use std::collections::BTreeMap;
use std::fs;

/// proc_pid_stat(5), field 41, of each thread by its name.
fn policies(pid: i32) -> BTreeMap<String, i32> {
    let threads = fs::read_dir(format!("/proc/{pid}/task")).unwrap();
    let stats = threads.map(|thread| fs::read_to_string(thread.unwrap().path().join("stat")).unwrap());
    let policy = |stat: String| {
        let (head, fields) = stat.rsplit_once(") ").unwrap();
        let name = head.split_once(" (").unwrap().1.to_owned();
        (name, fields.split(' ').nth(41 - 3).unwrap().parse().unwrap())
    };
    stats.map(policy).collect()
}

#[test]
fn the_thread_of_the_devices_waits_for_its_turn_and_those_that_libkrun_starts_do_not() {
    let start = |name: &str| json!({ "fn": "krun_start_thread", "args": [{ "str": name }] });
    let vm = Vm::new(("wait", 0), &[start("one"), start("two")]);
    let mut running = vm.start();
    let mut policies = policies(running.starting());
    assert_eq!(policies.remove("one"), Some(libc::SCHED_OTHER));
    assert_eq!(policies.remove("two"), Some(libc::SCHED_OTHER));
    assert_eq!(policies.into_values().collect::<Vec<_>>(), [libc::SCHED_BATCH]);
}
