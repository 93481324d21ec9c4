use super::{Action, FIRST_OF_X32, Filter, Judgement, Pattern, Rule, THIS_ARCHITECTURE, Table, compile, sock_filter};
use libc::c_long;

/// A filter that lets through what a program is known to call, on the architecture that it was built for, and nothing else.
pub struct AllowList {
    rules: Vec<Rule>,
    refused: Action,
}

impl AllowList {
    /// `refused`: what becomes of a call that is not in the list. One of another architecture always ends the process.
    pub fn new(refused: Action) -> Self {
        Self {
            rules: Vec::new(),
            refused,
        }
    }

    /// Whatever the arguments are.
    pub fn any(mut self, numbers: &[c_long]) -> Self {
        self.rules.extend(numbers.iter().map(|number| Rule {
            number: *number as u32,
            judgement: Judgement::Always(Action::Allow),
        }));
        self
    }

    /// With an argument, counted from 0, that is like one of the patterns.
    pub fn only(self, number: c_long, argument: u8, patterns: &[Pattern]) -> Self {
        let judgement = Judgement::ByArgument {
            argument,
            patterns: patterns.to_vec(),
            matched: Action::Allow,
            otherwise: self.refused,
        };
        self.with(number, judgement)
    }

    /// A program that can do without the call learns by this error number that it has to.
    pub fn fails(self, number: c_long, errno: i32) -> Self {
        self.with(number, Judgement::Always(Action::Fail(errno)))
    }

    pub fn compile(self) -> Vec<sock_filter> {
        compile(&Filter {
            tables: vec![Table {
                architecture: THIS_ARCHITECTURE,
                rules: self.rules,
                otherwise: self.refused,
                beyond: (FIRST_OF_X32, Action::KillProcess),
            }],
            elsewhere: Action::KillProcess,
        })
    }

    fn with(mut self, number: c_long, judgement: Judgement) -> Self {
        self.rules.push(Rule {
            number: number as u32,
            judgement,
        });
        self
    }
}

#[cfg(test)]
mod tests {
    use super::super::program::tests::run;
    use super::super::{AARCH64, I386, X86_64};
    use super::*;

    #[test]
    fn what_is_in_the_list_is_let_through_as_far_as_its_arguments_go() {
        let program = AllowList::new(Action::Trap)
            .any(&[1, 3])
            .only(5, 1, &[Pattern::exactly(7), Pattern::exactly(8)])
            .fails(6, 38)
            .compile();
        let call = |number, argument| run(&program, THIS_ARCHITECTURE, number, [0, argument, 0, 0, 0, 0]);
        assert_eq!([call(1, 0), call(3, 9)], [libc::SECCOMP_RET_ALLOW; 2]);
        assert_eq!([call(5, 7), call(5, 8)], [libc::SECCOMP_RET_ALLOW; 2]);
        assert_eq!(
            [call(5, 9), call(0, 0), call(2, 0), call(4, 0)],
            [libc::SECCOMP_RET_TRAP; 4]
        );
        assert_eq!(call(6, 0), libc::SECCOMP_RET_ERRNO | 38);
        assert_eq!(call(FIRST_OF_X32 + 1, 0), libc::SECCOMP_RET_KILL_PROCESS);
        for other in [X86_64, I386, AARCH64]
            .into_iter()
            .filter(|other| *other != THIS_ARCHITECTURE)
        {
            assert_eq!(run(&program, other, 1, [0; 6]), libc::SECCOMP_RET_KILL_PROCESS);
        }
    }
}
