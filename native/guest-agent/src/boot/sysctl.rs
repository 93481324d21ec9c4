use super::beneath::own_directory;
use super::stages::{Attempt, Trouble};
use crate::proto::boot;
use rustix::fs::{Mode, OFlags, openat};
use rustix::io::{Errno, write};
use std::os::fd::{AsFd, BorrowedFd};

const MAX_SYSCTLS: usize = 256;
const MAX_VALUE_BYTES: usize = 1024;
/// What container engines let a container set, by exact names and by beginnings.
const EXACT: [&str; 1] = ["kernel.sem"];
const BEGINNINGS: [&str; 4] = ["kernel.shm", "kernel.msg", "fs.mqueue.", "net."];

/// A parameter of the kernel that a box may set.
#[derive(Debug, PartialEq, Eq)]
pub struct Sysctl {
    name: String,
    value: String,
}

pub fn check(sysctls: Vec<boot::Sysctl>) -> Result<Vec<Sysctl>, Trouble> {
    if sysctls.len() > MAX_SYSCTLS {
        return Err(Trouble::new(format!(
            "{} sysctls, {MAX_SYSCTLS} allowed",
            sysctls.len()
        )));
    }
    sysctls.into_iter().map(check_one).collect()
}

fn check_one(boot::Sysctl { name, value }: boot::Sysctl) -> Result<Sysctl, Trouble> {
    let part = |part: &str| {
        !part.is_empty()
            && part
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'))
    };
    let allowed = EXACT.contains(&name.as_str()) || BEGINNINGS.iter().any(|beginning| name.starts_with(beginning));
    if !allowed || !name.split('.').all(part) {
        return Err(Trouble::new(format!("{name:?} is no sysctl that a box may set")));
    }
    match value.len() <= MAX_VALUE_BYTES && !value.contains(['\0', '\n']) {
        true => Ok(Sysctl { name, value }),
        false => Err(Trouble::new(format!("the value of {name} is no line of text"))),
    }
}

/// Writes them. `root` has the kernel's own /proc, in which no link leads elsewhere.
pub fn apply(root: BorrowedFd<'_>, sysctls: &[Sysctl]) -> Result<(), Trouble> {
    if sysctls.is_empty() {
        return Ok(());
    }
    let proc = own_directory(root, "proc").attempt(|| "open /proc".into())?;
    for Sysctl { name, value } in sysctls {
        set(proc.as_fd(), name, value).attempt(|| format!("set the sysctl {name} to {value:?}"))?;
    }
    Ok(())
}

fn set(proc: BorrowedFd<'_>, name: &str, value: &str) -> rustix::io::Result<()> {
    let path = format!("sys/{}", name.replace('.', "/"));
    let file = openat(proc, path, OFlags::WRONLY | OFlags::CLOEXEC, Mode::empty())?;
    match write(&file, value.as_bytes())? == value.len() {
        true => Ok(()),
        false => Err(Errno::IO),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sysctl(name: &str, value: &str) -> Result<Vec<Sysctl>, Trouble> {
        check(vec![boot::Sysctl {
            name: name.to_owned(),
            value: value.to_owned(),
        }])
    }

    #[test]
    fn only_what_containers_may_set_is_taken() {
        for name in [
            "net.ipv4.ip_forward",
            "net.ipv4.conf.eth0.rp_filter",
            "kernel.shmmax",
            "kernel.shm_rmid_forced",
            "kernel.msgmnb",
            "kernel.sem",
            "fs.mqueue.msg_max",
        ] {
            assert!(sysctl(name, "1").is_ok(), "{name}");
        }
        for name in [
            "",
            "net.",
            "net",
            "kernel.semaphore",
            "kernel.core_pattern",
            "vm.overcommit_memory",
            "fs.file-max",
            "net..x",
            "net.ipv4/../../kernel/core_pattern",
            "net.\0",
        ] {
            assert!(sysctl(name, "1").is_err(), "{name:?}");
        }
        assert!(sysctl("net.a", "1\n2").is_err());
        assert!(sysctl("net.a", &"1".repeat(1025)).is_err());
    }
}
