use rustix::fs::{Mode, OFlags, open};
use std::io;
use std::ops::RangeInclusive;
use std::os::fd::{AsRawFd, OwnedFd};

/// RNDADDENTROPY and RNDRESEEDCRNG of linux/random.h.
const ADD_ENTROPY: libc::Ioctl = 0x4008_5203;
const RESEED: libc::Ioctl = 0x5207;

pub const ENTROPY_BYTES: RangeInclusive<usize> = 16..=512;

/// struct rand_pool_info.
#[repr(C)]
struct Pool {
    entropy_bits: i32,
    bytes: i32,
    buffer: [u8; *ENTROPY_BYTES.end()],
}

/// The kernel's random numbers, opened before a process in the guest could put something else in their place.
pub struct Random {
    device: OwnedFd,
}

impl Random {
    pub fn open() -> io::Result<Self> {
        let flags = OFlags::WRONLY | OFlags::NONBLOCK | OFlags::CLOEXEC;
        Ok(Self {
            device: open("/dev/urandom", flags, Mode::empty())?,
        })
    }

    /// Adds what is entirely random and draws from it at once. None when there is too little or too much of it.
    pub fn reseed(&self, entropy: &[u8]) -> Option<io::Result<()>> {
        if !ENTROPY_BYTES.contains(&entropy.len()) {
            return None;
        }
        let length = entropy.len() as i32;
        let mut pool = Pool {
            entropy_bits: length * 8,
            bytes: length,
            buffer: [0; *ENTROPY_BYTES.end()],
        };
        pool.buffer[..entropy.len()].copy_from_slice(entropy);
        let added = unsafe { libc::ioctl(self.device.as_raw_fd(), ADD_ENTROPY, &raw const pool) };
        let done = added == 0 && unsafe { libc::ioctl(self.device.as_raw_fd(), RESEED) } == 0;
        Some(if done { Ok(()) } else { Err(io::Error::last_os_error()) })
    }
}
