use super::{Agent, Files, Health, Machine, Processes};
use crate::content::Contents;
use crate::exec::Context;
use crate::proto::agent::agent_service_server::AgentServiceServer;
use crate::proto::agent::file_service_server::FileServiceServer;
use crate::proto::agent::process_service_server::ProcessServiceServer;
use crate::proto::agent::system_service_server::SystemServiceServer;
use crate::proto::health::health_server::HealthServer;
use crate::trigger::Trigger;
use http::{Request, Response};
use hyper::body::Incoming;
use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use tonic::body::Body;
use tower_service::Service;

/// Every service behind one connection, told apart by the first part of the path.
#[derive(Clone)]
pub struct Services {
    agent: AgentServiceServer<Agent>,
    files: FileServiceServer<Files>,
    processes: ProcessServiceServer<Processes>,
    machine: SystemServiceServer<Machine>,
    health: HealthServer<Health>,
    contents: Contents,
}

impl Services {
    pub fn new(context: &Arc<Context>, shutdown: Trigger, health: Health) -> Self {
        let contents = Contents::default();
        let agent = Agent::new(context.clone(), shutdown.clone(), contents.clone());
        let processes = Processes::new(context.clone(), shutdown.clone(), contents.clone());
        Self {
            agent: AgentServiceServer::new(agent),
            files: FileServiceServer::new(Files::new(shutdown.clone(), contents.clone())),
            processes: ProcessServiceServer::new(processes),
            machine: SystemServiceServer::new(Machine::new(context.clone())),
            health: HealthServer::new(health),
            contents,
        }
    }

    /// Where the content of their calls arrives.
    pub fn contents(&self) -> Contents {
        self.contents.clone()
    }
}

impl hyper::service::Service<Request<Incoming>> for Services {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Self::Error>> + Send>>;

    fn call(&self, request: Request<Incoming>) -> Self::Future {
        let service = request.uri().path().split('/').nth(1).unwrap_or_default();
        match service {
            "a3s.agent.v1.AgentService" => self.agent.clone().call(request),
            "a3s.agent.v1.FileService" => self.files.clone().call(request),
            "a3s.agent.v1.ProcessService" => self.processes.clone().call(request),
            "a3s.agent.v1.SystemService" => self.machine.clone().call(request),
            "grpc.health.v1.Health" => self.health.clone().call(request),
            _ => Box::pin(async { Ok(tonic::Status::unimplemented("no such service").into_http()) }),
        }
    }
}
