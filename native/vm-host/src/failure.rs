use serde::{Deserialize, Serialize};
use std::io;

/// Exit code of a start that failed before the guest ran (EX_SOFTWARE of sysexits.h).
pub const EXIT_CODE: i32 = 70;

/// Part of the start that failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Stage {
    Spec,
    Load,
    Jail,
    Call,
    /// The program behind a network card.
    Program,
}

/// Why no guest was started: written to exit.json and as the last line on stderr.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    pub stage: Stage,
    /// What was attempted: a field of the spec, a path, a system call or a `krun_*` function.
    pub what: String,
    /// 0 when no system error is known.
    pub errno: i32,
    pub message: String,
}

impl Failure {
    pub fn new(stage: Stage, what: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            stage,
            what: what.into(),
            errno: 0,
            message: message.into(),
        }
    }

    pub fn system(stage: Stage, what: impl Into<String>, error: &io::Error) -> Self {
        Self {
            stage,
            what: what.into(),
            errno: error.raw_os_error().unwrap_or(0),
            message: error.to_string(),
        }
    }
}
