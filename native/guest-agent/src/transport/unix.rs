use super::{Listener, Socket};
use std::io;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;

pub fn listen(path: &Path) -> io::Result<Listener> {
    let listener = UnixListener::bind(path)?;
    listener.set_nonblocking(true)?;
    Listener::new(listener.into(), usize::MAX, |_| true)
}

pub fn connect(path: &Path) -> io::Result<Socket> {
    let stream = UnixStream::connect(path)?;
    stream.set_nonblocking(true)?;
    Socket::new(stream.into(), usize::MAX)
}
