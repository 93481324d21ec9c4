use guest_agent::proto::boot::guest_message::Message as Said;
use guest_agent::proto::boot::host_message::Message as Answer;
use guest_agent::proto::boot::{GuestConfig, GuestMessage, HostMessage, Received};
use prost::Message;
use std::io::{self, Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::thread;
use tokio::sync::mpsc;

/// The host's side of the doorbell, for one guest: what it says, as it comes. Ends when the guest hangs up or says what is no message.
pub fn answer(path: &Path, config: GuestConfig) -> io::Result<mpsc::UnboundedReceiver<Said>> {
    let listener = UnixListener::bind(path)?;
    let (rings, receiver) = mpsc::unbounded_channel();
    thread::spawn(move || -> io::Result<()> {
        let (mut guest, _) = listener.accept()?;
        loop {
            let said = hear(&mut guest)?;
            let answer = match said {
                Said::Hello(_) => Answer::Config(config.clone()),
                Said::Ready(_) | Said::Failed(_) => Answer::Received(Received {}),
            };
            let message = HostMessage { message: Some(answer) };
            guest.write_all(&message.encode_length_delimited_to_vec())?;
            let _ = rings.send(said);
        }
    });
    Ok(receiver)
}

fn hear(guest: &mut UnixStream) -> io::Result<Said> {
    let mut head = Vec::new();
    let length = loop {
        let mut byte = [0];
        guest.read_exact(&mut byte)?;
        head.push(byte[0]);
        if byte[0] < 0x80 {
            break prost::decode_length_delimiter(head.as_slice())?;
        }
    };
    let mut bytes = vec![0; length];
    guest.read_exact(&mut bytes)?;
    let message = GuestMessage::decode(bytes.as_slice())?;
    message.message.ok_or(io::ErrorKind::InvalidData.into())
}
