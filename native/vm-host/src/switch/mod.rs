//! `vm-host switch`: the switch of a named network. One process, one thread; PROTOCOL.md, "The switch of a network".

mod calls;
mod control;
mod dns;
mod document;
mod epoll;
mod ethernet;
mod forward;
mod framing;
mod gateway;
mod hub;
mod member;
mod queue;

use crate::descriptor::{close_from, signalfd};
use crate::failure::{EXIT_CODE, Failure, Stage};
use crate::jail::{self, Measure, Measures};
use crate::spec::read_line;
use crate::state::State;
use document::{Answer, Start};
use hub::{CONTROL_SOCKET, Hub};
use serde_json::{Value, json};
use std::fs::{self, File};
use std::io;
use std::os::fd::{AsFd, FromRawFd};
use std::os::unix::fs::FileTypeExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::time::SystemTime;

/// The first control connection: that of who starts the switch.
const STARTER: i32 = 3;
/// Where its directory is in its own tree.
const PLACE: &str = "/sockets";

pub fn run() -> i32 {
    let mut starter = unsafe { UnixStream::from_raw_fd(STARTER) };
    let prepared = read_start(&starter).and_then(|start| prepare(&start));
    let (mut hub, jail, _state) = match prepared {
        Ok(prepared) => prepared,
        Err(failure) => {
            let _ = say(&mut starter, &Answer::Failed(&failure));
            return EXIT_CODE;
        }
    };
    hub.run(starter, jail)
}

fn read_start(starter: &UnixStream) -> Result<Start, Failure> {
    let spec = |error| Failure::system(Stage::Spec, "spec", &error);
    let mut file = File::from(starter.as_fd().try_clone_to_owned().map_err(spec)?);
    Start::parse(&read_line(&mut file)?)
}

/// All that a switch takes before its first member. The state holds its place as long as it is there.
fn prepare(start: &Start) -> Result<(Hub, Value, State), Failure> {
    let step = |what: &'static str| move |error: io::Error| Failure::system(Stage::Jail, what, &error);
    close_from(STARTER + 1).map_err(step("close_range"))?;
    let state =
        State::take(Path::new(&start.state_path)).map_err(|error| Failure::system(Stage::Spec, "statePath", &error))?;
    let own = unsafe { libc::getpid() };
    state
        .record(own, SystemTime::now(), &json!([]))
        .map_err(|error| Failure::system(Stage::Spec, "statePath", &error))?;
    sweep(Path::new(&start.directory)).map_err(|error| Failure::system(Stage::Spec, "directory", &error))?;
    let signals = signalfd(&[libc::SIGTERM, libc::SIGINT, libc::SIGHUP]).map_err(step("signalfd"))?;
    let jail = start.jail(PLACE);
    let mut measures = Measures::new(jail.mode);
    let places = jail::enter(&jail, None, &mut measures)?;
    let directory = places
        .find(PLACE)
        .map_err(|message| Failure::new(Stage::Jail, PLACE, message))?;
    let listener = UnixListener::bind(Path::new(&directory).join(CONTROL_SOCKET)).map_err(step(CONTROL_SOCKET))?;
    listener.set_nonblocking(true).map_err(step(CONTROL_SOCKET))?;
    let hub = Hub::new(directory, start.gateway, listener, signals).map_err(step("epoll"))?;
    measures.note(Measure::SystemCallFilter, calls::seal())?;
    Ok((hub, json!(measures.in_force()), state))
}

/// Sockets of one that was killed. It had the place that this one has now.
fn sweep(directory: &Path) -> io::Result<()> {
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        if entry.file_type()?.is_socket() {
            fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

fn say(stream: &mut UnixStream, answer: &Answer<'_>) -> io::Result<()> {
    serde_json::to_writer(&*stream, answer)?;
    io::Write::write_all(stream, b"\n")
}
