use crate::descriptor::check;
use std::io;

/// capabilities(7), the numbers of linux/capability.h. virtio-fs does for the guest's users what these allow, within
/// what it is given: owners and modes of files, and to make a file as the user who makes it. Nothing else needs any.
const KEPT: [u32; 7] = [CHOWN, DAC_OVERRIDE, FOWNER, FSETID, SETGID, SETUID, SETFCAP];
const CHOWN: u32 = 0;
const DAC_OVERRIDE: u32 = 1;
const FOWNER: u32 = 3;
const FSETID: u32 = 4;
const SETGID: u32 = 6;
const SETUID: u32 = 7;
const SETFCAP: u32 = 31;

/// _LINUX_CAPABILITY_VERSION_3: two words of 32 bits.
const VERSION: u32 = 0x2008_0522;

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

/// Gives up, for good, every capability that is not kept.
pub fn reduce() -> io::Result<()> {
    for number in (0..64).filter(|number| !KEPT.contains(number)) {
        match check(unsafe { libc::prctl(libc::PR_CAPBSET_DROP, libc::c_ulong::from(number), 0, 0, 0) }) {
            // The kernel has no more.
            Err(error) if error.raw_os_error() == Some(libc::EINVAL) => break,
            // An ordinary user has none to give up, and no_new_privs keeps it so.
            Err(error) if error.raw_os_error() == Some(libc::EPERM) => {}
            result => drop(result?),
        }
    }
    check(unsafe { libc::prctl(libc::PR_CAP_AMBIENT, libc::PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) })?;
    let header = Header {
        version: VERSION,
        pid: 0,
    };
    let mut data = [Data::default(); 2];
    check(unsafe { libc::syscall(libc::SYS_capget, &header, data.as_mut_ptr()) } as i32)?;
    let kept = KEPT.iter().fold(0, |mask, number| mask | 1 << number) & data[0].permitted;
    data = [
        Data {
            effective: kept,
            permitted: kept,
            inheritable: 0,
        },
        Data::default(),
    ];
    check(unsafe { libc::syscall(libc::SYS_capset, &header, data.as_ptr()) } as i32).map(drop)
}
