//! Classic BPF; bpf(4) of OpenBSD for the instructions.

use super::{Action, Judgement, Pattern, Rule};
use libc::{BPF_ABS, BPF_ALU, BPF_AND, BPF_JEQ, BPF_JMP, BPF_K, BPF_LD, BPF_RET, BPF_W, sock_filter};

/// Offsets in `struct seccomp_data`.
pub const NUMBER: u32 = 0;
pub const ARCHITECTURE: u32 = 4;
pub const ARGUMENTS: u32 = 16;

/// Ends in an answer in every case.
pub fn judge(rule: &Rule) -> Vec<sock_filter> {
    match &rule.judgement {
        Judgement::Always(action) => vec![answer(*action)],
        Judgement::ByArgument {
            argument,
            patterns,
            matched,
            otherwise,
        } => {
            let mut body = Vec::new();
            for Pattern { mask, value } in patterns {
                body.push(load(ARGUMENTS + 8 * u32::from(*argument)));
                body.push(instruction(BPF_ALU | BPF_AND | BPF_K, *mask));
                body.push(jump(BPF_JEQ, *value, 0, 1));
                body.push(answer(*matched));
            }
            body.push(answer(*otherwise));
            body
        }
    }
}

pub fn load(offset: u32) -> sock_filter {
    instruction(BPF_LD | BPF_W | BPF_ABS, offset)
}

pub fn answer(action: Action) -> sock_filter {
    let value = match action {
        Action::Allow => libc::SECCOMP_RET_ALLOW,
        Action::Fail(errno) => libc::SECCOMP_RET_ERRNO | errno as u32,
        Action::Trap => libc::SECCOMP_RET_TRAP,
        Action::KillProcess => libc::SECCOMP_RET_KILL_PROCESS,
    };
    instruction(BPF_RET | BPF_K, value)
}

pub fn instruction(code: u32, k: u32) -> sock_filter {
    sock_filter {
        code: code as u16,
        jt: 0,
        jf: 0,
        k,
    }
}

/// Skips so many instructions when the comparison holds, or does not.
pub fn jump(comparison: u32, k: u32, holds: u8, fails: u8) -> sock_filter {
    sock_filter {
        code: (BPF_JMP | comparison | BPF_K) as u16,
        jt: holds,
        jf: fails,
        k,
    }
}
