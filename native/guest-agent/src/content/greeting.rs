use crate::transport::Socket;
use std::io;

pub const TOKEN_BYTES: usize = 16;
pub type Token = [u8; TOKEN_BYTES];

/// The first bytes of a connection for content. HTTP/2 begins with another one than both.
const INTO_THE_GUEST: [u8; 8] = *b"a3s-in1\n";
const OUT_OF_THE_GUEST: [u8; 8] = *b"a3s-out\n";
pub const FIRST_BYTE: u8 = INTO_THE_GUEST[0];

#[derive(Debug, PartialEq)]
pub enum Direction {
    Into,
    OutOf,
}

/// Reads what stands before the content. None when something else does.
pub async fn greeting(socket: &Socket) -> io::Result<Option<(Direction, Token)>> {
    let mut head = [0; INTO_THE_GUEST.len() + TOKEN_BYTES];
    let mut known = 0;
    while known < head.len() {
        match socket.receive(&mut head[known..]).await? {
            0 => return Ok(None),
            n => known += n,
        }
    }
    let (greeting, token) = head.split_at(INTO_THE_GUEST.len());
    let direction = match greeting {
        _ if greeting == INTO_THE_GUEST => Direction::Into,
        _ if greeting == OUT_OF_THE_GUEST => Direction::OutOf,
        _ => return Ok(None),
    };
    Ok(Some((direction, token.try_into().expect("as long as a token"))))
}
