use super::super::fault::{Attempt, Fault};
use super::super::path::GuestPath;
use super::super::place::Place;
use super::super::xattrs::{Xattr, read_xattrs};
use super::fields::shown;
use super::header::{Member, end, pad, write_header};
use crate::content::SENT_BYTES;
use rustix::fs::{AtFlags, Dir, FileType, Mode, OFlags, Stat, fstat, fstatfs, openat, readlinkat, statat};
use rustix::io::Errno;
use std::collections::HashMap;
use std::ffi::CStr;
use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::{BorrowedFd, OwnedFd};

/// Directories that are open at the same time; a tree that is deeper is refused.
const MAX_DEPTH: usize = 4096;
/// Files with several names that are remembered; a later one is archived as a file under each of its names.
const MAX_SHARED: usize = 65_536;
/// File systems that show the kernel and not files (statfs(2)): some of their files are endless.
const NOT_FILES: [i64; 9] = [
    0x9fa0,      // proc
    0x6265_6572, // sysfs
    0x6367_7270, // cgroup2
    0x0027_e0eb, // cgroup
    0x6462_6720, // debugfs
    0x7472_6163, // tracefs
    0x7363_6673, // securityfs
    0xcafe_4a11, // bpf
    0x1cd1,      // devpts
];

/// What is packed.
pub struct Packing {
    pub path: GuestPath,
    /// Name in the archive.
    pub name: Vec<u8>,
    pub follow: bool,
}

/// Writes an archive of a file or a tree. What file systems of the kernel's own hold is left out, as are sockets; what
/// vanishes meanwhile as well.
pub fn pack(packing: &Packing, out: &mut impl Write) -> Result<(), Fault> {
    let path = &packing.path;
    let place = match packing.follow {
        true => Place::followed(path)?.0,
        false => Place::of(path)?,
    };
    let found = place
        .find()?
        .ok_or_else(|| Fault::new(Errno::NOENT, format!("pack {path:?}")))?;
    if path.asks_for_directory() && FileType::from_raw_mode(found.st_mode) != FileType::Directory {
        return Err(Fault::new(Errno::NOTDIR, format!("pack {path:?}")));
    }
    let mut packer = Packer {
        path,
        out,
        shared: HashMap::new(),
        levels: Vec::new(),
    };
    let parent = rustix::fd::AsFd::as_fd(&place.parent);
    if !packer.add(parent, &place.name, &packing.name, &found)? {
        return Err(Fault::because(
            Errno::OPNOTSUPP,
            format!("{path:?} is nothing that an archive can hold"),
        ));
    }
    packer.descend()?;
    end(packer.out).map_err(|error| Fault::from_io(&error, format!("pack {path:?}")))
}

/// A directory that is being packed.
struct Level {
    name: Vec<u8>,
    device: u64,
    directory: Dir,
}

struct Packer<'a, W> {
    path: &'a GuestPath,
    out: &'a mut W,
    /// Names of the files that have several, by device and inode.
    shared: HashMap<(u64, u64), Vec<u8>>,
    levels: Vec<Level>,
}

impl<W: Write> Packer<'_, W> {
    fn descend(&mut self) -> Result<(), Fault> {
        while let Some(level) = self.levels.last_mut() {
            let entry = match level.directory.read() {
                Some(entry) => entry.or_fault(|| format!("list {:?} in {:?}", shown(&level.name), self.path))?,
                None => {
                    self.levels.pop();
                    continue;
                }
            };
            let child = entry.file_name();
            if matches!(child.to_bytes(), b"." | b"..") {
                continue;
            }
            let name = [level.name.as_slice(), b"/", child.to_bytes()].concat();
            let directory = level
                .directory
                .fd()
                .or_fault(|| format!("list {:?}", shown(&name)))?
                .try_clone_to_owned()
                .map_err(|error| Fault::from_io(&error, "pack"))?;
            let borrowed = rustix::fd::AsFd::as_fd(&directory);
            match statat(borrowed, child, AtFlags::SYMLINK_NOFOLLOW) {
                Ok(found) => drop(self.add(borrowed, child, &name, &found)?),
                Err(Errno::NOENT) => {}
                Err(errno) => return Err(self.fault(errno, &name)),
            }
        }
        Ok(())
    }

    /// False when it is nothing that an archive can hold. A directory is entered next.
    fn add(&mut self, parent: BorrowedFd<'_>, child: &CStr, name: &[u8], found: &Stat) -> Result<bool, Fault> {
        match FileType::from_raw_mode(found.st_mode) {
            FileType::Directory => self.add_directory(parent, child, name, found),
            FileType::RegularFile => self.add_file(parent, child, name, found),
            FileType::Symlink => {
                let target = match readlinkat(parent, child, Vec::new()) {
                    Ok(target) => target.into_bytes(),
                    Err(Errno::NOENT | Errno::INVAL) => return Ok(true),
                    Err(errno) => return Err(self.fault(errno, name)),
                };
                self.header(name, found, &target, None, &[])
            }
            _ => self.header(name, found, b"", None, &[]),
        }
    }

    fn add_directory(
        &mut self,
        parent: BorrowedFd<'_>,
        child: &CStr,
        name: &[u8],
        found: &Stat,
    ) -> Result<bool, Fault> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let opened = match openat(parent, child, flags, Mode::empty()) {
            Ok(opened) => opened,
            Err(Errno::NOENT | Errno::NOTDIR | Errno::LOOP) => return Ok(true),
            Err(errno) => return Err(self.fault(errno, name)),
        };
        let is_top = self.levels.is_empty();
        let crosses = self.levels.last().is_none_or(|level| level.device != found.st_dev);
        if crosses && shows_kernel(&opened) {
            return if is_top {
                Ok(false)
            } else {
                self.header(name, found, b"", None, &[])
            };
        }
        if self.levels.len() == MAX_DEPTH {
            return Err(self.fault(Errno::NAMETOOLONG, name));
        }
        self.header(name, found, b"", None, &read_xattrs(&opened)?)?;
        let directory = Dir::new(opened).map_err(|errno| self.fault(errno, name))?;
        self.levels.push(Level {
            name: name.to_vec(),
            device: found.st_dev,
            directory,
        });
        Ok(true)
    }

    fn add_file(&mut self, parent: BorrowedFd<'_>, child: &CStr, name: &[u8], found: &Stat) -> Result<bool, Fault> {
        let inode = (found.st_dev, found.st_ino);
        if found.st_nlink > 1 {
            if let Some(first) = self.shared.get(&inode).cloned() {
                return self.header(name, found, b"", Some(&first), &[]);
            }
            if self.shared.len() < MAX_SHARED {
                self.shared.insert(inode, name.to_vec());
            }
        }
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
        let opened = match openat(parent, child, flags, Mode::empty()) {
            Ok(opened) => opened,
            Err(Errno::NOENT | Errno::LOOP | Errno::NXIO) => return Ok(true),
            Err(errno) => return Err(self.fault(errno, name)),
        };
        // The header promises the size of what is open, not of what had the name before.
        let found = fstat(&opened).map_err(|errno| self.fault(errno, name))?;
        if FileType::from_raw_mode(found.st_mode) != FileType::RegularFile {
            return Ok(true);
        }
        self.header(name, &found, b"", None, &read_xattrs(&opened)?)?;
        self.content(opened, found.st_size as u64, name)?;
        Ok(true)
    }

    /// Exactly as many bytes as the header promised: what a file has grown by is left out, what it has shrunk by is zeros.
    fn content(&mut self, file: OwnedFd, size: u64, name: &[u8]) -> Result<(), Fault> {
        let mut file = File::from(file).take(size);
        let mut buffer = vec![0; SENT_BYTES.min(usize::try_from(size).unwrap_or(usize::MAX))];
        let mut left = size;
        while left > 0 {
            let n = file.read(&mut buffer).map_err(|error| self.io_fault(&error, name))?;
            let n = match n {
                0 => {
                    buffer.fill(0);
                    buffer.len().min(usize::try_from(left).unwrap_or(usize::MAX))
                }
                n => n,
            };
            self.out
                .write_all(&buffer[..n])
                .map_err(|error| self.io_fault(&error, name))?;
            left -= n as u64;
        }
        pad(self.out, size).map_err(|error| self.io_fault(&error, name))
    }

    fn header(
        &mut self,
        name: &[u8],
        found: &Stat,
        link: &[u8],
        same_as: Option<&[u8]>,
        xattrs: &[Xattr],
    ) -> Result<bool, Fault> {
        let member = Member {
            name,
            found,
            link,
            same_as,
            xattrs,
        };
        match write_header(self.out, &member) {
            Ok(written) => Ok(written.is_some()),
            Err(error) => Err(self.io_fault(&error, name)),
        }
    }

    fn fault(&self, errno: Errno, name: &[u8]) -> Fault {
        Fault::new(errno, format!("pack {:?} in {:?}", shown(name), self.path))
    }

    fn io_fault(&self, error: &std::io::Error, name: &[u8]) -> Fault {
        Fault::from_io(error, format!("pack {:?} in {:?}", shown(name), self.path))
    }
}

fn shows_kernel(directory: &OwnedFd) -> bool {
    fstatfs(directory).is_ok_and(|found| NOT_FILES.contains(&found.f_type))
}
