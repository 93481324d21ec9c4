use super::fault::{Attempt, Fault};
use super::path::GuestPath;
use super::place::{locate, open, require_regular};
use crate::content::SENT_BYTES;
use rustix::buffer::spare_capacity;
use rustix::fs::OFlags;
use rustix::io::{pread, read, retry_on_intr};
use std::os::fd::OwnedFd;

/// Chunks that are read in one turn of a thread: changing threads costs more than reading.
const CHUNKS_PER_TURN: usize = 3;

/// A file that is being read.
pub struct Content {
    path: GuestPath,
    file: OwnedFd,
    offset: u64,
    left: u64,
}

impl Content {
    pub fn open(path: GuestPath, offset: u64, length: Option<u64>) -> Result<Self, Fault> {
        require_regular(locate(&path, true)?, &path)?;
        // Another file may have the name by now; this flag keeps a FIFO from blocking.
        let file = open(&path, OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY, 0)?;
        require_regular(&file, &path)?;
        Ok(Self {
            path,
            file,
            offset,
            left: length.unwrap_or(u64::MAX),
        })
    }

    /// The next chunks; none at the end. Files of /proc have no size, so the end is where a read says so.
    pub fn read_on(&mut self) -> Result<Vec<Vec<u8>>, Fault> {
        let mut chunks = Vec::new();
        while chunks.len() < CHUNKS_PER_TURN && self.left > 0 {
            let chunk = self.read().or_fault(|| format!("read {:?}", self.path))?;
            if chunk.is_empty() {
                self.left = 0;
                break;
            }
            self.offset += chunk.len() as u64;
            self.left -= chunk.len() as u64;
            chunks.push(chunk);
        }
        Ok(chunks)
    }

    /// From the start a plain read: some files of /proc and /sys cannot be read at an offset.
    fn read(&self) -> rustix::io::Result<Vec<u8>> {
        let mut chunk = Vec::with_capacity(SENT_BYTES.min(usize::try_from(self.left).unwrap_or(usize::MAX)));
        if self.offset <= i64::MAX as u64 {
            retry_on_intr(|| match self.offset {
                0 => read(&self.file, spare_capacity(&mut chunk)),
                offset => pread(&self.file, spare_capacity(&mut chunk), offset),
            })?;
        }
        // More may have been reserved than was asked for.
        chunk.truncate(usize::try_from(self.left).unwrap_or(usize::MAX));
        Ok(chunk)
    }
}
