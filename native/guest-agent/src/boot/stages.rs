use crate::proto::boot::{FailRequest, Stage};
use crate::system;
use std::io;
use std::time::{Duration, Instant};

/// Why the boot ended: told to the host with Fail.
#[derive(Debug, PartialEq, Eq)]
pub struct Trouble {
    pub message: String,
    pub errno: i32,
}

impl Trouble {
    pub fn new(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            errno: 0,
        }
    }
}

/// Says what was attempted when a system call fails.
pub trait Attempt<T> {
    fn attempt(self, what: impl FnOnce() -> String) -> Result<T, Trouble>;
}

impl<T, E: Into<io::Error>> Attempt<T> for Result<T, E> {
    fn attempt(self, what: impl FnOnce() -> String) -> Result<T, Trouble> {
        self.map_err(|error| {
            let error = error.into();
            Trouble {
                message: format!("{}: {error}", what()),
                errno: error.raw_os_error().unwrap_or(0),
            }
        })
    }
}

/// Runs the stages of a boot and keeps their times.
#[derive(Default)]
pub struct Stages {
    done: Vec<Stage>,
}

impl Stages {
    pub fn run<T>(&mut self, name: &str, work: impl FnOnce() -> Result<T, Trouble>) -> Result<T, FailRequest> {
        let begun = Instant::now();
        let result = work();
        self.done.push(Stage {
            name: name.to_owned(),
            duration: Some(system::duration(begun.elapsed())),
        });
        result.map_err(|trouble| FailRequest {
            stage: name.to_owned(),
            message: trouble.message,
            errno: trouble.errno,
            main: None,
        })
    }

    pub fn record(&mut self, name: &str, duration: Duration) {
        self.done.push(Stage {
            name: name.to_owned(),
            duration: Some(system::duration(duration)),
        });
    }

    pub fn finish(self) -> Vec<Stage> {
        self.done
    }
}
