use std::cell::{Cell, RefCell};
use std::io::{self, Read};
use std::rc::Rc;

/// Most bytes between the contents of two entries: headers and their extensions, which have to be held in memory. A path
/// has 4 KiB, the attributes of a file 64 KiB; GNU tar's map of a sparse file takes 24 bytes a piece.
const MAX_HEADER_BYTES: u64 = 1 << 20;

/// A reader that gives out only so many bytes at a time when it has a bound.
pub struct Bounded<R> {
    from: R,
    left: Bound,
}

/// Sets the bound of a [`Bounded`] reader that somebody else holds.
#[derive(Clone, Default)]
pub struct Bound(Rc<Shared>);

#[derive(Default)]
struct Shared {
    left: Cell<Option<u64>>,
    headers: RefCell<Vec<u8>>,
}

impl Bound {
    /// Until it is lifted, headers are read.
    pub fn set(&self) {
        self.0.left.set(Some(MAX_HEADER_BYTES));
    }

    /// Answers what was read since the bound was set.
    pub fn lift(&self) -> Vec<u8> {
        self.0.left.set(None);
        self.0.headers.take()
    }
}

impl<R> Bounded<R> {
    pub fn new(from: R) -> (Self, Bound) {
        let left = Bound::default();
        (
            Self {
                from,
                left: left.clone(),
            },
            left,
        )
    }
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let Some(left) = self.left.0.left.get() else {
            return self.from.read(buffer);
        };
        if left == 0 && !buffer.is_empty() {
            let message = format!("the header of an entry has more than {MAX_HEADER_BYTES} bytes");
            return Err(io::Error::new(io::ErrorKind::InvalidData, message));
        }
        let most = buffer.len().min(usize::try_from(left).unwrap_or(usize::MAX));
        let n = self.from.read(&mut buffer[..most])?;
        self.left.0.left.set(Some(left - n as u64));
        self.left.0.headers.borrow_mut().extend_from_slice(&buffer[..n]);
        Ok(n)
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Unpacking, unpack};
    use super::*;
    use crate::files::GuestPath;

    /// What an archive of one extended header without end gives out.
    struct Endless<'a> {
        head: &'a [u8],
        given: &'a Cell<u64>,
    }

    impl Read for Endless<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let n = match self.head.read(buffer)? {
                0 => buffer.len(),
                n => n,
            };
            self.given.set(self.given.get() + n as u64);
            Ok(n)
        }
    }

    #[test]
    fn an_extension_of_gigabytes_is_refused_and_not_held() {
        for kind in [
            tar::EntryType::XHeader,
            tar::EntryType::GNULongName,
            tar::EntryType::GNULongLink,
        ] {
            let mut header = tar::Header::new_ustar();
            header.set_entry_type(kind);
            header.set_size(8 << 30);
            header.set_cksum();
            let given = Cell::new(0);
            let from = Endless {
                head: header.as_bytes(),
                given: &given,
            };
            let path = GuestPath::new(b"/tmp".to_vec()).unwrap();
            let unpacking = Unpacking {
                path,
                keep_owners: false,
            };
            assert!(unpack(&unpacking, from).is_err());
            assert!(given.get() <= MAX_HEADER_BYTES, "{kind:?}: {}", given.get());
        }
    }
}
