use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

/// A part of 16 KiB takes six times that when all of it has to be escaped.
pub const MAX_RECORD_BYTES: usize = 128 * 1024;

#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Of one file.
    pub max_bytes: u64,
    /// With the one that is being written.
    pub files: u32,
}

/// Numbered files, `PATH.000001` and up, of which the oldest go when there are too many. A file never changes its
/// name, so a reader that is behind finds its way by counting.
pub struct Segments {
    path: PathBuf,
    limits: Limits,
    number: u64,
    file: File,
    length: u64,
}

impl Segments {
    /// Goes on in the newest file, unless its last record was cut off.
    pub fn open(path: &Path, limits: Limits) -> io::Result<Self> {
        let numbers = numbers(path)?;
        let number = numbers.iter().max().copied().unwrap_or(1);
        let mut file = open(&segment(path, number), OpenOptions::new().create(true))?;
        let length = file.metadata()?.len();
        let whole = ends_a_line(&mut file, length)?;
        let mut segments = Self {
            path: path.to_owned(),
            limits,
            number,
            file,
            length,
        };
        if !whole {
            segments.rotate()?;
        }
        for old in numbers {
            segments.remove_if_old(old);
        }
        Ok(segments)
    }

    /// Writes all of it or nothing.
    pub fn append(&mut self, records: &[u8]) -> io::Result<()> {
        let added = records.len() as u64;
        if self.length > 0 && self.length + added > self.limits.max_bytes {
            self.rotate()?;
        }
        if let Err(error) = self.file.write_all(records) {
            self.file.set_len(self.length)?;
            return Err(error);
        }
        self.length += added;
        Ok(())
    }

    fn rotate(&mut self) -> io::Result<()> {
        let next = open(
            &segment(&self.path, self.number + 1),
            OpenOptions::new().create_new(true),
        )?;
        // Whoever waits for changes of this file learns from it that there is a next one. It needs no space.
        self.file.set_permissions(Permissions::from_mode(0o400))?;
        (self.file, self.length) = (next, 0);
        self.number += 1;
        if let Some(old) = self.number.checked_sub(u64::from(self.limits.files)) {
            self.remove_if_old(old);
        }
        Ok(())
    }

    fn remove_if_old(&self, number: u64) {
        if number + u64::from(self.limits.files) <= self.number {
            let _ = fs::remove_file(segment(&self.path, number));
        }
    }
}

fn segment(path: &Path, number: u64) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{number:06}"));
    name.into()
}

fn open(path: &Path, options: &mut OpenOptions) -> io::Result<File> {
    options
        .read(true)
        .append(true)
        .mode(0o600)
        .custom_flags(libc::O_NOFOLLOW)
        .open(path)
}

fn numbers(path: &Path) -> io::Result<Vec<u64>> {
    let (Some(parent), Some(name)) = (path.parent(), path.file_name()) else {
        return Err(io::ErrorKind::InvalidInput.into());
    };
    let mut found = Vec::new();
    for entry in fs::read_dir(parent)? {
        let other = entry?.file_name();
        let digits = other.as_encoded_bytes().strip_prefix(name.as_encoded_bytes());
        let digits = digits.and_then(|rest| rest.strip_prefix(b".")).unwrap_or_default();
        if digits.len() >= 6 && digits.iter().all(u8::is_ascii_digit) {
            found.extend(
                std::str::from_utf8(digits)
                    .ok()
                    .and_then(|text| text.parse::<u64>().ok()),
            );
        }
    }
    Ok(found)
}

fn ends_a_line(file: &mut File, length: u64) -> io::Result<bool> {
    if length == 0 {
        return Ok(true);
    }
    let mut last = [0];
    file.seek(SeekFrom::Start(length - 1))?;
    file.read_exact(&mut last)?;
    Ok(last == *b"\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Directory(PathBuf);

    impl Directory {
        fn new(name: &str) -> Self {
            let path = std::env::temp_dir().join(format!("a3s-segments-{name}-{}", std::process::id()));
            fs::create_dir_all(&path).unwrap();
            Self(path)
        }

        fn open(&self) -> Segments {
            let limits = Limits {
                max_bytes: 10,
                files: 3,
            };
            Segments::open(&self.0.join("log"), limits).unwrap()
        }

        fn files(&self) -> Vec<(String, String)> {
            let mut files: Vec<_> = fs::read_dir(&self.0)
                .unwrap()
                .map(|entry| entry.unwrap())
                .map(|entry| {
                    (
                        entry.file_name().into_string().unwrap(),
                        fs::read_to_string(entry.path()).unwrap(),
                    )
                })
                .collect();
            files.sort();
            files
        }
    }

    impl Drop for Directory {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    fn file(number: u32, content: &str) -> (String, String) {
        (format!("log.{number:06}"), content.into())
    }

    #[test]
    fn the_newest_records_are_kept_whole_within_the_limits() {
        let directory = Directory::new("rotate");
        let mut segments = directory.open();
        for record in ["1234\n", "5678\n", "9\n", "abcdefg\n", "longer than a file\n", "x\n"] {
            segments.append(record.as_bytes()).unwrap();
        }
        assert_eq!(
            directory.files(),
            [file(2, "9\nabcdefg\n"), file(3, "longer than a file\n"), file(4, "x\n")]
        );
        let mode = |number| {
            fs::metadata(segment(&directory.0.join("log"), number))
                .unwrap()
                .permissions()
                .mode()
        };
        assert_eq!((mode(3) & 0o777, mode(4) & 0o777), (0o400, 0o600));
    }

    #[test]
    fn a_second_vm_goes_on_where_the_first_one_ended_but_not_behind_half_a_record() {
        let directory = Directory::new("again");
        directory.open().append(b"one\n").unwrap();
        directory.open().append(b"two\n").unwrap();
        assert_eq!(directory.files(), [file(1, "one\ntwo\n")]);
        fs::write(directory.0.join("log.000001"), "one\ntw").unwrap();
        fs::write(directory.0.join("log.0000x1"), "").unwrap();
        fs::remove_file(directory.0.join("log.0000x1")).unwrap();
        directory.open().append(b"three\n").unwrap();
        assert_eq!(directory.files(), [file(1, "one\ntw"), file(2, "three\n")]);
    }

    #[test]
    fn files_beyond_the_limit_go_at_the_start_too() {
        let directory = Directory::new("prune");
        for number in 1..=5 {
            fs::write(directory.0.join(format!("log.{number:06}")), "x\n").unwrap();
        }
        directory.open();
        assert_eq!(directory.files(), [file(3, "x\n"), file(4, "x\n"), file(5, "x\n")]);
    }

    #[test]
    fn a_link_is_not_followed() {
        let directory = Directory::new("link");
        std::os::unix::fs::symlink("/nonexistent/victim", directory.0.join("log.000001")).unwrap();
        assert!(
            Segments::open(
                &directory.0.join("log"),
                Limits {
                    max_bytes: 10,
                    files: 3
                }
            )
            .is_err()
        );
    }
}
