//! What the headers of an archive's entry say, checked.

use super::super::attributes::Attributes;
use super::super::fault::Fault;
use super::super::xattrs::{Xattr, is_kept};
use super::records::records;
use super::sparse::{Sparse, SparseRecords};
use rustix::fs::Timespec;
use std::io::Read;
use tar::Entry;

/// What an entry says of its file.
pub struct Described {
    /// Mode, times and, where they are to be kept, owners.
    pub attributes: Attributes,
    pub sparse: Option<Sparse>,
    pub xattrs: Vec<Xattr>,
}

/// `headers` is what was read of the archive to come to the entry.
pub fn describe(entry: &Entry<'_, impl Read>, headers: &[u8], keep_owners: bool) -> Result<Described, Fault> {
    let header = entry.header();
    let number = |read: std::io::Result<u64>| {
        let id = read.map_err(|error| Fault::from_io(&error, "read a tar header"))?;
        u32::try_from(id).map_err(|_| Fault::invalid(format!("an archive has the owner {id}")))
    };
    let (uid, gid) = match keep_owners {
        true => (Some(number(header.uid())?), Some(number(header.gid())?)),
        false => (None, None),
    };
    let mode = header
        .mode()
        .map_err(|error| Fault::from_io(&error, "read a tar header"))?;
    let seconds = header
        .mtime()
        .map_err(|error| Fault::from_io(&error, "read a tar header"))?;
    let mut modified = Timespec {
        tv_sec: i64::try_from(seconds).unwrap_or(i64::MAX),
        tv_nsec: 0,
    };
    let mut sparse = SparseRecords::default();
    let mut xattrs = Vec::new();
    for (keyword, value) in records(headers)? {
        if let Some(keyword) = keyword.strip_prefix(b"GNU.sparse.") {
            sparse.add(keyword, value);
        } else if let Some(name) = keyword.strip_prefix(b"SCHILY.xattr.") {
            if is_kept(name, keep_owners) {
                let (name, value) = (name.to_vec(), value.to_vec());
                xattrs.push(Xattr { name, value });
            }
        } else if keyword == b"mtime" {
            modified = time(value).ok_or_else(|| Fault::invalid("a PAX header has no valid time"))?;
        }
    }
    let attributes = Attributes {
        mode: Some(mode & 0o7777),
        uid,
        gid,
        accessed: None,
        modified: Some(modified),
    };
    Ok(Described {
        attributes,
        sparse: sparse.read()?,
        xattrs,
    })
}

/// Names of a path in an archive. A leading slash means nothing; `..` is refused.
pub fn names(path: &[u8]) -> Result<Vec<&[u8]>, Fault> {
    let names: Vec<_> = path
        .split(|byte| *byte == b'/')
        .filter(|name| !matches!(*name, b"" | b"."))
        .collect();
    match names.contains(&b"..".as_slice()) {
        true => Err(Fault::invalid(format!("{:?} leaves the directory", shown(path)))),
        false => Ok(names),
    }
}

/// A decimal number of seconds as PAX has it.
fn time(text: &[u8]) -> Option<Timespec> {
    let text = std::str::from_utf8(text).ok()?;
    let (negative, digits) = match text.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, text),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    if !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let seconds: i64 = whole.parse().ok().filter(|seconds| *seconds >= 0)?;
    let nanos: i64 = format!("{fraction:0<9}")[..9].parse().ok()?;
    Some(match (negative, nanos) {
        (false, _) => Timespec {
            tv_sec: seconds,
            tv_nsec: nanos,
        },
        (true, 0) => Timespec {
            tv_sec: -seconds,
            tv_nsec: 0,
        },
        (true, _) => Timespec {
            tv_sec: -seconds - 1,
            tv_nsec: 1_000_000_000 - nanos,
        },
    })
}

/// For messages.
pub fn shown(name: &[u8]) -> String {
    String::from_utf8_lossy(name).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_as_they_are_written() {
        let table = [
            ("5", (5, 0)),
            ("5.5", (5, 500_000_000)),
            ("5.0000000019", (5, 1)),
            ("-0.25", (-1, 750_000_000)),
            ("-1.0", (-1, 0)),
        ];
        for (text, (seconds, nanos)) in table {
            let read = time(text.as_bytes()).unwrap();
            assert_eq!((read.tv_sec, read.tv_nsec), (seconds, nanos), "{text}");
        }
        for text in ["", "x", "1.x", "--1", "1.2.3", "99999999999999999999"] {
            assert!(time(text.as_bytes()).is_none(), "{text}");
        }
    }

    #[test]
    fn names_do_not_leave() {
        assert_eq!(names(b"/a//./b/").unwrap(), [b"a", b"b"]);
        assert!(names(b"./").unwrap().is_empty());
        assert!(names(b"a/../b").is_err() && names(b"..").is_err());
    }
}
