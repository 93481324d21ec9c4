use crate::fake::{Vm, library};
use serde_json::json;

const MIB: u64 = 1 << 20;

/// With `firmware`, where the mappings of so many bytes begin in a huge page.
fn offsets(memory_mib: u32, firmware: bool, bytes: &[u64]) -> Vec<u64> {
    let size = json!({ "fn": "krun_set_vm_config", "args": [{ "ref": "ctx" }, { "u8": 1 }, { "u32": memory_mib }] });
    let maps = bytes
        .iter()
        .map(|bytes| json!({ "fn": "krun_map", "args": [{ "u64": bytes }] }));
    let calls: Vec<_> = std::iter::once(size).chain(maps).collect();
    let mut vm = Vm::new(("exit", 0), &calls);
    if firmware {
        vm.spec["libkrunfw"] = json!(library());
    }
    assert_eq!(vm.start().finish().0.code(), Some(0));
    let calls = vm.read("calls");
    let mapped = calls.lines().filter(|line| line.starts_with("map "));
    mapped
        .map(|line| u64::from_str_radix(line.rsplit_once(' ').unwrap().1, 16).unwrap())
        .collect()
}

#[test]
fn the_guests_memory_begins_in_a_huge_page_where_it_does_for_the_guest() {
    // Below the kernel, after it, and a window for files.
    assert_eq!(
        offsets(1024, true, &[16 * MIB, 1024 * MIB, 512 * MIB]),
        [0, 0x5_0000, 0]
    );
    // 8 GiB reach to a hole below 4 GiB, and go on above it.
    assert_eq!(offsets(8192, true, &[3_451_584_512, 5_100_273_664]), [0x5_0000, 0]);
}

#[test]
fn memory_is_mapped_whatever_is_known_of_the_kernel() {
    assert_eq!(offsets(256, false, &[256 * MIB, 4096]).len(), 2);
    assert_eq!(offsets(256, true, &[4096]).len(), 1);
}
