use std::time::Duration;
use tokio::sync::watch;

/// Starts the shutdown, from an RPC or a signal. The first pull counts.
#[derive(Clone)]
pub struct Trigger {
    grace: watch::Sender<Option<Duration>>,
}

impl Default for Trigger {
    fn default() -> Self {
        Self {
            grace: watch::channel(None).0,
        }
    }
}

impl Trigger {
    pub fn pull(&self, grace: Duration) {
        self.grace.send_if_modified(|current| match current {
            Some(_) => false,
            None => {
                *current = Some(grace);
                true
            }
        });
    }

    pub fn pulled(&self) -> bool {
        self.grace.borrow().is_some()
    }

    pub async fn grace(&self) -> Duration {
        let mut grace = self.grace.subscribe();
        loop {
            if let Some(grace) = *grace.borrow_and_update() {
                return grace;
            }
            let _ = grace.changed().await;
        }
    }
}
