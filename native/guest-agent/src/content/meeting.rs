use super::connection::Connection;
use super::greeting::{Direction, TOKEN_BYTES, Token, greeting};
use super::offer::Offers;
use super::outlet::Outlet;
use crate::transport::Socket;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;
use tokio::sync::oneshot;
use tokio::time::timeout;
use tonic::Status;

/// For a connection and its call to find each other, whichever comes first.
const MEETING_DEADLINE: Duration = Duration::from_secs(30);
/// Connections without a call, and calls without a connection. Each well-behaved caller has few of them.
const MAX_WAITING: usize = 256;

/// Where connections for content and the calls that they are for meet, by the token that both say.
#[derive(Clone, Default)]
pub struct Contents {
    waiting: Arc<Mutex<HashMap<Token, Waiting>>>,
    offers: Offers,
}

enum Waiting {
    Connection(Connection, oneshot::Sender<()>),
    Call(oneshot::Sender<Connection>),
}

impl Contents {
    /// For content out of the guest.
    pub fn offers(&self) -> Offers {
        self.offers.clone()
    }

    /// Serves a connection that does not begin as HTTP/2, until a call has it.
    pub async fn receive(&self, socket: Socket) {
        let _ = timeout(MEETING_DEADLINE, self.hand_over(socket)).await;
    }

    async fn hand_over(&self, socket: Socket) {
        match greeting(&socket).await {
            Ok(Some((Direction::Into, token))) => self.wait_for_call(token, Connection::new(socket)).await,
            Ok(Some((Direction::OutOf, token))) => self.offers.accept(&token, Outlet::new(socket)),
            _ => {}
        }
    }

    async fn wait_for_call(&self, token: Token, connection: Connection) {
        let (here, fetched) = oneshot::channel();
        {
            let mut waiting = self.waiting();
            match waiting.remove(&token) {
                Some(Waiting::Call(call)) => return drop(call.send(connection)),
                // Two that say the same are no good to anyone.
                Some(Waiting::Connection(..)) => return,
                None if waiting.len() == MAX_WAITING => return,
                None => waiting.insert(token, Waiting::Connection(connection, here)),
            };
        }
        let _place = Place { contents: self, token };
        let _ = fetched.await;
    }

    /// The connection that says this token.
    pub async fn take(&self, token: &[u8]) -> Result<Connection, Status> {
        let token: Token = token
            .try_into()
            .map_err(|_| Status::invalid_argument(format!("a token has {TOKEN_BYTES} bytes")))?;
        let (here, connection) = oneshot::channel();
        {
            let mut waiting = self.waiting();
            match waiting.remove(&token) {
                Some(Waiting::Connection(connection, fetched)) => {
                    let _ = fetched.send(());
                    return Ok(connection);
                }
                Some(Waiting::Call(_)) => return Err(Status::already_exists("another call said this token")),
                None if waiting.len() == MAX_WAITING => {
                    return Err(Status::resource_exhausted("too many calls wait for content"));
                }
                None => waiting.insert(token, Waiting::Call(here)),
            };
        }
        let _place = Place { contents: self, token };
        match timeout(MEETING_DEADLINE, connection).await {
            Ok(Ok(connection)) => Ok(connection),
            _ => Err(Status::deadline_exceeded("no connection has come with this token")),
        }
    }

    fn waiting(&self) -> MutexGuard<'_, HashMap<Token, Waiting>> {
        self.waiting.lock().expect("no holder panics")
    }
}

/// Of one who waits; given up with the value.
struct Place<'a> {
    contents: &'a Contents,
    token: Token,
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.contents.waiting().remove(&self.token);
    }
}
