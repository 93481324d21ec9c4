//! Files with holes: the map that GNU tar puts before their data (PAX format 1.0), and a file that gets holes for zeros.

use super::super::fault::Fault;
use crate::content::SENT_BYTES;
use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::FileExt;

/// A hole is a whole number of these in any file system; what is shorter is not worth looking for.
const BLOCK_BYTES: u64 = 4096;
static ZEROS: [u8; BLOCK_BYTES as usize] = [0; BLOCK_BYTES as usize];
/// Most bytes of a map: 24 or so for each piece of data.
const MAX_MAP_BYTES: usize = 1 << 20;
const TAR_BLOCK_BYTES: usize = 512;

/// What the records of an entry say of a file with holes. Its content begins with the map.
pub struct Sparse {
    /// The entry's own name is made up.
    pub name: Option<Vec<u8>>,
    pub size: u64,
}

/// The records that begin with "GNU.sparse.", as they come.
#[derive(Default)]
pub struct SparseRecords {
    version: [Option<Vec<u8>>; 2],
    name: Option<Vec<u8>>,
    size: Option<u64>,
    found: bool,
}

impl SparseRecords {
    /// `keyword` without the prefix.
    pub fn add(&mut self, keyword: &[u8], value: &[u8]) {
        self.found = true;
        match keyword {
            b"major" => self.version[0] = Some(value.to_vec()),
            b"minor" => self.version[1] = Some(value.to_vec()),
            b"name" => self.name = Some(value.to_vec()),
            b"realsize" => self.size = std::str::from_utf8(value).ok().and_then(|text| text.parse().ok()),
            _ => {}
        }
    }

    /// None when there were no such records.
    pub fn read(self) -> Result<Option<Sparse>, Fault> {
        if !self.found {
            return Ok(None);
        }
        let [major, minor] = &self.version;
        if (major.as_deref(), minor.as_deref()) != (Some(b"1"), Some(b"0")) {
            return Err(Fault::invalid(
                "the archive has sparse files in a PAX format other than 1.0",
            ));
        }
        match self.size {
            Some(size) => Ok(Some(Sparse { name: self.name, size })),
            None => Err(Fault::invalid("the archive has a sparse file without a size")),
        }
    }
}

/// A new file that is written from its start to its end. Blocks of zeros are left out of it and are holes.
pub struct NewFile {
    file: File,
    position: u64,
}

impl NewFile {
    /// The file is empty.
    pub fn new(file: File) -> Self {
        Self { file, position: 0 }
    }

    pub fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        let mut rest = bytes;
        while !rest.is_empty() {
            let zeros = self.run(rest, true);
            self.position += zeros as u64;
            rest = &rest[zeros..];
            let data = self.run(rest, false);
            self.file.write_all_at(&rest[..data], self.position)?;
            self.position += data as u64;
            rest = &rest[data..];
        }
        Ok(())
    }

    /// Length of the blocks at the start that are zeros, or are not. The first and the last one may be parts.
    fn run(&self, bytes: &[u8], zeros: bool) -> usize {
        let mut length = 0;
        while length < bytes.len() {
            let to_boundary = BLOCK_BYTES - (self.position + length as u64) % BLOCK_BYTES;
            let block = &bytes[length..bytes.len().min(length + to_boundary as usize)];
            if (block == &ZEROS[..block.len()]) != zeros {
                break;
            }
            length += block.len();
        }
        length
    }

    /// The file as it is, with the hole at its end.
    pub fn finish(self) -> io::Result<File> {
        self.file.set_len(self.position)?;
        Ok(self.file)
    }

    /// The content of a sparse entry: its map, and the data that the map has places for.
    pub fn write_sparse(&mut self, entry: &mut impl Read, size: u64) -> Result<(), Fault> {
        let broken = |error: &io::Error| Fault::from_io(error, "unpack a sparse file");
        let mut buffer = vec![0; SENT_BYTES];
        for (offset, length) in read_map(entry)? {
            let end = offset.checked_add(length).filter(|end| *end <= size);
            if end.is_none() || offset < self.position {
                return Err(Fault::invalid(
                    "the map of a sparse file leaves the file, or its own order",
                ));
            }
            self.position = offset;
            let mut left = length;
            while left > 0 {
                let most = buffer.len().min(usize::try_from(left).unwrap_or(usize::MAX));
                entry.read_exact(&mut buffer[..most]).map_err(|error| broken(&error))?;
                self.write(&buffer[..most]).map_err(|error| broken(&error))?;
                left -= most as u64;
            }
        }
        self.position = size;
        match entry.read(&mut buffer).map_err(|error| broken(&error))? {
            0 => Ok(()),
            _ => Err(Fault::invalid(
                "a sparse file has more data than its map has places for",
            )),
        }
    }
}

/// Offset and length of each piece of data. The map is lines of decimal numbers, the first of which counts the pieces, and is
/// filled up to whole blocks.
fn read_map(from: &mut impl Read) -> Result<Vec<(u64, u64)>, Fault> {
    let invalid = || Fault::invalid("the map of a sparse file is broken");
    let mut numbers: Vec<u64> = Vec::new();
    let mut number: Option<u64> = None;
    let mut block = [0; TAR_BLOCK_BYTES];
    for _ in 0..MAX_MAP_BYTES / TAR_BLOCK_BYTES {
        from.read_exact(&mut block).map_err(|_| invalid())?;
        for byte in block {
            match byte {
                b'0'..=b'9' => {
                    let grown = number.unwrap_or(0).checked_mul(10);
                    number = Some(
                        grown
                            .and_then(|n| n.checked_add(u64::from(byte - b'0')))
                            .ok_or_else(invalid)?,
                    );
                }
                b'\n' => numbers.push(number.take().ok_or_else(invalid)?),
                _ => return Err(invalid()),
            }
            if let [count, pieces @ ..] = numbers.as_slice()
                && number.is_none()
                && count.checked_mul(2) == Some(pieces.len() as u64)
            {
                return Ok(pieces.chunks_exact(2).map(|pair| (pair[0], pair[1])).collect());
            }
        }
    }
    Err(Fault::invalid(format!(
        "the map of a sparse file has more than {MAX_MAP_BYTES} bytes"
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(text: &str) -> Vec<u8> {
        let mut map = text.as_bytes().to_vec();
        map.resize(text.len().next_multiple_of(TAR_BLOCK_BYTES), 0);
        map
    }

    fn unpacked(text: &str, data: &[u8], size: u64) -> Result<Vec<u8>, Fault> {
        let file = File::from(rustix::fs::memfd_create(c"sparse", rustix::fs::MemfdFlags::CLOEXEC).unwrap());
        let mut new = NewFile::new(file);
        new.write_sparse(&mut [map(text), data.to_vec()].concat().as_slice(), size)?;
        let file = new.finish().unwrap();
        let mut content = vec![1; file.metadata().unwrap().len() as usize];
        file.read_exact_at(&mut content, 0).unwrap();
        Ok(content)
    }

    #[test]
    fn data_goes_where_the_map_says() {
        assert_eq!(unpacked("2\n1\n2\n6\n1\n", b"abc", 9).unwrap(), b"\0ab\0\0\0c\0\0");
        assert_eq!(unpacked("0\n", b"", 3).unwrap(), b"\0\0\0");
        // GNU tar ends a map with an empty piece at the end of the file.
        assert_eq!(unpacked("2\n0\n1\n3\n0\n", b"a", 3).unwrap(), b"a\0\0");
        let pieces: String = (0..200).map(|at| format!("{}\n1\n", at * 2)).collect();
        assert_eq!(
            unpacked(&format!("200\n{pieces}"), &[b'x'; 200], 400).unwrap(),
            b"x\0".repeat(200)
        );
    }

    #[test]
    fn what_is_no_map_is_refused() {
        let table = [
            ("", 9),
            ("\n", 9),
            ("x\n", 9),
            ("-1\n", 9),
            ("99999999999999999999\n", 9),
            ("18446744073709551615\n", 9),
            ("1\n8\n2\n", 9),
            ("1\n18446744073709551615\n2\n", 9),
            ("2\n3\n1\n2\n1\n", 9),
            ("1\n0\n3\n", 9),
            ("1\n0\n1\n", 9),
        ];
        for (text, size) in table {
            assert!(unpacked(text, b"ab", size).is_err(), "{text:?}");
        }
        let endless = "1\n".repeat(MAX_MAP_BYTES);
        assert!(unpacked(&format!("9999999\n{endless}"), b"", 9).is_err());
    }

    #[test]
    fn zeros_are_holes_wherever_they_begin() {
        let path = std::env::temp_dir().join(format!("a3s-holes-{}", std::process::id()));
        let mut new = NewFile::new(File::create(&path).unwrap());
        let content = [vec![b'a'; 5000], vec![0; 8 << 20], vec![b'b'], vec![0; 3000]].concat();
        for piece in content.chunks(70_001) {
            new.write(piece).unwrap();
        }
        let file = new.finish().unwrap();
        let blocks = std::os::unix::fs::MetadataExt::blocks(&file.metadata().unwrap());
        assert!(blocks * 512 < 100_000, "{blocks}");
        assert_eq!(std::fs::read(&path).unwrap(), content);
        std::fs::remove_file(path).unwrap();
    }
}
