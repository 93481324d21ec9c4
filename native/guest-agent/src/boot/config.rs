use super::etc::Names;
use super::interfaces::{self, Interface};
use super::main_plan::MainPlan;
use super::stages::Trouble;
use super::sysctl::{self, Sysctl};
use crate::machine::ENTROPY_BYTES;
use crate::proto::boot::{self, GuestConfig, mount};
use rustix::time::Timespec;

const MAX_MOUNTS: usize = 256;
const MAX_TAG_BYTES: usize = 36;
const MAX_HOSTNAME_BYTES: usize = 63;
const MAX_TARGET_BYTES: usize = 4095;
const MAX_NAME_BYTES: usize = 255;
/// 2020-01-01 and 2200-01-01: a clock outside of them is a mistake.
const CLOCK_SECONDS: std::ops::Range<i64> = 1_577_836_800..7_258_118_400;

/// A GuestConfig that was found to be within its bounds.
#[derive(Debug, PartialEq)]
pub struct Config {
    pub hostname: String,
    pub host_time: Timespec,
    pub root: Root,
    pub volumes: Vec<Volume>,
    pub main: Option<MainPlan>,
    pub names: Names,
    pub sysctls: Vec<Sysctl>,
    pub interfaces: Vec<Interface>,
    /// Empty, or as long as the kernel takes it.
    pub random_seed: Vec<u8>,
}

#[derive(Debug, PartialEq, Eq)]
pub struct Root {
    pub lower_tag: String,
    pub read_only: bool,
    pub upper: Upper,
}

/// Where the writable layer lives.
#[derive(Debug, PartialEq, Eq)]
pub enum Upper {
    /// 0: half of the memory.
    Memory { size_bytes: u64 },
    /// A block device with an ext4 file system.
    Disk { device: String },
}

#[derive(Debug, PartialEq, Eq)]
pub struct Volume {
    /// Names from the root to the target, none of them "." or "..".
    pub target: Vec<String>,
    pub read_only: bool,
    pub source: Source,
}

#[derive(Debug, PartialEq, Eq)]
pub enum Source {
    VirtioFs { tag: String, entry: Option<String> },
    Tmpfs { size_bytes: u64, mode: u32 },
}

impl Volume {
    pub fn path(&self) -> String {
        format!("/{}", self.target.join("/"))
    }
}

impl Config {
    pub fn check(config: GuestConfig) -> Result<Self, Trouble> {
        if config.box_id.len() != 12
            || !config
                .box_id
                .bytes()
                .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit())
        {
            return Err(Trouble::new(format!(
                "box_id {:?} is not [a-z0-9]{{12}}",
                config.box_id
            )));
        }
        let root = config.root.ok_or_else(|| Trouble::new("root is missing"))?;
        if config.mounts.len() > MAX_MOUNTS {
            return Err(Trouble::new(format!(
                "{} mounts, {MAX_MOUNTS} allowed",
                config.mounts.len()
            )));
        }
        let seed = config.random_seed.len();
        if seed != 0 && !ENTROPY_BYTES.contains(&seed) {
            return Err(Trouble::new(format!("random_seed has {seed} bytes")));
        }
        Ok(Self {
            hostname: hostname(config.hostname)?,
            host_time: host_time(config.host_time)?,
            root: Root {
                lower_tag: tag(root.lower_tag)?,
                read_only: root.read_only,
                upper: upper(root.upper_device, root.upper_size_bytes)?,
            },
            volumes: config.mounts.into_iter().map(volume).collect::<Result<_, _>>()?,
            main: config.main.map(MainPlan::check).transpose()?,
            names: Names::check(config.hosts, config.resolver)?,
            sysctls: sysctl::check(config.sysctls)?,
            interfaces: interfaces::check(config.interfaces)?,
            random_seed: config.random_seed,
        })
    }
}

fn upper(device: String, size_bytes: u64) -> Result<Upper, Trouble> {
    match device.strip_prefix("/dev/") {
        None if device.is_empty() => Ok(Upper::Memory { size_bytes }),
        Some(name) if !name.is_empty() && name.bytes().all(|c| c.is_ascii_alphanumeric()) => Ok(Upper::Disk { device }),
        _ => Err(Trouble::new(format!("{device:?} is no device"))),
    }
}

fn volume(mount: boot::Mount) -> Result<Volume, Trouble> {
    let target = target(&mount.target)?;
    let source = match mount.source {
        Some(mount::Source::VirtioFs(share)) => Source::VirtioFs {
            tag: tag(share.tag)?,
            entry: entry(share.entry)?,
        },
        Some(mount::Source::Tmpfs(tmpfs)) if tmpfs.mode <= 0o7777 => Source::Tmpfs {
            size_bytes: tmpfs.size_bytes,
            mode: tmpfs.mode,
        },
        Some(mount::Source::Tmpfs(tmpfs)) => {
            return Err(Trouble::new(format!(
                "mount {:?}: {:#o} is no mode",
                mount.target, tmpfs.mode
            )));
        }
        None => return Err(Trouble::new(format!("mount {:?} has no source", mount.target))),
    };
    Ok(Volume {
        target,
        read_only: mount.read_only,
        source,
    })
}

fn target(path: &str) -> Result<Vec<String>, Trouble> {
    let refuse = |why: &str| Err(Trouble::new(format!("mount target {path:?} {why}")));
    if !path.starts_with('/') || path.len() > MAX_TARGET_BYTES || path.contains('\0') {
        return refuse("is not an absolute path");
    }
    let names: Vec<_> = path
        .split('/')
        .filter(|name| !name.is_empty() && *name != ".")
        .map(str::to_owned)
        .collect();
    if names.iter().any(|name| name == ".." || name.len() > MAX_NAME_BYTES) {
        return refuse("holds a name that is not allowed");
    }
    if names.is_empty() {
        return refuse("is the root itself");
    }
    Ok(names)
}

fn tag(tag: String) -> Result<String, Trouble> {
    match tag.is_empty() || tag.len() > MAX_TAG_BYTES || tag.contains('\0') {
        true => Err(Trouble::new(format!(
            "virtio-fs tag {tag:?} does not have 1 to {MAX_TAG_BYTES} bytes"
        ))),
        false => Ok(tag),
    }
}

fn entry(name: String) -> Result<Option<String>, Trouble> {
    let refused = name == "." || name == ".." || name.len() > MAX_NAME_BYTES || name.contains(['/', '\0']);
    match (refused, name.is_empty()) {
        (true, _) => Err(Trouble::new(format!("{name:?} is no entry of a share"))),
        (false, true) => Ok(None),
        (false, false) => Ok(Some(name)),
    }
}

/// RFC 1123: letters, digits and hyphens, in labels that neither begin nor end with a hyphen.
fn hostname(name: String) -> Result<String, Trouble> {
    let label = |label: &str| {
        !label.is_empty()
            && label.bytes().all(|c| c.is_ascii_alphanumeric() || c == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    match name.len() <= MAX_HOSTNAME_BYTES && name.split('.').all(label) {
        true => Ok(name),
        false => Err(Trouble::new(format!("{name:?} is no host name"))),
    }
}

fn host_time(time: Option<prost_types::Timestamp>) -> Result<Timespec, Trouble> {
    let time = time.ok_or_else(|| Trouble::new("host_time is missing"))?;
    match CLOCK_SECONDS.contains(&time.seconds) && (0..1_000_000_000).contains(&time.nanos) {
        true => Ok(Timespec {
            tv_sec: time.seconds,
            tv_nsec: time.nanos.into(),
        }),
        false => Err(Trouble::new(format!(
            "host_time {}.{:09} is out of range",
            time.seconds, time.nanos
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn valid() -> GuestConfig {
        let share = |target: &str| boot::Mount {
            target: target.to_owned(),
            read_only: true,
            source: Some(mount::Source::VirtioFs(boot::VirtioFs {
                tag: "v0".to_owned(),
                entry: "0".to_owned(),
            })),
        };
        GuestConfig {
            box_id: "abcdefghij01".to_owned(),
            hostname: "box".to_owned(),
            host_time: Some(prost_types::Timestamp {
                seconds: 1_800_000_000,
                nanos: 5,
            }),
            root: Some(boot::RootFilesystem {
                lower_tag: "lower".to_owned(),
                read_only: false,
                upper_size_bytes: 0,
                upper_device: "/dev/vda".to_owned(),
            }),
            mounts: vec![share("/data//a/./b")],
            ..GuestConfig::default()
        }
    }

    #[test]
    fn takes_what_is_within_bounds() {
        let config = Config::check(valid()).unwrap();
        assert_eq!(config.volumes[0].target, ["data", "a", "b"]);
        assert_eq!(config.volumes[0].path(), "/data/a/b");
        let (tag, entry) = ("v0".to_owned(), Some("0".to_owned()));
        assert_eq!(config.volumes[0].source, Source::VirtioFs { tag, entry });
        let device = "/dev/vda".to_owned();
        assert_eq!(config.root.upper, Upper::Disk { device });
        assert_eq!(config.host_time.tv_nsec, 5);
    }

    #[test]
    fn refuses_everything_else() {
        type Edit = fn(&mut GuestConfig);
        let edits: [Edit; 22] = [
            |c| c.box_id = "ABCDEFGHIJ01".to_owned(),
            |c| c.box_id = "short".to_owned(),
            |c| c.hostname = String::new(),
            |c| c.hostname = "-a".to_owned(),
            |c| c.hostname = "a".repeat(64),
            |c| c.hostname = "a\nb".to_owned(),
            |c| c.host_time = None,
            |c| c.host_time = Some(prost_types::Timestamp { seconds: 0, nanos: 0 }),
            |c| c.root = None,
            |c| c.main = Some(boot::MainProcess::default()),
            |c| c.hosts = vec![boot::Host::default()],
            |c| c.sysctls = vec![boot::Sysctl::default()],
            |c| c.interfaces = vec![boot::NetworkInterface::default()],
            |c| c.random_seed = vec![0; 15],
            |c| c.root.as_mut().unwrap().lower_tag = "x".repeat(37),
            |c| c.root.as_mut().unwrap().upper_device = "/dev/../x".to_owned(),
            |c| c.mounts[0].target = "relative".to_owned(),
            |c| c.mounts[0].target = "/a/../b".to_owned(),
            |c| c.mounts[0].target = "/".to_owned(),
            |c| c.mounts[0].source = None,
            |c| {
                c.mounts[0].source = Some(mount::Source::VirtioFs(boot::VirtioFs {
                    tag: "v0".to_owned(),
                    entry: "..".to_owned(),
                }))
            },
            |c| {
                c.mounts[0].source = Some(mount::Source::Tmpfs(boot::Tmpfs {
                    size_bytes: 0,
                    mode: 0o10000,
                }))
            },
        ];
        for (index, edit) in edits.into_iter().enumerate() {
            let mut config = valid();
            edit(&mut config);
            assert!(Config::check(config).is_err(), "edit {index}");
        }
    }
}
