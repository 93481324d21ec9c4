use super::fault::{Attempt, Fault};
use super::path::{GuestPath, c_string};
use super::place::Place;
use rustix::fs::{AtFlags, linkat, readlinkat, symlinkat};

pub fn read_link(path: &GuestPath) -> Result<Vec<u8>, Fault> {
    let place = Place::of(path)?;
    readlinkat(&place.parent, &place.name, Vec::new())
        .map(|target| target.into_bytes())
        .or_fault(|| format!("readlink {path:?}"))
}

/// A hard link is one to a symbolic link itself where the target is one.
pub fn make_link(path: &GuestPath, target: Vec<u8>, hard: bool) -> Result<(), Fault> {
    let place = Place::of(path)?;
    let what = || format!("link {path:?} to {:?}", String::from_utf8_lossy(&target));
    if !hard {
        return symlinkat(c_string(&target)?, &place.parent, &place.name).or_fault(what);
    }
    let source = Place::of(&GuestPath::new(target.clone())?)?;
    linkat(
        &source.parent,
        &source.name,
        &place.parent,
        &place.name,
        AtFlags::empty(),
    )
    .or_fault(what)
}
