use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::runtime::Handle;
use tokio::time::sleep;

/// Without another connection that ends. What has been given back has to be asked for anew, page by page.
const PAUSE: Duration = Duration::from_secs(1);

/// Connections that have ended.
static ENDED: AtomicU64 = AtomicU64::new(0);

/// Held by a connection for content. Some time after it the memory that such connections have used goes back to the kernel: the allocator
/// keeps what is freed, megabytes of the guest's memory.
#[derive(Default)]
pub struct Bulk(());

impl Drop for Bulk {
    fn drop(&mut self) {
        let ended = ENDED.fetch_add(1, Ordering::Relaxed) + 1;
        // Without one the process is about to end.
        let Ok(runtime) = Handle::try_current() else { return };
        runtime.spawn(async move {
            sleep(PAUSE).await;
            if ENDED.load(Ordering::Relaxed) == ended {
                unsafe { libc::malloc_trim(0) };
            }
        });
    }
}
