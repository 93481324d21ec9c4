use crate::transport::Socket;
use h2::client::{SendRequest, handshake};
use http::{Method, Request, Uri, Version};
use hyper::body::Bytes;
use prost::Message;
use std::future::poll_fn;
use tokio::io::BufWriter;
use tonic::Status;

/// Before each message: whether it is compressed, and its length in four bytes.
const HEAD_BYTES: usize = 5;
/// As tonic has it.
const MAX_ANSWER_BYTES: usize = 4 << 20;

/// A client for gRPC calls of one message each way, on h2 alone: a guest's boot waits for them, and each layer above is code that
/// runs for the first time then. The connection ends when the client is dropped or the peer closes.
pub struct UnaryClient {
    sender: SendRequest<Bytes>,
}

impl UnaryClient {
    pub async fn open(socket: Socket) -> Result<Self, Status> {
        // h2 flushes when it has nothing more to write: preface, settings and first request become one write, which in a guest is dear.
        let (sender, connection) = handshake(BufWriter::new(socket)).await.map_err(broken)?;
        tokio::spawn(connection);
        Ok(Self { sender })
    }

    /// The path is such as `/a3s.boot.v1.BootService/Ready`.
    pub async fn call<T: Message + Default>(
        &mut self,
        path: &'static str,
        request: &impl Message,
    ) -> Result<T, Status> {
        poll_fn(|cx| self.sender.poll_ready(cx)).await.map_err(broken)?;
        let (answer, mut sending) = self.sender.send_request(head(path), false).map_err(broken)?;
        sending.send_data(framed(request), true).map_err(broken)?;
        let (head, mut body) = answer.await.map_err(broken)?.into_parts();
        let mut bytes = Vec::new();
        while let Some(chunk) = body.data().await.transpose().map_err(broken)? {
            body.flow_control().release_capacity(chunk.len()).map_err(broken)?;
            bytes.extend_from_slice(&chunk);
            if bytes.len() > MAX_ANSWER_BYTES {
                return Err(Status::out_of_range("the answer is too large"));
            }
        }
        // An answer without a message has its status in the head.
        let trailers = body.trailers().await.map_err(broken)?.unwrap_or(head.headers);
        match Status::from_header_map(&trailers) {
            Some(status) if status.code() == tonic::Code::Ok => message(&bytes),
            Some(status) => Err(status),
            None => Err(Status::unknown(format!("an answer of HTTP status {}", head.status))),
        }
    }
}

fn head(path: &'static str) -> Request<()> {
    let mut request = Request::new(());
    *request.version_mut() = Version::HTTP_2;
    *request.method_mut() = Method::POST;
    // HTTP/2 wants an authority; nobody resolves this one.
    let uri = Uri::builder()
        .scheme("http")
        .authority("a3s")
        .path_and_query(path)
        .build();
    *request.uri_mut() = uri.unwrap_or_default();
    let headers = request.headers_mut();
    headers.insert("content-type", http::HeaderValue::from_static("application/grpc"));
    headers.insert("te", http::HeaderValue::from_static("trailers"));
    request
}

fn framed(message: &impl Message) -> Bytes {
    let bytes = message.encode_to_vec();
    let mut frame = Vec::with_capacity(HEAD_BYTES + bytes.len());
    frame.push(0);
    frame.extend_from_slice(&(bytes.len() as u32).to_be_bytes());
    frame.extend_from_slice(&bytes);
    frame.into()
}

fn message<T: Message + Default>(bytes: &[u8]) -> Result<T, Status> {
    match bytes.split_first_chunk::<HEAD_BYTES>() {
        Some(([0, length @ ..], message)) if u32::from_be_bytes(*length) as usize == message.len() => {
            T::decode(message).map_err(|error| Status::internal(error.to_string()))
        }
        _ => Err(Status::internal("the answer is no message")),
    }
}

fn broken(error: h2::Error) -> Status {
    Status::unavailable(error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proto::boot::{ConfigureRequest, ConfigureResponse, GuestConfig};
    use http::{HeaderMap, Response};
    use rustix::net::{AddressFamily, RecvFlags, SocketFlags, SocketType, recv, socketpair};
    use std::os::fd::OwnedFd;

    const PATH: &str = "/a3s.boot.v1.BootService/Configure";
    const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
    const FRAME_HEAD_BYTES: usize = 9;

    fn pair(kind: SocketType) -> (Socket, OwnedFd) {
        let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
        let (ours, theirs) = socketpair(AddressFamily::UNIX, kind, flags, None).unwrap();
        (Socket::new(ours, usize::MAX).unwrap(), theirs)
    }

    fn request() -> ConfigureRequest {
        ConfigureRequest {
            agent_version: "1.2.3".to_owned(),
            ..ConfigureRequest::default()
        }
    }

    fn response(hostname: &str) -> ConfigureResponse {
        let config = GuestConfig {
            hostname: hostname.to_owned(),
            ..GuestConfig::default()
        };
        ConfigureResponse { config: Some(config) }
    }

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        let pairs = pairs.iter().map(|(name, value)| (*name, value));
        pairs
            .map(|(name, value)| (name.parse::<http::HeaderName>().unwrap(), value.parse().unwrap()))
            .collect()
    }

    /// What a call says when it is answered with this.
    async fn answered(
        head: &[(&'static str, &'static str)],
        body: Option<Bytes>,
        trailers: &[(&'static str, &'static str)],
    ) -> Result<ConfigureResponse, Status> {
        let (socket, theirs) = pair(SocketType::STREAM);
        let mut response = Response::new(());
        *response.headers_mut() = headers(head);
        let trailers = headers(trailers);
        let serving = tokio::spawn(async move {
            let socket = Socket::new(theirs, usize::MAX).unwrap();
            let mut connection = h2::server::handshake(socket).await.unwrap();
            let (request, mut respond) = connection.accept().await.unwrap().unwrap();
            assert_eq!(request.uri().path(), PATH);
            assert_eq!(request.headers()["content-type"], "application/grpc");
            let mut sending = respond.send_response(response, body.is_none()).unwrap();
            if let Some(body) = body {
                sending.send_data(body, false).unwrap();
                sending.send_trailers(trailers).unwrap();
            }
            // Serves until the client hangs up.
            while connection.accept().await.is_some() {}
            request
        });
        let mut client = UnaryClient::open(socket).await.unwrap();
        let answer = client.call(PATH, &request()).await;
        drop(client);
        let mut received = serving.await.unwrap().into_body();
        let frame = received.data().await.unwrap().unwrap();
        assert_eq!(message::<ConfigureRequest>(&frame).unwrap(), request());
        answer
    }

    #[tokio::test]
    async fn an_answer_larger_than_any_window_comes_whole() {
        let hostname = "x".repeat(1 << 20);
        let frame = framed(&response(&hostname));
        let answer = answered(&[], Some(frame), &[("grpc-status", "0")]).await;
        assert_eq!(answer.unwrap(), response(&hostname));
    }

    #[tokio::test]
    async fn a_refusal_is_told_with_its_code_and_message() {
        let refusal = [("grpc-status", "9"), ("grpc-message", "not%20now")];
        for answer in [
            answered(&refusal, None, &[]).await,
            answered(&[], Some(Bytes::new()), &refusal).await,
        ] {
            let status = answer.unwrap_err();
            assert_eq!(
                (status.code(), status.message()),
                (tonic::Code::FailedPrecondition, "not now")
            );
        }
    }

    #[tokio::test]
    async fn what_is_no_answer_is_an_error() {
        let whole = framed(&response("box"));
        let good = [("grpc-status", "0")];
        for (body, trailers) in [
            (whole.clone(), &[][..]),
            (Bytes::new(), &good[..]),
            (whole.slice(1..), &good),
            (whole.slice(..whole.len() - 1), &good),
            (vec![0; MAX_ANSWER_BYTES + 1].into(), &good),
        ] {
            assert!(answered(&[], Some(body), trailers).await.is_err());
        }
        assert!(answered(&[], None, &[]).await.is_err());
    }

    #[tokio::test]
    async fn a_peer_that_hangs_up_ends_the_call() {
        let (socket, theirs) = pair(SocketType::STREAM);
        let mut client = UnaryClient::open(socket).await.unwrap();
        drop(theirs);
        let answer = client.call::<ConfigureResponse>(PATH, &request()).await;
        assert_eq!(answer.unwrap_err().code(), tonic::Code::Unavailable);
    }

    /// Each write is a packet of its own here, as it is to the host.
    #[tokio::test]
    async fn all_until_the_end_of_the_first_request_is_one_write() {
        let (socket, theirs) = pair(SocketType::SEQPACKET);
        let mut client = UnaryClient::open(socket).await.unwrap();
        let calling = tokio::spawn(async move { client.call::<ConfigureResponse>(PATH, &request()).await });
        let theirs = crate::system::watch(theirs).unwrap();
        let mut bytes = vec![0; 64 * 1024];
        let mut guard = theirs.readable().await.unwrap();
        let received = guard.try_io(|fd| Ok(recv(fd, &mut bytes, RecvFlags::empty())?.0));
        let mut rest = bytes[..received.unwrap().unwrap()].strip_prefix(PREFACE).unwrap();
        let mut kinds = Vec::new();
        while let [_, _, _, kind, ..] = rest {
            let length = u32::from_be_bytes([0, rest[0], rest[1], rest[2]]) as usize;
            kinds.push(*kind);
            rest = &rest[FRAME_HEAD_BYTES + length..];
        }
        let (settings, head, data) = (4, 1, 0);
        assert_eq!(kinds, [settings, head, data]);
        calling.abort();
    }
}
