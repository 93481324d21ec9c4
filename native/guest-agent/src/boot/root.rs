use super::beneath::own_directory;
use super::config::Root;
use super::filesystem::{attach, create};
use super::stages::{Attempt, Trouble};
use rustix::fs::{Gid, Mode, OFlags, Uid, chmodat, chownat, fstat, mkdirat, open, openat};
use rustix::mount::{MountAttrFlags, MountPropagationFlags, UnmountFlags, mount_change, mount_remount, unmount};
use std::os::fd::{AsFd, OwnedFd};

/// A directory of the boot root that nothing else uses.
const STAGING: &str = "/mnt";
/// Where shares lie, one over the other, while their entries are taken out of them.
pub const SHARES: &str = "/mnt/shares";
/// Whole-system sync means nothing for a tmpfs upper layer; `redirect_dir` lets a directory of the image be renamed
/// instead of failing with EXDEV.
const OVERLAY_OPTIONS: [(&str, &str); 6] = [
    ("source", "overlay"),
    ("lowerdir", "/mnt/lower"),
    ("upperdir", "/mnt/upper"),
    ("workdir", "/mnt/work"),
    ("redirect_dir", "on"),
    ("index", "off"),
];

/// Lays a tmpfs over the image's read-only directory and answers the merged root, not entered yet.
pub fn assemble(root: &Root) -> Result<OwnedFd, Trouble> {
    // libkrun's init leaves the tree shared, in which nothing can be moved and no root changed.
    mount_change("/", MountPropagationFlags::PRIVATE | MountPropagationFlags::REC)
        .attempt(|| "make the mounts private".into())?;
    let directory = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let staging = open(STAGING, directory, Mode::empty()).attempt(|| format!("open {STAGING}"))?;
    let size = root.upper_size_bytes.to_string();
    let mut options = vec![("source", "upper"), ("mode", "0700")];
    if root.upper_size_bytes > 0 {
        options.push(("size", &size));
    }
    let upper =
        create("tmpfs", &options, false, MountAttrFlags::empty()).attempt(|| "create the upper tmpfs".into())?;
    attach(upper.as_fd(), staging.as_fd()).attempt(|| format!("mount the upper tmpfs on {STAGING}"))?;
    for name in ["lower", "upper", "work", "root", "shares"] {
        mkdirat(&upper, name, Mode::from_raw_mode(0o755)).attempt(|| format!("make {STAGING}/{name}"))?;
    }

    let tag = root.lower_tag.as_str();
    let lower = create("virtiofs", &[("source", tag)], true, MountAttrFlags::empty())
        .attempt(|| format!("open the image's virtio-fs share {tag:?}"))?;
    let place = own_directory(upper.as_fd(), "lower").attempt(|| format!("open {STAGING}/lower"))?;
    attach(lower.as_fd(), place.as_fd()).attempt(|| format!("mount the image on {STAGING}/lower"))?;
    copy_attributes(&lower, &upper).attempt(|| "give the upper directory the image root's attributes".into())?;

    let merged = create("overlay", &OVERLAY_OPTIONS, false, MountAttrFlags::empty())
        .attempt(|| "create the overlay of image and upper tmpfs".into())?;
    let place = own_directory(upper.as_fd(), "root").attempt(|| format!("open {STAGING}/root"))?;
    attach(merged.as_fd(), place.as_fd()).attempt(|| format!("mount the overlay on {STAGING}/root"))?;
    openat(&merged, ".", directory, Mode::empty()).attempt(|| "open the merged root".into())
}

/// The merged root directory shows the upper one's owner and mode.
fn copy_attributes(lower: &OwnedFd, upper: &OwnedFd) -> rustix::io::Result<()> {
    let found = fstat(lower)?;
    let (uid, gid) = (Uid::from_raw(found.st_uid), Gid::from_raw(found.st_gid));
    chownat(
        upper,
        "upper",
        Some(uid),
        Some(gid),
        rustix::fs::AtFlags::SYMLINK_NOFOLLOW,
    )?;
    chmodat(
        upper,
        "upper",
        Mode::from_raw_mode(found.st_mode & 0o7777),
        rustix::fs::AtFlags::empty(),
    )
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
