use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};
use tokio::time::sleep;
use tonic::codegen::tokio_stream::Stream;

/// One direction of a call as a stream; dropping it tells the sender that the other side has gone.
pub struct Outgoing<T> {
    first: Option<T>,
    second: Option<T>,
    rest: mpsc::Receiver<T>,
}

impl<T> Outgoing<T> {
    pub fn new(messages: mpsc::Receiver<T>) -> Self {
        Self {
            first: None,
            second: None,
            rest: messages,
        }
    }

    /// Waits for the first message, so that it leaves in one write with the response's headers: in a guest every write
    /// wakes the host.
    pub async fn primed(mut messages: mpsc::Receiver<T>) -> Self {
        Self {
            first: messages.recv().await,
            second: None,
            rest: messages,
        }
    }

    /// Waits also for the second one, until `hurried` is dropped, and for so long at most.
    pub async fn primed_twice(mut messages: mpsc::Receiver<T>, hurried: oneshot::Receiver<()>, most: Duration) -> Self {
        let first = messages.recv().await;
        let second = tokio::select! {
            biased;
            second = messages.recv() => second,
            _ = hurried => None,
            () = sleep(most) => None,
        };
        Self {
            first,
            second,
            rest: messages,
        }
    }
}

impl<T: Unpin> Stream for Outgoing<T> {
    type Item = T;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<T>> {
        let this = &mut *self;
        match this.first.take().or_else(|| this.second.take()) {
            Some(first) => Poll::Ready(Some(first)),
            None => self.rest.poll_recv(cx),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::future::poll_fn;
    use tokio::time::{Instant, timeout};

    const MOST: Duration = Duration::from_millis(20);

    /// What can leave in one write.
    async fn ready(outgoing: &mut Outgoing<u8>) -> Vec<u8> {
        let mut ready = Vec::new();
        while let Ok(Some(next)) = timeout(Duration::ZERO, poll_fn(|cx| Pin::new(&mut *outgoing).poll_next(cx))).await {
            ready.push(next);
        }
        ready
    }

    #[tokio::test(start_paused = true)]
    async fn the_second_message_is_waited_for_and_the_rest_follows() {
        let (messages, taken) = mpsc::channel(9);
        let (_calm, hurried) = oneshot::channel();
        messages.send(1).await.unwrap();
        tokio::spawn(async move {
            sleep(MOST / 2).await;
            for number in 2..=3 {
                messages.send(number).await.unwrap();
            }
        });
        let begun = Instant::now();
        let mut outgoing = Outgoing::primed_twice(taken, hurried, MOST).await;
        assert_eq!(begun.elapsed(), MOST / 2);
        assert_eq!(ready(&mut outgoing).await, [1, 2, 3]);
    }

    #[tokio::test(start_paused = true)]
    async fn it_is_not_waited_for_longer_than_that_nor_when_there_is_hurry() {
        for (hurry, waited) in [(false, MOST), (true, Duration::ZERO)] {
            let (messages, taken) = mpsc::channel(9);
            let (calm, hurried) = oneshot::channel();
            let calm = (!hurry).then_some(calm);
            messages.send(1).await.unwrap();
            let begun = Instant::now();
            let mut outgoing = Outgoing::primed_twice(taken, hurried, MOST).await;
            assert_eq!(begun.elapsed(), waited);
            assert_eq!(ready(&mut outgoing).await, [1]);
            messages.send(2).await.unwrap();
            assert_eq!(ready(&mut outgoing).await, [2]);
            drop(calm);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn an_end_is_not_waited_for() {
        let (messages, taken) = mpsc::channel(9);
        let (_calm, hurried) = oneshot::channel();
        messages.send(1).await.unwrap();
        drop(messages);
        let begun = Instant::now();
        let mut outgoing = Outgoing::primed_twice(taken, hurried, MOST).await;
        assert_eq!((ready(&mut outgoing).await, begun.elapsed()), (vec![1], Duration::ZERO));
    }
}
