use super::failure::Failure;
use crate::proto::agent::ResourceLimit;

/// A soft limit that select() can live with; programs raise it to the hard limit themselves.
const SOFT_NOFILE: libc::rlim_t = 1024;

type Resource = libc::__rlimit_resource_t;

/// getrlimit(2).
const NAMES: [(&str, Resource); 16] = [
    ("as", libc::RLIMIT_AS),
    ("core", libc::RLIMIT_CORE),
    ("cpu", libc::RLIMIT_CPU),
    ("data", libc::RLIMIT_DATA),
    ("fsize", libc::RLIMIT_FSIZE),
    ("locks", libc::RLIMIT_LOCKS),
    ("memlock", libc::RLIMIT_MEMLOCK),
    ("msgqueue", libc::RLIMIT_MSGQUEUE),
    ("nice", libc::RLIMIT_NICE),
    ("nofile", libc::RLIMIT_NOFILE),
    ("nproc", libc::RLIMIT_NPROC),
    ("rss", libc::RLIMIT_RSS),
    ("rtprio", libc::RLIMIT_RTPRIO),
    ("rttime", libc::RLIMIT_RTTIME),
    ("sigpending", libc::RLIMIT_SIGPENDING),
    ("stack", libc::RLIMIT_STACK),
];

/// One limit that a process starts with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limit {
    pub resource: Resource,
    pub soft: libc::rlim_t,
    pub hard: libc::rlim_t,
}

/// The limits that are asked for; of open files also when none is. The highest number means no limit.
pub fn plan(asked: &[ResourceLimit], hard_nofile: libc::rlim_t) -> Result<Vec<Limit>, Failure> {
    let mut limits = vec![Limit {
        resource: libc::RLIMIT_NOFILE,
        soft: hard_nofile.min(SOFT_NOFILE),
        hard: hard_nofile,
    }];
    for ResourceLimit { name, soft, hard } in asked {
        let known = NAMES.iter().find(|(known, _)| known == name);
        let (_, resource) = known.ok_or_else(|| Failure::invalid(format!("{name:?} is no resource with a limit")))?;
        if soft > hard {
            return Err(Failure::invalid(format!(
                "the limit of {name} is {soft}, above its maximum of {hard}"
            )));
        }
        limits.retain(|limit| limit.resource != *resource);
        limits.push(Limit {
            resource: *resource,
            soft: *soft,
            hard: *hard,
        });
    }
    Ok(limits)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limit(name: &str, soft: u64, hard: u64) -> ResourceLimit {
        ResourceLimit {
            name: name.to_owned(),
            soft,
            hard,
        }
    }

    #[test]
    fn open_files_have_a_soft_limit_unless_asked_otherwise() {
        let nofile = |soft, hard| Limit {
            resource: libc::RLIMIT_NOFILE,
            soft,
            hard,
        };
        assert_eq!(plan(&[], 524_288).unwrap(), [nofile(1024, 524_288)]);
        assert_eq!(plan(&[], 256).unwrap(), [nofile(256, 256)]);
        assert_eq!(plan(&[limit("nofile", 5, 6)], 524_288).unwrap(), [nofile(5, 6)]);
        let core = Limit {
            resource: libc::RLIMIT_CORE,
            soft: 0,
            hard: u64::MAX,
        };
        assert_eq!(
            plan(&[limit("core", 1, 1), limit("core", 0, u64::MAX)], 9).unwrap()[1..],
            [core]
        );
    }

    #[test]
    fn what_is_no_limit_is_refused() {
        assert!(plan(&[limit("files", 1, 1)], 9).is_err());
        assert!(plan(&[limit("nofile", 2, 1)], 9).is_err());
    }
}
