use super::beneath::own_directory;
use super::filesystem::{attach, create, set_read_only};
use super::stages::{Attempt, Trouble};
use rustix::fs::{AtFlags, Mode, OFlags, StatxAttributes, StatxFlags, open, statx, symlinkat};
use rustix::io::Errno;
use rustix::mount::{MountAttrFlags, OpenTreeFlags, open_tree};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

/// Where it belongs, its type, and what container engines mount it with.
struct KernelMount {
    path: &'static str,
    kind: &'static str,
    options: &'static [(&'static str, &'static str)],
    optional: bool,
    read_only: bool,
}

const fn mount(path: &'static str, kind: &'static str) -> KernelMount {
    KernelMount {
        path,
        kind,
        options: &[],
        optional: false,
        read_only: false,
    }
}

const TOP: [KernelMount; 3] = [mount("proc", "proc"), mount("sys", "sysfs"), mount("dev", "devtmpfs")];

const NESTED: [KernelMount; 4] = [
    KernelMount {
        optional: true,
        // Root in the box has no business in the groups of others; the agent has a mount of its own.
        read_only: true,
        ..mount("sys/fs/cgroup", "cgroup2")
    },
    KernelMount {
        options: &[("mode", "0620"), ("ptmxmode", "0666")],
        ..mount("dev/pts", "devpts")
    },
    KernelMount {
        options: &[("mode", "1777")],
        ..mount("dev/shm", "tmpfs")
    },
    KernelMount {
        optional: true,
        ..mount("dev/mqueue", "mqueue")
    },
];

const LINKS: [(&str, &str); 4] = [
    ("fd", "/proc/self/fd"),
    ("stdin", "/proc/self/fd/0"),
    ("stdout", "/proc/self/fd/1"),
    ("stderr", "/proc/self/fd/2"),
];

const HARMLESS: MountAttrFlags = MountAttrFlags::MOUNT_ATTR_NOSUID.union(MountAttrFlags::MOUNT_ATTR_NOEXEC);

/// The guest's cgroups, mounted where no path leads. None where the kernel has none.
pub fn own_cgroups() -> Option<OwnedFd> {
    create("cgroup2", &[], false, HARMLESS).ok()
}

/// Brings /proc, /sys and /dev into the new root: what libkrun's init has mounted is moved, the rest is made.
pub fn provide(root: BorrowedFd<'_>) -> Result<(), Trouble> {
    let mut device_directory = None;
    for kernel_mount in &TOP {
        let path = kernel_mount.path;
        let target = own_directory(root, path).attempt(|| format!("make /{path}"))?;
        match existing(&format!("/{path}")) {
            Some(tree) => attach(tree.as_fd(), target.as_fd()).attempt(|| format!("move /{path}"))?,
            None => fresh(kernel_mount, target.as_fd()).attempt(|| format!("mount /{path}"))?,
        }
        let mounted = own_directory(root, path).attempt(|| format!("open /{path}"))?;
        nest(path, mounted.as_fd())?;
        device_directory = Some(mounted);
    }
    if let Some(dev) = device_directory {
        for (name, target) in LINKS {
            match symlinkat(target, &dev, name) {
                Ok(()) | Err(Errno::EXIST) => {}
                Err(errno) => return Err(errno).attempt(|| format!("make /dev/{name}")),
            }
        }
    }
    Ok(())
}

fn nest(top: &str, mounted: BorrowedFd<'_>) -> Result<(), Trouble> {
    for kernel_mount in &NESTED {
        let Some(inner) = kernel_mount
            .path
            .strip_prefix(top)
            .and_then(|rest| rest.strip_prefix('/'))
        else {
            continue;
        };
        let done = descend(mounted, inner).and_then(|place| match is_mount_root(place.as_fd()) {
            true if kernel_mount.read_only => set_read_only(place.as_fd()),
            true => Ok(()),
            false => fresh(kernel_mount, place.as_fd()),
        });
        if !kernel_mount.optional {
            done.attempt(|| format!("mount /{}", kernel_mount.path))?;
        }
    }
    Ok(())
}

/// Only names of the kernel's own file systems are walked here.
fn descend(directory: BorrowedFd<'_>, path: &str) -> rustix::io::Result<OwnedFd> {
    let mut names = path.split('/');
    let mut place = own_directory(directory, names.next().unwrap_or_default())?;
    for name in names {
        place = own_directory(place.as_fd(), name)?;
    }
    Ok(place)
}

fn fresh(kernel_mount: &KernelMount, target: BorrowedFd<'_>) -> rustix::io::Result<()> {
    let mut attributes = HARMLESS;
    attributes.set(MountAttrFlags::MOUNT_ATTR_RDONLY, kernel_mount.read_only);
    let mut options = vec![("source", kernel_mount.kind)];
    options.extend_from_slice(kernel_mount.options);
    attach(create(kernel_mount.kind, &options, false, attributes)?.as_fd(), target)
}

fn existing(path: &str) -> Option<OwnedFd> {
    let directory = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let opened = open(path, directory, Mode::empty()).ok()?;
    if !is_mount_root(opened.as_fd()) {
        return None;
    }
    open_tree(
        opened,
        "",
        OpenTreeFlags::OPEN_TREE_CLOEXEC | OpenTreeFlags::AT_EMPTY_PATH,
    )
    .ok()
}

fn is_mount_root(directory: BorrowedFd<'_>) -> bool {
    statx(directory, "", AtFlags::EMPTY_PATH, StatxFlags::empty())
        .is_ok_and(|found| found.stx_attributes.contains(StatxAttributes::MOUNT_ROOT))
}
