use super::fault::{Attempt, Fault};
use super::path::{GuestPath, c_string};
use rustix::fs::{
    AtFlags, FileType, Mode, OFlags, ResolveFlags, Stat, StatxAttributes, StatxFlags, fstat, openat2, readlinkat,
    statat, statx,
};
use rustix::io::Errno;
use std::ffi::CString;
use std::os::fd::{AsFd, OwnedFd};

/// Linux MAXSYMLINKS.
const MAX_LINKS: usize = 40;

/// Links lead where they lead a process of the box, but for the magic ones of /proc: /proc/self and the descriptors below
/// it are those of the agent.
const RESOLVE: ResolveFlags = ResolveFlags::IN_ROOT.union(ResolveFlags::NO_MAGICLINKS);

/// Opens what a path leads to.
pub fn open(path: &GuestPath, flags: OFlags, mode: u32) -> Result<OwnedFd, Fault> {
    try_open(path, flags, mode).or_fault(|| format!("open {path:?}"))
}

/// The same for callers that know what to do about an error.
pub fn try_open(path: &GuestPath, flags: OFlags, mode: u32) -> rustix::io::Result<OwnedFd> {
    let root = rustix::fs::open("/", OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())?;
    let flags = flags | OFlags::CLOEXEC;
    rustix::io::retry_on_intr(|| openat2(&root, path.bytes(), flags, Mode::from_raw_mode(mode), RESOLVE))
}

/// A name for the file itself, which is not opened: neither FIFOs nor devices notice.
pub fn locate(path: &GuestPath, follow: bool) -> Result<OwnedFd, Fault> {
    let flags = if follow {
        OFlags::PATH
    } else {
        OFlags::PATH | OFlags::NOFOLLOW
    };
    open(path, flags, 0)
}

/// A name in an open directory; what has the name may exist or not.
pub struct Place {
    pub path: GuestPath,
    pub parent: OwnedFd,
    pub name: CString,
}

impl Place {
    /// The last name is not followed.
    pub fn of(path: &GuestPath) -> Result<Self, Fault> {
        let (parent, name) = path.split();
        Ok(Self {
            path: path.clone(),
            parent: try_open(&parent, OFlags::PATH | OFlags::DIRECTORY, 0).or_fault(|| format!("open {path:?}"))?,
            name: c_string(&name)?,
        })
    }

    /// Where the file itself is, or would be made: links at the end are followed.
    pub fn followed(path: &GuestPath) -> Result<(Self, Option<Stat>), Fault> {
        let mut path = path.clone();
        for _ in 0..MAX_LINKS {
            let place = Self::of(&path)?;
            let Some(found) = place.find()? else {
                return Ok((place, None));
            };
            if FileType::from_raw_mode(found.st_mode) != FileType::Symlink {
                return Ok((place, Some(found)));
            }
            let target = readlinkat(&place.parent, &place.name, Vec::new()).or_fault(|| format!("read {path:?}"))?;
            path = path.split().0.follow(target.as_bytes())?;
        }
        Err(Fault::new(Errno::LOOP, format!("open {path:?}")))
    }

    /// What is there; a link is looked at itself.
    pub fn find(&self) -> Result<Option<Stat>, Fault> {
        match statat(&self.parent, &self.name, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(found) => Ok(Some(found)),
            Err(Errno::NOENT) => Ok(None),
            Err(errno) => Err(Fault::new(errno, format!("stat {:?}", self.path))),
        }
    }

    /// Nothing can be renamed over the root of a mount.
    pub fn is_mount_root(&self) -> bool {
        statx(&self.parent, &self.name, AtFlags::SYMLINK_NOFOLLOW, StatxFlags::empty())
            .is_ok_and(|found| found.stx_attributes.contains(StatxAttributes::MOUNT_ROOT))
    }

    /// Whether the caller may write to what is there, by its mode and owner alone.
    pub fn may_write(&self) -> rustix::io::Result<()> {
        // Rustix and glibc ask for the real user, or refuse; it is the thread's file system user who counts here.
        let flags = libc::AT_EACCESS | libc::AT_SYMLINK_NOFOLLOW;
        let parent = std::os::fd::AsRawFd::as_raw_fd(&self.parent);
        let result = unsafe { libc::syscall(libc::SYS_faccessat2, parent, self.name.as_ptr(), libc::W_OK, flags) };
        match result {
            0 => Ok(()),
            _ => Err(Errno::from_io_error(&std::io::Error::last_os_error()).unwrap_or(Errno::ACCESS)),
        }
    }
}

/// Only regular files have content here: a FIFO would block, a device would act.
pub fn require_regular(file: impl AsFd, path: &GuestPath) -> Result<Stat, Fault> {
    let found = fstat(file).or_fault(|| format!("stat {path:?}"))?;
    check_regular(&found, path)?;
    Ok(found)
}

pub fn check_regular(found: &Stat, path: &GuestPath) -> Result<(), Fault> {
    let kind = match FileType::from_raw_mode(found.st_mode) {
        FileType::RegularFile => return Ok(()),
        FileType::Directory => return Err(Fault::new(Errno::ISDIR, format!("open {path:?}"))),
        FileType::Fifo => "a FIFO",
        FileType::Socket => "a socket",
        _ => "a device",
    };
    Err(Fault::because(
        Errno::OPNOTSUPP,
        format!("{path:?} is {kind}; only regular files have content that is moved"),
    ))
}
