use super::fault::Fault;
use crate::account::{self, BadUser, Identity};
use rustix::io::Errno;
use tonic::Status;

/// On whose behalf a call looks at files.
#[derive(Clone, Debug)]
pub struct Caller {
    /// None keeps the agent's own credentials.
    identity: Option<Identity>,
}

impl Caller {
    /// Looks the user up, which reads files: to be called where blocking is allowed.
    fn look_up(user: &str) -> Result<Self, Fault> {
        if user.is_empty() {
            return Ok(Self { identity: None });
        }
        let identity = account::look_up(user).map_err(|BadUser(message)| Fault::invalid(message))?;
        Ok(Self {
            identity: Some(identity),
        })
    }

    /// Whether files of others can be changed, and given away.
    pub fn is_root(&self) -> bool {
        match &self.identity {
            Some(identity) => identity.uid == 0,
            None => rustix::process::geteuid().is_root(),
        }
    }

    pub fn uid(&self) -> u32 {
        match &self.identity {
            Some(identity) => identity.uid,
            None => rustix::process::geteuid().as_raw(),
        }
    }

    pub fn gid(&self) -> u32 {
        match &self.identity {
            Some(identity) => identity.gid,
            None => rustix::process::getegid().as_raw(),
        }
    }

    /// Runs `work` with the caller's rights to files. They are those of this thread alone, for that long.
    fn run<T>(&self, work: impl FnOnce() -> Result<T, Fault>) -> Result<T, Fault> {
        let Some(identity) = &self.identity else { return work() };
        let _assumed = Assumed::take(identity)
            .map_err(|errno| Fault::new(errno, format!("act as user {}:{}", identity.uid, identity.gid)))?;
        work()
    }
}

/// Runs what blocks on a thread of its own, as a user of the box.
pub async fn blocking<T: Send + 'static>(
    user: String,
    work: impl FnOnce(&Caller) -> Result<T, Fault> + Send + 'static,
) -> Result<T, Status> {
    let run = move || {
        let caller = Caller::look_up(&user)?;
        caller.run(|| work(&caller))
    };
    match tokio::task::spawn_blocking(run).await {
        Ok(result) => Ok(result?),
        // Panics abort; only a runtime that ends cancels.
        Err(_) => Err(Status::unavailable("the agent is ending")),
    }
}

/// The thread's file system user, groups, and with them the capabilities that concern files (setfsuid(2),
/// capabilities(7)). The system calls are made without glibc, which would change every thread.
struct Assumed {
    own_groups: Vec<libc::gid_t>,
}

impl Assumed {
    fn take(identity: &Identity) -> Result<Self, Errno> {
        let own_groups = rustix::process::getgroups()?
            .iter()
            .map(|group| group.as_raw())
            .collect();
        // An agent that is not root (only in tests) fails here, before anything is to be given back.
        set_groups(&identity.groups)?;
        let assumed = Self { own_groups };
        set_fs_id(libc::SYS_setfsgid, identity.gid)?;
        set_fs_id(libc::SYS_setfsuid, identity.uid)?;
        Ok(assumed)
    }
}

impl Drop for Assumed {
    fn drop(&mut self) {
        let restored = set_fs_id(libc::SYS_setfsuid, rustix::process::geteuid().as_raw())
            .and_then(|()| set_fs_id(libc::SYS_setfsgid, rustix::process::getegid().as_raw()))
            .and_then(|()| set_groups(&self.own_groups));
        // A thread that goes on as somebody else would serve the next call wrongly.
        restored.expect("the agent gets its own credentials back");
    }
}

fn set_groups(groups: &[libc::gid_t]) -> Result<(), Errno> {
    let result = unsafe { libc::syscall(libc::SYS_setgroups, groups.len(), groups.as_ptr()) };
    if result == 0 { Ok(()) } else { Err(last_errno()) }
}

/// The calls answer what was set before, whether they succeed or not.
fn set_fs_id(call: libc::c_long, id: u32) -> Result<(), Errno> {
    unsafe { libc::syscall(call, id) };
    let now = unsafe { libc::syscall(call, u32::MAX) };
    if now == libc::c_long::from(id) {
        Ok(())
    } else {
        Err(Errno::PERM)
    }
}

fn last_errno() -> Errno {
    Errno::from_io_error(&std::io::Error::last_os_error()).unwrap_or(Errno::PERM)
}
