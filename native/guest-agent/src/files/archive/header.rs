use super::super::xattrs::Xattr;
use rustix::fs::{FileType, Stat, major, minor};
use std::io::{self, Write};
use tar::{EntryType, Header};

const NAME_BYTES: usize = 100;
/// Largest numbers of a ustar header: 7 and 11 octal digits.
const MAX_ID: u64 = 0o777_7777;
const MAX_NUMBER: u64 = 0o777_7777_7777;

/// One member of an archive, but for its content.
pub struct Member<'a> {
    /// Below the archive's root, without a slash at its end.
    pub name: &'a [u8],
    pub found: &'a Stat,
    /// Target of a symbolic link.
    pub link: &'a [u8],
    /// Name of the member that this one is the same file as.
    pub same_as: Option<&'a [u8]>,
    pub xattrs: &'a [Xattr],
}

/// Writes the header, with PAX records before it for what ustar cannot say. None: tar knows no such file.
pub fn write_header(out: &mut impl Write, member: &Member<'_>) -> io::Result<Option<()>> {
    let Some(entry_type) = entry_type(member) else {
        return Ok(None);
    };
    let found = member.found;
    let mut records = Vec::new();
    let mut header = Header::new_ustar();
    header.set_entry_type(entry_type);
    header.set_mode(found.st_mode & 0o7777);
    let mut name = member.name.to_vec();
    if entry_type == EntryType::Directory {
        name.push(b'/');
    }
    let link = member.same_as.unwrap_or(member.link);
    put_text(&mut header.as_old_mut().name, &name, "path", &mut records);
    put_text(&mut header.as_old_mut().linkname, link, "linkpath", &mut records);
    header.set_uid(number(found.st_uid.into(), MAX_ID, "uid", &mut records));
    header.set_gid(number(found.st_gid.into(), MAX_ID, "gid", &mut records));
    let size = if entry_type == EntryType::Regular {
        found.st_size as u64
    } else {
        0
    };
    header.set_size(number(size, MAX_NUMBER, "size", &mut records));
    put_time(&mut header, found.st_mtime, found.st_mtime_nsec, &mut records);
    if matches!(entry_type, EntryType::Char | EntryType::Block) {
        header.set_device_major(major(found.st_rdev))?;
        header.set_device_minor(minor(found.st_rdev))?;
    }
    if !member.xattrs.is_empty() {
        // Values are the guest's users' own and hold line feeds, at which the tar crate and others split records: it is the
        // first record of a keyword that counts for them, and these are the true ones.
        let mut first = Vec::new();
        record("path", &name, &mut first);
        for (keyword, value) in [
            ("size", size),
            ("uid", found.st_uid.into()),
            ("gid", found.st_gid.into()),
        ] {
            record(keyword, value.to_string().as_bytes(), &mut first);
        }
        records.splice(..0, first);
    }
    for Xattr { name, value } in member.xattrs {
        record([b"SCHILY.xattr.", name.as_slice()].concat(), value, &mut records);
    }
    if !records.is_empty() {
        write_records(out, &records)?;
    }
    header.set_cksum();
    out.write_all(header.as_bytes())?;
    Ok(Some(()))
}

/// Zeros to the next block.
pub fn pad(out: &mut impl Write, size: u64) -> io::Result<()> {
    out.write_all(&[0; 512][..((512 - size % 512) % 512) as usize])
}

/// Two blocks of zeros end an archive.
pub fn end(out: &mut impl Write) -> io::Result<()> {
    out.write_all(&[0; 1024])?;
    out.flush()
}

fn entry_type(member: &Member<'_>) -> Option<EntryType> {
    if member.same_as.is_some() {
        return Some(EntryType::Link);
    }
    match FileType::from_raw_mode(member.found.st_mode) {
        FileType::RegularFile => Some(EntryType::Regular),
        FileType::Directory => Some(EntryType::Directory),
        FileType::Symlink => Some(EntryType::Symlink),
        FileType::CharacterDevice => Some(EntryType::Char),
        FileType::BlockDevice => Some(EntryType::Block),
        FileType::Fifo => Some(EntryType::Fifo),
        FileType::Socket | FileType::Unknown => None,
    }
}

fn put_text(field: &mut [u8; NAME_BYTES], text: &[u8], keyword: &str, records: &mut Vec<u8>) {
    let shown = text.len().min(NAME_BYTES);
    field[..shown].copy_from_slice(&text[..shown]);
    if text.len() > NAME_BYTES {
        record(keyword, text, records);
    }
}

fn number(value: u64, max: u64, keyword: &str, records: &mut Vec<u8>) -> u64 {
    if value <= max {
        return value;
    }
    record(keyword, value.to_string().as_bytes(), records);
    0
}

fn put_time(header: &mut Header, seconds: i64, nanos: u64, records: &mut Vec<u8>) {
    let whole = u64::try_from(seconds).unwrap_or(0).min(MAX_NUMBER);
    header.set_mtime(whole);
    if nanos != 0 || i64::try_from(whole) != Ok(seconds) {
        record("mtime", time_text(seconds, nanos).as_bytes(), records);
    }
}

/// Seconds with nine decimals; before 1970 the fraction counts backwards, as in any decimal number.
fn time_text(seconds: i64, nanos: u64) -> String {
    match seconds {
        0.. => format!("{seconds}.{nanos:09}"),
        _ if nanos == 0 => format!("{seconds}.0"),
        _ => format!("-{}.{:09}", -(seconds + 1), 1_000_000_000 - nanos),
    }
}

/// "LENGTH KEYWORD=VALUE\n", where the length counts itself.
fn record(keyword: impl AsRef<[u8]>, value: &[u8], records: &mut Vec<u8>) {
    let keyword = keyword.as_ref();
    let rest = keyword.len() + value.len() + 3;
    let mut length = rest + 1;
    while rest + length.to_string().len() != length {
        length = rest + length.to_string().len();
    }
    records.extend_from_slice(format!("{length} ").as_bytes());
    records.extend_from_slice(keyword);
    records.push(b'=');
    records.extend_from_slice(value);
    records.push(b'\n');
}

fn write_records(out: &mut impl Write, records: &[u8]) -> io::Result<()> {
    let mut header = Header::new_ustar();
    header.set_entry_type(EntryType::XHeader);
    header.as_old_mut().name[..3].copy_from_slice(b"pax");
    header.set_mode(0o644);
    header.set_size(records.len() as u64);
    header.set_cksum();
    out.write_all(header.as_bytes())?;
    out.write_all(records)?;
    pad(out, records.len() as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_count_themselves() {
        for (length, expected) in [(1, "9 path="), (90, "99 path="), (91, "101 path="), (990, "1001 path=")] {
            let mut records = Vec::new();
            record("path", &vec![b'x'; length], &mut records);
            assert!(records.starts_with(expected.as_bytes()), "{length}");
            let said: usize = expected.split(' ').next().unwrap().parse().unwrap();
            assert_eq!(records.len(), said, "{length}");
        }
    }

    #[test]
    fn times_before_1970_are_negative() {
        let table = [
            (5, 0, "5.000000000"),
            (5, 7, "5.000000007"),
            (-1, 0, "-1.0"),
            (-1, 750_000_000, "-0.250000000"),
            (-3, 1, "-2.999999999"),
        ];
        for (seconds, nanos, text) in table {
            assert_eq!(time_text(seconds, nanos), text);
        }
    }
}
