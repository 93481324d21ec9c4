use super::stages::{Attempt, Trouble};
use rustix::fs::{
    AtFlags, FileType, Gid, Mode, OFlags, Uid, chmodat, chownat, fstat, listxattr_query, mkdirat, openat,
};
use rustix::io::Errno;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};

const PLACE: OFlags = OFlags::PATH.union(OFlags::NOFOLLOW).union(OFlags::CLOEXEC);

/// The image's directory and what is written over it, before the overlay is laid over both.
pub struct Layers {
    /// The file system that both are attached in.
    pub staging: OwnedFd,
    pub lower: OwnedFd,
    pub upper: OwnedFd,
}

impl Layers {
    /// The writable layer's half of a directory at the top of the root. Files that are put there hide the image's, whatever those are, and the
    /// overlay is spared copying up the directory and looking for each file in the image. None where the overlay has to say what the
    /// directory is, or how it is copied up.
    pub fn directory(&self, name: &str) -> Result<Option<OwnedFd>, Trouble> {
        let what = || format!("open /{name} in the writable layer");
        match openat(&self.upper, name, PLACE | OFlags::DIRECTORY, Mode::empty()) {
            Err(Errno::NOENT) => {}
            // A link, or the mark of a directory that was removed.
            Err(Errno::NOTDIR | Errno::LOOP) => return Ok(None),
            opened => return opened.map(Some).attempt(what),
        }
        let found = match openat(&self.lower, name, PLACE, Mode::empty()) {
            Err(Errno::NOENT) => return Ok(None),
            found => found.attempt(what)?,
        };
        let is_directory = FileType::from_raw_mode(fstat(&found).attempt(what)?.st_mode) == FileType::Directory;
        if !is_directory || has_attributes(found.as_fd()) {
            return Ok(None);
        }
        mkdirat(&self.upper, name, Mode::RWXU).attempt(what)?;
        copy_owner_and_mode(found.as_fd(), self.upper.as_fd(), name).attempt(what)?;
        openat(&self.upper, name, PLACE | OFlags::DIRECTORY, Mode::empty())
            .map(Some)
            .attempt(what)
    }
}

/// Or may have some.
fn has_attributes(found: BorrowedFd<'_>) -> bool {
    // What is opened as a place alone has no other way to be asked.
    let path = format!("/proc/self/fd/{}", found.as_raw_fd());
    !matches!(listxattr_query(path), Ok(0) | Err(Errno::OPNOTSUPP))
}

pub fn copy_owner_and_mode(from: BorrowedFd<'_>, parent: BorrowedFd<'_>, name: &str) -> rustix::io::Result<()> {
    let found = fstat(from)?;
    let (uid, gid) = (Uid::from_raw(found.st_uid), Gid::from_raw(found.st_gid));
    chownat(parent, name, Some(uid), Some(gid), AtFlags::SYMLINK_NOFOLLOW)?;
    chmodat(
        parent,
        name,
        Mode::from_raw_mode(found.st_mode & 0o7777),
        AtFlags::empty(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustix::fs::{XattrFlags, open, setxattr};
    use std::fs::{self, Permissions};
    use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
    use std::path::{Path, PathBuf};

    struct Scratch(PathBuf);

    impl Scratch {
        fn new(name: &str) -> Self {
            let path = std::env::temp_dir().join(format!("a3s-layer-{name}-{}", std::process::id()));
            let _ = fs::remove_dir_all(&path);
            fs::create_dir_all(path.join("lower")).unwrap();
            fs::create_dir_all(path.join("upper")).unwrap();
            Self(path)
        }

        fn layers(&self) -> Layers {
            let open = |name| open(self.0.join(name), OFlags::PATH | OFlags::DIRECTORY, Mode::empty()).unwrap();
            Layers {
                staging: open("."),
                lower: open("lower"),
                upper: open("upper"),
            }
        }

        fn lower(&self) -> PathBuf {
            self.0.join("lower/etc")
        }

        fn upper(&self) -> PathBuf {
            self.0.join("upper/etc")
        }
    }

    impl Drop for Scratch {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    fn mode(path: &Path) -> u32 {
        path.symlink_metadata().unwrap().mode()
    }

    #[test]
    fn is_as_the_image_has_the_directory() {
        let scratch = Scratch::new("image");
        fs::create_dir(scratch.lower()).unwrap();
        fs::set_permissions(scratch.lower(), Permissions::from_mode(0o2751)).unwrap();
        assert!(scratch.layers().directory("etc").unwrap().is_some());
        assert_eq!(mode(&scratch.upper()), mode(&scratch.lower()));
        let owner = |path: PathBuf| path.metadata().map(|found| (found.uid(), found.gid())).unwrap();
        assert_eq!(owner(scratch.upper()), owner(scratch.lower()));
    }

    #[test]
    fn is_what_was_written_before() {
        let scratch = Scratch::new("before");
        symlink("elsewhere", scratch.lower()).unwrap();
        fs::create_dir(scratch.upper()).unwrap();
        fs::set_permissions(scratch.upper(), Permissions::from_mode(0o711)).unwrap();
        assert!(scratch.layers().directory("etc").unwrap().is_some());
        assert_eq!(mode(&scratch.upper()) & 0o7777, 0o711);
    }

    #[test]
    fn is_left_to_the_overlay_where_it_is_a_link_or_a_file() {
        for layer in ["lower", "upper"] {
            let scratch = Scratch::new(layer);
            let place = scratch.0.join(layer).join("etc");
            symlink("/nowhere", &place).unwrap();
            assert!(scratch.layers().directory("etc").unwrap().is_none());
            fs::remove_file(&place).unwrap();
            fs::write(&place, "").unwrap();
            assert!(scratch.layers().directory("etc").unwrap().is_none());
            assert_eq!(scratch.upper().symlink_metadata().is_ok(), layer == "upper");
        }
    }

    #[test]
    fn is_left_to_the_overlay_where_there_is_none_or_it_has_attributes() {
        let scratch = Scratch::new("attributes");
        assert!(scratch.layers().directory("etc").unwrap().is_none());
        fs::create_dir(scratch.lower()).unwrap();
        match setxattr(scratch.lower(), "user.note", b"a directory", XattrFlags::empty()) {
            // Where tests run, temporary files may have none.
            Err(Errno::OPNOTSUPP) => return,
            set => set.unwrap(),
        }
        assert!(scratch.layers().directory("etc").unwrap().is_none());
        assert!(!scratch.upper().exists());
    }
}
