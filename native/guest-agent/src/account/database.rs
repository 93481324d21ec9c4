/// One line of /etc/passwd (passwd(5)).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct User<'a> {
    pub name: &'a str,
    pub uid: u32,
    pub gid: u32,
}

/// One line of /etc/group (group(5)).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Group<'a> {
    pub name: &'a str,
    pub gid: u32,
    members: &'a str,
}

impl Group<'_> {
    pub fn has_member(&self, name: &str) -> bool {
        self.members.split(',').any(|member| member.trim() == name)
    }
}

/// The highest value means "unchanged" to setresuid(2) and is nobody's id.
pub fn number(part: &str) -> Option<u32> {
    let digits = !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    part.parse().ok().filter(|id| digits && *id != u32::MAX)
}

/// Lines that do not parse (comments, NIS entries, garbage) are left out: an image may hold anything.
pub fn users(passwd: &str) -> impl Iterator<Item = User<'_>> {
    passwd.lines().filter_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next().filter(|name| !name.is_empty())?;
        let uid = number(fields.nth(1)?)?;
        let gid = number(fields.next()?)?;
        Some(User { name, uid, gid })
    })
}

pub fn groups(group: &str) -> impl Iterator<Item = Group<'_>> {
    group.lines().filter_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next().filter(|name| !name.is_empty())?;
        let gid = number(fields.nth(1)?)?;
        let members = fields.next().unwrap_or("");
        Some(Group { name, gid, members })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn broken_lines_are_left_out() {
        let text = "root:x:0:0:root:/root:/bin/sh\n#c\n+::::::\n:x:1:1::\nbad:x:-1:0::\nall:x:4294967295:0::\nplus:x:+1:0::\nshort:x:5\nok:x:7:8:::\n";
        let names: Vec<_> = users(text).map(|user| (user.name, user.uid, user.gid)).collect();
        assert_eq!(names, [("root", 0, 0), ("ok", 7, 8)]);
    }

    #[test]
    fn members_are_whole_names() {
        let found: Vec<_> = groups("wheel:x:10:root,adm\nnone:x:11:\nshort:x:12").collect();
        assert_eq!(found.len(), 3);
        assert!(found[0].has_member("adm") && !found[0].has_member("ad"));
        assert!(!found[1].has_member("root"));
    }
}
