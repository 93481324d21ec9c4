use super::document::{Answer, MAX_LINE};
use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::net::UnixStream;

/// A connection of somebody who brings members. As long as it is there, the switch stays.
pub struct Control {
    pub stream: UnixStream,
    begun: Vec<u8>,
}

impl Control {
    pub fn new(stream: UnixStream) -> Self {
        Self {
            stream,
            begun: Vec::new(),
        }
    }

    /// The lines that have come; an error when there come no more, or one that is too long.
    pub fn lines(&mut self) -> io::Result<Vec<Vec<u8>>> {
        let mut bytes = [0; MAX_LINE];
        let count = match self.stream.read(&mut bytes) {
            Ok(0) => return Err(ErrorKind::UnexpectedEof.into()),
            Ok(count) => count,
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => {
                return Ok(Vec::new());
            }
            Err(error) => return Err(error),
        };
        self.begun.extend(&bytes[..count]);
        let mut lines: Vec<Vec<u8>> = self.begun.split(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect();
        self.begun = lines.pop().unwrap_or_default();
        if self.begun.len() > MAX_LINE {
            return Err(ErrorKind::InvalidData.into());
        }
        Ok(lines)
    }

    /// Who does not read its answers has no use for them.
    pub fn say(&mut self, answer: &Answer<'_>) -> io::Result<()> {
        let mut line = serde_json::to_vec(answer)?;
        line.push(b'\n');
        self.stream.write_all(&line)
    }
}
