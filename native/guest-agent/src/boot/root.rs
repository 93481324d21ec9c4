use super::beneath::own_directory;
use super::config::{Root, Upper};
use super::filesystem::{attach, create};
use super::layer::{Layers, copy_owner_and_mode};
use super::stages::{Attempt, Trouble};
use rustix::fs::{Mode, OFlags, mkdirat, open, openat};
use rustix::io::Errno;
use rustix::mount::{MountAttrFlags, MountPropagationFlags, UnmountFlags, mount_change, mount_remount, unmount};
use std::os::fd::{AsFd, OwnedFd};

/// A directory of the boot root that nothing else uses. Mount points are made in a tmpfs over it.
const STAGING: &str = "/mnt";
const DIRECTORY: OFlags = OFlags::PATH.union(OFlags::DIRECTORY).union(OFlags::CLOEXEC);
const MOUNT_POINTS: [&str; 4] = ["lower", "layer", "root", "shares"];
/// Where shares lie, one over the other, while their entries are taken out of them.
pub const SHARES: &str = "/mnt/shares";
/// `redirect_dir` lets a directory of the image be renamed instead of failing with EXDEV.
const OVERLAY_OPTIONS: [(&str, &str); 6] = [
    ("source", "overlay"),
    ("lowerdir", "/mnt/lower"),
    ("upperdir", "/mnt/layer/upper"),
    ("workdir", "/mnt/layer/work"),
    ("redirect_dir", "on"),
    ("index", "off"),
];
/// What the disk's image does not hold yet is zero, so inode tables need no writing; what is deleted is given back.
const DISK_OPTIONS: [(&str, &str); 2] = [("noinit_itable", ""), ("discard", "")];

/// Opens the image's read-only directory and the writable layer, and puts both where the overlay looks for them.
pub fn open_layers(root: &Root) -> Result<Layers, Trouble> {
    // libkrun's init leaves the tree shared, in which nothing can be moved and no root changed.
    mount_change("/", MountPropagationFlags::PRIVATE | MountPropagationFlags::REC)
        .attempt(|| "make the mounts private".into())?;
    let staging = stage()?;
    let tag = root.lower_tag.as_str();
    let lower = open_image(tag).attempt(|| format!("open the image's virtio-fs share {tag:?}"))?;
    mount_staged(&staging, "lower", &lower)?;
    let layer = open_layer(&root.upper)?;
    mount_staged(&staging, "layer", &layer)?;
    let upper = prepare_layer(&layer, &lower).attempt(|| "prepare the writable layer".into())?;
    Ok(Layers { staging, lower, upper })
}

/// Lays the writable layer over the image's directory and answers the merged root, not entered yet.
pub fn merge(layers: &Layers) -> Result<OwnedFd, Trouble> {
    let merged = create("overlay", &OVERLAY_OPTIONS, false, MountAttrFlags::empty())
        .attempt(|| "create the overlay of image and writable layer".into())?;
    mount_staged(&layers.staging, "root", &merged)?;
    openat(&merged, ".", DIRECTORY, Mode::empty()).attempt(|| "open the merged root".into())
}

/// Through the share's window where it has one: otherwise the kernel forgets a file's pages whenever somebody opens it,
/// and starting a program reads it again.
fn open_image(tag: &str) -> rustix::io::Result<OwnedFd> {
    let attributes = MountAttrFlags::empty();
    match create("virtiofs", &[("source", tag), ("dax", "")], true, attributes) {
        // No window, or a kernel that knows none.
        Err(Errno::INVAL) => create("virtiofs", &[("source", tag)], true, attributes),
        opened => opened,
    }
}

fn stage() -> Result<OwnedFd, Trouble> {
    let place = open(STAGING, DIRECTORY, Mode::empty()).attempt(|| format!("open {STAGING}"))?;
    let options = [("source", "staging"), ("mode", "0700")];
    let staging =
        create("tmpfs", &options, false, MountAttrFlags::empty()).attempt(|| "create the staging tmpfs".into())?;
    attach(staging.as_fd(), place.as_fd()).attempt(|| format!("mount the staging tmpfs on {STAGING}"))?;
    for name in MOUNT_POINTS {
        mkdirat(&staging, name, Mode::from_raw_mode(0o755)).attempt(|| format!("make {STAGING}/{name}"))?;
    }
    Ok(staging)
}

fn mount_staged(staging: &OwnedFd, name: &str, mounted: &OwnedFd) -> Result<(), Trouble> {
    own_directory(staging.as_fd(), name)
        .and_then(|place| attach(mounted.as_fd(), place.as_fd()))
        .attempt(|| format!("mount on {STAGING}/{name}"))
}

fn open_layer(upper: &Upper) -> Result<OwnedFd, Trouble> {
    match upper {
        Upper::Memory { size_bytes } => {
            let size = size_bytes.to_string();
            let mut options = vec![("source", "upper"), ("mode", "0700")];
            if *size_bytes > 0 {
                options.push(("size", &size));
            }
            create("tmpfs", &options, false, MountAttrFlags::empty()).attempt(|| "create the upper tmpfs".into())
        }
        Upper::Disk { device } => {
            let mut options = vec![("source", device.as_str())];
            options.extend(DISK_OPTIONS);
            create("ext4", &options, false, MountAttrFlags::MOUNT_ATTR_NOATIME)
                .attempt(|| format!("open the disk {device}"))
        }
    }
}

/// A disk that was in use before has both directories, and what was written then. Otherwise the merged root directory shows the upper one's
/// owner and mode.
fn prepare_layer(layer: &OwnedFd, lower: &OwnedFd) -> rustix::io::Result<OwnedFd> {
    match mkdirat(layer, "work", Mode::from_raw_mode(0o755)) {
        Ok(()) | Err(Errno::EXIST) => {}
        Err(errno) => return Err(errno),
    }
    match mkdirat(layer, "upper", Mode::from_raw_mode(0o755)) {
        Ok(()) => copy_owner_and_mode(lower.as_fd(), layer.as_fd(), "upper")?,
        Err(Errno::EXIST) => {}
        Err(errno) => return Err(errno),
    }
    openat(layer, "upper", DIRECTORY | OFlags::NOFOLLOW, Mode::empty())
}

/// Makes `root` the root of the whole guest. The old one is detached: no path leads to it any more.
pub fn enter(root: &OwnedFd) -> Result<(), Trouble> {
    rustix::process::fchdir(root).attempt(|| "enter the new root".into())?;
    // With both arguments ".", the old root ends up on top of the new one (pivot_root(2)).
    rustix::process::pivot_root(".", ".").attempt(|| "make the overlay the root".into())?;
    unmount(".", UnmountFlags::DETACH).attempt(|| "detach the boot root".into())?;
    rustix::process::chdir("/").attempt(|| "enter the new root".into())
}

/// After the last mount point was made in it.
pub fn seal() -> Result<(), Trouble> {
    mount_remount("/", rustix::mount::MountFlags::RDONLY, "").attempt(|| "make the root read-only".into())
}
