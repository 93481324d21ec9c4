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
/// Of content that goes over a connection, of which there are few, this is read in one turn.
const BULK_BYTES: usize = 896 * 1024;

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
            let mut chunk = Vec::with_capacity(self.at_most(SENT_BYTES));
            self.read_into(&mut chunk)?;
            if chunk.is_empty() {
                break;
            }
            chunks.push(chunk);
        }
        Ok(chunks)
    }

    /// What comes next, and in bulk, into a buffer that is used again; nothing at the end.
    pub fn read_bulk(&mut self, buffer: &mut Vec<u8>) -> Result<(), Fault> {
        buffer.clear();
        buffer.reserve_exact(self.at_most(BULK_BYTES));
        if self.left > 0 {
            self.read_into(buffer)?;
        }
        Ok(())
    }

    fn at_most(&self, bytes: usize) -> usize {
        bytes.min(usize::try_from(self.left).unwrap_or(usize::MAX))
    }

    /// From the start a plain read: some files of /proc and /sys cannot be read at an offset.
    fn read_into(&mut self, chunk: &mut Vec<u8>) -> Result<(), Fault> {
        if self.offset <= i64::MAX as u64 {
            retry_on_intr(|| match self.offset {
                0 => read(&self.file, spare_capacity(chunk)),
                offset => pread(&self.file, spare_capacity(chunk), offset),
            })
            .or_fault(|| format!("read {:?}", self.path))?;
        }
        // More may have been reserved than was asked for.
        chunk.truncate(self.at_most(usize::MAX));
        self.offset += chunk.len() as u64;
        self.left = match chunk.is_empty() {
            true => 0,
            false => self.left - chunk.len() as u64,
        };
        Ok(())
    }
}
