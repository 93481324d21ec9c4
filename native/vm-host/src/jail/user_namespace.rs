//! A user namespace in which the caller is root, over itself alone or, when it is root outside, over the same users.

use crate::descriptor::{check, pipe, read};
use std::fs::{self, File};
use std::io::{self, Write};
use std::os::fd::{AsFd, OwnedFd};

/// Enters it together with the namespaces of the flags.
pub fn enter(flags: i32) -> io::Result<()> {
    let (uid, gid) = unsafe { (libc::geteuid(), libc::getegid()) };
    // Files of an image that root runs belong to many users; to one who is not mapped, even the namespace's root is a stranger.
    let writer = if uid == 0 { Some(MapWriter::start()?) } else { None };
    let entered = check(unsafe { libc::unshare(flags | libc::CLONE_NEWUSER) });
    let mapped = writer.map(|writer| writer.end(entered.is_ok()));
    entered?;
    match mapped {
        Some(Ok(())) => Ok(()),
        // A root without the privilege to give others away, as in some containers.
        _ => map_self(uid, gid),
    }
}

fn map_self(uid: libc::uid_t, gid: libc::gid_t) -> io::Result<()> {
    fs::write("/proc/self/setgroups", "deny")?;
    fs::write("/proc/self/uid_map", format!("0 {uid} 1"))?;
    fs::write("/proc/self/gid_map", format!("0 {gid} 1"))
}

/// A process that stays outside and gives all users to the namespace: user_namespaces(7) lets nobody inside do that.
struct MapWriter {
    pid: libc::pid_t,
    go: OwnedFd,
}

impl MapWriter {
    fn start() -> io::Result<Self> {
        let (waits, go) = pipe()?;
        let parent = unsafe { libc::getpid() };
        let pid = check(unsafe { libc::fork() })?;
        if pid == 0 {
            // Otherwise it would itself keep the pipe open whose end it waits for.
            drop(go);
            let told = matches!(read(waits.as_fd(), &mut [0]), Ok(1));
            let written = told && give_all_users_to(parent).is_ok();
            unsafe { libc::_exit(i32::from(!written)) };
        }
        Ok(Self { pid, go })
    }

    /// Lets it write the map, or go without.
    fn end(self, write: bool) -> io::Result<()> {
        let mut status = 0;
        let mut go = File::from(self.go);
        if write {
            go.write_all(b"x")?;
        }
        drop(go);
        check(unsafe { libc::waitpid(self.pid, &mut status, 0) })?;
        match libc::WIFEXITED(status) && libc::WEXITSTATUS(status) == 0 {
            true => Ok(()),
            false => Err(io::Error::from_raw_os_error(libc::EPERM)),
        }
    }
}

fn give_all_users_to(pid: libc::pid_t) -> io::Result<()> {
    for file in ["uid_map", "gid_map"] {
        let own = fs::read_to_string(format!("/proc/self/{file}"))?;
        fs::write(format!("/proc/{pid}/{file}"), same_within(&own))?;
    }
    Ok(())
}

/// A map of this namespace's users to the same numbers in one within it; user_namespaces(7): first inside, first outside, length.
fn same_within(map: &str) -> String {
    let line = |line: &str| {
        let mut fields = line.split_whitespace();
        let (first, length) = (fields.next()?, fields.nth(1)?);
        Some(format!("{first} {first} {length}\n"))
    };
    map.lines().filter_map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::same_within;

    #[test]
    fn users_keep_their_numbers() {
        assert_eq!(same_within("         0          0 4294967295\n"), "0 0 4294967295\n");
        assert_eq!(same_within("0 1000 1\n1 100000 65536\n"), "0 0 1\n1 1 65536\n");
    }
}
