use super::capabilities::{Granted, available};
use super::failure::Failure;
use crate::account::{self, BadUser, Identity};
use crate::proto::agent::ExecStart;
use crate::proto::agent::exec_failed::Reason;
use rustix::process::{Resource, getrlimit};
use std::fs::File;
use std::io::Read;

/// Both files are read whole; an image with a larger one gets the part that fits.
const MAX_DATABASE_BYTES: u64 = 1 << 20;

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
    let identity = account::resolve(&start.user, &database("/etc/passwd"), &database("/etc/group"))
        .map_err(|BadUser(message)| Failure::new(Reason::BadUser, message))?;
    let asked = start.capabilities.clone().unwrap_or_default();
    Ok(Some((identity, Granted::plan(&asked, agent.capabilities)?)))
}

/// A missing or unreadable file is an empty one; a FIFO in its place must not block the agent.
fn database(path: &str) -> String {
    let flags = libc::O_NONBLOCK | libc::O_NOCTTY;
    let opened = std::os::unix::fs::OpenOptionsExt::custom_flags(File::options().read(true), flags).open(path);
    let mut bytes = Vec::new();
    if let Ok(file) = opened
        && file.metadata().is_ok_and(|metadata| metadata.is_file())
    {
        let _ = file.take(MAX_DATABASE_BYTES).read_to_end(&mut bytes);
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
