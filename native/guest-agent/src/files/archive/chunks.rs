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

/// A part of an archive on its way to the thread that reads it.
pub enum Part {
    Chunk(Vec<u8>),
    Stream(Box<dyn Read + Send>),
    End,
}

/// Reads parts as they come. A channel that closes before the end is an error.
pub struct PartReader {
    parts: mpsc::Receiver<Part>,
    part: Part,
    /// Bytes of a chunk that were read.
    read: usize,
}

impl PartReader {
    pub fn new(parts: mpsc::Receiver<Part>) -> Self {
        Self {
            parts,
            part: Part::Chunk(Vec::new()),
            read: 0,
        }
    }
}

impl Read for PartReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            let n = match &mut self.part {
                Part::End => return Ok(0),
                Part::Stream(stream) => stream.read(buffer)?,
                Part::Chunk(chunk) => {
                    let n = buffer.len().min(chunk.len() - self.read);
                    buffer[..n].copy_from_slice(&chunk[self.read..self.read + n]);
                    self.read += n;
                    n
                }
            };
            if n > 0 || buffer.is_empty() {
                return Ok(n);
            }
            self.part = self.parts.blocking_recv().ok_or(io::ErrorKind::UnexpectedEof)?;
            self.read = 0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chunks_are_whole_and_come_out_as_they_went_in() {
        let (sender, receiver) = mpsc::channel(8);
        let mut writer = ChunkWriter::new(sender, Part::Chunk);
        let bytes: Vec<u8> = (0..SENT_BYTES * 2 + 5).map(|at| at as u8).collect();
        writer.write_all(&bytes[..10]).unwrap();
        writer.write_all(&bytes[10..]).unwrap();
        writer.flush().unwrap();
        for part in [
            Part::Chunk(Vec::new()),
            Part::Stream(Box::new(&b"stream"[..])),
            Part::End,
        ] {
            writer.chunks.blocking_send(part).unwrap();
        }
        let mut read = Vec::new();
        PartReader::new(receiver).read_to_end(&mut read).unwrap();
        assert_eq!(read, [&bytes[..], b"stream"].concat());
    }

    #[test]
    fn a_stream_that_breaks_off_is_no_end() {
        let (sender, receiver) = mpsc::channel(1);
        sender.blocking_send(Part::Chunk(vec![1])).unwrap();
        drop(sender);
        let error = PartReader::new(receiver).read_to_end(&mut Vec::new()).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof);
    }
}
