use guest_agent::proto::boot::boot_service_server::{BootService, BootServiceServer};
use guest_agent::proto::boot::{
    ConfigureRequest, ConfigureResponse, FailRequest, FailResponse, GuestConfig, ReadyRequest, ReadyResponse,
};
use http::Request;
use hyper::body::Incoming;
use tokio::sync::mpsc;
use tonic::{Response, Status};
use tower_service::Service as _;

pub enum Ring {
    Configure(ConfigureRequest),
    Ready(ReadyRequest),
    Fail(FailRequest),
}

struct Host {
    config: GuestConfig,
    rings: mpsc::UnboundedSender<Ring>,
}

impl Host {
    fn tell(&self, ring: Ring) {
        let _ = self.rings.send(ring);
    }
}

#[tonic::async_trait]
impl BootService for Host {
    async fn configure(
        &self,
        request: tonic::Request<ConfigureRequest>,
    ) -> Result<Response<ConfigureResponse>, Status> {
        self.tell(Ring::Configure(request.into_inner()));
        Ok(Response::new(ConfigureResponse {
            config: Some(self.config.clone()),
        }))
    }

    async fn ready(&self, request: tonic::Request<ReadyRequest>) -> Result<Response<ReadyResponse>, Status> {
        self.tell(Ring::Ready(request.into_inner()));
        Ok(Response::new(ReadyResponse {}))
    }

    async fn fail(&self, request: tonic::Request<FailRequest>) -> Result<Response<FailResponse>, Status> {
        self.tell(Ring::Fail(request.into_inner()));
        Ok(Response::new(FailResponse {}))
    }
}

/// The host's side of the doorbell.
#[derive(Clone)]
pub struct Bell(BootServiceServer<Host>);

impl Bell {
    pub fn new(config: GuestConfig) -> (Self, mpsc::UnboundedReceiver<Ring>) {
        let (rings, receiver) = mpsc::unbounded_channel();
        (Self(BootServiceServer::new(Host { config, rings })), receiver)
    }
}

impl hyper::service::Service<Request<Incoming>> for Bell {
    type Response = http::Response<tonic::body::Body>;
    type Error = std::convert::Infallible;
    type Future = tonic::codegen::BoxFuture<Self::Response, Self::Error>;

    fn call(&self, request: Request<Incoming>) -> Self::Future {
        self.0.clone().call(request)
    }
}
