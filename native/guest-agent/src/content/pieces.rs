use std::io;

const HEAD_BYTES: usize = 4;

/// Where in the pieces of a connection its reader is.
#[derive(Default)]
pub struct Pieces {
    head: [u8; HEAD_BYTES],
    /// Bytes of the head that have come.
    known: usize,
    /// Bytes of the piece that have not.
    left: u32,
    ended: bool,
}

impl Pieces {
    /// Reads on with `receive`, which answers as recv(2) does; what it fails with can be followed by another try. Answers 0 at the end.
    pub fn read(
        &mut self,
        buffer: &mut [u8],
        mut receive: impl FnMut(&mut [u8]) -> io::Result<usize>,
    ) -> io::Result<usize> {
        while self.left == 0 && !self.ended {
            self.known += some(receive(&mut self.head[self.known..])?)?;
            if self.known == HEAD_BYTES {
                self.known = 0;
                self.left = u32::from_be_bytes(self.head);
                self.ended = self.left == 0;
            }
        }
        if self.ended {
            return Ok(0);
        }
        let most = buffer.len().min(self.left as usize);
        let n = some(receive(&mut buffer[..most])?)?;
        self.left -= n as u32;
        Ok(n)
    }
}

/// The end of a connection is not the end of its content.
fn some(n: usize) -> io::Result<usize> {
    match n {
        0 => Err(io::ErrorKind::UnexpectedEof.into()),
        n => Ok(n),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read;

    /// What is read of `bytes`, of which `step` come at a time.
    fn read(bytes: &[u8], step: usize, asked: usize) -> io::Result<Vec<u8>> {
        let (mut pieces, mut from) = (Pieces::default(), bytes);
        let (mut all, mut buffer) = (Vec::new(), vec![0; asked]);
        let mut waits = true;
        loop {
            let read = pieces.read(&mut buffer, |space| {
                waits = !waits;
                match waits {
                    true => Err(io::ErrorKind::WouldBlock.into()),
                    false => from.by_ref().take(step as u64).read(space),
                }
            });
            match read {
                Ok(0) => return Ok(all),
                Ok(n) => all.extend_from_slice(&buffer[..n]),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Err(error),
            }
        }
    }

    #[test]
    fn pieces_follow_each_other_however_they_arrive() {
        let bytes = b"\0\0\0\x03abc\0\0\0\x01d\0\0\0\0beyond";
        for step in 1..=bytes.len() {
            for asked in [1, 2, 100] {
                assert_eq!(read(bytes, step, asked).unwrap(), b"abcd", "{step} {asked}");
            }
        }
        assert_eq!(read(&[0; 4], 9, 9).unwrap(), b"");
    }

    #[test]
    fn whatever_breaks_off_before_its_end_is_no_end() {
        let bytes = b"\0\0\0\x03abc\0\0\0\x01d\0\0\0\0";
        for length in 0..bytes.len() {
            let error = read(&bytes[..length], 5, 9).unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof, "{length}");
        }
    }
}
