//! The child's way to the rights that it was granted. Everything here only makes system calls.

use super::capabilities::Granted;
use super::check::check;
use crate::account::Identity;

/// Linux has 41; more than can come.
const MOST_CAPABILITIES: u32 = 64;
/// _LINUX_CAPABILITY_VERSION_3 of linux/capability.h.
const VERSION_3: u32 = 0x2008_0522;

#[repr(C)]
struct Header {
    version: u32,
    pid: i32,
}

#[repr(C)]
#[derive(Clone, Copy, Default)]
struct Data {
    effective: u32,
    permitted: u32,
    inheritable: u32,
}

/// Becomes the identity with what was granted to it. Nothing of it can be undone.
///
/// # Safety
/// Only in a child that was just forked, which has the agent's rights.
pub unsafe fn take(identity: &Identity, granted: Granted) -> Result<(), i32> {
    unsafe {
        bound(granted.bounding)?;
        check(libc::prctl(
            libc::PR_CAP_AMBIENT,
            libc::PR_CAP_AMBIENT_CLEAR_ALL,
            0,
            0,
            0,
        ))?;
        // Else the change of the user would take them all.
        check(libc::prctl(libc::PR_SET_KEEPCAPS, 1, 0, 0, 0))?;
        check(libc::setgroups(identity.groups.len(), identity.groups.as_ptr()))?;
        check(libc::setresgid(identity.gid, identity.gid, identity.gid))?;
        check(libc::setresuid(identity.uid, identity.uid, identity.uid))?;
        if identity.uid == 0 {
            // execve(2) gives root what the bounding set holds.
            return set(granted.bounding, 0);
        }
        set(granted.named, granted.named)?;
        for number in (0..MOST_CAPABILITIES).filter(|number| granted.named >> number & 1 == 1) {
            check(libc::prctl(
                libc::PR_CAP_AMBIENT,
                libc::PR_CAP_AMBIENT_RAISE,
                number,
                0,
                0,
            ))?;
        }
    }
    Ok(())
}

unsafe fn bound(kept: u64) -> Result<(), i32> {
    for number in (0..MOST_CAPABILITIES).filter(|number| kept >> number & 1 == 0) {
        match check(unsafe { libc::prctl(libc::PR_CAPBSET_DROP, number, 0, 0, 0) }) {
            // The kernel knows no capability of this number.
            Ok(()) | Err(libc::EINVAL) => {}
            failed => return failed,
        }
    }
    Ok(())
}

unsafe fn set(permitted: u64, inheritable: u64) -> Result<(), i32> {
    let header = Header {
        version: VERSION_3,
        pid: 0,
    };
    let half = |shift: u32| Data {
        effective: (permitted >> shift) as u32,
        permitted: (permitted >> shift) as u32,
        inheritable: (inheritable >> shift) as u32,
    };
    let data = [half(0), half(32)];
    check(unsafe { libc::syscall(libc::SYS_capset, &raw const header, data.as_ptr()) } as i32)
}

/// The permitted set of this process.
pub fn permitted() -> u64 {
    let mut header = Header {
        version: VERSION_3,
        pid: 0,
    };
    let mut data = [Data::default(); 2];
    match unsafe { libc::syscall(libc::SYS_capget, &raw mut header, data.as_mut_ptr()) } {
        0 => u64::from(data[0].permitted) | u64::from(data[1].permitted) << 32,
        _ => 0,
    }
}
