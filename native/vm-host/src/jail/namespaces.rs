use super::measure::{Measure, Measures};
use super::mount::mount;
use super::request::Network;
use super::user_namespace;
use crate::descriptor::check;
use crate::failure::Failure;
use std::io;

/// All namespaces at once within a user namespace, which gives the privilege to make them; without one, each as far as
/// the caller's own privilege goes.
pub fn enter(network: Network, measures: &mut Measures) -> Result<(), Failure> {
    let mut wanted = vec![
        (libc::CLONE_NEWNS, Measure::MountNamespace),
        (libc::CLONE_NEWIPC, Measure::IpcNamespace),
        (libc::CLONE_NEWUTS, Measure::UtsNamespace),
    ];
    if network == Network::Isolated {
        wanted.push((libc::CLONE_NEWNET, Measure::NetworkNamespace));
    }
    let all = wanted.iter().fold(0, |flags, (flag, _)| flags | flag);
    let within = measures.note(Measure::UserNamespace, user_namespace::enter(all))?;
    for (flag, measure) in wanted {
        let mut made = if within { Ok(()) } else { unshare(flag) };
        if measure == Measure::MountNamespace {
            made = made.and_then(|()| keep_mounts_inside());
        }
        measures.note(measure, made)?;
    }
    Ok(())
}

/// Nothing that is mounted here may reach the starter's namespace. Some systems give a user namespace and then no
/// privilege in it, which shows here.
fn keep_mounts_inside() -> io::Result<()> {
    mount(None, "/", None, libc::MS_REC | libc::MS_PRIVATE, None)
}

fn unshare(flag: i32) -> io::Result<()> {
    check(unsafe { libc::unshare(flag) }).map(drop)
}
