use super::attributes::{Attributes, apply};
use super::caller::Caller;
use super::fault::{Attempt, Fault};
use super::path::GuestPath;
use super::place::{Place, check_regular, require_regular, try_open};
use rustix::fs::{AtFlags, Mode, OFlags, Stat, openat, renameat, unlinkat};
use rustix::io::Errno;
use std::ffi::CString;
use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::OwnedFd;
use std::sync::atomic::{AtomicU64, Ordering};

const DEFAULT_MODE: u32 = 0o644;
/// Bytes of a stream that are read at a time.
const STREAM_BYTES: usize = 512 * 1024;
const NEW_FILE: OFlags = OFlags::WRONLY
    .union(OFlags::CREATE)
    .union(OFlags::EXCL)
    .union(OFlags::NOFOLLOW)
    .union(OFlags::CLOEXEC);

/// How what is written gets into the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Manner {
    Replace,
    Overwrite,
    Append,
    Exclusive,
}

/// What is to be written where.
pub struct Plan {
    pub path: GuestPath,
    pub manner: Manner,
    pub mode: Option<u32>,
    pub sync: bool,
}

/// A file that is being written. Dropped before it is finished, a replaced file stays as it was and a new one vanishes.
pub struct NewContent {
    path: GuestPath,
    file: File,
    mode: Option<u32>,
    owner: Option<(u32, u32)>,
    sync: bool,
    unfinished: Option<Unfinished>,
    bytes: u64,
}

/// A file that is there under a name of its own until it is finished.
struct Unfinished {
    parent: OwnedFd,
    name: CString,
    /// None when that is its name for good.
    rename_to: Option<CString>,
    finished: bool,
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        if !self.finished {
            let _ = unlinkat(&self.parent, &self.name, AtFlags::empty());
        }
    }
}

impl NewContent {
    pub fn open(caller: &Caller, plan: Plan) -> Result<Self, Fault> {
        if plan.path.asks_for_directory() {
            return Err(Fault::new(Errno::ISDIR, format!("open {:?}", plan.path)));
        }
        match plan.manner {
            Manner::Append => Self::in_place(&plan, OFlags::APPEND),
            Manner::Overwrite => Self::in_place(&plan, OFlags::TRUNC),
            Manner::Exclusive => {
                let place = Place::of(&plan.path)?;
                let file = openat(&place.parent, &place.name, NEW_FILE, Mode::from_raw_mode(0o600))
                    .or_fault(|| format!("open {:?}", plan.path))?;
                let mode = Some(plan.mode.unwrap_or(DEFAULT_MODE));
                Ok(Self::begun(&plan, file, mode).until_finished(place.parent, place.name, None))
            }
            Manner::Replace => Self::replace(caller, &plan),
        }
    }

    fn begun(plan: &Plan, file: OwnedFd, mode: Option<u32>) -> Self {
        Self {
            path: plan.path.clone(),
            file: file.into(),
            mode,
            owner: None,
            sync: plan.sync,
            unfinished: None,
            bytes: 0,
        }
    }

    fn until_finished(mut self, parent: OwnedFd, name: CString, rename_to: Option<CString>) -> Self {
        self.unfinished = Some(Unfinished {
            parent,
            name,
            rename_to,
            finished: false,
        });
        self
    }

    fn in_place(plan: &Plan, extra: OFlags) -> Result<Self, Fault> {
        let what = || format!("open {:?}", plan.path);
        match try_open(&plan.path, OFlags::PATH, 0) {
            Ok(found) => drop(require_regular(&found, &plan.path)?),
            Err(Errno::NOENT) => {}
            Err(errno) => return Err(Fault::new(errno, what())),
        }
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::NONBLOCK | OFlags::NOCTTY;
        let file = try_open(&plan.path, flags | extra, plan.mode.unwrap_or(DEFAULT_MODE)).or_fault(what)?;
        require_regular(&file, &plan.path)?;
        Ok(Self::begun(plan, file, plan.mode))
    }

    fn replace(caller: &Caller, plan: &Plan) -> Result<Self, Fault> {
        let (place, found) = Place::followed(&plan.path)?;
        if let Some(found) = &found {
            check_regular(found, &plan.path)?;
            // A rename asks for rights to the directory only.
            place.may_write().or_fault(|| format!("open {:?}", plan.path))?;
            if place.is_mount_root() || !may_give_away(caller, found) {
                return Self::in_place(plan, OFlags::TRUNC);
            }
        }
        let (name, file) = match make_temporary(&place) {
            // The file may be written to although nothing can be made beside it.
            Err(Errno::ACCESS | Errno::PERM) if found.is_some() => return Self::in_place(plan, OFlags::TRUNC),
            made => made.or_fault(|| format!("open {:?}", plan.path))?,
        };
        let mode = plan
            .mode
            .or(found.map(|found| found.st_mode & 0o7777))
            .unwrap_or(DEFAULT_MODE);
        let mut content = Self::begun(plan, file, Some(mode)).until_finished(place.parent, name, Some(place.name));
        content.owner = found.map(|found| (found.st_uid, found.st_gid));
        Ok(content)
    }

    pub fn write(&mut self, chunk: &[u8]) -> Result<(), Fault> {
        self.file
            .write_all(chunk)
            .map_err(|error| Fault::from_io(&error, format!("write {:?}", self.path)))?;
        self.bytes += chunk.len() as u64;
        Ok(())
    }

    /// Everything up to the end of the stream.
    pub fn write_from(&mut self, mut from: impl Read) -> Result<(), Fault> {
        let mut buffer = vec![0; STREAM_BYTES];
        loop {
            let n = from
                .read(&mut buffer)
                .map_err(|error| Fault::from_io(&error, format!("take the content of {:?}", self.path)))?;
            if n == 0 {
                return Ok(());
            }
            self.write(&buffer[..n])?;
        }
    }

    /// Gives the file its mode and its name. Answers the bytes written.
    pub fn finish(mut self) -> Result<u64, Fault> {
        let path = self.path.clone();
        let what = || format!("write {path:?}");
        if let Some((uid, gid)) = self.owner {
            let owner = Attributes {
                uid: Some(uid),
                gid: Some(gid),
                ..Attributes::default()
            };
            apply(&self.file, &owner).or_fault(what)?;
        }
        let mode = Attributes {
            mode: self.mode,
            ..Attributes::default()
        };
        apply(&self.file, &mode).or_fault(what)?;
        if self.sync {
            rustix::fs::fsync(&self.file).or_fault(what)?;
        }
        if let Some(unfinished) = &mut self.unfinished {
            if let Some(name) = &unfinished.rename_to {
                renameat(&unfinished.parent, &unfinished.name, &unfinished.parent, name).or_fault(what)?;
            }
            unfinished.finished = true;
        }
        Ok(self.bytes)
    }
}

/// Whether a new file can be made to belong to whom the one that is there belongs to.
fn may_give_away(caller: &Caller, found: &Stat) -> bool {
    caller.is_root() || (found.st_uid == caller.uid() && found.st_gid == caller.gid())
}

fn make_temporary(place: &Place) -> rustix::io::Result<(CString, OwnedFd)> {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    loop {
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let nanos = rustix::time::clock_gettime(rustix::time::ClockId::Monotonic).tv_nsec;
        let name = CString::new(format!(".a3s-new-{number:x}-{nanos:x}")).unwrap_or_default();
        match openat(&place.parent, &name, NEW_FILE, Mode::from_raw_mode(0o600)) {
            Ok(file) => return Ok((name, file)),
            Err(Errno::EXIST) => {}
            Err(errno) => return Err(errno),
        }
    }
}
