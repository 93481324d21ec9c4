use std::io;
use std::ptr::{NonNull, null_mut};
use std::sync::{Mutex, MutexGuard};

/// The child only makes system calls; unoptimised code takes about 4 KiB for that.
const BYTES: usize = 32 * 1024;
/// Nothing may be there: a stack that is too small ends its child, not the agent.
const GUARD_BYTES: usize = 4 * 1024;
/// A few that were used are kept, pages and all.
const KEPT: usize = 2;

static SPARE: Mutex<Vec<Stack>> = Mutex::new(Vec::new());

/// What a child runs on that shares the agent's memory.
pub struct Stack {
    bottom: NonNull<u8>,
}

// Safety: it is memory of the process's own.
unsafe impl Send for Stack {}
unsafe impl Sync for Stack {}

impl Stack {
    pub fn take() -> io::Result<Self> {
        let spare = spare().pop();
        spare.map_or_else(Self::map, Ok)
    }

    fn map() -> io::Result<Self> {
        let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_STACK;
        let mapped = unsafe { libc::mmap(null_mut(), GUARD_BYTES + BYTES, libc::PROT_NONE, flags, -1, 0) };
        if mapped == libc::MAP_FAILED {
            return Err(io::Error::last_os_error());
        }
        let stack = Self {
            bottom: NonNull::new(mapped.cast()).expect("the first page is nobody's"),
        };
        let usable = libc::PROT_READ | libc::PROT_WRITE;
        match unsafe { libc::mprotect(mapped.byte_add(GUARD_BYTES), BYTES, usable) } {
            0 => Ok(stack),
            _ => Err(io::Error::last_os_error()),
        }
    }

    /// Aligned as a function's caller has it, on every architecture.
    pub fn top(&self) -> usize {
        self.bottom.as_ptr() as usize + GUARD_BYTES + BYTES
    }

    /// For the next child, when this one does not use it any more.
    pub fn give_back(self) {
        let mut spare = spare();
        if spare.len() < KEPT {
            spare.push(self);
        }
    }
}

fn spare() -> MutexGuard<'static, Vec<Stack>> {
    SPARE.lock().expect("no holder panics")
}

impl Drop for Stack {
    fn drop(&mut self) {
        unsafe { libc::munmap(self.bottom.as_ptr().cast(), GUARD_BYTES + BYTES) };
    }
}
