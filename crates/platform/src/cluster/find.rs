//! Finds the Postgres programs: the operator's setting, else PATH, else where distributions put them.

use super::account::Account;
use super::error::{ClusterError, rejected_text};
use std::ffi::{OsStr, OsString};
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

/// The oldest major version that the product supports.
pub(super) const OLDEST_MAJOR: u32 = 15;

/// `--version` answers in milliseconds; this is for a machine that swaps.
const VERSION_DEADLINE: Duration = Duration::from_secs(10);

/// Where distributions install the programs. A `*` stands for the rest of one directory name, usually a version.
const DISTRIBUTION_DIRECTORIES: [&str; 10] = [
    "/usr/lib/postgresql/*/bin",
    "/usr/pgsql-*/bin",
    "/usr/lib/postgresql*/bin",
    "/usr/libexec/postgresql*",
    "/opt/homebrew/opt/postgresql@*/bin",
    "/opt/homebrew/bin",
    "/usr/local/opt/postgresql@*/bin",
    "/usr/local/pgsql/bin",
    "/Applications/Postgres.app/Contents/Versions/*/bin",
    "/usr/bin",
];

/// A directory with usable programs.
#[derive(Debug, Clone)]
pub(super) struct Programs {
    pub bin_dir: PathBuf,
    pub major: u32,
}

impl Programs {
    pub fn postgres(&self) -> PathBuf {
        self.bin_dir.join("postgres")
    }

    pub fn initdb(&self) -> PathBuf {
        self.bin_dir.join("initdb")
    }
}

/// Where to look.
#[derive(Debug)]
pub(super) struct Search<'a> {
    /// The operator's setting; when given, nothing else is tried.
    pub bin_dir: Option<&'a Path>,
    /// The value of PATH.
    pub path: Option<OsString>,
    /// Patterns as in [`DISTRIBUTION_DIRECTORIES`].
    pub distribution: &'a [&'a str],
    /// An existing cluster and the major version that it needs.
    pub cluster: Option<(&'a Path, u32)>,
}

impl<'a> Search<'a> {
    pub fn usual(bin_dir: Option<&'a Path>, cluster: Option<(&'a Path, u32)>) -> Self {
        Self { bin_dir, path: std::env::var_os("PATH"), distribution: &DISTRIBUTION_DIRECTORIES, cluster }
    }

    /// The first place whose programs run as `account` and have a fitting version.
    pub async fn find(&self, account: &Account) -> Result<Programs, ClusterError> {
        if let Some(bin_dir) = self.bin_dir {
            // Programs run with `/` as working directory.
            let absolute = std::path::absolute(bin_dir).unwrap_or_else(|_| bin_dir.to_owned());
            return self
                .check(&absolute, account)
                .await
                .map_err(|reason| ClusterError::UnusableBinDir { bin_dir: bin_dir.to_owned(), reason });
        }
        let mut rejected = Vec::new();
        for dir in self.candidates() {
            // A wrapper script may drop privileges, change directories or not exec: the pid would not be the postmaster's.
            let verdict = if is_script(&dir.join("postgres")) || is_script(&dir.join("initdb")) {
                Err("a wrapper script, not the program itself".to_owned())
            } else {
                self.check(&dir, account).await
            };
            match verdict {
                Ok(programs) => return Ok(programs),
                Err(reason) => rejected.push((dir, reason)),
            }
        }
        let looked = std::iter::once("PATH").chain(self.distribution.iter().copied()).collect::<Vec<_>>().join(", ");
        let rejected = rejected_text(&rejected);
        Err(match self.cluster {
            Some((data, cluster)) => ClusterError::OtherMajor { data: data.to_owned(), cluster, looked, rejected },
            None => ClusterError::NotFound { looked, rejected },
        })
    }

    /// Real directories that hold a `postgres`, in order of preference, each once.
    fn candidates(&self) -> Vec<PathBuf> {
        let on_path = self
            .path
            .iter()
            .flat_map(std::env::split_paths)
            .filter(|dir| dir.is_absolute())
            .map(|dir| dir.join("postgres"));
        let installed = self.distribution.iter().flat_map(|pattern| expand(pattern)).map(|dir| dir.join("postgres"));
        let mut found = Vec::new();
        for program in on_path.chain(installed) {
            // `/usr/local/bin/postgres` is often a link into the real directory, where `initdb` and the libraries are.
            let Ok(real) = program.canonicalize() else {
                continue;
            };
            if let Some(dir) = real.parent()
                && real.is_file()
                && !found.iter().any(|known| known == dir)
            {
                found.push(dir.to_owned());
            }
        }
        found
    }

    /// Whether the directory's two programs run as `account` and agree on a fitting version.
    async fn check(&self, bin_dir: &Path, account: &Account) -> Result<Programs, String> {
        let major = version(&bin_dir.join("postgres"), account).await?;
        let initdb = version(&bin_dir.join("initdb"), account).await?;
        if major != initdb {
            return Err(format!("postgres is version {major} but initdb is {initdb}"));
        }
        if major < OLDEST_MAJOR {
            return Err(format!("PostgreSQL {major} is too old"));
        }
        match self.cluster {
            Some((_, needed)) if needed != major => {
                Err(format!("PostgreSQL {major}, but the cluster was created by {needed}"))
            }
            _ => Ok(Programs { bin_dir: bin_dir.to_owned(), major }),
        }
    }
}

/// The major version that a program prints.
async fn version(program: &Path, account: &Account) -> Result<u32, String> {
    let name = program.display();
    let mut command = account.command(program);
    command.arg("--version").stdin(Stdio::null()).kill_on_drop(true);
    let output = tokio::time::timeout(VERSION_DEADLINE, command.output())
        .await
        .map_err(|_| format!("{name} --version does not answer"))?
        .map_err(|error| format!("user {} cannot run {name}: {error}", account.name))?;
    let text = String::from_utf8_lossy(&output.stdout);
    parse_major(&text)
        .filter(|_| output.status.success())
        .ok_or_else(|| format!("{name} --version failed ({})", output.status))
}

/// `postgres (PostgreSQL) 15.20 (Debian 15.20-0)` → 15; also `18beta1`, `17devel`.
fn parse_major(text: &str) -> Option<u32> {
    let (_, rest) = text.split_once("(PostgreSQL) ")?;
    let digits = rest.split(|c: char| !c.is_ascii_digit()).next()?;
    digits.parse().ok()
}

fn is_script(program: &Path) -> bool {
    let mut start = [0; 2];
    std::fs::File::open(program).and_then(|mut file| file.read_exact(&mut start)).is_ok_and(|()| &start == b"#!")
}

/// The directories that a pattern with at most one `*` names, highest version first.
fn expand(pattern: &str) -> Vec<PathBuf> {
    let Some((before, after)) = pattern.split_once('*') else {
        return vec![PathBuf::from(pattern)];
    };
    let (parent, prefix) = before.rsplit_once('/').unwrap_or((".", before));
    let after = after.trim_start_matches('/');
    let mut found = std::fs::read_dir(parent)
        .into_iter()
        .flatten()
        .filter_map(|entry| {
            let entry = entry.ok()?;
            let name = entry.file_name();
            let version = name.to_str()?.strip_prefix(prefix)?.to_owned();
            Some((version_key(&version), entry.path().join(OsStr::new(after))))
        })
        .collect::<Vec<_>>();
    found.sort_by(|a, b| b.cmp(a));
    found.into_iter().map(|(_, dir)| dir).collect()
}

/// Sorts `9.6 < 15 < 17`; what is no number counts as 0.
fn version_key(text: &str) -> Vec<u32> {
    text.split('.').map(|part| part.parse().unwrap_or(0)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    /// A private directory under the system's temporary one, removed at the end.
    struct Scratch(PathBuf);

    impl Scratch {
        fn new() -> Self {
            let dir = (0..1000)
                .map(|n| std::env::temp_dir().join(format!("ce-find-{}-{n}", std::process::id())))
                .find(|dir| std::fs::create_dir(dir).is_ok())
                .unwrap();
            std::fs::set_permissions(&dir, std::fs::Permissions::from_mode(0o755)).unwrap();
            Self(dir.canonicalize().unwrap())
        }

        fn script(&self, file: &str, text: &str) {
            let path = self.0.join(file);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(&path, text).unwrap();
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
        }
    }

    impl Drop for Scratch {
        fn drop(&mut self) {
            let _ = std::fs::remove_dir_all(&self.0);
        }
    }

    fn prints(program: &str, version: &str) -> String {
        format!("#!/bin/sh\necho '{program} (PostgreSQL) {version}'\n")
    }

    #[test]
    fn versions_are_read_from_what_postgres_prints() {
        let cases = [
            ("postgres (PostgreSQL) 15.20 (Debian 15.20-0+deb12u1)\n", Some(15)),
            ("postgres (PostgreSQL) 18beta1\n", Some(18)),
            ("initdb (PostgreSQL) 17devel\n", Some(17)),
            ("postgres (PostgreSQL) 9.6.24\n", Some(9)),
            ("postgres (Something) 15\n", None),
            ("", None),
        ];
        for (text, major) in cases {
            assert_eq!(parse_major(text), major, "{text}");
        }
    }

    #[test]
    fn the_newest_installed_version_comes_first() {
        let scratch = Scratch::new();
        for version in ["9.6", "15", "17", "16"] {
            std::fs::create_dir_all(scratch.0.join(version).join("bin")).unwrap();
        }
        let found = expand(&format!("{}/*/bin", scratch.0.display()));
        let names = found.iter().map(|dir| dir.strip_prefix(&scratch.0).unwrap().to_str().unwrap()).collect::<Vec<_>>();
        assert_eq!(names, ["17/bin", "16/bin", "15/bin", "9.6/bin"]);
    }

    #[tokio::test]
    async fn nothing_found_says_where_it_looked_and_what_to_install() {
        let scratch = Scratch::new();
        scratch.script("wrapper/postgres", &prints("postgres", "16.1"));
        scratch.script("wrapper/initdb", &prints("initdb", "16.1"));
        let pattern = format!("{}/*/bin", scratch.0.display());
        let search = Search {
            bin_dir: None,
            path: Some(scratch.0.join("wrapper").into_os_string()),
            distribution: &[&pattern],
            cluster: None,
        };
        let error = search.find(&Account::choose(None).unwrap()).await.unwrap_err();
        let text = error.to_string();
        assert!(matches!(error, ClusterError::NotFound { .. }), "{text}");
        for part in
            ["PATH", &pattern, "wrapper script", "apt-get install postgresql", "database.url", "database.bin_dir"]
        {
            assert!(text.contains(part), "{part} is missing in: {text}");
        }
    }

    #[tokio::test]
    async fn a_named_directory_must_hold_both_programs_in_a_fitting_version() {
        let scratch = Scratch::new();
        scratch.script("old/postgres", &prints("postgres", "13.9"));
        scratch.script("old/initdb", &prints("initdb", "13.9"));
        scratch.script("half/postgres", &prints("postgres", "16.1"));
        scratch.script("good/postgres", &prints("postgres", "16.1"));
        scratch.script("good/initdb", &prints("initdb", "16.1"));
        let account = Account::choose(None).unwrap();
        let find = async |name: &str, cluster| {
            let dir = scratch.0.join(name);
            let found = Search::usual(Some(&dir), cluster).find(&account).await;
            found.map(|programs| programs.major).map_err(|error| error.to_string())
        };
        assert!(find("old", None).await.unwrap_err().contains("13 is too old"));
        assert!(find("half", None).await.unwrap_err().contains("initdb"));
        assert!(find("absent", None).await.unwrap_err().contains("database.bin_dir"));
        assert_eq!(find("good", None).await, Ok(16));
        let other = find("good", Some((Path::new("/x"), 15))).await.unwrap_err();
        assert!(other.contains("created by 15"), "{other}");
    }
}
