use crate::proto::boot::guest_message::Message as Said;
use crate::proto::boot::host_message::Message as Answer;
use crate::proto::boot::{Failed, GuestConfig, GuestMessage, Hello, HostMessage, Ready, Stage};
use crate::transport::{Socket, vsock};
use crate::{PROTOCOL, VERSION, system};
use prost::Message;
use std::time::Duration;
use tokio::time::timeout;

/// Where the host listens.
const PORT: u32 = 4087;
/// The host has a deadline of its own; this one ends a guest whose host is stuck.
const DEADLINE: Duration = Duration::from_secs(60);
const FAIL_DEADLINE: Duration = Duration::from_secs(5);
const MAX_ANSWER_BYTES: usize = 4 << 20;
/// Most bytes of a varint.
const MAX_LENGTH_BYTES: usize = 10;
/// Of an answer at a time: most are shorter.
const CHUNK_BYTES: usize = 16 << 10;

/// The connection to whoever started this VM.
pub struct Doorbell {
    socket: Socket,
}

impl Doorbell {
    /// Presents the guest and takes its configuration.
    pub async fn ring() -> Result<(Self, GuestConfig), String> {
        within_deadline("Hello", async {
            let connected = vsock::connect(vsock::HOST, PORT).await;
            let mut doorbell = Self {
                socket: connected.map_err(|error| format!("vsock port {PORT}: {error}"))?,
            };
            let config = doorbell.hello().await?;
            Ok((doorbell, config))
        })
        .await
    }

    async fn hello(&mut self) -> Result<GuestConfig, String> {
        let hello = Hello {
            agent_version: VERSION.to_owned(),
            protocol: PROTOCOL,
            since_kernel_start: Some(system::duration(system::since_kernel_start())),
        };
        match self.say(Said::Hello(hello)).await? {
            Answer::Config(config) => Ok(config),
            answer => Err(unexpected(answer)),
        }
    }

    pub async fn ready(mut self, stages: Vec<Stage>) -> Result<(), String> {
        within_deadline("Ready", async {
            match self.say(Said::Ready(Ready { stages })).await? {
                Answer::Received(_) => Ok(()),
                answer => Err(unexpected(answer)),
            }
        })
        .await
    }

    pub async fn fail(mut self, failed: Failed) {
        let _ = timeout(FAIL_DEADLINE, self.say(Said::Failed(failed))).await;
    }

    async fn say(&mut self, message: Said) -> Result<Answer, String> {
        let bytes = GuestMessage { message: Some(message) }.encode_length_delimited_to_vec();
        let sent = self.socket.send_all(&bytes, &[]).await;
        sent.map_err(|error| format!("the doorbell: {error}"))?;
        let answer = receive(&self.socket).await?;
        answer.message.ok_or_else(|| "the host's answer is empty".to_owned())
    }
}

/// One message. What would follow it is nothing: the host only answers.
async fn receive(socket: &Socket) -> Result<HostMessage, String> {
    let mut bytes = Vec::new();
    loop {
        let end = bytes.len();
        bytes.resize(end + CHUNK_BYTES, 0);
        match socket.receive(&mut bytes[end..]).await {
            Ok(0) => return Err("the host hung up".into()),
            Ok(n) => bytes.truncate(end + n),
            Err(error) => return Err(format!("the doorbell: {error}")),
        }
        let broken = || "the host's answer is no message".to_owned();
        let Ok(length) = prost::decode_length_delimiter(bytes.as_slice()) else {
            match bytes.len() < MAX_LENGTH_BYTES {
                true => continue,
                false => return Err(broken()),
            }
        };
        if length > MAX_ANSWER_BYTES {
            return Err("the host's answer is too large".into());
        }
        if bytes.len() >= prost::length_delimiter_len(length) + length {
            return HostMessage::decode_length_delimited(bytes.as_slice()).map_err(|_| broken());
        }
    }
}

fn unexpected(answer: Answer) -> String {
    match answer {
        Answer::Refused(refused) => refused.reason,
        _ => "the host answered what was not asked".into(),
    }
}

/// `what` begins what is said of a failure.
async fn within_deadline<T>(what: &str, work: impl Future<Output = Result<T, String>>) -> Result<T, String> {
    let ended = timeout(DEADLINE, work).await;
    let ended = ended.unwrap_or_else(|_| Err("the host did not answer in time".into()));
    ended.map_err(|message| format!("{what}: {message}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proto::boot::{Received, Refused};
    use rustix::net::{AddressFamily, RecvFlags, SocketFlags, SocketType, recv, send, socketpair};
    use std::os::fd::OwnedFd;

    fn pair(kind: SocketType) -> (Doorbell, OwnedFd) {
        let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
        let (ours, theirs) = socketpair(AddressFamily::UNIX, kind, flags, None).unwrap();
        let socket = Socket::new(ours, usize::MAX).unwrap();
        (Doorbell { socket }, theirs)
    }

    fn framed(answer: Answer) -> Vec<u8> {
        let message = HostMessage { message: Some(answer) };
        message.encode_length_delimited_to_vec()
    }

    fn config(hostname: &str) -> Answer {
        Answer::Config(GuestConfig {
            hostname: hostname.to_owned(),
            ..GuestConfig::default()
        })
    }

    /// What a guest makes of these bytes after its Hello, which come in parts of that size; then the host hangs up.
    async fn answered(bytes: Vec<u8>, part: usize) -> Result<GuestConfig, String> {
        let (mut doorbell, theirs) = pair(SocketType::STREAM);
        let host = Socket::new(theirs, part).unwrap();
        let answering = tokio::spawn(async move {
            let mut hello = [0; 256];
            let n = host.receive(&mut hello).await.unwrap();
            let said = GuestMessage::decode_length_delimited(&hello[..n]).unwrap();
            assert!(matches!(said.message, Some(Said::Hello(hello)) if hello.agent_version == VERSION));
            let _ = host.send_all(&bytes, &[]).await;
        });
        let result = doorbell.hello().await;
        drop(doorbell);
        answering.await.unwrap();
        result
    }

    #[tokio::test]
    async fn a_configuration_comes_whole_however_it_is_cut() {
        for (bytes, part) in [(100, 1), (100, usize::MAX), (1 << 20, 4096)] {
            let hostname = "x".repeat(bytes);
            let given = answered(framed(config(&hostname)), part).await.unwrap();
            assert_eq!(given.hostname, hostname, "{bytes} by {part}");
        }
    }

    #[tokio::test]
    async fn a_refusal_is_told_in_the_hosts_words() {
        let reason = "not now".to_owned();
        let refused = answered(framed(Answer::Refused(Refused { reason })), usize::MAX).await;
        assert_eq!(refused.unwrap_err(), "not now");
    }

    #[tokio::test]
    async fn what_is_no_answer_is_an_error() {
        let whole = framed(config("box"));
        let huge = vec![0xff, 0xff, 0xff, 0xff, 0x0f];
        for (bytes, said) in [
            (whole[..whole.len() - 1].to_vec(), "the host hung up"),
            (Vec::new(), "the host hung up"),
            (vec![0xff; 10], "the host's answer is no message"),
            (vec![3, 0x0a, 0x7f, 0], "the host's answer is no message"),
            (vec![0], "the host's answer is empty"),
            (huge, "the host's answer is too large"),
            (
                framed(Answer::Received(Received {})),
                "the host answered what was not asked",
            ),
        ] {
            assert_eq!(answered(bytes, usize::MAX).await.unwrap_err(), said);
        }
    }

    /// Each write is a packet of its own here, as it is to the host.
    #[tokio::test]
    async fn each_message_is_one_write() {
        let (doorbell, theirs) = pair(SocketType::SEQPACKET);
        send(
            &theirs,
            &framed(Answer::Received(Received {})),
            rustix::net::SendFlags::empty(),
        )
        .unwrap();
        let stages = vec![Stage {
            name: "root".into(),
            duration: None,
        }];
        doorbell.ready(stages.clone()).await.unwrap();
        let mut bytes = [0; 256];
        let (n, _) = recv(&theirs, &mut bytes, RecvFlags::empty()).unwrap();
        let said = GuestMessage::decode_length_delimited(&bytes[..n]).unwrap();
        assert_eq!(said.message, Some(Said::Ready(Ready { stages })));
    }
}
