//! Extended attributes that a copy keeps: those of users, and the capabilities of programs.

use super::fault::{Attempt, Fault};
use rustix::fs::{XattrFlags, fgetxattr, flistxattr, fsetxattr};
use rustix::io::Errno;
use std::ffi::CString;
use std::os::fd::AsFd;

/// Linux XATTR_LIST_MAX and XATTR_SIZE_MAX.
const MAX_BYTES: usize = 65_536;
/// Of all attributes of one file, in an archive's header.
const MAX_ALL_BYTES: usize = 512 * 1024;
const CAPABILITY: &[u8] = b"security.capability";
/// They change what a mount shows: overlayfs and servers of virtio-fs read them. The same as in @a3s/rootfs.
const RESERVED: [&str; 5] = [
    "user.overlay.",
    "user.fuseoverlayfs.",
    "user.containers.",
    "user.virtiofsd.",
    "user.a3s.",
];

pub struct Xattr {
    pub name: Vec<u8>,
    pub value: Vec<u8>,
}

/// Whether a copy has it. A program's capabilities are worth what its owner is: without the owners they are left out. So are
/// names that a PAX record cannot have.
pub fn is_kept(name: &[u8], keep_owners: bool) -> bool {
    match name {
        CAPABILITY => keep_owners,
        _ => {
            let is_reserved = RESERVED.iter().any(|prefix| name.starts_with(prefix.as_bytes()));
            name.starts_with(b"user.") && !name.contains(&b'=') && !is_reserved
        }
    }
}

/// Those of an open file that a copy may have; none where the file system knows none.
pub fn read_xattrs(file: impl AsFd) -> Result<Vec<Xattr>, Fault> {
    let what = || "read extended attributes";
    let mut names = vec![0; MAX_BYTES];
    let length = match flistxattr(&file, &mut names[..]) {
        Err(Errno::OPNOTSUPP) => 0,
        listed => listed.or_fault(what)?,
    };
    let mut found = Vec::new();
    let mut bytes = 0;
    for name in names[..length]
        .split(|byte| *byte == 0)
        .filter(|name| is_kept(name, true))
    {
        let mut value = vec![0; MAX_BYTES];
        let length = match fgetxattr(&file, name, &mut value[..]) {
            // It went meanwhile, or the caller may not see it.
            Err(Errno::NODATA | Errno::ACCESS | Errno::PERM) => continue,
            read => read.or_fault(what)?,
        };
        value.truncate(length);
        value.shrink_to_fit();
        bytes += name.len() + length;
        if bytes > MAX_ALL_BYTES {
            let message = format!("a file has more than {MAX_ALL_BYTES} bytes of extended attributes");
            return Err(Fault::because(Errno::TOOBIG, message));
        }
        let name = name.to_vec();
        found.push(Xattr { name, value });
    }
    Ok(found)
}

/// What the file system cannot hold is left out.
pub fn write_xattrs(file: impl AsFd, xattrs: &[Xattr]) -> Result<(), Fault> {
    for Xattr { name, value } in xattrs {
        let shown = || format!("set the extended attribute {:?}", String::from_utf8_lossy(name));
        let name = CString::new(name.as_slice()).map_err(|_| Fault::invalid("an extended attribute has a NUL"))?;
        match fsetxattr(&file, &name, value, XattrFlags::empty()) {
            Ok(()) | Err(Errno::OPNOTSUPP) => {}
            Err(errno) => return Err(Fault::new(errno, shown())),
        }
    }
    Ok(())
}
