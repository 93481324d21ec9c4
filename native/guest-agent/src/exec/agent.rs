use super::capabilities::{Granted, available};
use super::failure::Failure;
use crate::account::{self, BadUser, Identity};
use crate::proto::agent::ExecStart;
use crate::proto::agent::exec_failed::Reason;
use rustix::process::{Resource, getrlimit};

/// What of the agent itself decides what its processes can have.
#[derive(Clone, Copy, Debug)]
pub struct Agent {
    pub is_root: bool,
    pub capabilities: u64,
    pub hard_nofile: u64,
    /// The kernel does not end it when memory runs out, which is not to be so for its children.
    pub shielded: bool,
}

impl Agent {
    pub fn this(shielded: bool) -> Self {
        Self {
            is_root: rustix::process::geteuid().is_root(),
            capabilities: available(),
            hard_nofile: getrlimit(Resource::Nofile).maximum.unwrap_or(libc::RLIM_INFINITY),
            shielded,
        }
    }
}

/// Credentials for the user. An agent that is not root (only in tests) can start processes as itself alone.
pub fn identify(start: &ExecStart, agent: &Agent) -> Result<Option<(Identity, Granted)>, Failure> {
    if start.user.is_empty() && start.capabilities.is_none() && !agent.is_root {
        return Ok(None);
    }
    let identity = account::look_up(&start.user).map_err(|BadUser(message)| Failure::new(Reason::BadUser, message))?;
    let asked = start.capabilities.clone().unwrap_or_default();
    Ok(Some((identity, Granted::plan(&asked, agent.capabilities)?)))
}
