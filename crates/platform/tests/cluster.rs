//! The private Postgres cluster on real Postgres programs, in private directories.

use nix::sys::signal::{Signal, kill};
use nix::unistd::{Pid, User, geteuid, getpgid};
use platform::cluster::{Cluster, ClusterConfig, ClusterError, running_url, start_or_attach};
use sqlx::{Connection as _, PgConnection};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// Tells the helper test at the end of this file, run in a process of its own, which data directory it shall serve.
const HELPER_DIR: &str = "CLUSTER_TEST_DATA_DIR";
/// And that it shall try everything there instead of just serving.
const HELPER_WHOLE_LIFE: &str = "CLUSTER_TEST_WHOLE_LIFE";

/// A data directory of one test. Ends what the test left running in it, then removes it.
struct DataDir {
    root: PathBuf,
    dir: PathBuf,
}

impl DataDir {
    fn new() -> Self {
        Self::named("data")
    }

    fn named(name: &str) -> Self {
        let root = (0..1000)
            .map(|n| std::env::temp_dir().join(format!("ce-{}-{n}", std::process::id())))
            .find(|root| std::fs::create_dir(root).is_ok())
            .unwrap();
        let dir = root.join(name);
        std::fs::create_dir_all(&dir).unwrap();
        for dir in [&root, &dir] {
            std::fs::set_permissions(dir, std::fs::Permissions::from_mode(0o755)).unwrap();
        }
        Self { dir: dir.canonicalize().unwrap(), root }
    }

    fn config(&self) -> ClusterConfig {
        ClusterConfig { data_dir: self.dir.clone(), bin_dir: None }
    }

    async fn start(&self) -> Cluster {
        start_or_attach(self.config()).await.unwrap()
    }

    /// The cluster's home, wherever it is.
    fn home(&self) -> PathBuf {
        match std::fs::read_to_string(self.dir.join("postgres.location")) {
            Ok(location) => PathBuf::from(location.trim()),
            Err(_) => self.dir.join("postgres"),
        }
    }

    fn postmaster(&self) -> Option<Pid> {
        let text = std::fs::read_to_string(self.home().join("data/postmaster.pid")).ok()?;
        text.lines().next()?.parse().ok().map(Pid::from_raw)
    }

    /// Kills the postmaster as the OOM killer would.
    fn kill_postmaster(&self) -> Pid {
        let pid = self.postmaster().unwrap();
        kill(pid, Signal::SIGKILL).unwrap();
        pid
    }
}

impl Drop for DataDir {
    fn drop(&mut self) {
        let serves_here = |pid: &Pid| {
            std::fs::read(format!("/proc/{pid}/cmdline"))
                .is_ok_and(|line| String::from_utf8_lossy(&line).contains(&*self.home().to_string_lossy()))
        };
        if let Some(pid) = self.postmaster().filter(serves_here) {
            let _ = kill(pid, Signal::SIGQUIT);
            let deadline = std::time::Instant::now() + Duration::from_secs(10);
            while serves_here(&pid) && std::time::Instant::now() < deadline {
                std::thread::yield_now();
            }
        }
        if !self.home().starts_with(&self.root) {
            let _ = std::fs::remove_dir_all(self.home());
        }
        let _ = std::fs::remove_dir_all(&self.root);
    }
}

/// Waits until the condition holds; panics with its name after a minute.
async fn until(what: &str, mut condition: impl AsyncFnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_mins(1);
    while !condition().await {
        assert!(Instant::now() < deadline, "waited in vain until {what}");
        sleep(Duration::from_millis(20)).await;
    }
}

async fn connect(url: &str) -> PgConnection {
    PgConnection::connect(url).await.unwrap()
}

/// Commits one row.
async fn write(url: &str, text: &str) {
    let mut connection = connect(url).await;
    for statement in [
        "CREATE TABLE IF NOT EXISTS kept (id bigint GENERATED ALWAYS AS IDENTITY, text text)".to_owned(),
        format!("INSERT INTO kept (text) VALUES ('{text}')"),
    ] {
        sqlx::query(sqlx::AssertSqlSafe(statement)).execute(&mut connection).await.unwrap();
    }
}

async fn try_read(url: &str) -> Result<Vec<String>, sqlx::Error> {
    let mut connection = PgConnection::connect(url).await?;
    sqlx::query_scalar("SELECT text FROM kept ORDER BY id").fetch_all(&mut connection).await
}

async fn read(url: &str) -> Vec<String> {
    try_read(url).await.unwrap()
}

/// The test binary again, as a process of its own that runs only the helper at the end of this file.
fn helper(dir: &DataDir) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .args(["--ignored", "--exact", "helper_process", "--nocapture"])
        .env(HELPER_DIR, &dir.dir)
        .stdin(Stdio::null());
    command
}

/// Kills the helper process (and only it) when the test ends, however it ends.
struct Helper(Child);

impl Drop for Helper {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[tokio::test]
async fn rows_outlive_a_stop_and_a_restart() {
    let dir = DataDir::new();
    let cluster = dir.start().await;
    assert!(cluster.owned());
    let url = cluster.url();
    write(&url, "first").await;
    cluster.stop().await.unwrap();
    assert!(dir.postmaster().is_none(), "Postgres has removed its lock file");
    assert!(PgConnection::connect(&url).await.is_err());

    let cluster = dir.start().await;
    assert_eq!(cluster.url(), url);
    assert_eq!(read(&url).await, ["first"]);
    cluster.stop().await.unwrap();
}

#[tokio::test]
async fn the_cluster_is_durable_private_and_in_utf8() {
    let dir = DataDir::new();
    let cluster = dir.start().await;
    let mut connection = connect(&cluster.url()).await;
    for (setting, wanted) in [
        ("fsync", "on"),
        ("synchronous_commit", "on"),
        ("full_page_writes", "on"),
        ("data_checksums", "on"),
        ("listen_addresses", ""),
        ("server_encoding", "UTF8"),
        ("TimeZone", "UTC"),
        ("is_superuser", "on"),
    ] {
        let value: String =
            sqlx::query_scalar("SELECT current_setting($1)").bind(setting).fetch_one(&mut connection).await.unwrap();
        assert_eq!(value, wanted, "{setting}");
    }
    let lower: String = sqlx::query_scalar("SELECT lower('ÄÉ')").fetch_one(&mut connection).await.unwrap();
    assert_eq!(lower, "äé", "character classes are Unicode's");
    let socket_dir = PathBuf::from(cluster.url().split_once("host=").unwrap().1);
    for private in [&socket_dir, cluster.directory()] {
        let meta = std::fs::metadata(private).unwrap();
        assert_eq!(meta.mode() & 0o777, 0o700, "{}", private.display());
    }
    cluster.stop().await.unwrap();
}

#[tokio::test]
async fn libpq_takes_the_url() {
    let dir = DataDir::new();
    let cluster = dir.start().await;
    let psql =
        Command::new("psql").args([&cluster.url(), "-XAtc", "SELECT current_database()"]).env("PGPORT", "1").output();
    match psql {
        Ok(output) => assert_eq!(String::from_utf8_lossy(&output.stdout), "cityevents\n", "{output:?}"),
        Err(error) => eprintln!("skipped: psql does not run here: {error}"),
    }
    cluster.stop().await.unwrap();
}

#[tokio::test]
async fn a_second_process_attaches_and_never_stops_the_cluster() {
    let dir = DataDir::new();
    assert_eq!(running_url(&dir.config()).await, None);
    let owner = dir.start().await;
    let guest = dir.start().await;
    assert!(owner.owned());
    assert!(!guest.owned());
    assert_eq!(guest.url(), owner.url());
    assert_eq!(running_url(&dir.config()).await, Some(owner.url()));
    let postmaster = dir.postmaster();
    guest.stop().await.unwrap();
    write(&owner.url(), "still here").await;
    assert_eq!(dir.postmaster(), postmaster);
    owner.stop().await.unwrap();
    assert_eq!(running_url(&dir.config()).await, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_first_starts_at_once_one_owns_and_all_connect() {
    let dir = DataDir::new();
    let starts = (0..6).map(|_| tokio::spawn(start_or_attach(dir.config())));
    let mut clusters = Vec::new();
    for start in starts.collect::<Vec<_>>() {
        clusters.push(start.await.unwrap().unwrap());
    }
    assert_eq!(clusters.iter().filter(|cluster| cluster.owned()).count(), 1);
    for cluster in &clusters {
        connect(&cluster.url()).await;
    }
    // Guests first: they would inherit.
    clusters.sort_by_key(Cluster::owned);
    for cluster in clusters {
        cluster.stop().await.unwrap();
    }
    assert!(dir.postmaster().is_none());
}

#[tokio::test]
async fn a_killed_postmaster_comes_back_with_every_committed_row() {
    let dir = DataDir::new();
    let cluster = dir.start().await;
    let url = cluster.url();
    for round in 0..3 {
        write(&url, &round.to_string()).await;
        let idle = connect(&url).await;
        let killed = dir.kill_postmaster();
        until("Postgres is back", async || {
            dir.postmaster().is_some_and(|pid| pid != killed) && try_read(&url).await.is_ok()
        })
        .await;
        drop(idle);
    }
    assert_eq!(read(&url).await, ["0", "1", "2"]);
    cluster.stop().await.unwrap();
    assert!(dir.postmaster().is_none());
}

#[tokio::test]
async fn a_busy_backend_of_a_killed_postmaster_does_not_keep_it_down() {
    let dir = DataDir::new();
    let cluster = dir.start().await;
    let url = cluster.url();
    write(&url, "kept").await;
    let busy = {
        let url = url.clone();
        tokio::spawn(async move {
            let mut connection = connect(&url).await;
            // Counts for hours and looks at nothing meanwhile.
            sqlx::query("SELECT count(*) FROM generate_series(1, 1000000) a, generate_series(1, 1000000) b")
                .execute(&mut connection)
                .await
        })
    };
    let mut connection = connect(&url).await;
    until("the backend counts", async || {
        let active: i64 = sqlx::query_scalar(
            "SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND query LIKE '%series%' AND pid <> pg_backend_pid()",
        )
        .fetch_one(&mut connection)
        .await
        .unwrap();
        active > 0
    })
    .await;
    let killed = dir.kill_postmaster();
    until("Postgres is back", async || {
        dir.postmaster().is_some_and(|pid| pid != killed) && try_read(&url).await.is_ok()
    })
    .await;
    assert!(busy.await.unwrap().is_err(), "the query of the dead server failed");
    assert_eq!(read(&url).await, ["kept"]);
    cluster.stop().await.unwrap();
}

#[tokio::test]
async fn a_cluster_whose_owner_vanished_is_adopted_as_it_runs() {
    let dir = DataDir::new();
    let cluster = dir.start().await;
    let url = cluster.url();
    write(&url, "before").await;
    let mut open = connect(&url).await;
    let postmaster = dir.postmaster();
    drop(cluster);

    let cluster = dir.start().await;
    assert!(cluster.owned());
    assert_eq!(dir.postmaster(), postmaster);
    let row: String = sqlx::query_scalar("SELECT text FROM kept").fetch_one(&mut open).await.unwrap();
    assert_eq!(row, "before", "connections go on");

    let killed = dir.kill_postmaster();
    until("the adopted Postgres is back", async || {
        dir.postmaster().is_some_and(|pid| pid != killed) && try_read(&url).await.is_ok()
    })
    .await;
    drop(cluster);
    let cluster = dir.start().await;
    cluster.stop().await.unwrap();
    assert!(dir.postmaster().is_none(), "an adopted cluster is stopped by its new owner");
}

#[tokio::test]
async fn a_killed_process_leaves_a_cluster_that_the_next_one_adopts() {
    let dir = DataDir::new();
    let mut first = Helper(helper(&dir).spawn().unwrap());
    until("the first process serves", async || running_url(&dir.config()).await.is_some()).await;
    let url = running_url(&dir.config()).await.unwrap();
    write(&url, "first process").await;
    let postmaster = dir.postmaster().unwrap();
    assert_eq!(getpgid(Some(postmaster)), Ok(postmaster), "Ctrl-C in a terminal does not reach it");
    first.0.kill().unwrap();
    first.0.wait().unwrap();

    let cluster = dir.start().await;
    assert!(cluster.owned());
    assert_eq!(dir.postmaster(), Some(postmaster));
    assert_eq!(read(&url).await, ["first process"]);
    cluster.stop().await.unwrap();
}

#[tokio::test]
async fn kill_9_of_everything_loses_no_committed_row() {
    let dir = DataDir::new();
    for round in 0..3 {
        let mut process = Helper(helper(&dir).spawn().unwrap());
        until("it serves", async || running_url(&dir.config()).await.is_some()).await;
        let url = running_url(&dir.config()).await.unwrap();
        write(&url, &round.to_string()).await;
        process.0.kill().unwrap();
        dir.kill_postmaster();
    }
    let cluster = dir.start().await;
    assert_eq!(read(&cluster.url()).await, ["0", "1", "2"]);
    cluster.stop().await.unwrap();
}

#[tokio::test]
async fn a_guest_inherits_when_the_owner_goes_away() {
    let dir = DataDir::new();
    let owner = dir.start().await;
    let guest = dir.start().await;
    let url = owner.url();
    write(&url, "kept").await;
    owner.stop().await.unwrap();
    until("the guest has brought the cluster back", async || guest.owned() && try_read(&url).await.is_ok()).await;
    assert_eq!(read(&url).await, ["kept"]);
    guest.stop().await.unwrap();
    assert!(dir.postmaster().is_none());
}

#[tokio::test]
async fn a_stale_lock_file_with_a_recycled_process_id_is_removed() {
    let dir = DataDir::new();
    let cluster = dir.start().await;
    let url = cluster.url();
    write(&url, "kept").await;
    let pid_file = dir.home().join("data/postmaster.pid");
    let socket_dir = PathBuf::from(url.split_once("host=").unwrap().1);
    let socket_lock = socket_dir.join(".s.PGSQL.5432.lock");
    let (pid_text, lock_text) =
        (std::fs::read_to_string(&pid_file).unwrap(), std::fs::read_to_string(&socket_lock).unwrap());
    let account = std::fs::metadata(&pid_file).unwrap();
    cluster.stop().await.unwrap();

    // Some other program of the same user has got the number.
    let mut foreign = Command::new("sleep");
    foreign.arg("600");
    if geteuid().is_root() {
        foreign.uid(account.uid()).gid(account.gid());
    }
    let foreign = Helper(foreign.spawn().unwrap());
    for (file, text) in [(&pid_file, pid_text), (&socket_lock, lock_text)] {
        let (_, rest) = text.split_once('\n').unwrap();
        std::fs::write(file, format!("{}\n{rest}", foreign.0.id())).unwrap();
        std::os::unix::fs::chown(file, Some(account.uid()), Some(account.gid())).unwrap();
    }

    let cluster = dir.start().await;
    assert_eq!(read(&cluster.url()).await, ["kept"]);
    cluster.stop().await.unwrap();
    assert!(Path::new(&format!("/proc/{}", foreign.0.id())).exists(), "nobody harmed the other program");

    // A power cut may leave the file empty.
    std::fs::write(&pid_file, "").unwrap();
    let cluster = dir.start().await;
    assert_eq!(read(&cluster.url()).await, ["kept"]);
    cluster.stop().await.unwrap();
}

#[tokio::test]
async fn a_killed_initialisation_leaves_no_half_cluster() {
    let dir = DataDir::new();
    let unfinished = || {
        std::fs::read_dir(dir.dir.join("postgres"))
            .into_iter()
            .flatten()
            .flatten()
            .filter(|entry| entry.file_name().to_string_lossy().starts_with("data.init-"))
            .count()
    };
    let first = Helper(helper(&dir).spawn().unwrap());
    until("initdb is at work", async || unfinished() > 0).await;
    drop(first);

    let cluster = dir.start().await;
    write(&cluster.url(), "works").await;
    cluster.stop().await.unwrap();
    let cluster = dir.start().await;
    assert_eq!(read(&cluster.url()).await, ["works"]);
    assert_eq!(unfinished(), 0, "the rubbish is gone");
    cluster.stop().await.unwrap();
}

#[tokio::test]
async fn without_postgres_the_error_says_what_to_do() {
    let dir = DataDir::new();
    let config = ClusterConfig { bin_dir: Some(dir.dir.clone()), ..dir.config() };
    let error = start_or_attach(config).await.unwrap_err();
    let text = error.to_string();
    assert!(matches!(error, ClusterError::UnusableBinDir { .. }), "{text}");
    for part in [dir.dir.to_str().unwrap(), "database.bin_dir", "PostgreSQL 15 or newer"] {
        assert!(text.contains(part), "{part} is missing in: {text}");
    }
    assert!(!dir.dir.join("postgres").exists(), "nothing was begun");
}

#[tokio::test]
async fn a_server_that_cannot_start_is_reported_with_its_own_words() {
    let dir = DataDir::new();
    dir.start().await.stop().await.unwrap();
    let conf = dir.home().join("data/postgresql.conf");
    let text = std::fs::read_to_string(&conf).unwrap();
    std::fs::write(&conf, format!("{text}\nshared_bufers = '1GB'\n")).unwrap();
    let error = start_or_attach(dir.config()).await.unwrap_err();
    assert!(error.to_string().contains("shared_bufers"), "{error}");
    std::fs::write(&conf, text).unwrap();
    dir.start().await.stop().await.unwrap();
}

#[tokio::test]
async fn long_and_unusual_paths_work() {
    for name in ["x".repeat(150), "our city, München's \"data\"".to_owned()] {
        let dir = DataDir::named(&name);
        let cluster = dir.start().await;
        let url = cluster.url();
        let socket_dir = PathBuf::from(url.split_once("host=").unwrap().1);
        assert!(socket_dir.starts_with("/tmp"), "{url}");
        write(&url, "kept").await;
        drop(cluster);
        let cluster = dir.start().await;
        assert!(cluster.owned());
        assert_eq!(read(&url).await, ["kept"]);
        cluster.stop().await.unwrap();

        // Everybody may write to /tmp; a directory of somebody else's is not trusted.
        if geteuid().is_root() {
            std::os::unix::fs::chown(&socket_dir, Some(54321), None).unwrap();
            let error = start_or_attach(dir.config()).await.unwrap_err();
            assert!(matches!(error, ClusterError::NotOurs { .. }), "{error}");
            assert!(error.to_string().contains(socket_dir.to_str().unwrap()), "{error}");
        }
        std::fs::remove_dir(&socket_dir).unwrap();
    }
}

#[tokio::test]
async fn root_runs_postgres_as_somebody_else() {
    if !geteuid().is_root() {
        eprintln!("skipped: not root");
        return;
    }
    let dir = DataDir::new();
    let cluster = dir.start().await;
    assert_eq!(cluster.directory(), dir.dir.join("postgres"));
    let process = std::fs::metadata(format!("/proc/{}", dir.postmaster().unwrap())).unwrap();
    assert_ne!(process.uid(), 0);
    cluster.stop().await.unwrap();
}

#[tokio::test]
async fn root_keeps_the_cluster_elsewhere_when_its_user_cannot_reach_the_data_directory() {
    if !geteuid().is_root() {
        eprintln!("skipped: not root");
        return;
    }
    let dir = DataDir::new();
    std::fs::set_permissions(&dir.root, std::fs::Permissions::from_mode(0o700)).unwrap();
    let cluster = dir.start().await;
    let pointer = dir.dir.join("postgres.location");
    assert!(pointer.exists());
    assert_eq!(cluster.directory(), dir.home());
    assert!(dir.home().starts_with("/var/lib/cityevents"), "{:?}", dir.home());
    let guest = dir.start().await;
    write(&guest.url(), "kept").await;
    guest.stop().await.unwrap();
    cluster.stop().await.unwrap();
    let cluster = dir.start().await;
    assert_eq!(read(&cluster.url()).await, ["kept"]);
    cluster.stop().await.unwrap();

    let home = dir.home();
    std::fs::rename(&home, home.with_extension("away")).unwrap();
    let error = start_or_attach(dir.config()).await.unwrap_err();
    assert!(
        matches!(error, ClusterError::Gone { .. }),
        "data that vanished are not replaced by an empty database: {error}"
    );
    std::fs::rename(home.with_extension("away"), &home).unwrap();
}

#[tokio::test]
async fn an_ordinary_user_runs_postgres_as_oneself() {
    if !geteuid().is_root() {
        eprintln!("skipped: all the other tests run as an ordinary user");
        return;
    }
    let Some(user) = User::from_name("nobody").unwrap() else {
        eprintln!("skipped: no user `nobody`");
        return;
    };
    let dir = DataDir::new();
    std::os::unix::fs::chown(&dir.dir, Some(user.uid.as_raw()), Some(user.gid.as_raw())).unwrap();
    let child = helper(&dir)
        .env(HELPER_WHOLE_LIFE, "1")
        .uid(user.uid.as_raw())
        .gid(user.gid.as_raw())
        .current_dir("/")
        .output();
    match child {
        Ok(output) => assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout)),
        Err(error) => {
            eprintln!("skipped: an ordinary user cannot run the test binary: {error}");
            return;
        }
    }
    let meta = std::fs::metadata(dir.home().join("data")).unwrap();
    assert_eq!(meta.uid(), user.uid.as_raw());

    // Root on the same directory later keeps to the cluster's owner.
    let cluster = dir.start().await;
    assert_eq!(read(&cluster.url()).await, ["mine"]);
    let process = std::fs::metadata(format!("/proc/{}", dir.postmaster().unwrap())).unwrap();
    assert_eq!(process.uid(), user.uid.as_raw());
    cluster.stop().await.unwrap();
}

/// Not a test of its own: what other tests run in a process that they can kill.
#[tokio::test]
#[ignore = "run by other tests in a process of its own"]
async fn helper_process() {
    let Some(data_dir) = std::env::var_os(HELPER_DIR) else {
        return;
    };
    let config = ClusterConfig { data_dir: data_dir.into(), bin_dir: None };
    let cluster = start_or_attach(config.clone()).await.unwrap();
    if std::env::var_os(HELPER_WHOLE_LIFE).is_none() {
        // Until killed, but not for ever if the test itself is.
        sleep(Duration::from_mins(2)).await;
        return;
    }
    write(&cluster.url(), "mine").await;
    drop(cluster);
    let cluster = start_or_attach(config).await.unwrap();
    assert!(cluster.owned());
    assert_eq!(read(&cluster.url()).await, ["mine"]);
    cluster.stop().await.unwrap();
}
