//! How a child comes to be: as vfork(2) makes it, in its parent's memory, but without the parent standing still meanwhile. To
//! copy the agent's page tables, and then each page that either of them writes to, would cost more than all the rest.

use super::child::Frame;
use super::failure::Report;
use super::stack::Stack;
use confinement::kernel::outcome;
use std::arch::asm;
use std::io;
use std::mem::forget;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};

/// What a child uses of the agent's memory until it has executed its command or has ended.
pub struct Launch(Option<Box<Used>>);

struct Used {
    frame: Frame,
    stack: Stack,
}

/// A child that is under way to its command. It is not to be reaped before somebody waits for it.
pub struct Child {
    pub pid: libc::pid_t,
    pub pidfd: OwnedFd,
    pub launch: Launch,
}

/// CLONE_INTO_CGROUP of linux/sched.h, Linux 5.7.
const INTO_CGROUP: u64 = 1 << 33;

type Entry = unsafe extern "C" fn(*const Frame) -> !;

/// `cgroup` is the directory of the group that it is born in.
pub fn launch(frame: Frame, cgroup: Option<BorrowedFd<'_>>) -> io::Result<Child> {
    launch_into(frame, cgroup, Frame::run)
}

fn launch_into(frame: Frame, cgroup: Option<BorrowedFd<'_>>, entry: Entry) -> io::Result<Child> {
    let used = Box::new(Used {
        frame,
        stack: Stack::take()?,
    });
    let mut pidfd: RawFd = -1;
    let pid = unsafe { clone(&used, cgroup, &mut pidfd, entry) };
    let pid = pid.map_err(io::Error::from_raw_os_error)?;
    Ok(Child {
        pid,
        pidfd: unsafe { OwnedFd::from_raw_fd(pidfd) },
        launch: Launch(Some(used)),
    })
}

impl Launch {
    /// To be called when the child has executed its command or has ended. Answers what it has said, once.
    pub fn over(&mut self) -> Option<Report> {
        let Used { frame, stack } = *self.0.take()?;
        stack.give_back();
        frame.report()
    }
}

impl Drop for Launch {
    fn drop(&mut self) {
        // The child may still be there. Only a runtime that ends comes here.
        forget(self.0.take());
    }
}

/// # Safety
/// `used` stays where it is for as long as the child uses it. The agent handles no signal: a handler would run in the child, in
/// this memory.
unsafe fn clone(
    used: &Used,
    cgroup: Option<BorrowedFd<'_>>,
    pidfd: &mut RawFd,
    entry: Entry,
) -> Result<libc::pid_t, i32> {
    let flags = libc::CLONE_VM | libc::CLONE_PIDFD;
    let pidfd = &raw mut *pidfd as usize;
    let stack = used.stack.top();
    let pid = match cgroup {
        // The other call has no room for it.
        Some(cgroup) => {
            let mut arguments: libc::clone_args = unsafe { std::mem::zeroed() };
            arguments.flags = flags as u64 | INTO_CGROUP;
            arguments.pidfd = pidfd as u64;
            arguments.exit_signal = libc::SIGCHLD as u64;
            // Its lowest address and its size, of which the kernel only takes the sum.
            arguments.stack = stack as u64 - STACK_ALIGNMENT;
            arguments.stack_size = STACK_ALIGNMENT;
            arguments.cgroup = cgroup.as_raw_fd() as u64;
            let arguments = [&raw const arguments as usize, size_of::<libc::clone_args>(), 0];
            unsafe { make_child(libc::SYS_clone3, arguments, &used.frame, entry) }
        }
        None => {
            let arguments = [flags as usize | libc::SIGCHLD as usize, stack, pidfd];
            unsafe { make_child(libc::SYS_clone, arguments, &used.frame, entry) }
        }
    };
    outcome(pid).map(|pid| pid as libc::pid_t)
}

const STACK_ALIGNMENT: u64 = 16;

/// The child has its own stack from the first instruction on, so it never returns from here.
#[cfg(target_arch = "x86_64")]
unsafe fn make_child(number: libc::c_long, arguments: [usize; 3], frame: *const Frame, entry: Entry) -> isize {
    let result: isize;
    unsafe {
        asm!(
            "syscall",
            "test rax, rax",
            "jnz 2f",
            "xor ebp, ebp",
            "mov rdi, {frame}",
            "call {entry}",
            "ud2",
            "2:",
            frame = in(reg) frame,
            entry = in(reg) entry,
            inlateout("rax") number as isize => result,
            in("rdi") arguments[0], in("rsi") arguments[1], in("rdx") arguments[2],
            in("r10") 0, in("r8") 0,
            out("rcx") _, out("r11") _,
        );
    }
    result
}

#[cfg(target_arch = "aarch64")]
unsafe fn make_child(number: libc::c_long, arguments: [usize; 3], frame: *const Frame, entry: Entry) -> isize {
    let result: isize;
    unsafe {
        asm!(
            "svc 0",
            "cbnz x0, 2f",
            "mov x29, xzr",
            "mov x0, {frame}",
            "blr {entry}",
            "brk #1",
            "2:",
            frame = in(reg) frame,
            entry = in(reg) entry,
            in("x8") number,
            inlateout("x0") arguments[0] => result,
            in("x1") arguments[1], in("x2") arguments[2], in("x3") 0, in("x4") 0,
        );
    }
    result
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::allocations;
    use crate::exec::agent::Agent;
    use crate::exec::command::Command;
    use crate::proto::agent::{EnvironmentVariable, ExecStart, ResourceLimit};
    use confinement::kernel::call;
    use std::io::Read;
    use std::io::pipe;
    use std::path::PathBuf;

    fn frame(start: ExecStart) -> (Frame, io::PipeReader) {
        let command = Command::plan(&start, &Agent::this(true)).unwrap();
        let (reader, writer) = pipe().unwrap();
        let fd = writer.as_raw_fd();
        // Stays open in the test, too.
        forget(writer);
        (Frame::new(command, [fd; 3]), reader)
    }

    fn wait(child: &mut Child) -> (i32, Option<Report>) {
        let mut status = 0;
        assert_eq!(unsafe { libc::waitpid(child.pid, &mut status, 0) }, child.pid);
        (status, child.launch.over())
    }

    unsafe extern "C" fn allocate(_: *const Frame) -> ! {
        unsafe {
            std::hint::black_box(std::alloc::alloc(std::alloc::Layout::new::<u64>()));
            crate::exec::child::exit()
        }
    }

    unsafe extern "C" fn tell_dumpable(_: *const Frame) -> ! {
        unsafe {
            let dumpable = call(libc::SYS_prctl, [libc::PR_GET_DUMPABLE as usize, 0, 0, 0, 0]);
            let _ = call(libc::SYS_exit_group, [dumpable.unwrap_or(255)]);
            crate::exec::child::exit()
        }
    }

    fn directory() -> PathBuf {
        std::env::temp_dir().join(format!("a3s-launch-{}", std::process::id()))
    }

    fn every_step(argv: &str) -> ExecStart {
        ExecStart {
            argv: vec![argv.to_owned(), "-c".to_owned(), "echo here; exit 3".to_owned()],
            env: vec![EnvironmentVariable {
                name: "PATH".to_owned(),
                value: "/no/such:/usr/bin:/bin".to_owned(),
            }],
            cwd: directory().join("made/on the way").to_str().unwrap().to_owned(),
            limits: vec![ResourceLimit {
                name: "core".to_owned(),
                soft: 0,
                hard: 0,
            }],
            ..ExecStart::default()
        }
    }

    #[test]
    fn a_child_allocates_nothing_on_its_way() {
        allocations::watch();
        let (frame, mut said) = frame(every_step("sh"));
        let mut child = launch(frame, None).unwrap();
        let mut line = [0; 5];
        said.read_exact(&mut line).unwrap();
        assert_eq!((&line, wait(&mut child)), (b"here\n", (3 << 8, None)));

        let (frame, _said) = self::frame(every_step("no-such-command"));
        let (status, report) = wait(&mut launch(frame, None).unwrap());
        assert_eq!(
            (status, report.map(|report| report.errno)),
            (127 << 8, Some(libc::ENOENT))
        );
        assert_eq!(allocations::of_children(), 0);

        let _ = std::fs::remove_dir_all(directory());
        // And it would have been seen.
        let (frame, _said) = self::frame(every_step("sh"));
        wait(&mut launch_into(frame, None, allocate).unwrap());
        assert_eq!(allocations::of_children(), 1);
    }

    /// ptrace(2): only CAP_SYS_PTRACE gets at what is not dumpable, and what shares its memory is not either.
    #[test]
    fn a_child_that_shares_the_memory_is_traced_by_nobody() {
        crate::system::forbid_tracing();
        let (frame, _said) = frame(every_step("sh"));
        let (status, _) = wait(&mut launch_into(frame, None, tell_dumpable).unwrap());
        assert_eq!(status, 0);
    }

    #[test]
    fn what_the_child_is_not_done_with_is_never_freed() {
        let (frame, _said) = frame(every_step("sh"));
        let mut child = launch(frame, None).unwrap();
        let used = child.launch.0.as_deref().map(|used| used.stack.top()).unwrap();
        drop(std::mem::replace(&mut child.launch, Launch(None)));
        // It is still mapped.
        let page = (used - 4096) as *mut libc::c_void;
        assert_eq!(unsafe { libc::msync(page, 4096, libc::MS_ASYNC) }, 0);
        wait(&mut child);
    }
}
