//! Where a cluster lives: its home directory with the data and the socket in it, and how that is found again.

use super::account::{Account, user_name};
use super::error::{ClusterError, io_error};
use super::find::Programs;
use sha2::{Digest as _, Sha256};
use std::ffi::OsStr;
use std::fmt::Write as _;
use std::fs::{DirBuilder, File, OpenOptions, Permissions};
use std::io::{self, Write as _};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::process::Stdio;

/// The port in the socket's name; nothing listens on TCP.
pub(super) const PORT: u16 = 5432;
/// The superuser and the database, both ours alone.
pub(super) const NAME: &str = "cityevents";

/// A Unix socket's path may have 107 bytes on Linux and 103 on macOS.
const LONGEST_SOCKET_PATH: usize = 100;
/// Where a root process keeps clusters whose data directory the Postgres account cannot reach.
const FALLBACK_ROOT: &str = "/var/lib/cityevents";
/// In the data directory, names the home of a cluster kept elsewhere.
const POINTER: &str = "postgres.location";

/// The paths and the name of one cluster.
#[derive(Debug, Clone)]
pub(super) struct Place {
    /// Private to the Postgres account; holds everything else unless the socket's path would be too long.
    pub home: PathBuf,
    /// What Postgres calls the data directory.
    pub data: PathBuf,
    /// The directory of the socket; only the Postgres account and root may enter it.
    pub socket_dir: PathBuf,
    /// The cluster's name, in the titles of its processes; unique for the directory.
    pub name: String,
}

impl Place {
    pub fn at(home: PathBuf) -> Self {
        let hash = short_hash(&home);
        let inside = home.join("socket");
        let socket_dir = if fits(&inside) {
            inside
        } else {
            // Not TMPDIR: every process has to arrive at the same directory.
            PathBuf::from(format!("/tmp/cityevents-{hash}"))
        };
        Self { data: home.join("data"), name: format!("cityevents-{hash}"), socket_dir, home }
    }

    /// The place of the cluster that was initialised for this data directory, if there is one. Changes nothing.
    pub fn known(data_dir: &Path) -> Result<Option<Self>, ClusterError> {
        let pointer = data_dir.join(POINTER);
        match std::fs::read(&pointer) {
            Ok(bytes) => {
                let place = Self::at(PathBuf::from(OsStr::from_bytes(bytes.trim_ascii())));
                if place.initialised()? {
                    return Ok(Some(place));
                }
                return Err(ClusterError::Gone { pointer, location: place.home });
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(io_error("read", &pointer)(error)),
        }
        let place = Self::at(data_dir.join("postgres"));
        Ok(place.initialised()?.then_some(place))
    }

    /// A place for a new cluster: in the data directory, or where the account can reach it.
    pub async fn choose(data_dir: &Path, account: &Account, programs: &Programs) -> Result<Self, ClusterError> {
        if reachable(data_dir, account, programs).await {
            return Ok(Self::at(data_dir.join("postgres")));
        }
        let root = Path::new(FALLBACK_ROOT);
        make_passable(root)?;
        let hash = short_hash(data_dir);
        for attempt in 1_u32.. {
            let name = if attempt == 1 { hash.clone() } else { format!("{hash}-{attempt}") };
            let place = Self::at(root.join(name));
            if !place.initialised()? {
                tracing::info!(
                    data.dir = %data_dir.display(), postgres.home = %place.home.display(), postgres.user = %account.name,
                    "the Postgres user cannot reach the data directory: the cluster goes elsewhere"
                );
                return Ok(place);
            }
            // Its data directory was deleted to begin anew. Never resurrect, never delete.
            tracing::warn!(
                postgres.home = %place.home.display(),
                "an earlier cluster of a deleted data directory is still here; remove it if nobody needs it"
            );
        }
        unreachable!("the loop ends with a free name")
    }

    /// Whether a complete cluster is here.
    pub fn initialised(&self) -> Result<bool, ClusterError> {
        let marker = self.data.join("PG_VERSION");
        match marker.try_exists() {
            Ok(exists) => Ok(exists),
            Err(error) => {
                if error.kind() == io::ErrorKind::PermissionDenied
                    && let Ok(meta) = std::fs::metadata(&self.home)
                {
                    return Err(ClusterError::NotOurs {
                        path: self.home.clone(),
                        owner: user_name(meta.uid()),
                        expected: user_name(nix::unistd::geteuid().as_raw()),
                    });
                }
                Err(io_error("look into", &self.home)(error))
            }
        }
    }

    /// The major version that initialised the cluster here.
    pub fn major(&self) -> Result<u32, ClusterError> {
        let path = self.data.join("PG_VERSION");
        let text = std::fs::read_to_string(&path).map_err(io_error("read", &path))?;
        text.trim().parse().map_err(|_| {
            let source = io::Error::new(io::ErrorKind::InvalidData, format!("{text:?}"));
            io_error("read a version from", &path)(source)
        })
    }

    /// Leaves the pointer file when the cluster is not inside the data directory. Only for a complete cluster: a
    /// pointer to nothing means that the data were lost.
    pub fn remember(&self, data_dir: &Path) -> Result<(), ClusterError> {
        if self.home.starts_with(data_dir) {
            return Ok(());
        }
        let mut text = self.home.as_os_str().as_bytes().to_vec();
        text.push(b'\n');
        replace_file(&data_dir.join(POINTER), &text, None)
    }

    pub fn socket(&self) -> PathBuf {
        self.socket_dir.join(socket_name())
    }

    pub fn socket_lock(&self) -> PathBuf {
        self.socket_dir.join(format!("{}.lock", socket_name()))
    }

    pub fn pid_file(&self) -> PathBuf {
        self.data.join("postmaster.pid")
    }

    /// What the server prints until its own log is open.
    pub fn start_log(&self) -> PathBuf {
        self.home.join("start.log")
    }

    /// The server's own logs.
    pub fn logs(&self) -> PathBuf {
        self.data.join("log")
    }

    /// For sqlx and libpq alike. The port is given because PGPORT would otherwise change the socket's name.
    pub fn url(&self) -> String {
        let dir = self.socket_dir.display();
        format!("postgres://{NAME}@localhost:{PORT}/{NAME}?host={dir}")
    }
}

fn socket_name() -> String {
    format!(".s.PGSQL.{PORT}")
}

/// Whether a socket may be in this directory: short enough, and nothing that configuration files or URLs would quote.
fn fits(dir: &Path) -> bool {
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"/._-".contains(byte);
    let bytes = dir.as_os_str().as_bytes();
    bytes.len() + 1 + socket_name().len() <= LONGEST_SOCKET_PATH && bytes.iter().all(plain)
}

/// Twelve hexadecimal digits: enough for the clusters of one machine.
fn short_hash(path: &Path) -> String {
    let mut text = String::new();
    for byte in Sha256::digest(path.as_os_str().as_bytes()).iter().take(6) {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}

/// Whether the account can enter the directory. Asked of the kernel: mode bits do not tell of access lists or mounts.
pub(super) async fn reachable(dir: &Path, account: &Account, programs: &Programs) -> bool {
    if !account.switch {
        return true;
    }
    let status = account
        .command(programs.postgres())
        .arg("--version")
        .current_dir(dir)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .await;
    // The program itself is known to run, so a refusal is about the directory.
    !matches!(status, Err(error) if error.kind() == io::ErrorKind::PermissionDenied)
}

/// Makes a directory that everybody may pass through, whatever our umask says.
fn make_passable(dir: &Path) -> Result<(), ClusterError> {
    match DirBuilder::new().mode(0o755).create(dir) {
        Ok(()) => {
            std::fs::set_permissions(dir, Permissions::from_mode(0o755)).map_err(io_error("set permissions of", dir))
        }
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(io_error("create", dir)(error)),
    }
}

/// Makes sure of a directory that only the account (and root) may enter; refuses somebody else's.
pub(super) fn private_directory(dir: &Path, account: &Account) -> Result<(), ClusterError> {
    match DirBuilder::new().mode(0o700).create(dir) {
        Ok(()) => return account.own(dir),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
        Err(error) => return Err(io_error("create", dir)(error)),
    }
    // In /tmp somebody else may have put a directory or a link there first.
    let meta = std::fs::symlink_metadata(dir).map_err(io_error("look at", dir))?;
    let left_by_us = account.switch && meta.uid() == 0;
    if !meta.is_dir() || !(meta.uid() == account.uid || left_by_us) {
        return Err(ClusterError::NotOurs {
            path: dir.to_owned(),
            owner: user_name(meta.uid()),
            expected: account.name.clone(),
        });
    }
    if meta.mode() & 0o7777 != 0o700 {
        std::fs::set_permissions(dir, Permissions::from_mode(0o700)).map_err(io_error("set permissions of", dir))?;
    }
    if left_by_us {
        account.own(dir)?;
    }
    Ok(())
}

/// Replaces a file durably: readers see the old or the new content, also after a power cut. With an owner the file is
/// that account's alone.
pub(super) fn replace_file(path: &Path, content: &[u8], owner: Option<&Account>) -> Result<(), ClusterError> {
    let mut temporary = path.as_os_str().to_owned();
    temporary.push(".new");
    let temporary = PathBuf::from(temporary);
    remove_if_there(&temporary)?;
    let mode = if owner.is_some() { 0o600 } else { 0o644 };
    // `create_new` follows no link that somebody may have left there.
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(mode)
        .open(&temporary)
        .map_err(io_error("create", &temporary))?;
    file.write_all(content).and_then(|()| file.sync_all()).map_err(io_error("write", &temporary))?;
    if let Some(account) = owner {
        account.own(&temporary)?;
    }
    std::fs::rename(&temporary, path).map_err(io_error("replace", path))?;
    match path.parent() {
        Some(dir) => sync_directory(dir),
        None => Ok(()),
    }
}

/// Makes renames and new names in a directory durable.
pub(super) fn sync_directory(dir: &Path) -> Result<(), ClusterError> {
    File::open(dir).and_then(|dir| dir.sync_all()).map_err(io_error("sync", dir))
}

pub(super) fn remove_if_there(path: &Path) -> Result<(), ClusterError> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(io_error("remove", path)(error)),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_socket_leaves_a_home_that_is_too_long_or_needs_quoting() {
        let short = Place::at("/srv/city/postgres".into());
        assert_eq!(short.socket_dir, Path::new("/srv/city/postgres/socket"));
        assert_eq!(short.url(), "postgres://cityevents@localhost:5432/cityevents?host=/srv/city/postgres/socket");
        for home in [format!("/srv/{}/postgres", "x".repeat(80)), "/srv/our city/postgres".into()] {
            let place = Place::at(home.into());
            assert!(place.socket_dir.starts_with("/tmp"), "{place:?}");
            assert!(place.socket().as_os_str().len() <= LONGEST_SOCKET_PATH);
        }
    }

    #[test]
    fn two_homes_have_two_names() {
        assert_ne!(Place::at("/a/postgres".into()).name, Place::at("/b/postgres".into()).name);
    }
}
