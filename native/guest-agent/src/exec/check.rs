/// The errno of a system call that failed. Safe to use between fork and exec.
pub fn check(result: i32) -> Result<(), i32> {
    if result < 0 { Err(errno()) } else { Ok(()) }
}

pub fn errno() -> i32 {
    unsafe { *libc::__errno_location() }
}
