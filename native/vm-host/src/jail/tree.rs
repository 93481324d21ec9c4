//! The file tree of the VM process: what the start names, /dev/kvm, its own descriptors, and nothing else.

use super::mount::{copy_tree, mount, move_mount, open_path, restrict};
use super::request::{Entry, Mode};
use crate::descriptor::check;
use crate::failure::{Failure, Stage};
use std::fs::{self, File};
use std::io::{self, ErrorKind};
use std::os::fd::{AsFd, OwnedFd};

/// Where the tree is made: over `/`. What is mounted there hides nothing, because a path that starts at `/` goes on from
/// what lies under that mount, and only `/..` leads into it (path_resolution(7) stays at the root there, and enters
/// what is mounted on it). So no directory of the host is needed.
const STAGE: &str = "/..";
const KIND: &str = "tmpfs";
/// Nothing but directories and empty files is ever made there.
const OPTIONS: &str = "mode=0755,size=64k";
const OF_ITS_OWN: libc::c_ulong = libc::MS_NOSUID | libc::MS_NODEV | libc::MS_NOEXEC;
/// Below it entries may be devices. Nodes in what is shared are the guest's kernel's to serve: nobody opens the host's by them.
const DISKS: &str = "/disks/";
/// KVM, and where libkrun's virtio-fs opens again what it has a descriptor of. A host without them is told so by libkrun.
const ALWAYS: [&str; 2] = ["/dev/kvm", "/proc/self/fd"];

/// A part of the tree before it has its place.
struct Part<'a> {
    at: &'a str,
    /// None: an empty directory.
    mounted: Option<OwnedFd>,
}

/// Makes directories read-only in their own place.
pub fn protect(paths: &[String]) -> Result<(), Failure> {
    for path in paths {
        mount(Some(path), path, None, libc::MS_BIND | libc::MS_REC, None)
            .and_then(|()| restrict(open_path(path)?.as_fd(), libc::MOUNT_ATTR_RDONLY, true))
            .map_err(|error| Failure::system(Stage::Jail, path, &error))?;
    }
    Ok(())
}

/// Makes the tree and puts it in the place of the host's. Answers how the host's went.
pub fn enter(entries: &[Entry], mode: Mode) -> Result<io::Result<()>, Failure> {
    // All before the stage is mounted, which would become a part of a share of `/`.
    let mut parts = Vec::with_capacity(entries.len() + ALWAYS.len());
    for entry in entries {
        let mounted = entry
            .path
            .as_deref()
            .map(|path| take(entry, path).map_err(|error| Failure::system(Stage::Jail, path, &error)));
        parts.push(Part {
            at: &entry.at,
            mounted: mounted.transpose()?,
        });
    }
    for at in ALWAYS {
        match copy_tree(at) {
            Ok(mounted) => parts.push(Part {
                at,
                mounted: Some(mounted),
            }),
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => return Err(Failure::system(Stage::Jail, at, &error)),
        }
    }
    build(parts).map_err(|error| Failure::system(Stage::Jail, "private-tree", &error))?;
    let changed = change_root();
    if changed.is_err() && mode == Mode::BestEffort {
        // A root that cannot be exchanged, such as an initramfs: what is outside has at least no name any more.
        check(unsafe { libc::chroot(c".".as_ptr()) })
            .map_err(|error| Failure::system(Stage::Jail, "chroot", &error))?;
    }
    check(unsafe { libc::chdir(c"/".as_ptr()) }).map_err(|error| Failure::system(Stage::Jail, "chdir", &error))?;
    Ok(changed)
}

fn take(entry: &Entry, path: &str) -> io::Result<OwnedFd> {
    let mounted = copy_tree(path)?;
    let mut restrictions = libc::MOUNT_ATTR_NOSUID;
    if !entry.at.starts_with(DISKS) {
        restrictions |= libc::MOUNT_ATTR_NODEV;
    }
    if entry.read_only {
        restrictions |= libc::MOUNT_ATTR_RDONLY;
    }
    restrict(mounted.as_fd(), restrictions, true)?;
    Ok(mounted)
}

/// Leaves the working directory in the new tree.
fn build(parts: Vec<Part<'_>>) -> io::Result<()> {
    mount(Some(KIND), "/", Some(KIND), OF_ITS_OWN, Some(OPTIONS))?;
    for Part { at, mounted } in parts {
        let place = format!("{STAGE}{at}");
        if let Some((parent, _)) = place.rsplit_once('/') {
            fs::create_dir_all(parent)?;
        }
        let Some(mounted) = mounted else {
            fs::create_dir(&place)?;
            continue;
        };
        match File::from(mounted.try_clone()?).metadata()?.is_dir() {
            true => fs::create_dir(&place)?,
            false => drop(File::create_new(&place)?),
        }
        move_mount(mounted.as_fd(), &place)?;
    }
    // A guest could otherwise fill the host's memory with files of its own beside what it was given.
    restrict(open_path(STAGE)?.as_fd(), libc::MOUNT_ATTR_RDONLY, false)?;
    std::env::set_current_dir(STAGE)
}

/// pivot_root(2), NOTES: with both arguments the working directory, the old root ends up over the new one, from where it
/// is taken off.
fn change_root() -> io::Result<()> {
    let here = c".".as_ptr();
    check(unsafe { libc::syscall(libc::SYS_pivot_root, here, here) } as i32)?;
    check(unsafe { libc::umount2(here, libc::MNT_DETACH) }).map(drop)
}
