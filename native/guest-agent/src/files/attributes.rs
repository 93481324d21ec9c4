use super::fault::{Attempt, Fault};
use super::path::GuestPath;
use super::place::locate;
use super::xattrs::{Xattr, write_xattrs};
use confinement::kernel::SYS_fchmodat2;
use prost_types::Timestamp;
use rustix::fs::{AtFlags, Gid, Timespec, Timestamps, UTIME_OMIT, Uid, chownat, utimensat};
use rustix::io::Errno;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};

/// What is to be set of a file; the rest stays.
#[derive(Default)]
pub struct Attributes {
    pub mode: Option<u32>,
    pub uid: Option<u32>,
    pub gid: Option<u32>,
    pub accessed: Option<Timespec>,
    pub modified: Option<Timespec>,
}

/// By descriptor, so that all of it happens to one file.
pub fn set_attributes(path: &GuestPath, follow: bool, attributes: &Attributes) -> Result<(), Fault> {
    let file = locate(path, follow)?;
    apply(&file, attributes).or_fault(|| format!("set attributes of {path:?}"))
}

/// The owner first, because a change of it clears the setuid bit. Any descriptor will do, also one with O_PATH.
pub fn apply(file: impl AsFd, attributes: &Attributes) -> rustix::io::Result<()> {
    let file = file.as_fd();
    if attributes.uid.is_some() || attributes.gid.is_some() {
        let (uid, gid) = (attributes.uid.map(Uid::from_raw), attributes.gid.map(Gid::from_raw));
        chownat(file, "", uid, gid, AtFlags::EMPTY_PATH)?;
    }
    if let Some(mode) = attributes.mode {
        change_mode(file, mode)?;
    }
    if attributes.accessed.is_some() || attributes.modified.is_some() {
        let times = Timestamps {
            last_access: attributes.accessed.unwrap_or(UNCHANGED),
            last_modification: attributes.modified.unwrap_or(UNCHANGED),
        };
        utimensat(file, "", &times, AtFlags::EMPTY_PATH)?;
    }
    Ok(())
}

/// All that a copy keeps, of an open file. A change of owner clears capabilities, and a mode can forbid to write.
pub fn apply_with_xattrs(file: impl AsFd, attributes: &Attributes, xattrs: &[Xattr]) -> Result<(), Fault> {
    let owner = Attributes {
        uid: attributes.uid,
        gid: attributes.gid,
        ..Attributes::default()
    };
    let rest = Attributes {
        uid: None,
        gid: None,
        ..*attributes
    };
    apply(&file, &owner).or_fault(|| "set the owner")?;
    write_xattrs(&file, xattrs)?;
    apply(&file, &rest).or_fault(|| "set mode and times")
}

const UNCHANGED: Timespec = Timespec {
    tv_sec: 0,
    tv_nsec: UTIME_OMIT,
};

/// fchmodat2(2), Linux 6.6: the only call that takes such a descriptor.
fn change_mode(file: BorrowedFd<'_>, mode: u32) -> rustix::io::Result<()> {
    let empty = c"";
    let result = unsafe {
        libc::syscall(
            SYS_fchmodat2,
            file.as_raw_fd(),
            empty.as_ptr(),
            mode,
            libc::AT_EMPTY_PATH,
        )
    };
    match result {
        0 => Ok(()),
        _ => Err(Errno::from_io_error(&std::io::Error::last_os_error()).unwrap_or(Errno::PERM)),
    }
}

/// The time in a request.
pub fn timespec(time: Option<Timestamp>) -> Result<Option<Timespec>, Fault> {
    match time {
        Some(Timestamp { seconds, nanos }) if (0..1_000_000_000).contains(&nanos) => Ok(Some(Timespec {
            tv_sec: seconds,
            tv_nsec: nanos.into(),
        })),
        Some(_) => Err(Fault::invalid("a time has nanoseconds out of range")),
        None => Ok(None),
    }
}

/// The mode in a request.
pub fn checked_mode(mode: Option<u32>) -> Result<Option<u32>, Fault> {
    match mode {
        Some(mode) if mode > 0o7777 => Err(Fault::invalid(format!("{mode:o} is no mode"))),
        mode => Ok(mode),
    }
}
