use crate::descriptor::check;
use crate::failure::{Failure, Stage};
use crate::spec::{Jail, Network};
use crate::views;
use std::ffi::CString;
use std::io;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};
use std::ptr::null;

/// Puts the calling process into its own namespaces and takes what it cannot need away. Single-threaded callers only.
pub fn enter(jail: &Jail) -> Result<(), Failure> {
    let flags = namespaces(jail);
    if flags != 0 {
        unshare(flags)?;
    }
    if has_mounts(jail) {
        // Nothing that is mounted here may reach the starter's namespace.
        mount(None, "/", None, libc::MS_REC | libc::MS_PRIVATE, None)
            .map_err(|error| Failure::system(Stage::Jail, "make mounts private", &error))?;
    }
    for path in &jail.read_only {
        bind_read_only(path).map_err(|error| Failure::system(Stage::Jail, path, &error))?;
    }
    // Before the views, of which each entry is open for a moment.
    raise_nofile().map_err(|error| Failure::system(Stage::Jail, "setrlimit", &error))?;
    views::provide(&jail.views)?;
    check(unsafe { libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) })
        .map_err(|error| Failure::system(Stage::Jail, "no_new_privs", &error))?;
    Ok(())
}

fn has_mounts(jail: &Jail) -> bool {
    !(jail.read_only.is_empty() && jail.views.is_empty())
}

fn namespaces(jail: &Jail) -> i32 {
    let mounts = if has_mounts(jail) { libc::CLONE_NEWNS } else { 0 };
    let network = if jail.network == Network::Isolated {
        libc::CLONE_NEWNET
    } else {
        0
    };
    mounts | network
}

/// Without the privilege to make them, the namespaces are made inside a user namespace in which the caller is root.
fn unshare(flags: i32) -> Result<(), Failure> {
    let (uid, gid) = unsafe { (libc::geteuid(), libc::getegid()) };
    match check(unsafe { libc::unshare(flags) }) {
        Ok(_) => return Ok(()),
        Err(error) if error.raw_os_error() == Some(libc::EPERM) => {}
        Err(error) => return Err(Failure::system(Stage::Jail, "unshare", &error)),
    }
    check(unsafe { libc::unshare(flags | libc::CLONE_NEWUSER) })
        .map_err(|error| Failure::system(Stage::Jail, "unshare with a user namespace", &error))?;
    for (file, line) in [
        ("/proc/self/setgroups", "deny".to_owned()),
        ("/proc/self/uid_map", format!("0 {uid} 1")),
        ("/proc/self/gid_map", format!("0 {gid} 1")),
    ] {
        std::fs::write(file, line).map_err(|error| Failure::system(Stage::Jail, file, &error))?;
    }
    Ok(())
}

/// Binds a directory over itself and makes the whole tree read-only.
fn bind_read_only(path: &str) -> io::Result<()> {
    mount(Some(path), path, None, libc::MS_BIND | libc::MS_REC, None)?;
    let name = CString::new(path)?;
    let fd = check(unsafe { libc::open(name.as_ptr(), libc::O_PATH | libc::O_CLOEXEC) })?;
    let mounted = unsafe { OwnedFd::from_raw_fd(fd) };
    add_flags(mounted.as_raw_fd(), libc::MOUNT_ATTR_RDONLY, true)?;
    // A layer may bring device nodes, which the guest's kernel serves itself: a guest that breaks out of that one shall not
    // open the host's by them. This mount alone: when it is the host's root, the VM needs /dev/kvm below it.
    add_flags(mounted.as_raw_fd(), libc::MOUNT_ATTR_NODEV, false)
}

/// mount_setattr (Linux 5.12) adds flags and keeps the others, so flags that are locked in a user namespace
/// (nosuid, nodev, noexec) do not get in the way.
pub fn add_flags(mounted: RawFd, flags: u64, recursive: bool) -> io::Result<()> {
    let attributes = libc::mount_attr {
        attr_set: flags,
        attr_clr: 0,
        propagation: 0,
        userns_fd: 0,
    };
    let reach = if recursive { libc::AT_RECURSIVE } else { 0 };
    let result = unsafe {
        libc::syscall(
            libc::SYS_mount_setattr,
            mounted,
            c"".as_ptr(),
            libc::AT_EMPTY_PATH | reach,
            &attributes,
            size_of::<libc::mount_attr>(),
        )
    };
    check(result as i32).map(drop)
}

pub fn mount(
    source: Option<&str>,
    target: &str,
    kind: Option<&str>,
    flags: libc::c_ulong,
    options: Option<&str>,
) -> io::Result<()> {
    let text = |text: Option<&str>| text.map(CString::new).transpose();
    let (source, target, kind, options) = (text(source)?, CString::new(target)?, text(kind)?, text(options)?);
    let pointer = |text: &Option<CString>| text.as_ref().map_or(null(), |text| text.as_ptr());
    let data = pointer(&options).cast();
    check(unsafe { libc::mount(pointer(&source), target.as_ptr(), pointer(&kind), flags, data) }).map(drop)
}

/// virtio-fs holds one descriptor for each inode that the guest knows.
fn raise_nofile() -> io::Result<()> {
    let mut limit = libc::rlimit {
        rlim_cur: 0,
        rlim_max: 0,
    };
    check(unsafe { libc::getrlimit(libc::RLIMIT_NOFILE, &mut limit) })?;
    limit.rlim_cur = limit.rlim_max;
    check(unsafe { libc::setrlimit(libc::RLIMIT_NOFILE, &limit) }).map(drop)
}
