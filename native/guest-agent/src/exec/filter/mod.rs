//! Which system calls a process in the box may make: by default all but those that container engines refuse too. What is
//! refused answers as if the right to it were missing, so that programs go on as they do in a container.

mod calls;

use calls::{Call, NEVER, ONLY_WITH};
use confinement::capability::bit;
use confinement::seccomp::{
    AARCH64, Action, Filter, I386, Judgement, Pattern, Rule, THIS_ARCHITECTURE, Table, X86_64, compile, sock_filter,
};
use libc::{
    AF_VSOCK, CLONE_NEWCGROUP, CLONE_NEWIPC, CLONE_NEWNET, CLONE_NEWNS, CLONE_NEWPID, CLONE_NEWUSER, CLONE_NEWUTS,
};
use std::sync::{Arc, Mutex};

const NAMESPACES: i32 =
    CLONE_NEWCGROUP | CLONE_NEWIPC | CLONE_NEWNET | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWUSER | CLONE_NEWUTS;

/// Execution domains that change nothing but a number in uname(2), as container engines choose them: PER_LINUX, PER_LINUX32 and
/// both with UNAME26, and the question for the present one.
const PERSONALITIES: [i32; 5] = [0, 8, 0x2_0000, 0x2_0008, -1];

/// A filter as the kernel takes it.
pub type Program = Arc<[sock_filter]>;

/// The program for a process that can have these capabilities at most. The last one is kept: as a rule the next process can
/// have the same.
pub fn program(capabilities: u64) -> Program {
    static LAST: Mutex<Option<(u64, Program)>> = Mutex::new(None);
    let mut last = LAST.lock().expect("no holder panics");
    match &*last {
        Some((of, program)) if *of == capabilities => program.clone(),
        _ => {
            let program: Program = build(capabilities).into();
            *last = Some((capabilities, program.clone()));
            program
        }
    }
}

fn build(capabilities: u64) -> Vec<sock_filter> {
    let table = |architecture, number: fn(&Call) -> Option<u32>| Table {
        architecture,
        rules: rules(number, capabilities),
        otherwise: Action::Allow,
        beyond: (calls::FIRST_UNKNOWN, Action::Fail(libc::ENOSYS)),
    };
    let tables = match THIS_ARCHITECTURE {
        AARCH64 => vec![table(AARCH64, |call| call.aarch64)],
        _ => vec![table(X86_64, |call| call.x86_64), table(I386, |call| call.i386)],
    };
    compile(&Filter {
        tables,
        elsewhere: Action::Fail(libc::ENOSYS),
    })
}

fn rules(number: fn(&Call) -> Option<u32>, capabilities: u64) -> Vec<Rule> {
    let refused = Action::Fail(libc::EPERM);
    let missing = |names: &[&str]| names.iter().all(|name| capabilities & bit(name) == 0);
    let by_argument = |patterns: Vec<Pattern>, matched, otherwise| Judgement::ByArgument {
        argument: 0,
        patterns,
        matched,
        otherwise,
    };
    let mut rules = Vec::new();
    let mut add = |call: &Call, judgement| {
        if let Some(number) = number(call) {
            rules.push(Rule { number, judgement });
        }
    };
    for (_, gated) in ONLY_WITH.iter().filter(|(names, _)| missing(names)) {
        for call in *gated {
            add(call, Judgement::Always(refused));
        }
    }
    for call in NEVER {
        add(call, Judgement::Always(refused));
    }
    if missing(&["SYS_ADMIN"]) {
        add(
            &calls::CLONE,
            by_argument(vec![Pattern::without(NAMESPACES)], Action::Allow, refused),
        );
        // Its flags lie in memory, where no filter sees them; the C libraries then take clone.
        add(&calls::CLONE3, Judgement::Always(Action::Fail(libc::ENOSYS)));
    }
    let harmless = PERSONALITIES.map(Pattern::exactly).to_vec();
    add(&calls::PERSONALITY, by_argument(harmless, Action::Allow, refused));
    // The host's end of vsock is the agent's alone.
    let vsock = vec![Pattern::exactly(AF_VSOCK)];
    add(&calls::SOCKET, by_argument(vsock, refused, Action::Allow));
    rules
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exec::capabilities::DEFAULT;

    #[test]
    fn numbers_are_those_of_the_kernel() {
        let table = [
            ("clone", libc::SYS_clone),
            ("socket", libc::SYS_socket),
            ("mount", libc::SYS_mount),
            ("keyctl", libc::SYS_keyctl),
            ("pivot_root", libc::SYS_pivot_root),
            ("io_uring_setup", libc::SYS_io_uring_setup),
            ("userfaultfd", libc::SYS_userfaultfd),
        ];
        let native: fn(&Call) -> Option<u32> = match THIS_ARCHITECTURE {
            AARCH64 => |call| call.aarch64,
            _ => |call| call.x86_64,
        };
        let gated = ONLY_WITH.iter().flat_map(|(_, calls)| *calls);
        let all: Vec<_> = gated.chain(NEVER).chain([&calls::CLONE, &calls::SOCKET]).collect();
        for (name, number) in table {
            let call = all.iter().find(|call| call.name == name).unwrap();
            assert_eq!(native(call).map(libc::c_long::from), Some(number), "{name}");
        }
    }

    #[test]
    fn a_capability_opens_what_it_is_for() {
        let refuses = |capabilities, number: libc::c_long| {
            rules(|call| call.x86_64, capabilities)
                .iter()
                .any(|rule| libc::c_long::from(rule.number) == number && matches!(rule.judgement, Judgement::Always(_)))
        };
        // Of x86_64.
        let (mount, clone3, keyctl, perf_event_open, chroot) = (165, 435, 250, 298, 161);
        assert!(refuses(DEFAULT, mount));
        assert!(!refuses(bit("SYS_ADMIN"), mount));
        assert!(!refuses(bit("SYS_ADMIN"), clone3));
        assert!(refuses(!0, keyctl));
        // What either of two capabilities is enough for.
        assert!(refuses(DEFAULT, perf_event_open));
        assert!(!refuses(bit("PERFMON"), perf_event_open));
        assert!(!refuses(bit("SYS_ADMIN"), perf_event_open));
        assert!(!refuses(DEFAULT, chroot));
        assert!(refuses(0, chroot));
    }

    #[test]
    fn a_call_has_one_rule_at_most() {
        for number in [
            (|call: &Call| call.x86_64) as fn(&Call) -> Option<u32>,
            |call| call.i386,
            |call| call.aarch64,
        ] {
            let mut numbers: Vec<_> = rules(number, 0).iter().map(|rule| rule.number).collect();
            numbers.sort_unstable();
            let all = numbers.len();
            numbers.dedup();
            assert_eq!(numbers.len(), all);
        }
    }

    #[test]
    fn the_program_kept_is_the_one_for_these_capabilities() {
        for capabilities in [0, 0, !0, DEFAULT, !0] {
            let (kept, built) = (program(capabilities), build(capabilities));
            let fields = |program: &[sock_filter]| -> Vec<_> {
                let fields = |step: &sock_filter| (step.code, step.jt, step.jf, step.k);
                program.iter().map(fields).collect()
            };
            assert_eq!(fields(&kept), fields(&built));
        }
    }

    #[test]
    fn the_program_fits_into_the_kernel() {
        assert!(build(0).len() < usize::try_from(libc::BPF_MAXINSNS).unwrap());
    }
}
