//! Makes overlayfs work over libkrun's virtio-fs.
//!
//! Before overlayfs copies a file up it asks the lower file system for its inode flags (FS_IOC_GETFLAGS) and takes ENOTTY
//! and EINVAL for "has none". libkrun's virtio-fs answers EOPNOTSUPP to every ioctl that it does not know, so in a guest
//! nothing of an image could be changed: https://github.com/libkrun/libkrun/issues/867. Here the error number in that
//! one answer is exchanged in this process's copy of the library. A library that does not look exactly as expected,
//! such as one in which this is fixed, is left as it is.

use crate::descriptor::check;
use std::fs;
use std::io;
use std::ops::Range;

/// `io::Error::from_raw_os_error(EOPNOTSUPP)` as a 64-bit immediate: the number in the upper half, a tag in the lower.
const ANSWER: [u8; 8] = (((libc::EOPNOTSUPP as u64) << 32) | 2).to_le_bytes();
const NUMBER_OFFSET: usize = 4;
/// The request that the same function compares with right after it: set the exit code of the VM.
const EXIT_CODE_REQUEST: [u8; 4] = 0x7602u32.to_le_bytes();
/// Bytes of instructions between the two.
const DISTANCE: usize = 64;

/// Answers whether the library was changed.
pub fn allow(library: &str) -> io::Result<bool> {
    let path = fs::canonicalize(library)?;
    let maps = fs::read_to_string("/proc/self/maps")?;
    for mapping in executable_mappings(&maps, &path.to_string_lossy()) {
        let text = unsafe { std::slice::from_raw_parts(mapping.start as *const u8, mapping.len()) };
        if let Some(offset) = find_number(text) {
            exchange(mapping.start + offset)?;
            return Ok(true);
        }
    }
    Ok(false)
}

/// proc_pid_maps(5): address range, permissions, offset, device, inode, path.
fn executable_mappings<'a>(maps: &'a str, path: &'a str) -> impl Iterator<Item = Range<usize>> + 'a {
    maps.lines().filter_map(move |line| {
        let mut fields = line.splitn(6, char::is_whitespace);
        let (range, permissions) = (fields.next()?, fields.next()?);
        let (start, end) = range.split_once('-')?;
        let name = fields.nth(3)?.trim_start();
        let address = |text| usize::from_str_radix(text, 16).ok();
        (permissions.starts_with("r-x") && name == path).then_some(address(start)?..address(end)?)
    })
}

/// Where the error number stands, if there is exactly one place that it can be.
fn find_number(text: &[u8]) -> Option<usize> {
    let mut found = None;
    let mut from = 0;
    while let Some(offset) = find(&text[from..], &ANSWER).map(|offset| from + offset) {
        from = offset + ANSWER.len();
        let after = &text[from..text.len().min(from + DISTANCE)];
        if find(after, &EXIT_CODE_REQUEST).is_some() {
            if found.is_some() {
                return None;
            }
            found = Some(offset + NUMBER_OFFSET);
        }
    }
    found
}

/// glibc's memmem is vectorised: the text has several megabytes and this is on the way of every boot.
fn find(text: &[u8], pattern: &[u8]) -> Option<usize> {
    let hit = unsafe { libc::memmem(text.as_ptr().cast(), text.len(), pattern.as_ptr().cast(), pattern.len()) };
    (!hit.is_null()).then(|| hit as usize - text.as_ptr() as usize)
}

/// The mapping is private: the file and other processes keep the original.
fn exchange(address: usize) -> io::Result<()> {
    let page_size = unsafe { libc::sysconf(libc::_SC_PAGESIZE) } as usize;
    let page = address & !(page_size - 1);
    let protect = |protection| check(unsafe { libc::mprotect(page as *mut _, page_size, protection) });
    protect(libc::PROT_READ | libc::PROT_WRITE)?;
    unsafe { (address as *mut u8).write_volatile(libc::ENOTTY as u8) };
    protect(libc::PROT_READ | libc::PROT_EXEC)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn function(gap: usize) -> Vec<u8> {
        [
            b"\x49\xbc".as_slice(),
            &ANSWER,
            &vec![0x90; gap],
            b"\x3d",
            &EXIT_CODE_REQUEST,
        ]
        .concat()
    }

    #[test]
    fn finds_the_one_answer_before_the_request() {
        let text = [vec![0; 100], function(10), vec![0; 100]].concat();
        assert_eq!(find_number(&text), Some(100 + 2 + NUMBER_OFFSET));
    }

    #[test]
    fn leaves_everything_else_alone() {
        assert_eq!(find_number(&[0; 4096]), None);
        assert_eq!(find_number(&ANSWER), None);
        assert_eq!(find_number(&function(DISTANCE)), None);
        assert_eq!(find_number(&[function(10), function(10)].concat()), None);
    }

    #[test]
    fn reads_maps() {
        let maps = "1000-3000 r--p 00000000 fe:00 12 /l/libkrun.so.1\n\
                    3000-9000 r-xp 00002000 fe:00 12                        /l/libkrun.so.1\n\
                    a000-b000 r-xp 00002000 fe:00 12 /l/other.so\nc000-d000 rw-p 00000000 00:00 0 \n";
        let mut found = executable_mappings(maps, "/l/libkrun.so.1");
        assert_eq!((found.next(), found.next()), (Some(0x3000..0x9000), None));
    }
}
