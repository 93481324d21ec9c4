//! System calls without the C library, which keeps errno in memory that a child may share with its parent, and makes some
//! calls in the name of every thread.

use libc::c_long;
use std::arch::asm;

/// fchmodat2(2), Linux 6.6: one number on all architectures, of which libc knows it for some.
#[expect(non_upper_case_globals)] // As libc has it.
pub const SYS_fchmodat2: c_long = 452;

/// # Safety
/// That of the call itself.
pub unsafe fn call<const N: usize>(number: c_long, arguments: [usize; N]) -> Result<usize, i32> {
    let mut all = [0; 6];
    all[..N].copy_from_slice(&arguments);
    let result: isize;
    #[cfg(target_arch = "x86_64")]
    unsafe {
        asm!(
            "syscall",
            inlateout("rax") number as isize => result,
            in("rdi") all[0], in("rsi") all[1], in("rdx") all[2],
            in("r10") all[3], in("r8") all[4], in("r9") all[5],
            out("rcx") _, out("r11") _,
            options(nostack),
        );
    }
    #[cfg(target_arch = "aarch64")]
    unsafe {
        asm!(
            "svc 0",
            in("x8") number, inlateout("x0") all[0] => result,
            in("x1") all[1], in("x2") all[2], in("x3") all[3], in("x4") all[4], in("x5") all[5],
            options(nostack),
        );
    }
    outcome(result)
}

/// What a system call answers: errors are the numbers from -4095 to -1.
pub fn outcome(result: isize) -> Result<usize, i32> {
    match result {
        -4095..=-1 => Err(-result as i32),
        result => Ok(result as usize),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_and_errors_are_those_of_the_kernel_and_errno_stays() {
        let errno = || unsafe { *libc::__errno_location() };
        let before = errno();
        let pid = unsafe { call(libc::SYS_getpid, []) };
        assert_eq!(pid, Ok(std::process::id() as usize));
        assert_eq!(unsafe { call(libc::SYS_close, [usize::MAX]) }, Err(libc::EBADF));
        assert_eq!(errno(), before);
        let page = unsafe {
            call(
                libc::SYS_mmap,
                [
                    0,
                    4096,
                    0,
                    libc::MAP_PRIVATE as usize | libc::MAP_ANONYMOUS as usize,
                    usize::MAX,
                    0,
                ],
            )
        };
        assert_eq!(unsafe { call(libc::SYS_munmap, [page.unwrap(), 4096]) }, Ok(0));
    }
}
