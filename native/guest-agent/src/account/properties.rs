use super::{BadUser, resolve};
use crate::properties::{any_text, holds, text};
use proptest::prelude::*;

/// Lines that look like those of the databases, with few names, and others.
fn database() -> impl Strategy<Value = String> {
    let id =
        || prop_oneof![3 => text("[0-9]{1,3}"), 1 => Just("4294967295".to_owned()), 1 => text("[-+ ]?[0-9]{1,11}")];
    let line = (text("[ab]"), id(), id(), text("[ab,: ]{0,4}"))
        .prop_map(|(name, first, second, rest)| format!("{name}:x:{first}:{second}:{rest}"));
    let lines = prop::collection::vec(prop_oneof![6 => line, 1 => text("\\PC{0,20}")], 0..4);
    prop_oneof![6 => lines.prop_map(|lines| lines.join("\n")), 1 => any_text()]
}

fn specification() -> impl Strategy<Value = String> {
    prop_oneof![4 => text("[ab]?(:[ab]?)?"), 1 => text("[0-9]{1,10}(:[0-9]{1,10})?"), 1 => text("4294967295(:4294967295)?"), 1 => any_text()]
}

/// To setresuid(2) and setresgid(2) the highest id means that nothing changes: its owner would go on as root.
#[test]
fn nobody_keeps_the_ids_of_the_agent() {
    holds((specification(), database(), database()), |(user, passwd, group)| {
        match resolve(&user, &passwd, &group) {
            Ok(identity) => {
                prop_assert_ne!(identity.uid, u32::MAX);
                prop_assert_ne!(identity.gid, u32::MAX);
                prop_assert!(!identity.groups.contains(&u32::MAX));
                prop_assert!(identity.groups.len() <= 1024);
            }
            Err(BadUser(message)) => prop_assert!(!message.is_empty()),
        }
        Ok(())
    });
}
