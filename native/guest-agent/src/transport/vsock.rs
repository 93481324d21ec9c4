//! vsock with the two rules that libkrun 1.17 needs: with the default buffer, or with writes above 32 KiB, its device
//! stalls for good. Both are harmless with newer versions.

use super::{Listener, Socket};
use std::io;
use std::mem::{size_of, zeroed};
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd};

pub const HOST: u32 = libc::VMADDR_CID_HOST;

/// Most bytes of one write.
const WRITE_LIMIT: usize = 28 * 1024;
/// Set before listen or connect; accepted sockets inherit it.
const BUFFER_BYTES: u64 = 8 << 20;
/// The kernel's 2 s are short for a host that has to run many guests at once.
const CONNECT_TIMEOUT_SECONDS: libc::time_t = 15;

const SO_VM_SOCKETS_BUFFER_SIZE: i32 = 0;
const SO_VM_SOCKETS_BUFFER_MAX_SIZE: i32 = 2;
const SO_VM_SOCKETS_CONNECT_TIMEOUT: i32 = 6;

pub async fn connect(cid: u32, port: u32) -> io::Result<Socket> {
    let fd = socket()?;
    let address = address(cid, port);
    let result = unsafe { libc::connect(fd.as_raw_fd(), (&raw const address).cast(), ADDRESS_BYTES) };
    if result < 0 {
        let error = io::Error::last_os_error();
        if error.raw_os_error() != Some(libc::EINPROGRESS) {
            return Err(error);
        }
    }
    Socket::new(fd, WRITE_LIMIT)?.connected().await
}

pub fn listen(port: u32) -> io::Result<Listener> {
    let fd = socket()?;
    let address = address(libc::VMADDR_CID_ANY, port);
    check(unsafe { libc::bind(fd.as_raw_fd(), (&raw const address).cast(), ADDRESS_BYTES) })?;
    check(unsafe { libc::listen(fd.as_raw_fd(), 128) })?;
    Listener::new(fd, WRITE_LIMIT, is_host)
}

/// Processes in the guest can reach the port too, over the loopback CID; the agent serves the host alone.
fn is_host(connection: BorrowedFd<'_>) -> bool {
    let mut peer: libc::sockaddr_vm = unsafe { zeroed() };
    let mut length = ADDRESS_BYTES;
    let result = unsafe { libc::getpeername(connection.as_raw_fd(), (&raw mut peer).cast(), &mut length) };
    result == 0 && peer.svm_cid == HOST
}

fn socket() -> io::Result<OwnedFd> {
    let kind = libc::SOCK_STREAM | libc::SOCK_CLOEXEC | libc::SOCK_NONBLOCK;
    let fd = unsafe { OwnedFd::from_raw_fd(check(libc::socket(libc::AF_VSOCK, kind, 0))?) };
    // The maximum first: the size is cut to it.
    option(&fd, SO_VM_SOCKETS_BUFFER_MAX_SIZE, &BUFFER_BYTES)?;
    option(&fd, SO_VM_SOCKETS_BUFFER_SIZE, &BUFFER_BYTES)?;
    let timeout = libc::timeval {
        tv_sec: CONNECT_TIMEOUT_SECONDS,
        tv_usec: 0,
    };
    option(&fd, SO_VM_SOCKETS_CONNECT_TIMEOUT, &timeout)?;
    Ok(fd)
}

fn option<T>(fd: &OwnedFd, name: i32, value: &T) -> io::Result<()> {
    let (value, length) = (std::ptr::from_ref(value).cast(), size_of::<T>() as libc::socklen_t);
    check(unsafe { libc::setsockopt(fd.as_raw_fd(), libc::AF_VSOCK, name, value, length) }).map(drop)
}

const ADDRESS_BYTES: libc::socklen_t = size_of::<libc::sockaddr_vm>() as libc::socklen_t;

fn address(cid: u32, port: u32) -> libc::sockaddr_vm {
    let mut address: libc::sockaddr_vm = unsafe { zeroed() };
    address.svm_family = libc::AF_VSOCK as libc::sa_family_t;
    address.svm_cid = cid;
    address.svm_port = port;
    address
}

fn check(result: i32) -> io::Result<i32> {
    if result < 0 {
        Err(io::Error::last_os_error())
    } else {
        Ok(result)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_stay_below_what_the_device_can_take() {
        const { assert!(WRITE_LIMIT <= 28 * 1024) };
        assert_eq!(BUFFER_BYTES, 8 * 1024 * 1024);
    }
}
