use super::offer::{Offer, Offers};
use super::outlet::Outlet;
use crate::proto::agent::ContentConnection;
use std::io;
use tokio::sync::mpsc;
use tonic::Status;

/// Content that goes in messages before a connection is offered for the rest: most calls have less.
const BYTES_IN_MESSAGES: usize = 256 * 1024;

/// The way of a call's content out of the guest: in messages, and in bulk over a connection of its own, when the caller takes such and
/// has opened it.
pub struct Detour<T> {
    responses: mpsc::Sender<Result<T, Status>>,
    messages: Messages<T>,
    way: Way,
    bytes_in_messages: usize,
}

/// What a call says.
pub struct Messages<T> {
    pub content: fn(Vec<u8>) -> T,
    pub connection: fn(ContentConnection) -> T,
}

enum Way {
    Messages,
    /// In messages until there is enough to offer a connection.
    MayOffer(Offers),
    /// In messages until the caller has opened it.
    Offered(Offer),
    Connection(Outlet),
}

/// The caller has gone, or has closed the connection: it gets nothing more.
#[derive(Debug)]
pub struct Gone;

impl<T> Detour<T> {
    /// Without offers everything goes in messages.
    pub fn new(responses: mpsc::Sender<Result<T, Status>>, offers: Option<Offers>, messages: Messages<T>) -> Self {
        Self {
            responses,
            messages,
            way: offers.map_or(Way::Messages, Way::MayOffer),
            bytes_in_messages: 0,
        }
    }

    pub fn responses(&self) -> &mpsc::Sender<Result<T, Status>> {
        &self.responses
    }

    pub fn is_over_connection(&self) -> bool {
        matches!(self.way, Way::Connection(_))
    }

    /// Sends on whichever way content goes by now.
    pub async fn send(&mut self, bytes: Vec<u8>) -> Result<(), Gone> {
        if self.is_over_connection() {
            return self.send_over_connection(&bytes).await;
        }
        let length = bytes.len();
        self.say((self.messages.content)(bytes)).await?;
        self.note_message(length).await
    }

    /// Sends where all content goes once it is over the connection.
    pub async fn send_over_connection(&mut self, bytes: &[u8]) -> Result<(), Gone> {
        let Way::Connection(outlet) = &mut self.way else {
            return Err(Gone);
        };
        while_heard(&self.responses, outlet.send(bytes)).await
    }

    /// Waits until some may be sent over the connection, and answers how much; None while content goes in messages.
    pub async fn room_over_connection(&mut self) -> Result<Option<usize>, Gone> {
        match &mut self.way {
            Way::Connection(outlet) => while_heard(&self.responses, outlet.room()).await.map(Some),
            _ => Ok(None),
        }
    }

    /// To be told of what was sent in a message by others.
    pub async fn note_message(&mut self, bytes: usize) -> Result<(), Gone> {
        self.bytes_in_messages = self.bytes_in_messages.saturating_add(bytes);
        let token = match &mut self.way {
            Way::MayOffer(offers) if self.bytes_in_messages >= BYTES_IN_MESSAGES => {
                let Some(offer) = offers.make() else { return Ok(()) };
                let token = offer.token;
                self.way = Way::Offered(offer);
                token
            }
            Way::Offered(offer) => {
                let Some(outlet) = offer.accepted() else { return Ok(()) };
                let token = offer.token;
                self.way = Way::Connection(outlet);
                token
            }
            Way::Messages | Way::MayOffer(_) | Way::Connection(_) => return Ok(()),
        };
        let token = token.to_vec();
        self.say((self.messages.connection)(ContentConnection { token })).await
    }

    /// There is no more content. A connection says so; one that is dropped without it has broken off.
    pub async fn end(self) {
        if let Way::Connection(outlet) = self.way {
            outlet.end().await;
        }
    }

    /// The call fails. A connection is left to the caller to close: one that breaks off could be noticed before the reason.
    pub async fn fail(self, status: Status) {
        let _ = self.responses.send(Err(status)).await;
        if let Way::Connection(outlet) = self.way {
            outlet.part();
        }
    }

    async fn say(&self, message: T) -> Result<(), Gone> {
        self.responses.send(Ok(message)).await.map_err(|_| Gone)
    }
}

/// What is waited for, unless the caller goes first.
async fn while_heard<T, R>(
    responses: &mpsc::Sender<R>,
    waiting: impl Future<Output = io::Result<T>>,
) -> Result<T, Gone> {
    tokio::select! {
        done = waiting => done.map_err(|_| Gone),
        () = responses.closed() => Err(Gone),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transport::Socket;
    use std::io::{Read, Write};
    use std::os::unix::net::UnixStream;

    const MESSAGES: Messages<Vec<u8>> = Messages {
        content: |bytes| bytes,
        connection: |connection| connection.token,
    };

    #[tokio::test]
    async fn a_call_that_fails_says_why_before_its_connection_closes() {
        let (responses, mut said) = mpsc::channel(9);
        let offers = Offers::default();
        let mut detour = Detour::new(responses, Some(offers.clone()), MESSAGES);
        detour.send(vec![1; BYTES_IN_MESSAGES]).await.unwrap();
        said.recv().await.unwrap().unwrap();
        let token = said.recv().await.unwrap().unwrap();
        let (ours, mut theirs) = UnixStream::pair().unwrap();
        ours.set_nonblocking(true).unwrap();
        let outlet = Outlet::new(Socket::new(ours.into(), usize::MAX).unwrap());
        offers.accept(&token[..].try_into().unwrap(), outlet);
        detour.send(vec![2; 3]).await.unwrap();
        assert_eq!(said.recv().await.unwrap().unwrap(), [2; 3]);
        assert_eq!(said.recv().await.unwrap().unwrap(), token);
        assert!(detour.is_over_connection());
        theirs.write_all(&[0, 0, 0, 9]).unwrap();
        detour.send(vec![3; 2]).await.unwrap();
        let failing = tokio::spawn(detour.fail(Status::aborted("so")));
        assert_eq!(said.recv().await.unwrap().unwrap_err().message(), "so");
        failing.await.unwrap();
        let mut piece = [0; 6];
        theirs.read_exact(&mut piece).unwrap();
        assert_eq!(piece, [0, 0, 0, 2, 3, 3]);
        // Open, without an end.
        theirs.set_nonblocking(true).unwrap();
        let more = theirs.read(&mut piece).unwrap_err();
        assert_eq!(more.kind(), std::io::ErrorKind::WouldBlock);
    }
}
