use crate::failure::{EXIT_CODE, Failure};
use crate::log::{Dropped, Fault};
use crate::timestamp::iso;
use serde::Serialize;
use std::time::SystemTime;

/// How the VM process ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    Code(i32),
    Signal(i32),
}

/// Who or what brought the end about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Cause {
    /// The VM process exited by itself.
    Guest,
    /// It did so because the guest's kernel panicked.
    Panic,
    /// It did so because libkrun could not run a virtual CPU any further.
    Vmm,
    /// A signal to the monitor asked for it.
    Stopped,
    /// The starter is gone and the VM not detached.
    Creator,
    /// A signal from elsewhere: a fault, the kernel out of memory, an operator.
    Signal,
    /// No guest was started.
    Start,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Outcome {
    version: u32,
    code: Option<i32>,
    signal: Option<i32>,
    cause: Cause,
    started_at: String,
    ended_at: String,
    failure: Option<Failure>,
    fault: Option<String>,
    log: Dropped,
}

/// What is known when the VM process is gone.
pub struct Ending {
    pub ended: Ended,
    /// Why the monitor ended the VM, when it did.
    pub asked: Option<Cause>,
    pub failure: Option<Failure>,
    /// What was said of it on the console.
    pub fault: Option<Fault>,
    pub log: Dropped,
}

impl Ending {
    pub fn of_failure(failure: Failure) -> Self {
        Self {
            ended: Ended::Code(EXIT_CODE),
            asked: None,
            failure: Some(failure),
            fault: None,
            log: Dropped::default(),
        }
    }
}

impl Outcome {
    pub fn new(started: SystemTime, ending: Ending) -> Self {
        let Ending {
            ended,
            asked,
            failure,
            fault,
            log,
        } = ending;
        let fault = fault
            .filter(|_| failure.is_none())
            .and_then(|fault| by_fault(ended, fault));
        let (code, signal, cause) = match (&failure, &fault, ended) {
            (Some(_), ..) => (Some(EXIT_CODE), None, Cause::Start),
            (None, Some((cause, _)), _) => (None, None, *cause),
            (None, None, Ended::Code(code)) => (Some(code), None, Cause::Guest),
            (None, None, Ended::Signal(signal)) => (None, Some(signal), asked.unwrap_or(Cause::Signal)),
        };
        Self {
            version: 1,
            code,
            signal,
            cause,
            started_at: iso(started),
            ended_at: iso(SystemTime::now()),
            failure,
            fault: fault.map(|(_, said)| said),
            log,
        }
    }

    /// The monitor's own exit code.
    pub fn exit_code(&self) -> i32 {
        self.code.or(self.signal.map(|n| 128 + n)).unwrap_or(EXIT_CODE)
    }

    pub fn json(&self) -> String {
        serde_json::to_string(self).expect("these have no maps with other keys than strings")
    }

    pub fn failure(&self) -> Option<&Failure> {
        self.failure.as_ref()
    }
}

/// The end that a fault has brought about. libkrun ends with 0 when nobody in the guest has said another code, and with 1 when it gives a
/// virtual CPU up: those codes are nobody's then.
fn by_fault(ended: Ended, fault: Fault) -> Option<(Cause, String)> {
    match (ended, fault) {
        (Ended::Code(0), Fault::Panic(said)) => Some((Cause::Panic, said)),
        (Ended::Code(1), Fault::Vcpu(said)) => Some((Cause::Vmm, said)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::failure::Stage;

    fn outcome(ended: Ended, asked: Option<Cause>, failure: Option<Failure>) -> Outcome {
        let log = Dropped::default();
        Outcome::new(
            SystemTime::now(),
            Ending {
                ended,
                asked,
                failure,
                fault: None,
                log,
            },
        )
    }

    #[test]
    fn code_signal_and_failure_exclude_each_other() {
        let failure = Failure::new(Stage::Load, "x", "y");
        let table = [
            (outcome(Ended::Code(37), None, None), Some(37), None, Cause::Guest, 37),
            (outcome(Ended::Signal(9), None, None), None, Some(9), Cause::Signal, 137),
            (
                outcome(Ended::Signal(9), Some(Cause::Stopped), None),
                None,
                Some(9),
                Cause::Stopped,
                137,
            ),
            // It was asked to end when it had just ended by itself.
            (
                outcome(Ended::Code(0), Some(Cause::Creator), None),
                Some(0),
                None,
                Cause::Guest,
                0,
            ),
            (
                outcome(Ended::Code(1), None, Some(failure)),
                Some(70),
                None,
                Cause::Start,
                70,
            ),
        ];
        for (outcome, code, signal, cause, exit_code) in table {
            assert_eq!((outcome.code, outcome.signal), (code, signal));
            assert_eq!((outcome.cause, outcome.exit_code()), (cause, exit_code));
        }
    }

    #[test]
    fn a_fault_is_no_exit_code_but_only_the_end_of_who_ended_with_its_own() {
        let [panic, vcpu] = [Fault::Panic, Fault::Vcpu].map(|kind| kind("said".into()));
        let ending = |ended, fault: &Fault| {
            Outcome::new(
                SystemTime::now(),
                Ending {
                    ended,
                    asked: None,
                    failure: None,
                    fault: Some(fault.clone()),
                    log: Dropped::default(),
                },
            )
        };
        for (code, fault, cause) in [(0, &panic, Cause::Panic), (1, &vcpu, Cause::Vmm)] {
            let outcome = ending(Ended::Code(code), fault);
            assert_eq!((outcome.code, outcome.signal, outcome.cause), (None, None, cause));
            assert_eq!(
                (outcome.fault.as_deref(), outcome.exit_code()),
                (Some("said"), EXIT_CODE)
            );
        }
        for (ended, fault) in [
            (Ended::Code(1), &panic),
            (Ended::Code(0), &vcpu),
            (Ended::Code(3), &vcpu),
            (Ended::Signal(9), &panic),
        ] {
            let outcome = ending(ended, fault);
            assert!(outcome.fault.is_none() && matches!(outcome.cause, Cause::Guest | Cause::Signal));
        }
    }
}
