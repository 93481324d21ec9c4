use crate::proto::agent::ExecResponse;
use crate::proto::agent::exec_response::Message;
use crate::reaper::Ending;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;
use tokio::sync::Notify;
use tokio::sync::mpsc::{self, OwnedPermit};
use tokio::time::{Instant, sleep, sleep_until};
use tonic::Status;

/// How long an attached call that takes nothing holds the process back.
const PATIENCE: Duration = Duration::from_secs(60);
/// The same once the process has ended: what it wrote last also has a log to go to, and the guest may be on its way out.
const LAST_PATIENCE: Duration = Duration::from_secs(3);

/// A call about a process, as far as it is answered.
pub type Responses = mpsc::Sender<Result<ExecResponse, Status>>;

/// The calls that get what a process writes.
pub struct Audience {
    /// None when there is nothing more to get.
    calls: Mutex<Option<Vec<Call>>>,
}

#[derive(Clone)]
struct Call {
    responses: Responses,
    /// Told when the call was left behind. None for the call that started the process: it waits for that one for ever.
    left_behind: Option<Arc<Notify>>,
}

/// Room for one message in a call.
pub struct Room(OwnedPermit<Result<ExecResponse, Status>>);

impl Room {
    pub fn fill(self, message: Message) {
        drop(self.0.send(Ok(ExecResponse { message: Some(message) })));
    }
}

impl Audience {
    /// For the call that starts the process, if there is one.
    pub fn of(caller: Option<Responses>) -> Self {
        let first = caller.map(|responses| Call {
            responses,
            left_behind: None,
        });
        Self {
            calls: Mutex::new(Some(first.into_iter().collect())),
        }
    }

    /// From now on the call gets a copy. Answers what is notified when it is left behind.
    pub fn join(&self, responses: &Responses) -> Arc<Notify> {
        let left_behind = Arc::new(Notify::new());
        if let Some(calls) = self.calls().as_mut() {
            calls.push(Call {
                responses: responses.clone(),
                left_behind: Some(left_behind.clone()),
            });
        }
        left_behind
    }

    pub fn leave(&self, responses: &Responses) {
        if let Some(calls) = self.calls().as_mut() {
            calls.retain(|call| !call.responses.same_channel(responses));
        }
    }

    /// There is nothing more to get: no call is kept open by this.
    pub fn close(&self) {
        *self.calls() = None;
    }

    /// Waits until each call has room for one more message, but for one that needs none. Who has gone is forgotten, who takes nothing
    /// is left behind.
    pub async fn room(&self, ending: &mut Ending, except: Option<&Responses>) -> Vec<Room> {
        let mut calls = self.calls().clone().unwrap_or_default();
        calls.retain(|call| except.is_none_or(|except| !call.responses.same_channel(except)));
        let begun = Instant::now();
        let mut room = Vec::with_capacity(calls.len());
        for call in calls {
            match call.room(begun, ending).await {
                Some(place) => room.push(place),
                None => self.leave(&call.responses),
            }
        }
        room
    }

    fn calls(&self) -> MutexGuard<'_, Option<Vec<Call>>> {
        self.calls.lock().expect("no holder panics")
    }
}

impl Call {
    async fn room(&self, begun: Instant, ending: &mut Ending) -> Option<Room> {
        let responses = self.responses.clone();
        let Some(left_behind) = &self.left_behind else {
            return responses.reserve_owned().await.ok().map(Room);
        };
        tokio::select! {
            biased;
            place = responses.reserve_owned() => return place.ok().map(Room),
            () = sleep_until(begun + PATIENCE) => {}
            () = async { ending.known().await; sleep(LAST_PATIENCE).await } => {}
        }
        left_behind.notify_one();
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reaper::Reaper;
    use tokio::sync::mpsc;
    use tokio::time::timeout;

    fn stdout(text: &str) -> Message {
        Message::Stdout(text.as_bytes().to_vec())
    }

    async fn deliver(audience: &Audience, ending: &mut Ending, text: &str) -> usize {
        let room = audience.room(ending, None).await;
        let calls = room.len();
        for place in room {
            place.fill(stdout(text));
        }
        calls
    }

    #[tokio::test(start_paused = true)]
    async fn an_attached_call_that_takes_nothing_is_waited_for_and_left_behind() {
        let (slow, mut taken) = mpsc::channel(1);
        let (quick, mut other) = mpsc::channel(9);
        let audience = Audience::of(None);
        let mut ending = Reaper::default().register(1);
        let left_behind = audience.join(&slow);
        audience.join(&quick);
        assert_eq!(deliver(&audience, &mut ending, "1").await, 2);
        let begun = Instant::now();
        assert_eq!(deliver(&audience, &mut ending, "2").await, 1);
        assert_eq!(begun.elapsed(), PATIENCE);
        timeout(PATIENCE, left_behind.notified()).await.unwrap();
        assert_eq!(taken.recv().await.unwrap().unwrap().message, Some(stdout("1")));
        other.recv().await.unwrap().unwrap();
        assert_eq!(other.recv().await.unwrap().unwrap().message, Some(stdout("2")));
        assert_eq!(deliver(&audience, &mut ending, "3").await, 1);
    }

    #[tokio::test(start_paused = true)]
    async fn the_call_that_started_the_process_is_waited_for_as_long_as_it_takes() {
        let (slow, mut taken) = mpsc::channel(1);
        let audience = Audience::of(Some(slow));
        let mut ending = Reaper::default().register(1);
        deliver(&audience, &mut ending, "1").await;
        assert!(timeout(PATIENCE * 100, audience.room(&mut ending, None)).await.is_err());
        taken.recv().await.unwrap().unwrap();
        assert_eq!(deliver(&audience, &mut ending, "2").await, 1);
    }

    #[tokio::test]
    async fn who_leaves_and_what_ends_keeps_no_call_open() {
        let (first, mut gone) = mpsc::channel::<Result<ExecResponse, Status>>(1);
        let (second, mut last) = mpsc::channel::<Result<ExecResponse, Status>>(1);
        let audience = Audience::of(None);
        audience.join(&first);
        audience.leave(&first);
        drop(first);
        assert!(gone.recv().await.is_none());
        audience.join(&second);
        audience.close();
        audience.join(&second);
        drop(second);
        assert!(last.recv().await.is_none());
    }
}
