use rustix::pipe::fcntl_setpipe_size;
use std::os::fd::AsFd;
use tokio::sync::{Semaphore, SemaphorePermit};

/// Who gets more than this at a time gets bulk: the pipe is widened, as each turn that the process and the agent take costs both.
const BULK_BYTES: usize = 32 * 1024;
/// What processes without privileges may have. The kernel takes memory for what is in it alone.
pub const WIDE_BYTES: usize = 1024 * 1024;
/// So many are wide at most, however many processes or callers do not read: others go on with what a pipe has.
static WIDE_INPUTS: Semaphore = Semaphore::const_new(16);
static WIDE_OUTPUTS: Semaphore = Semaphore::const_new(16);

/// How wide a pipe between the agent and a process is: as the kernel makes it, until bulk goes through it.
pub struct Width {
    places: &'static Semaphore,
    place: Option<SemaphorePermit<'static>>,
}

impl Width {
    pub fn of_input() -> Self {
        Self {
            places: &WIDE_INPUTS,
            place: None,
        }
    }

    pub fn of_output() -> Self {
        Self {
            places: &WIDE_OUTPUTS,
            place: None,
        }
    }

    pub fn is_wide(&self) -> bool {
        self.place.is_some()
    }

    /// Widens the pipe when so many bytes at a time are bulk and there is a place.
    pub fn suit(&mut self, pipe: impl AsFd, bytes: usize) {
        if self.is_wide() || bytes <= BULK_BYTES {
            return;
        }
        self.place = self.places.try_acquire().ok();
        if self.is_wide() {
            // Where it may not be so wide, it stays as it is.
            let _ = fcntl_setpipe_size(pipe, WIDE_BYTES);
        }
    }
}
