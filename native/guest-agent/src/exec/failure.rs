use crate::proto::agent::exec_failed::Reason;
use crate::proto::agent::{ExecFailed, ExecResponse, exec_response::Message};
use std::io;

/// Why a process could not be started.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    pub reason: Reason,
    pub message: String,
    /// Of the system call that failed; 0 where there was none.
    pub errno: i32,
}

impl Failure {
    pub fn new(reason: Reason, message: impl Into<String>) -> Self {
        Self {
            reason,
            message: message.into(),
            errno: 0,
        }
    }

    fn with(self, error: &io::Error) -> Self {
        Self {
            errno: error.raw_os_error().unwrap_or(0),
            ..self
        }
    }

    pub fn invalid(message: impl Into<String>) -> Self {
        Self::new(Reason::Invalid, message)
    }

    pub fn resources(what: &str, error: &io::Error) -> Self {
        Self::new(Reason::Resources, format!("{what}: {error}")).with(error)
    }

    /// What a shell, or a container engine, ends with in place of a command that it could not start.
    pub fn exit_code(&self) -> i32 {
        match self.reason {
            Reason::NotFound => 127,
            Reason::NotExecutable => 126,
            _ => 125,
        }
    }

    pub fn message(self) -> ExecFailed {
        ExecFailed {
            reason: self.reason.into(),
            message: self.message,
        }
    }

    pub fn response(self) -> ExecResponse {
        ExecResponse {
            message: Some(Message::Failed(self.message())),
        }
    }
}

/// What the child was doing when it gave up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i32)]
pub enum Step {
    Setup = 1,
    Cwd = 2,
    User = 3,
    Exec = 4,
    Limits = 5,
}

/// The child's last words on the error pipe.
pub const REPORT_BYTES: usize = 8;

pub fn encode_report(step: Step, errno: i32) -> [u8; REPORT_BYTES] {
    let mut report = [0; REPORT_BYTES];
    report[..4].copy_from_slice(&(step as i32).to_ne_bytes());
    report[4..].copy_from_slice(&errno.to_ne_bytes());
    report
}

/// The failure that a report stands for, in terms of what the caller asked for.
pub fn decode_report(report: [u8; REPORT_BYTES], command: &str, cwd: &str, user: &str) -> Failure {
    let word = |at: usize| i32::from_ne_bytes([report[at], report[at + 1], report[at + 2], report[at + 3]]);
    let (step, errno) = (word(0), word(4));
    let error = io::Error::from_raw_os_error(errno);
    if matches!(errno, libc::EAGAIN | libc::ENOMEM | libc::EMFILE | libc::ENFILE) {
        return Failure::resources("start of the process", &error);
    }
    let failure = match step {
        step if step == Step::Cwd as i32 => Failure::new(Reason::BadCwd, format!("working directory {cwd:?}: {error}")),
        step if step == Step::User as i32 => Failure::new(Reason::BadUser, format!("user {user:?}: {error}")),
        step if step == Step::Limits as i32 => Failure::invalid(format!("limits of resources: {error}")),
        step if step == Step::Exec as i32 => Failure::new(exec_reason(errno), format!("{command:?}: {error}")),
        _ => Failure::resources("set-up of the process", &error),
    };
    failure.with(&error)
}

/// execve(2): which errors mean that there is no such program, and which that it cannot be executed.
fn exec_reason(errno: i32) -> Reason {
    match errno {
        libc::ENOENT | libc::ENOTDIR | libc::ENAMETOOLONG => Reason::NotFound,
        libc::E2BIG => Reason::Invalid,
        _ => Reason::NotExecutable,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reports_become_reasons() {
        let table = [
            (Step::Exec, libc::ENOENT, Reason::NotFound),
            (Step::Exec, libc::EACCES, Reason::NotExecutable),
            (Step::Exec, libc::ENOEXEC, Reason::NotExecutable),
            (Step::Exec, libc::E2BIG, Reason::Invalid),
            (Step::Exec, libc::ENOMEM, Reason::Resources),
            (Step::Cwd, libc::ENOTDIR, Reason::BadCwd),
            (Step::User, libc::EPERM, Reason::BadUser),
            (Step::Setup, libc::EINVAL, Reason::Resources),
            (Step::Limits, libc::EPERM, Reason::Invalid),
        ];
        for (step, errno, reason) in table {
            let failure = decode_report(encode_report(step, errno), "sh", "/", "root");
            assert_eq!(failure.reason, reason, "{step:?} {errno}");
        }
    }
}
