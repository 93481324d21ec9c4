use rustix::fs::{Mode, OFlags, ResolveFlags, open, openat2};
use std::fs::File;
use std::io::{self, Read};
use std::os::fd::OwnedFd;

/// Of one file; the interrupts in /proc/stat make it long on large machines.
const MAX_BYTES: u64 = 256 * 1024;

/// The kernel's /proc, opened before a process in the guest could put another one in its place.
pub struct Proc {
    directory: OwnedFd,
}

impl Proc {
    pub fn open() -> io::Result<Self> {
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        Ok(Self {
            directory: open("/proc", flags, Mode::empty())?,
        })
    }

    /// A file's beginning as text; nothing that is mounted over it.
    pub fn read(&self, name: &str) -> io::Result<String> {
        let resolve = ResolveFlags::BENEATH | ResolveFlags::NO_XDEV | ResolveFlags::NO_SYMLINKS;
        let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let file = File::from(openat2(&self.directory, name, flags, Mode::empty(), resolve)?);
        let mut text = String::new();
        file.take(MAX_BYTES).read_to_string(&mut text)?;
        Ok(text)
    }
}
