//! A cgroup (version 2) of the VM process's own, with limits.

use super::measure::{Measure, Measures};
use super::request::{Jail, Limits};
use crate::failure::Failure;
use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

const MOUNTED: &str = "/sys/fs/cgroup";
const PREFIX: &str = "a3s-vm-";
/// cpu.max is quota and period in microseconds; the kernel's own default period.
const PERIOD_US: u64 = 100_000;

/// Removed when dropped, by when the VM process has ended.
pub struct Cgroup {
    path: PathBuf,
}

impl Cgroup {
    /// None: no limits are asked for, or at best effort there can be none.
    pub fn for_jail(jail: &Jail) -> Result<Option<Self>, Failure> {
        let Some(limits) = &jail.limits else { return Ok(None) };
        match Self::create(limits) {
            Ok(cgroup) => Ok(Some(cgroup)),
            // The same as what the VM process does about measures of its own.
            Err(error) => {
                let mut measures = Measures::new(jail.mode);
                measures.note(Measure::Cgroup, Err(error))?;
                measures.say_missing();
                Ok(None)
            }
        }
    }

    /// In the nearest cgroup above this process's that may be written to and hands the controllers on: one with processes
    /// of its own cannot (cgroup-v2.rst, "No Internal Process Constraint"), so its parent is tried after it.
    fn create(limits: &Limits) -> io::Result<Self> {
        let own = fs::read_to_string("/proc/self/cgroup")?;
        let own = own_path(&own).ok_or_else(|| io::Error::from_raw_os_error(libc::ENOTSUP))?;
        let settings = settings(limits);
        let mut refused = None;
        for parent in Path::new(own).ancestors() {
            let parent = Path::new(MOUNTED).join(parent.strip_prefix("/").unwrap_or(parent));
            match Self::create_in(&parent, &settings) {
                Ok(cgroup) => return Ok(cgroup),
                Err(error) => refused = refused.or(Some(error)),
            }
        }
        Err(refused.unwrap_or_else(|| io::Error::from_raw_os_error(libc::ENOENT)))
    }

    fn create_in(parent: &Path, settings: &[Setting]) -> io::Result<Self> {
        for controller in settings.iter().map(|setting| setting.controller) {
            enable(parent, controller)?;
        }
        remove_forgotten(parent);
        let path = parent.join(format!("{PREFIX}{}", std::process::id()));
        fs::create_dir(&path)?;
        let cgroup = Self { path };
        for Setting { file, value, .. } in settings {
            fs::write(cgroup.path.join(file), value)?;
        }
        Ok(cgroup)
    }

    /// Takes the calling process in.
    pub fn join(&self) -> io::Result<()> {
        fs::write(self.path.join("cgroup.procs"), "0")
    }
}

impl Drop for Cgroup {
    fn drop(&mut self) {
        // The record of the end has a SIGKILL only, which may have many reasons.
        let events = fs::read_to_string(self.path.join("memory.events")).unwrap_or_default();
        if kills(&events) > 0 {
            eprintln!("vm-host: the VM took more memory than its limit, so the system killed it");
        }
        if let Err(error) = fs::remove_dir(&self.path) {
            eprintln!("vm-host: {} is left: {error}", self.path.display());
        }
    }
}

struct Setting {
    controller: &'static str,
    file: &'static str,
    value: String,
}

fn settings(limits: &Limits) -> Vec<Setting> {
    let mut settings = Vec::new();
    let mut set = |controller, file, value: String| {
        settings.push(Setting {
            controller,
            file,
            value,
        })
    };
    if let Some(mib) = limits.memory_mib {
        set("memory", "memory.max", mib.saturating_mul(1 << 20).to_string());
        // One process and its threads: which of them the kernel picks must not matter.
        set("memory", "memory.oom.group", "1".into());
    }
    if let Some(millis) = limits.cpu_millis {
        let quota = millis.saturating_mul(PERIOD_US / 1000);
        set("cpu", "cpu.max", format!("{quota} {PERIOD_US}"));
    }
    if let Some(pids) = limits.pids {
        set("pids", "pids.max", pids.to_string());
    }
    settings
}

/// cgroups(7): the line of version 2 is `0::PATH`.
fn own_path(table: &str) -> Option<&str> {
    table.lines().find_map(|line| line.strip_prefix("0::"))
}

/// memory.events: how often processes were killed at the limit.
fn kills(events: &str) -> u64 {
    let count = events.lines().find_map(|line| line.strip_prefix("oom_kill "));
    count.and_then(|count| count.parse().ok()).unwrap_or(0)
}

fn enable(parent: &Path, controller: &str) -> io::Result<()> {
    let control = parent.join("cgroup.subtree_control");
    if fs::read_to_string(&control)?
        .split_whitespace()
        .any(|on| on == controller)
    {
        return Ok(());
    }
    fs::write(control, format!("+{controller}"))
}

/// Those whose monitor was killed. The kernel refuses to remove one that is in use.
fn remove_forgotten(parent: &Path) {
    let Ok(entries) = fs::read_dir(parent) else { return };
    for entry in entries.flatten() {
        let name = entry.file_name();
        let owner = name
            .to_str()
            .and_then(|name| name.strip_prefix(PREFIX)?.parse::<u32>().ok());
        let gone = |pid: u32| matches!(fs::exists(format!("/proc/{pid}")), Ok(false));
        if owner.is_some_and(gone) {
            let removed = fs::remove_dir(entry.path());
            if removed.is_err_and(|error| error.kind() == ErrorKind::PermissionDenied) {
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_of_version_2_names_the_own_cgroup() {
        assert_eq!(own_path("4:cpu:/x\n0::/user.slice/a\n"), Some("/user.slice/a"));
        assert_eq!(own_path("4:cpu:/x\n"), None);
    }

    #[test]
    fn kills_at_the_limit_are_counted() {
        assert_eq!(kills("low 0\nmax 3\noom 1\noom_kill 2\noom_group_kill 1\n"), 2);
        assert_eq!(kills(""), 0);
    }

    #[test]
    fn limits_become_the_files_of_their_controllers() {
        let limits = Limits {
            memory_mib: Some(256),
            cpu_millis: Some(1500),
            pids: Some(64),
        };
        let lines: Vec<String> = settings(&limits)
            .iter()
            .map(|setting| format!("{} {} {}", setting.controller, setting.file, setting.value))
            .collect();
        assert_eq!(
            lines,
            [
                "memory memory.max 268435456",
                "memory memory.oom.group 1",
                "cpu cpu.max 150000 100000",
                "pids pids.max 64"
            ]
        );
    }
}
