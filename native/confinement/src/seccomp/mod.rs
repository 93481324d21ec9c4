//! seccomp(2): filters of system calls, from rules to the program that the kernel runs at each call.

mod allow_list;
mod instructions;
mod program;
mod search;

pub use allow_list::AllowList;
pub use libc::sock_filter;
pub use program::compile;

use crate::kernel::call;

/// What becomes of every call, by the architecture that it is made in: a 64-bit kernel also takes those of 32-bit programs.
pub struct Filter {
    pub tables: Vec<Table>,
    /// Calls of any other architecture.
    pub elsewhere: Action,
}

/// The calls of one architecture.
pub struct Table {
    /// AUDIT_ARCH_* of linux/audit.h.
    pub architecture: u32,
    /// The first one for a number counts.
    pub rules: Vec<Rule>,
    pub otherwise: Action,
    /// Numbers from the first on.
    pub beyond: (u32, Action),
}

/// What becomes of one call.
pub struct Rule {
    pub number: u32,
    pub judgement: Judgement,
}

pub enum Judgement {
    Always(Action),
    /// By one of the arguments, counted from 0.
    ByArgument {
        argument: u8,
        patterns: Vec<Pattern>,
        matched: Action,
        otherwise: Action,
    },
}

/// The lower 32 bits of an argument: all that the kernel looks at where an `int` is expected.
#[derive(Clone, Copy)]
pub struct Pattern {
    pub mask: u32,
    pub value: u32,
}

impl Pattern {
    pub const fn exactly(value: i32) -> Self {
        Self {
            mask: !0,
            value: value as u32,
        }
    }

    /// None of these bits.
    pub const fn without(bits: i32) -> Self {
        Self {
            mask: bits as u32,
            value: 0,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    Allow,
    /// The call fails with this error number.
    Fail(i32),
    /// SIGSYS.
    Trap,
    KillProcess,
}

/// linux/audit.h
pub const X86_64: u32 = 0xc000_003e;
pub const I386: u32 = 0x4000_0003;
pub const AARCH64: u32 = 0xc000_00b7;

#[cfg(target_arch = "x86_64")]
pub const THIS_ARCHITECTURE: u32 = X86_64;
#[cfg(target_arch = "aarch64")]
pub const THIS_ARCHITECTURE: u32 = AARCH64;

/// asm/unistd.h, __X32_SYSCALL_BIT: the same numbers with other meanings, under the architecture of x86_64.
pub const FIRST_OF_X32: u32 = 0x4000_0000;

/// For the calling thread and all that it makes, for good. It needs no_new_privs or CAP_SYS_ADMIN. It neither
/// allocates nor touches errno.
pub fn install(program: &[sock_filter]) -> Result<(), i32> {
    let program = libc::sock_fprog {
        len: program.len() as u16,
        // The kernel only reads it.
        filter: program.as_ptr().cast_mut(),
    };
    let mode = libc::SECCOMP_SET_MODE_FILTER as usize;
    unsafe { call(libc::SYS_seccomp, [mode, 0, &raw const program as usize]) }.map(drop)
}
