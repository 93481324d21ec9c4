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

/// What a child was doing when it gave up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    Setup,
    Cwd,
    User,
    Exec,
    Limits,
}

const STEPS: [Step; 5] = [Step::Setup, Step::Cwd, Step::User, Step::Exec, Step::Limits];

/// Why a child gave up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Report {
    pub step: Step,
    pub errno: i32,
}

impl Report {
    /// As one word, which is never 0.
    pub fn encode(self) -> u64 {
        (self.step as u64 + 1) << 32 | u64::from(self.errno as u32)
    }

    pub fn decode(word: u64) -> Option<Self> {
        let step = ((word >> 32) as usize).checked_sub(1)?;
        Some(Self {
            step: *STEPS.get(step)?,
            errno: word as u32 as i32,
        })
    }

    /// The failure that it stands for, in terms of what the caller asked for.
    pub fn failure(self, command: &str, cwd: &str, user: &str) -> Failure {
        let Self { step, errno } = self;
        let error = io::Error::from_raw_os_error(errno);
        if matches!(errno, libc::EAGAIN | libc::ENOMEM | libc::EMFILE | libc::ENFILE) {
            return Failure::resources("start of the process", &error);
        }
        let failure = match step {
            Step::Cwd => Failure::new(Reason::BadCwd, format!("working directory {cwd:?}: {error}")),
            Step::User => Failure::new(Reason::BadUser, format!("user {user:?}: {error}")),
            Step::Limits => Failure::invalid(format!("limits of resources: {error}")),
            Step::Exec => Failure::new(exec_reason(errno), format!("{command:?}: {error}")),
            Step::Setup => Failure::resources("set-up of the process", &error),
        };
        failure.with(&error)
    }
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
        assert_eq!(Report::decode(0), None);
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
            let report = Report { step, errno };
            assert_eq!(Report::decode(report.encode()), Some(report));
            assert_eq!(report.failure("sh", "/", "root").reason, reason, "{step:?} {errno}");
        }
    }
}
