//! A network as its users see it: a switch that runs, control connections to it, and members that speak as libkrun does for a guest.

use crate::fake::Process;
use serde_json::{Value, json};
use std::fs;
use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::os::fd::AsRawFd;
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

static COUNT: AtomicU32 = AtomicU32::new(0);
/// Far more than anything takes: a test that waits so long has failed.
const PATIENCE: Duration = Duration::from_secs(10);

pub struct Network {
    directory: PathBuf,
}

impl Network {
    pub fn new() -> Self {
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let directory = std::env::temp_dir().join(format!("a3s-switch-{}-{number}", std::process::id()));
        fs::create_dir_all(directory.join("run")).unwrap();
        Self { directory }
    }

    pub fn start(&self) -> Switch {
        let document = json!({
            "version": 1, "directory": self.directory.join("run"), "statePath": self.directory.join("switch.json"),
            "gateway": { "address": "10.163.0.1", "mac": "02:a3:0a:a3:00:01" }, "jail": "required"
        });
        let (ours, theirs) = UnixStream::pair().unwrap();
        let fd = theirs.as_raw_fd();
        let mut command = Command::new(env!("CARGO_BIN_EXE_vm-host"));
        command.arg("switch").stdin(Stdio::null()).stdout(Stdio::null());
        unsafe {
            command.pre_exec(move || match libc::dup2(fd, 3) {
                3 if libc::fcntl(3, libc::F_SETFD, 0) == 0 => Ok(()),
                _ => Err(std::io::Error::last_os_error()),
            });
        }
        let child = command.spawn().unwrap();
        drop(theirs);
        let mut control = Control::new(ours);
        writeln!(control.0.get_mut(), "{document}").unwrap();
        Switch { child, control }
    }

    pub fn control(&self) -> Control {
        Control::new(UnixStream::connect(self.directory.join("run/ctl.sock")).unwrap())
    }

    pub fn sockets(&self) -> Vec<String> {
        let names = fs::read_dir(self.directory.join("run")).unwrap();
        let mut names: Vec<String> = names
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }
}

impl Drop for Network {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.directory);
    }
}

pub struct Switch {
    pub child: Child,
    pub control: Control,
}

impl Switch {
    pub fn ready(mut self) -> Self {
        let answer = self.control.answer();
        assert!(answer["ready"]["jail"].is_array(), "{answer}");
        self
    }

    /// Its exit code.
    pub fn finish(mut self) -> Option<i32> {
        drop(self.control);
        Process::open(self.child.id() as i32).await_end();
        self.child.wait().unwrap().code()
    }
}

pub struct Control(pub BufReader<UnixStream>);

impl Control {
    pub fn new(stream: UnixStream) -> Self {
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        Self(BufReader::new(stream))
    }

    pub fn answer(&mut self) -> Value {
        let mut line = String::new();
        self.0.read_line(&mut line).unwrap();
        serde_json::from_str(&line).unwrap_or(Value::Null)
    }

    pub fn ask(&mut self, request: &Value) -> Value {
        writeln!(self.0.get_mut(), "{request}").unwrap();
        self.answer()
    }

    pub fn join(&mut self, last: u8, name: &str) -> Value {
        self.ask(&json!({ "join": {
            "station": { "address": format!("10.163.0.{last}"), "mac": format!("02:a3:0a:a3:00:{last:02x}") },
            "names": [name], "socket": format!("{last}.sock")
        } }))
    }

    /// A member with its VM.
    pub fn member(&mut self, network: &Network, last: u8, name: &str) -> Member {
        let address = format!("10.163.0.{last}");
        assert_eq!(self.join(last, name), json!({ "joined": address }));
        let stream = UnixStream::connect(network.directory.join(format!("run/{last}.sock"))).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        assert_eq!(self.answer(), json!({ "connected": address }));
        Member { stream, last }
    }
}

/// As libkrun speaks for a guest.
pub struct Member {
    pub stream: UnixStream,
    last: u8,
}

impl Member {
    pub fn send(&mut self, frame: &[u8]) {
        let length = (frame.len() as u32).to_be_bytes();
        self.stream.write_all(&[&length, frame].concat()).unwrap();
    }

    pub fn receive(&mut self) -> Vec<u8> {
        let mut length = [0; 4];
        self.stream.read_exact(&mut length).unwrap();
        let mut frame = vec![0; u32::from_be_bytes(length) as usize];
        self.stream.read_exact(&mut frame).unwrap();
        frame
    }

    /// Nothing has come by the time that the gateway answers, which it does after all that came before.
    pub fn receives_nothing(&mut self) {
        self.send(&ask(self.last, 1));
        assert_eq!(self.receive()[6..12], mac(1));
    }

    pub fn is_closed(&mut self) -> bool {
        matches!(self.stream.read(&mut [0; 1]), Ok(0))
            || self
                .stream
                .read(&mut [0; 1])
                .is_err_and(|error| error.kind() == ErrorKind::ConnectionReset)
    }
}

pub fn mac(last: u8) -> [u8; 6] {
    [2, 0xa3, 10, 163, 0, last]
}

/// An IPv4 packet of some protocol.
pub fn packet(from: u8, to: u8, payload: &[u8]) -> Vec<u8> {
    let length = (20 + payload.len() as u16).to_be_bytes();
    let head = [
        0x45, 0, length[0], length[1], 0, 0, 0, 0, 64, 99, 0, 0, 10, 163, 0, from, 10, 163, 0, to,
    ];
    [&mac(to)[..], &mac(from), &[8, 0], &head, payload].concat()
}

/// Who has the address?
pub fn ask(from: u8, whose: u8) -> Vec<u8> {
    let body = [0, 1, 8, 0, 6, 4, 0, 1];
    let about = [10, 163, 0, whose];
    [
        &[0xff; 6][..],
        &mac(from),
        &[8, 6],
        &body,
        &mac(from),
        &[10, 163, 0, from],
        &[0; 6],
        &about,
    ]
    .concat()
}
