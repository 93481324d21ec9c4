use super::control::Control;
use super::document::{Answer, Join, Request};
use super::epoll::Epoll;
use super::ethernet::Station;
use super::member::{Line, Member, Port};
use crate::descriptor::next_signal;
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs;
use std::io::{self, ErrorKind};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::PathBuf;

pub const CONTROL_SOCKET: &str = "ctl.sock";
/// A network has at most as many addresses: /24.
pub const SEATS: usize = 256;
/// Every member can be on its way at the same time, and somebody may ask about each.
const MAX_CONTROLS: usize = 2 * SEATS;
/// Read at once from one member before it is another's turn.
const CHUNK: usize = 64 * 1024;
const EVENTS: usize = 64;

const SIGNALS: u64 = 0;
const LISTENER: u64 = 1;
/// The last one that is no connection's. No token is used twice: an event may be of a connection that is gone.
const LAST_OWN_TOKEN: u64 = 1;

/// All members of a network and everybody who speaks to the switch.
pub struct Hub {
    directory: PathBuf,
    pub gateway: Station,
    epoll: Epoll,
    listener: UnixListener,
    signals: OwnedFd,
    controls: BTreeMap<u64, Control>,
    /// By the last byte of their addresses.
    pub members: Vec<Option<Member>>,
    /// Seats by the tokens of their doors and lines.
    seats: BTreeMap<u64, usize>,
    last_token: u64,
    pub chunk: Vec<u8>,
    ended: bool,
}

impl Hub {
    pub fn new(directory: String, gateway: Station, listener: UnixListener, signals: OwnedFd) -> io::Result<Self> {
        let epoll = Epoll::new()?;
        epoll.add(&signals, SIGNALS)?;
        epoll.add(&listener, LISTENER)?;
        Ok(Self {
            directory: directory.into(),
            gateway,
            epoll,
            listener,
            signals,
            controls: BTreeMap::new(),
            members: (0..SEATS).map(|_| None).collect(),
            seats: BTreeMap::new(),
            last_token: LAST_OWN_TOKEN,
            chunk: vec![0; CHUNK],
            ended: false,
        })
    }

    /// Until nobody is there any more, or a signal. `jail`: the measures in force, for who starts the switch.
    pub fn run(&mut self, starter: UnixStream, jail: Value) -> i32 {
        if let Some(token) = self.welcome(starter) {
            self.say(token, &Answer::Ready { jail });
        }
        let mut events = [libc::epoll_event { events: 0, u64: 0 }; EVENTS];
        let mut code = 0;
        while !self.ended && self.is_needed() {
            match self.epoll.wait(&mut events) {
                Ok(ready) => {
                    for event in ready {
                        self.attend(event.u64, event.events);
                    }
                }
                Err(_) => {
                    code = 1;
                    break;
                }
            }
        }
        // The name goes before the listener does: who is told that nobody is there may take the place at once.
        let _ = fs::remove_file(self.directory.join(CONTROL_SOCKET));
        for index in 0..SEATS {
            self.remove(index);
        }
        code
    }

    fn attend(&mut self, token: u64, ready: u32) {
        match token {
            SIGNALS => self.ended |= next_signal(self.signals.as_fd()).is_some(),
            LISTENER => self.accept_control(),
            _ if self.controls.contains_key(&token) => self.hear(token),
            _ => {
                let Some(&index) = self.seats.get(&token) else { return };
                if ready & libc::EPOLLOUT as u32 != 0 {
                    self.flush(index);
                }
                // It may have gone by now.
                if ready & !(libc::EPOLLOUT as u32) != 0 && self.seats.contains_key(&token) {
                    self.attend_member(index);
                }
            }
        }
    }

    fn accept_control(&mut self) {
        match self.listener.accept() {
            Ok((stream, _)) if self.controls.len() < MAX_CONTROLS => drop(self.welcome(stream)),
            Ok(_) => {}
            Err(error) if is_passing(&error) => {}
            // Asking again would not change it.
            Err(_) => self.ended = true,
        }
    }

    fn welcome(&mut self, stream: UnixStream) -> Option<u64> {
        let token = self.token();
        stream.set_nonblocking(true).ok()?;
        self.epoll.add(&stream, token).ok()?;
        self.controls.insert(token, Control::new(stream));
        Some(token)
    }

    fn hear(&mut self, token: u64) {
        let Some(control) = self.controls.get_mut(&token) else {
            return;
        };
        match control.lines() {
            Ok(lines) => lines.iter().for_each(|line| self.obey(token, line)),
            Err(_) => self.dismiss(token),
        }
    }

    fn obey(&mut self, token: u64, line: &[u8]) {
        let answer = match Request::parse(line) {
            Err(why) => Answer::Refused(why),
            Ok(Request::Join(join)) => self.join(join, token),
            Ok(Request::Rename(rename)) => {
                let index = usize::from(rename.address.octets()[3]);
                match &mut self.members[index] {
                    Some(member) if member.station.address == rename.address => {
                        member.rename(rename.names);
                        Answer::Renamed(rename.address)
                    }
                    _ => Answer::Refused("it is no member"),
                }
            }
            Ok(Request::Status(_)) => Answer::Status(self.members.iter().flatten().map(Member::reading).collect()),
        };
        self.say(token, &answer);
    }

    fn join(&mut self, join: Join, control: u64) -> Answer<'static> {
        let Station { address, mac } = join.station;
        let last = address.octets()[3];
        let near = address.octets()[..3] == self.gateway.address.octets()[..3];
        if !near || mac.0[5] != last || address == self.gateway.address || mac == self.gateway.mac {
            return Answer::Refused("it has no address of this network");
        }
        let index = usize::from(last);
        // One of before, whose VM is gone.
        self.remove(index);
        let path = self.directory.join(&join.socket);
        let token = self.token();
        let door = UnixListener::bind(&path).and_then(|door| {
            door.set_nonblocking(true)?;
            self.epoll.add(&door, token)?;
            Ok(door)
        });
        match door {
            Ok(door) => {
                self.seats.insert(token, index);
                self.members[index] = Some(Member::new(join, door, control));
                Answer::Joined(address)
            }
            Err(_) => Answer::Refused("its socket cannot be made"),
        }
    }

    fn say(&mut self, token: u64, answer: &Answer<'_>) {
        let failed = self
            .controls
            .get_mut(&token)
            .is_some_and(|control| control.say(answer).is_err());
        if failed {
            self.dismiss(token);
        }
    }

    /// Whoever it brought and whose VM has not connected does not come any more.
    fn dismiss(&mut self, token: u64) {
        self.controls.remove(&token);
        for index in 0..SEATS {
            let awaited = self.members[index].as_ref().map(|member| &member.port);
            if matches!(awaited, Some(Port::Awaited { control, .. }) if *control == token) {
                self.remove(index);
            }
        }
    }

    fn attend_member(&mut self, index: usize) {
        let Some(mut member) = self.members[index].take() else {
            return;
        };
        let mut touched = [false; SEATS];
        let stays = match &mut member.port {
            Port::Awaited { .. } => self.connect(index, &mut member),
            Port::Connected(_) => self.forward(&mut member, &mut touched),
        };
        touched[index] = true;
        self.members[index] = Some(member);
        if !stays {
            self.remove(index);
        }
        for (index, _) in touched.iter().enumerate().filter(|(_, touched)| **touched) {
            self.flush(index);
        }
    }

    /// Whether the member stays.
    fn connect(&mut self, index: usize, member: &mut Member) -> bool {
        let Port::Awaited { door, socket, control } = &member.port else {
            return true;
        };
        let stream = match door.accept() {
            Ok((stream, _)) => stream,
            Err(error) => return is_passing(&error),
        };
        let (path, control, token) = (self.directory.join(socket), *control, self.token());
        if stream.set_nonblocking(true).is_err() || self.epoll.add(&stream, token).is_err() {
            return false;
        }
        // A door is for one.
        let _ = fs::remove_file(path);
        self.seats.retain(|_, seat| *seat != index);
        self.seats.insert(token, index);
        member.port = Port::Connected(Box::new(Line::new(stream, token)));
        self.say(control, &Answer::Connected(member.station.address));
        true
    }

    /// Gives a member what waits for it, as far as it takes it.
    fn flush(&mut self, index: usize) {
        let Some(Port::Connected(line)) = self.members[index].as_mut().map(|member| &mut member.port) else {
            return;
        };
        let mut flushed = line.output.flush(&mut line.stream);
        let awaits_room = !line.output.is_empty();
        if flushed.is_ok() && awaits_room != line.awaits_room {
            line.awaits_room = awaits_room;
            flushed = self.epoll.change(&line.stream, line.token, awaits_room);
        }
        if flushed.is_err() {
            self.remove(index);
        }
    }

    fn is_needed(&self) -> bool {
        !self.controls.is_empty() || self.members.iter().any(Option::is_some)
    }

    /// Closes what there is of a member.
    fn remove(&mut self, index: usize) {
        let Some(member) = self.members[index].take() else {
            return;
        };
        if let Port::Awaited { socket, .. } = member.port {
            let _ = fs::remove_file(self.directory.join(socket));
        }
        self.seats.retain(|_, seat| *seat != index);
    }

    fn token(&mut self) -> u64 {
        self.last_token += 1;
        self.last_token
    }
}

/// Of a call that was made too early, or for somebody who has left again.
pub fn is_passing(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::WouldBlock | ErrorKind::Interrupted | ErrorKind::ConnectionAborted
    )
}
