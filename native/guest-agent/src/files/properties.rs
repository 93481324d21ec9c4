use super::archive::{Unpacking, unpack};
use super::path::GuestPath;
use crate::properties::{holds, text};
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

/// One header, and the content that it counts.
#[derive(Debug)]
struct Member {
    name: String,
    kind: u8,
    link: String,
    content: Vec<u8>,
}

fn name() -> impl Strategy<Value = String> {
    prop_oneof![
        6 => text("[ab]{1,2}(/[ab]){0,2}"),
        1 => text("\\.\\./[ab]"),
        1 => text("/[ab]"),
        1 => text("[ab]{90,120}"),
        1 => text("[ -~éß\u{202e}😀]{1,8}"),
    ]
}

/// Any type of entry with any content.
fn any_member() -> impl Strategy<Value = Vec<Member>> {
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
        text("[0-9]{1,3} (path|mtime|size|GNU\\.sparse\\.map)=[-./ab0-9]{0,12}\n").prop_map(String::into_bytes),
    ];
    (name(), kind, content, text("[./ab]{0,8}")).prop_map(|(name, kind, content, link)| {
        vec![Member {
            name,
            kind,
            link,
            content,
        }]
    })
}

/// Records that count themselves, as the reader asks of them, before an entry of the kind that they are about.
fn described_member() -> impl Strategy<Value = Vec<Member>> {
    let bytes = |pattern| text(pattern).prop_map(String::into_bytes);
    let value = || {
        prop_oneof![
            prop::collection::vec(any::<u8>(), 0..40),
            // It reads as a record to who splits at line feeds.
            bytes("\n9 path=[ab]\n"),
        ]
    };
    let record = prop_oneof![
        1 => (bytes("path|linkpath|GNU\\.sparse\\.name"), bytes("(\\.\\./)?[ab](/[ab])?|/[ab]")),
        1 => (bytes("size|uid|gid|mtime"), bytes("-?[0-9]{1,20}(\\.[0-9]{1,10})?")),
        1 => (bytes("GNU\\.sparse\\.(major|minor|realsize|map)"), bytes("[01]|[0-9]{1,20}")),
        2 => (bytes("SCHILY\\.xattr\\.(user\\.overlay\\.opaque|security\\.capability|[ -~ß]{0,4})"), value()),
        4 => (bytes("SCHILY\\.xattr\\.user\\.[ab]"), value()),
    ];
    let records = prop::collection::vec(record, 0..4);
    let kind = prop_oneof![4 => Just(b'0'), 2 => Just(b'5'), 1 => Just(b'2'), 1 => Just(b'1')];
    (records, name(), kind, bytes("[ab]{0,9}")).prop_map(|(records, name, kind, content)| {
        let content = if kind == b'0' { content } else { Vec::new() };
        with_records(&records, name, kind, content)
    })
}

/// A file with holes in PAX format 1.0, whose map fits its data or not.
fn sparse_member() -> impl Strategy<Value = Vec<Member>> {
    let number = || prop_oneof![8 => 0..9000u64, 1 => any::<u64>()];
    let pieces = prop::collection::vec((number(), prop_oneof![8 => 0..40u64, 1 => any::<u64>()]), 0..4);
    let data = prop::collection::vec(any::<u8>(), 0..120);
    (name(), number(), pieces, data, any::<bool>()).prop_map(|(name, size, mut pieces, mut data, fits)| {
        if fits {
            pieces.sort_unstable();
            data.resize(pieces.iter().map(|(_, length)| length % 40).sum::<u64>() as usize, 7);
            pieces.iter_mut().for_each(|(_, length)| *length %= 40);
        }
        let mut content = format!("{}\n", pieces.len()).into_bytes();
        for (offset, length) in pieces {
            content.extend_from_slice(format!("{offset}\n{length}\n").as_bytes());
        }
        content.resize(content.len().next_multiple_of(512), 0);
        content.extend_from_slice(&data);
        let record = |keyword: &str, value: String| (keyword.as_bytes().to_vec(), value.into_bytes());
        let records = [
            record("GNU.sparse.major", "1".to_owned()),
            record("GNU.sparse.minor", "0".to_owned()),
            record("GNU.sparse.name", name.clone()),
            record("GNU.sparse.realsize", size.to_string()),
        ];
        with_records(&records, "GNUSparseFile.0/a".to_owned(), b'0', content)
    })
}

fn with_records(records: &[(Vec<u8>, Vec<u8>)], name: String, kind: u8, content: Vec<u8>) -> Vec<Member> {
    let mut pax = Vec::new();
    for (keyword, value) in records {
        let rest = keyword.len() + value.len() + 3;
        let mut length = rest + 1;
        while rest + length.to_string().len() != length {
            length = rest + length.to_string().len();
        }
        pax.extend_from_slice(&[format!("{length} ").as_bytes(), keyword, b"=", value, b"\n"].concat());
    }
    let link = "a".to_owned();
    vec![
        Member {
            name: "pax".to_owned(),
            kind: b'x',
            link: String::new(),
            content: pax,
        },
        Member {
            name,
            kind,
            link,
            content,
        },
    ]
}

/// An archive that is well made up to what a few of its bytes were changed to.
fn archive() -> impl Strategy<Value = Vec<u8>> {
    let entry = prop_oneof![4 => any_member(), 3 => described_member(), 1 => sparse_member()];
    let entries = prop::collection::vec(entry, 0..6);
    let changes = prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..3);
    (entries, changes).prop_map(|(entries, changes)| {
        let mut bytes = Vec::new();
        for member in entries.into_iter().flatten() {
            let mut header = tar::Header::new_ustar();
            let length = member.name.len().min(100);
            header.as_mut_bytes()[..length].copy_from_slice(&member.name.as_bytes()[..length]);
            header.as_mut_bytes()[157..157 + member.link.len()].copy_from_slice(member.link.as_bytes());
            header.set_mode(0o644);
            header.set_size(member.content.len() as u64);
            header.set_entry_type(tar::EntryType::new(member.kind));
            header.set_cksum();
            bytes.extend_from_slice(header.as_bytes());
            bytes.extend_from_slice(&member.content);
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
