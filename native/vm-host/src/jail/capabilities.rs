use confinement::capability::{bits, bound, permitted, set, set_ambient};
use std::io;

/// virtio-fs does for the guest's users what these allow, within what it is given: owners and modes of files, and to make
/// a file as the user who makes it. Nothing else needs any.
const KEPT: u64 = bits(&[
    "CHOWN",
    "DAC_OVERRIDE",
    "FOWNER",
    "FSETID",
    "SETGID",
    "SETUID",
    "SETFCAP",
]);

/// Gives up, for good, every capability that is not kept. An ordinary user has none to give up, and no_new_privs keeps it so.
pub fn reduce() -> io::Result<()> {
    let reduced = bound(KEPT, true).and_then(|()| {
        set_ambient(0)?;
        set(KEPT & permitted()?, 0)
    });
    reduced.map_err(io::Error::from_raw_os_error)
}
