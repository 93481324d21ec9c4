use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// A log that never takes more than twice `max_bytes` on disk: the current file and one rotated `.1`.
pub struct RotatedLog {
    path: PathBuf,
    rotated: PathBuf,
    max_bytes: u64,
    file: File,
    length: u64,
}

impl RotatedLog {
    /// Appends to what is there: a box that starts again keeps the tail of its last console.
    pub fn open(path: &Path, max_bytes: u64) -> io::Result<Self> {
        let mut rotated = path.as_os_str().to_owned();
        rotated.push(".1");
        let file = append(path)?;
        let length = file.metadata()?.len();
        Ok(Self {
            path: path.to_owned(),
            rotated: rotated.into(),
            max_bytes,
            file,
            length,
        })
    }

    pub fn write(&mut self, mut bytes: &[u8]) -> io::Result<()> {
        while !bytes.is_empty() {
            let room = self.max_bytes.saturating_sub(self.length);
            if room == 0 {
                self.rotate()?;
                continue;
            }
            let part = bytes.len().min(usize::try_from(room).unwrap_or(usize::MAX));
            self.file.write_all(&bytes[..part])?;
            self.length += part as u64;
            bytes = &bytes[part..];
        }
        Ok(())
    }

    fn rotate(&mut self) -> io::Result<()> {
        fs::rename(&self.path, &self.rotated)?;
        self.file = append(&self.path)?;
        self.length = 0;
        Ok(())
    }
}

fn append(path: &Path) -> io::Result<File> {
    OpenOptions::new().create(true).append(true).mode(0o600).open(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn directory(name: &str) -> PathBuf {
        let path = std::env::temp_dir().join(format!("a3s-console-{name}-{}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        path
    }

    #[test]
    fn keeps_the_newest_bytes_within_two_files() {
        let directory = directory("rotate");
        let path = directory.join("console.log");
        let mut log = RotatedLog::open(&path, 10).unwrap();
        log.write(b"0123456789abcdefghijKLM").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"KLM");
        assert_eq!(fs::read(directory.join("console.log.1")).unwrap(), b"abcdefghij");
        assert_eq!(fs::read_dir(&directory).unwrap().count(), 2);
        fs::remove_dir_all(directory).unwrap();
    }

    #[test]
    fn appends_to_an_earlier_log_and_counts_it() {
        let directory = directory("append");
        let path = directory.join("console.log");
        fs::write(&path, b"12345678").unwrap();
        RotatedLog::open(&path, 10).unwrap().write(b"abc").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"c");
        assert_eq!(fs::read(directory.join("console.log.1")).unwrap(), b"12345678ab");
        fs::remove_dir_all(directory).unwrap();
    }
}
