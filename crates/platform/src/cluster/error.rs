//! What can go wrong with the private cluster, worded so that the reader knows what to do next.

use std::fmt::Write as _;
use std::io;
use std::path::{Path, PathBuf};

/// Why the private cluster could not be found, started, joined or stopped.
#[derive(Debug, thiserror::Error)]
pub enum ClusterError {
    /// No usable Postgres programs on this machine.
    #[error(
        "no database is configured and no PostgreSQL 15 or newer was found (looked in {looked}){rejected}. \
         Install PostgreSQL 15 or newer (Debian/Ubuntu: apt-get install postgresql), or set database.url, \
         or set database.bin_dir to the directory that holds `postgres` and `initdb`"
    )]
    NotFound {
        /// The places that were searched, comma-separated.
        looked: String,
        /// Candidates that were refused and why; empty, or starts with a semicolon.
        rejected: String,
    },

    /// The directory the operator named holds no usable Postgres programs.
    #[error(
        "database.bin_dir = {} cannot be used: {reason}. Point it at the directory that holds `postgres` and \
         `initdb` of PostgreSQL 15 or newer, or remove the setting to search the usual places", bin_dir.display()
    )]
    UnusableBinDir {
        /// The directory as configured.
        bin_dir: PathBuf,
        /// What is wrong with it.
        reason: String,
    },

    /// The cluster was initialised by another major version than those installed.
    #[error(
        "the cluster in {} was created by PostgreSQL {cluster}, which is not installed (looked in {looked}){rejected}. \
         Install PostgreSQL {cluster} (Debian/Ubuntu: apt-get install postgresql-{cluster}), or set \
         database.bin_dir, or move the data with pg_upgrade", data.display()
    )]
    OtherMajor {
        /// The cluster's data directory.
        data: PathBuf,
        /// Its major version.
        cluster: u32,
        /// The places that were searched, comma-separated.
        looked: String,
        /// Candidates that were refused and why; empty, or starts with a semicolon.
        rejected: String,
    },

    /// Started as root, and there is no unprivileged account to run Postgres as.
    #[error(
        "PostgreSQL refuses to run as root and this machine has neither a user `postgres` nor `nobody`. \
         Create one (useradd --system postgres), or start the program as an ordinary user"
    )]
    NoAccount,

    /// A directory that has to be private to the Postgres user belongs to somebody else.
    #[error(
        "{} belongs to user {owner}, not to {expected}. Start the program as {owner}, \
         or move that directory away, or use another data directory", path.display()
    )]
    NotOurs {
        /// The directory.
        path: PathBuf,
        /// Its owner's name, or uid.
        owner: String,
        /// Who should own it.
        expected: String,
    },

    /// The account that runs Postgres cannot get to an existing cluster.
    #[error(
        "user {account} cannot reach the cluster in {}: one of the directories above it is not searchable. \
         Allow it (chmod o+x on those directories) or move the data directory", path.display()
    )]
    Unreachable {
        /// The cluster's directory.
        path: PathBuf,
        /// The account.
        account: String,
    },

    /// The pointer file names a cluster that is not there any more.
    #[error(
        "{} says that the cluster is in {}, but nothing is there. Restore that directory from a backup, \
         or delete the file to begin with an empty database", pointer.display(), location.display()
    )]
    Gone {
        /// The pointer file in the data directory.
        pointer: PathBuf,
        /// Where it points.
        location: PathBuf,
    },

    /// `initdb` failed.
    #[error("initdb could not create a cluster in {}: {output}", home.display())]
    InitFailed {
        /// Where the cluster was to be made.
        home: PathBuf,
        /// The end of its output.
        output: String,
    },

    /// Postgres ended instead of accepting connections.
    #[error("PostgreSQL did not start ({end}): {output} (see {} and {})", start_log.display(), logs.display())]
    StartFailed {
        /// How the process ended.
        end: String,
        /// The end of what it printed.
        output: String,
        /// The output of the start.
        start_log: PathBuf,
        /// The directory of the server's own logs.
        logs: PathBuf,
    },

    /// Postgres runs but accepts no connections.
    #[error("PostgreSQL runs (pid {pid}) but accepted no connection within {seconds} s: {last}")]
    NotReady {
        /// The postmaster's process id.
        pid: i32,
        /// How long was waited, in seconds.
        seconds: u64,
        /// The last refusal.
        last: String,
    },

    /// Postgres accepts connections but refuses ours.
    #[error(
        "PostgreSQL refused the private connection: {reason}. pg_hba.conf in {} must have \
         `local all all trust`", data.display()
    )]
    Refused {
        /// The server's words.
        reason: String,
        /// The cluster's data directory.
        data: PathBuf,
    },

    /// Processes of a dead postmaster do not go away.
    #[error(
        "processes of the previous PostgreSQL still hold its memory (pids {pids}) and did not end when told to. \
         End them (kill -QUIT {pids}) and start again"
    )]
    Survivors {
        /// Their process ids, space-separated.
        pids: String,
    },

    /// The socket is served by a process that this machine's process table does not show.
    #[error(
        "somebody already serves the cluster's socket in {}, but no such process is visible here \
         (another container on the same data directory?). Stop that one first", socket_dir.display()
    )]
    ServedElsewhere {
        /// The socket directory.
        socket_dir: PathBuf,
    },

    /// Another process owns the cluster and did not get it running.
    #[error(
        "another process holds {}, but its database accepted no connection within {seconds} s: {last}. \
         Look at that process's log", lock.display()
    )]
    AttachTimeout {
        /// The lock file.
        lock: PathBuf,
        /// How long was waited, in seconds.
        seconds: u64,
        /// The last refusal.
        last: String,
    },

    /// Postgres did not stop.
    #[error("PostgreSQL (pid {pid}) did not stop within {seconds} s, not even by immediate shutdown")]
    NotStopping {
        /// The postmaster's process id.
        pid: i32,
        /// How long was waited, in seconds.
        seconds: u64,
    },

    /// The operating system refused something.
    #[error("cannot {action} {}: {source}", path.display())]
    Io {
        /// What was attempted, as a verb phrase.
        action: &'static str,
        /// On what.
        path: PathBuf,
        /// The reason.
        source: io::Error,
    },
}

/// Adapter for `map_err`: names the action and the path of an I/O error.
pub(super) fn io_error(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> ClusterError + use<> {
    let path = path.to_owned();
    move |source| ClusterError::Io { action, path, source }
}

/// The refused candidates as the tail of a sentence.
pub(super) fn rejected_text(rejected: &[(PathBuf, String)]) -> String {
    let mut text = String::new();
    for (dir, reason) in rejected {
        // Writing to a String cannot fail.
        let _ = write!(text, "; {}: {reason}", dir.display());
    }
    text
}
