//! The monitor: starts the VM process, waits for what happens to it and leaves a record.

use crate::console::RotatedLog;
use crate::descriptor::{check, close_from, kill, next_signal, pidfd, pipe, poll, read, set_nonblocking, signalfd};
use crate::failure::{EXIT_CODE, Failure, Stage};
use crate::jail::Cgroup;
use crate::outcome::{Ended, Outcome};
use crate::spec::{self, Spec};
use crate::vm;
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
    let (ended, failure) = match watch(&spec, lifeline) {
        Ok(result) => result,
        Err(failure) => (Ended::Code(EXIT_CODE), Some(failure)),
    };
    let outcome = Outcome::new(started, ended, failure);
    if let Err(error) = outcome.write(Path::new(&spec.exit_path)) {
        eprintln!("vm-host: cannot write {}: {error}", spec.exit_path);
    }
    remove_sockets(&spec.remove);
    if let Some(failure) = outcome.failure() {
        tell(failure);
    }
    outcome.exit_code()
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

fn watch(spec: &Spec, lifeline: File) -> Result<(Ended, Option<Failure>), Failure> {
    let jail = |what: &'static str| move |error: io::Error| Failure::system(Stage::Jail, what, &error);
    // Whatever the starter leaked into this process stays out of it and of the VM.
    close_from(LIFELINE + 1).map_err(jail("close_range"))?;
    let log = RotatedLog::open(Path::new(&spec.console.path), spec.console.max_bytes)
        .map_err(|error| Failure::system(Stage::Spec, "console.path", &error))?;
    let (console, console_writer) = pipe().map_err(jail("pipe"))?;
    let (report, report_writer) = pipe().map_err(jail("pipe"))?;
    let signals = signalfd(&[libc::SIGTERM, libc::SIGINT, libc::SIGHUP]).map_err(jail("signalfd"))?;
    let cgroup = Cgroup::for_jail(&spec.jail)?;
    let monitor = unsafe { libc::getpid() };
    let child = check(unsafe { libc::fork() }).map_err(jail("fork"))?;
    if child == 0 {
        vm::become_vm(spec, cgroup.as_ref(), monitor, console_writer, report_writer);
    }
    drop((console_writer, report_writer));
    let process = pidfd(child).map_err(jail("pidfd_open"))?;
    for fd in [&console, &report] {
        set_nonblocking(fd.as_fd()).map_err(jail("fcntl"))?;
    }
    let mut watcher = Watcher {
        child,
        detached: spec.detached,
        process,
        signals,
        console: Some(console),
        log: Some(log),
        report: Some(report),
        reported: Vec::new(),
        lifeline: Some(lifeline),
        failure: None,
        started: false,
    };
    let ended = watcher.run().map_err(jail("poll"))?;
    Ok((ended, watcher.failure))
}

struct Watcher {
    child: libc::pid_t,
    detached: bool,
    process: OwnedFd,
    signals: OwnedFd,
    console: Option<OwnedFd>,
    log: Option<RotatedLog>,
    report: Option<OwnedFd>,
    reported: Vec<u8>,
    lifeline: Option<File>,
    failure: Option<Failure>,
    started: bool,
}

impl Watcher {
    fn run(&mut self) -> io::Result<Ended> {
        loop {
            let raw = |fd: &Option<OwnedFd>| fd.as_ref().map_or(-1, AsRawFd::as_raw_fd);
            let [process, signals, console, report, lifeline] = poll(
                [
                    self.process.as_raw_fd(),
                    self.signals.as_raw_fd(),
                    raw(&self.console),
                    raw(&self.report),
                    self.lifeline.as_ref().map_or(-1, AsRawFd::as_raw_fd),
                ],
                -1,
            )?;
            if report != 0 {
                self.read_report();
            }
            if console != 0 {
                self.pump_console(false);
            }
            if signals != 0 {
                self.take_signals();
            }
            if lifeline != 0 {
                self.check_lifeline();
            }
            if process != 0 {
                let ended = self.reap()?;
                self.read_report();
                self.pump_console(true);
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
    fn pump_console(&mut self, to_the_end: bool) {
        let mut chunk = [0u8; 16 * 1024];
        while let Some(fd) = &self.console {
            match read(fd.as_fd(), &mut chunk) {
                Ok(0) => self.console = None,
                Ok(n) => self.append(&chunk[..n]),
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return,
                Err(_) => self.console = None,
            }
            if !to_the_end {
                return;
            }
        }
    }

    /// A full disk must not stop the guest: what cannot be written is dropped and said once.
    fn append(&mut self, bytes: &[u8]) {
        if let Some(log) = &mut self.log
            && let Err(error) = log.write(bytes)
        {
            eprintln!("vm-host: console log stopped: {error}");
            self.log = None;
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
            let event = serde_json::json!({ "event": "starting", "pid": self.child, "jail": jail });
            // Once: later it may be a guest that says so, to fill the pipe. And the starter may have closed its end.
            if !std::mem::replace(&mut self.started, true) {
                let _ = writeln!(io::stdout(), "{event}");
            }
        } else if let Ok(failure) = serde_json::from_slice(line) {
            self.failure.get_or_insert(failure);
        }
    }

    fn take_signals(&mut self) {
        while let Some(signal) = next_signal(self.signals.as_fd()) {
            // A detached VM outlives the terminal it was started from.
            if signal != libc::SIGHUP || !self.detached {
                self.end();
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
                    self.end();
                }
            }
        }
    }

    fn end(&self) {
        let _ = kill(self.process.as_fd());
    }
}
