use super::frames;
use super::request::Peer;
use super::{arp, guard};
use crate::descriptor::{check, kill, pidfd, poll, read, set_nonblocking};
use crate::failure::{Failure, Stage};
use crate::frame::LENGTH;
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, AsRawFd, OwnedFd, RawFd};
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::process::{Child, ChildStderr, Command, Stdio};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

/// Where a program has its end of the card's frames.
const FRAMES: RawFd = 3;
/// For its first answer: a hundred times what passt takes where everything is slow.
const READY_DEADLINE: Duration = Duration::from_secs(20);
/// For its end, when its card is gone: it may have something to send yet.
const END_GRACE_MS: i32 = 1000;
/// Of what it said on stderr.
const LAST_WORDS: usize = 1024;

/// The program behind a card. It goes when this is dropped.
pub struct Program {
    child: Child,
    process: OwnedFd,
    name: String,
    stderr: Option<ChildStderr>,
    /// The program's frames, on this side.
    frames: Arc<UnixStream>,
    /// The guest's, on this side; the VM has the other end.
    guest: Arc<UnixStream>,
    /// For the VM process alone, which closes it with everything else.
    card: Option<UnixStream>,
}

/// Those of a VM, in the order of its document.
#[derive(Default)]
pub struct Programs(Vec<Program>);

impl Programs {
    /// Starts them and waits until each has answered. `quit` are descriptors at which the start is given up.
    pub fn start(peers: &[Peer], quit: [RawFd; 2]) -> Result<Self, Failure> {
        // All of them at first, so that they get ready at the same time.
        let mut programs = Self::default();
        for peer in peers {
            programs.0.push(Program::spawn(peer)?);
        }
        for (program, peer) in programs.0.iter_mut().zip(peers) {
            program.await_answer(peer, quit)?;
        }
        Ok(programs)
    }

    /// The VM's ends of the cards.
    pub fn cards(&mut self) -> Vec<OwnedFd> {
        self.0
            .iter_mut()
            .filter_map(|program| program.card.take())
            .map(OwnedFd::from)
            .collect()
    }

    /// Begins to carry frames. After the last fork: a thread is not in the child.
    pub fn connect(&mut self) -> io::Result<()> {
        self.0.iter_mut().try_for_each(Program::connect)
    }
}

impl Program {
    fn spawn(peer: &Peer) -> Result<Self, Failure> {
        let failed = |error: io::Error| Failure::system(Stage::Program, &peer.program, &error);
        let (guest, card) = UnixStream::pair().map_err(failed)?;
        let (frames, theirs) = UnixStream::pair().map_err(failed)?;
        let monitor = unsafe { libc::getpid() };
        let end = theirs.as_raw_fd();
        let mut command = Command::new(&peer.program);
        command
            .args(&peer.args)
            .env_clear()
            .current_dir("/")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped());
        // Safety: system calls alone.
        unsafe { command.pre_exec(move || inherit_alone(end, monitor)) };
        let mut child = command.spawn().map_err(failed)?;
        let stderr = child.stderr.take();
        let process = pidfd(child.id() as libc::pid_t).map_err(failed)?;
        if let Some(stderr) = &stderr {
            set_nonblocking(stderr.as_fd()).map_err(failed)?;
        }
        Ok(Self {
            child,
            process,
            name: peer.program.clone(),
            stderr,
            frames: Arc::new(frames),
            guest: Arc::new(guest),
            card: Some(card),
        })
    }

    /// Asks in the guest's name, as it will do itself.
    fn await_answer(&mut self, peer: &Peer, quit: [RawFd; 2]) -> Result<(), Failure> {
        let question = arp::request(peer);
        let sent = [&(question.len() as u32).to_be_bytes()[..], &question].concat();
        // Where nobody takes it, the program has ended, which is seen below.
        let _ = (&*self.frames).write_all(&sent);
        let deadline = Instant::now() + READY_DEADLINE;
        let mut frame = Vec::new();
        loop {
            let left = deadline.saturating_duration_since(Instant::now()).as_millis() as i32;
            let failed = |error: io::Error| Failure::system(Stage::Program, &peer.program, &error);
            let watched = [self.frames.as_raw_fd(), self.process.as_raw_fd(), quit[0], quit[1]];
            let [frames, ended, quits @ ..] = poll(watched, left).map_err(failed)?;
            if quits != [0, 0] {
                return Err(self.failure("the start was given up before it was ready"));
            }
            if frames != 0 && self.take(&mut frame)? {
                if arp::answers(peer, &frame) {
                    return Ok(());
                }
                frame.clear();
            } else if ended != 0 {
                return Err(self.ended());
            } else if left == 0 {
                return Err(self.failure("it did not answer for the gateway in time"));
            } else if frames & libc::POLLHUP != 0 {
                // Its end follows, or it has closed what it was given and will not answer.
                let [_] = poll([self.process.as_raw_fd()], left).map_err(failed)?;
                return Err(self.ended());
            }
        }
    }

    /// Takes no byte beyond the frame: what follows is the guest's. Answers whether it is whole.
    fn take(&self, frame: &mut Vec<u8>) -> Result<bool, Failure> {
        let header = frame.len() < LENGTH;
        let length = frames::length(frame).map_err(|_| self.failure("it sent what is no frame"))?;
        let whole = LENGTH + length.unwrap_or(0);
        let have = frame.len();
        frame.resize(whole, 0);
        let n = (&*self.frames).read(&mut frame[have..]).unwrap_or(0);
        frame.truncate(have + n);
        if header || frame.len() < whole {
            return Ok(false);
        }
        frame.drain(..LENGTH);
        Ok(true)
    }

    fn ended(&mut self) -> Failure {
        let _ = kill(self.process.as_fd());
        match self.child.wait() {
            Ok(status) => self.failure(&format!("it ended with {status}")),
            Err(error) => self.failure(&error.to_string()),
        }
    }

    fn failure(&self, what: &str) -> Failure {
        let said = self.last_words();
        let colon = if said.is_empty() { "" } else { ": " };
        Failure::new(Stage::Program, &self.name, format!("{what}{colon}{said}"))
    }

    /// What it said so far, fit to be printed.
    fn last_words(&self) -> String {
        let mut said = Vec::new();
        let mut chunk = [0; LAST_WORDS];
        while let Some(Ok(n @ 1..)) = self.stderr.as_ref().map(|pipe| read(pipe.as_fd(), &mut chunk)) {
            said.extend_from_slice(&chunk[..n]);
            said.drain(..said.len().saturating_sub(LAST_WORDS));
        }
        let text = String::from_utf8_lossy(&said);
        let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
        lines.collect::<Vec<_>>().join("; ").replace(char::is_control, " ")
    }

    fn connect(&mut self) -> io::Result<()> {
        let name = |what| thread::Builder::new().name(what);
        let (guest, frames) = (self.guest.clone(), self.frames.clone());
        name("card-up".into()).spawn(move || guard::carry_up(&guest, &frames))?;
        let (guest, frames) = (self.guest.clone(), self.frames.clone());
        name("card-down".into()).spawn(move || guard::carry_down(&guest, &frames))?;
        let Some(mut stderr) = self.stderr.take() else {
            return Ok(());
        };
        set_blocking(&stderr)?;
        // It must be able to say what it likes, and nobody asked.
        name("card-words".into()).spawn(move || io::copy(&mut stderr, &mut io::sink()).map(drop))?;
        Ok(())
    }
}

/// The VM is gone, or was never there.
impl Drop for Program {
    fn drop(&mut self) {
        drop(self.card.take());
        if let Ok(Some(_)) = self.child.try_wait() {
            return;
        }
        if self.stderr.is_some() || !poll([self.process.as_raw_fd()], END_GRACE_MS).is_ok_and(|[ended]| ended != 0) {
            let _ = kill(self.process.as_fd());
        }
        let _ = self.child.wait();
    }
}

fn set_blocking(pipe: &ChildStderr) -> io::Result<()> {
    let flags = check(unsafe { libc::fcntl(pipe.as_raw_fd(), libc::F_GETFL) })?;
    check(unsafe { libc::fcntl(pipe.as_raw_fd(), libc::F_SETFL, flags & !libc::O_NONBLOCK) }).map(drop)
}

/// In the child: it has its end of the frames and nothing else of this process, and goes with it.
fn inherit_alone(frames: RawFd, monitor: libc::pid_t) -> io::Result<()> {
    check(unsafe { libc::dup2(frames, FRAMES) })?;
    let on_exec = libc::CLOSE_RANGE_CLOEXEC;
    check(unsafe { libc::syscall(libc::SYS_close_range, FRAMES + 1, u32::MAX, on_exec) } as i32)?;
    unsafe { libc::setsid() };
    check(unsafe { libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL) })?;
    match unsafe { libc::getppid() } == monitor {
        true => Ok(()),
        // It went before the call took effect.
        false => Err(io::Error::from_raw_os_error(libc::ESRCH)),
    }
}
