//! What stands between the VM process and the host: docs/security.md says what for.

mod capabilities;
mod cgroup;
mod measure;
mod mount;
mod namespaces;
mod places;
mod request;
mod resource_limits;
mod seccomp;
mod tree;
mod user_namespace;

pub use cgroup::Cgroup;
pub use measure::{Measure, Measures};
pub use places::Places;
pub use request::{Entry, Jail, Mode, Network};

use crate::descriptor::check;
use crate::failure::{Failure, Stage};
use std::io;

/// Puts the calling process into its own namespaces and takes what it cannot need away, all but the system calls. Answers
/// where it finds things from now on. Single-threaded callers only.
pub fn enter<'a>(jail: &'a Jail, cgroup: Option<&Cgroup>, measures: &mut Measures) -> Result<Places<'a>, Failure> {
    if let Some(cgroup) = cgroup {
        measures.note(Measure::Cgroup, cgroup.join())?;
    }
    namespaces::enter(jail.network, measures)?;
    // Before the tree: each part of it takes a descriptor. And with CAP_SYS_RESOURCE, which root's limits may need.
    let own_users = measures.has(Measure::UserNamespace);
    measures.note(Measure::ResourceLimits, resource_limits::set(own_users))?;
    let places = take_tree(jail, measures)?;
    measures.note(Measure::FewCapabilities, capabilities::reduce())?;
    let no_new_privileges = check(unsafe { libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) });
    measures.note(Measure::NoNewPrivileges, no_new_privileges.map(drop))?;
    Ok(places)
}

/// Leaves the system calls that a VM makes. Everything that the process needs others for has been done.
pub fn seal(jail: &Jail, measures: &mut Measures) -> Result<(), Failure> {
    measures
        .note(Measure::SystemCallFilter, seccomp::install(jail.network))
        .map(drop)
}

/// Takes all measures that need no start, as far as they go. For processes that have nothing else to do.
pub fn attempt() -> Result<Measures, Failure> {
    let jail = Jail::least();
    let mut measures = Measures::new(jail.mode);
    enter(&jail, None, &mut measures)?;
    seal(&jail, &mut measures)?;
    Ok(measures)
}

fn take_tree<'a>(jail: &'a Jail, measures: &mut Measures) -> Result<Places<'a>, Failure> {
    if !measures.has(Measure::MountNamespace) {
        return without_mounts(jail);
    }
    tree::protect(&jail.read_only)?;
    let changed = tree::enter(&jail.tree, jail.mode)?;
    measures.note(Measure::PrivateTree, changed)?;
    Ok(Places::Tree)
}

/// That a guest cannot write to something is no extra: it is what was asked for.
fn without_mounts(jail: &Jail) -> Result<Places<'_>, Failure> {
    let entries = jail.tree.iter().filter(|entry| entry.read_only);
    let mut protected = jail
        .read_only
        .iter()
        .chain(entries.filter_map(|entry| entry.path.as_ref()));
    match protected.next() {
        Some(path) => Err(Failure::system(
            Stage::Jail,
            format!("{path} read-only, without a mount namespace"),
            &io::Error::from_raw_os_error(libc::EPERM),
        )),
        None => Ok(Places::Host(&jail.tree)),
    }
}
