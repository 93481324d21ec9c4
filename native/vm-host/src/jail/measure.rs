use super::request::Mode;
use crate::failure::{Failure, Stage};
use serde::Serialize;
use std::fmt;
use std::io;

/// What stands between the VM process and the host, by the names that the start report uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Measure {
    /// Its privileges hold for what it was given only; root outside is nobody's root inside.
    UserNamespace,
    MountNamespace,
    IpcNamespace,
    UtsNamespace,
    /// Not even a loopback device that is up. Asked for unless the guest's sockets are to be the host's.
    NetworkNamespace,
    /// Limits of memory, CPU time and threads, where the start asks for them.
    Cgroup,
    /// Its root holds what the VM needs; the host's file tree is gone.
    PrivateTree,
    ResourceLimits,
    /// None are left but those that virtio-fs needs for the owners and modes of files.
    FewCapabilities,
    NoNewPrivileges,
    SystemCallFilter,
}

/// Which measures are in force, and what to do about one that cannot be.
pub struct Measures {
    mode: Mode,
    in_force: Vec<Measure>,
    missing: Vec<Missing>,
}

/// A measure that could not be applied, at best effort.
#[derive(Debug, Serialize)]
pub struct Missing {
    pub measure: Measure,
    pub message: String,
}

impl Measures {
    pub fn new(mode: Mode) -> Self {
        Self {
            mode,
            in_force: Vec::new(),
            missing: Vec::new(),
        }
    }

    /// Takes note of how a measure turned out. Answers whether it is in force; an error when it has to be and is not.
    pub fn note(&mut self, measure: Measure, result: io::Result<()>) -> Result<bool, Failure> {
        match (result, self.mode) {
            (Ok(()), _) => {
                self.in_force.push(measure);
                Ok(true)
            }
            (Err(error), Mode::Required) => Err(Failure::system(Stage::Jail, name(measure), &error)),
            (Err(error), Mode::BestEffort) => {
                let message = error.to_string();
                self.missing.push(Missing { measure, message });
                Ok(false)
            }
        }
    }

    pub fn has(&self, measure: Measure) -> bool {
        self.in_force.contains(&measure)
    }

    pub fn in_force(&self) -> &[Measure] {
        &self.in_force
    }

    pub fn missing(&self) -> &[Missing] {
        &self.missing
    }

    pub fn say_missing(&self) {
        for missing in &self.missing {
            eprintln!("vm-host: {missing}");
        }
    }
}

impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the jail is without its {}: {}", name(self.measure), self.message)
    }
}

fn name(measure: Measure) -> String {
    serde_json::to_value(measure)
        .ok()
        .and_then(|value| value.as_str().map(str::to_owned))
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused() -> io::Result<()> {
        Err(io::Error::from_raw_os_error(libc::EPERM))
    }

    #[test]
    fn a_required_measure_that_cannot_be_applied_is_a_failure_that_names_it() {
        let failure = Measures::new(Mode::Required)
            .note(Measure::UserNamespace, refused())
            .unwrap_err();
        assert_eq!(
            (failure.stage, failure.what.as_str(), failure.errno),
            (Stage::Jail, "user-namespace", libc::EPERM)
        );
    }

    #[test]
    fn at_best_effort_it_is_not_in_force() {
        let mut measures = Measures::new(Mode::BestEffort);
        assert!(!measures.note(Measure::UserNamespace, refused()).unwrap());
        assert!(measures.note(Measure::PrivateTree, Ok(())).unwrap());
        assert_eq!(measures.in_force(), [Measure::PrivateTree]);
        assert_eq!(
            measures.missing()[0].to_string(),
            "the jail is without its user-namespace: Operation not permitted (os error 1)"
        );
    }
}
