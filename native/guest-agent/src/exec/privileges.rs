//! The child's way to the rights that it was granted. Everything here only makes system calls.

use super::capabilities::Granted;
use crate::account::Identity;
use confinement::capability::{bound, set, set_ambient};
use confinement::kernel::call;

/// Becomes the identity with what was granted to it. Nothing of it can be undone.
///
/// # Safety
/// Only in a child that was just made, which has the agent's rights.
pub unsafe fn take(identity: &Identity, granted: Granted) -> Result<(), i32> {
    bound(granted.bounding, false)?;
    set_ambient(0)?;
    unsafe {
        // Else the change of the user would take them all.
        call(libc::SYS_prctl, [libc::PR_SET_KEEPCAPS as usize, 1, 0, 0, 0])?;
        call(
            libc::SYS_setgroups,
            [identity.groups.len(), identity.groups.as_ptr() as usize],
        )?;
        call(libc::SYS_setresgid, [identity.gid as usize; 3])?;
        call(libc::SYS_setresuid, [identity.uid as usize; 3])?;
    }
    if identity.uid == 0 {
        // execve(2) gives root what the bounding set holds.
        return set(granted.bounding, 0);
    }
    set(granted.named, granted.named)?;
    set_ambient(granted.named)
}
