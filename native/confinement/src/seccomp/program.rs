use super::Filter;
use super::instructions::{ARCHITECTURE, answer, instruction, jump, load};
use super::search::calls;
use libc::{BPF_JA, BPF_JEQ, BPF_JMP, sock_filter};

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

#[cfg(test)]
pub mod tests {
    use super::*;
    use crate::seccomp::instructions::{ARGUMENTS, NUMBER};
    use crate::seccomp::{AARCH64, Action, FIRST_OF_X32, I386, Judgement, Pattern, Rule, Table, X86_64};
    use libc::{BPF_ABS, BPF_ALU, BPF_AND, BPF_JGE, BPF_K, BPF_LD, BPF_W};

    pub fn run(program: &[sock_filter], architecture: u32, number: u32, arguments: [u64; 6]) -> u32 {
        follow(program, architecture, number, arguments).0
    }

    fn steps(program: &[sock_filter], number: u32) -> usize {
        follow(program, X86_64, number, [0; 6]).1
    }

    /// What the kernel would do, for the instructions that are used here, and in how many of them.
    fn follow(program: &[sock_filter], architecture: u32, number: u32, arguments: [u64; 6]) -> (u32, usize) {
        let mut at = 0;
        let mut accumulator = 0;
        for steps in 1.. {
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
                _ => return (k, steps),
            }
        }
        unreachable!("a program has no loops");
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

    /// Rules enough for every length of jump, some of them side by side.
    #[test]
    fn every_number_is_found_by_halving() {
        let numbers: Vec<u32> = (0..900).filter(|number| number % 7 < 4).rev().collect();
        let verdict = |number: u32| match number % 3 {
            0 => Action::Allow,
            _ => Action::Fail(number as i32 % 5),
        };
        let rule = |number: &u32| Rule {
            number: *number,
            judgement: Judgement::Always(verdict(*number)),
        };
        let mut rules: Vec<_> = numbers.iter().map(rule).collect();
        // The first one counts, and what lies beyond has none.
        rules.push(Rule {
            number: numbers[0],
            judgement: Judgement::Always(Action::Trap),
        });
        let beyond = (890, Action::KillProcess);
        let program = compile(&Filter {
            tables: vec![Table {
                architecture: X86_64,
                rules,
                otherwise: Action::Trap,
                beyond,
            }],
            elsewhere: Action::KillProcess,
        });
        for number in (0..1000).chain([u32::MAX]) {
            let expected = match number {
                890.. => Action::KillProcess,
                number if number % 7 < 4 => verdict(number),
                _ => Action::Trap,
            };
            assert_eq!(run(&program, X86_64, number, [0; 6]), answer(expected).k, "{number}");
        }
    }

    #[test]
    fn the_way_to_an_answer_is_short() {
        let rules = (0..256).map(|number| Rule {
            number,
            judgement: Judgement::Always(Action::Fail(number as i32)),
        });
        let program = compile(&Filter {
            tables: vec![Table {
                architecture: X86_64,
                rules: rules.collect(),
                otherwise: Action::Allow,
                beyond: (256, Action::Trap),
            }],
            elsewhere: Action::KillProcess,
        });
        // What comes before the search, and in it a comparison, perhaps with a long jump, for each halving, and an answer.
        assert!((0..400).all(|number| steps(&program, number) <= 3 + 2 * 9 + 1));
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
