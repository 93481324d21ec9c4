use super::agent::Agent;
use super::command::Command;
use super::limits::Limits;
use crate::properties::{any_text, holds, text};
use crate::proto::agent::{EnvironmentVariable, ExecStart};
use proptest::prelude::*;
use prost_types::Duration;

const AGENT: Agent = Agent {
    is_root: false,
    capabilities: 0,
    hard_nofile: 1024,
    shielded: false,
};

fn start() -> impl Strategy<Value = ExecStart> {
    let word = || prop_oneof![text("[a-z/.:=]{0,8}"), any_text()];
    let variable = (prop_oneof![Just("PATH".to_owned()), word()], word())
        .prop_map(|(name, value)| EnvironmentVariable { name, value });
    let duration = || {
        let parts = (prop_oneof![0..9i64, any::<i64>()], any::<i32>());
        prop::option::of(parts.prop_map(|(seconds, nanos)| Duration { seconds, nanos }))
    };
    let words = (
        prop::collection::vec(word(), 0..4),
        prop::collection::vec(variable, 0..4),
        word(),
    );
    (words, duration(), duration(), any::<i32>(), any::<bool>()).prop_map(
        |((argv, env, cwd), timeout, kill_grace, stop_signal, detach)| ExecStart {
            argv,
            env,
            cwd,
            timeout,
            kill_grace,
            stop_signal,
            detach,
            ..ExecStart::default()
        },
    )
}

#[test]
fn a_command_is_planned_as_it_was_asked_for_or_refused_with_a_reason() {
    holds(start(), |start| {
        match Command::plan(&start, &AGENT) {
            Ok(command) => {
                let argv: Vec<_> = command.argv.iter().map(|argument| argument.to_bytes()).collect();
                let asked: Vec<_> = start.argv.iter().map(String::as_bytes).collect();
                prop_assert_eq!(argv, asked);
                prop_assert_eq!(command.env.len(), start.env.len());
                prop_assert_eq!(command.cwd.to_bytes().first(), Some(&b'/'));
            }
            Err(failure) => prop_assert!(!failure.message.is_empty()),
        }
        // Whatever they are, they do not overflow the clock.
        if let Ok(limits) = Limits::of(&start) {
            let _ = std::time::Instant::now() + limits.timeout.unwrap_or_default() + limits.grace;
        }
        Ok(())
    });
}
