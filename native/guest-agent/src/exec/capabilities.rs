use super::failure::Failure;
use crate::proto::agent::Capabilities;
use confinement::capability::{NAMES, bits, bounding, permitted};

/// What a container engine gives a process that asks for nothing: enough for the servers and package managers of images.
pub const DEFAULT: u64 = bits(&[
    "CHOWN",
    "DAC_OVERRIDE",
    "FSETID",
    "FOWNER",
    "MKNOD",
    "NET_RAW",
    "SETGID",
    "SETUID",
    "SETFCAP",
    "SETPCAP",
    "NET_BIND_SERVICE",
    "SYS_CHROOT",
    "KILL",
    "AUDIT_WRITE",
]);

/// Capabilities as bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Granted {
    /// What root, or a program that makes itself root, can have at most.
    pub bounding: u64,
    /// What was asked for by name: a process that is not root has these and no others.
    pub named: u64,
}

impl Granted {
    /// What is asked for, of what the agent has itself. As container engines read it: "ALL" first, then single names,
    /// and a name that is dropped is not had, whoever adds it.
    pub fn plan(asked: &Capabilities, available: u64) -> Result<Self, Failure> {
        let (add_all, add) = read(&asked.add)?;
        let (drop_all, drop) = read(&asked.drop)?;
        if add & !available != 0 {
            return Err(Failure::invalid(
                "a capability is asked for that the agent itself does not have",
            ));
        }
        let base = match (add_all, drop_all) {
            (true, _) => available,
            (false, true) => 0,
            (false, false) => DEFAULT & available,
        };
        Ok(Self {
            bounding: (base | add) & !drop,
            named: (if add_all { available } else { add }) & !drop,
        })
    }
}

/// Whether "ALL" is among the names, and the bits of the others.
fn read(names: &[String]) -> Result<(bool, u64), Failure> {
    let mut all = false;
    let mut found = 0;
    for name in names {
        let upper = name.to_ascii_uppercase();
        let short = upper.strip_prefix("CAP_").unwrap_or(&upper);
        match NAMES.iter().position(|known| *known == short) {
            Some(number) => found |= 1 << number,
            None if short == "ALL" => all = true,
            None => return Err(Failure::invalid(format!("{name:?} is no capability"))),
        }
    }
    Ok((all, found))
}

/// What the agent can give: what it has and may hand on.
pub fn available() -> u64 {
    bounding() & permitted().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: u64 = (1 << 41) - 1;
    const DEFAULT_BITS: u64 = 0xa80425fb;

    fn plan(add: &[&str], drop: &[&str], available: u64) -> Result<Granted, Failure> {
        let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        let asked = Capabilities {
            add: owned(add),
            drop: owned(drop),
        };
        Granted::plan(&asked, available)
    }

    #[test]
    fn the_default_is_what_container_engines_give() {
        let granted = plan(&[], &[], ALL).unwrap();
        assert_eq!(
            granted,
            Granted {
                bounding: DEFAULT_BITS,
                named: 0
            }
        );
        assert_eq!(plan(&[], &[], 0b11).unwrap().bounding, 0b11);
    }

    #[test]
    fn names_are_added_and_dropped() {
        let net_admin = 1 << 12;
        let table: [(&[&str], &[&str], u64, u64); 7] = [
            (&["NET_ADMIN"], &[], DEFAULT_BITS | net_admin, net_admin),
            (&["cap_net_admin"], &["ALL"], net_admin, net_admin),
            (&[], &["all"], 0, 0),
            (&[], &["CAP_CHOWN"], DEFAULT_BITS & !1, 0),
            (&["ALL"], &[], ALL, ALL),
            (&["ALL"], &["CHOWN"], ALL & !1, ALL & !1),
            (&["CHOWN"], &["CHOWN"], DEFAULT_BITS & !1, 0),
        ];
        for (add, drop, bounding, named) in table {
            assert_eq!(
                plan(add, drop, ALL).unwrap(),
                Granted { bounding, named },
                "{add:?} {drop:?}"
            );
        }
    }

    #[test]
    fn what_there_is_not_is_refused() {
        assert!(plan(&["CAP_NONE"], &[], ALL).is_err());
        assert!(plan(&[], &["CHOWN "], ALL).is_err());
        assert!(plan(&["SYS_ADMIN"], &[], 1).is_err());
    }
}
