use std::pin::Pin;
use std::task::{Context, Poll};
use tokio::sync::mpsc;
use tonic::codegen::tokio_stream::Stream;

/// One direction of a call as a stream; dropping it tells the sender that the other side has gone.
pub struct Outgoing<T> {
    first: Option<T>,
    rest: mpsc::Receiver<T>,
}

impl<T> Outgoing<T> {
    pub fn new(messages: mpsc::Receiver<T>) -> Self {
        Self {
            first: None,
            rest: messages,
        }
    }

    /// Waits for the first message, so that it leaves in one write with the response's headers: in a guest every write
    /// wakes the host.
    pub async fn primed(mut messages: mpsc::Receiver<T>) -> Self {
        Self {
            first: messages.recv().await,
            rest: messages,
        }
    }
}

impl<T: Unpin> Stream for Outgoing<T> {
    type Item = T;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<T>> {
        match self.first.take() {
            Some(first) => Poll::Ready(Some(first)),
            None => self.rest.poll_recv(cx),
        }
    }
}
