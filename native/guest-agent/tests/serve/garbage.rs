//! What is no gRPC, or no longer, on the agent's socket.

use crate::agent::{Agent, Exec, shell};
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
const EMPTY_SETTINGS: &[u8] = &[0, 0, 0, 4, 0, 0, 0, 0, 0];

/// Bytes that look like nothing, others for each seed (xorshift).
fn noise(seed: u64, length: usize) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state as u8
    };
    std::iter::repeat_with(next).take(length).collect()
}

/// What is sent over one connection.
fn message(number: u64) -> Vec<u8> {
    let begun = [PREFACE, EMPTY_SETTINGS].concat();
    match number % 6 {
        0 => noise(number, 4096),
        1 => PREFACE[..number as usize % PREFACE.len()].to_vec(),
        2 => [begun, noise(number, 4096)].concat(),
        // Headers of 16 MiB, of which a little comes.
        3 => [&begun[..], &[0xff, 0xff, 0xff, 1, 4, 0, 0, 0, 1], &noise(number, 4096)].concat(),
        // Data of a stream that was never opened.
        4 => [&begun[..], &[0, 0, 4, 0, 1, 0, 0, 0, 9], &noise(number, 4)].concat(),
        // A frame of a random kind, of the length that it says.
        _ => [&begun[..], &[0, 1, 0, number as u8, 0, 0, 0, 0, 1], &noise(number, 256)].concat(),
    }
}

/// Until the agent has hung up.
fn send(socket: &Path, bytes: &[u8]) {
    let mut stream = UnixStream::connect(socket).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    // It may hang up before it has taken everything.
    let _ = stream.write_all(bytes);
    let _ = stream.shutdown(std::net::Shutdown::Write);
    match stream.read_to_end(&mut Vec::new()) {
        Ok(_) => {}
        Err(error) if error.kind() == std::io::ErrorKind::ConnectionReset => {}
        Err(error) => panic!("{error}, after {:?}", &bytes[..bytes.len().min(64)]),
    }
}

#[tokio::test]
async fn garbage_on_other_connections_disturbs_no_call() {
    let agent = Agent::start();
    let mut client = agent.client().await;
    let mut echo = shell("cat");
    echo.open_stdin = true;
    let mut exec = Exec::open(&mut client, echo).await;
    exec.started().await;
    let before = agent.resident_kib();
    let socket = agent.socket.clone();
    let sent = tokio::task::spawn_blocking(move || (0..600).for_each(|number| send(&socket, &message(number))));
    sent.await.unwrap();
    exec.stdin(b"still here\n").await;
    exec.until("still here\n").await;
    exec.close_stdin().await;
    assert_eq!(exec.finish().await.unwrap().code(), 0);
    let grown = agent.resident_kib().saturating_sub(before);
    assert!(grown < 4 * 1024, "the agent grew by {grown} KiB");
}
