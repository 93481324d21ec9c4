use crate::failure::{EXIT_CODE, Failure};
use crate::timestamp::iso;
use serde::Serialize;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::time::SystemTime;

/// How the VM process ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    Code(i32),
    Signal(i32),
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Outcome {
    version: u32,
    code: Option<i32>,
    signal: Option<i32>,
    started_at: String,
    ended_at: String,
    failure: Option<Failure>,
}

impl Outcome {
    pub fn new(started: SystemTime, ended: Ended, failure: Option<Failure>) -> Self {
        let (code, signal) = match (&failure, ended) {
            (Some(_), _) => (Some(EXIT_CODE), None),
            (None, Ended::Code(code)) => (Some(code), None),
            (None, Ended::Signal(signal)) => (None, Some(signal)),
        };
        Self {
            version: 1,
            code,
            signal,
            started_at: iso(started),
            ended_at: iso(SystemTime::now()),
            failure,
        }
    }

    /// The monitor's own exit code.
    pub fn exit_code(&self) -> i32 {
        self.code.or(self.signal.map(|n| 128 + n)).unwrap_or(EXIT_CODE)
    }

    pub fn failure(&self) -> Option<&Failure> {
        self.failure.as_ref()
    }

    /// Readers see no file or a whole one, also after a power loss.
    pub fn write(&self, path: &Path) -> io::Result<()> {
        let mut temporary = path.as_os_str().to_owned();
        temporary.push(format!(".{}.tmp", std::process::id()));
        let written =
            write_synced(temporary.as_ref(), &serde_json::to_vec(self)?).and_then(|()| fs::rename(&temporary, path));
        if written.is_err() {
            let _ = fs::remove_file(&temporary);
        }
        written?;
        match path.parent() {
            Some(parent) => File::open(parent)?.sync_all(),
            None => Ok(()),
        }
    }
}

fn write_synced(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = OpenOptions::new()
        .create(true)
        .write(true)
        .truncate(true)
        .mode(0o600)
        .open(path)?;
    file.write_all(bytes)?;
    file.write_all(b"\n")?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::failure::Stage;

    #[test]
    fn code_signal_and_failure_exclude_each_other() {
        let now = SystemTime::now();
        let outcome = Outcome::new(now, Ended::Code(37), None);
        assert_eq!(
            (outcome.code, outcome.signal, outcome.exit_code()),
            (Some(37), None, 37)
        );
        let outcome = Outcome::new(now, Ended::Signal(9), None);
        assert_eq!(
            (outcome.code, outcome.signal, outcome.exit_code()),
            (None, Some(9), 137)
        );
        let failure = Failure::new(Stage::Load, "x", "y");
        let outcome = Outcome::new(now, Ended::Code(1), Some(failure));
        assert_eq!((outcome.code, outcome.exit_code()), (Some(70), 70));
    }
}
