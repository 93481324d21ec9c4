//! Allow-lists as classic BPF programs: seccomp(2), bpf(4) of OpenBSD for the instructions.

use libc::{BPF_ABS, BPF_ALU, BPF_AND, BPF_JEQ, BPF_JGE, BPF_JMP, BPF_K, BPF_LD, BPF_RET, BPF_W, sock_filter};

/// A system call that is allowed.
pub struct Rule {
    pub number: libc::c_long,
    /// None: whatever its arguments are. Otherwise one of them has to look like one of these.
    pub only: Option<(u8, Vec<Pattern>)>,
    /// What becomes of it otherwise: an error number for calls that have a fallback, or the end.
    pub otherwise: Otherwise,
}

/// The lower 32 bits of an argument: all that the kernel looks at where an `int` is expected.
#[derive(Clone, Copy)]
pub struct Pattern {
    pub mask: u32,
    pub value: u32,
}

#[derive(Clone, Copy)]
pub enum Otherwise {
    Trap,
    Answer(i32),
}

/// Offsets in `struct seccomp_data`.
const NUMBER: u32 = 0;
const ARCHITECTURE: u32 = 4;
const ARGUMENTS: u32 = 16;

/// linux/audit.h
#[cfg(target_arch = "x86_64")]
const THIS_ARCHITECTURE: u32 = 0xc000_003e;
#[cfg(target_arch = "aarch64")]
const THIS_ARCHITECTURE: u32 = 0xc000_00b7;
/// asm/unistd.h, __X32_SYSCALL_BIT: the same numbers with other meanings.
const FIRST_OF_X32: u32 = 0x4000_0000;

pub fn compile(rules: &[Rule]) -> Vec<sock_filter> {
    let mut program = vec![
        load(ARCHITECTURE),
        jump(BPF_JEQ, THIS_ARCHITECTURE, 1, 0),
        answer(libc::SECCOMP_RET_KILL_PROCESS),
        load(NUMBER),
        jump(BPF_JGE, FIRST_OF_X32, 0, 1),
        answer(libc::SECCOMP_RET_KILL_PROCESS),
    ];
    for rule in rules {
        let body = body(rule);
        program.push(jump(BPF_JEQ, rule.number as u32, 0, body.len() as u8));
        program.extend(body);
    }
    program.push(answer(libc::SECCOMP_RET_TRAP));
    program
}

/// Ends in an answer in every case.
fn body(rule: &Rule) -> Vec<sock_filter> {
    let allow = answer(libc::SECCOMP_RET_ALLOW);
    let Some((argument, patterns)) = &rule.only else {
        return vec![allow];
    };
    let mut body = Vec::new();
    for Pattern { mask, value } in patterns {
        body.push(load(ARGUMENTS + 8 * u32::from(*argument)));
        body.push(instruction(BPF_ALU | BPF_AND | BPF_K, *mask));
        body.push(jump(BPF_JEQ, *value, 0, 1));
        body.push(allow);
    }
    body.push(match rule.otherwise {
        Otherwise::Trap => answer(libc::SECCOMP_RET_TRAP),
        Otherwise::Answer(errno) => answer(libc::SECCOMP_RET_ERRNO | errno as u32),
    });
    body
}

fn load(offset: u32) -> sock_filter {
    instruction(BPF_LD | BPF_W | BPF_ABS, offset)
}

fn answer(action: u32) -> sock_filter {
    instruction(BPF_RET | BPF_K, action)
}

fn instruction(code: u32, k: u32) -> sock_filter {
    sock_filter {
        code: code as u16,
        jt: 0,
        jf: 0,
        k,
    }
}

/// Skips so many instructions when the comparison holds, or does not.
fn jump(comparison: u32, k: u32, holds: u8, fails: u8) -> sock_filter {
    sock_filter {
        code: (BPF_JMP | comparison | BPF_K) as u16,
        jt: holds,
        jf: fails,
        k,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the kernel would do, for the instructions that are used here.
    fn run(program: &[sock_filter], architecture: u32, number: u32, arguments: [u64; 6]) -> u32 {
        let mut at = 0;
        let mut accumulator = 0;
        loop {
            let sock_filter { code, jt, jf, k } = program[at];
            let code = u32::from(code);
            at += 1;
            match code {
                _ if code == BPF_LD | BPF_W | BPF_ABS => {
                    accumulator = match k {
                        NUMBER => number,
                        ARCHITECTURE => architecture,
                        offset => arguments[(offset - ARGUMENTS) as usize / 8] as u32,
                    }
                }
                _ if code == BPF_ALU | BPF_AND | BPF_K => accumulator &= k,
                _ if code == BPF_JMP | BPF_JEQ | BPF_K => at += usize::from(if accumulator == k { jt } else { jf }),
                _ if code == BPF_JMP | BPF_JGE | BPF_K => at += usize::from(if accumulator >= k { jt } else { jf }),
                _ => return k,
            }
        }
    }

    fn rules() -> [Rule; 3] {
        let rule = |number, only, otherwise| Rule {
            number,
            only,
            otherwise,
        };
        let either = [(0xff00, 0xae00), (!0, 5)].map(|(mask, value)| Pattern { mask, value });
        [
            rule(7, None, Otherwise::Trap),
            rule(8, Some((1, either.to_vec())), Otherwise::Trap),
            rule(9, Some((0, Vec::new())), Otherwise::Answer(38)),
        ]
    }

    #[test]
    fn what_is_listed_is_allowed_and_nothing_else() {
        let program = compile(&rules());
        let call = |number, argument| run(&program, THIS_ARCHITECTURE, number, [0, argument, 0, 0, 0, 0]);
        assert_eq!(call(7, 0), libc::SECCOMP_RET_ALLOW);
        assert_eq!(call(6, 0), libc::SECCOMP_RET_TRAP);
        assert_eq!(call(8, 0xae80), libc::SECCOMP_RET_ALLOW);
        assert_eq!(call(8, 0x1_0000_0005), libc::SECCOMP_RET_ALLOW);
        assert_eq!(call(8, 0xaf80), libc::SECCOMP_RET_TRAP);
        assert_eq!(call(9, 0), libc::SECCOMP_RET_ERRNO | 38);
    }

    #[test]
    fn calls_of_another_architecture_are_not_mistaken_for_this_ones() {
        let program = compile(&rules());
        assert_eq!(run(&program, 0x4000_0003, 7, [0; 6]), libc::SECCOMP_RET_KILL_PROCESS);
        assert_eq!(
            run(&program, THIS_ARCHITECTURE, 7 | FIRST_OF_X32, [0; 6]),
            libc::SECCOMP_RET_KILL_PROCESS
        );
    }
}
