//! What passes from a guest to the program at the other end of its card. The program has the host's network, its loopback included, and
//! opens there what the guest's packets name: passt before March 2024 connects to 127.0.0.1 and 0.0.0.0 as to any other address.

use super::frames;
use crate::frame::{ARP, IPV4, LENGTH, LONGEST};
use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, Shutdown};
use std::os::unix::net::UnixStream;

/// The longest frame, and some more of others in one go.
const BUFFER: usize = 2 * (LENGTH + LONGEST);

/// ARP, and IPv4 between single hosts that are not this one.
pub fn passes(frame: &[u8]) -> bool {
    let address = |at: usize| {
        frame
            .get(at..)
            .and_then(|rest| rest.first_chunk().copied())
            .map(Ipv4Addr::from)
    };
    match frame.get(12..).and_then(|rest| rest.first_chunk().copied()) {
        Some(ARP) => true,
        // RFC 791: the addresses of the source and the destination, whatever options follow.
        Some(IPV4) => address(26).is_some_and(is_elsewhere) && address(30).is_some_and(is_elsewhere),
        _ => false,
    }
}

/// The whole of 0.0.0.0/8 is "this host on this network", RFC 1122 3.2.1.3; from 224.0.0.0 on there are groups, and everybody.
fn is_elsewhere(address: Ipv4Addr) -> bool {
    !address.is_loopback() && (1..224).contains(&address.octets()[0])
}

/// Carries frames from the guest to the program, until one of them is gone.
pub fn carry_up(mut guest: &UnixStream, mut program: &UnixStream) {
    let mut buffer = vec![0; BUFFER];
    let mut filled = 0;
    while let Ok(n @ 1..) = retry(|| guest.read(&mut buffer[filled..])) {
        filled += n;
        let Ok((kept, part)) = frames::keep(&mut buffer[..filled], passes) else {
            break;
        };
        if program.write_all(&buffer[..kept]).is_err() {
            break;
        }
        buffer.copy_within(part..filled, 0);
        filled -= part;
    }
    end(guest, program);
}

/// Carries what the program sends to the guest, which is as good as anything from its network.
pub fn carry_down(mut guest: &UnixStream, mut program: &UnixStream) {
    let mut buffer = vec![0; BUFFER];
    while let Ok(n @ 1..) = retry(|| program.read(&mut buffer)) {
        if guest.write_all(&buffer[..n]).is_err() {
            break;
        }
    }
    end(guest, program);
}

/// The program still gets what it was sent; then it learns that this was all.
fn end(guest: &UnixStream, program: &UnixStream) {
    let _ = program.shutdown(Shutdown::Write);
    let _ = guest.shutdown(Shutdown::Both);
}

fn retry(mut read: impl FnMut() -> io::Result<usize>) -> io::Result<usize> {
    loop {
        match read() {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            done => return done,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packet(ethertype: [u8; 2], source: [u8; 4], destination: [u8; 4]) -> Vec<u8> {
        [&[2; 12][..], &ethertype, &[0x45; 12], &source, &destination, b"rest"].concat()
    }

    #[test]
    fn the_hosts_own_loopback_cannot_be_named() {
        let guest = [10, 0, 2, 2];
        for destination in [
            [10, 0, 2, 1],
            [1, 1, 1, 1],
            [192, 168, 0, 7],
            [223, 255, 255, 254],
            [126, 0, 0, 1],
        ] {
            assert!(passes(&packet([8, 0], guest, destination)), "{destination:?}");
        }
        for destination in [
            [127, 0, 0, 1],
            [127, 9, 9, 9],
            [0, 0, 0, 0],
            [0, 1, 2, 3],
            [224, 0, 0, 251],
            [255; 4],
        ] {
            assert!(!passes(&packet([8, 0], guest, destination)), "{destination:?}");
            assert!(
                !passes(&packet([8, 0], destination, [1, 1, 1, 1])),
                "from {destination:?}"
            );
        }
    }

    #[test]
    fn other_kinds_of_frames_do_not_pass() {
        let (a, b) = ([10, 0, 2, 2], [10, 0, 2, 1]);
        assert!(passes(&packet([8, 6], a, b)));
        // IPv6, a tag of a virtual network, a length of IEEE 802.3.
        for ethertype in [[0x86, 0xdd], [0x81, 0x00], [0, 50]] {
            assert!(!passes(&packet(ethertype, a, b)));
        }
        assert!(!passes(&packet([8, 0], a, b)[..33]));
        assert!(!passes(&[]));
    }

    #[test]
    fn what_passes_arrives_and_the_end_is_told_both_ways() {
        let frame = |destination| {
            let packet = packet([8, 0], [10, 0, 2, 2], destination);
            [&(packet.len() as u32).to_be_bytes()[..], &packet].concat()
        };
        let (mut outside, guest) = UnixStream::pair().unwrap();
        let (program, mut inside) = UnixStream::pair().unwrap();
        std::thread::scope(|scope| {
            scope.spawn(|| carry_up(&guest, &program));
            scope.spawn(|| carry_down(&guest, &program));
            let sent = [frame([1, 1, 1, 1]), frame([127, 0, 0, 1]), frame([9, 9, 9, 9])].concat();
            for byte in sent.chunks(7) {
                outside.write_all(byte).unwrap();
            }
            inside.write_all(b"any bytes").unwrap();
            let mut got = [0; 9];
            outside.read_exact(&mut got).unwrap();
            assert_eq!(&got, b"any bytes");
            outside.shutdown(Shutdown::Write).unwrap();
            let mut passed = Vec::new();
            inside.read_to_end(&mut passed).unwrap();
            assert_eq!(passed, [frame([1, 1, 1, 1]), frame([9, 9, 9, 9])].concat());
            drop(inside);
            assert_eq!(outside.read(&mut [0]).unwrap(), 0);
        });
    }
}
