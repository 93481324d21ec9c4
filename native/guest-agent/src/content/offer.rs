use super::greeting::Token;
use super::outlet::Outlet;
use rustix::rand::{GetRandomFlags, getrandom};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard};
use tokio::sync::oneshot;

/// Calls that have offered a connection which their callers have not opened; others go on in messages.
const MAX_OFFERS: usize = 256;

/// Where connections that callers open for content out of the guest find the calls that offered them.
#[derive(Clone, Default)]
pub struct Offers {
    waiting: Arc<Mutex<HashMap<Token, oneshot::Sender<Outlet>>>>,
}

/// A call's offer to send its content over a connection; it lasts as long as this.
pub struct Offer {
    pub token: Token,
    outlet: oneshot::Receiver<Outlet>,
    offers: Offers,
}

impl Offers {
    /// None when there are too many.
    pub fn make(&self) -> Option<Offer> {
        let mut token = Token::default();
        getrandom(&mut token, GetRandomFlags::empty())
            .ok()
            .filter(|length| *length == token.len())?;
        let (accepted, outlet) = oneshot::channel();
        let mut waiting = self.waiting();
        if waiting.len() >= MAX_OFFERS {
            return None;
        }
        waiting.insert(token, accepted);
        Some(Offer {
            token,
            outlet,
            offers: self.clone(),
        })
    }

    /// Hands a connection to the call that offered it. What nobody offered is closed.
    pub fn accept(&self, token: &Token, outlet: Outlet) {
        if let Some(call) = self.waiting().remove(token) {
            drop(call.send(outlet));
        }
    }

    fn waiting(&self) -> MutexGuard<'_, HashMap<Token, oneshot::Sender<Outlet>>> {
        self.waiting.lock().expect("no holder panics")
    }
}

impl Offer {
    /// The connection, once the caller has opened it.
    pub fn accepted(&mut self) -> Option<Outlet> {
        self.outlet.try_recv().ok()
    }
}

impl Drop for Offer {
    fn drop(&mut self) {
        self.offers.waiting().remove(&self.token);
    }
}
