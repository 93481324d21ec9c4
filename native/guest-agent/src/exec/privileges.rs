//! The child's way to the rights that it was granted. Everything here only makes system calls.

use super::capabilities::Granted;
use super::check::check;
use crate::account::Identity;
use confinement::capability::{bound, set, set_ambient};

/// Becomes the identity with what was granted to it. Nothing of it can be undone.
///
/// # Safety
/// Only in a child that was just forked, which has the agent's rights.
pub unsafe fn take(identity: &Identity, granted: Granted) -> Result<(), i32> {
    bound(granted.bounding, false)?;
    set_ambient(0)?;
    unsafe {
        // Else the change of the user would take them all.
        check(libc::prctl(libc::PR_SET_KEEPCAPS, 1, 0, 0, 0))?;
        check(libc::setgroups(identity.groups.len(), identity.groups.as_ptr()))?;
        check(libc::setresgid(identity.gid, identity.gid, identity.gid))?;
        check(libc::setresuid(identity.uid, identity.uid, identity.uid))?;
    }
    if identity.uid == 0 {
        // execve(2) gives root what the bounding set holds.
        return set(granted.bounding, 0);
    }
    set(granted.named, granted.named)?;
    set_ambient(granted.named)
}
