use crate::descriptor::check;
use std::io;

/// Threads: 16 vCPUs, and a few for each of at most 16 devices.
const MAX_THREADS: libc::rlim_t = 256;

/// `own_users`: the process has a user namespace of its own, in which Linux counts its threads apart from the user's
/// other processes (since 5.14).
pub fn set(own_users: bool) -> io::Result<()> {
    // The guest's memory must not end up in a file.
    set_both(libc::RLIMIT_CORE, 0)?;
    // It may choose a thread's policy, but none that comes before everybody's.
    set_both(libc::RLIMIT_RTPRIO, 0)?;
    if own_users {
        set_both(libc::RLIMIT_NPROC, MAX_THREADS)?;
    }
    // virtio-fs holds one descriptor for each inode that the guest knows.
    let most = get(libc::RLIMIT_NOFILE)?.rlim_max;
    set_both(libc::RLIMIT_NOFILE, most)
}

type Resource = libc::__rlimit_resource_t;

fn get(resource: Resource) -> io::Result<libc::rlimit> {
    let mut limit = libc::rlimit {
        rlim_cur: 0,
        rlim_max: 0,
    };
    check(unsafe { libc::getrlimit(resource, &mut limit) })?;
    Ok(limit)
}

/// Never above what is allowed already.
fn set_both(resource: Resource, most: libc::rlim_t) -> io::Result<()> {
    let value = most.min(get(resource)?.rlim_max);
    let limit = libc::rlimit {
        rlim_cur: value,
        rlim_max: value,
    };
    check(unsafe { libc::setrlimit(resource, &limit) }).map(drop)
}
