//! `kill -9` of the server and of Postgres in the middle of a drop, again and again. What was answered stays true.

use std::{
    collections::{HashMap, HashSet},
    path::Path,
    process::Command,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use platform::db;
use serde_json::Value;
use testkit::eventually;

use crate::support::{Api, Process, TempDir, free_port_pair, run};

/// `CITYEVENTS_CRASH_ROUNDS` makes it longer.
const ROUNDS: usize = 3;
const PEOPLE: usize = 240;
const PLACES: i64 = 60;

/// The last answer that each person got, by their key.
type Answers = HashMap<usize, Value>;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_answered_survives_kill_9_of_everything() {
    let rounds = std::env::var("CITYEVENTS_CRASH_ROUNDS").ok().and_then(|it| it.parse().ok()).unwrap_or(ROUNDS);
    let dir = TempDir::new();
    let port = free_port_pair();
    let mut server = Process::start(&dir.0, port, None).await;
    let tokens_file = dir.0.join("tokens");
    run(&dir.0, &["dev", "load-users", "--count", &PEOPLE.to_string(), "--out", tokens_file.to_str().unwrap()]);
    let tokens: Vec<String> = std::fs::read_to_string(&tokens_file).unwrap().lines().map(str::to_owned).collect();
    let people: Vec<Api> = tokens.iter().map(|token| Api::new(&server.base, Some(token))).collect();

    for round in 0..rounds {
        let event = people[0].publish(Some(i32::try_from(PLACES).unwrap())).await;
        let stop = Arc::new(AtomicBool::new(false));
        let load: Vec<_> = people
            .iter()
            .cloned()
            .map(|person| tokio::spawn(keep_trying(person, event.clone(), format!("round-{round}"), stop.clone())))
            .collect();
        // In the middle of it: some have their answer, most have not.
        eventually("the load to be under way", async || {
            let done = load.iter().filter(|task| task.is_finished()).count();
            (done >= 10 + round % 5).then_some(())
        })
        .await;
        let postmaster = postmaster(&dir.0);
        if round % 2 == 0 {
            server.kill();
            kill_9(postmaster);
        } else {
            kill_9(postmaster);
            server.kill();
        }
        server = Process::start(&dir.0, port, None).await;
        let mut answers = Answers::new();
        for (number, task) in load.into_iter().enumerate() {
            if let Some(answer) = task.await.unwrap() {
                answers.insert(number, answer);
            }
        }
        stop.store(true, Ordering::SeqCst);
        check(&dir.0, &event, &answers).await;
    }
    settled(&dir.0).await;
    effects_happened_once(&dir.0).await;
    assert!(run(&dir.0, &["audit"]).contains("Every invariant holds"));

    let pid = i32::try_from(server.child.id()).unwrap();
    assert!(Command::new("kill").arg(pid.to_string()).status().unwrap().success());
    assert!(server.child.wait().unwrap().success(), "an ordinary stop is clean");
}

/// Sends the same request under the same key until it is answered, as a client does.
async fn keep_trying(person: Api, event: String, key: String, stop: Arc<AtomicBool>) -> Option<Value> {
    while !stop.load(Ordering::SeqCst) {
        match Api::try_send(person.keyed(&format!("/api/v1/events/{event}/join"), &key)).await {
            Ok(reply) if reply.status == 200 => return Some(reply.json),
            Ok(reply) => assert!(matches!(reply.status, 503 | 504), "{}", reply.text),
            Err(_) => {}
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    None
}

/// Everybody got one answer, and the database says the same.
async fn check(data_dir: &Path, event: &str, answers: &Answers) {
    assert_eq!(answers.len(), PEOPLE, "everybody was answered");
    let pool = db::pool(run(data_dir, &["doctor", "--print-database-url"]).trim(), "joins", 2).unwrap();
    let rows: Vec<(String, String)> = sqlx::query_as("SELECT id::text, status FROM joins WHERE event_id = $1::uuid")
        .bind(event)
        .fetch_all(&pool)
        .await
        .unwrap();
    assert_eq!(rows.len(), PEOPLE, "nothing is lost, nothing is doubled");
    let truth: HashMap<String, String> = rows.into_iter().collect();
    for answer in answers.values() {
        assert_eq!(answer["status"], *truth[answer["join_id"].as_str().unwrap()]);
    }
    let confirmed = truth.values().filter(|status| *status == "confirmed").count();
    assert_eq!(i64::try_from(confirmed).unwrap(), PLACES);
    pool.close().await;
}

/// All messages have been handled.
async fn settled(data_dir: &Path) {
    let url = run(data_dir, &["doctor", "--print-database-url"]);
    let pool = db::pool(url.trim(), "bus", 2).unwrap();
    eventually("the queues to be empty", async || {
        // Those that gave way to people who waited need not do so any more.
        sqlx::query("UPDATE notify.mails SET next_attempt_at = now() WHERE status = 'queued' AND next_attempt_at > now()")
            .execute(&pool)
            .await
            .unwrap();
        let waiting: i64 = sqlx::query_scalar(
            "SELECT (SELECT count(*) FROM bus.deliveries) + (SELECT count(*) FROM joins.outbox) + (SELECT count(*) FROM events.outbox)
                  + (SELECT count(*) FROM notify.mails WHERE status = 'queued')",
        )
        .fetch_one(&pool)
        .await
        .unwrap();
        (waiting == 0).then_some(())
    })
    .await;
    pool.close().await;
}

/// One mail for each place and each place in the line, no more and no fewer.
async fn effects_happened_once(data_dir: &Path) {
    let url = run(data_dir, &["doctor", "--print-database-url"]);
    let pool = db::pool(url.trim(), "notify", 2).unwrap();
    let joins: i64 = sqlx::query_scalar("SELECT count(*) FROM joins.joins").fetch_one(&pool).await.unwrap();
    let mails: Vec<String> =
        sqlx::query_scalar("SELECT id::text FROM mails WHERE event_id IS NOT NULL AND status = 'sent'")
            .fetch_all(&pool)
            .await
            .unwrap();
    assert_eq!(i64::try_from(mails.len()).unwrap(), joins);
    let files: HashSet<String> = std::fs::read_dir(data_dir.join("mail"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .filter(|name| Path::new(name).extension().is_some_and(|it| it == "eml"))
        .collect();
    for id in &mails {
        assert_eq!(files.iter().filter(|name| name.contains(id.as_str())).count(), 1, "mail {id} is there once");
    }
    let feed: i64 = sqlx::query_scalar("SELECT sum(confirmed) FROM feed.places").fetch_one(&pool).await.unwrap();
    let confirmed: i64 = sqlx::query_scalar("SELECT count(*) FROM joins.joins WHERE status = 'confirmed'")
        .fetch_one(&pool)
        .await
        .unwrap();
    assert_eq!(feed, confirmed, "the read side counts the same");
    pool.close().await;
}

fn postmaster(data_dir: &Path) -> i32 {
    let pid_file = ["postgres/postmaster.pid", "postgres/data/postmaster.pid"]
        .iter()
        .map(|name| data_dir.join(name))
        .find(|path| path.exists())
        .expect("a running cluster");
    std::fs::read_to_string(pid_file).unwrap().lines().next().unwrap().trim().parse().unwrap()
}

fn kill_9(pid: i32) {
    // It may be gone already, with the server that owned it.
    let _ = Command::new("kill").args(["-9", &pid.to_string()]).status();
}
