use super::super::attributes::{Attributes, apply, apply_with_xattrs};
use super::super::fault::{Attempt, Fault};
use super::super::path::{GuestPath, c_string};
use super::super::place::open;
use super::super::xattrs::Xattr;
use super::bounded::Bounded;
use super::fields::{Described, describe, names, shown};
use super::sparse::NewFile;
use crate::content::SENT_BYTES;
use rustix::fs::{
    AtFlags, FileType, Gid, Mode, OFlags, Timespec, Timestamps, UTIME_OMIT, Uid, chownat, linkat, makedev, mkdirat,
    mknodat, openat, symlinkat, unlinkat, utimensat,
};
use rustix::io::Errno;
use std::ffi::CString;
use std::fs::File;
use std::io::Read;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use tar::{Archive, Entry, EntryType};

const MAX_DEPTH: usize = 1024;

/// Where an archive is unpacked.
pub struct Unpacking {
    pub path: GuestPath,
    pub keep_owners: bool,
}

/// Unpacks an archive into a directory. Answers the entries.
pub fn unpack(unpacking: &Unpacking, from: impl Read) -> Result<u64, Fault> {
    let root = open(&unpacking.path, OFlags::PATH | OFlags::DIRECTORY, 0)?;
    let mut unpacker = Unpacker {
        root,
        keep_owners: unpacking.keep_owners,
        levels: Vec::new(),
        buffer: vec![0; SENT_BYTES],
    };
    let broken = |error: &std::io::Error| Fault::from_io(error, format!("unpack into {:?}", unpacking.path));
    let (from, bound) = Bounded::new(from);
    let mut archive = Archive::new(from);
    let mut count = 0;
    bound.set();
    for entry in archive.entries().map_err(|error| broken(&error))? {
        let headers = bound.lift();
        let mut entry = entry.map_err(|error| broken(&error))?;
        unpacker.add(&mut entry, &headers)?;
        // What nobody asked for: it is not of the next header.
        std::io::copy(&mut entry, &mut std::io::sink()).map_err(|error| broken(&error))?;
        count += 1;
        bound.set();
    }
    unpacker.leave(0)?;
    Ok(count)
}

/// A directory that the entries of the archive are in at the moment.
struct Level {
    name: Vec<u8>,
    directory: OwnedFd,
    /// Set when it is left: its time changes with all that is made in it, and its mode might not let anything be made.
    attributes: Option<(Attributes, Vec<Xattr>)>,
}

struct Unpacker {
    root: OwnedFd,
    keep_owners: bool,
    levels: Vec<Level>,
    buffer: Vec<u8>,
}

impl Unpacker {
    fn add(&mut self, entry: &mut Entry<'_, impl Read>, headers: &[u8]) -> Result<(), Fault> {
        let kind = entry.header().entry_type();
        if kind == EntryType::XGlobalHeader {
            return Ok(());
        }
        let described = describe(entry, headers, self.keep_owners)?;
        let attributes = &described.attributes;
        let made_up = entry.path_bytes();
        let path = described
            .sparse
            .as_ref()
            .and_then(|sparse| sparse.name.as_deref())
            .unwrap_or(&made_up)
            .to_vec();
        let mut names = names(&path)?;
        let Some(name) = names.pop() else {
            // The directory that is unpacked into stays as it is.
            return Ok(());
        };
        self.enter(&names, &path)?;
        let what = || format!("unpack {:?}", shown(&path));
        if kind == EntryType::Directory {
            match mkdirat(self.here(), c_string(name)?, Mode::from_raw_mode(0o700)) {
                Ok(()) | Err(Errno::EXIST) => {}
                Err(errno) => return Err(Fault::new(errno, what())),
            }
            names.push(name);
            self.enter(&names, &path)?;
            if let Some(level) = self.levels.last_mut() {
                level.attributes = Some((described.attributes, described.xattrs));
            }
            return Ok(());
        }
        let name = c_string(name)?;
        self.make_room(&name, &path)?;
        let made = match kind {
            EntryType::Regular | EntryType::Continuous | EntryType::GNUSparse => {
                return self.add_file(entry, &name, &path, &described);
            }
            EntryType::Link => return self.add_hard_link(entry, &name, &path),
            EntryType::Symlink => {
                let target = entry.link_name_bytes().unwrap_or_default().into_owned();
                symlinkat(c_string(&target)?, self.here(), &name)
            }
            EntryType::Fifo => mknodat(self.here(), &name, FileType::Fifo, Mode::from_raw_mode(0o600), 0),
            EntryType::Char => self.make_device(entry, &name, FileType::CharacterDevice),
            EntryType::Block => self.make_device(entry, &name, FileType::BlockDevice),
            other => return Err(Fault::invalid(format!("{:?} has the type {other:?}", shown(&path)))),
        };
        made.and_then(|()| self.finish_node(&name, kind, attributes))
            .or_fault(what)
    }

    fn add_file(
        &mut self,
        entry: &mut Entry<'_, impl Read>,
        name: &CString,
        path: &[u8],
        described: &Described,
    ) -> Result<(), Fault> {
        let what = || format!("unpack {:?}", shown(path));
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let opened = openat(self.here(), name, flags, Mode::from_raw_mode(0o600)).or_fault(what)?;
        let mut file = NewFile::new(File::from(opened));
        if let Some(sparse) = &described.sparse {
            file.write_sparse(entry, sparse.size)?;
        } else {
            loop {
                let n = entry
                    .read(&mut self.buffer)
                    .map_err(|error| Fault::from_io(&error, what()))?;
                if n == 0 {
                    break;
                }
                file.write(&self.buffer[..n])
                    .map_err(|error| Fault::from_io(&error, what()))?;
            }
        }
        let file = file.finish().map_err(|error| Fault::from_io(&error, what()))?;
        apply_with_xattrs(&file, &described.attributes, &described.xattrs)
    }

    /// The target is a name in the archive, below the same directory.
    fn add_hard_link(&mut self, entry: &Entry<'_, impl Read>, name: &CString, path: &[u8]) -> Result<(), Fault> {
        let what = || format!("unpack the hard link {:?}", shown(path));
        let target = entry.link_name_bytes().unwrap_or_default().into_owned();
        let mut parents = names(&target)?;
        let Some(last) = parents.pop() else {
            return Err(Fault::new(Errno::ISDIR, what()));
        };
        let mut directory = None;
        for parent in parents {
            let from = directory.as_ref().map_or(self.root.as_fd(), OwnedFd::as_fd);
            directory = Some(open_directory(from, parent).or_fault(what)?);
        }
        let from = directory.as_ref().map_or(self.root.as_fd(), OwnedFd::as_fd);
        linkat(from, c_string(last)?, self.here(), name, AtFlags::empty()).or_fault(what)
    }

    fn make_device(&self, entry: &Entry<'_, impl Read>, name: &CString, kind: FileType) -> rustix::io::Result<()> {
        let number = |read: std::io::Result<Option<u32>>| read.ok().flatten().ok_or(Errno::INVAL);
        let device = makedev(
            number(entry.header().device_major())?,
            number(entry.header().device_minor())?,
        );
        mknodat(self.here(), name, kind, Mode::from_raw_mode(0o600), device)
    }

    /// For what is not opened. Links have no mode.
    fn finish_node(&self, name: &CString, kind: EntryType, attributes: &Attributes) -> rustix::io::Result<()> {
        let (here, nofollow) = (self.here(), AtFlags::SYMLINK_NOFOLLOW);
        if attributes.uid.is_some() || attributes.gid.is_some() {
            let (uid, gid) = (attributes.uid.map(Uid::from_raw), attributes.gid.map(Gid::from_raw));
            chownat(here, name, uid, gid, nofollow)?;
        }
        if kind != EntryType::Symlink {
            let flags = OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC;
            let node = openat(here, name, flags, Mode::empty())?;
            let mode = Attributes {
                mode: attributes.mode,
                ..Attributes::default()
            };
            apply(&node, &mode)?;
        }
        let times = Timestamps {
            last_access: Timespec {
                tv_sec: 0,
                tv_nsec: UTIME_OMIT,
            },
            last_modification: attributes.modified.unwrap_or(Timespec {
                tv_sec: 0,
                tv_nsec: UTIME_OMIT,
            }),
        };
        utimensat(here, name, &times, nofollow)
    }

    /// Removes what has the name, unless it is a directory.
    fn make_room(&self, name: &CString, path: &[u8]) -> Result<(), Fault> {
        match unlinkat(self.here(), name, AtFlags::empty()) {
            Ok(()) | Err(Errno::NOENT) => Ok(()),
            Err(Errno::ISDIR) => Err(Fault::because(
                Errno::ISDIR,
                format!("{:?} would replace a directory", shown(path)),
            )),
            Err(errno) => Err(Fault::new(errno, format!("unpack {:?}", shown(path)))),
        }
    }

    fn here(&self) -> BorrowedFd<'_> {
        self.levels
            .last()
            .map_or(self.root.as_fd(), |level| level.directory.as_fd())
    }

    /// Goes to a directory below the root, making what is missing of it.
    fn enter(&mut self, names: &[&[u8]], path: &[u8]) -> Result<(), Fault> {
        let common = self
            .levels
            .iter()
            .zip(names)
            .take_while(|(level, name)| level.name == **name)
            .count();
        self.leave(common)?;
        for name in &names[common..] {
            if self.levels.len() == MAX_DEPTH {
                return Err(Fault::new(Errno::NAMETOOLONG, format!("unpack {:?}", shown(path))));
            }
            let opened = match open_directory(self.here(), name) {
                Err(Errno::NOENT) => mkdirat(self.here(), c_string(name)?, Mode::from_raw_mode(0o755))
                    .and_then(|()| open_directory(self.here(), name)),
                opened => opened,
            };
            let directory = match opened {
                Err(Errno::NOTDIR | Errno::LOOP) => {
                    let message = format!(
                        "{:?} has {:?} on its way, which is no directory",
                        shown(path),
                        shown(name)
                    );
                    return Err(Fault::because(Errno::NOTDIR, message));
                }
                opened => opened.or_fault(|| format!("unpack {:?}", shown(path)))?,
            };
            self.levels.push(Level {
                name: name.to_vec(),
                directory,
                attributes: None,
            });
        }
        Ok(())
    }

    /// Back to a depth.
    fn leave(&mut self, depth: usize) -> Result<(), Fault> {
        while self.levels.len() > depth {
            let Some(level) = self.levels.pop() else { break };
            let Some((attributes, xattrs)) = &level.attributes else {
                continue;
            };
            let what = || format!("set attributes of the directory {:?}", shown(&level.name));
            if xattrs.is_empty() {
                apply(&level.directory, attributes).or_fault(what)?;
                continue;
            }
            // A descriptor with O_PATH has none.
            let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
            let opened = openat(&level.directory, ".", flags, Mode::empty()).or_fault(what)?;
            apply_with_xattrs(&opened, attributes, xattrs)?;
        }
        Ok(())
    }
}

fn open_directory(parent: BorrowedFd<'_>, name: &[u8]) -> rustix::io::Result<OwnedFd> {
    let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    openat(parent, name, flags, Mode::empty())
}
