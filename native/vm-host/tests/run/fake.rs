use serde_json::{Value, json};
use std::ffi::CString;
use std::fs;
use std::io::{self, BufRead, BufReader, PipeWriter, Read, Write};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU32, Ordering};

static LIBRARY: LazyLock<PathBuf> = LazyLock::new(|| {
    let library = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("libfakekrun.so");
    let source = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/run/fake_libkrun.c");
    let status = Command::new("cc")
        .args(["-shared", "-fPIC", "-pthread", "-O1", "-Wall", "-o"])
        .arg(&library)
        .arg(source)
        .status();
    assert!(status.expect("cc is needed to build the fake libkrun").success());
    library
});

/// The fake libkrun, which is a fake libkrunfw too.
pub fn library() -> &'static Path {
    &LIBRARY
}

static COUNT: AtomicU32 = AtomicU32::new(0);

/// A directory for one VM and the document that starts it.
pub struct Vm {
    pub directory: PathBuf,
    pub spec: Value,
}

impl Vm {
    /// `ending` is what the fake `krun_start_enter` does; `calls` come before it.
    pub fn new(ending: (&str, u32), calls: &[Value]) -> Self {
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let directory = std::env::temp_dir().join(format!("a3s-vm-host-{}-{number}", std::process::id()));
        fs::create_dir_all(directory.join("shared")).unwrap();
        let mut all = vec![
            json!({ "fn": "krun_set_log", "args": [{ "place": "/out/calls" }] }),
            json!({ "fn": "krun_create_ctx", "args": [], "save": "ctx" }),
            json!({ "fn": "krun_set_ending", "args": [{ "str": ending.0 }, { "u32": ending.1 }] }),
        ];
        all.extend_from_slice(calls);
        all.push(json!({ "fn": "krun_start_enter", "args": [{ "ref": "ctx" }] }));
        let spec = json!({
            "version": 1, "libkrun": library(), "libkrunfw": null, "calls": all,
            "jail": {
                "mode": "required", "readOnly": [directory.join("shared")], "network": "isolated", "limits": null,
                "tree": [{ "at": "/out", "path": directory, "readOnly": false }]
            },
            "log": { "path": directory.join("log"), "maxBytes": 131_072, "files": 2 },
            "exitPath": directory.join("exit.json"), "statePath": null, "remove": [directory.join("agent.sock")], "detached": false
        });
        Self { directory, spec }
    }

    /// For the ending "gate": what is written to the FIFO lets the VM end.
    pub fn gate(&mut self) -> PathBuf {
        let gate = self.path("gate");
        let name = CString::new(gate.to_str().unwrap()).unwrap();
        assert_eq!(unsafe { libc::mkfifo(name.as_ptr(), 0o600) }, 0);
        let call = json!({ "fn": "krun_set_gate", "args": [{ "place": "/out/gate" }] });
        self.spec["calls"].as_array_mut().unwrap().insert(0, call);
        gate
    }

    pub fn start(&self) -> Running {
        self.start_after(|| Ok(()))
    }

    /// `prepare` runs in the process that becomes vm-host.
    pub fn start_after(&self, prepare: impl Fn() -> io::Result<()> + Send + Sync + 'static) -> Running {
        let (reader, mut lifeline) = io::pipe().unwrap();
        let fd = reader.as_raw_fd();
        let mut command = Command::new(env!("CARGO_BIN_EXE_vm-host"));
        command.arg("run").env("SECRET", "of the starter").stdin(Stdio::null());
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        unsafe {
            command.pre_exec(move || match libc::dup2(fd, 3) {
                3 if libc::fcntl(3, libc::F_SETFD, 0) == 0 => prepare(),
                _ => Err(io::Error::last_os_error()),
            });
        }
        let mut child = command.spawn().unwrap();
        drop(reader);
        writeln!(lifeline, "{}", self.spec).unwrap();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        Running {
            child,
            lifeline: Some(lifeline),
            stdout,
        }
    }

    pub fn read(&self, name: &str) -> String {
        fs::read_to_string(self.directory.join(name)).unwrap_or_default()
    }

    pub fn exit_json(&self) -> Value {
        serde_json::from_str(&self.read("exit.json")).unwrap()
    }

    /// The records of the log's file with this number.
    pub fn log(&self, number: u32) -> Vec<Value> {
        let text = self.read(&format!("log.{number:06}"));
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.directory.join(name)
    }
}

impl Drop for Vm {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.directory);
    }
}

/// A vm-host with the starter's end of its lifeline.
pub struct Running {
    pub child: Child,
    pub lifeline: Option<PipeWriter>,
    stdout: BufReader<std::process::ChildStdout>,
}

impl Running {
    /// Waits for the event and answers the VM process's pid.
    pub fn starting(&mut self) -> i32 {
        self.started()["pid"].as_i64().unwrap() as i32
    }

    /// Waits for the event.
    pub fn started(&mut self) -> Value {
        let mut line = String::new();
        self.stdout.read_line(&mut line).unwrap();
        let event: Value = serde_json::from_str(&line).expect("the starting event");
        assert_eq!(event["event"], "starting");
        event
    }

    pub fn signal(&self, number: i32) {
        assert_eq!(unsafe { libc::kill(self.child.id() as i32, number) }, 0);
    }

    /// The event that comes at the very end.
    pub fn ended(&mut self) -> Value {
        let mut line = String::new();
        self.stdout.read_line(&mut line).unwrap();
        serde_json::from_str(&line).expect("the event of the end")
    }

    /// The status and what was said on stderr.
    pub fn finish(mut self) -> (ExitStatus, String) {
        let mut stderr = String::new();
        self.child.stderr.take().unwrap().read_to_string(&mut stderr).unwrap();
        (self.child.wait().unwrap(), stderr)
    }
}

pub fn is_alive(pid: i32) -> bool {
    // A zombie still has a directory; its state says so.
    let status = fs::read_to_string(Path::new("/proc").join(pid.to_string()).join("status")).unwrap_or_default();
    status
        .lines()
        .any(|line| line.starts_with("State:") && !line.contains('Z'))
}

/// A process that may end at any time, and whose pid may then be another's.
pub struct Process(OwnedFd);

impl Process {
    pub fn open(pid: i32) -> Self {
        let fd = unsafe { libc::syscall(libc::SYS_pidfd_open, pid, 0) } as i32;
        assert!(fd >= 0, "there is no process {pid}");
        Self(unsafe { OwnedFd::from_raw_fd(fd) })
    }

    pub fn await_end(&self) {
        let mut set = libc::pollfd {
            fd: self.0.as_raw_fd(),
            events: libc::POLLIN,
            revents: 0,
        };
        let ready = unsafe { libc::poll(&mut set, 1, 5000) };
        assert_eq!(ready, 1, "the process is still there");
    }
}
