use crate::proto::boot::{
    ConfigureRequest, ConfigureResponse, FailRequest, FailResponse, GuestConfig, ReadyRequest, ReadyResponse, Stage,
};
use crate::rpc::UnaryClient;
use crate::transport::vsock;
use crate::{PROTOCOL, VERSION, system};
use std::time::Duration;
use tokio::time::timeout;

/// The host's BootService.
const PORT: u32 = 4087;
const CONFIGURE: &str = "/a3s.boot.v1.BootService/Configure";
const READY: &str = "/a3s.boot.v1.BootService/Ready";
const FAIL: &str = "/a3s.boot.v1.BootService/Fail";
/// The host has a deadline of its own; this one ends a guest whose host is stuck.
const DEADLINE: Duration = Duration::from_secs(60);
const FAIL_DEADLINE: Duration = Duration::from_secs(5);

/// The connection to whoever started this VM.
pub struct Doorbell {
    client: UnaryClient,
}

impl Doorbell {
    /// Presents the guest and takes its configuration.
    pub async fn ring() -> Result<(Self, GuestConfig), String> {
        timeout(DEADLINE, configure())
            .await
            .unwrap_or_else(|_| Err("the host did not answer in time".into()))
    }

    pub async fn ready(mut self, stages: Vec<Stage>) -> Result<(), String> {
        match timeout(
            DEADLINE,
            self.client.call::<ReadyResponse>(READY, &ReadyRequest { stages }),
        )
        .await
        {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(status)) => Err(format!("Ready: {}", status.message())),
            Err(_) => Err("Ready: the host did not answer in time".into()),
        }
    }

    pub async fn fail(mut self, request: FailRequest) {
        let _ = timeout(FAIL_DEADLINE, self.client.call::<FailResponse>(FAIL, &request)).await;
    }
}

async fn configure() -> Result<(Doorbell, GuestConfig), String> {
    let socket = vsock::connect(vsock::HOST, PORT)
        .await
        .map_err(|error| format!("vsock port {PORT}: {error}"))?;
    let mut client = UnaryClient::open(socket)
        .await
        .map_err(|status| format!("HTTP/2: {}", status.message()))?;
    let request = ConfigureRequest {
        agent_version: VERSION.to_owned(),
        protocol: PROTOCOL,
        since_kernel_start: Some(system::duration(system::since_kernel_start())),
    };
    let answer: ConfigureResponse = client
        .call(CONFIGURE, &request)
        .await
        .map_err(|status| format!("Configure: {}", status.message()))?;
    let config = answer.config.ok_or("Configure: the answer holds no configuration")?;
    Ok((Doorbell { client }, config))
}
