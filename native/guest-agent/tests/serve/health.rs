use crate::agent::Agent;
use guest_agent::proto::agent::{InfoRequest, ShutdownRequest};
use guest_agent::proto::health::HealthCheckRequest;
use guest_agent::proto::health::health_check_response::ServingStatus;
use guest_agent::proto::health::health_client::HealthClient;
use guest_agent::rpc::Channel;
use tonic::Code;

fn service(name: &str) -> HealthCheckRequest {
    HealthCheckRequest {
        service: name.to_owned(),
    }
}

#[tokio::test]
async fn both_names_are_serving_and_others_are_not_found() {
    let agent = Agent::start();
    let mut health = HealthClient::with_origin(agent.channel().await, Channel::origin());
    for name in ["", "a3s.agent.v1.AgentService"] {
        assert_eq!(
            health.check(service(name)).await.unwrap().into_inner().status(),
            ServingStatus::Serving
        );
    }
    assert_eq!(health.check(service("other")).await.unwrap_err().code(), Code::NotFound);
}

#[tokio::test]
async fn watch_says_when_the_agent_stops_serving() {
    let agent = Agent::start();
    let channel = agent.channel().await;
    let mut health = HealthClient::with_origin(channel, Channel::origin());
    let mut watch = health.watch(service("")).await.unwrap().into_inner();
    assert_eq!(watch.message().await.unwrap().unwrap().status(), ServingStatus::Serving);
    let mut unknown = health.watch(service("other")).await.unwrap().into_inner();
    assert_eq!(
        unknown.message().await.unwrap().unwrap().status(),
        ServingStatus::ServiceUnknown
    );
    agent.client().await.shutdown(ShutdownRequest::default()).await.unwrap();
    assert_eq!(
        watch.message().await.unwrap().unwrap().status(),
        ServingStatus::NotServing
    );
}

#[tokio::test]
async fn info_describes_the_agent_and_its_kernel() {
    let agent = Agent::start();
    let info = agent.client().await.info(InfoRequest {}).await.unwrap().into_inner();
    assert_eq!(
        (info.agent_version.as_str(), info.protocol),
        (guest_agent::VERSION, guest_agent::PROTOCOL)
    );
    assert!(!info.kernel_release.is_empty() && !info.hostname.is_empty() && info.uptime.unwrap().seconds >= 0);
}
