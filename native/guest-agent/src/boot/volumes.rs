use super::beneath::ensure_directory;
use super::config::{Source, Volume};
use super::filesystem::{attach, create};
use super::stages::{Attempt, Trouble};
use rustix::mount::{MountAttrFlags, UnmountFlags, unmount};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

/// Mounts the volumes in order: a later one may lie in an earlier one.
pub fn mount(root: BorrowedFd<'_>, volumes: &[Volume]) -> Result<(), Trouble> {
    for volume in volumes {
        let path = volume.path();
        let target = ensure_directory(root, &volume.target).attempt(|| format!("make the mount point {path}"))?;
        let mounted = open(volume).attempt(|| format!("open the volume for {path}"))?;
        attach(mounted.as_fd(), target.as_fd()).attempt(|| format!("mount on {path}"))?;
    }
    Ok(())
}

fn open(volume: &Volume) -> rustix::io::Result<OwnedFd> {
    match &volume.source {
        Source::VirtioFs { tag } => create(
            "virtiofs",
            &[("source", tag)],
            volume.read_only,
            MountAttrFlags::MOUNT_ATTR_NODEV,
        ),
        Source::Tmpfs { size_bytes, mode } => {
            let (size, mode) = (size_bytes.to_string(), format!("{mode:o}"));
            let mut options = vec![("source", "tmpfs"), ("mode", mode.as_str())];
            if *size_bytes > 0 {
                options.push(("size", &size));
            }
            let attributes = MountAttrFlags::MOUNT_ATTR_NODEV | MountAttrFlags::MOUNT_ATTR_NOSUID;
            create("tmpfs", &options, volume.read_only, attributes)
        }
    }
}

/// What is still in use stays: the file systems were synced before.
pub fn unmount_all(paths: &[String]) {
    for path in paths.iter().rev() {
        let _ = unmount(path.as_str(), UnmountFlags::NOFOLLOW);
    }
}
