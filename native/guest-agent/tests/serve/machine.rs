use crate::agent::Agent;
use guest_agent::proto::agent::{ReseedRandomRequest, SetTimeRequest, StatsRequest, SyncRequest};
use tonic::Code;

#[tokio::test]
async fn the_kernel_s_numbers_are_told() {
    let agent = Agent::start();
    let mut machine = agent.machine().await;
    let stats = machine.stats(StatsRequest {}).await.unwrap().into_inner();
    let memory = stats.memory.unwrap();
    assert!(
        memory.total > 1 << 20 && memory.available <= memory.total && memory.free <= memory.total,
        "{memory:?}"
    );
    assert!(stats.cpu_count >= 1 && stats.load.len() == 3 && stats.task_count >= 1);
    assert!(stats.uptime.unwrap().seconds > 0);
    // The next reading is no less.
    let user = |stats: &guest_agent::proto::agent::StatsResponse| {
        let user = stats.cpu.as_ref().unwrap().user.unwrap();
        (user.seconds, user.nanos)
    };
    let next = machine.stats(StatsRequest {}).await.unwrap().into_inner();
    assert!(user(&next) >= user(&stats) && user(&stats) > (0, 0));
}

#[tokio::test]
async fn a_sync_is_answered_when_it_is_done() {
    let agent = Agent::start();
    agent.machine().await.sync(SyncRequest {}).await.unwrap();
}

#[tokio::test]
async fn the_clock_of_a_machine_that_is_not_its_own_is_not_touched() {
    let agent = Agent::start();
    let mut machine = agent.machine().await;
    let set = |seconds, nanos| SetTimeRequest {
        time: Some(prost_types::Timestamp { seconds, nanos }),
    };
    assert_eq!(
        machine.set_time(set(1, 0)).await.unwrap_err().code(),
        Code::FailedPrecondition
    );
    for request in [set(-1, 0), set(1, -1), SetTimeRequest { time: None }] {
        assert_eq!(
            machine.set_time(request).await.unwrap_err().code(),
            Code::InvalidArgument
        );
    }
}

#[tokio::test]
async fn entropy_of_no_length_or_too_much_is_refused() {
    let agent = Agent::start();
    let mut machine = agent.machine().await;
    for length in [0, 15, 513] {
        let refused = machine
            .reseed_random(ReseedRandomRequest {
                entropy: vec![1; length],
            })
            .await;
        assert_eq!(refused.unwrap_err().code(), Code::InvalidArgument);
    }
}
