//! Who runs Postgres. It refuses root, so a root process hands it to an unprivileged account.

use super::error::ClusterError;
use nix::unistd::{Uid, User, geteuid};
use std::ffi::OsStr;
use std::fs::Metadata;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use tokio::process::Command;

/// What Postgres may see of our environment: the rest holds secrets, and `PG*` or `NOTIFY_SOCKET` would change what it does.
const KEPT_ENVIRONMENT: [&str; 5] =
    ["PATH", "TMPDIR", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "DYLD_FALLBACK_LIBRARY_PATH"];

/// The account that owns the cluster's files and runs its processes.
#[derive(Debug, Clone)]
pub(super) struct Account {
    pub uid: u32,
    pub gid: u32,
    pub name: String,
    /// We are root and become this account for Postgres.
    pub switch: bool,
}

impl Account {
    /// The account for a cluster: oneself, or as root the owner of `existing` (a cluster's directory), else `postgres`,
    /// else `nobody`.
    pub fn choose(existing: Option<(&Path, &Metadata)>) -> Result<Self, ClusterError> {
        let me = geteuid();
        if !me.is_root() {
            let account = Self {
                uid: me.as_raw(),
                gid: nix::unistd::getegid().as_raw(),
                name: user_name(me.as_raw()),
                switch: false,
            };
            return match existing {
                Some((path, meta)) if meta.uid() != account.uid => Err(ClusterError::NotOurs {
                    path: path.to_owned(),
                    owner: user_name(meta.uid()),
                    expected: account.name,
                }),
                _ => Ok(account),
            };
        }
        if let Some((_, meta)) = existing
            && meta.uid() != 0
        {
            return Ok(Self { uid: meta.uid(), gid: meta.gid(), name: user_name(meta.uid()), switch: true });
        }
        ["postgres", "nobody"]
            .iter()
            .find_map(|name| User::from_name(name).ok().flatten())
            .map(|user| Self { uid: user.uid.as_raw(), gid: user.gid.as_raw(), name: user.name, switch: true })
            .ok_or(ClusterError::NoAccount)
    }

    /// A command that runs as this account, in its own process group (a terminal's Ctrl-C must not reach it), with a
    /// minimal English environment. The working directory is `/`: Postgres fails in one that it cannot read.
    pub fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new(program);
        command
            .env_clear()
            .envs(KEPT_ENVIRONMENT.iter().filter_map(|name| std::env::var_os(name).map(|value| (*name, value))))
            .env("LC_ALL", "C")
            .current_dir("/")
            .process_group(0);
        if self.switch {
            command.uid(self.uid).gid(self.gid);
        }
        command
    }

    /// Gives a file or directory that we made to the account; a symbolic link is not followed.
    pub fn own(&self, path: &Path) -> Result<(), ClusterError> {
        if self.switch {
            std::os::unix::fs::lchown(path, Some(self.uid), Some(self.gid))
                .map_err(super::error::io_error("change the owner of", path))?;
        }
        Ok(())
    }
}

/// A user's name, or the number when it has none.
pub(super) fn user_name(uid: u32) -> String {
    User::from_uid(Uid::from_raw(uid)).ok().flatten().map_or_else(|| uid.to_string(), |user| user.name)
}
