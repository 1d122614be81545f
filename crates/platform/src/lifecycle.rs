//! The life of a process: the first signal drains, the second one ends it at once.

use std::{io, sync::OnceLock};

use tokio::{
    runtime::{Builder, Runtime},
    signal::unix::{SignalKind, signal},
};
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

    /// The same for work that nobody waits for at a screen, such as writing mails: its threads give way to those that answer requests
    /// whenever there is more to do than the processor can. They get a few hundredths of it then, so that nothing stands still.
    ///
    /// # Panics
    /// If the system has no thread to give, which is found at start.
    pub fn spawn_behind(&self, task: impl Future<Output = ()> + Send + 'static) {
        static BEHIND: OnceLock<Runtime> = OnceLock::new();
        let runtime = BEHIND.get_or_init(|| runtime_behind().expect("a thread for what gives way"));
        self.tasks.spawn_on(task, runtime.handle());
    }

    /// Ends background work and waits for it.
    pub async fn shut_down(&self) {
        self.drain.cancel();
        self.stop.cancel();
        self.tasks.close();
        self.tasks.wait().await;
    }
}

fn runtime_behind() -> io::Result<Runtime> {
    Builder::new_multi_thread()
        .worker_threads(1)
        .thread_name("behind")
        .on_thread_start(|| {
            // On Linux each thread has its own. If it cannot be had, the work is done all the same.
            let _ = rustix::process::nice(15);
        })
        .enable_all()
        .build()
}
