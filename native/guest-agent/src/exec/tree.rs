use super::cgroup::Cgroup;
use super::group::Group;

/// A process with everything that it has started: its process group, and where there are cgroups also what has left that
/// for a session of its own.
pub struct Tree {
    group: Group,
    cgroup: Option<Cgroup>,
}

impl Tree {
    pub fn new(group: Group, cgroup: Option<Cgroup>) -> Self {
        Self { group, cgroup }
    }

    /// To the process group alone, as a terminal or a shell does it.
    pub fn signal(&self, number: i32) {
        self.group.signal(number);
    }

    /// To the process itself.
    pub fn signal_leader(&self, number: i32) {
        self.group.signal_leader(number);
    }

    /// To everything that is there, as far as cgroups tell.
    pub fn signal_all(&self, number: i32) {
        match &self.cgroup {
            Some(cgroup) => cgroup.signal(number),
            None => self.group.signal(number),
        }
    }

    /// SIGKILL to everything.
    pub fn kill(&self) {
        if let Some(cgroup) = &self.cgroup {
            cgroup.kill();
        }
        // Who may write to cgroups can also have left its own.
        self.group.kill();
    }

    /// Resolves when everything has ended, as far as cgroups tell.
    pub async fn emptied(&self) {
        if let Some(cgroup) = &self.cgroup {
            cgroup.emptied().await;
        }
    }
}
