//! Tells whether /dev/kvm runs real guests: some software implementations offer the device and the whole API, but
//! fail on instructions that every kernel executes while it boots. And whether a VM can have its whole jail.

#[cfg_attr(target_arch = "x86_64", path = "x86_64/mod.rs")]
#[cfg_attr(target_arch = "aarch64", path = "aarch64.rs")]
mod guest;
mod kvm;

use crate::descriptor::{check, kill, pidfd, pipe, poll, read};
use crate::jail;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::fs::File;
use std::io::{self, ErrorKind, Write};
use std::os::fd::{AsFd, AsRawFd, OwnedFd};

const DEADLINE_MS: i32 = 2000;

#[derive(Debug, Serialize, Deserialize)]
struct Finding {
    kvm: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    errno: Option<i32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    message: Option<String>,
}

impl Finding {
    fn bad(kvm: &str, errno: i32, message: impl Into<String>) -> Self {
        Self {
            kvm: kvm.to_owned(),
            errno: Some(errno),
            message: Some(message.into()),
        }
    }

    fn of(result: io::Result<()>) -> Self {
        let error = match result {
            Ok(()) => {
                return Self {
                    kvm: "ok".to_owned(),
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
}

/// What the machine can do for a VM.
#[derive(Debug, Serialize)]
struct Answer {
    #[serde(flatten)]
    kvm: Finding,
    /// A sentence for each measure of the jail that this system does not allow.
    jail: Vec<String>,
}

pub fn run() -> i32 {
    match probe() {
        Ok(answer) => {
            println!("{}", serde_json::json!(answer));
            0
        }
        Err(error) => {
            eprintln!("vm-host: the probe could not run: {error}");
            1
        }
    }
}

fn probe() -> io::Result<Answer> {
    let kvm = in_child(|| {
        let kvm = File::options().read(true).write(true).open("/dev/kvm");
        serde_json::json!(Finding::of(kvm.and_then(kvm::run)))
    })?;
    let jail = in_child(|| serde_json::json!(missing_measures()))?;
    Ok(Answer {
        kvm: kvm.unwrap_or_else(|silence| {
            Finding::bad("unusable", silence.errno, format!("the probe guest {}", silence.why))
        }),
        jail: jail.unwrap_or_else(|silence| vec![format!("the process that tried it {}", silence.why)]),
    })
}

fn missing_measures() -> Vec<String> {
    match jail::attempt() {
        Ok(measures) => measures.missing().iter().map(ToString::to_string).collect(),
        Err(failure) => vec![format!("{}: {}", failure.what, failure.message)],
    }
}

/// Why there was no answer.
struct Silence {
    errno: i32,
    why: String,
}

/// In a child, so that a KVM that hangs in the kernel cannot take the probe with it, and a jail is only the child's.
fn in_child<T: DeserializeOwned>(question: impl FnOnce() -> serde_json::Value) -> io::Result<Result<T, Silence>> {
    let (answer, writer) = pipe()?;
    let child = check(unsafe { libc::fork() })?;
    if child == 0 {
        let _ = File::from(writer).write_all(question().to_string().as_bytes());
        unsafe { libc::_exit(0) };
    }
    drop(writer);
    let process = pidfd(child)?;
    let [ended] = poll([process.as_raw_fd()], DEADLINE_MS)?;
    if ended == 0 {
        let _ = kill(process.as_fd());
        return Ok(Err(Silence {
            errno: libc::ETIMEDOUT,
            why: format!("did not finish within {DEADLINE_MS} ms"),
        }));
    }
    check(unsafe { libc::waitpid(child, std::ptr::null_mut(), 0) })?;
    Ok(serde_json::from_str(&read_all(&answer)?).map_err(|_| Silence {
        errno: 0,
        why: "was killed".to_owned(),
    }))
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
        assert_eq!(serde_json::json!(Finding::of(Ok(()))).to_string(), r#"{"kvm":"ok"}"#);
    }
}
