use crate::descriptor::check;
use crate::timestamp::iso;
use serde::Serialize;
use serde_json::Value;
use std::ffi::CString;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{FileTypeExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// What lets others find a VM that runs, and know when it does not any more: a record of who it is, and a FIFO that
/// both of its processes hold open. The kernel tells whoever has the FIFO open for reading when the last of them is gone,
/// whatever ended it. The monitor also holds flock(2) on it, so that no second VM takes the same place.
pub struct State {
    path: PathBuf,
    alive: OwnedFd,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Record<'a> {
    version: u32,
    pid: libc::pid_t,
    start_time: &'a str,
    executable: &'a Path,
    vm_pid: libc::pid_t,
    started_at: String,
    jail: &'a Value,
}

impl State {
    /// Takes the place. EBUSY when a VM has it.
    pub fn take(path: &Path) -> io::Result<Self> {
        let fifo = beside(path, ".alive");
        let name = CString::new(fifo.as_os_str().as_bytes())?;
        match check(unsafe { libc::mkfifo(name.as_ptr(), 0o600) }) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
            _ => {}
        }
        // For reading as well: opened for writing alone, a FIFO without a reader is an error.
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .custom_flags(libc::O_NONBLOCK | libc::O_NOFOLLOW)
            .open(&fifo)?;
        if !file.metadata()?.file_type().is_fifo() {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        match check(unsafe { libc::flock(file.as_raw_fd(), libc::LOCK_EX | libc::LOCK_NB) }) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                return Err(io::Error::from_raw_os_error(libc::EBUSY));
            }
            other => other?,
        };
        Ok(Self {
            path: path.to_owned(),
            alive: file.into(),
        })
    }

    pub fn alive(&self) -> BorrowedFd<'_> {
        self.alive.as_fd()
    }

    /// Readers see an earlier record, none, or this one whole.
    pub fn record(&self, vm_pid: libc::pid_t, started: SystemTime, jail: &Value) -> io::Result<()> {
        let stat = fs::read_to_string("/proc/self/stat")?;
        let record = Record {
            version: 1,
            pid: unsafe { libc::getpid() },
            start_time: start_time(&stat).ok_or(io::ErrorKind::InvalidData)?,
            executable: &fs::read_link("/proc/self/exe")?,
            vm_pid,
            started_at: iso(started),
            jail,
        };
        let temporary = beside(&self.path, ".tmp");
        let written = write_synced(&temporary, &serde_json::to_vec(&record)?)
            .and_then(|()| fs::rename(&temporary, &self.path))
            .inspect_err(|_| drop(fs::remove_file(&temporary)));
        written?;
        self.path
            .parent()
            .map_or(Ok(()), |parent| File::open(parent)?.sync_all())
    }
}

fn write_synced(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = OpenOptions::new()
        .create(true)
        .write(true)
        .truncate(true)
        .mode(0o600)
        .custom_flags(libc::O_NOFOLLOW)
        .open(path)?;
    file.write_all(bytes)?;
    file.write_all(b"\n")?;
    file.sync_all()
}

fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

/// proc(5): field 22 of /proc/PID/stat. A program's name may hold blanks and parentheses, so it counts from the last `)`.
fn start_time(stat: &str) -> Option<&str> {
    let (_, fields) = stat.rsplit_once(')')?;
    fields.split_ascii_whitespace().nth(22 - 3)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_start_time_is_found_behind_any_name() {
        let fields: Vec<_> = (3..=40).map(|n| n.to_string()).collect();
        assert_eq!(start_time(&format!("7 (a) b) {}", fields.join(" "))), Some("22"));
        assert_eq!(start_time("7 (a) R 1"), None);
    }

    #[test]
    fn one_vm_at_a_time_has_the_place_and_the_next_one_finds_it_free() {
        let directory = std::env::temp_dir().join(format!("a3s-state-{}", std::process::id()));
        fs::create_dir_all(&directory).unwrap();
        let path = directory.join("vm.json");
        let state = State::take(&path).unwrap();
        assert_eq!(State::take(&path).err().unwrap().raw_os_error(), Some(libc::EBUSY));
        state.record(7, SystemTime::now(), &serde_json::json!([])).unwrap();
        drop(state);
        let again = State::take(&path).unwrap();
        let record: serde_json::Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
        assert_eq!(
            (&record["pid"], &record["vmPid"]),
            (&std::process::id().into(), &7.into())
        );
        drop(again);
        fs::remove_file(directory.join("vm.json.alive")).unwrap();
        fs::write(directory.join("vm.json.alive"), "no FIFO").unwrap();
        assert_eq!(State::take(&path).err().unwrap().kind(), io::ErrorKind::AlreadyExists);
        fs::remove_dir_all(directory).unwrap();
    }
}
