//! The database goes away and comes back.

use std::time::Duration;

use cityevents::{app::App, database::Database};
use platform::{Clock, lifecycle::Lifecycle};
use testkit::eventually;
use tokio::time::Instant;

use crate::support::{Api, TempDir, config};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn reads_fail_honestly_without_the_database_and_come_back_with_it() {
    let data_dir = TempDir::new();
    let config = config(&data_dir);
    let database = Database::open(&config).await.unwrap();
    database.migrate().await.unwrap();
    let app = App::start(config, Clock::system(), &database.url, Lifecycle::new()).await.unwrap();
    let nobody = Api::new(&format!("http://{}", app.public), None);
    let ops = Api::new(&format!("http://{}", app.ops), None);
    let ready = async || ops.get("/readyz").await.status;
    eventually("readiness", async || (ready().await == 200).then_some(())).await;
    nobody.get("/api/v1/events").await.expect(200);

    let postmaster = postmaster_pid(&database);
    signal(postmaster, "STOP");
    // It accepts connections and answers nothing: the worst case.
    let started = Instant::now();
    let hung = nobody.get("/api/v1/events?q=anything").await;
    assert!(matches!(hung.status, 200 | 503 | 504), "{}", hung.text);
    assert!(started.elapsed() < Duration::from_secs(15), "a deadline holds");
    signal(postmaster, "CONT");

    signal(postmaster, "KILL");
    eventually("a 503 or the return of the database", async || {
        let reply = nobody.get("/api/v1/events").await;
        assert!(matches!(reply.status, 200 | 503 | 504), "{}", reply.text);
        if reply.status == 503 {
            assert_eq!(reply.code(), "unavailable");
            assert!(!reply.header("retry-after").is_empty());
        }
        Some(())
    })
    .await;
    assert_eq!(nobody.get("/livez").await.status, 200, "a database outage is no reason to restart the process");
    eventually("service to come back by itself", async || {
        (nobody.get("/api/v1/events").await.status == 200 && ready().await == 200).then_some(())
    })
    .await;
    app.stop().await;
    database.close().await.unwrap();
}

fn postmaster_pid(database: &Database) -> i32 {
    let url = url::Url::parse(&database.url).unwrap();
    let host = url.query_pairs().find(|(key, _)| key == "host").unwrap().1.into_owned();
    // The socket's lock file names the postmaster.
    let lock = std::fs::read_dir(host)
        .unwrap()
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .find(|path| path.extension().is_some_and(|it| it == "lock"))
        .unwrap();
    std::fs::read_to_string(lock).unwrap().lines().next().unwrap().parse().unwrap()
}

fn signal(pid: i32, name: &str) {
    assert!(
        std::process::Command::new("kill").args([&format!("-{name}"), &pid.to_string()]).status().unwrap().success()
    );
}
