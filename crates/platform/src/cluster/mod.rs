//! The private Postgres cluster: what the binary stores its data in when no database is configured.
//!
//! It finds the Postgres programs, initialises a durable cluster in `DATA_DIR/postgres` and serves it on a Unix socket only.
//! Authentication is `trust` because the socket's directory has mode 0700 and belongs to the account that runs Postgres:
//! who can open the socket could as well read the files. A root process runs Postgres as `postgres` or `nobody` (it refuses
//! root) and, where that account cannot reach the data directory, keeps the cluster in `/var/lib/cityevents/<hash>` and
//! says so in `DATA_DIR/postgres.location`.
//!
//! Of the processes on one data directory, the one that holds the lock on `DATA_DIR/cluster.lock` *owns* the cluster: it
//! starts it or adopts a running orphan, restarts it when it dies, and stops it. The others only connect; when the owner goes
//! away, one of them inherits the lock and brings the cluster back. The kernel drops the lock with its process, so
//! `kill -9` of everything leaves nothing that the next start does not mend.

mod account;
mod error;
mod find;
mod init;
mod place;
mod process;
mod supervise;

pub use error::ClusterError;

use error::io_error;
use place::Place;
use std::fs::{File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use supervise::{Owner, Probe, probe};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep};

/// How long a process that does not own the cluster waits for the owner to get it running: the owner may have to
/// initialise it, or to recover it after a crash.
const ATTACH_DEADLINE: Duration = Duration::from_mins(2);
const ATTACH_POLL: Duration = Duration::from_millis(50);
/// How often an attached process looks whether the owner has gone.
const INHERIT_POLL: Duration = Duration::from_millis(500);

/// Which cluster is meant.
#[derive(Debug, Clone)]
pub struct ClusterConfig {
    /// The program's data directory; created if missing.
    pub data_dir: PathBuf,
    /// The directory of `postgres` and `initdb`; `None` searches PATH and the distributions' directories.
    pub bin_dir: Option<PathBuf>,
}

/// A running cluster. Dropping it leaves the cluster running, for the next process to adopt; [`Cluster::stop`] stops it.
#[derive(Debug)]
pub struct Cluster {
    url: String,
    directory: PathBuf,
    lock: Lock,
    stop: Option<oneshot::Sender<()>>,
    task: Option<JoinHandle<Result<(), ClusterError>>>,
}

/// Makes the cluster of a data directory available: as its owner (initialising, starting or adopting it), or, when another
/// process owns it, by waiting until it accepts connections.
///
/// If this future is dropped midway, a server that it has started goes on running and is adopted by the next start.
pub async fn start_or_attach(config: ClusterConfig) -> Result<Cluster, ClusterError> {
    std::fs::create_dir_all(&config.data_dir).map_err(io_error("create", &config.data_dir))?;
    let data_dir = config.data_dir.canonicalize().map_err(io_error("resolve", &config.data_dir))?;
    let config = ClusterConfig { data_dir, ..config };
    let lock = Lock::open(config.data_dir.join("cluster.lock"))?;
    let deadline = Instant::now() + ATTACH_DEADLINE;
    let mut last = "it is still being initialised".to_owned();
    loop {
        if lock.acquire()? {
            let mut owner = Owner::prepare(&config).await?;
            owner.start().await?;
            let place = owner.place().clone();
            let (stop, stopped) = oneshot::channel();
            let task = tokio::spawn(owner.supervise(stopped));
            return Ok(Cluster::new(&place, lock, stop, task));
        }
        if let Some(place) = Place::known(&config.data_dir)? {
            match probe(&place).await {
                Probe::Ready => {
                    let (stop, stopped) = oneshot::channel();
                    let task = tokio::spawn(inherit(config, lock.clone(), stopped));
                    tracing::debug!(postgres.data = %place.data.display(), "attached to a running cluster");
                    return Ok(Cluster::new(&place, lock, stop, task));
                }
                Probe::Refused(reason) => {
                    return Err(ClusterError::Refused { reason, data: place.data });
                }
                Probe::NoDatabase => "its database does not exist yet".clone_into(&mut last),
                Probe::NotYet(reason) => last = reason,
            }
        }
        if Instant::now() >= deadline {
            return Err(ClusterError::AttachTimeout { lock: lock.path, seconds: ATTACH_DEADLINE.as_secs(), last });
        }
        sleep(ATTACH_POLL).await;
    }
}

/// The URL of a data directory's cluster if it is running and accepts connections. Looks only: creates, starts and
/// repairs nothing.
pub async fn running_url(config: &ClusterConfig) -> Option<String> {
    let data_dir = config.data_dir.canonicalize().ok()?;
    let place = Place::known(&data_dir).ok().flatten()?;
    supervise::running(&place)?;
    matches!(probe(&place).await, Probe::Ready).then(|| place.url())
}

/// Whether a cluster was made for the data directory, running or not. Looks only.
///
/// # Errors
/// If it cannot be told.
pub fn exists(config: &ClusterConfig) -> Result<bool, ClusterError> {
    match config.data_dir.canonicalize() {
        Ok(data_dir) => Ok(Place::known(&data_dir)?.is_some()),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(io_error("resolve", &config.data_dir)(error)),
    }
}

/// Whether a cluster could be started here, as far as that can be told without starting it.
///
/// # Errors
/// Why it could not.
pub async fn startable(config: &ClusterConfig) -> Result<(), ClusterError> {
    let known = if exists(config)? { Place::known(&config.data_dir)? } else { None };
    supervise::programs(known.as_ref(), config.bin_dir.as_deref()).await.map(drop)
}

impl Cluster {
    fn new(place: &Place, lock: Lock, stop: oneshot::Sender<()>, task: JoinHandle<Result<(), ClusterError>>) -> Self {
        Self { url: place.url(), directory: place.home.clone(), lock, stop: Some(stop), task: Some(task) }
    }

    /// Where to connect, for sqlx and libpq alike; stays the same over restarts of the cluster.
    pub fn url(&self) -> String {
        self.url.clone()
    }

    /// The cluster's home: its data directory, its logs (`data/log`) and usually its socket.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// Whether this process supervises the cluster and will stop it. May become true later, when the owner goes away.
    pub fn owned(&self) -> bool {
        self.lock.held()
    }

    /// Stops the cluster if this process owns it (fast shutdown, after 20 s immediate shutdown), else just lets go of it.
    /// Returns when it has stopped.
    pub async fn stop(mut self) -> Result<(), ClusterError> {
        let (Some(stop), Some(task)) = (self.stop.take(), self.task.take()) else {
            return Ok(());
        };
        // The task may have ended by an error of its own; its result says so.
        let _ = stop.send(());
        match task.await {
            Ok(result) => result,
            Err(error) => {
                tracing::error!(%error, "the supervisor of the cluster failed");
                Ok(())
            }
        }
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        if let Some(task) = self.task.take() {
            task.abort();
        }
        // Now, not when the aborted task is gone: the next owner may be waiting.
        self.lock.release();
    }
}

/// Waits for the owner to go away, then takes its place.
async fn inherit(config: ClusterConfig, lock: Lock, mut stop: oneshot::Receiver<()>) -> Result<(), ClusterError> {
    loop {
        tokio::select! {
            _ = &mut stop => return Ok(()),
            () = sleep(INHERIT_POLL) => {}
        }
        match lock.acquire() {
            Ok(true) => {}
            Ok(false) => continue,
            Err(error) => {
                tracing::error!(%error, "cannot watch over the cluster");
                return Err(error);
            }
        }
        tracing::info!("the owner of the cluster is gone: this process takes it over");
        match Owner::prepare(&config).await {
            Ok(owner) => return owner.supervise(stop).await,
            Err(error) => {
                tracing::error!(%error, "cannot take over the cluster");
                lock.release();
            }
        }
    }
}

/// The exclusive lock whose holder owns the cluster.
#[derive(Debug, Clone)]
struct Lock {
    path: PathBuf,
    held: Arc<Mutex<Option<File>>>,
}

impl Lock {
    fn open(path: PathBuf) -> Result<Self, ClusterError> {
        // Made here, so that an unwritable data directory is named as such before anything else happens.
        OpenOptions::new().append(true).create(true).open(&path).map_err(io_error("open", &path))?;
        Ok(Self { path, held: Arc::default() })
    }

    /// Takes the lock if it is free; true if it is held by us now.
    fn acquire(&self) -> Result<bool, ClusterError> {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        if held.is_some() {
            return Ok(true);
        }
        // Opened anew: a data directory that was deleted and made again has another file.
        let file =
            OpenOptions::new().append(true).create(true).open(&self.path).map_err(io_error("open", &self.path))?;
        match file.try_lock() {
            Ok(()) => {
                *held = Some(file);
                Ok(true)
            }
            Err(TryLockError::WouldBlock) => Ok(false),
            Err(TryLockError::Error(error)) => Err(io_error("lock", &self.path)(error)),
        }
    }

    fn held(&self) -> bool {
        let held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        held.is_some()
    }

    fn release(&self) {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        *held = None;
    }
}
