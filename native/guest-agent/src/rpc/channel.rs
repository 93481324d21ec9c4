use super::executor::Executor;
use crate::transport::Socket;
use http::{Request, Response};
use hyper::body::Incoming;
use hyper::client::conn::http2::{Builder, SendRequest};
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use tonic::body::Body;

const WINDOW_BYTES: u32 = 1 << 20;

/// One HTTP/2 connection as a client, for the generated clients of tests.
#[derive(Clone)]
pub struct Channel {
    sender: SendRequest<Body>,
}

impl Channel {
    pub async fn open(socket: Socket) -> hyper::Result<Self> {
        let (sender, connection) = Builder::new(Executor)
            .initial_stream_window_size(WINDOW_BYTES)
            .initial_connection_window_size(WINDOW_BYTES)
            .handshake(socket)
            .await?;
        // Ends when the last clone of the channel is dropped or the peer closes.
        tokio::spawn(connection);
        Ok(Self { sender })
    }

    /// HTTP/2 wants an authority; nobody resolves this one.
    pub fn origin() -> http::Uri {
        http::Uri::from_static("http://a3s")
    }
}

impl tower_service::Service<Request<Body>> for Channel {
    type Response = Response<Incoming>;
    type Error = hyper::Error;
    type Future = Pin<Box<dyn Future<Output = hyper::Result<Self::Response>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<hyper::Result<()>> {
        self.sender.poll_ready(cx)
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        Box::pin(self.sender.send_request(request))
    }
}
