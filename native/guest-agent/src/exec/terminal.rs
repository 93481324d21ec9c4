use crate::system;
use rustix::fs::{Mode, OFlags, open};
use rustix::pty::{OpenptFlags, ioctl_tiocgptpeer, unlockpt};
use rustix::termios::{InputModes, LocalModes, OptionalActions, SpecialCodeIndex, Winsize};
use rustix::termios::{tcgetattr, tcsetattr, tcsetwinsize};
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use tokio::io::unix::AsyncFd;

/// More than the kernel holds between a terminal and its master: two lines of 4 KiB and 8 KiB under way.
pub const BACKLOG_BYTES: u64 = 64 * 1024;

/// In characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size {
    pub columns: u16,
    pub rows: u16,
}

/// A pseudo terminal. Dropping it hangs up: the kernel sends SIGHUP to the session's leader and to its foreground group.
pub struct Terminal {
    master: AsyncFd<OwnedFd>,
    /// Keeps the terminal usable for a process that closes its stdio and opens /dev/tty again.
    peer: OwnedFd,
}

impl Terminal {
    pub fn open(size: Size) -> io::Result<Self> {
        let flags = OFlags::RDWR | OFlags::NOCTTY | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let master = open("/dev/ptmx", flags, Mode::empty())?;
        unlockpt(&master)?;
        // Not by its name: that would be resolved in directories of the image.
        let peer = ioctl_tiocgptpeer(&master, OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC)?;
        // Erases whole characters, not bytes, from a line.
        let mut modes = tcgetattr(&peer)?;
        modes.input_modes |= InputModes::IUTF8;
        tcsetattr(&peer, OptionalActions::Now, &modes)?;
        let terminal = Self {
            master: system::watch(master)?,
            peer,
        };
        terminal.resize(size)?;
        Ok(terminal)
    }

    /// The foreground group gets SIGWINCH when the size changes.
    pub fn resize(&self, size: Size) -> io::Result<()> {
        let size = Winsize {
            ws_col: size.columns,
            ws_row: size.rows,
            ws_xpixel: 0,
            ws_ypixel: 0,
        };
        Ok(tcsetwinsize(&self.master, size)?)
    }

    /// The end that becomes a process's stdio.
    pub fn peer(&self) -> BorrowedFd<'_> {
        self.peer.as_fd()
    }

    pub fn master(&self) -> &AsyncFd<OwnedFd> {
        &self.master
    }

    /// The character that means the end of input; None while a program takes every key as it is.
    pub fn end_of_file(&self) -> Option<u8> {
        let modes = tcgetattr(&self.peer).ok()?;
        let canonical = modes.local_modes.contains(LocalModes::ICANON);
        canonical.then(|| modes.special_codes[SpecialCodeIndex::VEOF])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustix::termios::{isatty, tcgetwinsize};

    #[tokio::test]
    async fn has_the_size_that_was_asked_for_and_an_end_of_file_while_it_edits_lines() {
        let terminal = Terminal::open(Size { columns: 132, rows: 43 }).unwrap();
        assert!(isatty(terminal.peer()));
        let size = tcgetwinsize(terminal.peer()).unwrap();
        assert_eq!((size.ws_col, size.ws_row), (132, 43));
        assert_eq!(terminal.end_of_file(), Some(4));
        let mut modes = tcgetattr(terminal.peer()).unwrap();
        modes.make_raw();
        tcsetattr(terminal.peer(), OptionalActions::Now, &modes).unwrap();
        assert_eq!(terminal.end_of_file(), None);
    }
}
