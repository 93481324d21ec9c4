//! Directories that hold what is wanted and nothing else. They lie in a file system that is mounted over `/`, so nothing
//! of the host's changes place: a path that starts at `/` goes on from what lies under that mount, and only `/..` leads
//! into it (path_resolution(7) stays at the root there, and enters what is mounted on it; pivot_root(2) rests on the same).

use crate::descriptor::check;
use crate::failure::{Failure, Stage};
use crate::jail::{add_flags, mount};
use crate::spec::{Entry, View};
use std::ffi::CString;
use std::fs::{self, File};
use std::io;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};

const STAGE: &str = "/..";
const KIND: &str = "tmpfs";
/// Nothing but directories and empty files is ever made there.
const OPTIONS: &str = "mode=0700,size=64k";

/// Makes the view of index N the directory `/../N`.
pub fn provide(views: &[View]) -> Result<(), Failure> {
    if views.is_empty() {
        return Ok(());
    }
    let stage = |error: io::Error| Failure::system(Stage::Jail, "mount the views", &error);
    // Before anything is mounted over `/`: an entry may be the host's whole tree, which would show what lies over it.
    let trees = views.iter().flatten().map(take).collect::<Result<Vec<_>, _>>()?;
    let mut trees = trees.into_iter();
    mount(Some(KIND), "/", Some(KIND), 0, Some(OPTIONS)).map_err(stage)?;
    for (index, view) in views.iter().enumerate() {
        let directory = format!("{STAGE}/{index}");
        fs::create_dir(&directory).map_err(stage)?;
        for (entry, tree) in view.iter().zip(trees.by_ref()) {
            show(tree, &format!("{directory}/{}", entry.name)).map_err(|error| fault(entry, &error))?;
        }
    }
    // A guest could otherwise fill the host's memory with files of its own beside the entries.
    open_path(STAGE)
        .and_then(|stage| add_flags(stage.as_raw_fd(), libc::MOUNT_ATTR_RDONLY, false))
        .map_err(stage)
}

/// A mount of its own, so that nothing but this entry becomes read-only.
fn take(entry: &Entry) -> Result<OwnedFd, Failure> {
    let tree = copy_tree(&entry.path).map_err(|error| fault(entry, &error))?;
    // The guest's kernel serves device nodes itself: nobody opens the host's by what is shared.
    let flags = match entry.read_only {
        true => libc::MOUNT_ATTR_NODEV | libc::MOUNT_ATTR_RDONLY,
        false => libc::MOUNT_ATTR_NODEV,
    };
    add_flags(tree.as_raw_fd(), flags, true).map_err(|error| fault(entry, &error))?;
    Ok(tree)
}

fn show(tree: OwnedFd, place: &str) -> io::Result<()> {
    let found = File::from(tree.try_clone()?).metadata()?;
    match found.is_dir() {
        true => fs::create_dir(place)?,
        false => drop(File::create_new(place)?),
    }
    move_mount(tree.as_raw_fd(), place)
}

fn fault(entry: &Entry, error: &io::Error) -> Failure {
    Failure::system(Stage::Jail, &entry.path, error)
}

fn open_path(path: &str) -> io::Result<OwnedFd> {
    let path = CString::new(path)?;
    let fd = check(unsafe { libc::open(path.as_ptr(), libc::O_PATH | libc::O_CLOEXEC) })?;
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}

fn copy_tree(path: &str) -> io::Result<OwnedFd> {
    let path = CString::new(path)?;
    let flags = libc::OPEN_TREE_CLONE | libc::OPEN_TREE_CLOEXEC | libc::AT_RECURSIVE as u32;
    let fd = unsafe { libc::syscall(libc::SYS_open_tree, libc::AT_FDCWD, path.as_ptr(), flags) };
    Ok(unsafe { OwnedFd::from_raw_fd(check(fd as RawFd)?) })
}

fn move_mount(tree: RawFd, place: &str) -> io::Result<()> {
    let place = CString::new(place)?;
    let (here, flags) = (libc::AT_FDCWD, libc::MOVE_MOUNT_F_EMPTY_PATH);
    let result = unsafe { libc::syscall(libc::SYS_move_mount, tree, c"".as_ptr(), here, place.as_ptr(), flags) };
    check(result as i32).map(drop)
}
