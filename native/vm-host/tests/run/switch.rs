use crate::fake::{Process, is_alive};
use serde_json::{Value, json};
use std::fs;
use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::net::Shutdown;
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

struct Network {
    directory: PathBuf,
}

impl Network {
    fn new() -> Self {
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let directory = std::env::temp_dir().join(format!("a3s-switch-{}-{number}", std::process::id()));
        fs::create_dir_all(directory.join("run")).unwrap();
        Self { directory }
    }

    fn start(&self) -> Switch {
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

    fn control(&self) -> Control {
        Control::new(UnixStream::connect(self.directory.join("run/ctl.sock")).unwrap())
    }

    fn sockets(&self) -> Vec<String> {
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

struct Switch {
    child: Child,
    control: Control,
}

impl Switch {
    fn ready(mut self) -> Self {
        let answer = self.control.answer();
        assert!(answer["ready"]["jail"].is_array(), "{answer}");
        self
    }

    /// Its exit code.
    fn finish(mut self) -> Option<i32> {
        drop(self.control);
        Process::open(self.child.id() as i32).await_end();
        self.child.wait().unwrap().code()
    }
}

struct Control(BufReader<UnixStream>);

impl Control {
    fn new(stream: UnixStream) -> Self {
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        Self(BufReader::new(stream))
    }

    fn answer(&mut self) -> Value {
        let mut line = String::new();
        self.0.read_line(&mut line).unwrap();
        serde_json::from_str(&line).unwrap_or(Value::Null)
    }

    fn ask(&mut self, request: &Value) -> Value {
        writeln!(self.0.get_mut(), "{request}").unwrap();
        self.answer()
    }

    fn join(&mut self, last: u8, name: &str) -> Value {
        self.ask(&json!({ "join": {
            "station": { "address": format!("10.163.0.{last}"), "mac": format!("02:a3:0a:a3:00:{last:02x}") },
            "names": [name], "socket": format!("{last}.sock")
        } }))
    }

    /// A member with its VM.
    fn member(&mut self, network: &Network, last: u8, name: &str) -> Member {
        let address = format!("10.163.0.{last}");
        assert_eq!(self.join(last, name), json!({ "joined": address }));
        let stream = UnixStream::connect(network.directory.join(format!("run/{last}.sock"))).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        assert_eq!(self.answer(), json!({ "connected": address }));
        Member { stream, last }
    }
}

/// As libkrun speaks for a guest.
struct Member {
    stream: UnixStream,
    last: u8,
}

impl Member {
    fn send(&mut self, frame: &[u8]) {
        let length = (frame.len() as u32).to_be_bytes();
        self.stream.write_all(&[&length, frame].concat()).unwrap();
    }

    fn receive(&mut self) -> Vec<u8> {
        let mut length = [0; 4];
        self.stream.read_exact(&mut length).unwrap();
        let mut frame = vec![0; u32::from_be_bytes(length) as usize];
        self.stream.read_exact(&mut frame).unwrap();
        frame
    }

    /// Nothing has come by the time that the gateway answers, which it does after all that came before.
    fn receives_nothing(&mut self) {
        self.send(&ask(self.last, 1));
        assert_eq!(self.receive()[6..12], mac(1));
    }

    fn is_closed(&mut self) -> bool {
        matches!(self.stream.read(&mut [0; 1]), Ok(0))
            || self
                .stream
                .read(&mut [0; 1])
                .is_err_and(|error| error.kind() == ErrorKind::ConnectionReset)
    }
}

fn mac(last: u8) -> [u8; 6] {
    [2, 0xa3, 10, 163, 0, last]
}

/// An IPv4 packet of some protocol.
fn packet(from: u8, to: u8, payload: &[u8]) -> Vec<u8> {
    let length = (20 + payload.len() as u16).to_be_bytes();
    let head = [
        0x45, 0, length[0], length[1], 0, 0, 0, 0, 64, 99, 0, 0, 10, 163, 0, from, 10, 163, 0, to,
    ];
    [&mac(to)[..], &mac(from), &[8, 0], &head, payload].concat()
}

/// Who has the address?
fn ask(from: u8, whose: u8) -> Vec<u8> {
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

#[test]
fn members_reach_each_other_and_nobody_gets_what_is_for_another() {
    let network = Network::new();
    let mut switch = network.start().ready();
    let [mut a, mut b, mut c] = [2, 3, 4].map(|last| switch.control.member(&network, last, "x"));
    a.send(&packet(2, 3, b"hello"));
    assert_eq!(b.receive(), packet(2, 3, b"hello"));
    b.send(&ask(3, 2));
    assert_eq!([a.receive(), c.receive()], [ask(3, 2), ask(3, 2)]);
    // Nobody has this one, and this one is not a's.
    a.send(&packet(2, 9, b"lost"));
    a.send(&packet(3, 4, b"posed"));
    for member in [&mut a, &mut b, &mut c] {
        member.receives_nothing();
    }
}

#[test]
fn the_switch_goes_with_its_last_member_and_leaves_no_socket() {
    let network = Network::new();
    let mut switch = network.start().ready();
    let a = switch.control.member(&network, 2, "a");
    let mut later = network.control();
    let b = later.member(&network, 3, "b");
    assert_eq!(later.join(4, "c"), json!({ "joined": "10.163.0.4" }));
    assert_eq!(network.sockets(), ["4.sock", "ctl.sock"]);
    // Whoever brought c goes, so it does not come. Not by closing: another test may fork at this moment, with a copy of it.
    later.0.get_ref().shutdown(Shutdown::Both).unwrap();
    let mut another = network.control();
    let status = another.ask(&json!({ "status": {} }));
    assert_eq!(status["status"].as_array().unwrap().len(), 2, "{status}");
    assert_eq!(network.sockets(), ["ctl.sock"]);
    drop((a, another));
    let pid = switch.child.id() as i32;
    let Switch { child, control } = switch;
    drop(control);
    assert!(is_alive(pid));
    drop(b);
    assert_eq!(
        Switch {
            child,
            control: Control::new(UnixStream::pair().unwrap().0)
        }
        .finish(),
        Some(0)
    );
    assert_eq!(network.sockets(), Vec::<String>::new());
}

#[test]
fn a_starter_that_goes_before_it_brings_anybody_takes_the_switch_with_it() {
    let network = Network::new();
    assert_eq!(network.start().ready().finish(), Some(0));
    assert_eq!(network.sockets(), Vec::<String>::new());
}

#[test]
fn one_switch_at_a_time_and_the_next_one_takes_what_a_killed_one_left() {
    let network = Network::new();
    let mut switch = network.start().ready();
    let mut a = switch.control.member(&network, 2, "a");
    assert_eq!(switch.control.join(3, "b"), json!({ "joined": "10.163.0.3" }));
    let mut second = network.start();
    let failed = second.control.answer();
    assert_eq!(failed["failed"]["errno"], libc::EBUSY, "{failed}");
    assert_eq!(second.finish(), Some(70));
    assert_eq!(unsafe { libc::kill(switch.child.id() as i32, libc::SIGKILL) }, 0);
    assert!(a.is_closed());
    assert_eq!(switch.finish(), None);
    assert_eq!(network.sockets(), ["3.sock", "ctl.sock"]);
    let mut next = network.start().ready();
    assert_eq!(network.sockets(), ["ctl.sock"]);
    next.control.member(&network, 2, "a").receives_nothing();
}

#[test]
fn a_signal_ends_it_and_its_sockets() {
    let network = Network::new();
    let mut switch = network.start().ready();
    let mut a = switch.control.member(&network, 2, "a");
    assert_eq!(unsafe { libc::kill(switch.child.id() as i32, libc::SIGTERM) }, 0);
    assert!(a.is_closed());
    assert_eq!(switch.finish(), Some(0));
    assert_eq!(network.sockets(), Vec::<String>::new());
}

#[test]
fn who_sends_what_is_no_stream_of_frames_is_closed_alone() {
    let network = Network::new();
    let mut switch = network.start().ready();
    let [mut a, mut b, mut c] = [2, 3, 4].map(|last| switch.control.member(&network, last, "x"));
    a.stream.write_all(&[0xff; 1000]).unwrap();
    assert!(a.is_closed());
    // A cut one, whose rest never comes.
    b.stream.write_all(&[0, 0, 1, 0, 7]).unwrap();
    drop(b);
    // Too long for the network, which costs the frame alone.
    c.send(&[0; 9000]);
    c.receives_nothing();
    let mut again = switch.control.member(&network, 2, "x");
    again.send(&packet(2, 4, b"still there"));
    assert_eq!(c.receive(), packet(2, 4, b"still there"));
}

#[test]
fn a_member_that_takes_nothing_holds_nobody_up() {
    let network = Network::new();
    let mut switch = network.start().ready();
    let [mut fast, stuck, mut other] = [2, 3, 4].map(|last| switch.control.member(&network, last, "x"));
    // More than the queue and both sockets hold.
    for _ in 0..3000 {
        fast.send(&packet(2, 3, &[0; 1400]));
    }
    fast.send(&packet(2, 4, b"through"));
    assert_eq!(other.receive(), packet(2, 4, b"through"));
    let status = switch.control.ask(&json!({ "status": {} }));
    assert!(status["status"][1]["lostFrames"].as_u64().unwrap() > 1000, "{status}");
    drop(stuck);
}

#[test]
fn names_are_found_while_their_members_are_there() {
    let network = Network::new();
    let mut switch = network.start().ready();
    let mut a = switch.control.member(&network, 2, "a");
    let b = switch.control.member(&network, 3, "Web");
    let mut find = |name: &str| {
        let mut query = vec![0xab, 0xcd, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, name.len() as u8];
        query.extend(name.as_bytes());
        query.extend([0, 0, 1, 0, 1]);
        let udp = [&[0x12, 0x34, 0, 53, 0, 8 + query.len() as u8, 0, 0][..], &query].concat();
        let mut frame = packet(2, 1, &udp);
        frame[23] = 17;
        a.send(&frame);
        let answer = a.receive();
        (answer[45] & 15 == 0).then(|| answer[answer.len() - 1])
    };
    assert_eq!([find("web"), find("a"), find("c")], [Some(3), Some(2), None]);
    let renamed = switch
        .control
        .ask(&json!({ "rename": { "address": "10.163.0.3", "names": ["db"] } }));
    assert_eq!(renamed, json!({ "renamed": "10.163.0.3" }));
    assert_eq!([find("web"), find("db")], [None, Some(3)]);
    drop(b);
}

#[test]
fn who_asks_for_what_cannot_be_is_refused() {
    let network = Network::new();
    let mut switch = network.start().ready();
    for request in [
        json!({ "join": { "station": { "address": "10.9.0.2", "mac": "02:a3:0a:a3:00:02" }, "names": [], "socket": "2.sock" } }),
        json!({ "join": { "station": { "address": "10.163.0.1", "mac": "02:a3:0a:a3:00:01" }, "names": [], "socket": "1.sock" } }),
        json!({ "join": { "station": { "address": "10.163.0.2", "mac": "02:a3:0a:a3:00:03" }, "names": [], "socket": "2.sock" } }),
        json!({ "join": { "station": { "address": "10.163.0.2", "mac": "02:a3:0a:a3:00:02" }, "names": [], "socket": "../2.sock" } }),
        json!({ "rename": { "address": "10.163.0.2", "names": [] } }),
        json!("nonsense"),
    ] {
        assert!(switch.control.ask(&request)["refused"].is_string(), "{request}");
    }
    // Without an end of the line.
    let mut endless = network.control();
    endless.0.get_mut().write_all(&[b'x'; 9000]).unwrap();
    assert!(matches!(endless.0.read(&mut [0; 1]), Ok(0) | Err(_)));
    assert_eq!(switch.control.join(2, "a"), json!({ "joined": "10.163.0.2" }));
}
