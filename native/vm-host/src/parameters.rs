//! Whether a call fits libkrun's C API. What is called with other arguments reads whatever lies in registers.

#[path = "gen/api.rs"]
mod api;

use crate::argument::Arg;
use api::FUNCTIONS;

/// What is wrong with the arguments of a function of libkrun. Of one that the table does not have nothing is known; a
/// library that does not have it either fails the start.
pub fn fault(function: &str, args: &[Arg]) -> Option<String> {
    let (_, kinds) = FUNCTIONS.iter().find(|(name, _)| *name == function)?;
    if args.len() != kinds.len() {
        return Some(format!(
            "{function} takes {} arguments, not {}",
            kinds.len(),
            args.len()
        ));
    }
    let at = kinds.iter().zip(args).position(|(kind, arg)| !fits(kind, arg))?;
    Some(format!("{function} takes no such argument at {at}, but {}", kinds[at]))
}

fn fits(kind: &str, arg: &Arg) -> bool {
    match kind {
        "context" | "console" => matches!(arg, Arg::Ref(_)),
        "u8" => matches!(arg, Arg::U8(_)),
        "u16" => matches!(arg, Arg::U32(n) if *n <= u32::from(u16::MAX)),
        "u32" => matches!(arg, Arg::U32(_)),
        "u64" | "size" => matches!(arg, Arg::U64(_)),
        "i32" => matches!(arg, Arg::I32(_)),
        "bool" => matches!(arg, Arg::Bool(_)),
        "str" => matches!(arg, Arg::Str(Some(_))),
        "str?" => matches!(arg, Arg::Str(_)),
        "path" => matches!(arg, Arg::Place(_) | Arg::Str(Some(_))),
        "path?" => matches!(arg, Arg::Place(_) | Arg::Str(_)),
        "strs" => matches!(arg, Arg::Strs(Some(_))),
        "bytes" => matches!(arg, Arg::Bytes(_)),
        "fd" => matches!(arg, Arg::Fd(_) | Arg::Peer(_) | Arg::I32(_)),
        // A pointer to what the protocol cannot write.
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn number_and_kinds_are_those_of_the_table() {
        let context = || Arg::Ref("ctx".into());
        assert_eq!(fault("krun_set_vm_config", &[context(), Arg::U8(1), Arg::U32(2)]), None);
        let message = |args: &[Arg]| fault("krun_set_vm_config", args).unwrap();
        assert_eq!(message(&[context()]), "krun_set_vm_config takes 3 arguments, not 1");
        assert_eq!(
            message(&[context(), Arg::U32(1), Arg::U32(2)]),
            "krun_set_vm_config takes no such argument at 1, but u8"
        );
        assert!(fault("krun_set_root", &[context(), Arg::Str(None)]).is_some());
        assert_eq!(fault("krun_set_root", &[context(), Arg::Place("/root".into())]), None);
        assert_eq!(fault("krun_of_tomorrow", &[]), None);
    }

    #[test]
    fn every_kind_but_pointers_can_be_written() {
        let written = [
            Arg::Ref(String::new()),
            Arg::U8(0),
            Arg::U32(0),
            Arg::U64(0),
            Arg::I32(0),
            Arg::Bool(true),
            Arg::Str(Some(String::new())),
            Arg::Strs(Some(Vec::new())),
            Arg::Bytes(Vec::new()),
        ];
        for kind in FUNCTIONS.iter().flat_map(|(_, kinds)| *kinds) {
            assert_eq!(written.iter().any(|arg| fits(kind, arg)), *kind != "pointer", "{kind}");
        }
    }
}
