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

/// Ends in an answer in every case. Short, and found by halving: besides each call that is not always allowed, the kernel runs
/// the program once for each number there is, and translates it, when it is installed, which is for every process.
fn calls(table: &Table) -> Vec<sock_filter> {
    let mut body = Backward::default();
    body.search(&spans(table));
    body.push(load(NUMBER));
    body.reversed.reverse();
    body.reversed
}

/// What becomes of the numbers from one on, up to the next span's.
#[derive(Clone, Copy)]
struct Span<'a> {
    first: u32,
    verdict: Verdict<'a>,
}

#[derive(Clone, Copy)]
enum Verdict<'a> {
    Plain(Action),
    Judged(&'a Rule),
}

/// In order, from number 0, as few as there can be.
fn spans(table: &Table) -> Vec<Span<'_>> {
    let (end, beyond) = table.beyond;
    let mut rules: Vec<_> = table.rules.iter().filter(|rule| rule.number < end).collect();
    rules.sort_by_key(|rule| rule.number);
    rules.dedup_by_key(|rule| rule.number);
    let mut spans = Vec::new();
    let mut next = 0;
    for rule in rules {
        if next < rule.number {
            add(&mut spans, next, Verdict::Plain(table.otherwise));
        }
        let verdict = match rule.judgement {
            Judgement::Always(action) => Verdict::Plain(action),
            Judgement::ByArgument { .. } => Verdict::Judged(rule),
        };
        add(&mut spans, rule.number, verdict);
        next = rule.number + 1;
    }
    if next < end {
        add(&mut spans, next, Verdict::Plain(table.otherwise));
    }
    add(&mut spans, end, Verdict::Plain(beyond));
    spans
}

/// The one before goes on where that comes to the same.
fn add<'a>(spans: &mut Vec<Span<'a>>, first: u32, verdict: Verdict<'a>) {
    match spans.last() {
        Some(before) if before.verdict.is(&verdict) => {}
        _ => spans.push(Span { first, verdict }),
    }
}

impl Verdict<'_> {
    fn is(&self, other: &Self) -> bool {
        matches!((self, other), (Self::Plain(one), Self::Plain(other)) if one == other)
    }
}

/// Spans among which a single number is asked for, where that spares a comparison, rather than halved.
const FEW: usize = 5;
/// Less than what a comparison can jump over, by what comes between it and its jumps.
const FAR: usize = 250;

/// A program from its end to its start, so that what is jumped to is there already. Places are indices.
#[derive(Default)]
struct Backward {
    reversed: Vec<sock_filter>,
    /// Answers that can be jumped to.
    answers: Vec<(Action, usize)>,
}

impl Backward {
    fn push(&mut self, instruction: sock_filter) -> usize {
        self.reversed.push(instruction);
        self.reversed.len() - 1
    }

    /// What the next instruction jumps over to get there.
    fn distance(&self, place: usize) -> usize {
        self.reversed.len() - place - 1
    }

    /// Where the search among these begins.
    fn search(&mut self, spans: &[Span<'_>]) -> usize {
        if let [span] = spans {
            return self.conclude(span.verdict);
        }
        if spans.len() <= FEW
            && let Some(at) = (1..spans.len() - 1).find(|at| is_exception(&spans[at - 1..at + 2]))
        {
            let others = [&spans[..at], &spans[at + 2..]].concat();
            let (others, found) = (self.search(&others), self.conclude(spans[at].verdict));
            return self.compare(BPF_JEQ, spans[at].first, found, others);
        }
        let (lower, upper) = spans.split_at(spans.len() / 2);
        let first = upper[0].first;
        let (upper, lower) = (self.search(upper), self.search(lower));
        self.compare(BPF_JGE, first, upper, lower)
    }

    fn compare(&mut self, comparison: u32, number: u32, holds: usize, fails: usize) -> usize {
        let [holds, fails] = [holds, fails].map(|place| match self.distance(place) {
            // Unlike the others, this jump goes any distance.
            far @ FAR.. => self.push(instruction(BPF_JMP | BPF_JA, far as u32)),
            _ => place,
        });
        let [holds, fails] = [holds, fails].map(|place| self.distance(place) as u8);
        self.push(jump(comparison, number, holds, fails))
    }

    fn conclude(&mut self, verdict: Verdict<'_>) -> usize {
        match verdict {
            Verdict::Plain(action) => {
                let near = |(said, place): &&(Action, usize)| *said == action && self.distance(*place) < FAR;
                if let Some((_, place)) = self.answers.iter().rev().find(near) {
                    return *place;
                }
                let place = self.push(answer(action));
                self.answers.push((action, place));
                place
            }
            Verdict::Judged(rule) => {
                self.reversed.extend(judge(rule).into_iter().rev());
                self.reversed.len() - 1
            }
        }
    }
}

/// Whether the one in the middle is a single number, on both sides of which it is the same.
fn is_exception(three: &[Span<'_>]) -> bool {
    three[0].verdict.is(&three[2].verdict) && three[1].first + 1 == three[2].first
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

    fn run(program: &[sock_filter], architecture: u32, number: u32, arguments: [u64; 6]) -> u32 {
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
