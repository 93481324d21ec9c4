use super::archive::{Unpacking, unpack};
use super::path::GuestPath;
use crate::properties::holds;
use proptest::prelude::*;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

#[test]
fn a_path_is_split_and_followed_within_its_bounds() {
    let bytes = || prop::collection::vec(prop_oneof![Just(b'/'), Just(b'.'), Just(b'a'), any::<u8>()], 0..40);
    holds((bytes(), bytes()), |(path, target)| {
        let Ok(path) = GuestPath::new(path) else {
            return Ok(());
        };
        let (above, name) = path.split();
        prop_assert_eq!(above.bytes().first(), Some(&b'/'));
        prop_assert!(!name.is_empty() && !name.contains(&b'/') && name != b"..");
        for prefix in path.prefixes() {
            prop_assert!(path.bytes().starts_with(prefix.bytes()));
        }
        if let Ok(followed) = path.follow(&target) {
            prop_assert_eq!(followed.bytes().first(), Some(&b'/'));
            prop_assert!(!followed.bytes().contains(&0));
        }
        Ok(())
    });
}

/// An archive that is well made up to what a few of its bytes were changed to.
fn archive() -> impl Strategy<Value = Vec<u8>> {
    let name = prop_oneof![
        "[ab]{1,2}(/[ab]){0,2}",
        "\\.\\./[ab]",
        "/[ab]",
        "[ab]{90,120}",
        "\\PC{1,8}"
    ];
    let kind = prop_oneof![
        4 => Just(b'0'),
        2 => Just(b'5'),
        3 => Just(b'2'),
        2 => Just(b'1'),
        1 => Just(b'x'),
        1 => Just(b'g'),
        1 => Just(b'L'),
        1 => Just(b'S'),
        1 => Just(b'6'),
        1 => any::<u8>(),
    ];
    let content = prop_oneof![
        prop::collection::vec(any::<u8>(), 0..600),
        "[0-9]{1,3} (path|mtime|size|GNU.sparse.map)=[-./ab0-9]{0,12}\n".prop_map(String::into_bytes),
    ];
    let entries = prop::collection::vec((name, kind, content, "[./ab]{0,8}"), 0..6);
    let changes = prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..3);
    (entries, changes).prop_map(|(entries, changes)| {
        let mut bytes = Vec::new();
        for (name, kind, content, link) in entries {
            let mut header = tar::Header::new_ustar();
            let length = name.len().min(100);
            header.as_mut_bytes()[..length].copy_from_slice(&name.as_bytes()[..length]);
            header.as_mut_bytes()[157..157 + link.len()].copy_from_slice(link.as_bytes());
            header.set_mode(0o644);
            header.set_size(content.len() as u64);
            header.set_entry_type(tar::EntryType::new(kind));
            header.set_cksum();
            bytes.extend_from_slice(header.as_bytes());
            bytes.extend_from_slice(&content);
            bytes.resize(bytes.len().next_multiple_of(512), 0);
        }
        for (at, byte) in changes {
            if !bytes.is_empty() {
                let at = at.index(bytes.len());
                bytes[at] = byte;
            }
        }
        bytes
    })
}

#[test]
fn an_archive_changes_nothing_outside_its_directory() {
    let scratch = std::env::temp_dir().join(format!("a3s-archives-{}", std::process::id()));
    fs::create_dir_all(&scratch).unwrap();
    holds(archive(), |bytes| {
        let into = fresh(&scratch);
        let path = GuestPath::new(into.as_os_str().as_bytes().to_vec()).unwrap();
        let unpacking = Unpacking {
            path,
            keep_owners: false,
        };
        let _ = unpack(&unpacking, bytes.as_slice());
        let beside: Vec<_> = fs::read_dir(&scratch)
            .unwrap()
            .map(|entry| entry.unwrap().file_name())
            .collect();
        prop_assert_eq!(beside.len(), 2, "{:?}", beside);
        prop_assert_eq!(fs::read(scratch.join("a")).unwrap(), b"untouched");
        Ok(())
    });
    fs::remove_dir_all(&scratch).unwrap();
}

/// A file that names of the archives lead to when they leave the directory, and the directory, empty.
fn fresh(scratch: &Path) -> PathBuf {
    let into = scratch.join("into");
    let _ = fs::remove_dir_all(&into);
    fs::create_dir(&into).unwrap();
    fs::write(scratch.join("a"), "untouched").unwrap();
    into
}
