use super::access::make_directory;
use super::archive::{Packing, Unpacking};
use super::fault::{Attempt, Fault};
use super::path::GuestPath;
use super::place::Place;
use rustix::fs::{FileType, Mode, OFlags, Stat, fstat, openat};
use rustix::io::Errno;

/// What is copied within the guest.
pub struct Copying {
    pub from: GuestPath,
    /// The copy's own name, not the directory that it goes into.
    pub to: GuestPath,
    pub recursive: bool,
    pub follow: bool,
}

/// Makes a copy an archive that is unpacked where it is packed, and the directories above it. Nothing else is changed yet.
pub fn prepare_copy(copying: &Copying) -> Result<(Packing, Unpacking), Fault> {
    let Copying { from, to, .. } = copying;
    let place = match copying.follow {
        true => Place::followed(from)?.0,
        false => Place::of(from)?,
    };
    let source = place
        .find()?
        .ok_or_else(|| Fault::new(Errno::NOENT, format!("copy {from:?}")))?;
    let is_directory = FileType::from_raw_mode(source.st_mode) == FileType::Directory;
    if is_directory && !copying.recursive {
        let message = format!("{from:?} is a directory, which is copied only with all that it holds");
        return Err(Fault::because(Errno::ISDIR, message));
    }
    if !is_directory && to.asks_for_directory() {
        return Err(Fault::new(Errno::NOTDIR, format!("copy {from:?} to {to:?}")));
    }
    let (above, name) = to.split();
    make_directory(&above, true, 0o755)?;
    require_apart(&source, copying)?;
    let packing = Packing {
        path: from.clone(),
        name,
        follow: copying.follow,
    };
    let unpacking = Unpacking {
        path: above,
        keep_owners: false,
    };
    Ok((packing, unpacking))
}

/// A copy over its own source would empty it, and one within its own source would have no end.
fn require_apart(source: &Stat, Copying { from, to, .. }: &Copying) -> Result<(), Fault> {
    let what = || format!("copy {from:?} to {to:?}");
    let within = || Fault::because(Errno::INVAL, format!("{to:?} is {from:?} itself, or within it"));
    let place = Place::of(to)?;
    if place.find()?.is_some_and(|found| same(&found, source)) {
        return Err(within());
    }
    let mut directory = place.parent;
    let mut found = fstat(&directory).or_fault(what)?;
    loop {
        if same(&found, source) {
            return Err(within());
        }
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let above = openat(&directory, "..", flags, Mode::empty()).or_fault(what)?;
        let next = fstat(&above).or_fault(what)?;
        if same(&next, &found) {
            return Ok(());
        }
        (directory, found) = (above, next);
    }
}

fn same(one: &Stat, other: &Stat) -> bool {
    (one.st_dev, one.st_ino) == (other.st_dev, other.st_ino)
}
