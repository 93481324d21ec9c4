//! The VM process: it builds its jail, replays the calls and, in `krun_start_enter`, becomes the VM.

use crate::call::invoke;
use crate::copy_up;
use crate::descriptor::{check, close_from, unblock_signals};
use crate::encoding::{Encoder, NamedFds};
use crate::failure::{EXIT_CODE, Failure, Stage};
#[cfg(target_arch = "x86_64")]
use crate::guest_memory;
use crate::jail::{self, Cgroup, Measures};
use crate::library::Library;
use crate::scheduling;
use crate::spec::Spec;
use std::convert::Infallible;
use std::fs::File;
use std::io::{self, Write};
use std::os::fd::{AsRawFd, FromRawFd, IntoRawFd, OwnedFd, RawFd};

/// Begins the line on the report pipe that says that only `krun_start_enter` is left; the measures in force follow.
pub const STARTING: &str = "starting ";
const LAST_CALL: &str = "krun_start_enter";

const CONSOLE_IN: RawFd = 3;
const CONSOLE_OUT: RawFd = 4;
const REPORT: RawFd = 5;
const STDOUT: RawFd = 6;
const STDERR: RawFd = 7;
/// And the numbers above: the FIFO that tells of the end, where there is one, and the network cards.
const FURTHER: RawFd = 8;

/// Where the VM process writes to: the log's streams and the report.
pub struct Outputs {
    pub console: OwnedFd,
    pub stdout: OwnedFd,
    pub stderr: OwnedFd,
    pub report: OwnedFd,
    /// Held open, and never written to.
    pub alive: Option<OwnedFd>,
    /// Network cards that lead to programs.
    pub cards: Vec<OwnedFd>,
}

/// Runs in the freshly forked child and never returns.
pub fn become_vm(spec: &Spec, cgroup: Option<&Cgroup>, monitor: libc::pid_t, outputs: Outputs) -> ! {
    let inherited = outputs.report.as_raw_fd();
    let (mut report, failure) = match prepare(monitor, outputs) {
        Ok((mut report, cards)) => {
            let Err(failure) = replay(spec, cgroup, monitor, &mut report, cards);
            (report, failure)
        }
        // The pipe still has the number that it came with, unless only the very last steps failed.
        Err(error) => (
            unsafe { File::from_raw_fd(inherited) },
            Failure::system(Stage::Jail, "descriptors", &error),
        ),
    };
    let _ = writeln!(report, "{}", serde_json::json!(failure));
    unsafe { libc::_exit(EXIT_CODE) }
}

/// Leaves few descriptors: /dev/null and the console pipe twice (as stdin/stdout, which libkrun's implicit
/// console takes, and as the named ones), stderr, the report pipe, the pipes of the main process's output, the FIFO that tells of the end, and the network cards, whose
/// numbers it answers.
fn prepare(monitor: libc::pid_t, outputs: Outputs) -> io::Result<(File, Vec<RawFd>)> {
    unblock_signals();
    // Rust's handlers for stack overflows would swallow these when they come from outside.
    for signal in [libc::SIGSEGV, libc::SIGBUS] {
        unsafe { libc::signal(signal, libc::SIG_DFL) };
    }
    die_with(monitor)?;
    unsafe { libc::setsid() };
    let null = OwnedFd::from(File::options().read(true).open("/dev/null")?);
    // Out of the way of the numbers that they are to have; close_range closes these copies and the originals.
    let high = |fd: OwnedFd| check(unsafe { libc::fcntl(fd.into_raw_fd(), libc::F_DUPFD, 64) });
    let (null, console, report) = (high(null)?, high(outputs.console)?, high(outputs.report)?);
    let (stdout, stderr) = (high(outputs.stdout)?, high(outputs.stderr)?);
    let alive = outputs.alive.map(high).transpose()?;
    let cards = outputs.cards.into_iter().map(high).collect::<io::Result<Vec<_>>>()?;
    let first_card = FURTHER + RawFd::from(alive.is_some());
    let further: Vec<_> = alive.into_iter().chain(cards).zip(FURTHER..).collect();
    let unused = FURTHER + further.len() as RawFd;
    let wanted = [
        (null, libc::STDIN_FILENO),
        (console, libc::STDOUT_FILENO),
        (null, CONSOLE_IN),
        (console, CONSOLE_OUT),
        (report, REPORT),
        (stdout, STDOUT),
        (stderr, STDERR),
    ];
    for (from, to) in wanted.into_iter().chain(further) {
        check(unsafe { libc::dup2(from, to) })?;
    }
    close_from(unused)?;
    check(unsafe { libc::clearenv() })?;
    Ok((unsafe { File::from_raw_fd(REPORT) }, (first_card..unused).collect()))
}

/// A monitor that is gone before the call takes effect is noticed by the changed parent.
fn die_with(monitor: libc::pid_t) -> io::Result<()> {
    check(unsafe { libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL) })?;
    if unsafe { libc::getppid() } != monitor {
        unsafe { libc::_exit(EXIT_CODE) };
    }
    Ok(())
}

fn replay(
    spec: &Spec,
    cgroup: Option<&Cgroup>,
    monitor: libc::pid_t,
    report: &mut File,
    peers: Vec<RawFd>,
) -> Result<Infallible, Failure> {
    // Loaded outside the jail: inside there are no libraries, and no code may be loaded.
    #[cfg_attr(not(target_arch = "x86_64"), expect(unused_variables))]
    let firmware = spec.libkrunfw.as_deref().map(Library::open).transpose()?;
    let library = Library::open(&spec.libkrun)?;
    #[cfg(target_arch = "x86_64")]
    if let (Some(firmware), Some(mib)) = (&firmware, spec.memory_mib()) {
        guest_memory::arrange(firmware, mib as usize);
    }
    if let Err(error) = copy_up::allow(&spec.libkrun) {
        // Only a guest that lays an overlay over a share misses it, and it says so itself.
        eprintln!("vm-host: overlays will not work in the guest: {error}");
    }
    let mut measures = Measures::new(spec.jail.mode);
    let places = jail::enter(&spec.jail, cgroup, &mut measures)?;
    // Entering a user namespace clears the parent-death signal.
    die_with(monitor).map_err(|error| Failure::system(Stage::Jail, "parent-death signal", &error))?;
    if let Err(error) = scheduling::wait_for_a_turn() {
        eprintln!("vm-host: content out of the guest will be slower: {error}");
    }
    jail::seal(&spec.jail, &mut measures)?;
    measures.say_missing();

    let fds = NamedFds {
        console_in: CONSOLE_IN,
        console_out: CONSOLE_OUT,
        stdout: STDOUT,
        stderr: STDERR,
        peers,
    };
    let mut encoder = Encoder::new(fds, places);
    for call in &spec.calls {
        let (function, args) = match (library.symbol(&call.function), &call.fallback) {
            (Err(_), Some(fallback)) => (library.symbol(&fallback.function)?, &fallback.args),
            (found, _) => (found?, &call.args),
        };
        let slots = encoder
            .encode(args)
            .map_err(|message| Failure::new(Stage::Spec, &call.function, message))?;
        if call.function == LAST_CALL {
            // In one write: each of them wakes the monitor.
            let line = format!("{STARTING}{}\n", serde_json::json!(measures.in_force()));
            let _ = report.write_all(line.as_bytes());
        }
        // Safety: the starter derives the calls from its table of the C API; the encoder keeps all pointers alive.
        let answer = unsafe { invoke(function, &slots) };
        if answer < 0 {
            let error = io::Error::from_raw_os_error(-answer);
            return Err(Failure::system(Stage::Call, &call.function, &error));
        }
        if let Some(name) = &call.save {
            encoder.save(name, answer);
        }
    }
    Err(Failure::new(
        Stage::Spec,
        "calls",
        format!("none of them is {LAST_CALL}, or it returned"),
    ))
}
