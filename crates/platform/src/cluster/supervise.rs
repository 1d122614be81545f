//! Starts, adopts, watches and stops the postmaster. Only ever called by the holder of the cluster's lock.

use super::ClusterConfig;
use super::account::Account;
use super::error::{ClusterError, io_error};
use super::find::{Programs, Search};
use super::init::{initialise, tail, write_settings};
use super::place::{NAME, PORT, Place, private_directory, reachable, remove_if_there};
use super::process;
use nix::sys::signal::Signal;
use sqlx::postgres::{PgConnectOptions, PgConnection, PgSslMode};
use sqlx::{ConnectOptions as _, Connection as _};
use std::fs::OpenOptions;
use std::io;
use std::os::unix::fs::OpenOptionsExt as _;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;
use tokio::process::Child;
use tokio::sync::oneshot;
use tokio::time::{Instant, interval, sleep};

/// Recovery replays at most about `max_wal_size` of log: a minute on a slow disk. Longer is waited for, with a word now and then.
const READY_DEADLINE: Duration = Duration::from_mins(5);
/// Each refused attempt is a line in the server's log, so a long recovery is asked less and less often.
const READY_POLL: Duration = Duration::from_millis(10);
const READY_POLL_LONGEST: Duration = Duration::from_millis(200);
const READY_WORD: Duration = Duration::from_secs(10);
/// One attempt to connect; a healthy server answers in a millisecond.
const PROBE_DEADLINE: Duration = Duration::from_secs(5);
/// How long a start is repeated that fails for the remains of a dead predecessor.
const REMAINS_DEADLINE: Duration = Duration::from_secs(30);
const REMAINS_POLL: Duration = Duration::from_millis(50);
/// Backends see within milliseconds that their postmaster is dead, unless they are busy; those are told.
const SURVIVORS_PATIENCE: Duration = Duration::from_secs(3);
const SURVIVORS_DEADLINE: Duration = Duration::from_secs(20);
/// An adopted postmaster is no child of ours: its end has to be looked for.
const ADOPTED_POLL: Duration = Duration::from_millis(200);
const FAST_SHUTDOWN: Duration = Duration::from_secs(20);
const IMMEDIATE_SHUTDOWN: Duration = Duration::from_secs(10);
const STOP_POLL: Duration = Duration::from_millis(20);
/// Between restarts of a server that keeps dying: from the first to the second, doubling; forgotten after a calm minute.
const PAUSE_FIRST: Duration = Duration::from_millis(100);
const PAUSE_LONGEST: Duration = Duration::from_secs(5);
const CALM: Duration = Duration::from_mins(1);
/// With 4 MB a file the logs stay near 20 MB.
const LOG_FILES_KEPT: usize = 5;
const LOG_PRUNING: Duration = Duration::from_mins(1);

/// What an attempt to connect says.
#[derive(Debug)]
pub(super) enum Probe {
    Ready,
    /// The server is up, our database is not made yet.
    NoDatabase,
    /// Not up yet, or on its way down.
    NotYet(String),
    /// Up, and it will go on refusing us.
    Refused(String),
}

/// Connects to the cluster's database once.
pub(super) async fn probe(place: &Place) -> Probe {
    let error = match tokio::time::timeout(PROBE_DEADLINE, connect(place, NAME)).await {
        Ok(Ok(connection)) => {
            // The server notices a dropped connection as well; this is for tidy logs.
            let _ = connection.close().await;
            return Probe::Ready;
        }
        Ok(Err(error)) => error,
        Err(_) => return Probe::NotYet("the connection hangs".into()),
    };
    let code = error.as_database_error().and_then(sqlx::error::DatabaseError::code).map(std::borrow::Cow::into_owned);
    match code.as_deref() {
        Some("3D000") => Probe::NoDatabase,
        // All connections taken: it lives.
        Some("53300") => Probe::Ready,
        Some(code) if code.starts_with("28") => Probe::Refused(error.to_string()),
        _ => Probe::NotYet(error.to_string()),
    }
}

async fn connect(place: &Place, database: &str) -> Result<PgConnection, sqlx::Error> {
    PgConnectOptions::new_without_pgpass()
        .socket(&place.socket_dir)
        .port(PORT)
        .username(NAME)
        .database(database)
        .ssl_mode(PgSslMode::Disable)
        .connect()
        .await
}

/// The pid of the live postmaster of this place. The socket's lock file tells it too when somebody deleted the other one
/// (Postgres then ends itself within a minute).
pub(super) fn running(place: &Place) -> Option<i32> {
    [place.pid_file(), place.socket_lock()]
        .iter()
        .filter_map(|file| pid_in(file))
        .find(|pid| process::is_postmaster(*pid, &place.data))
}

/// The process id in the first line of a lock file of Postgres; a single-user server writes it negated.
fn pid_in(file: &Path) -> Option<i32> {
    let text = std::fs::read_to_string(file).ok()?;
    let pid: i32 = text.lines().next()?.trim().parse().ok()?;
    pid.checked_abs()
}

/// A live postmaster.
#[derive(Debug)]
enum Postmaster {
    /// Started by us.
    Child { child: Child, pid: i32 },
    /// Left by an owner that died.
    Adopted { pid: i32 },
}

impl Postmaster {
    fn pid(&self) -> i32 {
        match self {
            Self::Child { pid, .. } | Self::Adopted { pid } => *pid,
        }
    }

    /// Waits for its end and says how it ended. May be dropped and called again.
    async fn ended(&mut self, data: &Path, poll: Duration) -> String {
        match self {
            Self::Child { child, .. } => match child.wait().await {
                Ok(status) => status.to_string(),
                Err(error) => error.to_string(),
            },
            Self::Adopted { pid } => {
                while process::is_postmaster(*pid, data) {
                    sleep(poll).await;
                }
                "an adopted process ended".into()
            }
        }
    }
}

/// Who runs the cluster in `place`, or a new one, and with which programs.
pub(super) async fn programs(
    place: Option<&Place>,
    bin_dir: Option<&Path>,
) -> Result<(Account, Programs), ClusterError> {
    let Some(place) = place else {
        let account = Account::choose(None)?;
        let programs = Search::usual(bin_dir, None).find(&account).await?;
        return Ok((account, programs));
    };
    let meta = std::fs::metadata(&place.data).map_err(io_error("look at", &place.data))?;
    let account = Account::choose(Some((&place.data, &meta)))?;
    let search = Search::usual(bin_dir, Some((&place.data, place.major()?)));
    let programs = search.find(&account).await?;
    Ok((account, programs))
}

/// What the lock's holder knows about its cluster.
#[derive(Debug)]
pub(super) struct Owner {
    place: Place,
    account: Account,
    programs: Programs,
    postmaster: Option<Postmaster>,
}

impl Owner {
    /// Finds the programs and the place, and initialises the cluster if there is none.
    pub async fn prepare(config: &ClusterConfig) -> Result<Self, ClusterError> {
        let data_dir = &config.data_dir;
        let known = Place::known(data_dir)?;
        let (account, programs) = programs(known.as_ref(), config.bin_dir.as_deref()).await?;
        let place = match known {
            Some(place) if reachable(&place.data, &account, &programs).await => place,
            Some(place) => return Err(ClusterError::Unreachable { path: place.data, account: account.name }),
            None => Place::choose(data_dir, &account, &programs).await?,
        };
        initialise(&place, &account, &programs).await?;
        place.remember(data_dir)?;
        Ok(Self { place, account, programs, postmaster: None })
    }

    pub fn place(&self) -> &Place {
        &self.place
    }

    /// Brings the cluster up for the first time; what has been started is stopped again if that fails.
    pub async fn start(&mut self) -> Result<(), ClusterError> {
        let began = Instant::now();
        if let Err(error) = self.bring_up().await {
            if let Err(error) = self.shut_down().await {
                tracing::error!(%error, "cannot stop what did not start");
            }
            return Err(error);
        }
        tracing::info!(
            postgres.data = %self.place.data.display(), postgres.version = self.programs.major,
            elapsed_ms = began.elapsed().as_millis(), "the private Postgres cluster is ready"
        );
        Ok(())
    }

    /// Keeps the cluster up until told to stop it. If the sender is dropped instead, leaves the cluster alone.
    pub async fn supervise(mut self, mut stop: oneshot::Receiver<()>) -> Result<(), ClusterError> {
        let mut pruning = interval(LOG_PRUNING);
        let mut pause = PAUSE_FIRST;
        loop {
            let Some(postmaster) = &mut self.postmaster else {
                let began = tokio::select! {
                    told = &mut stop => return self.finish(told.is_ok()).await,
                    began = self.bring_up() => began,
                };
                match began {
                    Ok(()) => tracing::info!("the private Postgres cluster is up again"),
                    Err(error) => {
                        tracing::error!(%error, "the private Postgres cluster does not come back; trying on");
                        tokio::select! {
                            told = &mut stop => return self.finish(told.is_ok()).await,
                            () = sleep(pause) => pause = (pause * 2).min(PAUSE_LONGEST),
                        }
                    }
                }
                continue;
            };
            let pid = postmaster.pid();
            let up = Instant::now();
            loop {
                tokio::select! {
                    told = &mut stop => return self.finish(told.is_ok()).await,
                    end = postmaster.ended(&self.place.data, ADOPTED_POLL) => {
                        tracing::error!(postgres.pid = pid, end, "Postgres ended unexpectedly; restarting it");
                        break;
                    }
                    _ = pruning.tick() => prune_logs(&self.place.logs()),
                }
            }
            self.postmaster = None;
            if up.elapsed() >= CALM {
                pause = PAUSE_FIRST;
            }
            tokio::select! {
                told = &mut stop => return self.finish(told.is_ok()).await,
                () = sleep(pause) => pause = (pause * 2).min(PAUSE_LONGEST),
            }
        }
    }

    async fn finish(mut self, told_to_stop: bool) -> Result<(), ClusterError> {
        if told_to_stop { self.shut_down().await } else { Ok(()) }
    }

    /// Adopts or starts the postmaster and waits until it accepts connections.
    async fn bring_up(&mut self) -> Result<(), ClusterError> {
        let deadline = Instant::now() + REMAINS_DEADLINE;
        loop {
            let adopted = if self.postmaster.is_some() {
                false
            } else if let Some(pid) = running(&self.place) {
                tracing::info!(postgres.pid = pid, "adopting a running Postgres whose owner is gone");
                self.postmaster = Some(Postmaster::Adopted { pid });
                true
            } else {
                self.clear_remains().await?;
                self.postmaster = Some(self.spawn()?);
                false
            };
            let Some(end) = self.wait_ready().await? else {
                return Ok(());
            };
            self.postmaster = None;
            if adopted {
                // It was on its way down.
                continue;
            }
            let output = std::fs::read(self.place.start_log()).unwrap_or_default();
            let output = String::from_utf8_lossy(&output);
            if !is_about_remains(&output) || Instant::now() >= deadline {
                return Err(ClusterError::StartFailed {
                    end,
                    output: tail(&output),
                    start_log: self.place.start_log(),
                    logs: self.place.logs(),
                });
            }
            tracing::warn!("Postgres still sees a predecessor; trying again: {}", tail(&output));
            sleep(REMAINS_POLL).await;
        }
    }

    fn spawn(&self) -> Result<Postmaster, ClusterError> {
        private_directory(&self.place.socket_dir, &self.account)?;
        write_settings(&self.place.data, &self.place, &self.account)?;
        prune_logs(&self.place.logs());
        let path = self.place.start_log();
        // Removed and made anew: no link is followed, and it cannot grow.
        remove_if_there(&path)?;
        let log = OpenOptions::new()
            .append(true)
            .create_new(true)
            .mode(0o600)
            .open(&path)
            .map_err(io_error("create", &path))?;
        let log_too = log.try_clone().map_err(io_error("open", &path))?;
        let program = self.programs.postgres();
        let child = self
            .account
            .command(&program)
            .arg("-D")
            .arg(&self.place.data)
            .current_dir(&self.place.data)
            .stdin(Stdio::null())
            .stdout(log)
            .stderr(log_too)
            .spawn()
            .map_err(io_error("run", &program))?;
        let pid = child
            .id()
            .and_then(|pid| i32::try_from(pid).ok())
            .ok_or_else(|| io_error("watch", &program)(io::Error::other("it has no process id")))?;
        tracing::info!(postgres.pid = pid, postgres.data = %self.place.data.display(), "starting Postgres");
        Ok(Postmaster::Child { child, pid })
    }

    /// Waits until the database can be connected to; `Some` says how the postmaster ended instead.
    async fn wait_ready(&mut self) -> Result<Option<String>, ClusterError> {
        let Some(postmaster) = &mut self.postmaster else {
            return Ok(Some("it was not started".into()));
        };
        let began = Instant::now();
        let mut word = began + READY_WORD;
        let mut pause = READY_POLL;
        loop {
            let answer = tokio::select! {
                end = postmaster.ended(&self.place.data, STOP_POLL) => return Ok(Some(end)),
                answer = probe(&self.place) => answer,
            };
            let last = match answer {
                Probe::Ready => return Ok(None),
                Probe::NoDatabase => match create_database(&self.place).await {
                    Ok(()) => continue,
                    Err(error) => error.to_string(),
                },
                Probe::Refused(reason) => {
                    return Err(ClusterError::Refused { reason, data: self.place.data.clone() });
                }
                Probe::NotYet(reason) => reason,
            };
            if Instant::now() >= word {
                tracing::info!(elapsed_s = began.elapsed().as_secs(), "still waiting for Postgres: {last}");
                word += READY_WORD;
            }
            if began.elapsed() >= READY_DEADLINE {
                return Err(ClusterError::NotReady { pid: postmaster.pid(), seconds: READY_DEADLINE.as_secs(), last });
            }
            sleep(pause).await;
            pause = (pause * 2).min(READY_POLL_LONGEST);
        }
    }

    /// Removes what a dead postmaster left, once nothing of it lives. A lock file whose process is dead is left to
    /// Postgres, which also checks the shared memory that it names; Postgres stumbles only over a process id that
    /// another program has got since, and over a file that a power cut left empty.
    async fn clear_remains(&self) -> Result<(), ClusterError> {
        let began = Instant::now();
        let mut told = false;
        loop {
            let survivors = process::survivors(&self.place.name);
            if survivors.is_empty() {
                break;
            }
            if began.elapsed() >= SURVIVORS_DEADLINE {
                let pids = survivors.iter().map(ToString::to_string).collect::<Vec<_>>();
                return Err(ClusterError::Survivors { pids: pids.join(" ") });
            }
            if !told && began.elapsed() >= SURVIVORS_PATIENCE {
                told = true;
                tracing::warn!(postgres.pids = ?survivors, "ending processes of a dead Postgres");
                for pid in survivors {
                    // What a postmaster does to them when one has crashed.
                    process::signal(pid, Signal::SIGQUIT).map_err(io_error("signal a process of", &self.place.data))?;
                }
            }
            sleep(REMAINS_POLL).await;
        }
        if UnixStream::connect(self.place.socket()).is_ok() {
            // Started by a killed owner a moment ago, its lock file just being written? Then it is ours to adopt.
            if running(&self.place).is_some() {
                return Ok(());
            }
            return Err(ClusterError::ServedElsewhere { socket_dir: self.place.socket_dir.clone() });
        }
        for file in [self.place.pid_file(), self.place.socket_lock()] {
            if !file.exists() {
                continue;
            }
            let pid = pid_in(&file);
            let misleading = match pid {
                Some(pid) => process::alive(pid) && !process::is_postmaster(pid, &self.place.data),
                None => true,
            };
            if misleading {
                tracing::warn!(file = %file.display(), pid, "removing a stale lock file: its process is not our Postgres");
                remove_if_there(&file)?;
            }
        }
        Ok(())
    }

    /// Stops the postmaster: fast shutdown, then immediate shutdown.
    async fn shut_down(&mut self) -> Result<(), ClusterError> {
        let Some(mut postmaster) = self.postmaster.take() else {
            return Ok(());
        };
        let pid = postmaster.pid();
        let data = self.place.data.clone();
        let began = Instant::now();
        tracing::info!(postgres.pid = pid, "stopping Postgres");
        for (signal, patience) in [(Signal::SIGINT, FAST_SHUTDOWN), (Signal::SIGQUIT, IMMEDIATE_SHUTDOWN)] {
            // A child that is not reaped keeps its pid; an adopted one is looked at first.
            let live = match &postmaster {
                Postmaster::Child { child, .. } => child.id().is_some(),
                Postmaster::Adopted { pid } => process::is_postmaster(*pid, &data),
            };
            if live {
                process::signal(pid, signal).map_err(io_error("stop Postgres in", &data))?;
            }
            if tokio::time::timeout(patience, postmaster.ended(&data, STOP_POLL)).await.is_ok() {
                tracing::info!(elapsed_ms = began.elapsed().as_millis(), "Postgres has stopped");
                return Ok(());
            }
            tracing::warn!(postgres.pid = pid, %signal, "Postgres does not stop");
        }
        Err(ClusterError::NotStopping { pid, seconds: began.elapsed().as_secs() })
    }
}

async fn create_database(place: &Place) -> Result<(), sqlx::Error> {
    let mut connection = connect(place, "postgres").await?;
    sqlx::query("CREATE DATABASE cityevents").execute(&mut connection).await?;
    connection.close().await
}

/// Whether a start failed only because of what a predecessor left and the system is still clearing away.
fn is_about_remains(output: &str) -> bool {
    ["shared memory block", "lock file"].iter().any(|sign| output.contains(sign))
}

/// Deletes all but the newest log files; their names sort by time.
fn prune_logs(dir: &Path) {
    let Ok(entries) = std::fs::read_dir(dir) else {
        return;
    };
    let mut files = entries
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "log"))
        .collect::<Vec<_>>();
    files.sort();
    files.truncate(files.len().saturating_sub(LOG_FILES_KEPT));
    for file in files {
        if let Err(error) = std::fs::remove_file(&file) {
            tracing::warn!(file = %file.display(), %error, "cannot delete an old log");
        }
    }
}
