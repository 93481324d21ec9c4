//! Classic BPF; bpf(4) of OpenBSD for the instructions.

use super::{Action, Filter, Judgement, Pattern, Rule, Table};
use libc::{BPF_ABS, BPF_ALU, BPF_AND, BPF_JA, BPF_JEQ, BPF_JGE, BPF_JMP, BPF_K, BPF_LD, BPF_RET, BPF_W, sock_filter};

/// Offsets in `struct seccomp_data`.
const NUMBER: u32 = 0;
const ARCHITECTURE: u32 = 4;
const ARGUMENTS: u32 = 16;

pub fn compile(filter: &Filter) -> Vec<sock_filter> {
    let mut program = vec![load(ARCHITECTURE)];
    for table in &filter.tables {
        let body = calls(table);
        program.push(jump(BPF_JEQ, table.architecture, 1, 0));
        // Unlike the others, this jump goes any distance.
        program.push(instruction(BPF_JMP | BPF_JA, body.len() as u32));
        program.extend(body);
    }
    program.push(answer(filter.elsewhere));
    program
}

/// Ends in an answer in every case.
fn calls(table: &Table) -> Vec<sock_filter> {
    let (first, beyond) = table.beyond;
    let mut body = vec![load(NUMBER), jump(BPF_JGE, first, 0, 1), answer(beyond)];
    for rule in &table.rules {
        let judged = judge(rule);
        body.push(jump(BPF_JEQ, rule.number, 0, judged.len() as u8));
        body.extend(judged);
    }
    body.push(answer(table.otherwise));
    body
}

/// Ends in an answer in every case.
fn judge(rule: &Rule) -> Vec<sock_filter> {
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

fn load(offset: u32) -> sock_filter {
    instruction(BPF_LD | BPF_W | BPF_ABS, offset)
}

fn answer(action: Action) -> sock_filter {
    let value = match action {
        Action::Allow => libc::SECCOMP_RET_ALLOW,
        Action::Fail(errno) => libc::SECCOMP_RET_ERRNO | errno as u32,
        Action::Trap => libc::SECCOMP_RET_TRAP,
        Action::KillProcess => libc::SECCOMP_RET_KILL_PROCESS,
    };
    instruction(BPF_RET | BPF_K, value)
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
    use super::super::{AARCH64, FIRST_OF_X32, I386, X86_64};
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
                _ if code == BPF_JMP | BPF_JA => at += k as usize,
                _ if code == BPF_JMP | BPF_JEQ | BPF_K => at += usize::from(if accumulator == k { jt } else { jf }),
                _ if code == BPF_JMP | BPF_JGE | BPF_K => at += usize::from(if accumulator >= k { jt } else { jf }),
                _ => return k,
            }
        }
    }

    const FAILS: u32 = libc::SECCOMP_RET_ERRNO;

    fn example() -> Vec<sock_filter> {
        let patterns = vec![
            Pattern {
                mask: 0xff00,
                value: 0xae00,
            },
            Pattern::exactly(5),
        ];
        let rule = |number, judgement| Rule { number, judgement };
        let by_argument = Judgement::ByArgument {
            argument: 1,
            patterns,
            matched: Action::Allow,
            otherwise: Action::Fail(1),
        };
        compile(&Filter {
            tables: vec![
                Table {
                    architecture: X86_64,
                    rules: vec![rule(7, Judgement::Always(Action::Allow)), rule(8, by_argument)],
                    otherwise: Action::Trap,
                    beyond: (FIRST_OF_X32, Action::KillProcess),
                },
                Table {
                    architecture: I386,
                    rules: vec![rule(7, Judgement::Always(Action::Fail(2)))],
                    otherwise: Action::Allow,
                    beyond: (100, Action::Fail(38)),
                },
            ],
            elsewhere: Action::KillProcess,
        })
    }

    #[test]
    fn calls_are_judged_by_number_and_argument() {
        let program = example();
        let call = |number, argument| run(&program, X86_64, number, [0, argument, 0, 0, 0, 0]);
        assert_eq!(call(7, 0), libc::SECCOMP_RET_ALLOW);
        assert_eq!(call(6, 0), libc::SECCOMP_RET_TRAP);
        assert_eq!(call(8, 0xae80), libc::SECCOMP_RET_ALLOW);
        assert_eq!(call(8, 0x1_0000_0005), libc::SECCOMP_RET_ALLOW);
        assert_eq!(call(8, 0xaf80), FAILS | 1);
    }

    #[test]
    fn each_architecture_has_its_own_numbers() {
        let program = example();
        let call = |architecture, number| run(&program, architecture, number, [0; 6]);
        assert_eq!(call(I386, 7), FAILS | 2);
        assert_eq!(call(I386, 8), libc::SECCOMP_RET_ALLOW);
        assert_eq!(call(I386, 100), FAILS | 38);
        assert_eq!(call(X86_64, 7 | FIRST_OF_X32), libc::SECCOMP_RET_KILL_PROCESS);
        assert_eq!(call(AARCH64, 7), libc::SECCOMP_RET_KILL_PROCESS);
    }
}
