use super::database::{User, groups, number, users};

/// Supplementary groups that are looked at; the kernel's own limit (NGROUPS_MAX) is 65536.
const MAX_GROUPS: usize = 1024;

/// Credentials of a process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    pub uid: u32,
    pub gid: u32,
    pub groups: Vec<u32>,
}

/// The sentence says which part of the specification names nobody.
#[derive(Debug, PartialEq, Eq)]
pub struct BadUser(pub String);

/// Resolves "user", "uid", "user:group" or "uid:gid" as container engines do: a name before a number, a number without
/// an entry stands for itself with group 0, and an explicit group replaces the supplementary ones. Empty means root.
pub fn resolve(specification: &str, passwd: &str, group: &str) -> Result<Identity, BadUser> {
    let (user_part, group_part) = match specification.split_once(':') {
        Some((user, group)) => (user, Some(group)),
        None => (specification, None),
    };
    let user_part = if user_part.is_empty() { "0" } else { user_part };
    let entry = find_user(user_part, passwd);
    let uid = match (entry, number(user_part)) {
        (Some(user), _) => user.uid,
        (None, Some(uid)) => uid,
        (None, None) => return Err(BadUser(format!("no user {user_part:?} in /etc/passwd"))),
    };
    if let Some(group_part) = group_part.filter(|part| !part.is_empty()) {
        return Ok(Identity {
            uid,
            gid: find_group(group_part, group)?,
            groups: Vec::new(),
        });
    }
    let supplementary = match entry {
        Some(user) => groups(group)
            .filter(|found| found.has_member(user.name))
            .map(|found| found.gid)
            .collect(),
        None => Vec::new(),
    };
    Ok(Identity {
        uid,
        gid: entry.map_or(0, |user| user.gid),
        groups: distinct(supplementary),
    })
}

fn find_user<'a>(part: &str, passwd: &'a str) -> Option<User<'a>> {
    let uid = number(part);
    users(passwd)
        .find(|user| user.name == part)
        .or_else(|| users(passwd).find(|user| Some(user.uid) == uid))
}

fn find_group(part: &str, group: &str) -> Result<u32, BadUser> {
    groups(group)
        .find(|found| found.name == part)
        .map(|found| found.gid)
        .or_else(|| number(part))
        .ok_or_else(|| BadUser(format!("no group {part:?} in /etc/group")))
}

fn distinct(mut gids: Vec<u32>) -> Vec<u32> {
    gids.sort_unstable();
    gids.dedup();
    gids.truncate(MAX_GROUPS);
    gids
}

#[cfg(test)]
mod tests {
    use super::*;

    const PASSWD: &str = "root:x:0:0::/root:/bin/sh\nann:x:1000:100::/:/bin/sh\n1000:x:7:8::/:/bin/sh\n";
    const GROUP: &str = "root:x:0:root\nusers:x:100:\nwheel:x:10:ann,root\ndocker:x:9:ann\n";

    fn identity(uid: u32, gid: u32, groups: &[u32]) -> Result<Identity, BadUser> {
        Ok(Identity {
            uid,
            gid,
            groups: groups.to_vec(),
        })
    }

    #[test]
    fn resolves_every_form() {
        let table = [
            ("", identity(0, 0, &[0, 10])),
            ("root", identity(0, 0, &[0, 10])),
            ("ann", identity(1000, 100, &[9, 10])),
            ("ann:", identity(1000, 100, &[9, 10])),
            ("ann:wheel", identity(1000, 10, &[])),
            ("ann:4242", identity(1000, 4242, &[])),
            (":wheel", identity(0, 10, &[])),
            ("65534", identity(65534, 0, &[])),
            ("65534:65533", identity(65534, 65533, &[])),
            // A name made of digits wins over the number.
            ("1000", identity(7, 8, &[])),
        ];
        for (specification, expected) in table {
            assert_eq!(resolve(specification, PASSWD, GROUP), expected, "{specification:?}");
        }
    }

    #[test]
    fn refuses_what_names_nobody() {
        for specification in ["bob", "ann:nogroup", "-1", "+5", "4294967295", "4294967296", "a b"] {
            assert!(resolve(specification, PASSWD, GROUP).is_err(), "{specification:?}");
        }
    }

    #[test]
    fn works_without_files() {
        assert_eq!(resolve("", "", ""), identity(0, 0, &[]));
        assert!(resolve("root", "", "").is_err());
    }
}
