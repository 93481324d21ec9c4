use super::stages::Trouble;
use crate::exec::{AfterEnd, Context, Failure, Log, MAX_GRACE, MainProcess, check_main};
use crate::proto::agent::ExecStart;
use crate::proto::boot;
use crate::proto::boot::Failed;
use crate::proto::boot::main_process::Start;
use crate::trigger::Trigger;
use std::time::Duration;

/// A main process whose surroundings are within their bounds; the process itself is checked as Exec does it.
#[derive(Debug, PartialEq)]
pub struct MainPlan {
    pub process: ExecStart,
    pub on_attach: bool,
    pub keep_alive: bool,
    pub end_grace: Duration,
}

impl MainPlan {
    pub fn check(main: boot::MainProcess) -> Result<Self, Trouble> {
        let on_attach = main.start() == Start::OnAttach;
        let process = main.process.ok_or_else(|| Trouble::new("main has no process"))?;
        check_main(&process).map_err(|failure| Trouble::new(format!("main: {}", failure.message)))?;
        match Duration::try_from(main.end_grace.unwrap_or_default()) {
            Ok(end_grace) if end_grace <= MAX_GRACE => Ok(Self {
                process,
                on_attach,
                keep_alive: main.keep_alive,
                end_grace,
            }),
            _ => Err(Trouble::new("the end_grace of main is not from 0 to 3600 seconds")),
        }
    }

    /// Starts it, or has the first one who attaches do so.
    pub async fn carry_out(self, context: &Context, log: Log, trigger: &Trigger) -> Result<(), Failure> {
        let after = match self.keep_alive {
            true => AfterEnd::Nothing,
            false => AfterEnd::Shutdown(trigger.clone(), self.end_grace),
        };
        let main = MainProcess::new(self.process, log, after);
        context.set_main(main.clone());
        match self.on_attach {
            true => Ok(()),
            false => main.start(&context.starter, None, None).await.map(drop),
        }
    }
}

/// What the host is told of a main process that could not be started.
pub fn failed(failure: Failure) -> Failed {
    Failed {
        stage: "main".to_owned(),
        message: failure.message.clone(),
        errno: failure.errno,
        main: Some(failure.message()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use prost_types::Duration as ProtoDuration;

    #[test]
    fn what_only_a_call_can_have_is_refused() {
        type Edit = fn(&mut boot::MainProcess);
        let valid = boot::MainProcess {
            process: Some(ExecStart::default()),
            ..Default::default()
        };
        assert!(MainPlan::check(valid.clone()).is_ok());
        let edits: [Edit; 6] = [
            |main| main.process = None,
            |main| main.process.as_mut().unwrap().detach = true,
            |main| main.process.as_mut().unwrap().timeout = Some(ProtoDuration { seconds: 1, nanos: 0 }),
            |main| main.process.as_mut().unwrap().kill_grace = Some(ProtoDuration { seconds: 1, nanos: 0 }),
            |main| main.process.as_mut().unwrap().stop_signal = 65,
            |main| {
                main.end_grace = Some(ProtoDuration {
                    seconds: 3601,
                    nanos: 0,
                })
            },
        ];
        for (index, edit) in edits.into_iter().enumerate() {
            let mut main = valid.clone();
            edit(&mut main);
            assert!(MainPlan::check(main).is_err(), "edit {index}");
        }
    }
}
