//! The mount API of Linux 5.2: a file system is set up, mounted and put in place through descriptors, so no path is
//! resolved between check and use.

use rustix::fs::{Mode, OFlags, openat};
use rustix::io::Errno;
use rustix::mount::{
    FsMountFlags, FsOpenFlags, MountAttrFlags, MoveMountFlags, OpenTreeFlags, fsconfig_create, fsconfig_set_flag,
    fsconfig_set_string, fsmount, fsopen, move_mount, open_tree,
};
use std::io;
use std::os::fd::{AsRawFd, BorrowedFd, OwnedFd};

/// A file system that is mounted but not attached anywhere. An option without a value is a flag.
pub fn create(
    kind: &str,
    options: &[(&str, &str)],
    read_only: bool,
    attributes: MountAttrFlags,
) -> rustix::io::Result<OwnedFd> {
    let context = fsopen(kind, FsOpenFlags::FSOPEN_CLOEXEC)?;
    for (key, value) in options {
        match value.is_empty() {
            true => fsconfig_set_flag(&context, *key)?,
            false => fsconfig_set_string(&context, *key, *value)?,
        }
    }
    let mut attributes = attributes;
    if read_only {
        fsconfig_set_flag(&context, "ro")?;
        attributes |= MountAttrFlags::MOUNT_ATTR_RDONLY;
    }
    fsconfig_create(&context)?;
    fsmount(&context, FsMountFlags::FSMOUNT_CLOEXEC, attributes)
}

/// Attaches a mount, or moves one that is attached elsewhere with everything below it.
pub fn attach(mount: BorrowedFd<'_>, target: BorrowedFd<'_>) -> rustix::io::Result<()> {
    let flags = MoveMountFlags::MOVE_MOUNT_F_EMPTY_PATH | MoveMountFlags::MOVE_MOUNT_T_EMPTY_PATH;
    move_mount(mount, "", target, "", flags)
}

/// A mount of one directory or file within `mounted`, attached nowhere. A link of that name is none of them.
pub fn part(mounted: BorrowedFd<'_>, name: &str) -> rustix::io::Result<OwnedFd> {
    let open = |more| {
        openat(
            mounted,
            name,
            OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC | more,
            Mode::empty(),
        )
    };
    // Only who asks for a directory enters a file system of its own that virtio-fs has there (FUSE_SUBMOUNTS).
    let found = match open(OFlags::DIRECTORY) {
        Err(Errno::NOTDIR) => open(OFlags::empty())?,
        found => found?,
    };
    let flags = OpenTreeFlags::OPEN_TREE_CLONE | OpenTreeFlags::OPEN_TREE_CLOEXEC | OpenTreeFlags::AT_EMPTY_PATH;
    open_tree(found, "", flags)
}

/// For mounts that share a file system with others: it stays writable for them.
pub fn set_read_only(mounted: BorrowedFd<'_>) -> rustix::io::Result<()> {
    let attributes = libc::mount_attr {
        attr_set: libc::MOUNT_ATTR_RDONLY,
        attr_clr: 0,
        propagation: 0,
        userns_fd: 0,
    };
    let result = unsafe {
        libc::syscall(
            libc::SYS_mount_setattr,
            mounted.as_raw_fd(),
            c"".as_ptr(),
            libc::AT_EMPTY_PATH,
            &attributes,
            size_of::<libc::mount_attr>(),
        )
    };
    match result {
        0 => Ok(()),
        _ => Err(Errno::from_io_error(&io::Error::last_os_error()).unwrap_or(Errno::IO)),
    }
}
