use super::fault::{Attempt, Fault};
use super::path::GuestPath;
use super::place::{Place, try_open};
use rustix::fs::{Mode, OFlags, mkdirat, renameat};
use rustix::io::Errno;

/// Makes a directory, with `recursive` those above it as well.
pub fn make_directory(path: &GuestPath, recursive: bool, mode: u32) -> Result<(), Fault> {
    if recursive {
        for prefix in path.prefixes() {
            make_missing(&prefix, mode)?;
        }
        return Ok(());
    }
    let place = Place::of(path)?;
    mkdirat(&place.parent, &place.name, Mode::from_raw_mode(mode)).or_fault(|| format!("mkdir {path:?}"))
}

fn make_missing(path: &GuestPath, mode: u32) -> Result<(), Fault> {
    match try_open(path, OFlags::PATH | OFlags::DIRECTORY, 0) {
        Ok(_) => return Ok(()),
        Err(Errno::NOENT) => {}
        Err(errno) => return Err(Fault::new(errno, format!("mkdir {path:?}"))),
    }
    let place = Place::of(path)?;
    match mkdirat(&place.parent, &place.name, Mode::from_raw_mode(mode)) {
        // Somebody else made it meanwhile; a link to nothing is in the way.
        Err(Errno::EXIST) => try_open(path, OFlags::PATH | OFlags::DIRECTORY, 0).map(drop),
        made => made,
    }
    .or_fault(|| format!("mkdir {path:?}"))
}

pub fn rename(from: &GuestPath, to: &GuestPath) -> Result<(), Fault> {
    let (source, target) = (Place::of(from)?, Place::of(to)?);
    renameat(&source.parent, &source.name, &target.parent, &target.name)
        .or_fault(|| format!("rename {from:?} to {to:?}"))
}
