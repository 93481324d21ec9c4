//! Thin versions of the mount calls.

use crate::descriptor::check;
use std::ffi::CString;
use std::io;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};
use std::ptr::null;

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

pub fn open_path(path: &str) -> io::Result<OwnedFd> {
    let path = CString::new(path)?;
    let fd = check(unsafe { libc::open(path.as_ptr(), libc::O_PATH | libc::O_CLOEXEC) })?;
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}

/// A copy of the mounts from a path down, which lies nowhere yet.
pub fn copy_tree(path: &str) -> io::Result<OwnedFd> {
    let path = CString::new(path)?;
    let flags = libc::OPEN_TREE_CLONE | libc::OPEN_TREE_CLOEXEC | libc::AT_RECURSIVE as u32;
    let fd = unsafe { libc::syscall(libc::SYS_open_tree, libc::AT_FDCWD, path.as_ptr(), flags) };
    Ok(unsafe { OwnedFd::from_raw_fd(check(fd as RawFd)?) })
}

pub fn move_mount(tree: BorrowedFd<'_>, place: &str) -> io::Result<()> {
    let place = CString::new(place)?;
    let (here, flags) = (libc::AT_FDCWD, libc::MOVE_MOUNT_F_EMPTY_PATH);
    let tree = tree.as_raw_fd();
    let result = unsafe { libc::syscall(libc::SYS_move_mount, tree, c"".as_ptr(), here, place.as_ptr(), flags) };
    check(result as i32).map(drop)
}

/// mount_setattr (Linux 5.12) adds flags and keeps the others, so flags that are locked in a user namespace (nosuid,
/// nodev, noexec) do not get in the way. `recursive`: also those of mounts below.
pub fn restrict(mounted: BorrowedFd<'_>, attributes: u64, recursive: bool) -> io::Result<()> {
    let attributes = libc::mount_attr {
        attr_set: attributes,
        attr_clr: 0,
        propagation: 0,
        userns_fd: 0,
    };
    let reach = if recursive { libc::AT_RECURSIVE } else { 0 };
    let result = unsafe {
        libc::syscall(
            libc::SYS_mount_setattr,
            mounted.as_raw_fd(),
            c"".as_ptr(),
            libc::AT_EMPTY_PATH | reach,
            &attributes,
            size_of::<libc::mount_attr>(),
        )
    };
    check(result as i32).map(drop)
}
