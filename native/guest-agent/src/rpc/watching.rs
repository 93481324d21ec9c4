use super::outgoing::Outgoing;
use crate::files::{self, GuestPath, Watch, blocking};
use crate::proto::agent::change::Kind;
use crate::proto::agent::watch_response::Message;
use crate::proto::agent::{WatchRequest, WatchResponse, Watching};
use crate::trigger::Trigger;
use tokio::sync::mpsc;
use tonic::Status;

const QUEUED_CHANGES: usize = 16;

type Responses = mpsc::Sender<Result<WatchResponse, Status>>;

/// Begins before it answers, so that the caller misses nothing from then on.
pub async fn watch(
    request: WatchRequest,
    shutdown: Trigger,
) -> Result<Outgoing<Result<WatchResponse, Status>>, Status> {
    let path = GuestPath::new(request.path)?;
    let events = blocking(request.user, move |_| files::watch(&path)).await?;
    let watch = Watch::new(events).map_err(|error| Status::resource_exhausted(error.to_string()))?;
    let (responses, outgoing) = mpsc::channel(QUEUED_CHANGES);
    tokio::spawn(async move {
        tokio::select! {
            () = send(&watch, &responses) => {}
            // A caller that has gone hears no more, a guest that shuts down waits for nobody.
            () = responses.closed() => {}
            _ = shutdown.grace() => {}
        }
    });
    Ok(Outgoing::primed(outgoing).await)
}

async fn send(watch: &Watch, responses: &Responses) {
    let say = |message| responses.send(Ok(WatchResponse { message: Some(message) }));
    if say(Message::Watching(Watching {})).await.is_err() {
        return;
    }
    loop {
        let changes = match watch.next().await {
            Ok(changes) => changes,
            Err(error) => return drop(responses.send(Err(Status::internal(error.to_string()))).await),
        };
        for change in changes {
            let is_last = change.kind == i32::from(Kind::Gone);
            if say(Message::Change(change)).await.is_err() || is_last {
                return;
            }
        }
    }
}
