//! capabilities(7). Nothing here allocates or touches errno, so a child may call it that shares its parent's memory; errors are
//! error numbers.

use crate::kernel::call;

/// Names, without CAP_, at their numbers in linux/capability.h.
pub const NAMES: [&str; 41] = [
    "CHOWN",
    "DAC_OVERRIDE",
    "DAC_READ_SEARCH",
    "FOWNER",
    "FSETID",
    "KILL",
    "SETGID",
    "SETUID",
    "SETPCAP",
    "LINUX_IMMUTABLE",
    "NET_BIND_SERVICE",
    "NET_BROADCAST",
    "NET_ADMIN",
    "NET_RAW",
    "IPC_LOCK",
    "IPC_OWNER",
    "SYS_MODULE",
    "SYS_RAWIO",
    "SYS_CHROOT",
    "SYS_PTRACE",
    "SYS_PACCT",
    "SYS_ADMIN",
    "SYS_BOOT",
    "SYS_NICE",
    "SYS_RESOURCE",
    "SYS_TIME",
    "SYS_TTY_CONFIG",
    "MKNOD",
    "LEASE",
    "AUDIT_WRITE",
    "AUDIT_CONTROL",
    "SETFCAP",
    "MAC_OVERRIDE",
    "MAC_ADMIN",
    "SYSLOG",
    "WAKE_ALARM",
    "BLOCK_SUSPEND",
    "AUDIT_READ",
    "PERFMON",
    "BPF",
    "CHECKPOINT_RESTORE",
];

/// More than any kernel has.
const MOST: u32 = 64;

/// The bit of a capability. Meant for constants: there, a name that is none does not compile.
pub const fn bit(name: &str) -> u64 {
    let mut number = 0;
    while !same(NAMES[number], name) {
        number += 1;
    }
    1 << number
}

/// The bits of several.
pub const fn bits(names: &[&str]) -> u64 {
    let (mut bits, mut at) = (0, 0);
    while at < names.len() {
        bits |= bit(names[at]);
        at += 1;
    }
    bits
}

const fn same(a: &str, b: &str) -> bool {
    let (a, b) = (a.as_bytes(), b.as_bytes());
    let mut at = 0;
    while at < a.len() && at < b.len() && a[at] == b[at] {
        at += 1;
    }
    at == a.len() && at == b.len()
}

/// Of this process: what it may have in effect.
pub fn permitted() -> Result<u64, i32> {
    let mut header = OF_THIS_THREAD;
    let mut data = [Data::default(); 2];
    unsafe { call(libc::SYS_capget, [&raw mut header as usize, data.as_mut_ptr() as usize]) }?;
    Ok(u64::from(data[0].permitted) | u64::from(data[1].permitted) << 32)
}

/// The bounding set of this thread.
pub fn bounding() -> u64 {
    let has = |number: &u32| control(libc::PR_CAPBSET_READ, *number as usize, 0) == Ok(1);
    (0..MOST).filter(has).fold(0, |bits, number| bits | 1 << number)
}

/// Takes everything else from the bounding set of this thread. Whoever may not, has none to give up: that is no error
/// with `or_unprivileged`.
pub fn bound(kept: u64, or_unprivileged: bool) -> Result<(), i32> {
    for number in (0..MOST).filter(|number| kept >> number & 1 == 0) {
        match control(libc::PR_CAPBSET_DROP, number as usize, 0) {
            Ok(_) => {}
            // The kernel knows no capability of this number, and none of a higher one.
            Err(libc::EINVAL) => break,
            Err(libc::EPERM) if or_unprivileged => {}
            Err(errno) => return Err(errno),
        }
    }
    Ok(())
}

/// Permitted and in effect, and what programs that this thread executes inherit.
pub fn set(permitted: u64, inheritable: u64) -> Result<(), i32> {
    let half = |shift: u32| Data {
        effective: (permitted >> shift) as u32,
        permitted: (permitted >> shift) as u32,
        inheritable: (inheritable >> shift) as u32,
    };
    let mut header = OF_THIS_THREAD;
    let data = [half(0), half(32)];
    unsafe { call(libc::SYS_capset, [&raw mut header as usize, data.as_ptr() as usize]) }.map(drop)
}

/// The ambient set of this thread: these, which are permitted and inheritable, and no others.
pub fn set_ambient(ambient: u64) -> Result<(), i32> {
    let change = |what: i32, number: u32| control(libc::PR_CAP_AMBIENT, what as usize, number as usize);
    change(libc::PR_CAP_AMBIENT_CLEAR_ALL, 0)?;
    for number in (0..MOST).filter(|number| ambient >> number & 1 == 1) {
        change(libc::PR_CAP_AMBIENT_RAISE, number)?;
    }
    Ok(())
}

/// prctl(2), for what is harmless to ask for.
fn control(what: i32, first: usize, second: usize) -> Result<usize, i32> {
    unsafe { call(libc::SYS_prctl, [what as usize, first, second, 0, 0]) }
}

#[repr(C)]
struct Header {
    version: u32,
    pid: i32,
}

/// _LINUX_CAPABILITY_VERSION_3 of linux/capability.h: two words of 32 bits.
const OF_THIS_THREAD: Header = Header {
    version: 0x2008_0522,
    pid: 0,
};

#[repr(C)]
#[derive(Clone, Copy, Default)]
struct Data {
    effective: u32,
    permitted: u32,
    inheritable: u32,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_have_the_numbers_of_the_kernel() {
        assert_eq!(bit("CHOWN"), 1);
        assert_eq!(bit("SYS_ADMIN"), 1 << 21);
        assert_eq!(bits(&["SETFCAP", "CHECKPOINT_RESTORE"]), 1 << 31 | 1 << 40);
    }

    #[test]
    fn what_the_kernel_says_of_this_process_is_read() {
        let status = std::fs::read_to_string("/proc/thread-self/status").unwrap();
        let field = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
            u64::from_str_radix(line.trim(), 16).unwrap()
        };
        assert_eq!(permitted(), Ok(field("CapPrm:")));
        assert_eq!(bounding(), field("CapBnd:"));
    }
}
