use crate::content::{Connection, Contents, MAX_BYTES, Offers};
use crate::proto::agent::attach_process_request::Message as Attach;
use crate::proto::agent::exec_request::Message as Exec;
use crate::proto::agent::{
    AttachProcessRequest, AttachStart, ContentConnection, ExecRequest, ExecStart, Signal, TerminalSize,
};
use std::future::pending;
use std::io;
use tonic::{Status, Streaming};

pub type ExecRequests = Requests<ExecRequest>;

/// What the caller of a process says, one after the other; its stdin in whichever way that comes.
pub struct Requests<M> {
    messages: Streaming<M>,
    contents: Contents,
    stdin: Stdin,
    /// It has closed its direction.
    closed: bool,
}

/// How the caller sends stdin.
enum Stdin {
    InMessages,
    /// The bool: the message that closes stdin has overtaken the bytes.
    OverConnection(Box<Connection>, bool),
    CameOverConnection,
}

pub enum Said<Start> {
    Start(Start),
    Stdin(Vec<u8>),
    StdinClose,
    Signal(i32),
    Resize(TerminalSize),
}

/// Why nothing more is said.
#[derive(Debug)]
pub enum Silence {
    Gone,
    /// It said something that it must not say.
    Refused(Status),
}

/// A message of a call about a process.
pub trait Message {
    type Start;
    fn word(self) -> Word<Self::Start>;
}

pub enum Word<Start> {
    Said(Said<Start>),
    Connection(ContentConnection),
    /// Something that newer callers say.
    Nothing,
}

/// What comes next.
enum Next<M> {
    Message(Result<Option<M>, Status>),
    Chunk(io::Result<Option<Vec<u8>>>),
}

impl<M: Message> Requests<M> {
    pub fn new(messages: Streaming<M>, contents: Contents) -> Self {
        Self {
            messages,
            contents,
            stdin: Stdin::InMessages,
            closed: false,
        }
    }

    /// For content to the caller.
    pub fn offers(&self) -> Offers {
        self.contents.offers()
    }

    /// None when the caller has closed its direction. A call that is dropped while it waits has taken nothing.
    pub async fn next(&mut self) -> Result<Option<Said<M::Start>>, Silence> {
        loop {
            let waits = matches!(self.stdin, Stdin::OverConnection(..));
            if self.closed && !waits {
                return Ok(None);
            }
            let next = tokio::select! {
                message = self.messages.message(), if !self.closed => Next::Message(message),
                chunk = chunk(&mut self.stdin), if waits => Next::Chunk(chunk),
            };
            let said = match next {
                Next::Message(Ok(Some(message))) => self.hear(message.word()).await?,
                Next::Message(Ok(None)) => {
                    self.closed = true;
                    None
                }
                Next::Message(Err(_)) => return Err(Silence::Gone),
                Next::Chunk(chunk) => self.take(chunk)?,
            };
            if said.is_some() {
                return Ok(said);
            }
        }
    }

    async fn hear(&mut self, word: Word<M::Start>) -> Result<Option<Said<M::Start>>, Silence> {
        match (word, &mut self.stdin) {
            (Word::Connection(ContentConnection { token }), Stdin::InMessages) => {
                let connection = self.contents.take(&token).await.map_err(Silence::Refused)?;
                self.stdin = Stdin::OverConnection(Box::new(connection), false);
                Ok(None)
            }
            (Word::Connection(_), _) => Err(refused("stdin has a connection already".into())),
            (Word::Said(Said::Stdin(_)), Stdin::OverConnection(..) | Stdin::CameOverConnection) => {
                Err(refused("stdin goes over its connection".into()))
            }
            (Word::Said(Said::Stdin(chunk)), _) if chunk.len() > MAX_BYTES => {
                Err(refused(format!("stdin holds more than {MAX_BYTES} bytes")))
            }
            (Word::Said(Said::StdinClose), Stdin::OverConnection(_, closes)) => {
                *closes = true;
                Ok(None)
            }
            (Word::Said(Said::Signal(number)), _) if !(1..=64).contains(&number) => {
                Err(refused(format!("{number} is no signal")))
            }
            (Word::Said(said), _) => Ok(Some(said)),
            (Word::Nothing, _) => Ok(None),
        }
    }

    fn take(&mut self, chunk: io::Result<Option<Vec<u8>>>) -> Result<Option<Said<M::Start>>, Silence> {
        match chunk {
            Ok(Some(chunk)) => Ok(Some(Said::Stdin(chunk))),
            Ok(None) => {
                let came = std::mem::replace(&mut self.stdin, Stdin::CameOverConnection);
                Ok(matches!(came, Stdin::OverConnection(_, true)).then_some(Said::StdinClose))
            }
            Err(error) => Err(Silence::Refused(Status::aborted(format!(
                "the connection of stdin: {error}"
            )))),
        }
    }
}

async fn chunk(stdin: &mut Stdin) -> io::Result<Option<Vec<u8>>> {
    match stdin {
        Stdin::OverConnection(connection, _) => connection.chunk().await,
        _ => pending().await,
    }
}

fn refused(message: String) -> Silence {
    Silence::Refused(Status::invalid_argument(message))
}

pub fn started_twice() -> Status {
    Status::invalid_argument("`start` may come only once")
}

impl Message for ExecRequest {
    type Start = ExecStart;

    fn word(self) -> Word<ExecStart> {
        match self.message {
            Some(Exec::Start(start)) => Word::Said(Said::Start(start)),
            Some(Exec::Stdin(chunk)) => Word::Said(Said::Stdin(chunk)),
            Some(Exec::StdinClose(_)) => Word::Said(Said::StdinClose),
            Some(Exec::Signal(Signal { number })) => Word::Said(Said::Signal(number)),
            Some(Exec::StdinConnection(connection)) => Word::Connection(connection),
            None => Word::Nothing,
        }
    }
}

impl Message for AttachProcessRequest {
    type Start = AttachStart;

    fn word(self) -> Word<AttachStart> {
        match self.message {
            Some(Attach::Start(start)) => Word::Said(Said::Start(start)),
            Some(Attach::Stdin(chunk)) => Word::Said(Said::Stdin(chunk)),
            Some(Attach::StdinClose(_)) => Word::Said(Said::StdinClose),
            Some(Attach::Signal(Signal { number })) => Word::Said(Said::Signal(number)),
            Some(Attach::Resize(size)) => Word::Said(Said::Resize(size)),
            Some(Attach::StdinConnection(connection)) => Word::Connection(connection),
            None => Word::Nothing,
        }
    }
}
