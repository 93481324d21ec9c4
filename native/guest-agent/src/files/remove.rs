use super::fault::{Attempt, Fault};
use super::path::GuestPath;
use super::place::Place;
use rustix::fs::{AtFlags, Dir, FileType, Mode, OFlags, ResolveFlags, openat2, unlinkat};
use rustix::io::Errno;
use std::ffi::{CStr, CString};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

/// Directories that are open at the same time; a tree that is deeper is not removed.
const MAX_DEPTH: usize = 4096;

/// Removes a file, or a directory with everything in it. No link is followed. A mount is not entered: behind it may be
/// the host's files.
pub fn remove(path: &GuestPath, recursive: bool, force: bool) -> Result<(), Fault> {
    let place = match Place::of(path) {
        Ok(place) => place,
        Err(fault) if force && fault.is_missing() => return Ok(()),
        Err(fault) => return Err(fault),
    };
    let Some(found) = place.find()? else {
        return if force {
            Ok(())
        } else {
            Err(Fault::new(Errno::NOENT, format!("remove {path:?}")))
        };
    };
    let is_directory = FileType::from_raw_mode(found.st_mode) == FileType::Directory;
    if is_directory && !recursive {
        return Err(Fault::new(Errno::ISDIR, format!("remove {path:?}")));
    }
    if path.asks_for_directory() && !is_directory {
        return Err(Fault::new(Errno::NOTDIR, format!("remove {path:?}")));
    }
    match is_directory {
        true => remove_tree(&place),
        false => unlinkat(&place.parent, &place.name, AtFlags::empty()),
    }
    .or_fault(|| format!("remove {path:?}"))
}

/// A directory that is being emptied, and its name in the one above.
struct Level {
    name: CString,
    directory: Dir,
}

fn remove_tree(place: &Place) -> rustix::io::Result<()> {
    let mut levels = vec![enter(place.parent.as_fd(), &place.name)?];
    while let Some(level) = levels.last_mut() {
        let Some(entry) = level.directory.read() else {
            let name = levels.pop().map(|level| level.name).unwrap_or_default();
            let parent = match levels.last() {
                Some(above) => above.directory.fd()?,
                None => place.parent.as_fd(),
            };
            unlinkat(parent, &name, AtFlags::REMOVEDIR)?;
            continue;
        };
        let entry = entry?;
        let name = entry.file_name();
        if matches!(name.to_bytes(), b"." | b"..") {
            continue;
        }
        let directory = level.directory.fd()?;
        match unlinkat(directory, name, AtFlags::empty()) {
            Ok(()) | Err(Errno::NOENT) => continue,
            Err(Errno::ISDIR) => {}
            Err(errno) => return Err(errno),
        }
        let deeper = enter(directory, name)?;
        if levels.len() == MAX_DEPTH {
            return Err(Errno::NAMETOOLONG);
        }
        levels.push(deeper);
    }
    Ok(())
}

fn enter(parent: BorrowedFd<'_>, name: &CStr) -> rustix::io::Result<Level> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let opened: rustix::io::Result<OwnedFd> = openat2(
        parent,
        name,
        flags,
        Mode::empty(),
        ResolveFlags::BENEATH | ResolveFlags::NO_XDEV,
    );
    match opened {
        Ok(directory) => Ok(Level {
            name: name.to_owned(),
            directory: Dir::new(directory)?,
        }),
        // What rmdir(2) says of a mount.
        Err(Errno::XDEV) => Err(Errno::BUSY),
        Err(errno) => Err(errno),
    }
}
