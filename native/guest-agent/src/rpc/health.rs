use super::outgoing::Outgoing;
use crate::proto::health::health_check_response::ServingStatus;
use crate::proto::health::{HealthCheckRequest, HealthCheckResponse, health_server};
use tokio::sync::{mpsc, watch};
use tonic::{Request, Response, Status};

const SERVICES: [&str; 5] = [
    "",
    "a3s.agent.v1.AgentService",
    "a3s.agent.v1.FileService",
    "a3s.agent.v1.ProcessService",
    "a3s.agent.v1.SystemService",
];

/// The switch behind [`Health`]: true while calls are served.
pub type Serving = watch::Sender<bool>;

/// grpc.health.v1 for the server as a whole and each of the agent's services.
pub struct Health {
    serving: watch::Receiver<bool>,
}

impl Health {
    pub fn new(serving: watch::Receiver<bool>) -> Self {
        Self { serving }
    }
}

fn response(serving: bool) -> HealthCheckResponse {
    let status = if serving {
        ServingStatus::Serving
    } else {
        ServingStatus::NotServing
    };
    HealthCheckResponse { status: status.into() }
}

#[tonic::async_trait]
impl health_server::Health for Health {
    async fn check(&self, request: Request<HealthCheckRequest>) -> Result<Response<HealthCheckResponse>, Status> {
        match SERVICES.contains(&request.get_ref().service.as_str()) {
            true => Ok(Response::new(response(*self.serving.borrow()))),
            false => Err(Status::not_found("no such service")),
        }
    }

    type WatchStream = Outgoing<Result<HealthCheckResponse, Status>>;

    /// A service that is not known is reported once, as the protocol wants it, and the stream stays open.
    async fn watch(&self, request: Request<HealthCheckRequest>) -> Result<Response<Self::WatchStream>, Status> {
        let known = SERVICES.contains(&request.get_ref().service.as_str());
        let (sender, receiver) = mpsc::channel(1);
        tokio::spawn(report(known, self.serving.clone(), sender));
        Ok(Response::new(Outgoing::primed(receiver).await))
    }
}

async fn report(
    known: bool,
    mut serving: watch::Receiver<bool>,
    sender: mpsc::Sender<Result<HealthCheckResponse, Status>>,
) {
    loop {
        let now = *serving.borrow_and_update();
        let answer = match known {
            true => response(now),
            false => HealthCheckResponse {
                status: ServingStatus::ServiceUnknown.into(),
            },
        };
        if sender.send(Ok(answer)).await.is_err() {
            return;
        }
        loop {
            tokio::select! {
                changed = serving.changed() => match changed {
                    Ok(()) if known => break,
                    Ok(()) => {}
                    Err(_) => return,
                },
                () = sender.closed() => return,
            }
        }
    }
}
