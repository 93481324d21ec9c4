use super::terminal::Terminal;
use rustix::io::{retry_on_intr, write};
use rustix::pipe::fcntl_setpipe_size;
use std::io;
use std::os::fd::OwnedFd;
use tokio::io::unix::AsyncFd;
use tokio::sync::{Semaphore, mpsc};

/// Chunks between the call and the pipe; the bytes in between are at most this many messages.
pub const QUEUED_CHUNKS: usize = 1;

/// A chunk of more than this is bulk: the pipe is widened, as each turn that the process and the agent take costs both.
const BULK_BYTES: usize = 32 * 1024;
/// What processes without privileges may have. The kernel takes memory for what is in it alone.
const WIDE_PIPE_BYTES: usize = 1024 * 1024;
/// So many are wide at most, however many processes do not read: others go on with what a pipe has.
static WIDE_PIPES: Semaphore = Semaphore::const_new(16);

/// Writes every chunk, then closes the pipe. A process that has closed its stdin takes no more: the rest is dropped,
/// as a shell's pipeline does it.
pub async fn feed(pipe: AsyncFd<OwnedFd>, mut chunks: mpsc::Receiver<Vec<u8>>) {
    let mut wide = None;
    while let Some(chunk) = chunks.recv().await {
        if wide.is_none() && chunk.len() > BULK_BYTES {
            wide = WIDE_PIPES.try_acquire().ok();
            if wide.is_some() {
                // Where it may not be so wide, it stays as it is.
                let _ = fcntl_setpipe_size(&pipe, WIDE_PIPE_BYTES);
            }
        }
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
