use crate::fake::is_alive;
use crate::network::{Control, Network, Switch, ask, packet};
use serde_json::json;
use std::io::{Read, Write};
use std::net::Shutdown;
use std::os::unix::net::UnixStream;

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
