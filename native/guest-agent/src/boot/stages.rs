use crate::proto::boot::{Failed, Stage};
use crate::system;
use std::io;
use std::time::Instant;

/// Why the boot ended: told to the host with Failed.
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

/// Runs the stages of a boot and keeps their times. Each begins where the one before it ended, so that together they are the whole time.
pub struct Stages {
    since: Instant,
    done: Vec<Stage>,
}

impl Stages {
    pub fn begin() -> Self {
        Self {
            since: Instant::now(),
            done: Vec::new(),
        }
    }

    pub fn run<T>(&mut self, name: &str, work: impl FnOnce() -> Result<T, Trouble>) -> Result<T, Failed> {
        let result = work();
        self.record(name);
        result.map_err(|trouble| Failed {
            stage: name.to_owned(),
            message: trouble.message,
            errno: trouble.errno,
            main: None,
        })
    }

    /// Ends a stage that was not run here.
    pub fn record(&mut self, name: &str) {
        let now = Instant::now();
        self.done.push(Stage {
            name: name.to_owned(),
            duration: Some(system::duration(now - self.since)),
        });
        self.since = now;
    }

    pub fn finish(self) -> Vec<Stage> {
        self.done
    }
}
