use super::document::{Counters, Join, Reading};
use super::ethernet::{Frame, Station};
use super::framing::Deframer;
use super::queue::Queue;
use std::os::unix::net::{UnixListener, UnixStream};

/// One who may connect, or is connected.
pub struct Member {
    pub station: Station,
    /// In small letters.
    pub names: Vec<String>,
    pub port: Port,
    pub counters: Counters,
}

pub enum Port {
    /// Its VM has not connected yet; the control connection that asked for it waits for that.
    Awaited {
        door: UnixListener,
        socket: String,
        control: u64,
    },
    Connected(Box<Line>),
}

/// The way to a VM and back.
pub struct Line {
    pub stream: UnixStream,
    /// What the kernel calls it.
    pub token: u64,
    pub input: Deframer,
    pub output: Queue,
    /// The kernel tells when the VM takes more.
    pub awaits_room: bool,
}

impl Member {
    pub fn new(Join { station, names, socket }: Join, door: UnixListener, control: u64) -> Self {
        Self {
            station,
            names: small(names),
            port: Port::Awaited { door, socket, control },
            counters: Counters::default(),
        }
    }

    pub fn has_name(&self, name: &str) -> bool {
        self.names.iter().any(|own| own == name)
    }

    pub fn rename(&mut self, names: Vec<String>) {
        self.names = small(names);
    }

    /// Whether it waits to be sent; a member that has not connected yet misses it, like anybody who is not there.
    pub fn offer(&mut self, frame: &Frame, to_all: bool) -> bool {
        let Port::Connected(line) = &mut self.port else {
            return false;
        };
        let queued = line.output.push(frame, to_all);
        if queued {
            self.counters.received_frames += 1;
            self.counters.received_bytes += frame.len() as u64;
        } else {
            self.counters.lost_frames += 1;
        }
        queued
    }

    pub fn reading(&self) -> Reading {
        Reading {
            address: self.station.address,
            connected: matches!(self.port, Port::Connected(_)),
            counters: self.counters,
        }
    }
}

impl Line {
    pub fn new(stream: UnixStream, token: u64) -> Self {
        Self {
            stream,
            token,
            input: Deframer::new(),
            output: Queue::new(),
            awaits_room: false,
        }
    }
}

fn small(names: Vec<String>) -> Vec<String> {
    names.into_iter().map(|name| name.to_ascii_lowercase()).collect()
}
