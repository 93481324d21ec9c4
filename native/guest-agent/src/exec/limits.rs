use super::failure::Failure;
use crate::proto::agent::ExecStart;
use std::time::Duration;

pub const MAX_GRACE: Duration = Duration::from_secs(3600);
/// The longest timer of tokio is about two years.
const MAX_TIMEOUT: Duration = Duration::from_secs(30 * 24 * 3600);
/// For a program to save its state when its terminal hangs up.
const HANG_UP_GRACE: Duration = Duration::from_secs(1);

/// When a process is ended, and how patiently.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    pub timeout: Option<Duration>,
    /// From the timeout to SIGKILL.
    pub grace: Duration,
    /// From the caller's departure to SIGKILL; None when the process outlives the call.
    pub parting: Option<Duration>,
    /// What asks the process alone to end; None for SIGTERM to its group.
    pub stop_signal: Option<i32>,
}

impl Limits {
    pub fn of(start: &ExecStart) -> Result<Self, Failure> {
        let grace = bounded("grace", start.kill_grace, MAX_GRACE)?;
        let unasked = match start.terminal {
            Some(_) => HANG_UP_GRACE,
            None => Duration::ZERO,
        };
        Ok(Self {
            timeout: bounded("timeout", start.timeout, MAX_TIMEOUT)?,
            grace: grace.unwrap_or_default(),
            stop_signal: stop_signal(start.stop_signal)?,
            parting: (!start.detach).then(|| grace.unwrap_or(unasked)),
        })
    }
}

fn stop_signal(number: i32) -> Result<Option<i32>, Failure> {
    match number {
        0 => Ok(None),
        1..=64 => Ok(Some(number)),
        _ => Err(Failure::invalid(format!("{number} is no signal"))),
    }
}

fn bounded(what: &str, given: Option<prost_types::Duration>, most: Duration) -> Result<Option<Duration>, Failure> {
    let Some(given) = given else { return Ok(None) };
    match Duration::try_from(given) {
        Ok(duration) if duration <= most => Ok(Some(duration)),
        _ => Err(Failure::invalid(format!(
            "the {what} is not from 0 to {} seconds",
            most.as_secs()
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proto::agent::TerminalSize;

    fn seconds(seconds: i64) -> Option<prost_types::Duration> {
        Some(prost_types::Duration { seconds, nanos: 0 })
    }

    #[test]
    fn a_departure_ends_at_once_what_has_no_terminal_and_never_what_is_detached() {
        let limits = |start: ExecStart| Limits::of(&start).unwrap();
        assert_eq!(limits(ExecStart::default()).parting, Some(Duration::ZERO));
        let terminal = Some(TerminalSize { columns: 80, rows: 24 });
        let of_terminal = ExecStart {
            terminal,
            ..ExecStart::default()
        };
        assert_eq!(limits(of_terminal.clone()).parting, Some(HANG_UP_GRACE));
        let asked = ExecStart {
            kill_grace: seconds(0),
            ..of_terminal
        };
        assert_eq!(limits(asked).parting, Some(Duration::ZERO));
        let detached = ExecStart {
            detach: true,
            timeout: seconds(9),
            ..ExecStart::default()
        };
        assert_eq!(
            (limits(detached.clone()).parting, limits(detached).timeout),
            (None, Some(Duration::from_secs(9)))
        );
    }

    #[test]
    fn a_stop_signal_is_a_signal() {
        let stop = |stop_signal| {
            Limits::of(&ExecStart {
                stop_signal,
                ..ExecStart::default()
            })
        };
        assert_eq!(stop(0).unwrap().stop_signal, None);
        assert_eq!(stop(37).unwrap().stop_signal, Some(37));
        assert!(stop(-1).is_err() && stop(65).is_err());
    }

    #[test]
    fn times_out_of_range_are_refused() {
        for grace in [seconds(-1), seconds(3601)] {
            assert!(
                Limits::of(&ExecStart {
                    kill_grace: grace,
                    ..ExecStart::default()
                })
                .is_err()
            );
        }
        assert!(
            Limits::of(&ExecStart {
                timeout: seconds(i64::MAX),
                ..ExecStart::default()
            })
            .is_err()
        );
    }
}
