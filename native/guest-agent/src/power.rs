use rustix::fs::{Mode, OFlags, open};
use std::os::fd::{AsRawFd, OwnedFd};
use std::panic::PanicHookInfo;

/// Exit codes of a VM whose agent did not get as far as an orderly shutdown. Below 125, which libkrun's init uses.
pub const EXIT_BOOT_FAILED: i32 = 120;
pub const EXIT_NO_DOORBELL: i32 = 121;
pub const EXIT_PANIC: i32 = 122;

/// libkrun's virtio-fs answers this request on its root: the VMM process will end with the argument.
const SET_EXIT_CODE: libc::Ioctl = 0x7602;

/// The way out of the VM, with an exit code.
pub struct Power {
    /// The virtio-fs root, opened before anything is mounted over it.
    root: Option<OwnedFd>,
}

impl Power {
    pub fn open() -> Self {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        Self {
            root: open("/", flags, Mode::empty()).ok(),
        }
    }

    pub fn off(&self, code: i32) -> ! {
        set_exit_code(self.root.as_ref().map(AsRawFd::as_raw_fd), code);
        unsafe {
            libc::sync();
            libc::reboot(libc::RB_AUTOBOOT);
            // Without CAP_SYS_BOOT the end of PID 1 ends the VM as well.
            libc::_exit(code)
        }
    }

    /// A panic of PID 1 would only be a kernel panic with no cause given.
    pub fn off_on_panic(&self) {
        let root = self.root.as_ref().map(AsRawFd::as_raw_fd);
        std::panic::set_hook(Box::new(move |info: &PanicHookInfo<'_>| {
            eprintln!("a3s-agent: {info}");
            set_exit_code(root, EXIT_PANIC);
            unsafe {
                libc::reboot(libc::RB_AUTOBOOT);
                libc::_exit(EXIT_PANIC)
            }
        }));
    }
}

fn set_exit_code(root: Option<i32>, code: i32) {
    if let Some(root) = root {
        unsafe { libc::ioctl(root, SET_EXIT_CODE, code) };
    }
}
