use super::fault::{Attempt, Fault};
use super::path::GuestPath;
use super::place::locate;
use crate::proto::agent::{FileInfo, FileType as Type};
use prost_types::Timestamp;
use rustix::fs::{FileType, Stat, fstat};

pub fn stat(path: &GuestPath, follow: bool) -> Result<FileInfo, Fault> {
    let file = locate(path, follow)?;
    Ok(describe(&fstat(&file).or_fault(|| format!("stat {path:?}"))?))
}

fn describe(found: &Stat) -> FileInfo {
    FileInfo {
        r#type: kind(FileType::from_raw_mode(found.st_mode)).into(),
        mode: found.st_mode & 0o7777,
        uid: found.st_uid,
        gid: found.st_gid,
        size: found.st_size as u64,
        // A u64 on x86-64, a u32 on AArch64.
        links: found.st_nlink as _,
        inode: found.st_ino,
        device: found.st_dev,
        accessed: Some(time(found.st_atime, found.st_atime_nsec)),
        modified: Some(time(found.st_mtime, found.st_mtime_nsec)),
        changed: Some(time(found.st_ctime, found.st_ctime_nsec)),
    }
}

pub fn kind(kind: FileType) -> Type {
    match kind {
        FileType::RegularFile => Type::Regular,
        FileType::Directory => Type::Directory,
        FileType::Symlink => Type::Symlink,
        FileType::CharacterDevice => Type::CharacterDevice,
        FileType::BlockDevice => Type::BlockDevice,
        FileType::Fifo => Type::Fifo,
        FileType::Socket => Type::Socket,
        FileType::Unknown => Type::Unspecified,
    }
}

fn time(seconds: i64, nanos: u64) -> Timestamp {
    Timestamp {
        seconds,
        nanos: nanos as i32,
    }
}
