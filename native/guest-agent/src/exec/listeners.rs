use super::audience::{Audience, Room};
use super::stream_port::StreamPort;
use super::width::WIDE_BYTES;
use crate::content::{Detour, Gone};
use crate::proto::agent::ExecResponse;
use crate::proto::agent::exec_response::Message;
use crate::reaper::Ending;

/// The call that started a process, whose stdout may leave the messages.
pub type StdoutDetour = Detour<ExecResponse>;

/// Who gets what a process writes to one of its streams: its log, and calls.
pub struct Listeners<'a> {
    audience: &'a Audience,
    message: fn(Vec<u8>) -> Message,
    log: Option<&'a StreamPort>,
    /// Of one of the audience.
    detour: Option<StdoutDetour>,
}

/// Room in each call for what comes next.
pub struct Places {
    messages: Vec<Room>,
    /// Bytes that the one may get that gets no messages.
    over_connection: Option<usize>,
}

impl Places {
    /// How much they have room for, where a message may hold so many bytes.
    pub fn most(&self, of_a_message: usize) -> usize {
        match self.over_connection {
            Some(most) if self.messages.is_empty() => most.min(WIDE_BYTES),
            Some(most) => most.min(of_a_message),
            None => of_a_message,
        }
    }
}

impl<'a> Listeners<'a> {
    pub fn new(audience: &'a Audience, message: fn(Vec<u8>) -> Message, log: Option<&'a StreamPort>) -> Self {
        Self {
            audience,
            message,
            log,
            detour: None,
        }
    }

    pub fn with_detour(self, detour: Option<StdoutDetour>) -> Self {
        Self { detour, ..self }
    }

    /// Waits until everybody who listens can take something.
    pub async fn room(&mut self, ending: &mut Ending) -> Places {
        let over_connection = match &mut self.detour {
            None => None,
            Some(detour) => match detour.room_over_connection().await {
                Ok(room) => room,
                Err(Gone) => {
                    self.leave_behind();
                    None
                }
            },
        };
        let except = self.detour.as_ref().filter(|_| over_connection.is_some());
        let messages = self.audience.room(ending, except.map(Detour::responses)).await;
        Places {
            messages,
            over_connection,
        }
    }

    /// Gives everybody what the places have room for.
    pub async fn tell(&mut self, places: Places, bytes: Vec<u8>) {
        if let Some(log) = self.log {
            log.write(&bytes).await;
        }
        let length = bytes.len();
        let mut messages = places.messages;
        // As a rule there is one that listens, which gets the bytes themselves.
        let last = if places.over_connection.is_some() {
            None
        } else {
            messages.pop()
        };
        for place in messages {
            place.fill((self.message)(bytes.clone()));
        }
        let told = match (&mut self.detour, last) {
            (Some(detour), None) if places.over_connection.is_some() => detour.send_over_connection(&bytes).await,
            (Some(detour), Some(place)) => {
                place.fill((self.message)(bytes));
                detour.note_message(length).await
            }
            (None, Some(place)) => {
                place.fill((self.message)(bytes));
                Ok(())
            }
            (_, None) => Ok(()),
        };
        if told.is_err() {
            self.leave_behind();
        }
    }

    /// A part of what the call was to get is lost, so nothing may follow.
    fn leave_behind(&mut self) {
        if let Some(detour) = self.detour.take() {
            self.audience.leave(detour.responses());
        }
    }

    /// The stream has ended.
    pub async fn end(self) {
        if let Some(detour) = self.detour {
            detour.end().await;
        }
    }
}
