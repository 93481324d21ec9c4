//! How the VM process's own thread, which is that of libkrun's devices, gets its turn.
//!
//! A guest that sends wakes this thread with every packet. Where it took the processor from the virtual CPU each time, every packet would
//! cost two changes of threads and an interrupt of its own; docs/decisions/0038 has the figures. So it is scheduled as one that
//! interrupts nobody. Threads take over the policy of the one that starts them (SCHED_RESET_ON_FORK takes back real-time policies
//! alone), and the virtual CPUs shall not wait. So this program's `pthread_create` is found before the C library's.

use crate::descriptor::check;
use std::cell::Cell;
use std::ffi::{c_int, c_void};
use std::io;

thread_local! {
    /// Whether this is the thread that waits.
    static WAITS: Cell<bool> = const { Cell::new(false) };
}

/// Keeps this thread from interrupting others when it wakes. Those that it starts are scheduled as ever.
pub fn wait_for_a_turn() -> io::Result<()> {
    set_policy(libc::SCHED_BATCH)?;
    WAITS.set(true);
    Ok(())
}

fn set_policy(policy: c_int) -> io::Result<()> {
    let parameters = libc::sched_param { sched_priority: 0 };
    // musl's own function is a stub.
    let result = unsafe { libc::syscall(libc::SYS_sched_setscheduler, 0, policy, &raw const parameters) };
    check(result as c_int).map(drop)
}

type Start = extern "C" fn(*mut c_void) -> *mut c_void;
type Create =
    unsafe extern "C" fn(*mut libc::pthread_t, *const libc::pthread_attr_t, Option<Start>, *mut c_void) -> c_int;

unsafe extern "C" fn create(
    thread: *mut libc::pthread_t,
    attributes: *const libc::pthread_attr_t,
    start: Option<Start>,
    argument: *mut c_void,
) -> c_int {
    let system = unsafe { libc::dlsym(libc::RTLD_NEXT, c"pthread_create".as_ptr()) };
    if system.is_null() {
        return libc::ENOSYS;
    }
    // Safety: pthread_create(3).
    let system: Create = unsafe { std::mem::transmute(system) };
    let waits = WAITS.get();
    // Neither can be refused once the first change was not; without it the new thread would only be slower.
    if waits {
        let _ = set_policy(libc::SCHED_OTHER);
    }
    let result = unsafe { system(thread, attributes, start, argument) };
    if waits {
        let _ = set_policy(libc::SCHED_BATCH);
    }
    result
}

#[cfg(target_arch = "x86_64")]
macro_rules! jump {
    () => {
        "jmp {create}"
    };
}
#[cfg(target_arch = "aarch64")]
macro_rules! jump {
    () => {
        "b {create}"
    };
}

// In assembly, because the compiler keeps no name of a program for others to find.
std::arch::global_asm!(
    ".globl pthread_create",
    ".type pthread_create, %function",
    "pthread_create:",
    jump!(),
    create = sym create,
);

#[cfg(test)]
mod tests {
    use super::*;

    fn policy() -> i64 {
        unsafe { libc::syscall(libc::SYS_sched_getscheduler, 0) }
    }

    #[test]
    fn this_thread_waits_and_those_that_it_starts_do_not() {
        let started = std::thread::spawn(|| {
            wait_for_a_turn().unwrap();
            let of_another = std::thread::spawn(policy).join().unwrap();
            (policy(), of_another)
        });
        let (own, of_another) = started.join().unwrap();
        assert_eq!(own, i64::from(libc::SCHED_BATCH));
        assert_eq!(of_another, i64::from(libc::SCHED_OTHER));
    }
}
