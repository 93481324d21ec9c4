use super::Outcome;
use guest_agent::proto::agent::agent_service_client::AgentServiceClient;
use guest_agent::proto::agent::exec_request::Message as Request;
use guest_agent::proto::agent::exec_response::Message as Response;
use guest_agent::proto::agent::{
    EnvironmentVariable, ExecRequest, ExecStart, InfoRequest, ShutdownRequest, StdinClose,
};
use guest_agent::proto::health::HealthCheckRequest;
use guest_agent::proto::health::health_client::HealthClient;
use guest_agent::rpc::{Channel, Outgoing};
use guest_agent::transport::unix;
use std::path::Path;
use std::time::Instant;
use tokio::sync::mpsc;

const MIB: usize = 1 << 20;

type Agent = AgentServiceClient<Channel>;

/// Calls everything that the agent offers, the transfers with 64 MiB each way.
pub async fn run(socket: &Path, begun: Instant) -> Outcome<()> {
    let channel = Channel::open(unix::connect(socket)?).await?;
    let mut health = HealthClient::with_origin(channel.clone(), Channel::origin());
    let status = health.check(HealthCheckRequest::default()).await?.into_inner().status();
    println!("{:>6} ms  Health {}", begun.elapsed().as_millis(), status.as_str_name());
    let mut agent = AgentServiceClient::with_origin(channel, Channel::origin());
    println!("           {:?}", agent.info(InfoRequest {}).await?.into_inner());
    for script in [
        "id; pwd; hostname; date; uname -r; cat /etc/hosts; ls -la /; ls /dev | wc -l; ls -la /dev/pts /dev/shm",
        "cat /proc/mounts; cat /proc/1/cmdline; ls -la /proc/self/fd; ulimit -n",
        "echo written > /data/volume/file && echo new > /bin/new && ls -la /data/volume /bin/new",
    ] {
        let (output, exit) = exec(&mut agent, &["/bin/busybox", "sh", "-c", script], None).await?;
        println!("--- {exit}\n{}", String::from_utf8_lossy(&output));
    }
    let mut times = Vec::new();
    for _ in 0..20 {
        let at = Instant::now();
        exec(&mut agent, &["/bin/busybox", "true"], None).await?;
        times.push(at.elapsed());
    }
    times.sort();
    println!(
        "no-op exec: min {:?}, p50 {:?}, max {:?}",
        times[0], times[10], times[19]
    );
    let at = Instant::now();
    let loop_script = "i=0; while [ $i -lt 20 ]; do /bin/busybox true; i=$((i+1)); done";
    exec(&mut agent, &["/bin/busybox", "sh", "-c", loop_script], None).await?;
    println!("the same 20 times in one exec: {:?} each", at.elapsed() / 20);
    let mut at_info = Vec::new();
    for _ in 0..20 {
        let at = Instant::now();
        agent.info(InfoRequest {}).await?;
        at_info.push(at.elapsed());
    }
    at_info.sort();
    println!("Info: min {:?}, p50 {:?}", at_info[0], at_info[10]);
    let at = Instant::now();
    let (output, exit) = exec(
        &mut agent,
        &["/bin/busybox", "dd", "if=/dev/zero", "bs=65536", "count=1024"],
        None,
    )
    .await?;
    println!(
        "guest to host: {} MiB in {:?}, {exit}",
        output.len() / MIB,
        at.elapsed()
    );
    let at = Instant::now();
    let (output, exit) = exec(
        &mut agent,
        &["/bin/busybox", "dd", "of=/dev/null", "bs=65536"],
        Some(64 * MIB),
    )
    .await?;
    println!(
        "host to guest: {} in {:?}, {exit}",
        String::from_utf8_lossy(&output).trim(),
        at.elapsed()
    );
    agent
        .shutdown(ShutdownRequest {
            grace: Some(prost_types::Duration { seconds: 5, nanos: 0 }),
        })
        .await?;
    println!("{:>6} ms  Shutdown answered", begun.elapsed().as_millis());
    Ok(())
}

async fn exec(agent: &mut Agent, argv: &[&str], input: Option<usize>) -> Outcome<(Vec<u8>, String)> {
    let (requests, outgoing) = mpsc::channel(4);
    let start = ExecStart {
        argv: argv.iter().map(|argument| (*argument).to_owned()).collect(),
        env: vec![EnvironmentVariable {
            name: "PATH".to_owned(),
            value: "/bin".to_owned(),
        }],
        open_stdin: input.is_some(),
        ..ExecStart::default()
    };
    requests
        .send(ExecRequest {
            message: Some(Request::Start(start)),
        })
        .await?;
    let sender = tokio::spawn(async move {
        if let Some(mut left) = input {
            while left > 0 {
                let chunk = left.min(64 * 1024);
                left -= chunk;
                if requests
                    .send(ExecRequest {
                        message: Some(Request::Stdin(vec![b'x'; chunk])),
                    })
                    .await
                    .is_err()
                {
                    return;
                }
            }
            let _ = requests
                .send(ExecRequest {
                    message: Some(Request::StdinClose(StdinClose {})),
                })
                .await;
        }
        // The request direction stays open until the process has ended.
        requests.closed().await;
    });
    let mut responses = agent.exec(Outgoing::new(outgoing)).await?.into_inner();
    let mut output = Vec::new();
    let mut exit = "no exit".to_owned();
    while let Some(response) = responses.message().await? {
        match response.message {
            Some(Response::Stdout(bytes) | Response::Stderr(bytes)) => {
                if (output.len() + bytes.len()) / (8 * MIB) > output.len() / (8 * MIB) {
                    println!("           {} MiB", (output.len() + bytes.len()) / MIB);
                }
                output.extend_from_slice(&bytes);
            }
            Some(Response::Exited(exited)) => exit = format!("code {} signal {}", exited.code, exited.signal),
            Some(Response::Failed(failed)) => exit = format!("{failed:?}"),
            _ => {}
        }
    }
    sender.abort();
    Ok((output, exit))
}
