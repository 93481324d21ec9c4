use super::main_process::MainProcess;
use super::starter::Starter;
use super::table::Table;
use crate::reaper::Reaper;
use std::os::fd::OwnedFd;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use tonic::Status;

/// What every session shares.
pub struct Context {
    pub starter: Starter,
    main: OnceLock<Arc<MainProcess>>,
    closed: AtomicBool,
}

impl Context {
    /// As [`Starter::new`].
    pub fn new(reaper: Arc<Reaper>, cgroup_parent: Option<OwnedFd>) -> Self {
        Self {
            starter: Starter::new(reaper, cgroup_parent),
            main: OnceLock::new(),
            closed: AtomicBool::new(false),
        }
    }

    pub fn table(&self) -> &Arc<Table> {
        &self.starter.table
    }

    pub fn reaper(&self) -> &Reaper {
        &self.starter.reaper
    }

    /// No call starts a process from now on: a shutdown ends those that it finds, and would wait for others in vain.
    pub fn close(&self) {
        self.closed.store(true, Ordering::Relaxed);
    }

    pub fn refuse_when_closed(&self) -> Result<(), Status> {
        match self.closed.load(Ordering::Relaxed) {
            true => Err(Status::unavailable("the guest is shutting down")),
            false => Ok(()),
        }
    }

    /// Of a guest that has one; known from its boot on.
    pub fn main(&self) -> Option<&Arc<MainProcess>> {
        self.main.get()
    }

    /// Once, before anybody can ask for it.
    pub fn set_main(&self, main: Arc<MainProcess>) {
        let _ = self.main.set(main);
    }
}
