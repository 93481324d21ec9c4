use super::Outcome;
use guest_agent::proto::boot::{GuestConfig, Mount, RootFilesystem, Tmpfs, VirtioFs, mount::Source};
use serde_json::{Value, json};
use std::collections::HashMap;
use std::fs;
use std::path::PathBuf;
use std::time::{SystemTime, UNIX_EPOCH};

/// Directories that the agent needs in the boot root, besides itself at /a3s-agent.
const BOOT_DIRECTORIES: [&str; 4] = ["dev", "mnt", "proc", "sys"];

pub struct Boot {
    pub vm_host: String,
    agent: String,
    libkrun: String,
    libkrunfw: String,
    lower: String,
    home: PathBuf,
    read_only: bool,
}

impl Boot {
    pub fn from_arguments(arguments: impl Iterator<Item = String>) -> Outcome<Self> {
        let words: Vec<String> = arguments.collect();
        let pairs: HashMap<_, _> = words
            .chunks_exact(2)
            .map(|pair| (pair[0].as_str(), pair[1].clone()))
            .collect();
        let take = |name: &str| pairs.get(name).cloned().ok_or(format!("{name} is missing"));
        Ok(Self {
            vm_host: take("--vm-host")?,
            agent: take("--agent")?,
            libkrun: take("--libkrun")?,
            libkrunfw: take("--libkrunfw")?,
            lower: take("--lower")?,
            home: take("--home")?.into(),
            read_only: pairs.get("--root").is_some_and(|value| value == "read-only"),
        })
    }

    pub fn lay_out(&self) -> Outcome<()> {
        let _ = fs::remove_dir_all(&self.home);
        for name in BOOT_DIRECTORIES {
            fs::create_dir_all(self.boot_root().join(name))?;
        }
        fs::create_dir_all(self.volume())?;
        fs::copy(&self.agent, self.boot_root().join("a3s-agent"))?;
        Ok(())
    }

    fn boot_root(&self) -> PathBuf {
        self.home.join("boot")
    }

    fn volume(&self) -> PathBuf {
        self.home.join("volume")
    }

    pub fn doorbell_socket(&self) -> PathBuf {
        self.home.join("bell.sock")
    }

    pub fn agent_socket(&self) -> PathBuf {
        self.home.join("agent.sock")
    }

    pub fn exit_path(&self) -> PathBuf {
        self.home.join("exit.json")
    }

    pub fn guest_config(&self) -> GuestConfig {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let volume = |target: &str, read_only| Mount {
            target: target.to_owned(),
            read_only,
            source: Some(Source::VirtioFs(VirtioFs {
                tag: "volume".to_owned(),
                entry: String::new(),
            })),
        };
        GuestConfig {
            box_id: "abcdefghij01".to_owned(),
            hostname: "boot-host".to_owned(),
            host_time: Some(prost_types::Timestamp {
                seconds: now.as_secs() as i64,
                nanos: now.subsec_nanos() as i32,
            }),
            root: Some(RootFilesystem {
                lower_tag: "lower".to_owned(),
                read_only: self.read_only,
                upper_size_bytes: 64 << 20,
                upper_device: String::new(),
            }),
            mounts: vec![
                volume("/data/volume", false),
                Mount {
                    target: "/cache".to_owned(),
                    read_only: false,
                    source: Some(Source::Tmpfs(Tmpfs {
                        size_bytes: 1 << 20,
                        mode: 0o1777,
                    })),
                },
            ],
            ..GuestConfig::default()
        }
    }

    pub fn document(&self) -> Value {
        let ctx = json!({ "ref": "ctx" });
        let place = |at: &str| json!({ "place": at });
        let part = |at: &str, path: PathBuf, read_only: bool| json!({ "at": at, "path": path, "readOnly": read_only });
        json!({
            "version": 1, "libkrun": self.libkrun, "libkrunfw": self.libkrunfw,
            "calls": [
                { "fn": "krun_create_ctx", "args": [], "save": "ctx" },
                { "fn": "krun_set_vm_config", "args": [ctx, { "u8": 1 }, { "u32": 512 }] },
                { "fn": "krun_disable_implicit_vsock", "args": [ctx] },
                { "fn": "krun_add_vsock", "args": [ctx, { "u32": 0 }] },
                { "fn": "krun_add_vsock_port2", "args": [ctx, { "u32": 4087 }, place("/doorbell"), { "bool": false }] },
                { "fn": "krun_add_vsock_port2", "args": [ctx, { "u32": 4088 }, place("/run/agent.sock"), { "bool": true }] },
                { "fn": "krun_set_root", "args": [ctx, place("/root")] },
                { "fn": "krun_add_virtiofs", "args": [ctx, { "str": "lower" }, place("/lower")] },
                { "fn": "krun_add_virtiofs", "args": [ctx, { "str": "volume" }, place("/volume")] },
                { "fn": "krun_disable_implicit_console", "args": [ctx] },
                { "fn": "krun_add_virtio_console_default", "args": [ctx, { "fd": "consoleIn" }, { "fd": "consoleOut" }, { "fd": "consoleOut" }] },
                { "fn": "krun_set_exec", "args": [ctx, { "str": "/a3s-agent" }, { "strs": [] }, { "strs": ["KRUN_INIT_PID1=1"] }] },
                { "fn": "krun_start_enter", "args": [ctx] }
            ],
            "jail": {
                "mode": "required", "readOnly": [self.boot_root(), self.lower], "network": "isolated", "limits": null,
                "tree": [
                    part("/root", self.boot_root(), true),
                    part("/lower", self.lower.clone().into(), true),
                    part("/volume", self.volume(), false),
                    part("/doorbell", self.doorbell_socket(), false),
                    part("/run", self.home.clone(), false)
                ]
            },
            "log": { "path": self.home.join("log"), "maxBytes": 1 << 20, "files": 2 },
            "exitPath": self.exit_path(),
            "statePath": null,
            "remove": [self.agent_socket()],
            "detached": false
        })
    }
}
