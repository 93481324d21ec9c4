//! Tells whether /dev/kvm runs real guests: some software implementations offer the device and the whole API, but
//! fail on instructions that every kernel executes while it boots.

mod guest;
mod kvm;

use crate::descriptor::{check, kill, pidfd, pipe, poll, read};
use serde::Serialize;
use std::fs::File;
use std::io::{self, ErrorKind, Write};
use std::os::fd::{AsFd, AsRawFd, OwnedFd};

const DEADLINE_MS: i32 = 2000;

#[derive(Debug, Serialize)]
struct Finding {
    kvm: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    errno: Option<i32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<String>,
}

impl Finding {
    fn bad(kvm: &'static str, errno: i32, message: impl Into<String>) -> Self {
        Self {
            kvm,
            errno: Some(errno),
            message: Some(message.into()),
        }
    }

    fn of(result: io::Result<()>) -> Self {
        let error = match result {
            Ok(()) => {
                return Self {
                    kvm: "ok",
                    errno: None,
                    message: None,
                };
            }
            Err(error) => error,
        };
        let errno = error.raw_os_error().unwrap_or(0);
        let kvm = match errno {
            libc::ENOENT | libc::ENXIO | libc::ENODEV => "missing",
            libc::EACCES | libc::EPERM => "denied",
            _ => "unusable",
        };
        Self::bad(kvm, errno, error.to_string())
    }

    fn line(&self) -> String {
        serde_json::json!(self).to_string()
    }
}

pub fn run() -> i32 {
    match in_child() {
        Ok(line) => {
            println!("{line}");
            0
        }
        Err(error) => {
            eprintln!("vm-host: the probe could not run: {error}");
            1
        }
    }
}

/// The guest runs in a child, so that a KVM that hangs in the kernel cannot take the probe with it.
fn in_child() -> io::Result<String> {
    let (answer, writer) = pipe()?;
    let child = check(unsafe { libc::fork() })?;
    if child == 0 {
        let finding = Finding::of(
            File::options()
                .read(true)
                .write(true)
                .open("/dev/kvm")
                .and_then(kvm::run),
        );
        let _ = File::from(writer).write_all(finding.line().as_bytes());
        unsafe { libc::_exit(0) };
    }
    drop(writer);
    let process = pidfd(child)?;
    let [ended] = poll([process.as_raw_fd()], DEADLINE_MS)?;
    if ended == 0 {
        let _ = kill(process.as_fd());
        let message = format!("the probe guest did not finish within {DEADLINE_MS} ms");
        return Ok(Finding::bad("unusable", libc::ETIMEDOUT, message).line());
    }
    check(unsafe { libc::waitpid(child, std::ptr::null_mut(), 0) })?;
    match read_all(&answer)? {
        line if line.is_empty() => Ok(Finding::bad("unusable", 0, "the probe process was killed").line()),
        line => Ok(line),
    }
}

fn read_all(fd: &OwnedFd) -> io::Result<String> {
    let mut bytes = Vec::new();
    let mut chunk = [0u8; 512];
    loop {
        match read(fd.as_fd(), &mut chunk) {
            Ok(0) => return Ok(String::from_utf8_lossy(&bytes).into_owned()),
            Ok(n) => bytes.extend_from_slice(&chunk[..n]),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_become_findings() {
        let found = |errno| Finding::of(Err(io::Error::from_raw_os_error(errno))).kvm;
        assert_eq!(found(libc::ENOENT), "missing");
        assert_eq!(found(libc::EACCES), "denied");
        assert_eq!(found(libc::EINVAL), "unusable");
        assert_eq!(Finding::of(Ok(())).line(), r#"{"kvm":"ok"}"#);
    }
}
