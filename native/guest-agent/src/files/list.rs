use super::fault::Fault;
use super::info::kind;
use super::path::GuestPath;
use super::place::open;
use crate::proto::agent::{DirectoryEntry, ListResponse};
use rustix::fs::{AtFlags, Dir, FileType, OFlags, statat};

const MAX_ENTRIES: usize = 512;
const MAX_NAME_BYTES: usize = 48 * 1024;

/// A directory that is being listed.
pub struct Listing {
    path: GuestPath,
    directory: Dir,
}

impl Listing {
    pub fn open(path: GuestPath) -> Result<Self, Fault> {
        let directory = open(&path, OFlags::RDONLY | OFlags::DIRECTORY, 0)?;
        match Dir::new(directory) {
            Ok(directory) => Ok(Self { path, directory }),
            Err(errno) => Err(Fault::new(errno, format!("list {path:?}"))),
        }
    }

    /// The next page; an empty one is the last.
    pub fn page(&mut self) -> Result<ListResponse, Fault> {
        let mut page = ListResponse::default();
        let mut bytes = 0;
        while page.entries.len() < MAX_ENTRIES && bytes < MAX_NAME_BYTES {
            let Some(read) = self.directory.read() else { break };
            let entry = read.map_err(|errno| Fault::new(errno, format!("list {:?}", self.path)))?;
            let name = entry.file_name();
            if matches!(name.to_bytes(), b"." | b"..") {
                continue;
            }
            let found = match entry.file_type() {
                // Not every file system says it here; what is gone by now stays unknown.
                FileType::Unknown => match self.directory.fd() {
                    Ok(directory) => statat(directory, name, AtFlags::SYMLINK_NOFOLLOW)
                        .map_or(FileType::Unknown, |found| FileType::from_raw_mode(found.st_mode)),
                    Err(_) => FileType::Unknown,
                },
                found => found,
            };
            bytes += name.to_bytes().len();
            page.entries.push(DirectoryEntry {
                name: name.to_bytes().to_vec(),
                r#type: kind(found).into(),
            });
        }
        Ok(page)
    }
}
