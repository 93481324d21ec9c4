use crate::content::SENT_BYTES;
use std::io::{self, Read, Write};
use tokio::sync::mpsc;

/// Sends what is written in whole chunks, as fast as they are taken. For threads that may block.
pub struct ChunkWriter<T> {
    chunks: mpsc::Sender<T>,
    wrap: fn(Vec<u8>) -> T,
    buffer: Vec<u8>,
}

impl<T> ChunkWriter<T> {
    pub fn new(chunks: mpsc::Sender<T>, wrap: fn(Vec<u8>) -> T) -> Self {
        Self {
            chunks,
            wrap,
            buffer: Vec::with_capacity(SENT_BYTES),
        }
    }
}

impl<T> Write for ChunkWriter<T> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let taken = bytes.len().min(SENT_BYTES - self.buffer.len());
        self.buffer.extend_from_slice(&bytes[..taken]);
        if self.buffer.len() == SENT_BYTES {
            self.flush()?;
        }
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.buffer.is_empty() {
            return Ok(());
        }
        let chunk = std::mem::replace(&mut self.buffer, Vec::with_capacity(SENT_BYTES));
        self.chunks
            .blocking_send((self.wrap)(chunk))
            .map_err(|_| io::ErrorKind::BrokenPipe.into())
    }
}

/// Reads chunks as they come. An empty one is the end; a channel that closes before it is an error.
pub struct ChunkReader {
    chunks: mpsc::Receiver<Vec<u8>>,
    chunk: Vec<u8>,
    read: usize,
    ended: bool,
}

impl ChunkReader {
    pub fn new(chunks: mpsc::Receiver<Vec<u8>>) -> Self {
        Self {
            chunks,
            chunk: Vec::new(),
            read: 0,
            ended: false,
        }
    }
}

impl Read for ChunkReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.read == self.chunk.len() && !self.ended {
            self.chunk = self.chunks.blocking_recv().ok_or(io::ErrorKind::UnexpectedEof)?;
            self.read = 0;
            self.ended = self.chunk.is_empty();
        }
        let n = buffer.len().min(self.chunk.len() - self.read);
        buffer[..n].copy_from_slice(&self.chunk[self.read..self.read + n]);
        self.read += n;
        Ok(n)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chunks_are_whole_and_come_out_as_they_went_in() {
        let (sender, receiver) = mpsc::channel(8);
        let mut writer = ChunkWriter::new(sender, |chunk| chunk);
        let bytes: Vec<u8> = (0..SENT_BYTES * 2 + 5).map(|at| at as u8).collect();
        writer.write_all(&bytes[..10]).unwrap();
        writer.write_all(&bytes[10..]).unwrap();
        writer.flush().unwrap();
        writer.chunks.blocking_send(Vec::new()).unwrap();
        let mut read = Vec::new();
        ChunkReader::new(receiver).read_to_end(&mut read).unwrap();
        assert_eq!(read, bytes);
    }

    #[test]
    fn a_stream_that_breaks_off_is_no_end() {
        let (sender, receiver) = mpsc::channel(1);
        sender.blocking_send(vec![1]).unwrap();
        drop(sender);
        let error = ChunkReader::new(receiver).read_to_end(&mut Vec::new()).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof);
    }
}
