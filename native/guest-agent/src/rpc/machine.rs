use crate::exec::Context;
use crate::machine::{Proc, Random, sync_all, usage};
use crate::proto::agent::system_service_server::SystemService;
use crate::proto::agent::{
    ReseedRandomRequest, ReseedRandomResponse, SetTimeRequest, SetTimeResponse, StatsRequest, StatsResponse,
    SyncRequest, SyncResponse,
};
use rustix::time::{ClockId, Timespec, clock_settime};
use std::io;
use std::sync::Arc;
use tokio::sync::Mutex;
use tonic::{Request, Response, Status};

/// a3s.agent.v1.SystemService.
pub struct Machine {
    context: Arc<Context>,
    proc: Option<Proc>,
    random: Option<Random>,
    /// One at a time: the second would wait for the same disks.
    syncing: Mutex<()>,
}

impl Machine {
    /// Before anything else runs: it opens what it will read.
    pub fn new(context: Arc<Context>) -> Self {
        Self {
            context,
            proc: Proc::open().ok(),
            random: Random::open().ok(),
            syncing: Mutex::default(),
        }
    }
}

fn failed(what: &str) -> impl Fn(io::Error) -> Status {
    move |error| Status::internal(format!("{what}: {error}"))
}

#[tonic::async_trait]
impl SystemService for Machine {
    async fn stats(&self, _: Request<StatsRequest>) -> Result<Response<StatsResponse>, Status> {
        let proc = self
            .proc
            .as_ref()
            .ok_or_else(|| Status::unavailable("there is no /proc"))?;
        usage(proc).map(Response::new).map_err(failed("read /proc"))
    }

    async fn set_time(&self, request: Request<SetTimeRequest>) -> Result<Response<SetTimeResponse>, Status> {
        let time = request.into_inner().time.unwrap_or_default();
        if time.seconds <= 0 || !(0..1_000_000_000).contains(&time.nanos) {
            return Err(Status::invalid_argument("that is no time of a clock"));
        }
        if std::process::id() != 1 {
            return Err(Status::failed_precondition("the clock is not this agent's to set"));
        }
        let time = Timespec {
            tv_sec: time.seconds,
            tv_nsec: time.nanos.into(),
        };
        clock_settime(ClockId::Realtime, time).map_err(|errno| failed("set the clock")(errno.into()))?;
        Ok(Response::new(SetTimeResponse {}))
    }

    async fn sync(&self, _: Request<SyncRequest>) -> Result<Response<SyncResponse>, Status> {
        let _turn = self.syncing.lock().await;
        sync_all(self.context.reaper()).await.map_err(failed("start to sync"))?;
        Ok(Response::new(SyncResponse {}))
    }

    async fn reseed_random(
        &self,
        request: Request<ReseedRandomRequest>,
    ) -> Result<Response<ReseedRandomResponse>, Status> {
        let random = self
            .random
            .as_ref()
            .ok_or_else(|| Status::unavailable("there is no /dev/urandom"))?;
        match random.reseed(&request.into_inner().entropy) {
            Some(done) => done.map_err(failed("reseed"))?,
            None => return Err(Status::invalid_argument("entropy is not 16 to 512 bytes")),
        }
        Ok(Response::new(ReseedRandomResponse {}))
    }
}
