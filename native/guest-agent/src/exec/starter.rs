use super::agent::Agent;
use super::cgroup::{Cgroup, Cgroups};
use super::command::Command;
use super::failure::Failure;
use super::spawn::{Process, spawn};
use super::table::Table;
use crate::proto::agent::ExecStart;
use crate::reaper::Reaper;
use crate::system;
use std::os::fd::{AsFd, OwnedFd};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

/// Starts processes.
pub struct Starter {
    pub reaper: Arc<Reaper>,
    /// Those that were started.
    pub table: Arc<Table>,
    agent: Agent,
    /// Where groups are made; opened by the first exec, before anything runs that could put something else there.
    cgroup_parent: Option<OwnedFd>,
    cgroups: OnceLock<Option<Cgroups>>,
}

impl Starter {
    /// Also tells the kernel that this process is to be the last to go when memory runs out. `cgroup_parent` is a directory of a cgroup v2
    /// hierarchy: what is none of that is as good as None.
    pub fn new(reaper: Arc<Reaper>, cgroup_parent: Option<OwnedFd>) -> Self {
        Self {
            reaper,
            table: Arc::default(),
            agent: Agent::this(system::shield_from_oom()),
            cgroup_parent,
            cgroups: OnceLock::new(),
        }
    }

    /// Makes the process.
    pub fn launch(&self, start: &ExecStart) -> Result<Process, Failure> {
        let command = Command::plan(start, &self.agent)?;
        spawn(command, &self.reaper, self.cgroup())
    }

    /// A guest that breaks its own cgroups loses no more than the hold on what leaves its process groups.
    fn cgroup(&self) -> Option<Cgroup> {
        let open = || {
            self.cgroup_parent
                .as_ref()
                .and_then(|parent| Cgroups::open(parent.as_fd()))
        };
        self.cgroups.get_or_init(open).as_ref()?.create().ok()
    }
}

/// Waits until the process has become its command.
pub async fn executed(process: &mut Process, start: &ExecStart, patience: Duration) -> Result<(), Failure> {
    match process.executed(patience).await {
        Ok(None) => Ok(()),
        Ok(Some(report)) => Err(report.failure(&start.argv[0], &start.cwd, &start.user)),
        Err(error) => Err(Failure::resources("start of the process", &error)),
    }
}
