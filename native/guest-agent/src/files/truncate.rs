use super::fault::{Attempt, Fault};
use super::path::GuestPath;
use super::place::{locate, open, require_regular};
use rustix::fs::{OFlags, ftruncate};
use rustix::io::Errno;

/// Cuts a regular file, or lengthens it by a hole.
pub fn truncate(path: &GuestPath, size: u64) -> Result<(), Fault> {
    let what = || format!("truncate {path:?} to {size} bytes");
    if size > i64::MAX as u64 {
        return Err(Fault::new(Errno::FBIG, what()));
    }
    require_regular(locate(path, true)?, path)?;
    // Another file may have the name by now; this flag keeps a FIFO from blocking.
    let file = open(path, OFlags::WRONLY | OFlags::NONBLOCK | OFlags::NOCTTY, 0)?;
    require_regular(&file, path)?;
    ftruncate(&file, size).or_fault(what)
}
