//! The kernel's means to take rights from a process. What to take is for the programs to say.

pub mod capability;
pub mod seccomp;

fn check(result: i32) -> Result<(), i32> {
    if result < 0 {
        Err(std::io::Error::last_os_error().raw_os_error().unwrap_or(libc::EIO))
    } else {
        Ok(())
    }
}
