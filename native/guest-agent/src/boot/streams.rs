use super::stages::{Attempt, Trouble};
use crate::exec::{Log, StreamPort};
use rustix::fs::{Mode, OFlags, open};
use std::fs::{read_dir, read_to_string};
use std::path::Path;

/// Every virtio port that the VM has, named by a file in its directory.
const PORTS: &str = "/sys/class/virtio-ports";

/// Opens the ports that lead into the host's log: once in the guest's life, as libkrun 1.17 starts a port that is opened
/// again from the beginning of its queue. Before the image has a say in what /sys and /dev are.
pub fn open_log() -> Result<Log, Trouble> {
    let (stdout, stderr) = (port("a3s.stdout")?, port("a3s.stderr")?);
    Ok(Log { stdout, stderr })
}

fn port(name: &str) -> Result<StreamPort, Trouble> {
    let device = find(Path::new(PORTS), name).attempt(|| format!("read {PORTS}"))?;
    let device = device.ok_or_else(|| Trouble::new(format!("the VM has no port {name}")))?;
    let path = format!("/dev/{device}");
    let flags = OFlags::WRONLY | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let fd = open(&path, flags, Mode::empty()).attempt(|| format!("open {path} for {name}"))?;
    StreamPort::new(fd).attempt(|| format!("watch {path}"))
}

fn find(ports: &Path, name: &str) -> std::io::Result<Option<String>> {
    for port in read_dir(ports)? {
        let port = port?;
        // A console has no name.
        let named = read_to_string(port.path().join("name")).unwrap_or_default();
        if named.trim_end() == name {
            return Ok(Some(port.file_name().to_string_lossy().into_owned()));
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn a_port_is_found_by_its_name() {
        let ports = std::env::temp_dir().join(format!("a3s-ports-{}", std::process::id()));
        for (port, name) in [
            ("vport1p0", None),
            ("vport2p0", Some("a3s.stdout\n")),
            ("vport2p1", Some("a3s.stderr\n")),
        ] {
            fs::create_dir_all(ports.join(port)).unwrap();
            if let Some(name) = name {
                fs::write(ports.join(port).join("name"), name).unwrap();
            }
        }
        assert_eq!(find(&ports, "a3s.stderr").unwrap().as_deref(), Some("vport2p1"));
        assert_eq!(find(&ports, "a3s.other").unwrap(), None);
        fs::remove_dir_all(ports).unwrap();
    }
}
