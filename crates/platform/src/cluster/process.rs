//! What the process table says about a cluster: process ids in files go stale and get recycled, so a number alone proves nothing.

use nix::errno::Errno;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

/// Whether a process with this id exists and is not a zombie.
pub(super) fn alive(pid: i32) -> bool {
    if pid <= 0 {
        return false;
    }
    match kill(Pid::from_raw(pid), None) {
        Ok(()) | Err(Errno::EPERM) => !is_zombie(pid),
        Err(_) => false,
    }
}

/// Sends a signal; a process that is already gone is no error.
pub(super) fn signal(pid: i32, signal: Signal) -> std::io::Result<()> {
    match kill(Pid::from_raw(pid), signal) {
        Ok(()) | Err(Errno::ESRCH) => Ok(()),
        Err(errno) => Err(errno.into()),
    }
}

/// An orphan may stay a zombie for ever where process 1 reaps nothing (containers).
fn is_zombie(pid: i32) -> bool {
    let Ok(stat) = std::fs::read(format!("/proc/{pid}/stat")) else {
        return false;
    };
    // `pid (comm) state …`; the name may itself hold parentheses.
    stat.iter()
        .rposition(|byte| *byte == b')')
        .and_then(|end| stat.get(end + 2))
        .is_some_and(|state| *state == b'Z' || *state == b'X')
}

/// Whether `pid` is a live postmaster on exactly this data directory.
pub(super) fn is_postmaster(pid: i32, data: &Path) -> bool {
    alive(pid) && command_line(pid).is_some_and(|command| serves(&command, data))
}

/// The live server processes that a dead postmaster left behind, by the cluster's name in their titles. The log collector
/// does not count: it holds no shared memory and ends after the last of the others.
pub(super) fn survivors(cluster_name: &str) -> Vec<i32> {
    let title = format!("postgres: {cluster_name}: ");
    let is_survivor =
        |command: &[u8]| command.strip_prefix(title.as_bytes()).is_some_and(|role| !role.starts_with(b"logger"));
    all().into_iter().filter(|(pid, command)| is_survivor(command) && alive(*pid)).map(|(pid, _)| pid).collect()
}

/// The live `initdb` processes that work on directories whose paths begin so.
pub(super) fn initialisations(beginning: &Path) -> Vec<i32> {
    let wanted = after_d(beginning);
    all()
        .into_iter()
        .filter(|(pid, command)| runs(command, b"initdb") && find(command, &wanted).is_some() && alive(*pid))
        .map(|(pid, _)| pid)
        .collect()
}

/// `…/postgres … -D DATA …`, arguments separated by single spaces.
fn serves(command: &[u8], data: &Path) -> bool {
    runs(command, b"postgres")
        && find(command, &after_d(data)).is_some_and(|end| matches!(command.get(end), None | Some(b' ')))
}

/// Whether the program's file name contains this (a wrapped one may have something before or behind).
fn runs(command: &[u8], program: &[u8]) -> bool {
    let path = command.split(|byte| *byte == b' ').next().unwrap_or(b"");
    Path::new(OsStr::from_bytes(path)).file_name().is_some_and(|name| find(name.as_bytes(), program).is_some())
}

fn after_d(path: &Path) -> Vec<u8> {
    [b" -D ", path.as_os_str().as_bytes()].concat()
}

/// The position after the first occurrence of `needle`.
fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack.windows(needle.len()).position(|window| window == needle).map(|start| start + needle.len())
}

#[cfg(target_os = "linux")]
fn command_line(pid: i32) -> Option<Vec<u8>> {
    let mut command = std::fs::read(format!("/proc/{pid}/cmdline")).ok()?;
    while command.last() == Some(&0) {
        command.pop();
    }
    for byte in &mut command {
        if *byte == 0 {
            *byte = b' ';
        }
    }
    Some(command)
}

#[cfg(target_os = "linux")]
fn all() -> Vec<(i32, Vec<u8>)> {
    let Ok(entries) = std::fs::read_dir("/proc") else {
        return Vec::new();
    };
    entries
        .filter_map(|entry| {
            let pid = entry.ok()?.file_name().to_str()?.parse().ok()?;
            Some((pid, command_line(pid)?))
        })
        .collect()
}

#[cfg(not(target_os = "linux"))]
fn command_line(pid: i32) -> Option<Vec<u8>> {
    let output =
        std::process::Command::new("ps").args(["-ww", "-o", "command=", "-p", &pid.to_string()]).output().ok()?;
    output.status.success().then(|| output.stdout.trim_ascii().to_vec())
}

#[cfg(not(target_os = "linux"))]
fn all() -> Vec<(i32, Vec<u8>)> {
    let Ok(output) = std::process::Command::new("ps").args(["-axww", "-o", "pid=,command="]).output() else {
        return Vec::new();
    };
    output
        .stdout
        .split(|byte| *byte == b'\n')
        .filter_map(|line| {
            let line = line.trim_ascii();
            let space = line.iter().position(|byte| *byte == b' ')?;
            let pid = std::str::from_utf8(&line[..space]).ok()?.parse().ok()?;
            Some((pid, line[space..].trim_ascii().to_vec()))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_postmaster_is_known_by_program_and_directory() {
        let data = Path::new("/srv/city data/postgres/data");
        let is = |command: &str| serves(command.as_bytes(), data);
        assert!(is("/usr/lib/postgresql/15/bin/postgres -D /srv/city data/postgres/data"));
        assert!(is("/nix/store/x/.postgres-wrapped -D /srv/city data/postgres/data -c a=b"));
        assert!(!is("/usr/lib/postgresql/15/bin/postgres -D /srv/city data/postgres/data2"));
        assert!(!is("/usr/lib/postgresql/15/bin/postgres -D /srv/other"));
        assert!(!is("sleep -D /srv/city data/postgres/data"));
        assert!(!is(""));
    }

    #[test]
    fn this_process_lives_and_is_no_postmaster() {
        let me = i32::try_from(std::process::id()).expect("a process id fits");
        assert!(alive(me));
        assert!(!is_postmaster(me, Path::new("/")));
        assert!(!alive(0), "0 would mean our own process group");
        assert!(!alive(-1), "-1 would mean everybody");
    }
}
