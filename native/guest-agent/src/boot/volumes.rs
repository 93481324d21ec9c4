use super::beneath::{ensure_directory, ensure_file, is_directory, is_of_kernel, is_same};
use super::config::{Source, Volume};
use super::filesystem::{attach, create, part, set_read_only};
use super::root;
use super::stages::{Attempt, Trouble};
use rustix::fs::{Mode, OFlags, open};
use rustix::mount::{MountAttrFlags, UnmountFlags, unmount};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

/// Mounts the volumes in order: a later one may lie in an earlier one.
pub fn mount(root: BorrowedFd<'_>, volumes: &[Volume]) -> Result<(), Trouble> {
    let mut shares = Shares::default();
    let mounted = volumes
        .iter()
        .try_for_each(|volume| mount_one(root, volume, &mut shares));
    shares.close().attempt(|| "detach the shares".into())?;
    mounted
}

fn mount_one(root: BorrowedFd<'_>, volume: &Volume, shares: &mut Shares) -> Result<(), Trouble> {
    let path = volume.path();
    let mounted = provide(volume, shares).attempt(|| format!("open the volume for {path}"))?;
    let target = match is_directory(mounted.as_fd()).attempt(|| format!("look at the volume for {path}"))? {
        true => ensure_directory(root, &volume.target),
        false => ensure_file(root, &volume.target),
    };
    let target = target.attempt(|| format!("make the mount point {path}"))?;
    refuse(root, target.as_fd(), &path)?;
    attach(mounted.as_fd(), target.as_fd()).attempt(|| format!("mount on {path}"))
}

/// Where a target leads is the image's to say; the planner has refused these by their names.
fn refuse(root: BorrowedFd<'_>, target: BorrowedFd<'_>, path: &str) -> Result<(), Trouble> {
    let look = || format!("look at the mount point {path}");
    // What is mounted over the root is under nobody's path: the volume would be missing without a word.
    if is_same(root, target).attempt(look)? {
        return Err(Trouble::new(format!("the mount point {path} leads to the root itself")));
    }
    match is_of_kernel(root, target).attempt(look)? {
        true => Err(Trouble::new(format!(
            "the mount point {path} leads to a directory of the kernel"
        ))),
        false => Ok(()),
    }
}

fn provide(volume: &Volume, shares: &mut Shares) -> rustix::io::Result<OwnedFd> {
    match &volume.source {
        Source::VirtioFs { tag, entry: None } => share(tag, volume.read_only),
        Source::VirtioFs { tag, entry: Some(name) } => {
            let entry = part(shares.open(tag)?, name)?;
            if volume.read_only {
                set_read_only(entry.as_fd())?;
            }
            Ok(entry)
        }
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

fn share(tag: &str, read_only: bool) -> rustix::io::Result<OwnedFd> {
    create(
        "virtiofs",
        &[("source", tag)],
        read_only,
        MountAttrFlags::MOUNT_ATTR_NODEV,
    )
}

/// Shares whose entries are mounted one by one. Each is mounted once, until all are taken: without a mount of its own, its
/// tag would lead to an entry that is a file system of its own (the kernel looks for any with the same connection).
#[derive(Default)]
struct Shares {
    opened: Vec<(String, OwnedFd)>,
}

impl Shares {
    fn open(&mut self, tag: &str) -> rustix::io::Result<BorrowedFd<'_>> {
        let index = match self.opened.iter().position(|(opened, _)| opened == tag) {
            Some(index) => index,
            None => {
                let whole = share(tag, false)?;
                let directory = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
                let staging = open(root::SHARES, directory, Mode::empty())?;
                // Only of what is attached somewhere can a part be taken.
                attach(whole.as_fd(), staging.as_fd())?;
                self.opened.push((tag.to_owned(), whole));
                self.opened.len() - 1
            }
        };
        Ok(self.opened[index].1.as_fd())
    }

    fn close(self) -> rustix::io::Result<()> {
        for _ in self.opened {
            unmount(root::SHARES, UnmountFlags::DETACH)?;
        }
        Ok(())
    }
}

/// What is still in use stays: the file systems were synced before.
pub fn unmount_all(paths: &[String]) {
    for path in paths.iter().rev() {
        let _ = unmount(path.as_str(), UnmountFlags::NOFOLLOW);
    }
}
