//! Paths inside a root that an image controls. Symbolic links are followed as a process with that root would follow
//! them and never out of it (openat2 with RESOLVE_IN_ROOT).

use rustix::fs::{AtFlags, FileType, Mode, OFlags, ResolveFlags, fstat, mkdirat, openat, openat2, unlinkat};
use rustix::io::Errno;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

const DIRECTORY: OFlags = OFlags::PATH.union(OFlags::DIRECTORY).union(OFlags::CLOEXEC);
/// Of these, each that is there is a file system of its own.
const KERNEL_DIRECTORIES: [&str; 6] = ["proc", "sys", "sys/fs/cgroup", "dev", "dev/pts", "dev/mqueue"];
const MODE: Mode = Mode::from_raw_mode(0o755);

/// Opens the directory, making what is missing of it.
pub fn ensure_directory(root: BorrowedFd<'_>, names: &[String]) -> rustix::io::Result<OwnedFd> {
    match open_directory(root, &names.join("/")) {
        Err(Errno::NOENT) => {}
        result => return result,
    }
    let mut directory = open_directory(root, ".")?;
    for end in 1..=names.len() {
        let path = names[..end].join("/");
        directory = match open_directory(root, &path) {
            Err(Errno::NOENT) => {
                mkdirat(&directory, &names[end - 1], MODE)?;
                open_directory(root, &path)?
            }
            result => result?,
        };
    }
    Ok(directory)
}

/// Opens whatever is there but a directory, making an empty file and the directories above it when nothing is.
pub fn ensure_file(root: BorrowedFd<'_>, names: &[String]) -> rustix::io::Result<OwnedFd> {
    let path = names.join("/");
    let place = OFlags::PATH | OFlags::CLOEXEC;
    let found = match open_beneath(root, &path, place) {
        Err(Errno::NOENT) => {
            let (name, parents) = names.split_last().ok_or(Errno::ISDIR)?;
            let parent = match parents {
                [] => open_directory(root, ".")?,
                _ => ensure_directory(root, parents)?,
            };
            let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
            openat(&parent, name.as_str(), flags, Mode::from_raw_mode(0o644))?;
            open_beneath(root, &path, place)?
        }
        result => result?,
    };
    match is_directory(found.as_fd())? {
        true => Err(Errno::ISDIR),
        false => Ok(found),
    }
}

pub fn is_directory(found: BorrowedFd<'_>) -> rustix::io::Result<bool> {
    Ok(FileType::from_raw_mode(fstat(found)?.st_mode) == FileType::Directory)
}

pub fn is_same(one: BorrowedFd<'_>, other: BorrowedFd<'_>) -> rustix::io::Result<bool> {
    let (one, other) = (fstat(one)?, fstat(other)?);
    Ok((one.st_dev, one.st_ino) == (other.st_dev, other.st_ino))
}

/// Whether something is in one of the file systems that the kernel keeps itself. /dev/shm is another one.
pub fn is_of_kernel(root: BorrowedFd<'_>, found: BorrowedFd<'_>) -> rustix::io::Result<bool> {
    let device = fstat(found)?.st_dev;
    Ok(KERNEL_DIRECTORIES
        .iter()
        .filter_map(|path| fstat(open_directory(root, path).ok()?).ok())
        .any(|kernel| kernel.st_dev == device))
}

fn open_directory(root: BorrowedFd<'_>, path: &str) -> rustix::io::Result<OwnedFd> {
    open_beneath(root, path, DIRECTORY)
}

fn open_beneath(root: BorrowedFd<'_>, path: &str, flags: OFlags) -> rustix::io::Result<OwnedFd> {
    let resolve = ResolveFlags::IN_ROOT | ResolveFlags::NO_MAGICLINKS;
    openat2(root, path, flags, Mode::empty(), resolve)
}

/// Opens a directory that has to be exactly here; whatever else has its name is removed.
pub fn own_directory(parent: BorrowedFd<'_>, name: &str) -> rustix::io::Result<OwnedFd> {
    let open = || openat(parent, name, DIRECTORY | OFlags::NOFOLLOW, Mode::empty());
    match open() {
        Err(Errno::NOENT) => {}
        Err(Errno::NOTDIR | Errno::LOOP) => unlinkat(parent, name, AtFlags::empty())?,
        result => return result,
    }
    mkdirat(parent, name, MODE)?;
    open()
}

/// Puts a file in the place of whatever is there. A link is replaced, never followed, and a lower file is not copied up.
pub fn replace_file(directory: BorrowedFd<'_>, name: &str, bytes: &[u8]) -> rustix::io::Result<()> {
    match unlinkat(directory, name, AtFlags::empty()) {
        Ok(()) | Err(Errno::NOENT) => {}
        Err(errno) => return Err(errno),
    }
    let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let file = openat(directory, name, flags, Mode::from_raw_mode(0o644))?;
    let mut rest = bytes;
    while !rest.is_empty() {
        let n = rustix::io::retry_on_intr(|| rustix::io::write(&file, rest))?;
        rest = &rest[n..];
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustix::fs::open;
    use std::fs;
    use std::os::unix::fs::symlink;
    use std::path::PathBuf;

    fn scratch(name: &str) -> (PathBuf, OwnedFd) {
        let path = std::env::temp_dir().join(format!("a3s-beneath-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(path.join("root")).unwrap();
        let root = open(path.join("root"), DIRECTORY, Mode::empty()).unwrap();
        (path, root)
    }

    fn names(path: &str) -> Vec<String> {
        path.split('/').map(str::to_owned).collect()
    }

    #[test]
    fn links_lead_nowhere_outside() {
        let (path, root) = scratch("links");
        symlink("/escape", path.join("root/absolute")).unwrap();
        symlink("../../..", path.join("root/up")).unwrap();
        fs::create_dir(path.join("root/escape")).unwrap();
        ensure_directory(root.as_fd(), &names("absolute/a/b")).unwrap();
        assert!(path.join("root/escape/a/b").is_dir());
        ensure_directory(root.as_fd(), &names("up/c")).unwrap();
        assert!(path.join("root/c").is_dir());
        fs::remove_dir_all(path).unwrap();
    }

    #[test]
    fn a_link_to_nothing_and_a_file_are_errors() {
        let (path, root) = scratch("errors");
        symlink("/nothing", path.join("root/dangling")).unwrap();
        fs::write(path.join("root/file"), "").unwrap();
        assert_eq!(
            ensure_directory(root.as_fd(), &names("dangling/x")).unwrap_err(),
            Errno::EXIST
        );
        assert_eq!(
            ensure_directory(root.as_fd(), &names("file/x")).unwrap_err(),
            Errno::NOTDIR
        );
        fs::remove_dir_all(path).unwrap();
    }

    #[test]
    fn a_file_is_made_with_its_parents_or_taken_as_it_is() {
        let (path, root) = scratch("ensure-file");
        fs::write(path.join("root/there"), "kept").unwrap();
        symlink("/there", path.join("root/link")).unwrap();
        symlink("/nothing", path.join("root/dangling")).unwrap();
        fs::create_dir(path.join("root/directory")).unwrap();
        for file in ["there", "link", "new", "deep/er/new"] {
            ensure_file(root.as_fd(), &names(file)).unwrap();
            assert!(path.join("root").join(file.replace("link", "there")).is_file());
        }
        assert_eq!(fs::read(path.join("root/there")).unwrap(), b"kept");
        for (name, errno) in [
            ("directory", Errno::ISDIR),
            ("dangling", Errno::EXIST),
            ("there/x", Errno::NOTDIR),
        ] {
            assert_eq!(ensure_file(root.as_fd(), &names(name)).unwrap_err(), errno, "{name}");
        }
        fs::remove_dir_all(path).unwrap();
    }

    #[test]
    fn a_directory_is_the_same_by_whatever_path() {
        let (path, root) = scratch("same");
        symlink("..", path.join("root/up")).unwrap();
        fs::create_dir(path.join("root/other")).unwrap();
        let up = ensure_directory(root.as_fd(), &names("up")).unwrap();
        let other = ensure_directory(root.as_fd(), &names("other")).unwrap();
        assert!(is_same(root.as_fd(), up.as_fd()).unwrap());
        assert!(!is_same(root.as_fd(), other.as_fd()).unwrap());
        fs::remove_dir_all(path).unwrap();
    }

    #[test]
    fn own_directory_replaces_links_and_files() {
        let (path, root) = scratch("own");
        symlink("/etc", path.join("root/proc")).unwrap();
        fs::write(path.join("root/sys"), "").unwrap();
        fs::create_dir(path.join("root/dev")).unwrap();
        for name in ["proc", "sys", "dev", "new"] {
            own_directory(root.as_fd(), name).unwrap();
            assert!(path.join("root").join(name).symlink_metadata().unwrap().is_dir());
        }
        fs::remove_dir_all(path).unwrap();
    }

    #[test]
    fn replace_file_does_not_follow() {
        let (path, root) = scratch("file");
        fs::write(path.join("outside"), "kept").unwrap();
        symlink(path.join("outside"), path.join("root/hosts")).unwrap();
        replace_file(root.as_fd(), "hosts", b"new").unwrap();
        replace_file(root.as_fd(), "hosts", b"newer").unwrap();
        assert_eq!(fs::read(path.join("outside")).unwrap(), b"kept");
        assert_eq!(fs::read(path.join("root/hosts")).unwrap(), b"newer");
        assert!(path.join("root/hosts").symlink_metadata().unwrap().is_file());
        fs::remove_dir_all(path).unwrap();
    }
}
