//! Makes a new cluster, completely or not at all, and writes the settings that we answer for.

use super::account::Account;
use super::error::{ClusterError, io_error};
use super::find::Programs;
use super::place::{NAME, PORT, Place, private_directory, replace_file, sync_directory};
use super::process;
use nix::sys::signal::Signal;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// Directories of unfinished initialisations, beside the data directory.
const UNFINISHED: &str = "data.init-";
const ORPHANS_DEADLINE: Duration = Duration::from_secs(5);
const ORPHANS_POLL: Duration = Duration::from_millis(20);
const SETTINGS_FILE: &str = "cityevents.conf";

/// Code-point order and Unicode character classes, the same on every machine; where the system has no C.UTF-8
/// (older macOS), only the character classes of another UTF-8 locale; else plain C, which folds ASCII only.
const LOCALES: [&[&str]; 3] = [&["--locale=C.UTF-8"], &["--locale=C", "--lc-ctype=en_US.UTF-8"], &["--locale=C"]];

/// Initialises the cluster unless it is there. `initdb` works in a sibling that takes the final name when all of it is on
/// disk: a killed initialisation leaves rubbish, which the next one removes, and never half a cluster.
pub(super) async fn initialise(place: &Place, account: &Account, programs: &Programs) -> Result<(), ClusterError> {
    private_directory(&place.home, account)?;
    end_orphans(&place.home).await;
    remove_unfinished(&place.home);
    if place.initialised()? {
        return Ok(());
    }
    tracing::info!(postgres.data = %place.data.display(), postgres.version = programs.major, postgres.user = %account.name,
        "initialising a private Postgres cluster");
    // Not the name that a predecessor used, should an orphan of its initialisation write on after all.
    let unfinished = place.home.join(format!("{UNFINISHED}{}", std::process::id()));
    run_initdb(&unfinished, place, account, programs).await?;
    append_include(&unfinished.join("postgresql.conf"))?;
    write_settings(&unfinished, place, account)?;
    std::fs::rename(&unfinished, &place.data).map_err(io_error("finish the cluster in", &place.data))?;
    sync_directory(&place.home)
}

async fn run_initdb(target: &Path, place: &Place, account: &Account, programs: &Programs) -> Result<(), ClusterError> {
    let mut last = String::new();
    for locale in LOCALES {
        let output = account
            .command(programs.initdb())
            .arg("-D")
            .arg(target)
            .args(locale)
            .args(["--encoding=UTF8", "--data-checksums", "--no-instructions"])
            // Peers are limited by the socket's directory, which only the account and root may enter.
            .args(["--auth-local=trust", "--auth-host=reject"])
            .arg(format!("--username={NAME}"))
            .stdin(Stdio::null())
            .kill_on_drop(true)
            .output()
            .await
            .map_err(io_error("run", &programs.initdb()))?;
        if output.status.success() {
            return Ok(());
        }
        last = tail(&String::from_utf8_lossy(&output.stderr));
        if !last.contains("locale") {
            break;
        }
        tracing::warn!(postgres.locale = ?locale, "this system lacks a locale; trying the next: {last}");
    }
    Err(ClusterError::InitFailed { home: place.home.clone(), output: last })
}

/// An `initdb` outlives its killed parent and would go on writing. Whoever holds the cluster's lock has started none yet.
async fn end_orphans(home: &Path) {
    let beginning = home.join(UNFINISHED);
    let deadline = Instant::now() + ORPHANS_DEADLINE;
    loop {
        let orphans = process::initialisations(&beginning);
        if orphans.is_empty() || Instant::now() >= deadline {
            return;
        }
        for pid in orphans {
            tracing::info!(pid, "ending the initialisation of a dead predecessor");
            if let Err(error) = process::signal(pid, Signal::SIGKILL) {
                tracing::warn!(pid, %error, "cannot end it");
            }
        }
        sleep(ORPHANS_POLL).await;
    }
}

/// Best effort: what cannot be removed now (an orphan still writes) goes next time.
fn remove_unfinished(home: &Path) {
    let Ok(entries) = std::fs::read_dir(home) else {
        return;
    };
    for entry in entries.flatten() {
        if entry.file_name().to_string_lossy().starts_with(UNFINISHED) {
            let path = entry.path();
            match std::fs::remove_dir_all(&path) {
                Ok(()) => {
                    tracing::info!(path = %path.display(), "removed an unfinished initialisation");
                }
                Err(error) => {
                    tracing::warn!(path = %path.display(), %error, "cannot remove an unfinished initialisation");
                }
            }
        }
    }
}

fn append_include(conf: &Path) -> Result<(), ClusterError> {
    let mut text = std::fs::read(conf).map_err(io_error("read", conf))?;
    text.extend_from_slice(format!("\ninclude = '{SETTINGS_FILE}'\n").as_bytes());
    std::fs::write(conf, text).map_err(io_error("write", conf))?;
    std::fs::File::open(conf).and_then(|file| file.sync_all()).map_err(io_error("sync", conf))
}

/// Writes our settings file into a data directory if it is not as it should be.
pub(super) fn write_settings(data: &Path, place: &Place, account: &Account) -> Result<(), ClusterError> {
    let path = data.join(SETTINGS_FILE);
    let wanted = settings(place);
    if std::fs::read_to_string(&path).is_ok_and(|present| present == wanted) {
        return Ok(());
    }
    replace_file(&path, wanted.as_bytes(), Some(account))
}

fn settings(place: &Place) -> String {
    format!(
        "\
# Written by CityEvents at every start; changes here are lost. Use ALTER SYSTEM, which wins over this file.

# Reachable by nothing but the socket, and the socket by nobody but this user and root.
listen_addresses = ''
port = {PORT}
unix_socket_directories = '{socket_dir}'
unix_socket_permissions = 0700
cluster_name = '{name}'
max_connections = 100

# What was acknowledged survives a power cut.
fsync = on
synchronous_commit = on
full_page_writes = on

shared_buffers = 128MB
wal_compression = on
max_wal_size = 1GB
checkpoint_timeout = 10min
random_page_cost = 1.1
# Short queries: compiling them costs more than it saves.
jit = off

timezone = 'UTC'
log_timezone = 'UTC'
# CityEvents deletes all but the newest files. No statements and no row details: they hold personal data.
logging_collector = on
log_directory = 'log'
log_filename = 'postgres-%Y-%m-%d_%H%M%S.log'
log_rotation_size = 4MB
log_rotation_age = 0
log_checkpoints = off
log_min_error_statement = panic
log_error_verbosity = terse
",
        socket_dir = place.socket_dir.display(),
        name = place.name,
    )
}

/// The last lines of a program's output, in one line.
pub(super) fn tail(text: &str) -> String {
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect::<Vec<_>>();
    lines[lines.len().saturating_sub(5)..].join(" | ")
}
