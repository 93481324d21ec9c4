use super::terminal::Terminal;
use super::width::Width;
use rustix::io::{retry_on_intr, write};
use std::io;
use std::os::fd::OwnedFd;
use tokio::io::unix::AsyncFd;
use tokio::sync::mpsc;

/// Chunks between the call and the pipe; the bytes in between are at most this many messages.
pub const QUEUED_CHUNKS: usize = 1;

/// Writes every chunk, then closes the pipe. A process that has closed its stdin takes no more: the rest is dropped,
/// as a shell's pipeline does it.
pub async fn feed(pipe: AsyncFd<OwnedFd>, mut chunks: mpsc::Receiver<Vec<u8>>) {
    let mut width = Width::of_input();
    while let Some(chunk) = chunks.recv().await {
        width.suit(&pipe, chunk.len());
        if write_all(&pipe, &chunk).await.is_err() {
            return;
        }
    }
}

/// Types every chunk, then the end of file, twice in the middle of a line: the first one only ends that (termios(3),
/// VEOF).
pub async fn type_on(terminal: &Terminal, mut chunks: mpsc::Receiver<Vec<u8>>) {
    let mut at_start_of_line = true;
    while let Some(chunk) = chunks.recv().await {
        if let Some(last) = chunk.last() {
            at_start_of_line = matches!(last, b'\n' | b'\r');
        }
        if write_all(terminal.master(), &chunk).await.is_err() {
            return;
        }
    }
    if let Some(character) = terminal.end_of_file() {
        let times = if at_start_of_line { 1 } else { 2 };
        let _ = write_all(terminal.master(), &[character; 2][..times]).await;
    }
}

/// To a descriptor that is non-blocking.
pub async fn write_all(pipe: &AsyncFd<OwnedFd>, mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        let mut guard = pipe.writable().await?;
        match guard.try_io(|fd| Ok(retry_on_intr(|| write(fd, bytes))?)) {
            Ok(Ok(n)) => bytes = &bytes[n..],
            Ok(Err(error)) => return Err(error),
            Err(_would_block) => {}
        }
    }
    Ok(())
}
