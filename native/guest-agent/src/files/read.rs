use super::fault::Fault;
use super::path::GuestPath;
use super::place::{locate, open, require_regular};
use rustix::fs::OFlags;
use std::fs::File;
use std::io::Read;
use std::os::unix::fs::FileExt;

/// Most bytes of one message.
pub const CHUNK_BYTES: usize = 64 * 1024;
/// Chunks that are read in one turn of a thread: changing threads costs more than reading.
const CHUNKS_PER_TURN: usize = 4;

/// A file that is being read.
pub struct Content {
    path: GuestPath,
    file: File,
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
            file: file.into(),
            offset,
            left: length.unwrap_or(u64::MAX),
        })
    }

    /// The next chunks; none at the end. Files of /proc have no size, so the end is where a read says so.
    pub fn read_on(&mut self) -> Result<Vec<Vec<u8>>, Fault> {
        let mut chunks = Vec::new();
        while chunks.len() < CHUNKS_PER_TURN && self.left > 0 {
            let mut chunk = vec![0; CHUNK_BYTES.min(usize::try_from(self.left).unwrap_or(usize::MAX))];
            let n = self
                .read(&mut chunk)
                .map_err(|error| Fault::from_io(&error, format!("read {:?}", self.path)))?;
            if n == 0 {
                self.left = 0;
                break;
            }
            chunk.truncate(n);
            self.offset += n as u64;
            self.left -= n as u64;
            chunks.push(chunk);
        }
        Ok(chunks)
    }

    /// From the start a plain read: some files of /proc and /sys cannot be read at an offset.
    fn read(&mut self, chunk: &mut [u8]) -> std::io::Result<usize> {
        loop {
            let result = match self.offset {
                0 => self.file.read(chunk),
                offset if offset > i64::MAX as u64 => return Ok(0),
                offset => self.file.read_at(chunk, offset),
            };
            match result {
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                result => return result,
            }
        }
    }
}
