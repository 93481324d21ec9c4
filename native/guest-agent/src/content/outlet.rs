use super::bulk::Bulk;
use crate::transport::Socket;
use std::io;
use std::time::Duration;
use tokio::time::timeout;

/// Of credit that is received at once.
const SPACE_BYTES: usize = 64;
/// A length of 0.
const END: [u8; 4] = [0; 4];
/// For the caller to close a connection over which nothing more comes.
const PARTING: Duration = Duration::from_secs(30);

/// A connection that carries content of one call out of the guest, as much as the caller has given credit for.
pub struct Outlet {
    socket: Socket,
    credit: Credit,
    _bulk: Bulk,
}

impl Outlet {
    /// Of a socket of which what stands before the first credit has been read, and nothing else.
    pub fn new(socket: Socket) -> Self {
        Self {
            socket,
            credit: Credit::default(),
            _bulk: Bulk::default(),
        }
    }

    /// Waits for credit, and answers how much there is. An error when the caller has closed the connection.
    pub async fn room(&mut self) -> io::Result<usize> {
        let Self { socket, credit, .. } = self;
        // None is left lying: a caller that cannot give more might not read on.
        credit.receive_what_has_come(socket)?;
        while credit.bytes == 0 {
            credit.receive(socket).await?;
        }
        Ok(usize::try_from(credit.bytes).unwrap_or(usize::MAX))
    }

    /// Sends all of it, as the caller gives credit. Errors as for `room`.
    pub async fn send(&mut self, mut bytes: &[u8]) -> io::Result<()> {
        while !bytes.is_empty() {
            let length = bytes.len().min(self.room().await?);
            let length = u32::try_from(length).unwrap_or(u32::MAX);
            let (piece, rest) = bytes.split_at(length as usize);
            self.socket.send_all(&length.to_be_bytes(), piece).await?;
            self.credit.bytes -= u64::from(length);
            bytes = rest;
        }
        Ok(())
    }

    /// Says that there is no more. What was sent arrives whatever becomes of the call.
    pub async fn end(self) {
        if self.socket.send_all(&END, &[]).await.is_ok() {
            self.part();
        }
    }

    /// Leaves it to the caller to close the connection.
    pub fn part(self) {
        tokio::spawn(timeout(PARTING, self.closed()));
    }

    async fn closed(mut self) {
        while self.credit.receive(&self.socket).await.is_ok() {}
    }
}

/// How much more content the caller takes.
#[derive(Default)]
struct Credit {
    bytes: u64,
    /// The beginning of a word of which not all has come.
    word: Vec<u8>,
}

impl Credit {
    /// Waits for more of it.
    async fn receive(&mut self, socket: &Socket) -> io::Result<()> {
        let mut space = [0; SPACE_BYTES];
        let n = socket.receive(&mut space).await?;
        self.take(&space[..n])
    }

    fn receive_what_has_come(&mut self, socket: &Socket) -> io::Result<()> {
        let mut space = [0; SPACE_BYTES];
        while let Some(n) = socket.receive_now(&mut space)? {
            self.take(&space[..n])?;
        }
        Ok(())
    }

    /// An error at the end, which nothing stands for.
    fn take(&mut self, received: &[u8]) -> io::Result<()> {
        if received.is_empty() {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        for byte in received {
            self.word.push(*byte);
            if let Ok(word) = self.word[..].try_into() {
                self.bytes = self.bytes.saturating_add(u32::from_be_bytes(word).into());
                self.word.clear();
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credits_add_up_however_they_come() {
        let words = [0, 0, 0, 3, 0, 1, 0, 0, 255, 255, 255, 255, 0, 0];
        for step in 1..=words.len() {
            let mut credit = Credit::default();
            for part in words.chunks(step) {
                credit.take(part).unwrap();
            }
            assert_eq!(
                (credit.bytes, credit.word.len()),
                (3 + 0x1_0000 + 0xffff_ffff, 2),
                "{step}"
            );
            assert!(credit.take(&[]).is_err());
        }
    }
}
