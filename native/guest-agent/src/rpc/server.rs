use super::executor::Executor;
use crate::content::{Contents, FIRST_BYTE};
use crate::transport::{Listener, Socket};
use http::{Request, Response};
use hyper::body::Incoming;
use hyper::server::conn::http2::Builder;
use std::convert::Infallible;
use std::os::fd::OwnedFd;
use std::pin::pin;
use tokio::sync::watch;
use tokio::task::JoinSet;

/// Bounds of what one call can make the agent hold: received bytes by the window, unsent ones by the buffer.
const STREAM_WINDOW_BYTES: u32 = 512 * 1024;
const SEND_BUFFER_BYTES: usize = 64 * 1024;
const MAX_STREAMS: u32 = 2048;
/// As much as all calls may have: however many do not read, none holds back another one.
const CONNECTION_WINDOW_BYTES: u32 = STREAM_WINDOW_BYTES * MAX_STREAMS;
const MAX_CONNECTIONS: usize = 128;

/// A gRPC service, or several, for any number of connections.
pub trait Service:
    hyper::service::Service<
        Request<Incoming>,
        Response = Response<tonic::body::Body>,
        Error = Infallible,
        Future: Send + 'static,
    > + Clone
    + Send
    + 'static
{
}

impl<S> Service for S where
    S: hyper::service::Service<
            Request<Incoming>,
            Response = Response<tonic::body::Body>,
            Error = Infallible,
            Future: Send + 'static,
        > + Clone
        + Send
        + 'static
{
}

/// A running server.
pub struct Server {
    stop: watch::Sender<bool>,
    task: tokio::task::JoinHandle<Vec<OwnedFd>>,
}

impl Server {
    /// Lets every call end, then every connection. Answers the connections' sockets: what was sent over them has
    /// arrived when the peer closes them too.
    pub async fn stop(self) -> Vec<OwnedFd> {
        let _ = self.stop.send(true);
        self.task.await.unwrap_or_default()
    }
}

/// Accepts connections until the server is stopped: calls of the service, and content of them.
pub fn serve(listener: Listener, service: impl Service, contents: Contents) -> Server {
    let (stop, stopping) = watch::channel(false);
    let task = tokio::spawn(accept(listener, service, contents, stopping));
    Server { stop, task }
}

async fn accept(
    listener: Listener,
    service: impl Service,
    contents: Contents,
    mut stopping: watch::Receiver<bool>,
) -> Vec<OwnedFd> {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept(), if connections.len() < MAX_CONNECTIONS => match accepted {
                Ok(socket) => {
                    connections.spawn(attend(socket, service.clone(), contents.clone(), stopping.clone()));
                }
                // Out of descriptors: a connection that ends gives one back.
                Err(_) => {
                    if connections.join_next().await.is_none() {
                        break;
                    }
                }
            },
            Some(_) = connections.join_next() => {}
            _ = stopping.changed() => break,
        }
    }
    drop(listener);
    let mut sockets = Vec::new();
    while let Some(ended) = connections.join_next().await {
        sockets.extend(ended.ok().flatten());
    }
    sockets
}

/// Answers the socket when the server was stopped, for its last bytes.
async fn attend(
    socket: Socket,
    service: impl Service,
    contents: Contents,
    mut stopping: watch::Receiver<bool>,
) -> Option<OwnedFd> {
    let first = tokio::select! {
        first = socket.first_byte() => first.ok().flatten()?,
        _ = stopping.changed() => return None,
    };
    if first == FIRST_BYTE {
        tokio::select! {
            () = contents.receive(socket) => {}
            _ = stopping.changed() => {}
        }
        return None;
    }
    attend_calls(socket, service, stopping).await
}

async fn attend_calls(socket: Socket, service: impl Service, mut stopping: watch::Receiver<bool>) -> Option<OwnedFd> {
    let duplicate = socket.try_clone_fd();
    let connection = Builder::new(Executor)
        .initial_stream_window_size(STREAM_WINDOW_BYTES)
        .initial_connection_window_size(CONNECTION_WINDOW_BYTES)
        .max_send_buf_size(SEND_BUFFER_BYTES)
        .max_concurrent_streams(MAX_STREAMS)
        .serve_connection(socket, service);
    let mut connection = pin!(connection);
    tokio::select! {
        _ = connection.as_mut() => None,
        _ = stopping.changed() => {
            connection.as_mut().graceful_shutdown();
            let _ = connection.await;
            duplicate.ok()
        }
    }
}
