use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// More than a record takes.
const RESERVED_BYTES: usize = 4096;

/// A file that is written at the end of it all, and has its space from the beginning: a disk that is full by then does
/// not keep it from being written. Until then it lies beside its place, as `PATH.tmp`.
pub struct ReservedFile {
    path: PathBuf,
    temporary: PathBuf,
    file: File,
}

impl ReservedFile {
    pub fn create(path: &Path) -> io::Result<Self> {
        let mut temporary = path.as_os_str().to_owned();
        temporary.push(".tmp");
        let temporary = PathBuf::from(temporary);
        let file = OpenOptions::new()
            .create(true)
            .write(true)
            .truncate(true)
            .mode(0o600)
            .custom_flags(libc::O_NOFOLLOW)
            .open(&temporary)?;
        let reserved = Self {
            path: path.to_owned(),
            temporary,
            file,
        };
        reserved
            .file
            .write_all_at(&[b' '; RESERVED_BYTES], 0)
            .inspect_err(|_| reserved.discard())?;
        Ok(reserved)
    }

    /// Readers see no file or a whole one, also after a power loss.
    pub fn publish(self, content: &[u8]) -> io::Result<()> {
        let written = self
            .file
            .write_all_at(content, 0)
            .and_then(|()| self.file.set_len(content.len() as u64))
            .and_then(|()| self.file.sync_all())
            .and_then(|()| fs::rename(&self.temporary, &self.path));
        written.inspect_err(|_| self.discard())?;
        match self.path.parent() {
            Some(parent) => File::open(parent)?.sync_all(),
            None => Ok(()),
        }
    }

    fn discard(&self) {
        let _ = fs::remove_file(&self.temporary);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::MetadataExt;

    #[test]
    fn the_space_is_there_before_and_only_the_content_after() {
        let directory = std::env::temp_dir().join(format!("a3s-reserved-{}", std::process::id()));
        fs::create_dir_all(&directory).unwrap();
        let path = directory.join("exit.json");
        fs::write(directory.join("exit.json.tmp"), "left by a monitor that was killed").unwrap();
        let reserved = ReservedFile::create(&path).unwrap();
        assert_eq!(
            fs::metadata(directory.join("exit.json.tmp")).unwrap().size(),
            RESERVED_BYTES as u64
        );
        assert!(!path.exists());
        reserved.publish(b"{}\n").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"{}\n");
        assert_eq!(fs::read_dir(&directory).unwrap().count(), 1);
        fs::remove_dir_all(&directory).unwrap();
    }

    #[test]
    fn a_directory_that_is_gone_is_an_error() {
        let directory = std::env::temp_dir().join(format!("a3s-reserved-gone-{}", std::process::id()));
        fs::create_dir_all(&directory).unwrap();
        let reserved = ReservedFile::create(&directory.join("exit.json")).unwrap();
        fs::remove_dir_all(&directory).unwrap();
        assert_eq!(reserved.publish(b"{}").unwrap_err().kind(), io::ErrorKind::NotFound);
    }
}
