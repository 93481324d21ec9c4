//! The monitor: starts the VM process, waits for what happens to it and leaves a record.

use crate::card::Programs;
use crate::descriptor::{check, close_from, kill, next_signal, pidfd, pipe, poll, read, set_nonblocking, signalfd};
use crate::failure::{EXIT_CODE, Failure, Stage};
use crate::jail::Cgroup;
use crate::log::{Limits, Log, Stream};
use crate::outcome::{Cause, Ended, Ending, Outcome};
use crate::reserved_file::ReservedFile;
use crate::spec::{self, Spec};
use crate::state::State;
use crate::vm::{self, Outputs};
use std::fs::File;
use std::io::{self, ErrorKind, Write};
use std::os::fd::{AsFd, AsRawFd, FromRawFd, OwnedFd};
use std::os::unix::fs::FileTypeExt;
use std::path::Path;
use std::time::SystemTime;

const LIFELINE: i32 = 3;
/// A VM process that reports more than this is not believed.
const MAX_REPORT_BYTES: usize = 64 * 1024;

pub fn run() -> i32 {
    let started = SystemTime::now();
    let mut lifeline = unsafe { File::from_raw_fd(LIFELINE) };
    let spec = match spec::read_line(&mut lifeline).and_then(|line| spec::parse(&line)) {
        Ok(spec) => spec,
        Err(failure) => {
            tell(&failure);
            return EXIT_CODE;
        }
    };
    let outcome = match prepare(&spec) {
        Ok((record, state)) => {
            let ending = watch(&spec, state.as_ref(), started, lifeline).unwrap_or_else(Ending::of_failure);
            let outcome = Outcome::new(started, ending);
            if let Err(error) = record.publish(format!("{}\n", outcome.json()).as_bytes()) {
                eprintln!("vm-host: cannot write {}: {error}", spec.exit_path);
            }
            remove_sockets(&spec.remove);
            outcome
        }
        // No socket is this VM's by now: they may be those of the one that is there.
        Err(failure) => Outcome::new(started, Ending::of_failure(failure)),
    };
    say(&format!(r#"{{"event":"ended","exit":{}}}"#, outcome.json()));
    if let Some(failure) = outcome.failure() {
        tell(failure);
    }
    outcome.exit_code()
}

/// One event on stdout. The starter may have closed its end; the VM does not depend on it.
fn say(event: &str) {
    let _ = writeln!(io::stdout(), "{event}");
}

/// Whatever the starter leaked into this process stays out of it and of the VM. A VM that is there already is left alone,
/// its record of the end included. And an end that could not be recorded is none to head for.
fn prepare(spec: &Spec) -> Result<(ReservedFile, Option<State>), Failure> {
    close_from(LIFELINE + 1).map_err(|error| Failure::system(Stage::Jail, "close_range", &error))?;
    let state = spec
        .state_path
        .as_ref()
        .map(|path| State::take(Path::new(path)))
        .transpose();
    let state = state.map_err(|error| Failure::system(Stage::Spec, "statePath", &error))?;
    let record = ReservedFile::create(Path::new(&spec.exit_path))
        .map_err(|error| Failure::system(Stage::Spec, "exitPath", &error));
    Ok((record?, state))
}

fn tell(failure: &Failure) {
    let _ = writeln!(io::stderr(), "{}", serde_json::json!(failure));
}

/// Only sockets: a path that is something else by now is not ours to delete.
fn remove_sockets(paths: &[String]) {
    for path in paths {
        if std::fs::symlink_metadata(path).is_ok_and(|found| found.file_type().is_socket()) {
            let _ = std::fs::remove_file(path);
        }
    }
}

fn watch(spec: &Spec, state: Option<&State>, started: SystemTime, lifeline: File) -> Result<Ending, Failure> {
    let jail = |what: &'static str| move |error: io::Error| Failure::system(Stage::Jail, what, &error);
    let limits = Limits {
        max_bytes: spec.log.max_bytes,
        files: spec.log.files,
    };
    let log = Log::open(Path::new(&spec.log.path), limits)
        .map_err(|error| Failure::system(Stage::Spec, "log.path", &error))?;
    let (console, console_writer) = pipe().map_err(jail("pipe"))?;
    let (stdout, stdout_writer) = pipe().map_err(jail("pipe"))?;
    let (stderr, stderr_writer) = pipe().map_err(jail("pipe"))?;
    let (report, report_writer) = pipe().map_err(jail("pipe"))?;
    let signals = signalfd(&[libc::SIGTERM, libc::SIGINT, libc::SIGHUP]).map_err(jail("signalfd"))?;
    let cgroup = Cgroup::for_jail(&spec.jail)?;
    let quit = if spec.detached { -1 } else { lifeline.as_raw_fd() };
    let mut programs = Programs::start(&spec.peers, [signals.as_raw_fd(), quit])?;
    let monitor = unsafe { libc::getpid() };
    let outputs = Outputs {
        console: console_writer,
        stdout: stdout_writer,
        stderr: stderr_writer,
        report: report_writer,
        alive: state
            .map(|state| state.alive().try_clone_to_owned())
            .transpose()
            .map_err(jail("dup"))?,
        cards: programs.cards(),
    };
    let child = check(unsafe { libc::fork() }).map_err(jail("fork"))?;
    if child == 0 {
        vm::become_vm(spec, cgroup.as_ref(), monitor, outputs);
    }
    drop(outputs);
    let process = pidfd(child).map_err(jail("pidfd_open"))?;
    programs.connect().map_err(jail("thread"))?;
    for fd in [&console, &stdout, &stderr, &report] {
        set_nonblocking(fd.as_fd()).map_err(jail("fcntl"))?;
    }
    let mut watcher = Watcher {
        child,
        state,
        since: started,
        detached: spec.detached,
        process,
        signals,
        // In the order of Stream::ALL.
        streams: [Some(console), Some(stdout), Some(stderr)],
        log,
        report: Some(report),
        reported: Vec::new(),
        lifeline: Some(lifeline),
        asked: None,
        failure: None,
        started: false,
    };
    let ended = watcher.run().map_err(jail("poll"))?;
    // Whoever reads the record finds nothing left of the VM.
    drop(programs);
    let log = watcher.log.finish();
    Ok(Ending {
        ended,
        asked: watcher.asked,
        failure: watcher.failure,
        fault: watcher.log.fault(),
        log,
    })
}

struct Watcher<'a> {
    child: libc::pid_t,
    state: Option<&'a State>,
    since: SystemTime,
    detached: bool,
    process: OwnedFd,
    signals: OwnedFd,
    streams: [Option<OwnedFd>; Stream::ALL.len()],
    log: Log,
    report: Option<OwnedFd>,
    reported: Vec<u8>,
    lifeline: Option<File>,
    asked: Option<Cause>,
    failure: Option<Failure>,
    started: bool,
}

impl Watcher<'_> {
    fn run(&mut self) -> io::Result<Ended> {
        loop {
            let raw = |fd: &Option<OwnedFd>| fd.as_ref().map_or(-1, AsRawFd::as_raw_fd);
            let [process, signals, report, lifeline, streams @ ..] = poll(
                [
                    self.process.as_raw_fd(),
                    self.signals.as_raw_fd(),
                    raw(&self.report),
                    self.lifeline.as_ref().map_or(-1, AsRawFd::as_raw_fd),
                    raw(&self.streams[0]),
                    raw(&self.streams[1]),
                    raw(&self.streams[2]),
                ],
                self.log.timeout(),
            )?;
            if report != 0 {
                self.read_report();
            }
            for (stream, events) in Stream::ALL.into_iter().zip(streams) {
                if events != 0 {
                    self.pump(stream, false);
                }
            }
            self.log.write_waiting();
            if signals != 0 {
                self.take_signals();
            }
            if lifeline != 0 {
                self.check_lifeline();
            }
            if process != 0 {
                let ended = self.reap()?;
                self.read_report();
                for stream in Stream::ALL {
                    self.pump(stream, true);
                }
                return Ok(ended);
            }
        }
    }

    fn reap(&self) -> io::Result<Ended> {
        let mut status = 0;
        check(unsafe { libc::waitpid(self.child, &mut status, 0) })?;
        Ok(if libc::WIFSIGNALED(status) {
            Ended::Signal(libc::WTERMSIG(status))
        } else {
            Ended::Code(libc::WEXITSTATUS(status))
        })
    }

    /// One read for each event keeps a noisy guest from starving signals; after the end everything is taken.
    fn pump(&mut self, stream: Stream, to_the_end: bool) {
        let mut chunk = [0u8; 16 * 1024];
        let pipe = &mut self.streams[stream as usize];
        while let Some(fd) = pipe {
            match read(fd.as_fd(), &mut chunk) {
                Ok(0) => *pipe = None,
                Ok(n) => self.log.take(stream, &chunk[..n]),
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return,
                Err(_) => *pipe = None,
            }
            if !to_the_end {
                return;
            }
        }
    }

    fn read_report(&mut self) {
        let mut chunk = [0u8; 4096];
        while let Some(fd) = &self.report {
            match read(fd.as_fd(), &mut chunk) {
                Ok(0) => self.report = None,
                Ok(n) => self.reported.extend_from_slice(&chunk[..n]),
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(_) => self.report = None,
            }
            if self.reported.len() > MAX_REPORT_BYTES {
                self.report = None;
            }
        }
        while let Some(end) = self.reported.iter().position(|byte| *byte == b'\n') {
            let line: Vec<u8> = self.reported.drain(..=end).collect();
            self.take_report(&line[..end]);
        }
    }

    fn take_report(&mut self, line: &[u8]) {
        if let Some(Ok(jail)) = line.strip_prefix(vm::STARTING.as_bytes()).map(serde_json::from_slice) {
            let jail: serde_json::Value = jail;
            // Once: later it may be a guest that says so, to fill the pipe. And the starter may have closed its end.
            if !std::mem::replace(&mut self.started, true) {
                self.announce(&jail);
            }
        } else if let Ok(failure) = serde_json::from_slice(line) {
            self.failure.get_or_insert(failure);
        }
    }

    fn announce(&mut self, jail: &serde_json::Value) {
        let recorded = self.state.map(|state| state.record(self.child, self.since, jail));
        if let Some(Err(error)) = recorded {
            // Nobody could find this VM.
            self.failure = Some(Failure::system(Stage::Spec, "statePath", &error));
            return self.end(Cause::Stopped);
        }
        say(&serde_json::json!({ "event": "starting", "pid": self.child, "jail": jail }).to_string());
    }

    fn take_signals(&mut self) {
        while let Some(signal) = next_signal(self.signals.as_fd()) {
            // A detached VM outlives the terminal it was started from.
            if signal != libc::SIGHUP || !self.detached {
                self.end(Cause::Stopped);
            }
        }
    }

    fn check_lifeline(&mut self) {
        let Some(lifeline) = &self.lifeline else { return };
        match read(lifeline.as_fd(), &mut [0u8; 512]) {
            Ok(n) if n > 0 => {}
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            _ => {
                self.lifeline = None;
                if !self.detached {
                    self.end(Cause::Creator);
                }
            }
        }
    }

    fn end(&mut self, cause: Cause) {
        self.asked.get_or_insert(cause);
        let _ = kill(self.process.as_fd());
    }
}
