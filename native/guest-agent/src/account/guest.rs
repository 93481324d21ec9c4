use super::identity::{BadUser, Identity, resolve};
use rustix::fs::{Stat, stat};
use std::fs::File;
use std::io::Read;
use std::os::unix::fs::OpenOptionsExt;
use std::sync::Mutex;
use std::time::{SystemTime, UNIX_EPOCH};

/// Both files are read whole; an image with a larger one gets the part that fits.
const MAX_DATABASE_BYTES: u64 = 1 << 20;
/// Larger ones are read each time.
const MAX_KEPT_BYTES: usize = 32 * 1024;
/// A file that was changed this recently may be changed again within the same tick of the clock that files are stamped by.
const TICK_SECONDS: u64 = 2;

static PASSWD: Database = Database::of("/etc/passwd");
static GROUP: Database = Database::of("/etc/group");

/// Resolves a user by the guest's own files, as they are now.
pub fn look_up(user: &str) -> Result<Identity, BadUser> {
    PASSWD.with(|passwd| GROUP.with(|group| resolve(user, passwd, group)))
}

/// A file of which the text is kept until the file is another one: to open it can take the host, to look at it does not.
struct Database {
    path: &'static str,
    kept: Mutex<Option<(Stamp, String)>>,
}

impl Database {
    const fn of(path: &'static str) -> Self {
        Self {
            path,
            kept: Mutex::new(None),
        }
    }

    fn with<T>(&self, work: impl FnOnce(&str) -> T) -> T {
        let stamp = stat(self.path).ok().map(|found| Stamp::of(&found));
        let mut kept = self.kept.lock().expect("no holder panics");
        match (&*kept, stamp) {
            (Some((of, text)), Some(stamp)) if *of == stamp => return work(text),
            _ => *kept = None,
        }
        let text = read(self.path);
        let result = work(&text);
        *kept = stamp
            .filter(|stamp| text.len() <= MAX_KEPT_BYTES && stamp.is_settled(SystemTime::now()))
            .map(|stamp| (stamp, text));
        result
    }
}

/// What tells a file from another one, and from itself after a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Stamp {
    device: u64,
    inode: u64,
    size: i64,
    changed: (i64, i64),
}

impl Stamp {
    fn of(found: &Stat) -> Self {
        Self {
            device: found.st_dev,
            inode: found.st_ino,
            size: found.st_size,
            changed: (found.st_ctime, found.st_ctime_nsec as i64),
        }
    }

    /// Whether a change from now on gives it another one.
    fn is_settled(&self, now: SystemTime) -> bool {
        let now = now.duration_since(UNIX_EPOCH).map_or(0, |now| now.as_secs() as i64);
        now.abs_diff(self.changed.0) > TICK_SECONDS
    }
}

/// A missing or unreadable file is an empty one; a FIFO in its place must not block the agent.
fn read(path: &str) -> String {
    let flags = libc::O_NONBLOCK | libc::O_NOCTTY;
    let opened = File::options().read(true).custom_flags(flags).open(path);
    let mut bytes = Vec::new();
    if let Ok(file) = opened
        && file.metadata().is_ok_and(|metadata| metadata.is_file())
    {
        let _ = file.take(MAX_DATABASE_BYTES).read_to_end(&mut bytes);
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::time::Duration;

    fn text(database: &Database) -> String {
        database.with(str::to_owned)
    }

    #[test]
    fn a_file_is_read_again_when_it_is_another_one() {
        let directory = std::env::temp_dir().join(format!("a3s-database-{}", std::process::id()));
        fs::create_dir_all(&directory).unwrap();
        let path = directory.join("passwd");
        let database = Database::of(String::leak(path.to_str().unwrap().to_owned()));
        assert_eq!(text(&database), "");
        for line in ["one", "two", "six"] {
            fs::write(&path, line).unwrap();
            assert_eq!(text(&database), line);
            // Just now changed, so it is not kept.
            assert!(database.kept.lock().unwrap().is_none());
        }
        let mut stamp = Stamp::of(&stat(&path).unwrap());
        *database.kept.lock().unwrap() = Some((stamp, "kept".to_owned()));
        assert_eq!(text(&database), "kept");
        stamp.changed.1 += 1;
        *database.kept.lock().unwrap() = Some((stamp, "kept".to_owned()));
        assert_eq!(text(&database), "six");
        fs::remove_file(&path).unwrap();
        assert_eq!(text(&database), "");
        fs::remove_dir_all(&directory).unwrap();
    }

    #[test]
    fn what_was_changed_just_now_or_will_have_been_is_not_settled() {
        let stamp = Stamp {
            device: 1,
            inode: 1,
            size: 1,
            changed: (1000, 5),
        };
        let settled = |seconds| stamp.is_settled(UNIX_EPOCH + Duration::from_secs(seconds));
        assert!(!settled(1000) && !settled(1002) && !settled(999));
        assert!(settled(1003) && settled(10_000));
    }
}
