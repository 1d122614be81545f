//! The life of a process: the first signal drains, the second one ends it at once.

use tokio::signal::unix::{SignalKind, signal};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

/// Tells every task when to stop, and waits for them.
#[derive(Clone, Debug, Default)]
pub struct Lifecycle {
    /// Cancelled by the first signal: take no new work, finish what is open.
    pub drain: CancellationToken,
    /// Cancelled when the listeners are closed: background work ends.
    pub stop: CancellationToken,
    /// Background tasks.
    pub tasks: TaskTracker,
}

impl Lifecycle {
    /// Nothing has happened yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Watches for SIGTERM and SIGINT.
    ///
    /// # Errors
    /// If the handlers cannot be installed.
    pub fn watch_signals(&self) -> std::io::Result<()> {
        let mut terminate = signal(SignalKind::terminate())?;
        let mut interrupt = signal(SignalKind::interrupt())?;
        let drain = self.drain.clone();
        tokio::spawn(async move {
            loop {
                tokio::select! {
                    _ = terminate.recv() => {}
                    _ = interrupt.recv() => {}
                }
                if drain.is_cancelled() {
                    tracing::warn!("second signal: ending at once");
                    std::process::exit(130);
                }
                tracing::info!("stopping: open requests may finish; a second signal ends at once");
                drain.cancel();
            }
        });
        Ok(())
    }

    /// Runs a background task until [`stop`](Self::stop).
    pub fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        self.tasks.spawn(task);
    }

    /// Ends background work and waits for it.
    pub async fn shut_down(&self) {
        self.drain.cancel();
        self.stop.cancel();
        self.tasks.close();
        self.tasks.wait().await;
    }
}
