use crate::system;
use rustix::fs::{AtFlags, Dir, FileType, Mode, OFlags, fstatfs, mkdirat, openat, unlinkat};
use rustix::io::{Errno, pread, write};
use std::ffi::CStr;
use std::fs::File;
use std::io::Read;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::io::Interest;

/// CGROUP2_SUPER_MAGIC of linux/magic.h.
const CGROUP2: u64 = 0x6367_7270;
/// Directories that a process may have made below its group; deeper ones stay.
const MAX_DEPTH: u32 = 16;
/// Of a list of processes: well over 100 000 of them.
const MAX_LIST_BYTES: u64 = 1 << 20;
const DIRECTORY: OFlags = OFlags::RDONLY
    .union(OFlags::DIRECTORY)
    .union(OFlags::NOFOLLOW)
    .union(OFlags::CLOEXEC);

/// The place in a cgroup v2 hierarchy where each process gets a group of its own.
pub struct Cgroups {
    place: Arc<Directory>,
    last: AtomicU64,
}

impl Cgroups {
    /// Makes a directory for this agent in `parent`. None where that is no cgroup v2 that the agent may write to.
    pub fn open(parent: BorrowedFd<'_>) -> Option<Self> {
        if fstatfs(parent).ok()?.f_type as u64 != CGROUP2 {
            return None;
        }
        let parent = parent.try_clone_to_owned().ok()?;
        let place = Directory::make(parent.into(), format!("a3s-{}", std::process::id())).ok()?;
        Some(Self {
            place: Arc::new(place),
            last: AtomicU64::new(0),
        })
    }

    pub fn create(&self) -> rustix::io::Result<Cgroup> {
        let number = self.last.fetch_add(1, Ordering::Relaxed) + 1;
        let directory = Directory::make(Parent::Shared(self.place.clone()), format!("exec-{number}"))?;
        Ok(Cgroup { directory })
    }
}

/// The group of one process and everything that it starts, whatever session or parent that has. Dropping it removes it
/// when nothing is in it.
pub struct Cgroup {
    directory: Directory,
}

impl Cgroup {
    /// Its directory: what is born there is in the group.
    pub fn fd(&self) -> BorrowedFd<'_> {
        self.directory.fd()
    }

    /// Sends SIGKILL to all of it, also to what is being forked meanwhile (Linux 5.14).
    pub fn kill(&self) {
        if let Ok(file) = self.file(c"cgroup.kill", OFlags::WRONLY) {
            let _ = write(file, b"1");
        }
    }

    /// Sends a signal to each process that is in it now.
    pub fn signal(&self, number: i32) {
        let Ok(file) = self.file(c"cgroup.procs", OFlags::RDONLY) else {
            return;
        };
        let mut text = String::new();
        let _ = File::from(file).take(MAX_LIST_BYTES).read_to_string(&mut text);
        for pid in text
            .lines()
            .filter_map(|line| line.parse::<libc::pid_t>().ok())
            .filter(|pid| *pid > 1)
        {
            unsafe { libc::kill(pid, number) };
        }
    }

    /// Resolves when nothing is in it any more.
    pub async fn emptied(&self) {
        let events = self.file(c"cgroup.events", OFlags::RDONLY).ok();
        let Some(events) = events.and_then(|file| system::watch_for(file, Interest::PRIORITY).ok()) else {
            return;
        };
        loop {
            let mut text = [0; 256];
            match pread(&events, &mut text, 0) {
                Ok(length) if text[..length].windows(11).any(|window| window == b"populated 1") => {}
                // Removed by somebody in the guest, or empty.
                _ => return,
            }
            match events.ready(Interest::PRIORITY).await {
                Ok(mut changed) => changed.clear_ready(),
                Err(_) => return,
            }
        }
    }

    fn file(&self, name: &CStr, access: OFlags) -> rustix::io::Result<OwnedFd> {
        openat(self.directory.fd(), name, access | OFlags::CLOEXEC, Mode::empty())
    }
}

/// A directory that goes with its value, if it is empty.
struct Directory {
    parent: Parent,
    name: String,
    fd: OwnedFd,
}

enum Parent {
    Own(OwnedFd),
    Shared(Arc<Directory>),
}

impl From<OwnedFd> for Parent {
    fn from(fd: OwnedFd) -> Self {
        Self::Own(fd)
    }
}

impl Parent {
    fn fd(&self) -> BorrowedFd<'_> {
        match self {
            Self::Own(fd) => fd.as_fd(),
            Self::Shared(directory) => directory.fd(),
        }
    }
}

impl Directory {
    fn make(parent: Parent, name: String) -> rustix::io::Result<Self> {
        match mkdirat(parent.fd(), &name, Mode::from_raw_mode(0o755)) {
            Ok(()) | Err(Errno::EXIST) => {}
            Err(errno) => return Err(errno),
        }
        let fd = openat(parent.fd(), &name, DIRECTORY, Mode::empty())?;
        Ok(Self { parent, name, fd })
    }

    fn fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        if unlinkat(self.parent.fd(), &self.name, AtFlags::REMOVEDIR) == Err(Errno::BUSY) {
            remove_below(self.fd(), MAX_DEPTH);
            let _ = unlinkat(self.parent.fd(), &self.name, AtFlags::REMOVEDIR);
        }
    }
}

/// Removes the groups that a process has made in its own.
fn remove_below(directory: BorrowedFd<'_>, depth: u32) {
    let Ok(entries) = Dir::read_from(directory) else { return };
    for entry in entries.filter_map(Result::ok) {
        let name = entry.file_name();
        if entry.file_type() != FileType::Directory || name == c"." || name == c".." {
            continue;
        }
        if depth > 0
            && let Ok(inner) = openat(directory, name, DIRECTORY, Mode::empty())
        {
            remove_below(inner.as_fd(), depth - 1);
        }
        let _ = unlinkat(directory, name, AtFlags::REMOVEDIR);
    }
}
