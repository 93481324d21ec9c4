use super::fault::{Attempt, Fault};
use super::path::GuestPath;
use super::place::locate;
use crate::proto::agent::Change;
use crate::proto::agent::change::Kind;
use crate::system;
use rustix::fs::inotify::{self, CreateFlags, ReadFlags, Reader, WatchFlags};
use rustix::io::Errno;
use std::mem::MaybeUninit;
use std::os::fd::{AsRawFd, OwnedFd};
use tokio::io::unix::AsyncFd;

/// Room for a few events with the longest names; what does not fit stays with the kernel.
const BUFFER_BYTES: usize = 4096;

const CHANGES: WatchFlags = WatchFlags::CREATE
    .union(WatchFlags::MODIFY)
    .union(WatchFlags::ATTRIB)
    .union(WatchFlags::DELETE)
    .union(WatchFlags::MOVED_FROM)
    .union(WatchFlags::MOVED_TO)
    .union(WatchFlags::DELETE_SELF)
    .union(WatchFlags::MOVE_SELF);

/// What one event is, the first that fits.
const KINDS: [(ReadFlags, Kind); 8] = [
    (ReadFlags::QUEUE_OVERFLOW, Kind::Overflow),
    (ReadFlags::CREATE, Kind::Created),
    (ReadFlags::MODIFY, Kind::Modified),
    (ReadFlags::ATTRIB, Kind::Attributes),
    (ReadFlags::DELETE, Kind::Removed),
    (ReadFlags::MOVED_FROM, Kind::MovedFrom),
    (ReadFlags::MOVED_TO, Kind::MovedTo),
    (ReadFlags::MOVE_SELF, Kind::MovedFrom),
];

/// Begins to watch a file, or a directory and what is directly in it.
pub fn watch(path: &GuestPath) -> Result<OwnedFd, Fault> {
    let what = || format!("watch {path:?}");
    let file = locate(path, true)?;
    let events = inotify::init(CreateFlags::CLOEXEC | CreateFlags::NONBLOCK).or_fault(what)?;
    // The call takes a path only; this one leads to the file that was found, whatever has its name by now.
    let found = format!("/proc/self/fd/{}", file.as_raw_fd());
    inotify::add_watch(&events, found, CHANGES).or_fault(what)?;
    Ok(events)
}

/// The changes of one file or directory.
pub struct Watch {
    events: AsyncFd<OwnedFd>,
}

impl Watch {
    /// To be called inside a runtime.
    pub fn new(events: OwnedFd) -> std::io::Result<Self> {
        Ok(Self {
            events: system::watch(events)?,
        })
    }

    /// Waits for changes. The last one is that what was watched is gone.
    pub async fn next(&self) -> std::io::Result<Vec<Change>> {
        loop {
            let mut guard = self.events.readable().await?;
            if let Ok(read) = guard.try_io(|events| read_changes(events.get_ref())) {
                return read;
            }
        }
    }
}

fn read_changes(events: &OwnedFd) -> std::io::Result<Vec<Change>> {
    let mut buffer = [MaybeUninit::uninit(); BUFFER_BYTES];
    let mut reader = Reader::new(events, &mut buffer);
    let mut changes = Vec::new();
    loop {
        let event = match reader.next() {
            Ok(event) => event,
            Err(Errno::INTR) => continue,
            Err(Errno::AGAIN) if !changes.is_empty() => return Ok(changes),
            Err(errno) => return Err(errno.into()),
        };
        let flags = event.events();
        let kind = KINDS
            .iter()
            .find(|(flag, _)| flags.contains(*flag))
            .map(|(_, kind)| *kind);
        // Unmounted and removed end in this, too.
        let kind = if flags.contains(ReadFlags::IGNORED) {
            Some(Kind::Gone)
        } else {
            kind
        };
        if let Some(kind) = kind {
            changes.push(Change {
                kind: kind.into(),
                name: event.file_name().map_or(Vec::new(), |name| name.to_bytes().to_vec()),
                cookie: event.cookie(),
            });
        }
        if reader.is_buffer_empty() && !changes.is_empty() {
            return Ok(changes);
        }
    }
}
